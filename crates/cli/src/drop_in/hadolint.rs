//! `hadolint`, which is `plimsoll lint`.
//!
//! Source: <https://github.com/hadolint/hadolint#cli>.

use clap::{ArgMatches, CommandFactory, FromArgMatches};

use super::words::Words;
use super::{Other, Tool};
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
    others: &[
        Other::silent("no-color", false),
        Other::silent("verbose", false).short('V'),
        Other::refused(
            "file-path-in-report",
            true,
            "name the file by the path that is to be shown",
        ),
    ],
    settings: None,
    run: |matches: &ArgMatches| Hadolint::from_arg_matches(matches)?.run(),
};

#[derive(Debug, clap::Parser)]
#[command(about = "hadolint's command line, answered by Plimsoll")]
struct Hadolint {
    /// Dockerfiles, or `-` for standard input
    #[arg(value_name = "DOCKERFILE", required = true)]
    files: Vec<String>,

    /// tty, json, checkstyle, codeclimate, gitlab_codeclimate, gnu, codacy, sonarqube, sarif
    #[arg(short, long, value_name = "FORMAT")]
    format: Option<String>,

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
        let format = match self.format.as_deref() {
            Some("gitlab_codeclimate" | "gitlab_lint") => Some("gitlab"),
            other => other,
        };
        let threshold = self.failure_threshold.as_deref();
        let is_never = matches!(threshold, Some("none" | "ignore"));
        let outcome = Words::of(&["lint"])
            .option("--format", format)
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
