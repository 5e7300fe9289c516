//! Images in a registry: `registry:`.
//!
//! Nothing is stored: each layer is inflated, verified and catalogued while it arrives, and a
//! layer that is known already is not asked for at all.
//!
//! Source: <https://github.com/opencontainers/distribution-spec/blob/main/spec.md>.

mod address;
mod blob;
mod challenge;
mod client;
mod credentials;
mod listing;
mod options;
mod pace;
mod resolver;
mod transport;
mod trust_server;

use std::sync::{Mutex, PoisonError};

use plimsoll_model::{Artifact, Digest, ImageName, Inventory, Layer, Platform};
use reqwest::header::{ACCEPT, CONTENT_TYPE, HeaderMap, HeaderValue};
use serde::Deserialize;
use sha2::Digest as _;

pub use self::address::is_public;
use self::blob::Blob;
pub(super) use self::client::plain;
pub(crate) use self::client::{Call, Client, Host};
pub use self::listing::{Listing, Tags};
pub use self::options::RegistryOptions;
pub use self::pace::Pace;
pub use self::transport::is_loopback;
pub use self::trust_server::TrustServer;
use super::image::{LayerJob, Reader, Stored, assemble, catalogue_layers};
use crate::error::ImageError;
use crate::layer::LayerInventory;
use crate::oci::{Config, Descriptor, Manifest};

/// The largest manifest, index or configuration: 8 MiB. Registries stop at 4.
pub(crate) const MAX_DOCUMENT: u64 = 8 << 20;

/// Downloads at a time: more are rarely faster, and some registries count them.
const AT_ONCE: usize = 4;

/// How deep an index may name indexes.
const MAX_DEPTH: usize = 4;

/// Every kind of manifest that is read.
pub(crate) const MANIFESTS: &str = "application/vnd.oci.image.index.v1+json, \
                         application/vnd.oci.image.manifest.v1+json, \
                         application/vnd.docker.distribution.manifest.list.v2+json, \
                         application/vnd.docker.distribution.manifest.v2+json";

/// Configurations of images; anything else is an artifact such as a chart or a signature.
const IMAGE_CONFIGS: [&str; 3] = [
    "",
    "application/vnd.oci.image.config.v1+json",
    "application/vnd.docker.container.image.v1+json",
];

/// What tells the first schema of manifests from its successors.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Kind {
    schema_version: Option<u32>,
}

/// Reads the image called `name` that is meant for `platform`.
pub fn read(
    name: &ImageName,
    platform: &Platform,
    options: &RegistryOptions,
    reader: &Reader<'_>,
) -> Result<Inventory, ImageError> {
    let found = find(name, platform, options)?;
    let artifact = Artifact {
        manifest_digest: Some(found.digest),
        config_digest: found.manifest.config.as_ref().map(|config| config.digest.clone()),
        names: vec![name.to_string()],
        ..Artifact::default()
    };
    let image = Image { name, client: &found.client };
    image.catalogue(artifact, &found.config, &found.manifest.layers, reader)
}

/// An image in a registry, of which no layer is read yet.
pub(crate) struct Found {
    client: Client,
    pub(crate) digest: Digest,
    pub(crate) manifest: Manifest,
    pub(crate) config: Config,
    /// Manifest and configuration as they are stored.
    pub(crate) documents: [Vec<u8>; 2],
    /// Why a download broke; what its reader made of that says less.
    pub(crate) failure: Mutex<Option<ImageError>>,
}

/// Finds the image called `name` that is meant for `platform`.
pub(crate) fn find(
    name: &ImageName,
    platform: &Platform,
    options: &RegistryOptions,
) -> Result<Found, ImageError> {
    let client = Client::new(name, options)?;
    let image = Image { name, client: &client };
    let reference = match (name.digest(), name.tag()) {
        (Some(digest), _) => digest.to_string(),
        (None, tag) => tag.unwrap_or("latest").to_owned(),
    };
    let (digest, manifest, bytes) = image.manifest(&reference, name.digest(), platform, 0)?;
    let (config, document) = image.config(&manifest)?;
    let (documents, failure) = ([bytes, document], Mutex::new(None));
    Ok(Found { client, digest, manifest, config, documents, failure })
}

impl Found {
    /// The stored bytes of a layer.
    pub(crate) fn stored(&self, layer: &Descriptor) -> Result<Stored<'_>, ImageError> {
        let blob = Blob::open(&self.client, &layer.digest, layer.size, &self.failure);
        match blob {
            Ok(blob) => Ok(Stored::Stream(Box::new(blob))),
            Err(ImageError::NotFound { source_name, .. }) if layer.is_foreign() => {
                Ok(Stored::Absent(format!("the layer is foreign: {source_name} does not have it")))
            }
            Err(error) => Err(error),
        }
    }
}

/// The digest of what a name stands for now: that of the index where there is one, so that the
/// pinned name still serves every platform.
pub fn digest(name: &ImageName, options: &RegistryOptions) -> Result<Digest, ImageError> {
    let client = Client::new(name, options)?;
    let image = Image { name, client: &client };
    let mut headers = HeaderMap::new();
    headers.insert(ACCEPT, HeaderValue::from_static(MANIFESTS));
    let path = format!("manifests/{}", name.tag().unwrap_or("latest"));
    let (_, bytes) = image.document(&path, &headers, &name.to_string())?;
    serde_json::from_slice::<Manifest>(&bytes)
        .map_err(|error| image.malformed(&path, error.to_string()))?;
    Ok(Digest::sha256(&sha2::Sha256::digest(&bytes).into()))
}

struct Image<'i> {
    name: &'i ImageName,
    client: &'i Client,
}

impl Image<'_> {
    /// The manifest called `reference`, or the one in it that is for `platform`.
    fn manifest(
        &self,
        reference: &str,
        expected: Option<&Digest>,
        platform: &Platform,
        depth: usize,
    ) -> Result<(Digest, Manifest, Vec<u8>), ImageError> {
        if depth > MAX_DEPTH {
            let message = format!("indexes are nested more than {MAX_DEPTH} deep");
            return Err(self.malformed(reference, message));
        }
        let what = self.name.to_string();
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT, HeaderValue::from_static(MANIFESTS));
        let path = format!("manifests/{reference}");
        let (media_type, bytes) = self.document(&path, &headers, &what)?;
        let digest = match expected {
            Some(expected) => {
                verify(&bytes, expected)?;
                expected.clone()
            }
            None => Digest::sha256(&sha2::Sha256::digest(&bytes).into()),
        };
        let parse = |error: serde_json::Error| self.malformed(reference, error.to_string());
        let kind: Kind = serde_json::from_slice(&bytes).map_err(parse)?;
        if kind.schema_version == Some(1)
            || media_type.starts_with("application/vnd.docker.distribution.manifest.v1+")
        {
            return Err(ImageError::Unsupported {
                what,
                why: "its manifest is of schema 1, which registries gave up in 2019".into(),
                hint: "pull it with an old client and push it again with a current one",
            });
        }
        let manifest: Manifest = serde_json::from_slice(&bytes).map_err(parse)?;
        if manifest.config.is_some() || manifest.manifests.is_empty() {
            return Ok((digest, manifest, bytes));
        }
        let chosen = self.choose(&manifest, platform)?;
        self.manifest(&chosen.digest.to_string(), Some(&chosen.digest), platform, depth + 1)
    }

    /// The first entry for the platform; one without a platform only where it is the only one.
    fn choose<'m>(
        &self,
        index: &'m Manifest,
        platform: &Platform,
    ) -> Result<&'m Descriptor, ImageError> {
        let fits = |entry: &&Descriptor| entry.platform.as_ref().is_some_and(|p| p.fits(platform));
        if let Some(entry) = index.manifests.iter().find(fits) {
            return Ok(entry);
        }
        match index.manifests.as_slice() {
            [only] if only.platform.as_ref().is_none_or(|p| p.os.is_empty()) => Ok(only),
            entries => {
                let shown = |entry: &Descriptor| {
                    let p = entry.platform.as_ref()?;
                    let variant = p.variant.as_ref().map(|v| format!("/{v}")).unwrap_or_default();
                    (p.os != "unknown")
                        .then(|| plain(&format!("{}/{}{variant}", p.os, p.architecture)))
                };
                Err(ImageError::NoPlatform {
                    image: self.name.to_string(),
                    wanted: platform.clone(),
                    available: entries.iter().filter_map(shown).take(30).collect(),
                })
            }
        }
    }

    fn config(&self, manifest: &Manifest) -> Result<(Config, Vec<u8>), ImageError> {
        let what = self.name.to_string();
        let Some(descriptor) = &manifest.config else {
            return Err(self.malformed("manifest", "it names no configuration".into()));
        };
        if !IMAGE_CONFIGS.contains(&descriptor.media_type.as_str()) {
            return Err(ImageError::Unsupported {
                what,
                why: format!("it is an artifact of type {}", plain(&descriptor.media_type)),
                hint: "name the image itself, not what is attached to it",
            });
        }
        let name = descriptor.digest.to_string();
        let (_, bytes) = self.document(&format!("blobs/{name}"), &HeaderMap::new(), &name)?;
        verify(&bytes, &descriptor.digest)?;
        let config = serde_json::from_slice(&bytes)
            .map_err(|error| self.malformed(&name, error.to_string()))?;
        Ok((config, bytes))
    }

    fn catalogue(
        &self,
        artifact: Artifact,
        config: &Config,
        descriptors: &[Descriptor],
        reader: &Reader<'_>,
    ) -> Result<Inventory, ImageError> {
        let failure = Mutex::new(None);
        let mut absent: Vec<Option<LayerInventory>> = Vec::with_capacity(descriptors.len());
        let mut jobs = Vec::new();
        for descriptor in descriptors {
            absent.push(self.absent(descriptor)?);
            if matches!(absent.last(), Some(None)) {
                jobs.push(self.job(descriptor, &failure));
            }
        }
        let found = catalogue_layers(reader, &jobs, AT_ONCE);
        drop(jobs);
        // What broke a download says more than what its reader made of that.
        let failure = failure.into_inner().unwrap_or_else(PoisonError::into_inner);
        if let Some(error) = failure {
            return Err(error);
        }
        let mut found = found?.into_iter();
        let found =
            absent.into_iter().filter_map(|absent| absent.or_else(|| found.next())).collect();
        Ok(assemble(artifact, config, descriptors.iter().map(layer).collect(), found))
    }

    fn job<'j>(
        &'j self,
        descriptor: &Descriptor,
        failure: &'j Mutex<Option<ImageError>>,
    ) -> LayerJob<'j> {
        let (digest, size) = (descriptor.digest.clone(), descriptor.size);
        LayerJob {
            layer: layer(descriptor),
            open: Box::new(move || {
                Ok(Stored::Stream(Box::new(Blob::open(self.client, &digest, size, failure)?)))
            }),
            identity: None,
        }
    }

    /// A layer that nobody can read stands in the result as a hole with its reason.
    ///
    /// Layers of Windows used to be kept by their vendor alone; registries may still have them.
    fn absent(&self, descriptor: &Descriptor) -> Result<Option<LayerInventory>, ImageError> {
        let media_type = descriptor.media_type.as_str();
        if media_type.ends_with("+encrypted") {
            return Ok(Some(LayerInventory::absent("the layer is encrypted")));
        }
        if !media_type.contains(".foreign.") && !media_type.contains(".nondistributable.") {
            return Ok(None);
        }
        let name = descriptor.digest.to_string();
        match self.client.get(&format!("blobs/{name}"), &HeaderMap::new(), &name) {
            Ok(_) => Ok(None),
            Err(ImageError::NotFound { source_name, .. }) => {
                let message = format!("the layer is foreign: {source_name} does not have it");
                Ok(Some(LayerInventory::absent(message)))
            }
            Err(error) => Err(error),
        }
    }

    /// A whole document and its media type.
    fn document(
        &self,
        path: &str,
        headers: &HeaderMap,
        what: &str,
    ) -> Result<(String, Vec<u8>), ImageError> {
        let (said, bytes) = self.client.document(path, headers, what, MAX_DOCUMENT)?;
        if bytes.len() as u64 > MAX_DOCUMENT {
            return Err(self.malformed(what, format!("it has more than {MAX_DOCUMENT} bytes")));
        }
        let media_type = said.get(CONTENT_TYPE).and_then(|it| it.to_str().ok());
        Ok((media_type.unwrap_or_default().to_owned(), bytes))
    }

    fn malformed(&self, what: &str, message: String) -> ImageError {
        ImageError::Malformed { path: self.name.to_string().into(), what: what.into(), message }
    }
}

fn layer(descriptor: &Descriptor) -> Layer {
    Layer {
        digest: Some(descriptor.digest.clone()),
        diff_id: None,
        created_by: String::new(),
        size: descriptor.size,
        media_type: descriptor.media_type.clone(),
    }
}

/// Whether a document has the digest by which it was asked for.
pub(crate) fn verify(bytes: &[u8], expected: &Digest) -> Result<(), ImageError> {
    let hex = match expected.algorithm() {
        plimsoll_model::Algorithm::Sha512 => hex(&sha2::Sha512::digest(bytes)),
        _ => hex(&sha2::Sha256::digest(bytes)),
    };
    if hex == expected.hex() {
        return Ok(());
    }
    let actual = format!("{}:{hex}", expected.algorithm().name());
    Err(ImageError::WrongDigest { expected: expected.clone(), actual })
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes.iter().fold(String::new(), |mut hex, byte| {
        // Writing to a `String` cannot fail.
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}
