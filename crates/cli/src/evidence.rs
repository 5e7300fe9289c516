//! What was signed about an image, wherever and in whichever form it is stored: bundles that refer
//! to it, and what cosign keeps under its tags.

use std::collections::BTreeMap;

use plimsoll_image::ImageError;
use plimsoll_image::attached::{Repository, Stored};
use plimsoll_image::oci::Descriptor;
use plimsoll_model::Digest;
use plimsoll_supply::bundle::{Bundle, Content};
use plimsoll_supply::intoto::Statement;
use plimsoll_supply::sign::statement;
use plimsoll_supply::{Error, cosign};

/// The start of every bundle's media type, with and without a version in it.
const BUNDLE: &str = "application/vnd.dev.sigstore.bundle";

/// How it is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// One document with everything in it.
    Bundle,
    /// A DSSE envelope, the rest in annotations.
    Envelope,
    /// What was signed is the layer, the signature is in its annotations.
    Simple,
}

/// One signature or attestation.
#[derive(Debug, Clone)]
pub(crate) struct Evidence {
    /// Where it is: the digest of its manifest.
    pub(crate) manifest: Digest,
    /// The tag that it was found under; none where it refers to the image.
    pub(crate) tag: Option<String>,
    /// How it is written.
    pub(crate) form: Form,
    /// Its bytes.
    pub(crate) bytes: Vec<u8>,
    /// What its descriptor says of it.
    pub(crate) annotations: BTreeMap<String, String>,
}

impl Evidence {
    /// It as a bundle, which no one has verified.
    pub(crate) fn bundle(&self) -> Result<Bundle, Error> {
        let annotation = |name: &str| self.annotations.get(name).map(String::as_str);
        match self.form {
            Form::Bundle => Bundle::parse(&self.bytes),
            Form::Envelope => cosign::bundle(&self.bytes, true, annotation),
            Form::Simple => cosign::bundle(&self.bytes, false, annotation),
        }
    }

    /// The type of what it claims; `None` of a signature that is no statement.
    pub(crate) fn predicate_type(&self) -> Option<String> {
        match self.bundle().ok()?.content {
            Content::Envelope(envelope) => Some(Statement::of(&envelope).ok()?.predicate_type),
            Content::Message { .. } => None,
        }
    }

    /// Whether it signs the image, and claims nothing else.
    pub(crate) fn is_signature(&self) -> bool {
        self.form == Form::Simple
            || self.predicate_type().is_some_and(|uri| uri == statement::SIGNATURE)
    }
}

/// Everything that hangs on `subject`, referrers first.
pub(crate) fn collect(
    repository: &Repository,
    subject: &Digest,
) -> Result<Vec<Evidence>, ImageError> {
    let mut found = Vec::new();
    for entry in repository.referrers(subject, None)? {
        let is_ours = entry.artifact_type.as_deref().is_none_or(is_known_type);
        if is_ours {
            read(repository, &repository.manifest(&entry.digest)?, None, &mut found)?;
        }
    }
    for kind in ["sig", "att"] {
        if let Some(stored) = repository.tagged(subject, kind)? {
            read(repository, &stored, Some(kind), &mut found)?;
        }
    }
    Ok(found)
}

/// Other referrers, such as bills of materials without a signature, are not asked for.
fn is_known_type(artifact_type: &str) -> bool {
    artifact_type.starts_with(BUNDLE)
        || artifact_type.starts_with("application/vnd.dev.cosign.artifact.")
        || artifact_type == statement::PAYLOAD_TYPE
}

fn read(
    repository: &Repository,
    stored: &Stored,
    tag: Option<&str>,
    found: &mut Vec<Evidence>,
) -> Result<(), ImageError> {
    for layer in &stored.manifest.layers {
        if let Some(form) = form(layer) {
            found.push(Evidence {
                manifest: stored.descriptor.digest.clone(),
                tag: tag.map(str::to_owned),
                form,
                bytes: repository.piece(layer)?,
                annotations: layer.annotations.clone(),
            });
        }
    }
    Ok(())
}

fn form(layer: &Descriptor) -> Option<Form> {
    match layer.media_type.as_str() {
        cosign::SIMPLE_SIGNING_MEDIA_TYPE => Some(Form::Simple),
        cosign::ENVELOPE_MEDIA_TYPE => Some(Form::Envelope),
        kind if kind.starts_with(BUNDLE) => Some(Form::Bundle),
        _ => None,
    }
}
