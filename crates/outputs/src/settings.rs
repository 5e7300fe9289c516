//! The settings of `falco.yaml`: what concerns rules and outputs is read, anything else is let be.

use std::collections::BTreeSet;
use std::path::PathBuf;

use plimsoll_runtime::alert::{AddedField, Style};
use plimsoll_runtime::loader::{AddedOutput, Rule};
use serde::Deserialize;
use serde_json::Value;

use crate::Document;

/// Settings of rules and outputs, with Falco's defaults; only standard output is on.
#[derive(Debug, Clone, Deserialize)]
#[serde(default)]
#[allow(clippy::struct_excessive_bools, reason = "each is a setting of falco.yaml")]
pub struct Settings {
    /// Rule files and folders of them, in the order of loading.
    #[serde(alias = "rules_file", deserialize_with = "one_or_more")]
    pub rules_files: Vec<PathBuf>,
    /// The least grave rules that are loaded.
    pub priority: String,
    /// Alerts as JSON.
    pub json_output: bool,
    /// With `output`.
    pub json_include_output_property: bool,
    /// With `message`.
    pub json_include_message_property: bool,
    /// With `output_fields`.
    pub json_include_output_fields_property: bool,
    /// With `tags`.
    pub json_include_tags_property: bool,
    /// Times by date.
    pub time_format_iso_8601: bool,
    /// `first` or `all`, where it is said.
    pub rule_matching: Option<String>,
    /// What is added to outputs.
    pub append_output: Vec<AppendOutput>,
    /// Which rules are on, the later entry counts.
    pub rules: Vec<Selection>,
    /// Alerts a second and at once.
    pub outputs: RateSettings,
    /// How many alerts may wait for each output.
    pub outputs_queue: QueueSettings,
    /// Standard output.
    pub stdout_output: StdoutSettings,
    /// A file.
    pub file_output: FileSettings,
    /// The system's log.
    pub syslog_output: SyslogSettings,
    /// A program that is started.
    pub program_output: ProgramSettings,
    /// A service.
    pub http_output: HttpSettings,
    /// The address of health and metrics.
    pub webserver: WebserverSettings,
    /// What is done when events are lost, where it is said.
    pub syscall_event_drops: Option<DropSettings>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            rules_files: Vec::new(),
            priority: "debug".to_owned(),
            json_output: false,
            json_include_output_property: true,
            json_include_message_property: false,
            json_include_output_fields_property: true,
            json_include_tags_property: true,
            time_format_iso_8601: false,
            rule_matching: None,
            append_output: Vec::new(),
            rules: Vec::new(),
            outputs: RateSettings::default(),
            outputs_queue: QueueSettings::default(),
            stdout_output: StdoutSettings::default(),
            file_output: FileSettings::default(),
            syslog_output: SyslogSettings::default(),
            program_output: ProgramSettings::default(),
            http_output: HttpSettings::default(),
            webserver: WebserverSettings::default(),
            syscall_event_drops: None,
        }
    }
}

/// An entry of `append_output`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct AppendOutput {
    /// Which rules it is for.
    #[serde(rename = "match")]
    pub only: Match,
    /// Text behind the output.
    pub extra_output: String,
    /// Fields beside those of the output: a name, or a name and a text.
    pub extra_fields: Vec<Value>,
    /// The fields of containers and pods that belong to every alert of a system call.
    pub suggested_output: bool,
}

/// Which rules an entry of `append_output` is for.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Match {
    /// Those of this source.
    pub source: String,
    /// Those with all of these tags.
    pub tags: BTreeSet<String>,
    /// That of this name.
    pub rule: String,
}

/// An entry of `rules`.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Selection {
    /// These are on.
    Enable(Which),
    /// These are off.
    Disable(Which),
}

/// Which rules a selection is for.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Which {
    /// Their name, with `*` for any part of it.
    pub rule: Option<String>,
    /// A tag that they have.
    pub tag: Option<String>,
}

/// How many alerts pass.
#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(default)]
pub struct RateSettings {
    /// Alerts a second; 0 for any number.
    pub rate: f64,
    /// Alerts at once.
    pub max_burst: u32,
}

/// What is done when events are lost. Their number is told at the end whatever stands here.
#[derive(Debug, Clone, Deserialize)]
#[serde(default)]
pub struct DropSettings {
    /// Which part of the events of a second has to be lost.
    pub threshold: f64,
    /// `ignore`, `log`, `alert` and `exit`.
    pub actions: Vec<DropAction>,
    /// How often in a second it is done.
    pub rate: f64,
    /// How often at once.
    pub max_burst: u32,
}

impl Default for DropSettings {
    fn default() -> Self {
        Self { threshold: 0.1, actions: Vec::new(), rate: 0.033_33, max_burst: 1 }
    }
}

/// What is done when events are lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DropAction {
    /// Nothing.
    Ignore,
    /// It is said on standard error.
    Log,
    /// An alert tells it.
    Alert,
    /// The watch ends.
    Exit,
}

/// The queue of each output.
#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(default)]
pub struct QueueSettings {
    /// How many alerts may wait; 0 for 8,192.
    pub capacity: usize,
}

/// Standard output.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(default)]
pub struct StdoutSettings {
    /// Whether it is used.
    pub enabled: bool,
}

impl Default for StdoutSettings {
    fn default() -> Self {
        Self { enabled: true }
    }
}

/// A file.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct FileSettings {
    /// Whether it is used.
    pub enabled: bool,
    /// Whether it stays open; a file that is not can be moved away at any time.
    pub keep_alive: bool,
    /// Where it is.
    pub filename: PathBuf,
    /// At how many bytes it is moved to `NAME.1` and begun anew; 0 for never. Not in Falco.
    pub rotate_bytes: u64,
    /// How many such files are kept. Not in Falco.
    pub rotate_keep: u32,
}

/// The system's log.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct SyslogSettings {
    /// Whether it is used.
    pub enabled: bool,
    /// Its socket, `/dev/log` if it is not said. Not in Falco.
    pub socket: Option<PathBuf>,
}

/// A program that is started.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct ProgramSettings {
    /// Whether it is used.
    pub enabled: bool,
    /// Whether one goes on for all alerts.
    pub keep_alive: bool,
    /// What the shell is told.
    pub program: String,
}

/// A service.
#[derive(Debug, Clone, Deserialize)]
#[serde(default)]
#[allow(clippy::struct_excessive_bools, reason = "each is a setting of falco.yaml")]
pub struct HttpSettings {
    /// Whether it is used.
    pub enabled: bool,
    /// Where it is.
    pub url: String,
    /// Who we say that we are.
    pub user_agent: String,
    /// Falco takes any certificate then; we refuse to start.
    pub insecure: bool,
    /// A file of certificates that are trusted.
    pub ca_cert: String,
    /// The same.
    pub ca_bundle: String,
    /// Whether we show a certificate.
    pub mtls: bool,
    /// The file of ours.
    pub client_cert: String,
    /// The file of its key.
    pub client_key: String,
    /// How often an alert is sent again that got no answer.
    pub max_consecutive_timeouts: u32,
}

impl Default for HttpSettings {
    fn default() -> Self {
        Self {
            enabled: false,
            url: String::new(),
            user_agent: concat!("plimsoll/", env!("CARGO_PKG_VERSION")).to_owned(),
            insecure: false,
            ca_cert: String::new(),
            ca_bundle: String::new(),
            mtls: false,
            client_cert: String::new(),
            client_key: String::new(),
            max_consecutive_timeouts: 5,
        }
    }
}

/// The address of health and metrics.
#[derive(Debug, Clone, Deserialize)]
#[serde(default)]
pub struct WebserverSettings {
    /// Whether it is there.
    pub enabled: bool,
    /// The address of the machine that is listened on.
    pub listen_address: String,
    /// Its port.
    pub listen_port: u16,
    /// Under which path health is told.
    pub k8s_healthz_endpoint: String,
    /// Whether `/metrics` is there.
    pub prometheus_metrics_enabled: bool,
    /// Falco speaks TLS then; we refuse to start.
    pub ssl_enabled: bool,
}

impl Default for WebserverSettings {
    fn default() -> Self {
        Self {
            enabled: false,
            listen_address: "0.0.0.0".to_owned(),
            listen_port: 8765,
            k8s_healthz_endpoint: "/healthz".to_owned(),
            prometheus_metrics_enabled: false,
            ssl_enabled: false,
        }
    }
}

impl WebserverSettings {
    /// The address that is listened on.
    ///
    /// # Errors
    /// Where it is no address of IPv4 or IPv6, or TLS is wanted.
    pub fn address(&self) -> std::io::Result<std::net::SocketAddr> {
        if self.ssl_enabled {
            let why = "`webserver.ssl_enabled` is not supported: put a proxy before it";
            return Err(std::io::Error::other(why));
        }
        let address = self.listen_address.parse().map_err(|_| {
            let why = format!("`{}` is no address of IPv4 or IPv6", self.listen_address);
            std::io::Error::other(why)
        })?;
        Ok(std::net::SocketAddr::new(address, self.listen_port))
    }
}

/// What is wrong with settings.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// The file cannot be read as YAML.
    #[error("the settings are no YAML: {0}")]
    Yaml(String),
    /// A value is not what it has to be.
    #[error("the settings cannot be used: {0}")]
    Value(String),
    /// `-o` without a value.
    #[error("`{0}` is no setting: KEY=VALUE is wanted")]
    Pair(String),
}

/// What Falco adds to alerts of system calls where `suggested_output` is on.
const SUGGESTED: &str = "container_id=%container.id container_name=%container.name \
     container_image_repository=%container.image.repository \
     container_image_tag=%container.image.tag k8s_pod_name=%k8s.pod.name k8s_ns_name=%k8s.ns.name";

impl Settings {
    /// Reads a file of settings by itself, and then pairs of `KEY=VALUE` with dots in the keys.
    pub fn read(text: &str, pairs: &[String]) -> Result<Self, SettingsError> {
        Document::read(text, &|_| None)?.settings(pairs)
    }

    /// How alerts are written.
    pub fn style(&self) -> Style {
        Style {
            json: self.json_output,
            output: self.json_include_output_property,
            message: self.json_include_message_property,
            fields: self.json_include_output_fields_property,
            tags: self.json_include_tags_property,
            iso_time: self.time_format_iso_8601,
        }
    }

    /// What is added to outputs when rules are loaded.
    pub fn added_outputs(&self) -> Vec<AddedOutput> {
        let mut added = Vec::new();
        for entry in &self.append_output {
            let of = |format: &str, source: &str| AddedOutput {
                format: format.to_owned(),
                source: source.to_owned(),
                tags: entry.only.tags.clone(),
                rule: entry.only.rule.clone(),
            };
            if !entry.extra_output.is_empty() {
                added.push(of(&entry.extra_output, &entry.only.source));
            }
            if entry.suggested_output && matches!(entry.only.source.as_str(), "" | "syscall") {
                added.push(of(SUGGESTED, "syscall"));
            }
        }
        added
    }

    /// The fields that are added to the alerts of a rule.
    pub fn added_fields(&self, rule: &Rule) -> Vec<AddedField> {
        let for_rule = self.append_output.iter().filter(|entry| {
            let Match { source, tags, rule: name } = &entry.only;
            (source.is_empty() || source == rule.source.name())
                && tags.is_subset(&rule.tags)
                && (name.is_empty() || *name == rule.name)
        });
        let mut fields = Vec::new();
        for field in for_rule.flat_map(|entry| &entry.extra_fields) {
            match field {
                Value::String(name) => fields.push(AddedField {
                    name: name.clone(),
                    format: format!("%{name}"),
                    is_raw: true,
                }),
                Value::Object(named) => fields.extend(named.iter().map(|(name, format)| {
                    let format = format.as_str().map_or_else(|| format.to_string(), str::to_owned);
                    AddedField { name: name.clone(), format, is_raw: false }
                })),
                _ => {}
            }
        }
        fields
    }

    /// Whether a rule is on, after the selections in their order.
    pub fn is_on(&self, rule: &Rule) -> bool {
        self.rules.iter().fold(rule.enabled, |is_on, selection| {
            let (which, on) = match selection {
                Selection::Enable(which) => (which, true),
                Selection::Disable(which) => (which, false),
            };
            let named = which.rule.as_ref().is_none_or(|pattern| fits(pattern, &rule.name));
            let tagged = which.tag.as_ref().is_none_or(|tag| rule.tags.contains(tag));
            if named && tagged { on } else { is_on }
        })
    }
}

/// Whether a name fits a pattern with `*` in it.
fn fits(pattern: &str, name: &str) -> bool {
    let mut parts = pattern.split('*');
    let Some(first) = parts.next() else { return name.is_empty() };
    let Some(mut rest) = name.strip_prefix(first) else { return false };
    let mut last = None;
    for part in parts {
        if let Some(part) = last.replace(part) {
            let Some(at) = rest.find(part) else { return false };
            rest = rest.get(at.saturating_add(part.len())..).unwrap_or_default();
        }
    }
    last.map_or(rest.is_empty(), |last| rest.ends_with(last))
}

fn one_or_more<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Vec<PathBuf>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Paths {
        One(PathBuf),
        Several(Vec<PathBuf>),
    }
    Ok(match Paths::deserialize(from)? {
        Paths::One(path) => vec![path],
        Paths::Several(paths) => paths,
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]
mod tests {
    use super::*;

    #[test]
    fn a_file_of_falco_is_read_and_pairs_win() {
        let text = "rules_files:\n  - /etc/falco/falco_rules.yaml\njson_output: false\n\
                    engine: {kind: modern_ebpf}\nhttp_output: {enabled: true, url: 'http://a'}\n\
                    append_output:\n  - suggested_output: true\n  - match: {source: syscall}\n    \
                    extra_fields: [evt.num, {text: 'n=%evt.num'}]\n";
        let pairs = ["json_output=true", "http_output.url=http://b", "rules[].disable.rule=A*"];
        let settings = Settings::read(text, &pairs.map(str::to_owned)).unwrap();
        assert!(settings.json_output && settings.http_output.enabled);
        assert_eq!(settings.http_output.url, "http://b");
        assert_eq!(settings.rules_files.len(), 1);
        assert_eq!(settings.added_outputs().len(), 1);
        assert!(matches!(settings.rules.as_slice(), [Selection::Disable(_)]));
        assert!(Settings::read("", &["json_output".to_owned()]).is_err());
        assert!(Settings::read("json_output: 7", &[]).is_err());
        assert!(Settings::read("rule_matching: some", &[]).is_err());
        let drops = "syscall_event_drops: {threshold: 0.5, actions: [log, alert]}";
        let drops = Settings::read(drops, &[]).unwrap().syscall_event_drops.unwrap();
        assert_eq!(drops.actions, [DropAction::Log, DropAction::Alert]);
    }

    #[test]
    fn names_fit_patterns() {
        for (pattern, name) in [("*", "a"), ("Read*file", "Read a file"), ("a*b*c", "aXbYc")] {
            assert!(fits(pattern, name), "{pattern} {name}");
        }
        for (pattern, name) in [("a", "ab"), ("a*b", "ac"), ("*x", "xy"), ("aa*a", "aa")] {
            assert!(!fits(pattern, name), "{pattern} {name}");
        }
    }
}
