//! Finds what was signed about an image, wherever and in whichever form it is stored: bundles that
//! refer to it, and what cosign keeps under its tags.

use std::collections::BTreeSet;

use plimsoll_image::ImageError;
use plimsoll_image::attached::{Repository, Stored};
use plimsoll_model::Digest;
use plimsoll_supply::evidence::BUNDLE;
pub(crate) use plimsoll_supply::evidence::{Evidence, Form};
use plimsoll_supply::sign::statement;

/// The tags that cosign kept signatures and attestations under.
const TAGS: [&str; 2] = ["sig", "att"];

/// What hangs on an image, by digest, before it is read.
#[derive(Default)]
pub(crate) struct Listing {
    referrers: Vec<Digest>,
    tagged: Vec<(&'static str, Stored)>,
}

impl Listing {
    /// What refers to `subject`.
    pub(crate) fn referring(repository: &Repository, subject: &Digest) -> Result<Self, ImageError> {
        let all = repository.referrers(subject, None)?.into_iter();
        let ours = all.filter(|entry| entry.artifact_type.as_deref().is_none_or(is_known_type));
        Ok(Self { referrers: ours.map(|entry| entry.digest).collect(), tagged: Vec::new() })
    }

    /// What is kept under tags for `subject`.
    pub(crate) fn tagged(repository: &Repository, subject: &Digest) -> Result<Self, ImageError> {
        let mut tagged = Vec::new();
        for kind in TAGS {
            tagged.extend(repository.tagged(subject, kind)?.map(|stored| (kind, stored)));
        }
        Ok(Self { referrers: Vec::new(), tagged })
    }

    /// The digests of all of it.
    pub(crate) fn digests(&self) -> BTreeSet<Digest> {
        let tagged = self.tagged.iter().map(|(_, stored)| stored.descriptor.digest.clone());
        self.referrers.iter().cloned().chain(tagged).collect()
    }

    /// Reads it, in order.
    pub(crate) fn read(&self, repository: &Repository) -> Result<Vec<Evidence>, ImageError> {
        let mut found = Vec::new();
        for digest in &self.referrers {
            read(repository, &repository.manifest(digest)?, None, &mut found)?;
        }
        for (kind, stored) in &self.tagged {
            read(repository, stored, Some(kind), &mut found)?;
        }
        Ok(found)
    }
}

/// Everything that hangs on `subject`, referrers first.
pub(crate) fn collect(
    repository: &Repository,
    subject: &Digest,
) -> Result<Vec<Evidence>, ImageError> {
    let mut found = Listing::referring(repository, subject)?.read(repository)?;
    found.extend(Listing::tagged(repository, subject)?.read(repository)?);
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
        if let Some(form) = Form::of(&layer.media_type) {
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
