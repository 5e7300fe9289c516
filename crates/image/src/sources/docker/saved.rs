//! An export by a daemon, read in one pass.
//!
//! Layers come before the document that names them, in any order. So each member that looks like
//! a layer is catalogued as it passes, small documents are kept, and both are joined at the end.
//! Docker wrote its own format until version 25 and since then an OCI layout beside it.
//!
//! Source: <https://github.com/moby/docker-image-spec/blob/main/v1.2.md>.

use std::collections::HashMap;
use std::io::{self, Read};

use plimsoll_model::{Artifact, Digest, Inventory, Layer, Platform};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::Session;
use crate::compression::Compression;
use crate::error::ImageError;
use crate::layer::LayerInventory;
use crate::oci::{Config, Descriptor, Manifest};
use crate::sources::image::{Reader, Stored, assemble, catalogue_layer};
use crate::tar::{Archive, EntryKind, Forward, Stream, TarError};

/// The largest manifest, index or configuration: 8 MiB.
const MAX_DOCUMENT: u64 = 8 << 20;

/// All documents of an export together: 64 MiB.
const MAX_DOCUMENTS: u64 = 64 << 20;

/// Members of an export; an image has at most 127 layers in Docker.
const MAX_MEMBERS: u64 = 100_000;

/// How deep an index may name indexes.
const MAX_DEPTH: usize = 4;

/// Bytes read of the export at a time.
const BUFFER: usize = 128 << 10;

/// Bytes by which a layer is told from a document: a tar header.
const HEAD: usize = 512;

/// All that an export holds, by the names of its members.
#[derive(Default)]
pub(super) struct Saved {
    documents: HashMap<String, Vec<u8>>,
    layers: HashMap<String, (u64, LayerInventory)>,
    /// A layer that stands twice in an image is stored once and linked.
    links: HashMap<String, String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct SavedImage {
    config: String,
    layers: Option<Vec<String>>,
}

impl Saved {
    /// Reads an export to its end.
    pub(super) fn read(export: impl Read + Send, reader: &Reader<'_>) -> Result<Self, SavedError> {
        let export = io::BufReader::with_capacity(BUFFER, export);
        let mut archive = Archive::new(Stream::new(export), MAX_MEMBERS);
        let mut saved = Self::default();
        let mut kept = 0;
        while archive.advance()? {
            let entry = archive.entry();
            let (path, size) = (entry.path.trim_start_matches("./").to_owned(), entry.size);
            match entry.kind {
                EntryKind::File => {}
                EntryKind::HardLink => {
                    saved.links.insert(path, entry.link.trim_start_matches("./").to_owned());
                    continue;
                }
                EntryKind::Symlink => {
                    saved.links.insert(path, entry.link.trim_start_matches("../").to_owned());
                    continue;
                }
                _ => continue,
            }
            let mut member = Member(&mut archive);
            let mut head = Vec::with_capacity(HEAD);
            member.by_ref().take(HEAD as u64).read_to_end(&mut head)?;
            if is_layer(&head) || size > MAX_DOCUMENT {
                let stored = Stored::Stream(Box::new(io::Cursor::new(head).chain(member)));
                saved.layers.insert(path, (size, catalogue_layer(reader, stored, None, false)?));
            } else if kept + size <= MAX_DOCUMENTS {
                kept += size;
                member.read_to_end(&mut head)?;
                saved.documents.insert(path, head);
            }
        }
        Ok(saved)
    }

    /// Puts together the image that is meant for `platform`. One that is alone is taken whatever
    /// its platform is, because the user named it and the daemon has no other.
    pub(super) fn join(
        mut self,
        platform: &Platform,
        reader: &Reader<'_>,
        session: &Session<'_>,
    ) -> Result<Inventory, ImageError> {
        let images: Option<Vec<SavedImage>> = if self.documents.contains_key("manifest.json") {
            Some(self.document("manifest.json", session)?)
        } else {
            None
        };
        let has_index = self.documents.contains_key("index.json");
        match images.as_deref() {
            Some([image]) => self.join_saved(image, reader, session),
            Some([image, ..]) if !has_index => self.join_saved(image, reader, session),
            _ => self.join_layout(platform, reader, session),
        }
    }

    fn join_saved(
        &mut self,
        image: &SavedImage,
        reader: &Reader<'_>,
        session: &Session<'_>,
    ) -> Result<Inventory, ImageError> {
        let config: Config = self.document(&image.config, session)?;
        let name = image.config.rsplit('/').next().unwrap_or_default().trim_end_matches(".json");
        let artifact = Artifact {
            config_digest: format!("sha256:{name}").parse().ok(),
            ..Artifact::default()
        };
        let layers = image.layers.iter().flatten().map(|name| (name.clone(), None)).collect();
        self.assemble(artifact, &config, layers, reader, session)
    }

    fn join_layout(
        &mut self,
        platform: &Platform,
        reader: &Reader<'_>,
        session: &Session<'_>,
    ) -> Result<Inventory, ImageError> {
        let index: Manifest = self.document("index.json", session)?;
        let (digest, manifest) = self.choose(&index, platform, session, 0)?;
        let Some(described) = &manifest.config else {
            return Err(session.wrong(&"the manifest names no configuration"));
        };
        let config: Config = self.document(&blob_name(&described.digest), session)?;
        let artifact = Artifact {
            manifest_digest: Some(digest),
            config_digest: Some(described.digest.clone()),
            ..Artifact::default()
        };
        let named = |layer: Descriptor| (blob_name(&layer.digest), Some(layer));
        let layers = manifest.layers.into_iter().map(named).collect();
        self.assemble(artifact, &config, layers, reader, session)
    }

    /// Follows indexes to the manifest for the platform, among those that are there: a daemon
    /// has of an index what was pulled.
    fn choose(
        &self,
        index: &Manifest,
        platform: &Platform,
        session: &Session<'_>,
        depth: usize,
    ) -> Result<(Digest, Manifest), ImageError> {
        if depth > MAX_DEPTH {
            let message = format!("indexes are nested more than {MAX_DEPTH} deep");
            return Err(session.wrong(&message));
        }
        let is_image = |entry: &&Descriptor| {
            entry.platform.as_ref().is_none_or(|p| p.os != "unknown")
                && self.documents.contains_key(&blob_name(&entry.digest))
        };
        let there: Vec<&Descriptor> = index.manifests.iter().filter(is_image).collect();
        let chosen = match there.as_slice() {
            [only] => Some(*only),
            several => several
                .iter()
                .find(|entry| entry.platform.as_ref().is_some_and(|p| p.fits(platform)))
                .copied(),
        };
        let Some(chosen) = chosen else {
            let platforms = there.iter().filter_map(|entry| entry.platform.as_ref());
            return Err(ImageError::NoPlatform {
                image: session.name.clone(),
                wanted: platform.clone(),
                available: platforms.map(|p| format!("{}/{}", p.os, p.architecture)).collect(),
            });
        };
        let manifest: Manifest = self.document(&blob_name(&chosen.digest), session)?;
        if manifest.config.is_some() || manifest.manifests.is_empty() {
            return Ok((chosen.digest.clone(), manifest));
        }
        self.choose(&manifest, platform, session, depth + 1)
    }

    fn assemble(
        &self,
        artifact: Artifact,
        config: &Config,
        named: Vec<(String, Option<Descriptor>)>,
        reader: &Reader<'_>,
        session: &Session<'_>,
    ) -> Result<Inventory, ImageError> {
        let mut layers = Vec::with_capacity(named.len());
        let mut found = Vec::with_capacity(named.len());
        for (name, descriptor) in named {
            let (size, inventory) = self.layer(&name, reader, session)?;
            layers.push(Layer {
                digest: descriptor.as_ref().map(|d| d.digest.clone()),
                diff_id: None,
                created_by: String::new(),
                size,
                media_type: descriptor.map(|d| d.media_type).unwrap_or_default(),
            });
            found.push(inventory);
        }
        Ok(assemble(artifact, config, layers, found))
    }

    fn layer(
        &self,
        name: &str,
        reader: &Reader<'_>,
        session: &Session<'_>,
    ) -> Result<(u64, LayerInventory), ImageError> {
        let name = self.links.get(name).map_or(name, String::as_str);
        if let Some((size, inventory)) = self.layers.get(name) {
            return Ok((*size, inventory.clone()));
        }
        // It did not look like a layer: its reader says what it is instead.
        let Some(bytes) = self.documents.get(name) else {
            return Err(session.wrong(&format!("it has no layer `{name}`")));
        };
        let stored = Stored::Stream(Box::new(bytes.as_slice()));
        let inventory = catalogue_layer(reader, stored, None, false)?;
        Ok((bytes.len() as u64, inventory))
    }

    fn document<T: DeserializeOwned>(
        &self,
        name: &str,
        session: &Session<'_>,
    ) -> Result<T, ImageError> {
        let name = self.links.get(name).map_or(name, String::as_str);
        let Some(bytes) = self.documents.get(name) else {
            return Err(session.wrong(&format!("it has no `{name}`")));
        };
        serde_json::from_slice(bytes)
            .map_err(|error| session.wrong(&format!("`{name}` is malformed: {error}")))
    }
}

/// Whether a member begins as a layer does: compressed, as a tar, or as an empty one.
fn is_layer(head: &[u8]) -> bool {
    Compression::of(head) != Compression::None
        || head.get(257..262) == Some(b"ustar")
        || (head.len() == HEAD && head.iter().all(|&byte| byte == 0))
}

fn blob_name(digest: &Digest) -> String {
    format!("blobs/{}/{}", digest.algorithm().name(), digest.hex())
}

/// The content of an archive's current member.
struct Member<'a, S>(&'a mut Archive<S>);

impl<S: Forward> Read for Member<'_, S> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.read(buffer).map_err(io::Error::other)
    }
}

/// Why an export could not be read to its end.
#[derive(Debug, thiserror::Error)]
pub(super) enum SavedError {
    #[error(transparent)]
    Tar(#[from] TarError),
    #[error(transparent)]
    Io(#[from] io::Error),
    #[error(transparent)]
    Layer(#[from] ImageError),
}

#[cfg(test)]
mod tests {
    use plimsoll_testkit::{Compression, Image};

    use super::*;
    use crate::Options;
    use crate::sources::docker::{Address, Daemon, DaemonOptions};

    fn read(export: &[u8]) -> Result<usize, String> {
        let options = Options { daemons: DaemonOptions::default(), ..Options::default() };
        let reader = Reader::new(&options);
        let saved = Saved::read(export, &reader).map_err(|error| error.to_string())?;
        let session = Session {
            daemon: Daemon::Docker,
            address: Address::Unix("/nonexistent".into()),
            options: &options.daemons,
            name: "app".into(),
        };
        let platform = Platform::host();
        let inventory =
            saved.join(&platform, &reader, &session).map_err(|error| error.to_string())?;
        Ok(inventory.layers.len())
    }

    fn image() -> Image {
        Image::new().layer("a", &[("etc/os-release", "ID=debian")]).layer("b", &[("x", "y")])
    }

    #[test]
    fn a_layer_is_told_from_a_document_by_its_first_block() {
        assert!(is_layer(&plimsoll_testkit::tar(&[("{", "")])));
        assert!(is_layer(&[0; HEAD]) && is_layer(b"\x1f\x8b\x08"));
        assert!(!is_layer(b"{\"schemaVersion\":2}") && !is_layer(b"1.0") && !is_layer(b""));
    }

    #[test]
    fn an_export_without_its_documents_says_which_is_missing() {
        let said = |files: &[(&str, &str)]| read(&plimsoll_testkit::tar(files)).unwrap_err();
        assert!(said(&[]).contains("it has no `index.json`"));
        let manifest = ("manifest.json", r#"[{"Config":"c.json","Layers":[]}]"#);
        assert!(said(&[manifest]).contains("it has no `c.json`"));
        assert!(said(&[("manifest.json", "{")]).contains("`manifest.json` is malformed"));
        assert_eq!(read(&plimsoll_testkit::tar(&[manifest, ("c.json", "{}")])), Ok(0));
    }

    proptest::proptest! {
        #[test]
        fn no_damaged_export_panics(at in 0_usize..12_000, byte in proptest::num::u8::ANY, old in proptest::bool::ANY) {
            let image = image();
            let mut export = if old {
                image.docker_archive(Compression::None)
            } else {
                image.oci_archive(Compression::None)
            };
            if let Some(slot) = export.get_mut(at) {
                *slot = byte;
            }
            let _ = read(&export);
            export.truncate(at);
            let _ = read(&export);
        }
    }
}
