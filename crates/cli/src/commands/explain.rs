//! `plimsoll explain`: why a finding of the last scan is one.

use std::fmt::Write as _;
use std::fs;

use anyhow::Context;
use plimsoll_model::{Finding, FixState, Layer, Scan, Undecided};
use serde::{Deserialize, Serialize};

use crate::exit::{Outcome, Usage};
use crate::output::printable;
use crate::{output, paths};

/// Show step by step how a finding of the last scan came about
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  plimsoll explain CVE-2021-44228
  plimsoll explain GHSA-jfh8-c2jv-3m5h --package log4j-core

Exit codes: 0 shown, 2 no such finding, 3 there is no last scan or it cannot be read.")]
pub(crate) struct Explain {
    /// Id or alias of the finding: a CVE, GHSA, RUSTSEC …
    #[arg(value_name = "ID")]
    id: String,

    /// Only in packages whose name contains this
    #[arg(long, value_name = "NAME")]
    package: Option<String>,
}

/// What is kept of a scan: all but the packages that nothing was found in.
#[derive(Serialize, Deserialize)]
struct LastScan {
    reference: String,
    layers: Vec<Layer>,
    findings: Vec<Finding>,
    undecided: Vec<Undecided>,
}

/// Keeps a scan for `explain`. It is a convenience: a full disk does not fail the scan.
pub(crate) fn remember(scan: Scan) {
    let last = LastScan {
        reference: scan.inventory.artifact.reference,
        layers: scan.inventory.layers,
        findings: scan.findings,
        undecided: scan.undecided,
    };
    let path = paths::last_scan();
    let kept = path
        .parent()
        .map_or(Ok(()), fs::create_dir_all)
        .and_then(|()| output::whole(&path, |out| Ok(serde_json::to_writer(out, &last)?)));
    if let Err(error) = kept {
        crate::exit::tell(&format!("note: `plimsoll explain` will not know this scan: {error}"));
    }
}

impl Explain {
    pub(crate) fn run(self) -> anyhow::Result<Outcome> {
        let path = paths::last_scan();
        let bytes = fs::read(&path).with_context(|| {
            format!("there is no last scan at `{}`: run `plimsoll scan REF` first", path.display())
        })?;
        let last: LastScan = serde_json::from_slice(&bytes)
            .with_context(|| format!("`{}` is damaged: scan again", path.display()))?;
        let wanted = |id: &str| id.eq_ignore_ascii_case(&self.id);
        let in_package =
            |name: &str| self.package.as_deref().is_none_or(|part| name.contains(part));
        let mut text = String::new();
        for finding in last.findings.iter().filter(|finding| {
            in_package(&finding.package.name)
                && (wanted(&finding.id) || finding.aliases.iter().any(|alias| wanted(alias)))
        }) {
            text.push_str(&explained(finding, &last.layers));
            text.push('\n');
        }
        for undecided in
            last.undecided.iter().filter(|u| in_package(&u.package) && wanted(&u.advisory))
        {
            let Undecided { package, version, advisory, why } = undecided;
            let _ = writeln!(text, "{advisory} in {package} {version}: undecided\n  {why}\n");
        }
        if text.is_empty() {
            return Err(self.nothing(&last).into());
        }
        output::write(None, |out| {
            out.write_all(text.trim_end().as_bytes()).and_then(|()| out.write_all(b"\n"))
        })?;
        Ok(Outcome::Clean)
    }

    fn nothing(&self, last: &LastScan) -> Usage {
        let near = last.findings.iter().map(|finding| finding.id.as_str()).take(5);
        let near: Vec<&str> = near.collect();
        let hint = if near.is_empty() {
            "it has no findings".to_owned()
        } else {
            let noun = if last.findings.len() == 1 { "finding" } else { "findings" };
            format!("it has {} {noun}, among them {}", last.findings.len(), near.join(", "))
        };
        let package = self.package.as_deref();
        let package = package.map(|part| format!(" in a package named like `{part}`"));
        Usage(format!(
            "the last scan, of `{}`, has no finding `{}`{}: {hint}",
            last.reference,
            self.id,
            package.unwrap_or_default()
        ))
    }
}

/// Why a finding is one, where it is and what to do, in lines.
pub(crate) fn explained(finding: &Finding, layers: &[Layer]) -> String {
    let mut text = String::new();
    let package = &finding.package;
    let (name, version) = (printable(&package.name), printable(&package.version));
    let _ = writeln!(text, "{} in {name} {version}", printable(&finding.id));
    if !finding.title.is_empty() {
        let _ = writeln!(text, "{}", printable(&finding.title));
    }
    let _ = writeln!(text, "\nWhy");
    for (at, step) in finding.evidence.iter().enumerate() {
        let _ = writeln!(text, "  {}. {:<13} {}", at + 1, step.step, printable(&step.says));
    }
    let _ = writeln!(text, "\nWhere");
    let _ = writeln!(text, "  {}", printable(&package.purl));
    for location in &package.locations {
        let line = location.line.map(|line| format!(":{line}")).unwrap_or_default();
        let _ = writeln!(text, "  {}{line}", printable(&location.path));
    }
    let layer = package.locations.first().and_then(|location| location.layer);
    if let Some((at, layer)) =
        layer.and_then(|at| Some((at, layers.get(usize::try_from(at).ok()?)?)))
    {
        let _ = writeln!(text, "  layer #{at}: {}", printable(layer.created_by.trim()));
    }
    let _ = writeln!(text, "\nWhat to do");
    let _ = writeln!(text, "  {}", advice(&finding.fix));
    if let Some(kev) = &finding.kev {
        let _ = writeln!(
            text,
            "  first: it is exploited, and listed by CISA since {}",
            kev.added.date()
        );
    }
    if !finding.aliases.is_empty() {
        let _ = writeln!(text, "\nAlso known as\n  {}", finding.aliases.join(", "));
    }
    if !finding.references.is_empty() {
        let _ = writeln!(text, "\nMore");
        for link in &finding.references {
            let _ = writeln!(text, "  {}", printable(&link.url));
        }
    }
    text
}

fn advice(fix: &FixState) -> String {
    match fix {
        FixState::Fixed(versions) => match versions.as_slice() {
            [nearest, later @ ..] if !later.is_empty() => {
                format!("update to {nearest} (or {})", later.join(", "))
            }
            versions => format!("update to {}", versions.join(", ")),
        },
        FixState::WillNotFix => "the vendor will not fix it: replace the package".into(),
        FixState::Deferred => "the vendor puts a fix off".into(),
        FixState::UnderInvestigation => "the vendor is still looking into it".into(),
        FixState::EndOfLife => "the release has ended: move to one that is maintained".into(),
        _ => "nobody has published a fix".into(),
    }
}
