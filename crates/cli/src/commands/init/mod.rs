//! `plimsoll init`: a policy, a job for CI and ignore files for a repository.

mod ci;
mod detect;
mod ignore;
mod plan;
mod policy;

use std::path::PathBuf;

use self::ci::Ci;
use self::detect::Detected;
use self::plan::{Plan, Step};
use crate::exit::{Outcome, Usage, tell};

/// Write a policy, a job for CI and ignore files for the repository one stands in
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  plimsoll init                        what the repository has decides
  plimsoll init --dry-run              show what would be written
  plimsoll init --ci gitlab,pre-commit
  plimsoll init --ci none services/shop

A file that is there already is never changed: where it should say more, that is shown.

Exit codes: 0 done or shown, 2 wrong usage, 3 a file could not be read or written.")]
pub(crate) struct Init {
    /// The repository's folder
    #[arg(value_name = "DIR", default_value = ".")]
    folder: PathBuf,

    /// Which CI the job is for: github, gitlab, jenkins, tekton, pre-commit, none [default: those that
    /// the repository has]
    #[arg(long, value_name = "CI", value_delimiter = ',')]
    ci: Vec<String>,

    /// Show what would be written, and write nothing
    #[arg(long)]
    dry_run: bool,
}

impl Init {
    pub(crate) fn run(self) -> anyhow::Result<Outcome> {
        if !self.folder.is_dir() {
            let why = format!("`{}` is no folder", self.folder.display());
            return Err(Usage(why).into());
        }
        let detected = Detected::of(&self.folder);
        detected.tell();
        let asked = self.chosen(&detected)?;
        let mut plan = Plan::new(&self.folder);
        plan.add(Step::File { path: "plimsoll.toml".into(), text: policy::text(&detected) });
        for ci in asked {
            (ci.plan)(&detected, &mut plan);
        }
        ignore::plan(&detected, &mut plan);
        plan.carry_out(self.dry_run)?;
        if !self.dry_run {
            tell("next: `plimsoll gate .` judges what is there");
        }
        Ok(Outcome::Clean)
    }

    fn chosen(&self, detected: &Detected) -> Result<Vec<&'static Ci>, Usage> {
        if self.ci.is_empty() {
            let found: Vec<&Ci> = Ci::ALL.iter().filter(|ci| (ci.is_there)(detected)).collect();
            if found.is_empty() {
                let known: Vec<&str> = Ci::ALL.iter().map(|ci| ci.name).collect();
                tell(&format!(
                    "no CI was recognised, so that no job is written: `--ci` takes {}",
                    known.join(", ")
                ));
            }
            return Ok(found);
        }
        if self.ci.iter().any(|name| name == "none") {
            if self.ci.len() > 1 {
                return Err(Usage("`--ci none` stands alone".into()));
            }
            return Ok(Vec::new());
        }
        let named = |name: &String| {
            Ci::ALL.iter().find(|ci| ci.name == *name).ok_or_else(|| {
                let known: Vec<&str> = Ci::ALL.iter().map(|ci| ci.name).collect();
                Usage(format!("unknown CI `{name}`: expected {} or none", known.join(", ")))
            })
        };
        self.ci.iter().map(named).collect()
    }
}
