//! The verdict on an artefact, and how it is printed.

use std::io::{self, Write as _};

use plimsoll_supply::git::Report;
use plimsoll_supply::provenance::level::Assessment;
use plimsoll_supply::provenance::{Refusal, SourceRevision, Verified};
use serde::Serialize;

use crate::commands::verify::plain;
use crate::exit::tell;
use crate::output;

/// An artefact, what is claimed of it, and the verdict.
pub(super) struct Judged {
    pub(super) artifact: String,
    pub(super) digest: String,
    pub(super) verdict: Result<Verified, Refusal>,
    pub(super) assessment: Assessment,
    /// What the repository says of the tag that it was built from, where one was named.
    pub(super) source_tag: Option<Report>,
}

impl Judged {
    /// Why it is refused.
    pub(super) fn refusal(&self) -> Option<String> {
        if let Err(refusal) = &self.verdict {
            return Some(refusal.to_string());
        }
        let report = self.source_tag.as_ref().filter(|it| !it.verified)?;
        let why = report.failures().next().map_or_else(String::new, |step| {
            format!("{}: expected {}, found {}", step.name, step.expected, step.found)
        });
        Some(format!("the source's tag, {why}"))
    }
}

#[derive(Serialize)]
struct Document<'d> {
    schema: &'static str,
    artifact: &'d str,
    digest: &'d str,
    verified: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    builder: Option<&'d str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    refusal: Option<String>,
    logged: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    source_tag: Option<&'d Report>,
    #[serde(flatten)]
    assessment: &'d Assessment,
}

impl Judged {
    /// Prints it: as JSON, as the statement alone where it is verified, or for people.
    pub(super) fn print(&self, as_json: bool, as_statement: bool) -> anyhow::Result<()> {
        let mut out = output::stdout();
        let artifact = plain(&self.artifact);
        if as_json {
            let verified = self.verdict.as_ref().ok();
            let document = Document {
                schema: "plimsoll.provenance/v1",
                artifact: &self.artifact,
                digest: &self.digest,
                verified: self.refusal().is_none(),
                builder: verified.map(|it| it.builder_id.as_str()),
                refusal: self.refusal(),
                source_tag: self.source_tag.as_ref(),
                logged: verified.is_some_and(|it| it.logged),
                assessment: &self.assessment,
            };
            serde_json::to_writer(&mut out, &document)?;
            writeln!(out)?;
            return Ok(());
        }
        let refusal = self.refusal();
        match &self.verdict {
            Ok(verified) if as_statement && refusal.is_none() => {
                out.write_all(&verified.statement)?;
                writeln!(out)?;
                return Ok(());
            }
            Ok(verified) if refusal.is_none() => {
                writeln!(out, "verified: {artifact} built by {}", plain(&verified.builder_id))?;
            }
            _ => {
                let why = refusal.unwrap_or_default();
                writeln!(out, "refused: {artifact}: {}", plain(&why))?;
            }
        }
        if let Some(report) = self.source_tag.as_ref().filter(|it| it.verified) {
            let signer = report.signer.as_ref().map(|it| it.names.join(", ")).unwrap_or_default();
            let commit = report.commit.as_deref().unwrap_or_default();
            writeln!(out, "  source tag signed by {}, commit {commit}", plain(&signer))?;
        }
        levels(&mut out, &self.assessment)?;
        if let Ok(verified) = &self.verdict
            && !verified.logged
            && verified.report.verified
        {
            tell("the provenance holds no entry of a log: the time of the signature is not proven");
        }
        Ok(())
    }

    /// Says on stderr what came of it, in slsa-verifier's words, and on stdout nothing but the statement.
    ///
    /// Source: <https://github.com/slsa-framework/slsa-verifier/tree/main/cli/slsa-verifier/verify>.
    pub(super) fn tell(&self, noun: &str, source: &str, statement: bool) -> anyhow::Result<()> {
        let artifact = plain(&self.artifact);
        match (&self.verdict, self.refusal()) {
            (Ok(verified), None) => {
                let commit = SourceRevision::of(&verified.statement, source);
                let commit = commit.map(|it| it.commit).unwrap_or_default();
                let (builder, commit) = (plain(&verified.builder_id), plain(&commit));
                tell(&format!("Verified build using builder \"{builder}\" at commit {commit}"));
                tell(&format!("Verifying {noun} {artifact}: PASSED\n"));
                if statement {
                    let mut out = output::stdout();
                    out.write_all(&verified.statement)?;
                    writeln!(out)?;
                }
            }
            (_, why) => {
                let why = plain(&why.unwrap_or_default());
                tell(&format!("Verifying {noun} {artifact}: FAILED: {why}\n"));
            }
        }
        Ok(())
    }
}

/// The level, and every demand up to the first that is not met.
fn levels(out: &mut impl io::Write, assessment: &Assessment) -> io::Result<()> {
    writeln!(out, "  SLSA build level {}", assessment.level)?;
    for line in assessment.lines.iter().filter(|line| line.level <= assessment.level + 1) {
        let sign = if line.met { "ok " } else { "no " };
        writeln!(out, "  {sign} L{} {}: {}", line.level, line.demand, plain(&line.found))?;
    }
    Ok(())
}
