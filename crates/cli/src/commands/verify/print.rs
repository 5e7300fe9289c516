//! A verification for people and for programs.

use std::io::{self, BufWriter, Write};

use plimsoll_supply::artefact::Artefact;
use plimsoll_supply::verify::{Report, Status, Step};
use serde::Serialize;

/// Prints the verdict, the signer and the checks that failed, or with `explain` all.
pub(super) fn text(
    name: &str,
    artefact: &Artefact,
    report: &Report,
    explain: bool,
) -> io::Result<()> {
    let mut out = BufWriter::new(io::stdout().lock());
    let verdict = match (report.verified, report.failure()) {
        (true, _) => "verified",
        (false, None) => "not verified",
        (false, Some(_)) => "refused",
    };
    writeln!(out, "{verdict}: {} {}", plain(name), plain(&artefact.describe()))?;
    if let Some(signer) = &report.signer {
        let by = signer.names.first().map_or_else(
            || format!("{} key sha256:{}", signer.key, signer.key_sha256),
            |name| name.as_str().to_owned(),
        );
        writeln!(out, "  {} {}", if report.verified { "signer" } else { "claims" }, plain(&by))?;
        if let Some(issuer) = &signer.issuer {
            writeln!(out, "  issuer {}", plain(issuer))?;
        }
    }
    for time in &report.times {
        writeln!(out, "  signed by {} ({})", time.time, plain(&time.source))?;
    }
    for step in &report.steps {
        if explain || step.status == Status::Failed {
            write_step(&mut out, step)?;
        }
    }
    if let Some(hint) = hint(report) {
        writeln!(out, "  hint: it would match {hint}")?;
    }
    out.flush()
}

pub(super) fn write_step(out: &mut impl Write, step: &Step) -> io::Result<()> {
    let sign = match step.status {
        Status::Passed => "ok     ",
        Status::Failed => "FAILED ",
        Status::Ignored => "ignored",
    };
    let place = if step.place.is_empty() { String::new() } else { format!(" ({})", step.place) };
    writeln!(out, "  {sign} {}{}", step.name, plain(&place))?;
    writeln!(out, "          expected {}", plain(&step.expected))?;
    writeln!(out, "          found    {}", plain(&step.found))
}

/// The flags that name the signer who is there, where only the name is another.
fn hint(report: &Report) -> Option<String> {
    let of_name = ["identity", "issuer"];
    let mut failures = report.failures().peekable();
    failures.peek()?;
    if failures.any(|step| !of_name.contains(&step.name)) {
        return None;
    }
    let signer = report.signer.as_ref()?;
    let (name, issuer) = (signer.names.first()?, signer.issuer.as_ref()?);
    Some(format!(
        "--certificate-identity {} --certificate-oidc-issuer {}",
        quoted(name.as_str()),
        quoted(issuer)
    ))
}

/// A word of a shell.
fn quoted(text: &str) -> String {
    let safe = |letter: char| letter.is_ascii_alphanumeric() || "@%+=:,./-_".contains(letter);
    if text.chars().all(safe) {
        text.to_owned()
    } else {
        format!("'{}'", plain(text).replace('\'', r"'\''"))
    }
}

/// Text that cannot move the cursor of a terminal.
pub(in super::super) fn plain(text: &str) -> String {
    text.chars().map(|letter| if letter.is_control() { '\u{fffd}' } else { letter }).collect()
}

#[derive(Serialize)]
struct Document<'a> {
    schema: &'static str,
    artefact: &'a str,
    digest: String,
    #[serde(flatten)]
    report: &'a Report,
}

/// Prints everything as one JSON object.
pub(super) fn json(name: &str, artefact: &Artefact, report: &Report) -> anyhow::Result<()> {
    let digest = artefact.describe();
    let document = Document { schema: "plimsoll.verification/v1", artefact: name, digest, report };
    let mut out = BufWriter::new(io::stdout().lock());
    serde_json::to_writer_pretty(&mut out, &document)?;
    writeln!(out)?;
    Ok(out.flush()?)
}
