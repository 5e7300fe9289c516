//! Whether an image was built again bit for bit, and where not, why.
//!
//! Two images are compared document by document and layer by layer: the members of a layer are
//! read from both sides at the same time, so that only what is out of step is in memory. What
//! differs in content is read once more and handed to [`causes`], which know the usual reasons.

pub mod cause;
mod causes;
mod content;
mod differing;
mod documents;
mod layers;
mod lockstep;
mod pairing;
mod tally;
mod volatile;

use plimsoll_model::Digest;
use serde::Serialize;
use sha2::Digest as _;

pub use cause::Cause;
pub use tally::{Example, Found};

use self::tally::Tally;
use crate::error::ImageError;
use crate::opened::OpenImage;

/// What a comparison came to.
#[derive(Debug, Clone, Serialize)]
pub struct Comparison {
    /// The image that was there first.
    pub original: Side,
    /// The one that was built again.
    pub rebuilt: Side,
    /// Whether every byte is the same.
    pub is_equal: bool,
    /// What differs beside the layers.
    pub documents: Vec<Found>,
    /// Every layer, bottom first.
    pub layers: Vec<LayerComparison>,
}

/// One of the two images.
#[derive(Debug, Clone, Serialize)]
pub struct Side {
    /// What the user called it.
    pub reference: String,
    /// The digest of its manifest; none in an archive by `docker save`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub manifest: Option<Digest>,
    /// The digest of its configuration, which is the image's id.
    pub config: Digest,
}

/// One layer, or two that belong together.
#[derive(Debug, Clone, Serialize)]
pub struct LayerComparison {
    /// Its position in the original; none where only the rebuilt image has it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub original: Option<usize>,
    /// Its position in the rebuilt image.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rebuilt: Option<usize>,
    /// The instruction that made it.
    pub created_by: String,
    /// Whether every byte is the same.
    pub is_equal: bool,
    /// How many members were compared.
    pub members: u64,
    /// What differs, by cause.
    pub found: Vec<Found>,
}

impl Comparison {
    /// Everything that differs, each cause as often as it was found in a place of its own.
    pub fn found(&self) -> impl Iterator<Item = &Found> {
        self.documents.iter().chain(self.layers.iter().flat_map(|layer| &layer.found))
    }

    /// The causes of all that differs, each once, in the order of [`Cause::ALL`].
    pub fn causes(&self) -> Vec<&'static Cause> {
        let mut all: Vec<&'static Cause> = self.found().map(|found| found.cause).collect();
        all.sort_by_key(|cause| Cause::ALL.iter().position(|it| it.id == cause.id));
        all.dedup_by_key(|cause| cause.id);
        all
    }

    /// Whether what differs changes nothing of what the image does.
    pub fn is_benign(&self) -> bool {
        self.is_equal
            || (self.found().next().is_some() && self.found().all(|it| it.cause.is_benign))
    }
}

/// Compares an image with the one that was built again.
pub fn compare(original: &OpenImage, rebuilt: &OpenImage) -> Result<Comparison, ImageError> {
    let sides = [side(original), side(rebuilt)];
    let mut documents = Tally::default();
    documents::config(&original.config, &rebuilt.config, &mut documents);
    if let (Some(one), Some(other)) = (&original.manifest, &rebuilt.manifest) {
        documents::manifest(one, other, &mut documents);
    }
    let mut layers = Vec::new();
    for (a, b) in pairing::pair(&original.layers, &rebuilt.layers) {
        layers.push(layers::compare(original, rebuilt, a, b)?);
    }
    let same_config = original.config == rebuilt.config;
    let same_manifest = match (&original.manifest, &rebuilt.manifest) {
        (Some(one), Some(other)) => one == other,
        // An archive by `docker save` has layers that are not compressed, and no manifest.
        _ => true,
    };
    let is_equal = same_config && same_manifest && layers.iter().all(|layer| layer.is_equal);
    let mut documents = documents.done();
    if !is_equal && documents.is_empty() && layers.iter().all(|layer| layer.found.is_empty()) {
        let mut unexplained = Tally::default();
        let what = if same_config { "manifest" } else { "configuration" };
        unexplained.add(&cause::FORM, what, "", "");
        documents = unexplained.done();
    }
    let [original, rebuilt] = sides;
    Ok(Comparison { original, rebuilt, is_equal, documents, layers })
}

fn side(image: &OpenImage) -> Side {
    Side {
        reference: image.reference.clone(),
        manifest: image.artifact.manifest_digest.clone(),
        config: Digest::sha256(&sha2::Sha256::digest(&image.config).into()),
    }
}
