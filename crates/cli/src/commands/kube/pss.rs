//! `plimsoll kube pss`: how a cluster comes to the Pod Security Standards.

use std::path::PathBuf;

use plimsoll_kube::pss::{Profile, Version, plan};
use plimsoll_report::rollout::RolloutFormat;

use super::files::{self, Reads};
use super::rendered::Rendering;
use crate::exit::{Outcome, Usage};
use crate::output;
use crate::style::stdout_style;

/// Bring namespaces to the Pod Security Standards
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Pss {
    Plan(Plan),
}

impl Pss {
    pub(crate) fn run(self) -> anyhow::Result<Outcome> {
        match self {
            Self::Plan(command) => command.run(),
        }
    }
}

/// Tell which level each namespace meets, what keeps it from the next, and what to type
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  kubectl get namespaces,deployments,statefulsets,daemonsets,jobs,cronjobs,pods -A -o json \\
    | plimsoll kube pss plan -
  plimsoll kube pss plan cluster --context prod
  plimsoll kube pss plan --level restricted deploy/     exit 1 where a namespace does not meet it
  plimsoll kube pss plan -o commands deploy/ | sh

What running pods would be warned of is told as `kubectl label --dry-run=server` tells it.")]
pub(crate) struct Plan {
    /// FORMAT or FORMAT=FILE, several times if wanted: table, json, commands
    #[arg(short = 'o', long = "format", value_name = "FORMAT[=FILE]", default_value = "table")]
    formats: Vec<String>,

    /// The version of the standards: v1.N or latest
    #[arg(long, value_name = "VERSION", default_value = "latest")]
    pss_version: String,

    /// Exit 1 where a namespace does not meet this level: baseline, restricted
    #[arg(long, value_name = "LEVEL")]
    level: Option<String>,

    /// Manifests, folders to look for them in, `-` for stdin, or `cluster` for a live one
    #[arg(value_name = "FILE", required = true)]
    files: Vec<PathBuf>,

    #[command(flatten)]
    rendering: Rendering,
}

impl Plan {
    fn run(self) -> anyhow::Result<Outcome> {
        let usage = |error: plimsoll_kube::pss::PolicyError| Usage(error.to_string());
        let version: Version = self.pss_version.parse().map_err(usage)?;
        let level: Option<Profile> =
            self.level.as_deref().map(str::parse).transpose().map_err(usage)?;
        let known: Vec<&str> = RolloutFormat::ALL.iter().map(|format| format.name).collect();
        let outputs = output::parse(&self.formats, RolloutFormat::named, &known)?;

        let Reads { manifests, outcome } = files::read_all(&self.files, &self.rendering)?;
        let wrong = files::tell_of_all_problems(&manifests);
        let shown: Vec<(String, _)> = manifests
            .iter()
            .map(|read| (read.path.display().to_string(), &read.manifest))
            .collect();
        let rollouts =
            plan(shown.iter().map(|(path, manifest)| (path.as_str(), *manifest)), version);
        for (format, file) in outputs {
            let style =
                if file.is_some() { plimsoll_report::Style::default() } else { stdout_style() };
            output::write(file, |out| (format.write)(&rollouts, &style, out))?;
        }
        let short = level.is_some_and(|level| rollouts.iter().any(|one| one.meets < level));
        Ok(outcome.or(wrong).or(if short { Outcome::Gate(1) } else { Outcome::Clean }))
    }
}
