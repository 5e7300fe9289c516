//! The settings file: what is asked, and what happens where it is not met.
//!
//! Every rule says its mode, and the file says once whether what cannot be decided is let in:
//! neither is ever guessed. `docs/kube-admit.md` describes every field.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt;
use std::sync::OnceLock;
use std::time::Duration;

use plimsoll_kube::pss::{Modes, Policy, PolicyError, Profile, Version};
use plimsoll_kube::{Config, Family, rules};
use plimsoll_model::text::Level;
use plimsoll_supply::image_policy::Glob;
use serde::{Deserialize, Deserializer};

use crate::exception::Exception;

const API_VERSION: &str = "plimsoll.dev/v1";
const KIND: &str = "AdmissionSettings";

/// The largest settings file, in bytes.
const MAX_BYTES: usize = 1 << 20;

/// The most exceptions and rules.
const MAX_ITEMS: usize = 10_000;

/// What is asked of the objects of a cluster.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Settings {
    api_version: String,
    kind: String,
    /// What becomes of what cannot be decided.
    pub failure: Failure,
    /// How long an answer may take; the API server may ask for less.
    #[serde(default = "ten_seconds")]
    pub timeout: Length,
    /// Namespaces whose objects are let in unseen.
    #[serde(default = "system_namespaces")]
    pub exempt_namespaces: Vec<String>,
    /// The Pod Security Standards, as the API server's own plugin has them.
    #[serde(default)]
    pub pod_security: Option<PodSecurity>,
    /// Rules of our own; the last that is for a rule counts.
    #[serde(default)]
    pub rules: Vec<RuleMode>,
    /// What images must be.
    #[serde(default)]
    pub images: Option<Images>,
    /// What becomes of templates of pods that violate rules of our own or about images.
    #[serde(default)]
    pub templates: Templates,
    /// Who is spared what, until when.
    #[serde(default)]
    pub exceptions: Vec<Exception>,
    /// What the rules of our own come to, once somebody asked.
    #[serde(skip)]
    asked: OnceLock<Asked>,
}

/// What the rules of our own come to.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    /// As `kube lint` is asked.
    pub(crate) config: Config,
    /// What becomes of what violates a rule, by its id.
    pub(crate) modes: HashMap<&'static str, Mode>,
}

/// What becomes of what cannot be decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Failure {
    /// It is let in.
    Open,
    /// It is refused.
    Closed,
}

/// What becomes of what violates a rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Mode {
    /// It is counted, and nobody is told.
    DryRun,
    /// The audit log is told.
    Audit,
    /// Whoever asked is told.
    Warn,
    /// It is refused.
    Enforce,
}

impl Mode {
    /// As the settings have it.
    pub fn name(self) -> &'static str {
        match self {
            Self::DryRun => "dry-run",
            Self::Audit => "audit",
            Self::Warn => "warn",
            Self::Enforce => "enforce",
        }
    }
}

/// What becomes of templates.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Templates {
    /// Whoever asked is told, and the pods are refused: as Pod Security does.
    #[default]
    Warn,
    /// They are refused as pods are.
    Enforce,
}

/// The Pod Security Standards: `PodSecurityConfiguration` with a mode.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PodSecurity {
    /// The most that becomes of a violation.
    pub mode: Mode,
    /// What namespaces ask that say nothing.
    #[serde(default)]
    pub defaults: Defaults,
    /// Who is not asked.
    #[serde(default)]
    pub exemptions: Exemptions,
}

/// What namespaces ask that say nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Defaults(pub Modes);

impl Default for Defaults {
    fn default() -> Self {
        Self(Modes::OPEN)
    }
}

impl<'de> Deserialize<'de> for Defaults {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Default, Deserialize)]
        #[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
        struct Written {
            enforce: Option<String>,
            enforce_version: Option<String>,
            audit: Option<String>,
            audit_version: Option<String>,
            warn: Option<String>,
            warn_version: Option<String>,
        }
        let policy =
            |level: Option<String>, version: Option<String>| -> Result<Policy, PolicyError> {
                let profile = level.map_or(Ok(Profile::Privileged), |text| text.parse())?;
                let version = version.map_or(Ok(Version::Latest), |text| text.parse())?;
                Ok(Policy { profile, version })
            };
        let written = Written::deserialize(deserializer)?;
        let modes = || -> Result<Modes, PolicyError> {
            Ok(Modes {
                enforce: policy(written.enforce, written.enforce_version)?,
                audit: policy(written.audit, written.audit_version)?,
                warn: policy(written.warn, written.warn_version)?,
            })
        };
        modes().map(Self).map_err(serde::de::Error::custom)
    }
}

/// Who is not asked, by exact names.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Exemptions {
    /// Users that make the objects.
    pub usernames: Vec<String>,
    /// Namespaces.
    pub namespaces: Vec<String>,
    /// Runtime classes of pods.
    pub runtime_classes: Vec<String>,
}

/// The mode of a rule of our own, or of all of a severity.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RuleMode {
    /// A rule, by its id or an alias.
    pub rule: Option<String>,
    /// All rules that are this grave by themselves.
    pub severity: Option<Severity>,
    /// What becomes of what violates it.
    pub mode: RuleModeName,
}

/// How grave a rule is by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
#[expect(missing_docs, reason = "each says what it is")]
pub enum Severity {
    Error,
    Warning,
    Info,
}

/// A mode, or that a rule is not asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[expect(missing_docs, reason = "those of `Mode`, and `off`")]
pub enum RuleModeName {
    Off,
    DryRun,
    Audit,
    Warn,
    Enforce,
}

/// What images must be.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Images {
    /// Where they may come from.
    #[serde(default)]
    pub registries: Option<Registries>,
    /// Whether they are named by digest.
    #[serde(default)]
    pub digest: Option<ByDigest>,
    /// Who must have signed them, and what must be claimed of them.
    #[serde(default)]
    pub signature: Option<Signature>,
    /// What a scan that somebody vouches for must say.
    #[serde(default)]
    pub scan: Option<Scan>,
    /// How old what they are built on may be.
    #[serde(default)]
    pub base: Option<Base>,
    /// How long verdicts are kept.
    #[serde(default)]
    pub cache: Cache,
}

/// Where images may come from.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Registries {
    /// Patterns of names: `*` within a part, `**` over parts.
    pub allowed: Vec<Pattern>,
    /// What becomes of others.
    pub mode: Mode,
}

/// A pattern of image names.
#[derive(Debug, Clone)]
pub struct Pattern {
    /// As it is asked.
    pub glob: Glob,
}

impl<'de> Deserialize<'de> for Pattern {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let glob = Glob::parse(&text)
            .map_err(|why| serde::de::Error::custom(format!("pattern `{text}`: {why}")))?;
        Ok(Self { glob })
    }
}

/// Whether images are named by digest.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ByDigest {
    /// What becomes of those that are not.
    pub mode: Mode,
    /// Whether pods get the digest that the name stands for when they are made.
    #[serde(default)]
    pub pin: bool,
}

/// Who must have signed images.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Signature {
    /// The file of policies, `ClusterImagePolicy` or `ImagePolicy`, seen from the settings.
    pub policy: String,
    /// What becomes of those that do not hold.
    pub mode: Mode,
}

/// What a scan that somebody vouches for must say.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Scan {
    /// The file of policies whose authorities vouch for scans.
    pub policy: String,
    /// How long ago it may have been made.
    pub max_age: Length,
    /// The gravest finding that is too grave.
    #[serde(default)]
    pub fail_on: Option<plimsoll_model::Severity>,
    /// Whether only what an update repairs counts.
    #[serde(default)]
    pub only_fixed: bool,
    /// Whether a finding that is known to be exploited is too much.
    #[serde(default)]
    pub fail_on_exploited: bool,
    /// What becomes of those that do not hold.
    pub mode: Mode,
}

/// How old what an image is built on may be.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Base {
    /// How long ago the base may have been made.
    pub max_age: Length,
    /// What becomes of others, and of those of which it is not known.
    pub mode: Mode,
}

/// How long verdicts on images are kept, and how many.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Cache {
    /// The most verdicts.
    pub entries: usize,
    /// How long an image that holds holds.
    pub passes: Length,
    /// How long one that does not does not.
    pub refusals: Length,
    /// How long a tag stands for a digest.
    pub tags: Length,
    /// How long a pass that is over still counts while the registry does not answer.
    pub stale: Length,
}

impl Images {
    /// The strictest mode of any rule.
    pub(crate) fn strictest(&self) -> Mode {
        let modes = [
            self.registries.as_ref().map(|it| it.mode),
            self.digest.map(|it| it.mode),
            self.signature.as_ref().map(|it| it.mode),
            self.scan.as_ref().map(|it| it.mode),
            self.base.map(|it| it.mode),
        ];
        modes.into_iter().flatten().max().unwrap_or(Mode::DryRun)
    }
}

impl Default for Cache {
    fn default() -> Self {
        let seconds = |seconds| Length(Duration::from_secs(seconds));
        Self {
            entries: 10_000,
            passes: seconds(3600),
            refusals: seconds(30),
            tags: seconds(30),
            stale: seconds(0),
        }
    }
}

/// A length of time: `500ms`, `90s`, `15m`, `24h`, `7d`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Length(pub Duration);

impl Length {
    fn parse(text: &str) -> Option<Self> {
        let digits = text.find(|one: char| !one.is_ascii_digit())?;
        let (number, unit) = text.split_at_checked(digits)?;
        let milliseconds: u64 = match unit {
            "ms" => 1,
            "s" => 1000,
            "m" => 60_000,
            "h" => 3_600_000,
            "d" => 86_400_000,
            _ => return None,
        };
        let number: u64 = number.parse().ok()?;
        number.checked_mul(milliseconds).map(|all| Self(Duration::from_millis(all)))
    }
}

impl fmt::Display for Length {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.0.as_secs();
        let units = [(86_400, "d"), (3600, "h"), (60, "m")];
        let whole =
            units.iter().find(|(unit, _)| seconds >= *unit && seconds.is_multiple_of(*unit));
        match whole {
            _ if self.0.subsec_millis() > 0 => write!(out, "{}ms", self.0.as_millis()),
            Some((unit, letter)) => write!(out, "{}{letter}", seconds / unit),
            None => write!(out, "{seconds}s"),
        }
    }
}

impl<'de> Deserialize<'de> for Length {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| {
            let why = "is no length of time: 500ms, 90s, 15m, 24h, 7d";
            serde::de::Error::custom(format!("`{text}` {why}"))
        })
    }
}

/// A settings file that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct SettingsError(pub String);

impl Settings {
    /// Reads a settings file.
    pub fn parse(text: &str) -> Result<Self, SettingsError> {
        if text.len() > MAX_BYTES {
            return Err(SettingsError(format!("settings have {MAX_BYTES} bytes at most")));
        }
        let settings: Self = serde_saphyr::from_str(text).map_err(|error| {
            let said = error.without_snippet().to_string();
            let hint = if said.contains("missing field `failure`") {
                "\nhint: say `failure: closed` to refuse what cannot be decided, or `failure: open` \
                 to let it in"
            } else {
                ""
            };
            SettingsError(format!("{said}{hint}"))
        })?;
        settings.check()?;
        Ok(settings)
    }

    fn check(&self) -> Result<(), SettingsError> {
        let wrong = |why: String| Err(SettingsError(why));
        if self.api_version != API_VERSION || self.kind != KIND {
            let (kind, version) = (&self.kind, &self.api_version);
            return wrong(format!(
                "expected `{KIND}` of `{API_VERSION}`, not `{kind}` of `{version}`"
            ));
        }
        if self.timeout.0.is_zero() || self.timeout.0 > Duration::from_secs(30) {
            return wrong("`timeout` is 30s at most, as in webhook configurations".into());
        }
        if self.exceptions.len() > MAX_ITEMS || self.rules.len() > MAX_ITEMS {
            return wrong(format!("there are more than {MAX_ITEMS} rules or exceptions"));
        }
        for rule in &self.rules {
            match (&rule.rule, rule.severity) {
                (Some(name), None) if rules::named(name).is_some() => {}
                (Some(name), None) => {
                    let hint = "`plimsoll kube lint --list-rules` lists them";
                    return wrong(format!("there is no rule `{name}`: {hint}"));
                }
                (None, Some(_)) => {}
                _ => return wrong("an entry of `rules` has either `rule` or `severity`".into()),
            }
        }
        let mut names = BTreeSet::new();
        for exception in &self.exceptions {
            exception.check().map_err(SettingsError)?;
            if !names.insert(&exception.name) {
                return wrong(format!("there are two exceptions `{}`", exception.name));
            }
        }
        match &self.images {
            Some(images) if images.cache.entries == 0 || images.cache.entries > 1_000_000 => {
                wrong("`images.cache.entries` is 1 to 1000000".into())
            }
            _ => Ok(()),
        }
    }

    /// What becomes of what violates a rule of our own; `None` where it is not asked.
    pub fn mode_of(&self, rule: &plimsoll_kube::Rule) -> Option<Mode> {
        let by_name = self
            .rules
            .iter()
            .rfind(|one| one.rule.as_ref().is_some_and(|name| rule.is_called(name)));
        let found = by_name.or_else(|| {
            self.rules
                .iter()
                .rfind(|one| one.severity.is_some_and(|severity| severity.level() == rule.level))
        });
        match found?.mode {
            RuleModeName::Off => None,
            RuleModeName::DryRun => Some(Mode::DryRun),
            RuleModeName::Audit => Some(Mode::Audit),
            RuleModeName::Warn => Some(Mode::Warn),
            RuleModeName::Enforce => Some(Mode::Enforce),
        }
    }

    /// The rules of our own that are asked.
    pub(crate) fn asked(&self) -> &Asked {
        self.asked.get_or_init(|| {
            let mut levels = BTreeMap::new();
            let mut modes = HashMap::new();
            for rule in rules::all() {
                let mode = self.mode_of(&rule.rule);
                let level = if mode.is_some() { Level::Error } else { Level::Ignore };
                levels.insert(rule.rule.id.to_owned(), level);
                modes.extend(mode.map(|mode| (rule.rule.id, mode)));
            }
            let config = Config {
                only: Some(Family::Practice),
                levels,
                unsparing: true,
                ..Config::default()
            };
            Asked { config, modes }
        })
    }

    /// Whether anything in a pod can be refused.
    pub fn refuses_pods(&self) -> bool {
        let images = self.images.as_ref();
        let of_images = images.is_some_and(|it| it.strictest() == Mode::Enforce);
        let of_standards = self.pod_security.as_ref().is_some_and(|it| it.mode == Mode::Enforce);
        of_images || of_standards || self.refuses_objects()
    }

    /// Whether a rule of our own refuses anything.
    pub fn refuses_objects(&self) -> bool {
        self.rules.iter().any(|rule| rule.mode == RuleModeName::Enforce)
    }

    /// Whether pods get the digests that their images stand for.
    pub fn pins(&self) -> bool {
        self.images.as_ref().and_then(|images| images.digest).is_some_and(|digest| digest.pin)
    }

    /// Whether a registry has to be asked about images.
    pub fn asks_registries(&self) -> bool {
        self.images.as_ref().is_some_and(|images| {
            images.signature.is_some()
                || images.scan.is_some()
                || images.base.is_some()
                || self.pins()
        })
    }
}

impl Severity {
    fn level(self) -> Level {
        match self {
            Self::Error => Level::Error,
            Self::Warning => Level::Warning,
            Self::Info => Level::Info,
        }
    }
}

fn ten_seconds() -> Length {
    Length(Duration::from_secs(10))
}

fn system_namespaces() -> Vec<String> {
    vec!["kube-system".to_owned()]
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &str = "apiVersion: plimsoll.dev/v1\nkind: AdmissionSettings\n";

    fn parse(rest: &str) -> Result<Settings, String> {
        Settings::parse(&format!("{HEAD}{rest}")).map_err(|error| error.to_string())
    }

    #[test]
    fn nobody_guesses_what_becomes_of_what_cannot_be_decided() {
        let error = parse("rules: []\n").unwrap_err();
        assert!(error.contains("hint: say `failure: closed`"), "{error}");
        assert_eq!(parse("failure: open\n").unwrap().failure, Failure::Open);
        assert!(parse("failure: maybe\n").is_err());
    }

    #[test]
    fn the_name_of_a_rule_counts_more_than_its_severity() {
        let settings = parse(
            "failure: open\nrules:\n- {rule: PK1001, mode: dry-run}\n- {severity: error, mode: \
             enforce}\n- {severity: warning, mode: warn}\n- {severity: info, mode: off}\n",
        )
        .unwrap();
        let mode = |name: &str| settings.mode_of(rules::named(name).unwrap());
        assert_eq!(mode("PK1001"), Some(Mode::DryRun));
        let of_level = |level| rules::all().find(|one| one.rule.level == level).unwrap();
        assert_eq!(settings.mode_of(&of_level(Level::Info).rule), None);
        let warning = rules::all()
            .find(|one| one.rule.level == Level::Warning && one.rule.id != "PK1001")
            .unwrap();
        assert_eq!(settings.mode_of(&warning.rule), Some(Mode::Warn));
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (rest, why) in [
            ("failure: open\nrules: [{rule: PK9999, mode: warn}]\n", "no rule `PK9999`"),
            ("failure: open\nrules: [{mode: warn}]\n", "either `rule` or `severity`"),
            ("failure: open\ntimeout: 31s\n", "30s at most"),
            ("failure: open\ntimeout: soon\n", "no length of time"),
            ("failure: open\nimages: {digest: {pin: true}}\n", "missing field `mode`"),
            ("failure: open\nimages: {registries: {allowed: ['a b'], mode: warn}}\n", "pattern"),
            (
                "failure: open\npodSecurity: {mode: warn, defaults: {enforce: x}}\n",
                "`x` is no level",
            ),
            ("failure: open\nguess: 1\n", "guess"),
        ] {
            let error = parse(rest).unwrap_err();
            assert!(error.contains(why), "{error}");
        }
        assert!(Settings::parse("apiVersion: v1\nkind: Pod\nfailure: open\n").is_err());
    }

    #[test]
    fn lengths_of_time_are_written_as_they_are_read() {
        for text in ["500ms", "90s", "15m", "24h", "7d"] {
            let shown = Length::parse(text).map(|it| it.to_string()).unwrap_or_default();
            assert_eq!(Length::parse(&shown), Length::parse(text), "{shown}");
        }
        for wrong in ["", "s", "10", "-1s", "1é", "99999999999999999999d"] {
            assert_eq!(Length::parse(wrong), None, "{wrong}");
        }
    }
}
