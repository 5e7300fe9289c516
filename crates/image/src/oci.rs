//! Manifests, indexes and configurations, as far as an inventory needs them.
//!
//! Source: <https://github.com/opencontainers/image-spec>, and Docker's image manifest version 2,
//! schema 2, whose fields have the same names.

use plimsoll_model::{Artifact, Digest, Layer, Platform};
use serde::Deserialize;

/// A pointer to a blob.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Descriptor {
    /// What the blob is.
    #[serde(default)]
    pub media_type: String,
    /// Its digest.
    pub digest: Digest,
    /// Its size in bytes.
    #[serde(default)]
    pub size: u64,
    /// For which machine, in an index.
    pub platform: Option<IndexPlatform>,
    /// Annotations; the name of an image in a layout is one.
    #[serde(default)]
    pub annotations: std::collections::BTreeMap<String, String>,
}

/// The platform of an index entry.
#[derive(Debug, Clone, Deserialize)]
pub struct IndexPlatform {
    /// `linux`; `unknown` for attestations.
    #[serde(default)]
    pub os: String,
    /// `amd64`.
    #[serde(default)]
    pub architecture: String,
    /// `v8`.
    pub variant: Option<String>,
}

impl IndexPlatform {
    /// Whether an image for this platform runs where `wanted` is asked for.
    pub fn fits(&self, wanted: &Platform) -> bool {
        self.os == wanted.os
            && self.architecture == wanted.architecture
            && (wanted.variant.is_none() || self.variant == wanted.variant)
    }
}

/// An index of manifests, or a manifest: whichever of the two it is.
#[derive(Debug, Clone, Default, Deserialize)]
pub struct Manifest {
    /// Manifests of an index.
    #[serde(default)]
    pub manifests: Vec<Descriptor>,
    /// Configuration of a manifest.
    pub config: Option<Descriptor>,
    /// Layers of a manifest, bottom first.
    #[serde(default)]
    pub layers: Vec<Descriptor>,
}

/// An image's configuration.
#[derive(Debug, Clone, Default, Deserialize)]
pub struct Config {
    #[serde(default)]
    os: String,
    #[serde(default)]
    architecture: String,
    variant: Option<String>,
    created: Option<String>,
    #[serde(rename = "config")]
    run: Option<RunConfig>,
    #[serde(default)]
    history: Option<Vec<History>>,
    #[serde(default)]
    rootfs: RootFs,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct RunConfig {
    user: Option<String>,
    env: Option<Vec<String>>,
    entrypoint: Option<Vec<String>>,
    cmd: Option<Vec<String>>,
    labels: Option<std::collections::BTreeMap<String, String>>,
}

#[derive(Debug, Clone, Default, Deserialize)]
struct RootFs {
    #[serde(default)]
    diff_ids: Vec<Digest>,
}

#[derive(Debug, Clone, Deserialize)]
struct History {
    #[serde(default)]
    created_by: String,
    #[serde(default)]
    empty_layer: bool,
}

impl Config {
    /// Fills in what the configuration says of the image.
    pub fn describe(&self, artifact: &mut Artifact) {
        let run = self.run.clone().unwrap_or_default();
        artifact.created = self.created.as_deref().and_then(|text| text.parse().ok());
        artifact.platform = (!self.os.is_empty()).then(|| Platform {
            os: self.os.clone(),
            architecture: self.architecture.clone(),
            variant: self.variant.clone(),
        });
        artifact.user = run.user.unwrap_or_default();
        artifact.env = run.env.unwrap_or_default();
        artifact.command = run.entrypoint.into_iter().chain(run.cmd).flatten().collect();
        artifact.labels = run.labels.unwrap_or_default().into_iter().collect();
    }

    /// Gives each layer its diff id and the instruction that made it.
    pub fn describe_layers(&self, layers: &mut [Layer]) {
        let history = self.history.iter().flatten().filter(|step| !step.empty_layer);
        let mut made_by = history.map(|step| step.created_by.clone());
        for (at, layer) in layers.iter_mut().enumerate() {
            layer.diff_id = self.rootfs.diff_ids.get(at).cloned();
            layer.created_by = made_by.next().unwrap_or_default();
        }
    }
}
