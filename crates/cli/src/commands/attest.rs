//! `plimsoll attest`: signed claims about images.

use std::fs::File;
use std::io::Read;

use anyhow::Context;
use plimsoll_image::attached::{Piece, Repository, Stored};
use plimsoll_supply::cosign;
use plimsoll_supply::sign::predicate::Predicate;
use plimsoll_supply::sign::statement;
use serde_json::{Value, json};

use crate::clock;
use crate::exit::{Outcome, Usage};
use crate::output;
use crate::signing::{Ready, Signing, Storage, artifact, told};
use crate::target::{self, Reading};

/// The largest document that can be attested: 48 MiB, of which base64 makes 64.
const MAX_PREDICATE: u64 = 48 << 20;

/// Sign a claim about an image and store it with the image
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  plimsoll sbom registry.example/app:1.2 -o spdx-json=app.spdx.json
  plimsoll attest --key plimsoll.key --predicate app.spdx.json registry.example/app:1.2
  plimsoll attest --key plimsoll.key --type https://example.com/review/v1 \\
    --predicate review.json registry.example/app:1.2

Types: slsaprovenance1, slsaprovenance02, spdxjson, cyclonedx, vuln, openvex, test-result, custom,
or any URI.

Exit codes: 0 attested, 2 wrong usage, 3 failed.")]
pub(crate) struct Attest {
    /// Images in a registry or an `oci-dir:` layout
    #[arg(value_name = "REF", required = true)]
    targets: Vec<String>,

    /// What is claimed: a JSON document
    #[arg(long, value_name = "FILE")]
    predicate: String,

    /// What kind of claim it is [default: what the document looks like]
    #[arg(long = "type", value_name = "TYPE")]
    kind: Option<String>,

    /// How the attestation is stored with the image
    #[arg(long, value_name = "HOW", default_value = "referrer")]
    storage: Storage,

    #[command(flatten)]
    signing: Signing,

    #[command(flatten)]
    reading: Reading,
}

impl Attest {
    pub(crate) fn run(self) -> anyhow::Result<Outcome> {
        let (predicate_type, predicate) = self.claim()?;
        let options = self.reading.options()?;
        let places = self.targets.iter().map(|name| target::repository(name, &options));
        let places = places.collect::<anyhow::Result<Vec<_>>>()?;
        let ready = self.signing.ready()?;
        for (reference, repository) in &places {
            let subject = repository.subject()?;
            let digest = &subject.descriptor.digest;
            let name = repository.name();
            let payload = statement::attestation(&name, digest, &predicate_type, &predicate);
            self.store(&ready, repository, &subject, &predicate_type, &payload)
                .with_context(|| format!("`{reference}` ({digest}) was not attested"))?;
            output::write(None, |out| writeln!(out, "{name}@{digest}"))?;
        }
        Ok(Outcome::Clean)
    }

    fn store(
        &self,
        ready: &Ready,
        repository: &Repository,
        subject: &Stored,
        predicate_type: &str,
        payload: &[u8],
    ) -> anyhow::Result<()> {
        let content = ready.envelope(statement::PAYLOAD_TYPE, payload.to_vec())?;
        let bundle = ready.bundle(content)?;
        let name = repository.name();
        if self.storage.refers() {
            let attached = repository.attach(subject, &artifact(&bundle, predicate_type))?;
            told(&name, &attached);
        }
        if self.storage.tags() {
            let envelope = bundle.content.envelope().unwrap_or_default();
            let mut annotations = ready.annotations(&bundle);
            annotations.insert(cosign::SIGNATURE.into(), String::new());
            annotations.insert("predicateType".into(), predicate_type.to_owned());
            let piece = Piece {
                media_type: cosign::ENVELOPE_MEDIA_TYPE.into(),
                bytes: envelope.to_string().into_bytes(),
                annotations,
            };
            let attached = repository.append_tagged(&subject.descriptor.digest, "att", &[piece])?;
            told(&name, &attached);
        }
        Ok(())
    }

    /// The type of the claim and the claim.
    fn claim(&self) -> anyhow::Result<(String, Value)> {
        let file = &self.predicate;
        let mut text = String::new();
        File::open(file)
            .and_then(|it| it.take(MAX_PREDICATE + 1).read_to_string(&mut text))
            .with_context(|| format!("cannot read `{file}`"))?;
        if text.len() as u64 > MAX_PREDICATE {
            let why = format!("`{file}` has more than {} MiB", MAX_PREDICATE >> 20);
            return Err(Usage(why).into());
        }
        if self.kind.as_deref() == Some("custom") {
            // Cosign keeps a document without a type of its own as text.
            let predicate = json!({"Data": text, "Timestamp": clock::now().to_string()});
            return Ok((Predicate::CUSTOM.to_owned(), predicate));
        }
        let document: Value = serde_json::from_str(&text)
            .map_err(|error| Usage(format!("`{file}` is no JSON: {error}")))?;
        let kind = match &self.kind {
            None => Predicate::of(&document).ok_or_else(|| {
                Usage(format!("`{file}` looks like no known type: give one with `--type`"))
            })?,
            Some(name) => match Predicate::named(name) {
                Some(kind) => kind,
                None if name.contains("://") => return Ok((name.clone(), document)),
                None => {
                    let known: Vec<&str> = Predicate::ALL.iter().map(|it| it.name).collect();
                    let known = known.join(", ");
                    let why = format!("unknown type `{name}`: expected a URI or one of {known}");
                    return Err(Usage(why).into());
                }
            },
        };
        match kind.missing(&document) {
            None => Ok((kind.uri.to_owned(), document)),
            Some(field) => {
                let why = format!("`{file}` is no {}: it has no `{field}`", kind.name);
                Err(Usage(why).into())
            }
        }
    }
}
