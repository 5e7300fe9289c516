//! `plimsoll download`: signatures and attestations of an image, as they are stored.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use plimsoll_supply::cosign;
use plimsoll_supply::sign::predicate::Predicate;
use serde_json::{Value, json};

use crate::evidence::{self, Evidence, Form};
use crate::exit::{Outcome, Usage, tell};
use crate::output;
use crate::target::{self, Reading};

/// Fetch or list what is signed about an image; nothing is verified
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  plimsoll download list registry.example/app:1.2
  plimsoll download signature registry.example/app:1.2
  plimsoll download attestation --type spdxjson registry.example/app:1.2 |
    jq -r .dsseEnvelope.payload | base64 -d | jq .predicate

One JSON document a line. Exit codes: 0 found, 2 wrong usage, 3 failed, or there is none.")]
pub(crate) struct Download {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, clap::Subcommand)]
enum What {
    /// Signatures: bundles, or what cosign keeps under its tag, in the form of its own download
    Signature(Target),
    /// Attestations: bundles, or envelopes
    Attestation {
        #[command(flatten)]
        target: Target,

        /// Only of this type: a name or a URI
        #[arg(long = "type", value_name = "TYPE")]
        kind: Option<String>,
    },
    /// A table of both: what is claimed, in which form, where
    List(Target),
}

#[derive(Debug, clap::Args)]
struct Target {
    /// Image in a registry or an `oci-dir:` layout
    #[arg(value_name = "REF")]
    reference: String,

    #[command(flatten)]
    reading: Reading,
}

impl Download {
    pub(crate) fn run(self) -> anyhow::Result<Outcome> {
        match self.what {
            What::Signature(target) => print(target.found()?, Evidence::is_signature),
            What::Attestation { target, kind } => {
                let wanted = kind.as_deref().map(predicate).transpose()?;
                print(target.found()?, |it| {
                    !it.is_signature() && (wanted.is_none() || it.predicate_type() == wanted)
                })
            }
            What::List(target) => list(&target.found()?),
        }
    }
}

impl Target {
    fn found(&self) -> anyhow::Result<Vec<Evidence>> {
        let options = self.reading.options()?;
        let (_, repository) = target::repository(&self.reference, &options)?;
        let subject = repository.subject()?.descriptor.digest;
        tell(&format!("{}@{subject}", repository.name()));
        Ok(evidence::collect(&repository, &subject)?)
    }
}

fn predicate(name: &str) -> Result<String, Usage> {
    match Predicate::named(name) {
        Some(kind) => Ok(kind.uri.to_owned()),
        None if name.contains("://") => Ok(name.to_owned()),
        None => Err(Usage(format!("unknown type `{name}`: `plimsoll attest --help` lists them"))),
    }
}

fn print(found: Vec<Evidence>, wanted: impl Fn(&Evidence) -> bool) -> anyhow::Result<Outcome> {
    let chosen: Vec<Evidence> = found.into_iter().filter(wanted).collect();
    if chosen.is_empty() {
        tell("there is none; `plimsoll download list` shows what there is");
        return Ok(Outcome::Partial);
    }
    output::write(None, |out| chosen.iter().try_for_each(|it| writeln!(out, "{}", document(it))))?;
    Ok(Outcome::Clean)
}

/// It as one line of JSON.
fn document(evidence: &Evidence) -> Value {
    if evidence.form != Form::Simple {
        let text = || String::from_utf8_lossy(&evidence.bytes).into_owned();
        return serde_json::from_slice(&evidence.bytes).unwrap_or_else(|_| json!(text()));
    }
    let annotation = |name: &str| evidence.annotations.get(name).cloned();
    let nested = |name: &str| {
        let text = evidence.annotations.get(name);
        text.and_then(|text| serde_json::from_str::<Value>(text).ok()).unwrap_or_default()
    };
    json!({
        "Base64Signature": annotation(cosign::SIGNATURE),
        "Payload": STANDARD.encode(&evidence.bytes),
        "Cert": annotation(cosign::CERTIFICATE),
        "Chain": annotation(cosign::CHAIN),
        "Bundle": nested(cosign::BUNDLE),
        "RFC3161Timestamp": nested(cosign::TIMESTAMP),
    })
}

fn list(found: &[Evidence]) -> anyhow::Result<Outcome> {
    let row = |it: &Evidence| {
        let claim = it.predicate_type().unwrap_or_else(|| match it.form {
            Form::Simple => "signature".into(),
            _ => "unreadable".into(),
        });
        let name = Predicate::named(&claim).map(|kind| kind.name.to_owned());
        let claim = if it.is_signature() { "signature".into() } else { name.unwrap_or(claim) };
        let form = match it.form {
            Form::Bundle => "bundle",
            Form::Envelope => "envelope",
            Form::Simple => "simple signing",
        };
        let place = it.tag.as_ref().map_or("referrer".into(), |tag| format!("tag .{tag}"));
        [claim, form.to_owned(), place, it.manifest.short().to_owned()]
    };
    let mut rows = vec![["CLAIM", "FORM", "STORED AS", "MANIFEST"].map(str::to_owned)];
    rows.extend(found.iter().map(row));
    let width = |column: usize| {
        rows.iter().filter_map(|row| row.get(column)).map(|it| it.chars().count()).max()
    };
    let widths: Vec<usize> = (0..3).filter_map(width).collect();
    output::write(None, |out| {
        for row in &rows {
            let cells = row.iter().zip(widths.iter().map(Some).chain([None]));
            let line: Vec<String> = cells
                .map(|(cell, width)| format!("{cell:<width$}", width = width.unwrap_or(&0)))
                .collect();
            writeln!(out, "{}", line.join("  ").trim_end())?;
        }
        Ok(())
    })?;
    Ok(Outcome::Clean)
}
