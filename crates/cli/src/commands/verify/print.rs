//! A verification for people and for programs.

use std::io::{self, BufWriter, Write};

use plimsoll_supply::artefact::Artefact;
use plimsoll_supply::evidence;
use plimsoll_supply::image_policy::NoMatch;
use plimsoll_supply::predicate_policy;
use plimsoll_supply::quorum::{GroupReport, Judgement, SignedBy};
use plimsoll_supply::sign::predicate::Predicate;
use plimsoll_supply::verify::{Report, SignerSummary, Status, Step};
use serde::Serialize;
use serde_json::Value;

use super::Format;
use super::image::Verdict;
use crate::exit::tell;
use crate::output;

/// Prints the verdict, the signer and the checks that failed, or with `explain` all.
pub(super) fn text(
    name: &str,
    artefact: &Artefact,
    report: &Report,
    explain: bool,
) -> io::Result<()> {
    let mut out = BufWriter::new(output::stdout());
    let verdict = match (report.verified, report.failure()) {
        (true, _) => "verified",
        (false, None) => "not verified",
        (false, Some(_)) => "refused",
    };
    writeln!(out, "{verdict}: {} {}", plain(name), plain(&artefact.describe()))?;
    if let Some(signer) = &report.signer {
        let by = called(signer);
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

/// The name in the certificate, else the key.
fn called(signer: &SignerSummary) -> String {
    signer.names.first().map_or_else(
        || format!("{} key sha256:{}", signer.key, signer.key_sha256),
        |name| name.as_str().to_owned(),
    )
}

/// Everybody who signed, for people, each once.
pub(super) fn signers(judgement: &Judgement) -> Vec<String> {
    let groups = judgement.groups.iter().flat_map(|group| &group.signed);
    let claims = judgement.claims.iter().flat_map(|claim| &claim.signed);
    let mut all = Vec::new();
    for signer in groups.chain(claims).map(signed_by) {
        if !all.contains(&signer) {
            all.push(signer);
        }
    }
    all
}

fn signed_by(one: &SignedBy) -> String {
    let signer = one.report.as_ref().and_then(|report| report.signer.as_ref());
    signer.map_or_else(|| format!("{}: no signature is asked for", one.authority), called)
}

/// How an image is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Style<'s> {
    /// Every check.
    pub(super) explain: bool,
    /// For people or as JSON.
    pub(super) format: Format,
    /// One of several images: short, and as JSON on one line.
    pub(super) one_of_many: bool,
    /// One signer is asked for, who is told with every check of his.
    pub(super) one_signer: bool,
    /// What is asked for, for people.
    pub(super) wanted: &'s str,
}

/// Prints what came of an image.
pub(super) fn verdict(verdict: &Verdict, style: Style<'_>) -> anyhow::Result<()> {
    if style.one_signer && !style.one_of_many && verdict.cached.is_none() {
        return one_signer(verdict, style);
    }
    if style.format == Format::Json {
        return verdict_json(verdict, style);
    }
    let mut out = BufWriter::new(output::stdout());
    let word = match (verdict.passes, verdict.by_policy) {
        (true, _) => "verified",
        (false, false) => "refused",
        (false, true) => "denied",
    };
    let pinned = plain(&verdict.pinned());
    if let Some(signers) = &verdict.cached {
        writeln!(out, "{word}: {pinned} (kept from before)")?;
        for signer in signers {
            writeln!(out, "  signer {}", plain(signer))?;
        }
        return Ok(out.flush()?);
    }
    match verdict.unmatched {
        Some(NoMatch::Deny) => writeln!(out, "{word}: {pinned}: no policy is for it")?,
        Some(_) => writeln!(out, "passed: {pinned}: no policy is for it, and none is asked for")?,
        None => writeln!(out, "{word}: {pinned}")?,
    }
    for part in &verdict.parts {
        if let Some(policy) = &part.policy {
            let word = match (part.judgement.verified, part.warns) {
                (true, _) => "holds",
                (false, true) => "does not hold, and only warns",
                (false, false) => "does not hold",
            };
            writeln!(out, "  policy {}: {word}", plain(policy))?;
        }
        write_judgement(&mut out, &part.judgement, style)?;
    }
    Ok(out.flush()?)
}

fn write_judgement(
    out: &mut impl Write,
    judgement: &Judgement,
    style: Style<'_>,
) -> io::Result<()> {
    for group in &judgement.groups {
        write_group(out, group, style)?;
    }
    for claim in &judgement.claims {
        let kind = Predicate::named(&claim.predicate_type);
        let kind = kind.map_or(claim.predicate_type.as_str(), |kind| kind.name);
        for signed in &claim.signed {
            let place = plain(&signed.place);
            writeln!(out, "  {} signed by {} ({place})", plain(kind), plain(&signed_by(signed)))?;
        }
        if claim.signed.is_empty() {
            writeln!(out, "  MISSING {} by {}", plain(kind), plain(&claim.by.join(", ")))?;
        }
    }
    for refused in &judgement.refused {
        let (name, place) = (plain(&refused.authority), plain(&refused.place));
        writeln!(out, "  not by {name}: {place}")?;
        for step in &refused.report.steps {
            if style.explain || step.status == Status::Failed {
                write_step(out, step)?;
            }
        }
    }
    Ok(())
}

fn write_group(out: &mut impl Write, group: &GroupReport, style: Style<'_>) -> io::Result<()> {
    if group.needed > 1 || group.counted < group.needed {
        writeln!(out, "  signers {} of {} needed", group.counted, group.needed)?;
    }
    for signed in &group.signed {
        let place = if signed.place.is_empty() {
            String::new()
        } else {
            format!(" ({})", plain(&signed.place))
        };
        if style.one_signer {
            writeln!(out, "  signer {}{place}", plain(&signed_by(signed)))?;
        } else {
            let name = plain(&signed.authority);
            writeln!(out, "  signed {name}: {}{place}", plain(&signed_by(signed)))?;
        }
        for step in signed.report.iter().flat_map(|report| &report.steps) {
            if style.explain {
                write_step(out, step)?;
            }
        }
    }
    if group.counted < group.needed {
        for missing in &group.missing {
            writeln!(out, "  missing {}", plain(missing))?;
        }
        if group.signed.len() > group.counted {
            writeln!(out, "  one signer counts once, whatever he signs and is called")?;
        }
    }
    Ok(())
}

/// Prints each piece of evidence with all its checks, as for a file.
fn one_signer(verdict: &Verdict, style: Style<'_>) -> anyhow::Result<()> {
    let artefact = evidence::artefact(&verdict.digest);
    let print = |place: &str, report: &Report| -> anyhow::Result<()> {
        let name = format!("{} ({place})", verdict.repository);
        if style.format == Format::Json {
            return json(&name, &artefact, report, &Value::Object(serde_json::Map::new()));
        }
        Ok(text(&name, &artefact, report, style.explain)?)
    };
    let groups = verdict.parts.iter().flat_map(|part| &part.judgement.groups);
    let signed = groups.flat_map(|group| &group.signed).next();
    if let Some(SignedBy { place, report: Some(report), .. }) = signed {
        return print(place, report);
    }
    let refused: Vec<_> = verdict.parts.iter().flat_map(|part| &part.judgement.refused).collect();
    for one in &refused {
        print(&one.place, &one.report)?;
    }
    if refused.is_empty() {
        let what = style.wanted;
        tell(&format!("refused: no {what} hangs on it; `plimsoll download list` shows what does"));
    }
    Ok(())
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct VerdictDocument<'a> {
    schema: &'static str,
    reference: &'a str,
    image: String,
    verified: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    no_policy: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    kept_signers: Option<&'a [String]>,
    policies: Vec<PartDocument<'a>>,
}

#[derive(Serialize)]
struct PartDocument<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    policy: Option<&'a str>,
    mode: &'static str,
    #[serde(flatten)]
    judgement: &'a Judgement,
}

fn verdict_json(verdict: &Verdict, style: Style<'_>) -> anyhow::Result<()> {
    let document = VerdictDocument {
        schema: "plimsoll.image-verification/v1",
        reference: &verdict.reference,
        image: verdict.pinned(),
        verified: verdict.passes,
        no_policy: verdict.unmatched.map(|no_match| match no_match {
            NoMatch::Deny => "deny",
            NoMatch::Warn => "warn",
            NoMatch::Allow => "allow",
        }),
        kept_signers: verdict.cached.as_deref(),
        policies: verdict
            .parts
            .iter()
            .map(|part| PartDocument {
                policy: part.policy.as_deref(),
                mode: if part.warns { "warn" } else { "enforce" },
                judgement: &part.judgement,
            })
            .collect(),
    };
    let mut out = BufWriter::new(output::stdout());
    if style.one_of_many {
        serde_json::to_writer(&mut out, &document)?;
    } else {
        serde_json::to_writer_pretty(&mut out, &document)?;
    }
    writeln!(out)?;
    Ok(out.flush()?)
}

#[derive(Serialize)]
struct Document<'a> {
    schema: &'static str,
    artefact: &'a str,
    digest: String,
    #[serde(flatten)]
    report: &'a Report,
    #[serde(flatten)]
    more: &'a Value,
}

/// Prints what policies said of a claim.
pub(super) fn reasons(verdict: &predicate_policy::Verdict) -> io::Result<()> {
    let mut out = BufWriter::new(output::stdout());
    if !verdict.allowed {
        writeln!(out, "denied by policy")?;
    }
    for reason in &verdict.reasons {
        writeln!(out, "  {}", plain(reason))?;
    }
    out.flush()
}

/// Prints everything as one JSON object, with the fields of `more`.
pub(super) fn json(
    name: &str,
    artefact: &Artefact,
    report: &Report,
    more: &Value,
) -> anyhow::Result<()> {
    let digest = artefact.describe();
    let document =
        Document { schema: "plimsoll.verification/v1", artefact: name, digest, report, more };
    let mut out = BufWriter::new(output::stdout());
    serde_json::to_writer_pretty(&mut out, &document)?;
    writeln!(out)?;
    Ok(out.flush()?)
}
