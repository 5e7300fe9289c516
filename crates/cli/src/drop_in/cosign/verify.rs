//! `cosign verify` and `cosign verify-attestation`: what was verified is on stdout, as cosign
//! prints it.

use std::collections::BTreeSet;
use std::path::PathBuf;

use plimsoll_image::ImageError;
use plimsoll_image::attached::Registries;
use plimsoll_model::{Digest, Reference, ReferenceError};
use plimsoll_supply::bundle::Signer;
use plimsoll_supply::certificate::Identity;
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
const WITHOUT_TAG: u8 = 11;
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

    /// No log is asked for; with a key none is here unless the signature has an entry
    #[arg(long, alias = "private-infrastructure", help_heading = NEAR)]
    insecure_ignore_tlog: bool,

    /// The certificate need not be published
    #[arg(long)]
    insecure_ignore_sct: bool,

    #[command(flatten)]
    registry: Registry,
}

/// Signatures.
#[derive(Debug, clap::Args)]
pub(super) struct Verify {
    #[command(flatten)]
    asked: Asked,

    /// json, or text: one a line
    #[arg(short, long, value_name = "FORMAT", default_value = "json")]
    output: String,
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

    /// json; text is refused
    #[arg(short, long, value_name = "FORMAT", default_value = "json", help_heading = NEAR)]
    output: String,
}

/// Which of the two is asked for.
#[derive(Clone, Copy)]
enum Claim<'a> {
    Signature,
    /// By its type, and by the name that it was asked for.
    Attestation(&'a str, &'a str),
}

/// An image and what holds of it.
struct Held {
    /// As it was named.
    name: String,
    digest: Digest,
    good: Vec<(Evidence, Report)>,
}

impl Verify {
    pub(super) fn run(self) -> anyhow::Result<Outcome> {
        if !["json", "text"].contains(&self.output.as_str()) {
            let why = format!("--output: `{}` is neither json nor text", self.output);
            return Err(Usage(why).into());
        }
        let found = match self.asked.held(Claim::Signature)? {
            Ok(found) => found,
            Err(code) => return Ok(Outcome::Gate(code)),
        };
        let mut documents = Vec::new();
        for held in &found {
            documents.extend(held.good.iter().map(|(one, _)| payload(held, one)));
        }
        output::write(None, |out| {
            if self.output == "text" {
                return documents.iter().try_for_each(|one| writeln!(out, "{one}"));
            }
            serde_json::to_writer(&mut *out, &documents)?;
            writeln!(out)
        })?;
        Ok(Outcome::Clean)
    }
}

impl VerifyAttestation {
    pub(super) fn run(self) -> anyhow::Result<Outcome> {
        if self.output != "json" {
            let why = format!("--output: `{}`: attestations are printed as JSON", self.output);
            return Err(Usage(why).into());
        }
        let uri = predicate_type(sign::kind(&self.r#type))?;
        let found = match self.asked.held(Claim::Attestation(&uri, &self.r#type))? {
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

impl Claim<'_> {
    fn is_met_by(self, one: &Evidence) -> bool {
        match self {
            Self::Signature => one.is_signature(),
            Self::Attestation(uri, _) => one.predicate_type().as_deref() == Some(uri),
        }
    }

    /// Says that none is there, and the code of it.
    fn tell_none(self, image: &str, found: &[Evidence]) -> u8 {
        let shown = image.escape_debug();
        let Self::Attestation(_, name) = self else {
            tell(&format!("error: no signatures found: none hangs on `{shown}`"));
            return WITHOUT_SIGNATURE;
        };
        let types: BTreeSet<String> = found.iter().filter_map(Evidence::predicate_type).collect();
        if types.is_empty() {
            tell(&format!("error: no matching attestations: none hangs on `{shown}`"));
        } else {
            let types: Vec<String> = types.iter().map(|it| it.escape_debug().to_string()).collect();
            tell(&format!(
                "error: none of the attestations matched the predicate type: {}, found: {}",
                name.escape_debug(),
                types.join(",")
            ));
        }
        FAILED
    }

    /// Says which are there and why none of them counts, and the code of it.
    fn tell_refused(self, image: &str, refused: &[(Evidence, Report)]) -> u8 {
        let shown = image.escape_debug();
        for (one, report) in refused {
            for step in report.steps.iter().filter(|step| step.status == Status::Failed) {
                let (expected, found) = (step.expected.escape_debug(), step.found.escape_debug());
                tell(&format!(
                    "{}: {}: expected {expected}, found {found}",
                    one.place(),
                    step.name
                ));
            }
        }
        // cosign 3 takes the image's bundles for attestations, which its older form has a tag of its own for.
        let is_older = refused.iter().all(|(one, _)| one.form != Form::Bundle);
        if is_older && matches!(self, Self::Signature) {
            tell(&format!("error: no matching signatures: `{shown}`"));
            return NO_MATCHING_SIGNATURE;
        }
        tell(&format!("error: no matching attestations: `{shown}`"));
        FAILED
    }
}

impl Asked {
    /// What holds of every image, or the code where nothing holds of one.
    fn held(self, claim: Claim<'_>) -> anyhow::Result<Result<Vec<Held>, u8>> {
        if let Some(half) = self.wanted.lacks() {
            tell_lacking(half);
            return Ok(Err(FAILED));
        }
        let mut policy = self.wanted.policy()?;
        if self.insecure_ignore_tlog {
            policy.log_entries = Some(0);
        }
        if self.insecure_ignore_sct {
            policy.certificate_logs = 0;
        }
        let annotations = self.wanted.annotations()?;
        let root = trust::root(self.trusted_root.as_deref())?;
        let registries = Registries::new(self.registry.options(&self.images));
        let mut all = Vec::new();
        for image in &self.images {
            let reference: Reference =
                image.parse().map_err(|error: ReferenceError| Usage(error.to_string()))?;
            let repository = registries.repository(&reference)?;
            let digest = match repository.subject() {
                Ok(subject) => subject.descriptor.digest,
                Err(why @ ImageError::NotFound { .. }) if matches!(claim, Claim::Signature) => {
                    tell(&format!("error: image tag not found: {why}"));
                    return Ok(Err(WITHOUT_TAG));
                }
                Err(why) => return Err(why.into()),
            };
            if !image.contains('@') {
                tell(&format!("note: cosign: `{image}` stands for {digest} now"));
            }
            let found = evidence::collect(&repository, &digest)?;
            let (mut good, mut refused) = (Vec::new(), Vec::new());
            if !found.iter().any(|one| claim.is_met_by(one)) {
                return Ok(Err(claim.tell_none(image, &found)));
            }
            for one in found.into_iter().filter(|one| claim.is_met_by(one)) {
                let report = one.judge(&digest, &annotations, &root, &policy, clock::now());
                if report.verified {
                    good.push((one, report));
                } else {
                    refused.push((one, report));
                }
            }
            if good.is_empty() {
                return Ok(Err(claim.tell_refused(image, &refused)));
            }
            tell_verified(image, &good);
            all.push(Held { name: image.clone(), digest, good });
        }
        Ok(Ok(all))
    }
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

/// What was signed: the text itself with who signed it, or for a bundle one of the same shape.
fn payload(held: &Held, one: &Evidence) -> Value {
    if one.form == Form::Simple
        && let Ok(mut text) = serde_json::from_slice::<Value>(&one.bytes)
    {
        add_signer(&mut text, one);
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

/// What of a certificate stands beside the claim, by cosign's name where it has one and by the
/// extension's number.
///
/// Source: <https://github.com/sigstore/cosign/blob/main/pkg/cosign/certextensions.go>.
const EXTENSIONS: [(u8, &str); 5] = [
    (2, "githubWorkflowTrigger"),
    (3, "githubWorkflowSha"),
    (4, "githubWorkflowName"),
    (5, "githubWorkflowRepository"),
    (6, "githubWorkflowRef"),
];

/// The number that Fulcio's extensions begin with.
const ARC: &str = "1.3.6.1.4.1.57264.1";

/// Adds who signed, where a certificate says so.
fn add_signer(text: &mut Value, one: &Evidence) {
    let Ok(bundle) = one.bundle() else { return };
    let Signer::Certificate(certificate, _) = &bundle.signer else { return };
    let (Ok(identity), Some(claim)) = (Identity::of(certificate), text.as_object_mut()) else {
        return;
    };
    let optional = claim.entry("optional").or_insert(Value::Null);
    if optional.is_null() {
        *optional = json!({});
    }
    let Some(optional) = optional.as_object_mut() else { return };
    optional.insert("Subject".to_owned(), json!(identity.subject().unwrap_or_default()));
    if let Some(issuer) = &identity.issuer {
        optional.insert("Issuer".to_owned(), json!(issuer));
        optional.insert(format!("{ARC}.1"), json!(issuer));
    }
    for (extension, value) in &identity.extensions {
        if let Some((_, name)) = EXTENSIONS.iter().find(|(arc, _)| *arc == extension.arc) {
            optional.insert((*name).to_owned(), json!(value));
            optional.insert(format!("{ARC}.{}", extension.arc), json!(value));
        }
    }
}
