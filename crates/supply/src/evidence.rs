//! What was signed about an image, in whichever form it is stored, and what it proves.
//!
//! Where it comes from is the caller's matter: nothing is fetched here.

use std::collections::BTreeMap;

use plimsoll_model::{Digest, Timestamp};
use serde_json::Value;

use crate::artefact::Artefact;
use crate::bundle::{Bundle, Content};
use crate::cosign;
use crate::error::Error;
use crate::hash::{HashAlgorithm, from_hex};
use crate::intoto::Statement;
use crate::json;
use crate::sign::statement;
use crate::trust::TrustedRoot;
use crate::verify::{Policy, Report, Status, Step, step, verify};

/// The start of every bundle's media type, with and without a version in it.
pub const BUNDLE: &str = "application/vnd.dev.sigstore.bundle";

/// How it is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// One document with everything in it.
    Bundle,
    /// A DSSE envelope, the rest in annotations.
    Envelope,
    /// What was signed is the layer, the signature is in its annotations.
    Simple,
}

impl Form {
    /// The form of a layer with that media type.
    pub fn of(media_type: &str) -> Option<Self> {
        match media_type {
            cosign::SIMPLE_SIGNING_MEDIA_TYPE => Some(Self::Simple),
            cosign::ENVELOPE_MEDIA_TYPE => Some(Self::Envelope),
            kind if kind.starts_with(BUNDLE) => Some(Self::Bundle),
            _ => None,
        }
    }
}

/// One signature or attestation.
#[derive(Debug, Clone)]
pub struct Evidence {
    /// Where it is: the digest of its manifest.
    pub manifest: Digest,
    /// The tag that it was found under; none where it refers to the image.
    pub tag: Option<String>,
    /// How it is written.
    pub form: Form,
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// What its descriptor says of it.
    pub annotations: BTreeMap<String, String>,
}

impl Evidence {
    /// It as a bundle, which no one has verified.
    pub fn bundle(&self) -> Result<Bundle, Error> {
        let annotation = |name: &str| self.annotations.get(name).map(String::as_str);
        match self.form {
            Form::Bundle => Bundle::parse(&self.bytes),
            Form::Envelope => cosign::bundle(&self.bytes, true, annotation),
            Form::Simple => cosign::bundle(&self.bytes, false, annotation),
        }
    }

    /// The type of what it claims; `None` of a signature that is no statement.
    pub fn predicate_type(&self) -> Option<String> {
        match self.bundle().ok()?.content {
            Content::Envelope(envelope) => Some(Statement::of(&envelope).ok()?.predicate_type),
            Content::Message { .. } => None,
        }
    }

    /// Whether it signs the image, and claims nothing else.
    pub fn is_signature(&self) -> bool {
        self.form == Form::Simple
            || self.predicate_type().is_some_and(|uri| uri == statement::SIGNATURE)
    }

    /// Where it is, for people: `referrer 0a1b…` or `tag .sig 0a1b…`.
    pub fn place(&self) -> String {
        let place = self.tag.as_ref().map_or("referrer".into(), |tag| format!("tag .{tag}"));
        format!("{place} {}", self.manifest.short())
    }

    /// Checks that it is the word of the one whom `policy` names about `image`, and that its
    /// signer said of the image all that `annotations` ask for.
    pub fn judge(
        &self,
        image: &Digest,
        annotations: &BTreeMap<String, String>,
        root: &TrustedRoot,
        policy: &Policy,
        now: Timestamp,
    ) -> Report {
        let bundle = match self.bundle() {
            Ok(bundle) => bundle,
            Err(error) => {
                let place = self.manifest.to_string();
                return Report::unreadable(step::BUNDLE, "a signature", &error.to_string(), &place);
            }
        };
        let mut report = if self.form == Form::Simple {
            // What is signed is a text that names the image: both must hold.
            let named = named_image(&self.bytes);
            if named.as_deref() != Some(image.to_string().as_str()) {
                let found = named.unwrap_or_else(|| "no image".into());
                let place = "docker-manifest-digest";
                return Report::unreadable(step::ARTEFACT, &image.to_string(), &found, place);
            }
            let text = Artefact::bytes(self.bytes.clone());
            verify(&bundle, &text, root, policy, now)
        } else {
            verify(&bundle, &artefact(image), root, policy, now)
        };
        if !annotations.is_empty() {
            let said = self.said(&bundle, image);
            for (name, wanted) in annotations {
                let found = said.as_ref().and_then(|said| said.get(name));
                check_annotation(&mut report, name, wanted, found);
            }
        }
        report
    }

    /// What the signer says of an image, believed or not.
    pub fn annotations_of(&self, image: &Digest) -> Option<Value> {
        self.said(&self.bundle().ok()?, image)
    }

    fn said(&self, bundle: &Bundle, image: &Digest) -> Option<Value> {
        match &bundle.content {
            Content::Envelope(envelope) => said_of(&envelope.payload.0, image),
            Content::Message { .. } => said_in(&self.bytes),
        }
    }
}

/// An image of which only the digest is at hand.
pub fn artefact(image: &Digest) -> Artefact {
    let hash = HashAlgorithm::named(image.algorithm().name()).unwrap_or(HashAlgorithm::Sha256);
    Artefact::digest_only(hash, from_hex(image.hex()).unwrap_or_default())
}

fn check_annotation(report: &mut Report, name: &str, wanted: &str, found: Option<&Value>) {
    let ok = found.and_then(Value::as_str) == Some(wanted);
    let found = match found {
        None => format!("{name} is not stated"),
        Some(Value::String(text)) => format!("{name}={text}"),
        Some(other) => format!("{name}={other}"),
    };
    report.steps.push(Step {
        name: step::ANNOTATION,
        status: if ok { Status::Passed } else { Status::Failed },
        expected: format!("{name}={wanted}"),
        found,
        place: "annotations".into(),
    });
    report.verified &= ok;
}

/// What the signer of a statement says of the subject that is the image.
fn said_of(payload: &[u8], image: &Digest) -> Option<Value> {
    let statement = json::value("in-toto statement", payload).ok()?;
    let is_image = |subject: &&Value| {
        let digest = subject.get("digest").and_then(|it| it.get(image.algorithm().name()));
        digest.and_then(Value::as_str) == Some(image.hex())
    };
    let subject = statement.get("subject")?.as_array()?.iter().find(is_image)?;
    subject.get("annotations").cloned()
}

/// What the signer says in a payload of simple signing.
fn said_in(payload: &[u8]) -> Option<Value> {
    json::value("simple signing payload", payload).ok()?.get("optional").cloned()
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
    use super::*;

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

    #[test]
    fn an_annotation_counts_where_it_is_the_very_text() {
        let holds = |found: Option<Value>| {
            let mut report = Report { verified: true, ..Report::default() };
            check_annotation(&mut report, "env", "1", found.as_ref());
            report.verified
        };
        assert!(holds(Some("1".into())));
        assert!(!holds(Some(1.into())), "a number is no text");
        assert!(!holds(Some("12".into())) && !holds(None));
    }
}
