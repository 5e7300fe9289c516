//! The verdict on a tag, for people and for programs.

use std::io::{self, BufWriter, Write};

use plimsoll_model::ImageName;
use plimsoll_supply::content_trust::{Verdict, step};
use plimsoll_supply::hash::hex;
use plimsoll_supply::verify::{Status, Step};
use serde_json::json;

use super::super::print::{plain, write_step};

use crate::output;

/// What came of a tag.
pub(in super::super) struct Judged {
    pub(super) name: ImageName,
    pub(super) tag: String,
    pub(super) place: String,
    pub(super) verdict: Verdict,
}

impl Judged {
    /// Whether all held.
    pub(in super::super) fn is_verified(&self) -> bool {
        self.verdict.report.verified
    }

    /// The image by the digest that was found.
    pub(in super::super) fn pinned(&self) -> Option<String> {
        let target = self.verdict.target.as_ref()?;
        let (registry, repository) = (self.name.registry(), self.name.repository());
        Some(format!("{registry}/{repository}@sha256:{}", hex(&target.sha256)))
    }

    /// Prints the verdict, who signed, and the checks that failed, or with `explain` all.
    pub(in super::super) fn text(&self, explain: bool) -> io::Result<()> {
        let mut out = BufWriter::new(output::stdout());
        let report = &self.verdict.report;
        let word = if report.verified { "verified" } else { "refused" };
        let name = plain(&self.name.to_string());
        match &self.verdict.target {
            Some(target) => {
                writeln!(out, "{word}: {name} sha256:{}", hex(&target.sha256))?;
                writeln!(out, "  signed in {}", plain(&target.role))?;
                if !target.signers.is_empty() {
                    writeln!(out, "  signers {}", plain(&target.signers.join(", ")))?;
                }
            }
            None => writeln!(out, "{word}: {name}")?,
        }
        if explain {
            for keys in &self.verdict.keys {
                let (role, needed, all) = (plain(&keys.role), keys.threshold, keys.keys.join(", "));
                writeln!(out, "  keys of {role} ({needed} needed): {}", plain(&all))?;
            }
        }
        for step in &report.steps {
            if explain || step.status != Status::Passed {
                write_step(&mut out, step)?;
            }
        }
        let unknown = |it: &Step| it.name == step::TRUST && it.found.contains("never seen before");
        if report.failures().any(unknown) {
            writeln!(
                out,
                "  hint: `--dct-root FILE` names the owner's key; `--dct-first-use` trusts this one"
            )?;
        }
        out.flush()
    }

    /// Prints everything as one JSON object; on one line where another follows.
    pub(in super::super) fn json(&self, on_one_line: bool) -> anyhow::Result<()> {
        let report = &self.verdict.report;
        let target = self.verdict.target.as_ref();
        let document = json!({
            "schema": "plimsoll.content-trust/v1",
            "artefact": self.name.to_string(),
            "repository": format!("{}/{}", self.name.registry(), self.name.repository()),
            "tag": self.tag,
            "source": self.place,
            "verified": report.verified,
            "digest": target.map(|it| format!("sha256:{}", hex(&it.sha256))),
            "target": target,
            "roles": self.verdict.keys,
            "steps": report.steps,
        });
        let mut out = BufWriter::new(output::stdout());
        if on_one_line {
            serde_json::to_writer(&mut out, &document)?;
        } else {
            serde_json::to_writer_pretty(&mut out, &document)?;
        }
        writeln!(out)?;
        Ok(out.flush()?)
    }
}
