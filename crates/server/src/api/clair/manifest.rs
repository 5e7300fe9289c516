//! The manifest that a client submits: what the image is known by, and where its layers are.

use std::collections::BTreeMap;
use std::net::IpAddr;

use plimsoll_model::Digest;
use serde::Deserialize;

use crate::jobs::{Layer, Layers};

/// More layers than any builder makes.
const MAX_LAYERS: usize = 1_000;

/// The longest address: signed ones have two thousand characters.
const MAX_URI: usize = 16 << 10;

/// Headers of one layer.
const MAX_HEADERS: usize = 64;

/// A manifest.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Manifest {
    hash: Digest,
    layers: Vec<ManifestLayer>,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
struct ManifestLayer {
    hash: Digest,
    uri: String,
    /// Go writes `null` for none.
    #[serde(default)]
    headers: Option<BTreeMap<String, Vec<String>>>,
}

impl Manifest {
    /// From what a client sent.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(text: &[u8]) -> Result<Self, String> {
        let manifest: Self = serde_json::from_slice(text)
            .map_err(|error| format!("failed to deserialize manifest: {error}"))?;
        let count = manifest.layers.len();
        if count == 0 || count > MAX_LAYERS {
            return Err(format!(
                "bogus manifest: it has {count} layers, and may have {MAX_LAYERS}"
            ));
        }
        for layer in &manifest.layers {
            let hash = &layer.hash;
            if layer.uri.len() > MAX_URI {
                return Err(format!("the uri of layer {hash} is longer than {MAX_URI} bytes"));
            }
            if !layer.uri.starts_with("http://") && !layer.uri.starts_with("https://") {
                return Err(format!("the uri of layer {hash} is neither http nor https"));
            }
            if layer.headers.as_ref().is_some_and(|headers| headers.len() > MAX_HEADERS) {
                return Err(format!("layer {hash} has more than {MAX_HEADERS} headers"));
            }
        }
        Ok(manifest)
    }

    /// What the image is known by.
    pub fn hash(&self) -> &Digest {
        &self.hash
    }

    /// What is to be read.
    pub(super) fn layers(self, client: Option<IpAddr>) -> Layers {
        let layer = |layer: ManifestLayer| Layer {
            digest: Some(layer.hash),
            uri: layer.uri,
            headers: layer.headers.unwrap_or_default(),
        };
        Layers {
            reference: format!("clair:{}", self.hash),
            source: "clair".into(),
            digest: self.hash,
            layers: self.layers.into_iter().map(layer).collect(),
            client,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn manifest(uri: &str) -> Vec<u8> {
        let digest = format!("sha256:{:064}", 1);
        format!(
            r#"{{"hash":"{digest}","layers":[{{"hash":"{digest}","uri":"{uri}","headers":null}}]}}"#
        )
        .into_bytes()
    }

    #[test]
    fn a_manifest_names_layers_that_can_be_fetched() {
        assert!(Manifest::parse(&manifest("http://127.0.0.1:9279/blobs/1")).is_ok());
        for wrong in ["file:///etc/shadow", "gopher://x", ""] {
            assert!(Manifest::parse(&manifest(wrong)).is_err(), "{wrong}");
        }
        assert!(Manifest::parse(&manifest(&format!("http://{}", "a".repeat(MAX_URI)))).is_err());
        for wrong in ["", "{}", "[]", r#"{"hash":"sha256:1","layers":[]}"#] {
            assert!(Manifest::parse(wrong.as_bytes()).is_err(), "{wrong}");
        }
    }

    proptest::proptest! {
        #[test]
        fn no_text_panics(text in ".*") {
            let _ = Manifest::parse(text.as_bytes());
        }
    }
}
