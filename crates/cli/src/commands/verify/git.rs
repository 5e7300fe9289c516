//! `plimsoll verify --git-tag` and `--git-commit`: who signed a tag or a commit.

use std::io::{self, BufWriter, Write};

use plimsoll_supply::git::{Certified, Report, verify_commit, verify_tag};
use plimsoll_supply::verify::Status;
use serde::Serialize;

use super::print::{plain, write_step};
use crate::exit::{Usage, tell};
use crate::output;
use crate::{clock, git};

/// What is verified.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Git")]
#[allow(clippy::struct_field_names, reason = "these are the names of the flags")]
pub(super) struct Git {
    /// Verify that this annotated tag is signed, and say which commit it is for
    #[arg(long, value_name = "TAG", conflicts_with_all = super::SIGSTORE, conflicts_with_all = ["artefacts", "git_commit"])]
    git_tag: Option<String>,

    /// Verify that this commit is signed: a whole id, `HEAD`, a branch or a tag
    #[arg(long, value_name = "REVISION", conflicts_with_all = super::SIGSTORE, conflicts_with = "artefacts")]
    git_commit: Option<String>,

    #[command(flatten)]
    source: git::GitSource,
}

impl Git {
    /// Verifies what is asked for; nothing where neither flag is there.
    pub(super) fn verify(
        &self,
        certified: impl FnOnce() -> anyhow::Result<Option<Certified>>,
    ) -> anyhow::Result<Option<(String, Report)>> {
        let (name, is_tag) = match (&self.git_tag, &self.git_commit) {
            (Some(tag), _) => (tag, true),
            (None, Some(revision)) => (revision, false),
            (None, None) if self.source.is_given() => {
                let why = "name what is signed: --git-tag TAG or --git-commit REVISION";
                return Err(Usage(why.into()).into());
            }
            (None, None) => return Ok(None),
        };
        let (repository, signers) = self.source.open_with(certified()?)?;
        let verify = if is_tag { verify_tag } else { verify_commit };
        let report = verify(&repository, name, &signers, clock::now());
        Ok(Some((name.clone(), report)))
    }
}

/// Prints the verdict, what was signed and by whom, and the checks that failed, or with `explain`
/// all.
pub(super) fn text(name: &str, report: &Report, explain: bool) -> io::Result<()> {
    let mut out = BufWriter::new(output::stdout());
    let verdict = if report.verified { "verified" } else { "refused" };
    let hash = report.algorithm;
    match &report.tag {
        Some(id) => writeln!(out, "{verdict}: {} {hash}:{id}", plain(name))?,
        None => writeln!(out, "{verdict}: {}", plain(name))?,
    }
    if let Some(id) = &report.commit {
        writeln!(out, "  commit {hash}:{id}")?;
    }
    if let Some(signer) = &report.signer {
        let names = plain(&signer.names.join(", "));
        writeln!(out, "  signer {names} ({})", plain(&signer.key))?;
        if let Some(certificate) = &signer.certificate {
            writeln!(out, "  certificate {}", plain(certificate))?;
        }
    }
    if let Some(time) = report.claimed_time {
        writeln!(out, "  dated {time}, as whoever made it says")?;
    }
    for step in report.steps.iter().filter(|it| explain || it.status == Status::Failed) {
        write_step(&mut out, step)?;
    }
    out.flush()?;
    if report.verified && hash == "sha1" {
        tell(
            "note: this repository's ids are SHA-1; traces of known collision attacks were looked for",
        );
    }
    Ok(())
}

#[derive(Serialize)]
struct Document<'r> {
    schema: &'static str,
    name: &'r str,
    #[serde(flatten)]
    report: &'r Report,
}

/// Prints everything as one JSON object.
pub(super) fn json(name: &str, report: &Report) -> anyhow::Result<()> {
    let document = Document { schema: "plimsoll.git-verification/v1", name, report };
    let mut out = BufWriter::new(output::stdout());
    serde_json::to_writer_pretty(&mut out, &document)?;
    writeln!(out)?;
    Ok(out.flush()?)
}
