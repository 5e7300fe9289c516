//! Images in files: `docker-archive:`, `oci-archive:` and `oci-dir:`.
//!
//! An archive by `docker save` and a tar of an OCI layout are both a set of named blobs in one
//! tar; a layout folder is the same set in files. Blobs are found by one pass over the headers
//! and then read in place.

use std::collections::HashMap;
use std::fs::File;
use std::io;
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use plimsoll_model::{Artifact, Digest, Inventory, Layer, Platform};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use sha2::Digest as _;

use crate::attached;
use crate::compression::{Compression, inflate};
use crate::error::ImageError;
use crate::oci::{Config, Descriptor, Manifest};
use crate::sources::image::{LayerJob, Reader, Stored, assemble, catalogue_layers};
use crate::tar::{Archive, EntryKind, FileWindow, TarError};

/// The largest manifest, index or configuration: 8 MiB. Registries stop at 4.
const MAX_DOCUMENT: u64 = 8 << 20;

/// The annotation that holds an image's name or tag.
const REF_NAME: &str = "org.opencontainers.image.ref.name";

/// Members of the outer archive; an image has at most 127 layers in Docker.
const MAX_MEMBERS: u64 = 100_000;

/// Named blobs in a folder or in one tar.
enum Blobs {
    Folder,
    Tar { file: Arc<File>, members: HashMap<String, (u64, u64)>, identity: Option<String> },
}

/// An archive or layout, opened.
pub struct Layout {
    path: PathBuf,
    blobs: Blobs,
}

/// A layer, as its manifest names it.
pub(crate) struct Place {
    name: String,
    pub(crate) digest: Option<Digest>,
    pub(crate) media_type: String,
    is_foreign: bool,
}

/// The image that was asked for: its documents, and where its layers are.
pub(crate) struct Chosen {
    pub(crate) artifact: Artifact,
    /// As it is stored; archives by `docker save` have none.
    pub(crate) manifest: Option<Vec<u8>>,
    pub(crate) config: Config,
    /// The configuration as it is stored.
    pub(crate) document: Vec<u8>,
    pub(crate) layers: Vec<Place>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct SavedImage {
    config: String,
    repo_tags: Option<Vec<String>>,
    layers: Vec<String>,
    /// Layers that are to be had elsewhere, by their diff id.
    #[serde(default)]
    layer_sources: Option<HashMap<String, Descriptor>>,
}

impl Layout {
    /// Opens a layout folder or an archive of either kind.
    pub fn open(path: &Path) -> Result<Self, ImageError> {
        let file = File::open(path).map_err(ImageError::io(path))?;
        let metadata = file.metadata().map_err(ImageError::io(path))?;
        if metadata.is_dir() {
            return Ok(Self { path: path.into(), blobs: Blobs::Folder });
        }
        Self::of_file(path, file)
    }

    /// Opens an archive that is open already; `path` is what it is called.
    pub(crate) fn of_file(path: &Path, file: File) -> Result<Self, ImageError> {
        let metadata = file.metadata().map_err(ImageError::io(path))?;
        let identity = identity(&file);
        let (file, len) = plain(file, metadata.len()).map_err(ImageError::io(path))?;
        let file = Arc::new(file);
        let window = FileWindow::new(Arc::clone(&file), 0, len).map_err(ImageError::io(path))?;
        let members =
            members(window).map_err(|source| ImageError::Archive { path: path.into(), source })?;
        Ok(Self { path: path.into(), blobs: Blobs::Tar { file, members, identity } })
    }

    /// Reads the image that `platform` and `tag` choose.
    pub fn read(
        &self,
        platform: &Platform,
        tag: Option<&str>,
        reader: &Reader<'_>,
    ) -> Result<Inventory, ImageError> {
        let chosen = self.find(platform, tag)?;
        self.catalogue(chosen.artifact, &chosen.config, chosen.layers, reader)
    }

    /// The image that `platform` and `tag` choose, of which no layer is read yet.
    pub(crate) fn find(
        &self,
        platform: &Platform,
        tag: Option<&str>,
    ) -> Result<Chosen, ImageError> {
        let is_layout = self.blob("index.json").is_ok();
        let saved = if is_layout { None } else { self.blob("manifest.json").ok() };
        match saved {
            Some(_) => self.find_saved(tag),
            None => self.find_in_layout(platform, tag),
        }
    }

    fn find_saved(&self, tag: Option<&str>) -> Result<Chosen, ImageError> {
        let images: Vec<SavedImage> = self.document("manifest.json")?;
        let named = |image: &SavedImage| {
            tag.is_none_or(|tag| {
                image
                    .repo_tags
                    .iter()
                    .flatten()
                    .any(|name| name == tag || name.ends_with(&format!(":{tag}")))
            })
        };
        let chosen: Vec<&SavedImage> = images.iter().filter(|image| named(image)).collect();
        let [image] = chosen.as_slice() else {
            let tags: Vec<String> =
                images.iter().flat_map(|i| i.repo_tags.clone().unwrap_or_default()).collect();
            return Err(if chosen.is_empty() {
                self.missing(format!(
                    "image `{}`; it has: {}",
                    tag.unwrap_or_default(),
                    tags.join(", ")
                ))
            } else {
                ImageError::Ambiguous { path: self.path.clone(), names: tags }
            });
        };
        let mut artifact =
            Artifact { names: image.repo_tags.clone().unwrap_or_default(), ..Artifact::default() };
        let config_name =
            image.config.rsplit('/').next().unwrap_or_default().trim_end_matches(".json");
        artifact.config_digest = format!("sha256:{config_name}").parse().ok();
        let document = self.bytes(&image.config)?;
        let config: Config = self.parsed(&image.config, &document)?;
        let sources = image.layer_sources.as_ref();
        let source = |at| sources?.get(&config.diff_id(at)?.to_string()).cloned();
        let place = |(at, name): (usize, &String)| Place {
            name: name.clone(),
            // What an archive holds is not compressed, whatever the source's digest is of.
            digest: None,
            media_type: String::new(),
            is_foreign: source(at).is_some_and(|source| source.is_foreign()),
        };
        let layers = image.layers.iter().enumerate().map(place).collect();
        Ok(Chosen { artifact, manifest: None, config, document, layers })
    }

    fn find_in_layout(&self, platform: &Platform, tag: Option<&str>) -> Result<Chosen, ImageError> {
        let index: Manifest = self.document("index.json")?;
        let (digest, manifest) = self.choose(&index, platform, tag, 0)?;
        if manifest.schema_version == 1 {
            let message = "it has schema 1, which registries gave up: pull the image anew";
            return Err(self.malformed(&digest.to_string(), message));
        }
        let Some(config) = &manifest.config else {
            return Err(self.malformed(&digest.to_string(), "the manifest names no configuration"));
        };
        let stored = self.verified_bytes(&digest)?;
        let artifact = Artifact {
            manifest_digest: Some(digest),
            config_digest: Some(config.digest.clone()),
            ..Artifact::default()
        };
        let document = self.verified_bytes(&config.digest)?;
        let parsed = self.parsed(&blob_name(&config.digest), &document)?;
        let place = |layer: &Descriptor| Place {
            name: blob_name(&layer.digest),
            digest: Some(layer.digest.clone()),
            media_type: layer.media_type.clone(),
            is_foreign: layer.is_foreign(),
        };
        let layers = manifest.layers.iter().map(place).collect();
        Ok(Chosen { artifact, manifest: Some(stored), config: parsed, document, layers })
    }

    /// Follows indexes down to the one manifest that is asked for.
    fn choose(
        &self,
        index: &Manifest,
        platform: &Platform,
        tag: Option<&str>,
        depth: usize,
    ) -> Result<(Digest, Manifest), ImageError> {
        if depth > 8 {
            return Err(self.malformed("index.json", "indexes are nested more than 8 deep"));
        }
        let name = |entry: &Descriptor| entry.annotations.get(REF_NAME).cloned();
        let fits = |entry: &&Descriptor| {
            let named = tag.is_none_or(|tag| {
                depth > 0
                    || name(entry).is_some_and(|n| n == tag || n.ends_with(&format!(":{tag}")))
            });
            named && entry.platform.as_ref().is_none_or(|p| p.os.is_empty() || p.fits(platform))
        };
        let mut chosen: Vec<&Descriptor> = index.manifests.iter().filter(fits).collect();
        if depth == 0 && tag.is_none() {
            chosen.retain(|entry| !self.is_attached(entry));
        }
        match chosen.as_slice() {
            [] => Err(self.missing(format!(
                "image for {platform}{}",
                tag.map(|t| format!(" named `{t}`")).unwrap_or_default()
            ))),
            [first, rest @ ..]
                if depth == 0 && rest.iter().any(|other| other.digest != first.digest) =>
            {
                let names = chosen
                    .iter()
                    .map(|e| name(e).unwrap_or_else(|| e.digest.to_string()))
                    .collect();
                Err(ImageError::Ambiguous { path: self.path.clone(), names })
            }
            [first, ..] => {
                let manifest: Manifest = self.verified(&first.digest)?;
                if manifest.manifests.is_empty() {
                    return Ok((first.digest.clone(), manifest));
                }
                self.choose(&manifest, platform, tag, depth + 1)
            }
        }
    }

    /// Whether an entry hangs on an image and is none: a signature, for example.
    fn is_attached(&self, entry: &Descriptor) -> bool {
        entry.artifact_type.is_some()
            || entry.annotations.get(REF_NAME).is_some_and(|name| attached::is_attachment(name))
            || self
                .verified::<Manifest>(&entry.digest)
                .is_ok_and(|manifest| manifest.subject.is_some())
    }

    /// Reads all layers, several at a time, and merges them.
    fn catalogue(
        &self,
        artifact: Artifact,
        config: &Config,
        layers: Vec<Place>,
        reader: &Reader<'_>,
    ) -> Result<Inventory, ImageError> {
        let mut jobs = Vec::new();
        for place in layers {
            let layer = |size| Layer {
                digest: place.digest.clone(),
                diff_id: None,
                created_by: String::new(),
                size,
                media_type: place.media_type.clone(),
            };
            let job = match self.blob(&place.name) {
                Ok((file, offset, len)) => {
                    let identity = match &self.blobs {
                        Blobs::Folder => identity(&file),
                        Blobs::Tar { identity, .. } => identity.clone(),
                    };
                    LayerJob {
                        layer: layer(len),
                        open: Box::new(move || {
                            Ok(Stored::InFile { file: Arc::clone(&file), offset, len })
                        }),
                        identity: identity.map(|identity| format!("{identity} {offset}+{len}")),
                    }
                }
                Err(_) if place.is_foreign => {
                    let message = format!("foreign layer `{}` is not in the image", place.name);
                    LayerJob {
                        layer: layer(0),
                        open: Box::new(move || Ok(Stored::Absent(message.clone()))),
                        identity: None,
                    }
                }
                Err(error) => return Err(error),
            };
            jobs.push(job);
        }
        let found = catalogue_layers(reader, &jobs, 0)?;
        let layers = jobs.into_iter().map(|job| job.layer).collect();
        Ok(assemble(artifact, config, layers, found))
    }

    /// The stored bytes of a layer.
    pub(crate) fn stored(&self, place: &Place) -> Result<Stored<'static>, ImageError> {
        match self.blob(&place.name) {
            Ok((file, offset, len)) => Ok(Stored::InFile { file, offset, len }),
            Err(_) if place.is_foreign => {
                Ok(Stored::Absent(format!("foreign layer `{}` is not in the image", place.name)))
            }
            Err(error) => Err(error),
        }
    }

    fn blob(&self, name: &str) -> Result<(Arc<File>, u64, u64), ImageError> {
        match &self.blobs {
            Blobs::Tar { file, members, .. } => members
                .get(name)
                .map(|&(offset, size)| (Arc::clone(file), offset, size))
                .ok_or_else(|| self.missing(format!("member `{name}`"))),
            Blobs::Folder => {
                let path = self.path.join(name);
                let file = File::open(&path).map_err(ImageError::io(&path))?;
                let size = file.metadata().map_err(ImageError::io(&path))?.len();
                Ok((Arc::new(file), 0, size))
            }
        }
    }

    fn bytes(&self, name: &str) -> Result<Vec<u8>, ImageError> {
        let (file, offset, size) = self.blob(name)?;
        if size > MAX_DOCUMENT {
            return Err(self.malformed(name, &format!("{size} bytes are more than {MAX_DOCUMENT}")));
        }
        let mut bytes = vec![0; usize::try_from(size).unwrap_or(0)];
        file.read_exact_at(&mut bytes, offset).map_err(ImageError::io(&self.path))?;
        Ok(bytes)
    }

    fn document<T: DeserializeOwned>(&self, name: &str) -> Result<T, ImageError> {
        self.parsed(name, &self.bytes(name)?)
    }

    fn parsed<T: DeserializeOwned>(&self, name: &str, bytes: &[u8]) -> Result<T, ImageError> {
        serde_json::from_slice(bytes).map_err(|error| self.malformed(name, &error.to_string()))
    }

    fn verified<T: DeserializeOwned>(&self, expected: &Digest) -> Result<T, ImageError> {
        self.parsed(&blob_name(expected), &self.verified_bytes(expected)?)
    }

    /// A document whose name is its digest: the two must agree.
    fn verified_bytes(&self, expected: &Digest) -> Result<Vec<u8>, ImageError> {
        let bytes = self.bytes(&blob_name(expected))?;
        let actual = Digest::sha256(&sha2::Sha256::digest(&bytes).into());
        if *expected != actual {
            return Err(ImageError::WrongDigest {
                expected: expected.clone(),
                actual: actual.to_string(),
            });
        }
        Ok(bytes)
    }

    fn missing(&self, what: String) -> ImageError {
        ImageError::Missing { path: self.path.clone(), what }
    }

    fn malformed(&self, what: &str, message: &str) -> ImageError {
        ImageError::Malformed {
            path: self.path.clone(),
            what: what.into(),
            message: message.into(),
        }
    }
}

/// Where each member of the outer archive lies; layers that Docker stored once and linked are
/// followed to their content.
fn members(window: FileWindow) -> Result<HashMap<String, (u64, u64)>, TarError> {
    let mut archive = Archive::new(window, MAX_MEMBERS);
    let mut members = HashMap::new();
    let mut links = Vec::new();
    while archive.advance()? {
        let entry = archive.entry();
        let path = entry.path.trim_start_matches("./").to_owned();
        match entry.kind {
            EntryKind::File => {
                members.insert(path, (entry.offset, entry.size));
            }
            EntryKind::HardLink => links.push((path, entry.link.clone())),
            EntryKind::Symlink => {
                // `docker save` links a repeated layer as `../ID/layer.tar`.
                links.push((path, entry.link.trim_start_matches("../").to_owned()));
            }
            _ => {}
        }
    }
    for (path, target) in links {
        if let Some(&place) = members.get(&target) {
            members.insert(path, place);
        }
    }
    Ok(members)
}

/// An archive that was compressed as a whole, as `docker save | gzip` does, is inflated into a
/// file without a name: its members are read in any order.
fn plain(file: File, len: u64) -> io::Result<(File, u64)> {
    let mut start = [0; 4];
    let known = file.read_at(&mut start, 0)?;
    if Compression::of(start.get(..known).unwrap_or_default()) == Compression::None {
        return Ok((file, len));
    }
    let mut out = tempfile::tempfile()?;
    let len = io::copy(&mut inflate(io::BufReader::with_capacity(128 << 10, file))?, &mut out)?;
    Ok((out, len))
}

/// Which bytes these are, as long as nobody changes the file: by device, inode, size and the times
/// of the last change of content and of anything.
fn identity(file: &File) -> Option<String> {
    let it = file.metadata().ok()?;
    Some(format!(
        "file {}:{} {} {}.{} {}.{}",
        it.dev(),
        it.ino(),
        it.len(),
        it.mtime(),
        it.mtime_nsec(),
        it.ctime(),
        it.ctime_nsec()
    ))
}

fn blob_name(digest: &Digest) -> String {
    format!("blobs/{}/{}", digest.algorithm().name(), digest.hex())
}
