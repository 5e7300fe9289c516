//! `plimsoll attest`: signed claims about images and files.

mod scan;

use std::fs::File;
use std::io::Read;

use anyhow::Context;
use plimsoll_supply::sign::predicate::Predicate;
use plimsoll_supply::sign::statement;
use serde_json::{Value, json};

use crate::exit::{Outcome, Usage};
use crate::output;
use crate::signing::attestation::{self, BUNDLE_SUFFIX};
use crate::signing::{Signing, Storage};
use crate::target::{self, Reading};
use crate::{clock, scan_claim};

/// The largest document that can be attested: 48 MiB, of which base64 makes 64.
const MAX_PREDICATE: u64 = 48 << 20;

/// Sign a claim about images and files, and store it with the image or beside the file
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  plimsoll sbom registry.example/app:1.2 -o spdx-json=app.spdx.json
  plimsoll attest --key plimsoll.key --predicate app.spdx.json registry.example/app:1.2
  plimsoll attest --key plimsoll.key --type https://example.com/review/v1 \\
    --predicate review.json registry.example/app:1.2
  plimsoll attest --key plimsoll.key --predicate app.spdx.json app.tar.gz
                                                # writes app.tar.gz.intoto.sigstore.json
  plimsoll attest --key plimsoll.key --scan registry.example/app:1.2

Types: slsaprovenance1, slsaprovenance02, spdxjson, cyclonedx, vuln, openvex, test-result, link,
scan, custom, or any URI. A name that is a file here is a file, every other one is an image;
`registry:` and `file:` in front decide it.

Exit codes: 0 attested, 2 wrong usage, 3 failed.")]
pub(crate) struct Attest {
    /// Images in a registry or an `oci-dir:` layout, and files
    #[arg(value_name = "REF|FILE", required = true)]
    targets: Vec<String>,

    /// What is claimed: a JSON document
    #[arg(long, value_name = "FILE", required_unless_present = "scan")]
    predicate: Option<String>,

    #[command(flatten)]
    scanning: scan::Scanning,

    /// What kind of claim it is [default: what the document looks like]
    #[arg(long = "type", value_name = "TYPE")]
    kind: Option<String>,

    /// How the attestation is stored with the image
    #[arg(long, value_name = "HOW", default_value = "referrer")]
    storage: Storage,

    /// Where the bundle of a file goes, `-` for stdout [default: FILE.intoto.sigstore.json]
    #[arg(long, value_name = "FILE")]
    bundle: Option<String>,

    #[command(flatten)]
    signing: Signing,

    #[command(flatten)]
    reading: Reading,
}

impl Attest {
    pub(crate) fn run(self) -> anyhow::Result<Outcome> {
        let given = self.predicate.as_deref().map(|file| self.claim(file)).transpose()?;
        let options = self.reading.options()?;
        let (files, images): (Vec<&String>, Vec<&String>) =
            self.targets.iter().partition(|target| target::is_file(target));
        if self.bundle.is_some() && (files.len() != 1 || !images.is_empty()) {
            let why = "`--bundle` is for one file; an image's attestation is stored with the image";
            return Err(Usage(why.into()).into());
        }
        if let (Some(file), true) = (files.first(), given.is_none()) {
            return Err(Usage(format!("`{file}` is a file, and `--scan` is of images")).into());
        }
        let places = images.iter().map(|name| target::repository(name, &options));
        let places = places.collect::<anyhow::Result<Vec<_>>>()?;
        let subjects = files.iter().map(|file| attestation::file_subject(file));
        let subjects = subjects.collect::<anyhow::Result<Vec<_>>>()?;
        let scanner = match given {
            Some(_) => None,
            None => Some(self.scanning.ready(self.kind.as_deref(), &self.reading)?),
        };
        let ready = self.signing.ready()?;
        for (file, subject) in files.iter().zip(subjects) {
            let Some((kind, claim)) = &given else { continue };
            let payload = statement::about(&[subject], kind, claim);
            let place = self.bundle.clone().unwrap_or_else(|| {
                format!("{}{BUNDLE_SUFFIX}", file.strip_prefix("file:").unwrap_or(file))
            });
            attestation::write(&ready, &payload, &[&place])
                .with_context(|| format!("`{file}` was not attested"))?;
        }
        for (reference, repository) in &places {
            let subject = match &scanner {
                Some(_) => scan_claim::image(repository, &options)?,
                None => repository.subject()?,
            };
            let digest = &subject.descriptor.digest;
            let name = repository.name();
            let attest = || -> anyhow::Result<()> {
                let (kind, payload) = match (&given, &scanner) {
                    (Some((kind, claim)), _) => {
                        (kind.as_str(), statement::attestation(&name, digest, kind, claim))
                    }
                    (None, Some(scanner)) => {
                        let (kind, claim) = scanner.claim(reference, &subject)?;
                        (kind, plimsoll_supply::scan_claim::statement(&name, digest, kind, &claim))
                    }
                    (None, None) => return Ok(()),
                };
                let signed = attestation::sign(&ready, payload)?;
                attestation::attach(&ready, &signed, self.storage, repository, &subject, kind)
            };
            attest().with_context(|| format!("`{reference}` ({digest}) was not attested"))?;
            output::write(None, |out| writeln!(out, "{name}@{digest}"))?;
        }
        Ok(Outcome::Clean)
    }

    /// The type of the claim and the claim.
    fn claim(&self, file: &str) -> anyhow::Result<(String, Value)> {
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
