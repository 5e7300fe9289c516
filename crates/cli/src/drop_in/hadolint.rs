//! `hadolint`, which is `plimsoll lint`.
//!
//! Source: <https://github.com/hadolint/hadolint#cli>.

use std::path::Path;

use clap::{ArgMatches, CommandFactory, FromArgMatches};
use plimsoll_build::rules::all;

use super::words::Words;
use super::{Other, Tool};
use crate::commands::lint::ground;
use crate::exit::{Codes, Outcome};

pub(super) const TOOL: Tool = Tool {
    name: "hadolint",
    release: "2.15.1",
    own: "`plimsoll lint --help`",
    variables: None,
    has_go_switches: false,
    has_single_dashes: false,
    codes: Codes { usage: 1, failed: 1, partial: 1 },
    command: Hadolint::command,
    others: &[Other::silent("no-color", false), Other::silent("verbose", false).short('V')],
    ours: &[],
    absent: &[],
    settings: None,
    run: |matches: &ArgMatches| Hadolint::from_arg_matches(matches)?.run(),
};

#[derive(Debug, clap::Parser)]
#[command(about = "hadolint's command line, answered by Plimsoll")]
struct Hadolint {
    /// Dockerfiles, or `-` for standard input. hadolint's own rules and `ShellCheck`'s are asked
    #[arg(value_name = "DOCKERFILE", required = true)]
    files: Vec<String>,

    /// tty (a line a finding), json, checkstyle, codeclimate, `gitlab_codeclimate`, gnu, codacy, sonarqube,
    /// sarif, junit
    #[arg(short, long, value_name = "FORMAT")]
    format: Option<String>,

    /// Where it goes
    #[arg(short, long, value_name = "FILE")]
    output: Option<String>,

    /// What the one file is called in reports
    #[arg(long, value_name = "PATH")]
    file_path_in_report: Option<String>,

    /// .hadolint.yaml
    #[arg(short, long, value_name = "FILE")]
    config: Option<String>,

    /// Turn a rule off
    #[arg(long, value_name = "RULE", value_delimiter = ',')]
    ignore: Vec<String>,

    /// Make a rule an error
    #[arg(long = "error", value_name = "RULE")]
    errors: Vec<String>,

    /// Make a rule a warning
    #[arg(long = "warning", value_name = "RULE")]
    warnings: Vec<String>,

    /// Make a rule an info
    #[arg(long = "info", value_name = "RULE")]
    infos: Vec<String>,

    /// Make a rule a matter of style
    #[arg(long = "style", value_name = "RULE")]
    styles: Vec<String>,

    /// The level from which on it fails: error, warning, info, style, ignore, none
    #[arg(short = 't', long, value_name = "LEVEL")]
    failure_threshold: Option<String>,

    /// Allow base images of this registry only
    #[arg(long, value_name = "REGISTRY")]
    trusted_registry: Vec<String>,

    /// Require a label: NAME:KIND
    #[arg(long, value_name = "LABEL")]
    require_label: Vec<String>,

    /// Allow no other labels
    #[arg(long)]
    strict_labels: bool,

    /// Ignore comments count for nothing
    #[arg(long)]
    disable_ignore_pragma: bool,

    /// End with 0 whatever is found
    #[arg(long)]
    no_fail: bool,
}

impl Hadolint {
    fn run(self) -> anyhow::Result<Outcome> {
        let asked = match &self.format {
            Some(name) => Some(name.clone()),
            None => ground(self.config.as_deref().map(Path::new), None).0?.format,
        };
        let format = match asked.as_deref() {
            // hadolint's is a line a finding.
            Some("tty") | None => "text",
            Some("gnu") => "hadolint-gnu",
            Some("gitlab_codeclimate" | "gitlab_lint") => "gitlab",
            Some(other) => other,
        };
        let format = match &self.output {
            Some(file) => format!("{format}={file}"),
            None => format.to_owned(),
        };
        // Rules that hadolint has not must not fail what passes there.
        let others: Vec<String> =
            all().map(|rule| rule.id).filter(|id| !is_hadolints(id)).map(str::to_owned).collect();
        let threshold = self.failure_threshold.as_deref();
        let is_never = matches!(threshold, Some("none" | "ignore"));
        let outcome = Words::of(&["lint"])
            .option("--format", Some(&format))
            .option("--path-in-report", self.file_path_in_report.as_deref())
            .options("--ignore", &others)
            .option("--config", self.config.as_deref())
            .options("--ignore", &self.ignore)
            .options("--error", &self.errors)
            .options("--warning", &self.warnings)
            .options("--info", &self.infos)
            .options("--style", &self.styles)
            .option("--failure-threshold", threshold.filter(|_| !is_never))
            .options("--trusted-registry", &self.trusted_registry)
            .options("--require-label", &self.require_label)
            .switch("--strict-labels", self.strict_labels)
            .switch("--disable-ignore-pragma", self.disable_ignore_pragma)
            .switch("--no-fail", self.no_fail || is_never)
            .last(&self.files)
            .run()?;
        // hadolint has one code for all that is wrong.
        Ok(match outcome {
            Outcome::Clean => Outcome::Clean,
            _ => Outcome::Gate(1),
        })
    }
}

/// Whether it is one of hadolint's rules or `ShellCheck`'s, by its number.
fn is_hadolints(id: &str) -> bool {
    id.starts_with("DL") || id.starts_with("SC")
}
