//! The documents that are written: artifact manifests, the fallback tag's index, and the image
//! that cosign's tags lead to.

use plimsoll_model::Digest;
use serde::Deserialize;
use serde_json::{Value, json};
use sha2::Digest as _;

use super::{Annotations, Stored};
use crate::oci::{Descriptor, Manifest};

const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
const INDEX: &str = "application/vnd.oci.image.index.v1+json";
const CONFIG: &str = "application/vnd.oci.image.config.v1+json";

/// The empty configuration of an artifact.
/// Source: <https://github.com/opencontainers/image-spec/blob/main/manifest.md#guidance-for-an-empty-descriptor>.
pub(super) const EMPTY: &[u8] = b"{}";

/// A layer of an artifact.
#[derive(Debug, Clone)]
pub struct Piece {
    /// What it is.
    pub media_type: String,
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// What its descriptor says of it.
    pub annotations: Annotations,
}

impl Piece {
    /// The digest of its bytes.
    pub fn digest(&self) -> Digest {
        sha256(&self.bytes)
    }

    fn descriptor(&self) -> Descriptor {
        Descriptor { annotations: self.annotations.clone(), ..of(&self.media_type, &self.bytes) }
    }
}

/// Something that is to be hung on an image.
#[derive(Debug, Clone)]
pub struct Artifact {
    /// What it is, by which it is looked for.
    pub artifact_type: String,
    /// What it consists of.
    pub pieces: Vec<Piece>,
    /// What its manifest says of it.
    pub annotations: Annotations,
}

impl Artifact {
    /// The manifest, which names its subject.
    pub(super) fn manifest(&self, subject: &Descriptor) -> Stored {
        let layers: Vec<Descriptor> = self.pieces.iter().map(Piece::descriptor).collect();
        let mut document = json!({
            "schemaVersion": 2,
            "mediaType": MANIFEST,
            "artifactType": self.artifact_type,
            "config": empty(),
            "layers": layers,
            "subject": {
                "mediaType": subject.media_type,
                "digest": subject.digest,
                "size": subject.size,
            },
        });
        if let (false, Some(fields)) = (self.annotations.is_empty(), document.as_object_mut()) {
            fields.insert("annotations".into(), json!(self.annotations));
        }
        stored(MANIFEST, &document)
    }

    /// How an index of referrers lists the manifest.
    pub(super) fn entry(&self, stored: &Stored) -> Descriptor {
        Descriptor {
            artifact_type: Some(self.artifact_type.clone()),
            annotations: self.annotations.clone(),
            ..stored.descriptor.clone()
        }
    }
}

/// The descriptor of [`EMPTY`].
pub(super) fn empty() -> Descriptor {
    of("application/vnd.oci.empty.v1+json", EMPTY)
}

/// An index with one more entry; whatever else it says is kept.
pub(super) fn with_entry(
    before: Option<&Stored>,
    entry: &Descriptor,
) -> Result<Stored, serde_json::Error> {
    let mut document = match before {
        Some(before) => serde_json::from_slice(&before.bytes)?,
        None => json!({"schemaVersion": 2, "mediaType": INDEX, "manifests": []}),
    };
    let entry = json!(entry);
    if let Some(entries) = document.get_mut("manifests").and_then(Value::as_array_mut) {
        entries.retain(|other| other.get("digest") != entry.get("digest"));
        entries.push(entry);
    } else if let Some(fields) = document.as_object_mut() {
        fields.insert("manifests".into(), json!([entry]));
    }
    Ok(stored(INDEX, &document))
}

/// The configuration and manifest of an image whose layers are `layers` and then `pieces`, each
/// once: what cosign's tags lead to.
pub(super) fn tagged(mut layers: Vec<Descriptor>, pieces: &[Piece]) -> (Vec<u8>, Stored) {
    for piece in pieces.iter().map(Piece::descriptor) {
        layers.retain(|other| *other != piece);
        layers.push(piece);
    }
    let diff_ids: Vec<&Digest> = layers.iter().map(|layer| &layer.digest).collect();
    let history = vec![json!({"created": "0001-01-01T00:00:00Z"}); layers.len()];
    let config = json!({
        "architecture": "",
        "config": {},
        "created": "0001-01-01T00:00:00Z",
        "history": history,
        "os": "",
        "rootfs": {"type": "layers", "diff_ids": diff_ids},
    });
    let config = config.to_string().into_bytes();
    let document = json!({
        "schemaVersion": 2,
        "mediaType": MANIFEST,
        "config": of(CONFIG, &config),
        "layers": layers,
    });
    let stored = stored(MANIFEST, &document);
    (config, stored)
}

/// A document with its digest, and its fields as a reader sees them.
fn stored(media_type: &str, document: &Value) -> Stored {
    let bytes = document.to_string().into_bytes();
    // Every document that is made here is one that is read here.
    let manifest = Manifest::deserialize(document).unwrap_or_default();
    Stored { descriptor: of(media_type, &bytes), bytes, manifest }
}

fn of(media_type: &str, bytes: &[u8]) -> Descriptor {
    Descriptor::new(media_type.into(), sha256(bytes), bytes.len() as u64)
}

pub(super) fn sha256(bytes: &[u8]) -> Digest {
    Digest::sha256(&sha2::Sha256::digest(bytes).into())
}
