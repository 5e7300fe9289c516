//! `plimsoll kube lint --compliance`: what manifests show of a standard.

use plimsoll_kube::Estate;
use plimsoll_kube::compliance::{Standard, report};
use plimsoll_report::compliance::ComplianceFormat;

use super::files::Read;
use crate::exit::{Outcome, Usage};
use crate::output;
use crate::style::stdout_style;

/// The standard of that name.
pub(super) fn standard(name: &str) -> Result<&'static Standard, Usage> {
    Standard::named(name).ok_or_else(|| {
        let names: Vec<&str> = Standard::ALL.iter().map(|one| one.name).collect();
        Usage(format!("there is no standard `{name}`: it is one of {}", names.join(", ")))
    })
}

/// Reports on a standard; exit 1 where a control fails.
pub(super) fn run(
    standard: &'static Standard,
    formats: &[String],
    manifests: &[Read],
    estate: &Estate,
) -> anyhow::Result<Outcome> {
    let formats = if formats.is_empty() { vec!["text".to_owned()] } else { formats.to_vec() };
    let known: Vec<&str> = ComplianceFormat::ALL.iter().map(|format| format.name).collect();
    let outputs = output::parse(&formats, ComplianceFormat::named, &known)?;
    let names: Vec<String> = manifests.iter().map(|read| read.path.display().to_string()).collect();
    let files = names.iter().map(String::as_str).zip(manifests.iter().map(|one| &one.manifest));
    let found = report(standard, files, estate);
    for (format, file) in outputs {
        let style = if file.is_some() { plimsoll_report::Style::default() } else { stdout_style() };
        output::write(file, |out| (format.write)(&found, &style, out))?;
    }
    Ok(if found.failed() > 0 { Outcome::Gate(1) } else { Outcome::Clean })
}
