//! Provenance of the builders that run in GitHub Actions.

use super::builder::{self, BuilderId};
use super::predicate::Provenance;
use super::refusal::{Refusal, RefusalKind};
use super::workflow::{ISSUER, Workflow};
use super::{Expectation, Verified, claims, git};
use crate::bundle::{Bundle, Content, Signer};
use crate::certificate::Certificate;
use crate::dsse::Envelope;
use crate::error::Error;
use crate::trust::TrustedRoot;
use crate::verify::{IdentityPolicy, Pattern, Policy, Report, step, verify_statement};
use plimsoll_model::Timestamp;

/// Checks the provenance of a file: a bundle of Sigstore's, or an envelope with a certificate.
pub fn verify_artifact(
    provenance: &[u8],
    expected: &Expectation,
    root: &TrustedRoot,
) -> Result<Verified, Refusal> {
    check_authority(expected)?;
    let signed = match Bundle::parse(provenance) {
        Ok(bundle) => Signed::check(bundle, root, Proof::Logged)?,
        Err(error) if looks_like_bundle(provenance) => return Err(unreadable(&error)),
        Err(_) => Signed::check(from_envelope(provenance)?, root, Proof::Certificate)?,
    };
    signed.meets(expected, builder::FOR_ARTIFACTS)
}

/// Checks an attestation that GitHub made: the builder must be named.
pub fn verify_attestation(
    attestation: &[u8],
    expected: &Expectation,
    root: &TrustedRoot,
) -> Result<Verified, Refusal> {
    check_authority(expected)?;
    let bundle = Bundle::parse(attestation).map_err(|error| unreadable(&error))?;
    Signed::check(bundle, root, Proof::Logged)?.meets(expected, &[])
}

/// Checks the attestations of an image, of which one must meet the demands.
pub fn verify_image(
    attestations: Vec<Bundle>,
    expected: &Expectation,
    root: &TrustedRoot,
) -> Result<Verified, Refusal> {
    check_authority(expected)?;
    let mut first = None;
    for bundle in attestations {
        // An attestation that is not properly signed is none.
        let Ok(signed) = Signed::check(bundle, root, Proof::Logged) else { continue };
        match signed.meets(expected, builder::FOR_IMAGES) {
            Ok(verified) => return Ok(verified),
            Err(refusal) => first = first.or(Some(refusal)),
        }
    }
    let none = || Refusal::new(RefusalKind::NoValidSignature, "no attestation is properly signed");
    Err(first.unwrap_or_else(none))
}

/// A builder that the caller names must be one that this module knows about.
fn check_authority(expected: &Expectation) -> Result<(), Refusal> {
    let Some(id) = expected.builder_id.as_deref().filter(|id| !id.is_empty()) else {
        return Ok(());
    };
    let name = BuilderId::parse(id)?.name;
    if name.starts_with("https://github.com/") {
        return Ok(());
    }
    if name == builder::CLOUD_BUILD {
        let why = "Google Cloud Build makes provenance of images only";
        return Err(Refusal::new(RefusalKind::NotSupported, why));
    }
    Err(Refusal::new(RefusalKind::VerifierNotSupported, format!("the builder `{id}`")))
}

fn unreadable(error: &Error) -> Refusal {
    Refusal::new(RefusalKind::InvalidFormat, error.to_string())
}

/// Whether a document says that it is a bundle, so that its errors are those of one.
fn looks_like_bundle(bytes: &[u8]) -> bool {
    crate::json::value("bundle", bytes).is_ok_and(|value| value.get("mediaType").is_some())
}

/// An envelope whose one signature brings its certificate, as the generators write it.
fn from_envelope(bytes: &[u8]) -> Result<Bundle, Refusal> {
    let envelope = Envelope::parse(bytes)
        .map_err(|error| Refusal::new(RefusalKind::InvalidDssePayload, error.to_string()))?;
    let [signature] = envelope.signatures.as_slice() else {
        let why = "the envelope has not exactly one signature";
        return Err(Refusal::new(RefusalKind::InvalidDssePayload, why));
    };
    let certificate = signature.cert.as_deref().filter(|pem| !pem.is_empty()).ok_or_else(|| {
        Refusal::new(RefusalKind::RekorSearch, "the envelope holds no certificate")
    })?;
    let certificate = Certificate::from_bytes(certificate.as_bytes())
        .map_err(|error| Refusal::new(RefusalKind::InvalidCertificate, error.to_string()))?;
    Ok(Bundle {
        version: "envelope",
        content: Content::Envelope(envelope),
        signer: Signer::Certificate(Box::new(certificate), Vec::new()),
        entries: Vec::new(),
        timestamps: Vec::new(),
        envelope_bytes: Some(bytes.to_vec()),
    })
}

/// What proves when a signature was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Proof {
    /// A log.
    Logged,
    /// Nothing: the certificate is judged at its own beginning.
    Certificate,
}

/// Provenance with a signature that holds, of a signer in GitHub Actions.
pub(super) struct Signed {
    pub(super) envelope: Envelope,
    pub(super) certificate: Certificate,
    report: Report,
    proof: Proof,
}

impl Signed {
    pub(super) fn check(bundle: Bundle, root: &TrustedRoot, proof: Proof) -> Result<Self, Refusal> {
        let Signer::Certificate(certificate, _) = &bundle.signer else {
            let why = "the signer has no certificate";
            return Err(Refusal::new(RefusalKind::InvalidCertificate, why));
        };
        let certificate = (**certificate).clone();
        let anyone_on_github =
            Pattern::regex("^https://github\\.com/").map_err(|it| unreadable(&it))?;
        let mut policy = Policy::identities(vec![IdentityPolicy {
            subject: Some(anyone_on_github),
            issuer: Some(Pattern::Exact(ISSUER.into())),
            extensions: Vec::new(),
        }]);
        policy.root_in_bundle = true;
        if proof == Proof::Certificate {
            policy.log_entries = Some(0);
            policy.times = 0;
            policy.assumed_time = Some(certificate.not_before());
        }
        let report = verify_statement(&bundle, root, &policy, Timestamp::from_unix(0));
        if let Some(refusal) = refusal_of(&report) {
            return Err(refusal);
        }
        let Content::Envelope(envelope) = bundle.content else {
            return Err(Refusal::new(RefusalKind::InvalidDssePayload, "no envelope"));
        };
        Ok(Self { envelope, certificate, report, proof })
    }

    fn meets(self, expected: &Expectation, defaults: &[&str]) -> Result<Verified, Refusal> {
        let workflow = Workflow::of(&self.certificate)?;
        let wanted = expected.builder_id.as_deref().filter(|id| !id.is_empty());
        let (builder, delegates) = check_builder(&workflow, wanted, defaults, expected.testing)?;
        check_repository(&workflow, &expected.source_uri)?;
        let provenance = Provenance::of(&builder.name, &self.envelope)?;
        let stated = BuilderId::parse(provenance.builder_id())?;
        if delegates {
            check_delegated(&provenance, &stated, wanted, expected.testing)?;
        } else {
            stated.check_full(&builder.to_string())?;
        }
        claims::check(&provenance, expected)?;
        let builder_id = if delegates { stated.to_string() } else { builder.to_string() };
        Ok(self.verified(builder_id))
    }

    pub(super) fn verified(self, builder_id: String) -> Verified {
        let logged = self.proof == Proof::Logged;
        let (statement, report) = (self.envelope.payload.0, self.report);
        Verified { builder_id, statement, report, logged }
    }
}

/// The refusal that a report of the signature amounts to, the signature itself first.
pub(super) fn refusal_of(report: &Report) -> Option<Refusal> {
    if report.verified {
        return None;
    }
    let of_signature = report.failures().find(|failed| failed.name == step::SIGNATURE);
    let Some(failed) = of_signature.or_else(|| report.failure()) else {
        return Some(Refusal::new(RefusalKind::NoValidSignature, "the checks did not end"));
    };
    let kind = match failed.name {
        step::SIGNATURE => RefusalKind::InvalidSignature,
        step::ARTEFACT => RefusalKind::InvalidDssePayload,
        step::LOG_ENTRY
        | step::LOG_PROMISE
        | step::LOG_PROOF
        | step::CHECKPOINT
        | step::LOG_COUNT => RefusalKind::InvalidRekorEntry,
        step::ISSUER => RefusalKind::InvalidOIDCIssuer,
        _ => RefusalKind::InvalidCertificate,
    };
    let (name, expected, found) = (failed.name, &failed.expected, &failed.found);
    Some(Refusal::new(kind, format!("{name}: expected {expected}, found {found}")))
}

/// The builder that the certificate names, and whether it calls another one, which the provenance
/// names then.
pub(super) fn check_builder(
    workflow: &Workflow,
    wanted: Option<&str>,
    defaults: &[&str],
    testing: bool,
) -> Result<(BuilderId, bool), Refusal> {
    claims::same(RefusalKind::InvalidOIDCIssuer, ISSUER, &workflow.issuer)?;
    let id = format!("{}@{}", workflow.name, workflow.reference);
    let trusted = defaults.contains(&workflow.name.as_str());
    let untrusted = |why: String| Refusal::new(RefusalKind::UntrustedReusableWorkflow, why);
    if wanted.is_none() && !trusted {
        return Err(untrusted(format!("`{}`, and no builder was demanded", workflow.name)));
    }
    let builder = BuilderId::parse_with_version(&id)?;
    let delegates = builder.is_delegator() && trusted;
    if let Some(wanted) = wanted.filter(|_| !delegates) {
        builder.check(wanted, true).map_err(|refusal| untrusted(refusal.why))?;
    }
    if testing && builder::TEST_REPOSITORIES.contains(&workflow.repository.as_str()) {
        builder::check_test_reference(&workflow.reference)?;
    } else {
        builder::check_tag(&workflow.reference)?;
    }
    Ok((builder, delegates))
}

/// The repository of the certificate is the one that the caller demands.
pub(super) fn check_repository(workflow: &Workflow, expected: &str) -> Result<(), Refusal> {
    let wanted = expected.strip_prefix("git+https://").unwrap_or(expected);
    let wanted = wanted.strip_prefix("github.com/").unwrap_or(wanted);
    claims::same(RefusalKind::MismatchSource, wanted, &workflow.repository)
}

/// The builder that a delegator called: a release, and the one that the caller demands or else
/// one of the generators' own.
fn check_delegated(
    provenance: &Provenance,
    stated: &BuilderId,
    wanted: Option<&str>,
    testing: bool,
) -> Result<(), Refusal> {
    let Some(reference) = &stated.version else {
        let why = format!("the builder `{stated}` without a version");
        return Err(Refusal::new(RefusalKind::InvalidBuilderID, why));
    };
    if stated.name.starts_with("https://github.com/jreleaser/release-action") {
        builder::check_jreleaser_tag(reference)?;
    } else {
        let (repository, _) = git::split_uri(provenance.source_uri()?)?;
        let at_head = testing
            && repository == git::normalize_uri(builder::END_TO_END_REPOSITORY)
            && reference == builder::HEAD;
        if !at_head {
            builder::check_tag(reference)?;
        }
    }
    match wanted {
        Some(wanted) => stated.check(wanted, true),
        None if stated.name.starts_with(builder::GENERATOR_WORKFLOWS) => Ok(()),
        None => {
            let (kind, prefix) = (RefusalKind::InvalidBuilderID, builder::GENERATOR_WORKFLOWS);
            Err(Refusal::mismatch(kind, &format!("{prefix}…"), &stated.name))
        }
    }
}
