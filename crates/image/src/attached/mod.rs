//! What hangs on an image: signatures, attestations and other artifacts, in a registry or an OCI
//! layout, found by the digest of what they are about.
//!
//! Three forms are read: referrers of OCI 1.1, their fallback tag `sha256-…` where a registry has
//! no such interface, and the tags `sha256-….sig` and `sha256-….att` of cosign before version 3.
//! What is written as a referrer is listed in the fallback tag exactly where the registry does not
//! list it itself. Everything is verified against the digest by which it was asked for.
//!
//! Sources: <https://github.com/opencontainers/distribution-spec/blob/main/spec.md#listing-referrers>,
//! <https://github.com/sigstore/cosign/blob/main/specs/SIGNATURE_SPEC.md#storage>.

mod document;
mod folder;
mod registries;
mod remote;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use plimsoll_model::{Digest, ImageName, Reference, Transport};

pub use self::document::{Artifact, Piece};
use self::folder::Folder;
pub use self::registries::Registries;
use self::remote::Remote;
use crate::Options;
use crate::error::ImageError;
use crate::oci::{Descriptor, Manifest};

/// The most things that are looked at beneath one image; more are an attack or a mistake.
const MAX_REFERRERS: usize = 1000;

/// The most manifests in an index and the indexes in it.
const MAX_MEMBERS: usize = 1000;

/// How deep an index may name indexes.
const MAX_DEPTH: usize = 4;

/// The largest layer of an artifact: 64 MiB. A bill of materials may have several.
pub const MAX_PIECE: u64 = 64 << 20;

/// A manifest with the bytes that its digest is of.
#[derive(Debug, Clone)]
pub struct Stored {
    /// Digest, size and media type.
    pub descriptor: Descriptor,
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// Its fields.
    pub manifest: Manifest,
}

/// How something that was attached can be found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attached {
    /// The digest of its manifest.
    pub digest: Digest,
    /// What leads to it.
    pub by: FoundBy,
}

/// What leads from an image to what hangs on it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum FoundBy {
    /// The registry lists it.
    Referrers,
    /// An index under this tag lists it.
    Tag(String),
    /// The index of a layout lists it.
    Layout,
}

/// A repository in a registry, or a layout in a folder.
pub struct Repository {
    place: Box<dyn Place>,
}

/// What a registry and a folder have in common.
trait Place {
    /// What people call it.
    fn name(&self) -> String;
    /// The digest or tag that the user's reference is.
    fn wanted(&self) -> Result<String, ImageError>;
    /// The manifest of this tag or digest.
    fn manifest(&self, reference: &str) -> Result<Option<Stored>, ImageError>;
    /// Stores a manifest under a tag or its digest; whether the place lists it under its subject.
    fn put_manifest(&self, reference: &str, stored: &Stored) -> Result<bool, ImageError>;
    /// A blob of at most `MAX_PIECE` bytes.
    fn blob(&self, of: &Descriptor) -> Result<Vec<u8>, ImageError>;
    /// Stores a blob.
    fn put_blob(&self, digest: &Digest, bytes: &[u8]) -> Result<(), ImageError>;
    /// What leads to a manifest that the place lists under its subject.
    fn lists_by(&self) -> FoundBy;
    /// What the place itself lists under a subject; `None` where it keeps no such list.
    fn listed(&self, subject: &Digest) -> Result<Option<Vec<Descriptor>>, ImageError>;
}

impl Repository {
    /// The place where `reference` is. A name without a transport is one in a registry: a daemon
    /// keeps no signatures.
    pub fn open(reference: &Reference, options: &Options) -> Result<Self, ImageError> {
        Self::with(reference, |name| Remote::open(name, &options.registry))
    }

    fn with(
        reference: &Reference,
        remote: impl FnOnce(&ImageName) -> Result<Remote, ImageError>,
    ) -> Result<Self, ImageError> {
        let place: Box<dyn Place> = match reference {
            Reference::Image { transport: Transport::Auto | Transport::Registry, name } => {
                Box::new(remote(name)?)
            }
            Reference::Path { transport: Transport::OciDir, path } => {
                let (path, tag) = crate::split_tag(path);
                Box::new(Folder::open(Path::new(path), tag)?)
            }
            other => {
                return Err(ImageError::Unsupported {
                    what: other.to_string(),
                    why: "signatures hang on images in registries and OCI layout folders".into(),
                    hint: "name the image as `registry:NAME` or `oci-dir:FOLDER`",
                });
            }
        };
        Ok(Self { place })
    }

    /// The repository of an image's name, whatever its tag.
    pub fn of(name: &ImageName, options: &Options) -> Result<Self, ImageError> {
        Ok(Self { place: Box::new(Remote::open(name, &options.registry)?) })
    }

    /// What people call it: host and repository, or the folder.
    pub fn name(&self) -> String {
        self.place.name()
    }

    /// The image or index that the reference stands for now.
    pub fn subject(&self) -> Result<Stored, ImageError> {
        let wanted = self.place.wanted()?;
        self.required(&wanted)
    }

    /// An index and all manifests beneath it, each once; of an image only itself.
    pub fn with_members(&self, subject: &Stored) -> Result<Vec<Stored>, ImageError> {
        let mut found = vec![subject.clone()];
        let mut seen = BTreeSet::from([subject.descriptor.digest.clone()]);
        let mut open = vec![(subject.clone(), 0)];
        while let Some((index, depth)) = open.pop() {
            for entry in &index.manifest.manifests {
                if !seen.insert(entry.digest.clone()) {
                    continue;
                }
                if seen.len() > MAX_MEMBERS || depth >= MAX_DEPTH {
                    let why = format!(
                        "more than {MAX_MEMBERS} manifests, or indexes more than {MAX_DEPTH} deep"
                    );
                    return Err(self.malformed(&index.descriptor.digest.to_string(), why));
                }
                let member = self.required(&entry.digest.to_string())?;
                open.push((member.clone(), depth + 1));
                found.push(member);
            }
        }
        Ok(found)
    }

    /// Everything that refers to `subject`, of `artifact_type` where one is given: what the place
    /// lists and what the fallback tag does, each once.
    pub fn referrers(
        &self,
        subject: &Digest,
        artifact_type: Option<&str>,
    ) -> Result<Vec<Descriptor>, ImageError> {
        let mut all = self.place.listed(subject)?.unwrap_or_default();
        if let Some(index) = self.place.manifest(&tag_of(subject, ""))? {
            all.extend(index.manifest.manifests);
        }
        let mut seen = BTreeSet::new();
        all.retain(|one| {
            seen.insert(one.digest.clone())
                && artifact_type.is_none_or(|wanted| one.artifact_type.as_deref() == Some(wanted))
        });
        if all.len() > MAX_REFERRERS {
            let why = format!("more than {MAX_REFERRERS} artifacts refer to it");
            return Err(self.malformed(&subject.to_string(), why));
        }
        Ok(all)
    }

    /// The manifest behind `digest`.
    pub fn manifest(&self, digest: &Digest) -> Result<Stored, ImageError> {
        self.required(&digest.to_string())
    }

    /// What is kept under cosign's tag for `subject`: `sig`, `att` or `sbom`.
    pub fn tagged(&self, subject: &Digest, kind: &str) -> Result<Option<Stored>, ImageError> {
        self.place.manifest(&tag_of(subject, kind))
    }

    /// A layer of an artifact, verified; at most [`MAX_PIECE`] bytes.
    pub fn piece(&self, of: &Descriptor) -> Result<Vec<u8>, ImageError> {
        self.place.blob(of)
    }

    /// Hangs an artifact on `subject` as a referrer of OCI 1.1.
    pub fn attach(&self, subject: &Stored, artifact: &Artifact) -> Result<Attached, ImageError> {
        self.put_pieces(&artifact.pieces)?;
        self.place.put_blob(&document::empty().digest, document::EMPTY)?;
        let stored = artifact.manifest(&subject.descriptor);
        let digest = stored.descriptor.digest.clone();
        if self.place.put_manifest(&digest.to_string(), &stored)? {
            return Ok(Attached { digest, by: self.place.lists_by() });
        }
        let tag = tag_of(&subject.descriptor.digest, "");
        let before = self.place.manifest(&tag)?;
        let entry = artifact.entry(&stored);
        let index = document::with_entry(before.as_ref(), &entry)
            .map_err(|error| self.malformed(&tag, error.to_string()))?;
        self.place.put_manifest(&tag, &index)?;
        Ok(Attached { digest, by: FoundBy::Tag(tag) })
    }

    /// Adds layers to what is kept under cosign's tag for `subject`, `sig` or `att`.
    pub fn append_tagged(
        &self,
        subject: &Digest,
        kind: &str,
        pieces: &[Piece],
    ) -> Result<Attached, ImageError> {
        let tag = tag_of(subject, kind);
        let before = self.place.manifest(&tag)?;
        self.put_pieces(pieces)?;
        let layers = before.map(|before| before.manifest.layers).unwrap_or_default();
        let (config, stored) = document::tagged(layers, pieces);
        if let Some(of) = &stored.manifest.config {
            self.place.put_blob(&of.digest, &config)?;
        }
        self.place.put_manifest(&tag, &stored)?;
        Ok(Attached { digest: stored.descriptor.digest, by: FoundBy::Tag(tag) })
    }

    fn put_pieces(&self, pieces: &[Piece]) -> Result<(), ImageError> {
        pieces.iter().try_for_each(|piece| self.place.put_blob(&piece.digest(), &piece.bytes))
    }

    fn required(&self, reference: &str) -> Result<Stored, ImageError> {
        self.place.manifest(reference)?.ok_or_else(|| ImageError::NotFound {
            source_name: self.name(),
            what: reference.into(),
            said: "no such manifest".into(),
            hint: "check name and tag; a private repository may look as if it were missing to whom \
                   is not logged in",
        })
    }

    fn malformed(&self, what: &str, message: String) -> ImageError {
        ImageError::Malformed { path: self.name().into(), what: what.into(), message }
    }
}

/// `sha256-HEX`, and with a kind `sha256-HEX.KIND`.
fn tag_of(digest: &Digest, kind: &str) -> String {
    let dot = if kind.is_empty() { "" } else { "." };
    format!("{}-{}{dot}{kind}", digest.algorithm().name(), digest.hex())
}

/// Whether a tag is one that something hangs under: `sha256-…`, `sha256-….sig`.
pub(crate) fn is_attachment(tag: &str) -> bool {
    tag.strip_prefix("sha256-").is_some_and(|rest| {
        rest.get(..64).is_some_and(|hex| hex.bytes().all(|b| b.is_ascii_hexdigit()))
    })
}

/// Annotations, sorted by name.
pub type Annotations = BTreeMap<String, String>;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_are_those_that_cosign_and_the_specification_name() {
        let digest = Digest::sha256(&[0xab; 32]);
        let hex = "ab".repeat(32);
        assert_eq!(tag_of(&digest, "sig"), format!("sha256-{hex}.sig"));
        assert_eq!(tag_of(&digest, ""), format!("sha256-{hex}"));
        assert!(is_attachment(&tag_of(&digest, "sig")));
        assert!(!is_attachment("sha256-1.0"));
    }
}
