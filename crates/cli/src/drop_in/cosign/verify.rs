//! `cosign verify` and `cosign verify-attestation`: what was verified is on stdout, as cosign
//! prints it.

use std::path::PathBuf;

use plimsoll_image::attached::Registries;
use plimsoll_model::{Digest, Reference, ReferenceError};
use plimsoll_supply::evidence::{Evidence, Form};
use plimsoll_supply::sign::statement;
use plimsoll_supply::verify::{Report, Status};
use serde_json::{Value, json};

use super::{Registry, sign};
use crate::commands::verify::{Wanted, predicate_type};
use crate::drop_in::{NEAR, scanned};
use crate::exit::{Outcome, Usage, tell};
use crate::{clock, evidence, output, trust};

/// cosign's exit codes.
///
/// Source: <https://github.com/sigstore/cosign/blob/main/cmd/cosign/errors/exit_codes.go>.
const FAILED: u8 = 1;
const WITHOUT_SIGNATURE: u8 = 10;
const NO_MATCHING_SIGNATURE: u8 = 12;

/// Who must have signed images, and how they are got.
#[derive(Debug, clap::Args)]
struct Asked {
    /// Images
    #[arg(value_name = "IMAGE", required = true)]
    images: Vec<String>,

    #[command(flatten)]
    wanted: Wanted,

    /// The authorities and logs to trust
    #[arg(long, value_name = "FILE")]
    trusted_root: Option<PathBuf>,

    /// Refused: Rego and CEL are `plimsoll verify --type TYPE --rego FILE` or `--cel`
    #[arg(long, value_name = "FILE", help_heading = NEAR)]
    policy: Option<String>,

    /// No log is asked for; with a key none is here unless the signature has an entry
    #[arg(long, help_heading = NEAR)]
    insecure_ignore_tlog: bool,

    #[command(flatten)]
    registry: Registry,
}

/// Signatures.
#[derive(Debug, clap::Args)]
pub(super) struct Verify {
    #[command(flatten)]
    asked: Asked,
}

/// Attestations.
#[derive(Debug, clap::Args)]
pub(super) struct VerifyAttestation {
    #[command(flatten)]
    asked: Asked,

    /// Of this type: slsaprovenance, slsaprovenance1, link, spdxjson, cyclonedx, vuln, openvex, custom
    /// or a URI
    #[arg(long, value_name = "TYPE", default_value = "custom")]
    r#type: String,
}

/// An image and what holds of it.
struct Held {
    name: String,
    digest: Digest,
    good: Vec<(Evidence, Report)>,
}

impl Verify {
    pub(super) fn run(self) -> anyhow::Result<Outcome> {
        let found = match self.asked.held(Evidence::is_signature)? {
            Ok(found) => found,
            Err(code) => return Ok(Outcome::Gate(code)),
        };
        let mut documents = Vec::new();
        for held in &found {
            documents.extend(held.good.iter().map(|(one, _)| payload(held, one)));
        }
        output::write(None, |out| {
            serde_json::to_writer(&mut *out, &documents)?;
            writeln!(out)
        })?;
        Ok(Outcome::Clean)
    }
}

impl VerifyAttestation {
    pub(super) fn run(self) -> anyhow::Result<Outcome> {
        let uri = predicate_type(sign::kind(&self.r#type))?;
        let is_one = |it: &Evidence| it.predicate_type().as_ref() == Some(&uri);
        let found = match self.asked.held(is_one)? {
            Ok(found) => found,
            Err(code) => return Ok(Outcome::Gate(code)),
        };
        output::write(None, |out| {
            for (one, _) in found.iter().flat_map(|held| &held.good) {
                let document: Value = serde_json::from_slice(&one.bytes).unwrap_or_default();
                let envelope = document.get("dsseEnvelope").unwrap_or(&document);
                writeln!(out, "{envelope}")?;
            }
            Ok(())
        })?;
        Ok(Outcome::Clean)
    }
}

impl Asked {
    /// What holds of every image, or the code where nothing holds of one.
    fn held(self, is_wanted: impl Fn(&Evidence) -> bool) -> anyhow::Result<Result<Vec<Held>, u8>> {
        if self.policy.is_some() {
            let why = "cosign: `--policy` is not here: `plimsoll verify --type TYPE --rego FILE` or `--cel`";
            return Err(Usage(why.to_owned()).into());
        }
        if let Some(half) = self.wanted.lacks() {
            tell_lacking(half);
            return Ok(Err(FAILED));
        }
        let mut policy = self.wanted.policy()?;
        if self.insecure_ignore_tlog {
            policy.log_entries = Some(0);
        }
        let annotations = self.wanted.annotations()?;
        let root = trust::root(self.trusted_root.as_deref())?;
        let registries = Registries::new(self.registry.options(&self.images));
        let mut all = Vec::new();
        for image in &self.images {
            let reference: Reference =
                image.parse().map_err(|error: ReferenceError| Usage(error.to_string()))?;
            let repository = registries.repository(&reference)?;
            let digest = repository.subject()?.descriptor.digest;
            if !image.contains('@') {
                tell(&format!("note: cosign: `{image}` stands for {digest} now"));
            }
            let found = evidence::collect(&repository, &digest)?;
            let (mut good, mut refused) = (Vec::new(), Vec::new());
            for one in found.into_iter().filter(&is_wanted) {
                let report = one.judge(&digest, &annotations, &root, &policy, clock::now());
                if report.verified {
                    good.push((one, report));
                } else {
                    refused.push((one, report));
                }
            }
            if good.is_empty() {
                return Ok(Err(tell_refused(image, &refused)));
            }
            tell_verified(image, &good);
            all.push(Held { name: repository.name(), digest, good });
        }
        Ok(Ok(all))
    }
}

fn tell_refused(image: &str, refused: &[(Evidence, Report)]) -> u8 {
    let shown = image.escape_debug();
    if refused.is_empty() {
        tell(&format!("error: no signatures found: none hangs on `{shown}`"));
        return WITHOUT_SIGNATURE;
    }
    for (one, report) in refused {
        for step in report.steps.iter().filter(|step| step.status == Status::Failed) {
            let (expected, found) = (step.expected.escape_debug(), step.found.escape_debug());
            tell(&format!("{}: {}: expected {expected}, found {found}", one.place(), step.name));
        }
    }
    tell(&format!("error: no matching signatures: `{shown}`"));
    NO_MATCHING_SIGNATURE
}

fn tell_verified(image: &str, good: &[(Evidence, Report)]) {
    tell(&format!("\nVerification for {} --", image.escape_debug()));
    tell("The following checks were performed on each of these signatures:");
    if let Some((_, report)) = good.first() {
        for step in report.steps.iter().filter(|step| step.status == Status::Passed) {
            tell(&format!("  - {}: {}", step.name, step.found.escape_debug()));
        }
    }
}

/// Refuses as cosign does since version 2: without a key, somebody must be named.
fn tell_lacking(half: &str) {
    scanned::dated(
        "cosign",
        "verify IMAGE",
        "since cosign 2 it says whose signature is asked for: `--certificate-identity` and \
         `--certificate-oidc-issuer`, or `--key`",
    );
    let why = format!(
        "--certificate-{half} or --certificate-{half}-regexp is required for verification in keyless mode"
    );
    tell(&format!("Error: {why}"));
    tell(&format!("error during command execution: {why}"));
}

/// What was signed: the text itself, or for a bundle one of the same shape.
fn payload(held: &Held, one: &Evidence) -> Value {
    if one.form == Form::Simple
        && let Ok(text) = serde_json::from_slice::<Value>(&one.bytes)
    {
        return text;
    }
    let annotations = one.annotations_of(&held.digest);
    json!({
        "critical": {
            "identity": { "docker-reference": held.name },
            "image": { "docker-manifest-digest": held.digest.to_string() },
            "type": statement::SIGNATURE,
        },
        "optional": annotations.unwrap_or_else(|| json!({})),
    })
}
