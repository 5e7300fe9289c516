//! `--propose`: files of one stage in two, to stdout; why, to stderr.

use std::io::{self, Write};

use plimsoll_build::Config;
use plimsoll_build::propose::{Declined, Proposal, propose};
use plimsoll_build::syntax::Dockerfile;
use plimsoll_report::lint::LintFormat;
use serde_json::json;

use super::Read;
use crate::exit::{Outcome, Usage, chain, tell};
use crate::output;

/// A file with its proposal.
struct Proposed {
    path: String,
    before: String,
    proposal: Result<Proposal, Declined>,
}

pub(super) fn run(
    sources: Vec<anyhow::Result<Read>>,
    outputs: &[(LintFormat, Option<&str>)],
    diff: bool,
    config: &Config,
) -> anyhow::Result<Outcome> {
    if let Some((format, _)) =
        outputs.iter().find(|(format, _)| !["tty", "json"].contains(&format.name))
    {
        let why = format!("--propose has the formats tty and json, and not `{}`", format.name);
        return Err(Usage(why).into());
    }
    let mut outcome = Outcome::Clean;
    let mut all = Vec::with_capacity(sources.len());
    for one in sources {
        match one {
            Ok(read) => all.push(Proposed::new(read, config)),
            Err(error) => {
                tell(&format!("error: {}", chain(&error)));
                outcome = outcome.or(Outcome::Partial);
            }
        }
    }
    for (format, file) in outputs {
        if format.name == "json" {
            output::write(*file, |out| json(&all, out))?;
        } else {
            output::write(*file, |out| text(&all, diff, out))?;
            all.iter().for_each(Proposed::explain);
        }
    }
    Ok(outcome)
}

impl Proposed {
    fn new(read: Read, config: &Config) -> Self {
        let before = format!("{}{}", read.source.byte_order_mark(), read.source.text());
        let file = Dockerfile::parse(read.source);
        let proposal = propose(&file, config);
        Self { path: read.path.display().to_string(), before, proposal }
    }

    /// Says why, in numbered sentences.
    fn explain(&self) {
        match &self.proposal {
            Err(declined) => tell(&format!("{}: no proposal: {declined}", self.path)),
            Ok(proposal) => {
                let Proposal { language, build_image, final_image, reasons, .. } = proposal;
                tell(&format!(
                    "{}: {language}, built on `{build_image}`, run on `{final_image}`",
                    self.path
                ));
                for (index, reason) in reasons.iter().enumerate() {
                    let number = index.saturating_add(1);
                    tell(&format!("{number:>3}. {}: {}", reason.kind.name(), reason.text));
                }
            }
        }
    }
}

/// The new files, or how they differ from the old ones.
fn text(all: &[Proposed], diff: bool, out: &mut dyn Write) -> io::Result<()> {
    for one in all {
        let Ok(proposal) = &one.proposal else { continue };
        if diff {
            let text = similar::TextDiff::from_lines(&one.before, &proposal.text);
            let (before, after) = (format!("a/{}", one.path), format!("b/{}", one.path));
            write!(out, "{}", text.unified_diff().header(&before, &after))?;
            continue;
        }
        if all.len() > 1 {
            writeln!(out, "# {}", one.path)?;
        }
        out.write_all(proposal.text.as_bytes())?;
    }
    Ok(())
}

fn json(all: &[Proposed], out: &mut dyn Write) -> io::Result<()> {
    let entries: Vec<serde_json::Value> = all
        .iter()
        .map(|one| {
            json!({
                "file": one.path,
                "proposal": one.proposal.as_ref().ok(),
                "declined": one.proposal.as_ref().err().map(ToString::to_string),
            })
        })
        .collect();
    serde_json::to_writer_pretty(&mut *out, &entries)?;
    writeln!(out)
}
