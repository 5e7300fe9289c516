//! Images: every signature or attestation that hangs on one is a candidate, and one that holds is
//! enough.

use plimsoll_image::attached::Repository;
use plimsoll_model::Digest;
use plimsoll_supply::artefact::Artefact;
use plimsoll_supply::bundle::Bundle;
use plimsoll_supply::error::Error;
use plimsoll_supply::hash::{HashAlgorithm, from_hex};
use plimsoll_supply::sign::predicate::Predicate;
use plimsoll_supply::trust::TrustedRoot;
use plimsoll_supply::verify::{Policy, Report, step, verify};
use serde_json::Value;

use crate::clock;
use crate::evidence::{self, Evidence, Form};
use crate::exit::Usage;

/// One candidate and what came of it.
pub(super) struct Candidate {
    /// What it is and where, for people.
    pub(super) name: String,
    /// The image.
    pub(super) artefact: Artefact,
    /// Every check.
    pub(super) report: Report,
}

/// Which candidates count: signatures, or attestations of one type.
pub(super) fn wanted(kind: Option<&str>) -> Result<Option<String>, Usage> {
    kind.map(|name| match Predicate::named(name) {
        Some(kind) => Ok(kind.uri.to_owned()),
        None if name.contains("://") => Ok(name.to_owned()),
        None => Err(Usage(format!("unknown type `{name}`: `plimsoll attest --help` lists them"))),
    })
    .transpose()
}

/// Verifies what hangs on `subject`, and stops at the first that holds.
pub(super) fn candidates(
    repository: &Repository,
    subject: &Digest,
    wanted: Option<&str>,
    policy: &Policy,
    root: &TrustedRoot,
) -> anyhow::Result<Vec<Candidate>> {
    let counts = |it: &Evidence| match wanted {
        None => it.is_signature(),
        Some(uri) => it.predicate_type().as_deref() == Some(uri),
    };
    let mut done = Vec::new();
    for evidence in evidence::collect(repository, subject)?.into_iter().filter(counts) {
        let place = evidence.tag.as_ref().map_or("referrer".into(), |tag| format!("tag .{tag}"));
        let name = format!("{} ({place} {})", repository.name(), evidence.manifest.short());
        let (artefact, report) = judged(&evidence, subject, policy, root);
        let holds = report.verified;
        done.push(Candidate { name, artefact, report });
        if holds {
            break;
        }
    }
    Ok(done)
}

/// Every bundle that refers to `subject`.
pub(super) fn bundles(
    repository: &Repository,
    subject: &Digest,
) -> anyhow::Result<Vec<Result<Bundle, Error>>> {
    let all = evidence::collect(repository, subject)?;
    let bundles = all.iter().filter(|it| it.form == Form::Bundle);
    Ok(bundles.map(Evidence::bundle).collect())
}

/// The image, of which only the digest is known.
pub(super) fn artefact(subject: &Digest) -> Artefact {
    let hash = HashAlgorithm::named(subject.algorithm().name()).unwrap_or(HashAlgorithm::Sha256);
    Artefact::digest_only(hash, from_hex(subject.hex()).unwrap_or_default())
}

fn judged(
    evidence: &Evidence,
    subject: &Digest,
    policy: &Policy,
    root: &TrustedRoot,
) -> (Artefact, Report) {
    let image = artefact(subject);
    let bundle = match evidence.bundle() {
        Ok(bundle) => bundle,
        Err(error) => {
            let place = evidence.manifest.to_string();
            let report =
                Report::unreadable(step::BUNDLE, "a signature", &error.to_string(), &place);
            return (image, report);
        }
    };
    if evidence.form != Form::Simple {
        let report = verify(&bundle, &image, root, policy, clock::now());
        return (image, report);
    }
    // What is signed is a text that names the image: both must hold.
    let named = named_image(&evidence.bytes);
    if named.as_deref() != Some(subject.to_string().as_str()) {
        let found = named.unwrap_or_else(|| "no image".into());
        let place = "docker-manifest-digest";
        let report = Report::unreadable(step::ARTEFACT, &subject.to_string(), &found, place);
        return (image, report);
    }
    let text = Artefact::bytes(evidence.bytes.clone());
    let report = verify(&bundle, &text, root, policy, clock::now());
    (image, report)
}

/// The digest that a payload of simple signing names, if it is one.
fn named_image(payload: &[u8]) -> Option<String> {
    let payload: Value = serde_json::from_slice(payload).ok()?;
    let critical = payload.get("critical")?;
    let kinds = ["cosign container image signature", "atomic container signature"];
    let kind = critical.get("type")?.as_str()?;
    let digest = critical.get("image")?.get("docker-manifest-digest")?.as_str()?;
    kinds.contains(&kind).then(|| digest.to_owned())
}

#[cfg(test)]
mod tests {
    use super::named_image;

    #[test]
    fn a_payload_of_another_type_names_no_image() {
        let payload = |kind: &str| {
            format!(
                r#"{{"critical": {{"type": "{kind}", "image": {{"docker-manifest-digest": "d"}}}}}}"#
            )
        };
        let named = |kind| named_image(payload(kind).as_bytes());
        assert_eq!(named("cosign container image signature").as_deref(), Some("d"));
        assert_eq!(named("something else"), None);
    }
}
