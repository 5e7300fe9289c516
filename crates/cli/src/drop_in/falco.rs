//! `falco`, which is `plimsoll watch`.
//!
//! Source: <https://falco.org/docs/reference/daemon/cli-options/>.

use std::path::Path;

use clap::{ArgMatches, CommandFactory, FromArgMatches};

use super::words::Words;
use super::{NEAR, Other, Tool};
use crate::exit::{Codes, Outcome, Usage, tell};

pub(super) const TOOL: Tool = Tool {
    name: "falco",
    release: "0.43.0",
    own: "`plimsoll watch --help`, `plimsoll rules --help`",
    variables: None,
    has_go_switches: false,
    has_single_dashes: false,
    codes: Codes { usage: 1, failed: 1, partial: 1 },
    command: Falco::command,
    others: OTHERS,
    ours: &[],
    absent: &[],
    settings: None,
    run: |matches: &ArgMatches| Falco::from_arg_matches(matches)?.run(),
};

const OTHERS: &[Other] = &[
    Other::silent("verbose", false).short('v'),
    Other::silent("unbuffered", false).short('U'),
    Other::told("disable-source", true, "every source that there is is listened to"),
    Other::told("enable-source", true, "every source that there is is listened to"),
    Other::silent("page-size", false),
    Other::told("snaplen", true, "buffers are kept whole").short('S'),
    Other::told("print-base64", false, "buffers are printed as text").short('b'),
    Other::told("print", true, "`-o append_output` adds fields").short('p'),
    Other::told("cri", true, "runtimes are found where they listen by default"),
    Other::silent("disable-cri-async", false),
    Other::told("pidfile", true, "the service manager knows the process").short('P'),
    Other::told("gvisor-config", true, "containers are watched from the machine").short('g'),
    Other::told("gvisor-root", true, "containers are watched from the machine"),
    Other::told("names", false, "`plimsoll rules fields` lists names").short('N'),
    Other::refused("list-events", false, "`plimsoll rules fields evt.type`"),
    Other::refused("gvisor-generate-config", true, "containers are watched from the machine"),
    Other::refused("plugin-info", true, "`plimsoll rules fields` lists what there is"),
    Other::refused("list-plugins", false, "`plimsoll rules fields` lists what there is"),
    Other::refused("list-syscall-events", false, "`plimsoll rules fields evt.type`"),
    Other::refused("markdown", false, "`plimsoll rules fields`"),
    Other::refused("support", false, "`plimsoll rules list -o json` and the configuration's file"),
];

/// Where Falco's package puts its configuration.
const CONFIG: &str = "/etc/falco/falco.yaml";

#[derive(Debug, clap::Parser)]
#[command(about = "Falco's command line, answered by Plimsoll")]
struct Falco {
    /// Rule files and folders of them, instead of those of the configuration
    #[arg(short, long, value_name = "FILE")]
    rules: Vec<String>,

    /// falco.yaml; as far as it is obeyed here [default: /etc/falco/falco.yaml, where it exists]
    #[arg(short, long, value_name = "FILE", help_heading = NEAR)]
    config: Option<String>,

    /// A setting of falco.yaml; engine.kind=replay with `engine.replay.capture_file` reads a capture
    #[arg(short = 'o', long = "option", value_name = "KEY=VALUE", help_heading = NEAR)]
    options: Vec<String>,

    /// List the rules and end
    #[arg(short = 'L', help_heading = NEAR)]
    list_rules: bool,

    /// Show one rule and end
    #[arg(short = 'l', value_name = "RULE", help_heading = NEAR)]
    describe: Option<String>,

    /// Check these rule files and end; several times
    #[arg(short = 'V', long, value_name = "FILE", help_heading = NEAR)]
    validate: Vec<String>,

    /// List the fields that rules may use, of a source where one is named, and end
    #[arg(long, value_name = "SOURCE", num_args = 0..=1, require_equals = true, default_missing_value = "", help_heading = NEAR)]
    list: Option<String>,

    /// Watch for so many seconds
    #[arg(short = 'M', value_name = "SECONDS")]
    duration: Option<String>,

    /// A capture, as older releases have it
    #[arg(short = 'e', value_name = "CAPTURE")]
    capture: Option<String>,

    /// All calls; here those that rules name are watched
    #[arg(short = 'A', help_heading = NEAR)]
    all_calls: bool,

    /// No rules with this in their names
    #[arg(short = 'D', value_name = "TEXT")]
    disable: Vec<String>,

    /// Only rules with one of these tags
    #[arg(short = 't', value_name = "TAG")]
    tags: Vec<String>,

    /// No rules with one of these tags
    #[arg(short = 'T', value_name = "TAG")]
    no_tags: Vec<String>,

    /// Load everything, and end
    #[arg(long)]
    dry_run: bool,
}

impl Falco {
    fn run(mut self) -> anyhow::Result<Outcome> {
        if !self.validate.is_empty() {
            return Ok(refused(Words::of(&["rules", "check"]).last(&self.validate).run()?));
        }
        if let Some(source) = &self.list {
            return Words::of(&["rules", "fields"])
                .option("--source", Some(source.as_str()).filter(|it| !it.is_empty()))
                .run();
        }
        if self.config.is_none() && Path::new(CONFIG).is_file() {
            self.config = Some(CONFIG.to_owned());
        }
        let rules = self.rule_files();
        if self.list_rules {
            return Ok(refused(Words::of(&["rules", "list"]).last(&rules).run()?));
        }
        if let Some(rule) = &self.describe {
            return Ok(refused(
                Words::of(&["rules", "explain"]).last([rule].into_iter().chain(&rules)).run()?,
            ));
        }
        if self.dry_run {
            return Ok(refused(Words::of(&["rules", "check"]).last(&rules).run()?));
        }
        let mut captures: Vec<String> = self.capture.iter().cloned().collect();
        let mut options = Vec::new();
        for option in &self.options {
            match option.split_once('=') {
                Some(("engine.replay.capture_file", file)) => captures.push(file.to_owned()),
                Some(("engine.kind", "replay")) => {}
                Some(("engine.kind", kind)) => {
                    tell(&format!(
                        "note: falco: `engine.kind={}` is Plimsoll's own sensor here",
                        kind.escape_debug()
                    ));
                }
                Some((name, _)) if name.starts_with("engine.") => {
                    tell(&format!("note: falco: `{}` does nothing here", name.escape_debug()));
                }
                Some(_) => options.push(option.clone()),
                None => {
                    return Err(
                        Usage(format!("-o: `{option}` is not of the form KEY=VALUE")).into()
                    );
                }
            }
        }
        // Without a configuration Falco tells the first, and with one what that says.
        if self.config.is_none() && !options.iter().any(|it| it.starts_with("rule_matching=")) {
            options.push("rule_matching=first".to_owned());
        }
        if self.all_calls {
            tell("note: falco: `-A`: the calls that rules name are watched");
        }
        let duration = self.duration.as_deref().filter(|_| captures.is_empty());
        let outcome = Words::of(&["watch"])
            .options("--rules", &self.rules)
            .option("--config", self.config.as_deref())
            .options("--output", &options)
            .options("--replay", &captures)
            .option("--duration", duration)
            .options("--disable", &self.disable)
            .options("--tag", &self.tags)
            .options("--no-tag", &self.no_tags)
            .run()?;
        Ok(refused(outcome))
    }

    /// The files that were named, else those of the configuration; none are Plimsoll's own.
    fn rule_files(&self) -> Vec<String> {
        if !self.rules.is_empty() {
            return self.rules.clone();
        }
        let text = self.config.as_ref().and_then(|file| std::fs::read_to_string(file).ok());
        let document: Option<serde_json::Value> =
            text.and_then(|text| serde_saphyr::from_str(&text).ok());
        let files =
            document.as_ref().and_then(|it| it.get("rules_files").or_else(|| it.get("rules_file")));
        let named: Vec<String> = match files {
            Some(serde_json::Value::Array(all)) => {
                all.iter().filter_map(|it| Some(it.as_str()?.to_owned())).collect()
            }
            Some(serde_json::Value::String(one)) => vec![one.clone()],
            _ => Vec::new(),
        };
        let there: Vec<String> =
            named.into_iter().filter(|file| Path::new(file).exists()).collect();
        if there.is_empty() { vec!["default".to_owned()] } else { there }
    }
}

/// Falco has one code for all that goes wrong.
fn refused(outcome: Outcome) -> Outcome {
    if outcome == Outcome::Clean { outcome } else { Outcome::Gate(1) }
}
