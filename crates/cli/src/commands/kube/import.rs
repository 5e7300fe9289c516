//! `plimsoll kube import`: policies of others as settings of `kube admit`.

use std::path::{Path, PathBuf};

use anyhow::Context;
use plimsoll_admission::import::Imported;
use plimsoll_admission::webhook;

use super::files;
use super::rendered::Rendering;
use crate::exit::{Outcome, Usage, tell};
use crate::output;

/// Turn policies of Kyverno and Gatekeeper about images into settings of `kube admit`
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  plimsoll kube import kyverno/ --folder admission/    admission/admit.yaml and admission/image-policy.yaml
  kubectl get clusterpolicies,constraints -o yaml | plimsoll kube import -
  plimsoll kube import --strict policies.yaml          exit 1 where something is not the same

What is not the same is told on stderr, policy by policy, with file and line.")]
pub(crate) struct Import {
    /// Write `admit.yaml` and `image-policy.yaml` into this folder, instead of printing them
    #[arg(long, value_name = "DIR")]
    folder: Option<PathBuf>,

    /// Exit 1 where something is not the same
    #[arg(long)]
    strict: bool,

    /// Policies, folders to look for them in, or `-` for stdin
    #[arg(value_name = "FILE", required = true)]
    files: Vec<PathBuf>,

    #[command(flatten)]
    rendering: Rendering,
}

const SETTINGS: &str = "admit.yaml";
const POLICIES: &str = "image-policy.yaml";

impl Import {
    pub(crate) fn run(self) -> anyhow::Result<Outcome> {
        let reads = files::read_all(&self.files, &self.rendering)?;
        let mut outcome = reads.outcome.or(files::tell_of_all_problems(&reads.manifests));
        let mut imported = Imported::default();
        for read in &reads.manifests {
            let before = imported.remarks.len();
            imported.read(&read.manifest);
            for remark in imported.remarks.iter().skip(before) {
                let place = format!("{}:{}", read.path.display(), remark.line);
                let end = remark.difference.as_deref().unwrap_or("the same");
                tell(&format!("{place}: {}: {end}", remark.what));
            }
        }
        if imported.remarks.is_empty() && outcome != Outcome::Clean {
            // What is wrong with it was told.
            return Ok(outcome);
        }
        if imported.remarks.is_empty() {
            return Err(Usage("there is no policy in what was read".into()).into());
        }
        if self.strict && imported.remarks.iter().any(|remark| remark.difference.is_some()) {
            outcome = outcome.or(Outcome::Gate(1));
        }
        if imported.is_empty() {
            tell("nothing of it can be asked for here: no settings are written");
            return Ok(outcome.or(Outcome::Gate(1)));
        }
        let settings = webhook::yaml(&[imported.settings(POLICIES)]);
        let policies = webhook::yaml(&imported.documents());
        match &self.folder {
            Some(folder) => {
                write(folder, SETTINGS, &settings)?;
                if !policies.is_empty() {
                    write(folder, POLICIES, &policies)?;
                }
            }
            None => output::write(None, |out| {
                write!(out, "# {SETTINGS}\n{settings}")?;
                if policies.is_empty() {
                    Ok(())
                } else {
                    write!(out, "---\n# {POLICIES}\n{policies}")
                }
            })?,
        }
        Ok(outcome)
    }
}

fn write(folder: &Path, name: &str, text: &str) -> anyhow::Result<()> {
    std::fs::create_dir_all(folder)
        .with_context(|| format!("cannot make `{}`", folder.display()))?;
    let path = folder.join(name);
    output::whole(&path, |out| out.write_all(text.as_bytes()))
        .with_context(|| format!("cannot write `{}`", path.display()))
}
