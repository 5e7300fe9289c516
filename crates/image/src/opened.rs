//! An image whose documents are read and whose layers are not yet: each is walked, member by
//! member, when somebody wants it and as often as they want.
//!
//! Nothing of a layer is kept. Its diff id is made on the way, and stored bytes that have a digest
//! are checked against it. An image in a daemon is exported into a file without a name first.

use std::io::{self, BufRead, Read, Write};
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::PoisonError;

use plimsoll_model::{Artifact, Digest, ImageName, Layer, Reference, Transport};
use sha2::Digest as _;

use crate::Options;
use crate::compression::{Compression, MAX_TOTAL};
use crate::error::ImageError;
use crate::oci::{Config, Descriptor};
use crate::sources::docker::Daemon;
use crate::sources::image::{MAX_ENTRIES, Stored, Window, is_trailing};
use crate::sources::layout::{Layout, Place};
use crate::sources::stream::inflated;
use crate::sources::{named, registry};
use crate::tar::{Archive, Entry, Forward, Stream, TarError};

/// An image that is open.
pub struct OpenImage {
    /// What the user called it.
    pub reference: String,
    /// Digests and names.
    pub artifact: Artifact,
    /// The manifest as it is stored; an archive by `docker save` has none.
    pub manifest: Option<Vec<u8>>,
    /// The configuration as it is stored.
    pub config: Vec<u8>,
    /// Its layers, bottom first, with the instructions that made them.
    pub layers: Vec<Layer>,
    store: Store,
}

enum Store {
    Layout(Layout, Vec<Place>),
    Registry(Box<registry::Found>),
}

/// One member of a layer.
pub struct Member<'m> {
    /// What its header says, owner and time included.
    pub entry: Entry,
    /// Its content as it is stored.
    pub content: &'m mut dyn Read,
}

/// What a layer was as a whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Walked {
    /// The digest of its tar; none where somebody stopped the walk.
    pub diff_id: Option<Digest>,
    /// How it is stored, and the header of gzip (RFC 1952, 2.3) where it has one.
    pub compression: Compression,
    /// The first bytes as they are stored.
    pub head: Vec<u8>,
    /// Why it could not be had, as foreign layers may not.
    pub absent: Option<String>,
}

/// Opens what `reference` names. A folder is no image, and has no layers that could be walked.
pub fn open(reference: &Reference, options: &Options) -> Result<OpenImage, ImageError> {
    let mut opened = match reference {
        Reference::Image { transport, name } => {
            named::search(*transport, options, name, |transport| by_name(transport, name, options))?
                .0
        }
        Reference::Path {
            transport: Transport::DockerArchive | Transport::OciArchive | Transport::OciDir,
            path,
        } => {
            let (path, tag) = crate::split_tag(path);
            of_layout(Layout::open(Path::new(path))?, tag, options)?
        }
        other => return Err(ImageError::Elsewhere(other.to_string())),
    };
    opened.reference = reference.to_string();
    Ok(opened)
}

fn by_name(
    transport: Transport,
    name: &ImageName,
    options: &Options,
) -> Result<(OpenImage, &'static str), ImageError> {
    let exported = |daemon: Daemon| {
        let file = daemon.export(name, &options.daemons)?;
        let called = format!("{}:{}", daemon.name(), name.familiar());
        let layout = Layout::of_file(Path::new(&called), file)?;
        Ok((of_layout(layout, None, options)?, daemon.name()))
    };
    match transport {
        Transport::Docker => exported(Daemon::Docker),
        Transport::Podman => exported(Daemon::Podman),
        Transport::Registry => {
            let found = registry::find(name, &options.platform, &options.registry)?;
            Ok((of_registry(found, name), Transport::Registry.prefix()))
        }
        _ => Err(named::not_opened(transport, name)),
    }
}

fn of_layout(
    layout: Layout,
    tag: Option<&str>,
    options: &Options,
) -> Result<OpenImage, ImageError> {
    let chosen = layout.find(&options.platform, tag)?;
    let stored = chosen.layers.iter().map(|place| (place.digest.clone(), place.media_type.clone()));
    Ok(OpenImage {
        reference: String::new(),
        layers: described(&chosen.config, stored),
        artifact: chosen.artifact,
        manifest: chosen.manifest,
        config: chosen.document,
        store: Store::Layout(layout, chosen.layers),
    })
}

fn of_registry(mut found: registry::Found, name: &ImageName) -> OpenImage {
    let artifact = Artifact {
        manifest_digest: Some(found.digest.clone()),
        config_digest: found.manifest.config.as_ref().map(|config| config.digest.clone()),
        names: vec![name.to_string()],
        ..Artifact::default()
    };
    let [manifest, config] = std::mem::take(&mut found.documents);
    let stored = found.manifest.layers.iter();
    let stored = stored.map(|layer| (Some(layer.digest.clone()), layer.media_type.clone()));
    OpenImage {
        reference: String::new(),
        layers: described(&found.config, stored),
        artifact,
        manifest: Some(manifest),
        config,
        store: Store::Registry(Box::new(found)),
    }
}

fn described(
    config: &Config,
    stored: impl Iterator<Item = (Option<Digest>, String)>,
) -> Vec<Layer> {
    let layer = |(digest, media_type)| Layer {
        digest,
        diff_id: None,
        created_by: String::new(),
        size: 0,
        media_type,
    };
    let mut layers: Vec<Layer> = stored.map(layer).collect();
    // What is odd about the history is seen where histories are compared.
    let _ = config.describe_layers(&mut layers);
    layers
}

impl OpenImage {
    /// Hands every member of the layer at `index` to `each`, in the order of the archive, until
    /// that breaks off.
    pub fn walk(
        &self,
        index: usize,
        each: &mut (dyn FnMut(Member<'_>) -> ControlFlow<()> + Send),
    ) -> Result<Walked, ImageError> {
        let (stored, expected) = self.stored(index)?;
        let (mut stored, size): (Box<dyn Read + Send + '_>, u64) = match stored {
            Stored::Absent(why) => {
                let (diff_id, compression, head) = (None, Compression::None, Vec::new());
                return Ok(Walked { diff_id, compression, head, absent: Some(why) });
            }
            Stored::InFile { file, offset, len } => {
                (Box::new(Window { file, position: offset, end: offset.saturating_add(len) }), len)
            }
            Stored::Stream(stream) => (stream, u64::MAX),
        };
        let mut head = Vec::with_capacity(HEAD);
        stored.by_ref().take(HEAD as u64).read_to_end(&mut head).map_err(ImageError::Read)?;
        let compression = Compression::of(&head);
        let stored = io::Cursor::new(head.clone()).chain(stored);
        let in_parallel = size >= LARGE && compression != Compression::None;
        let done =
            inflated(stored, expected.as_ref(), in_parallel, MAX_TOTAL, |bytes| walk(bytes, each));
        let failure = self.take_failure();
        if let Some(error) = failure {
            return Err(error);
        }
        let (done, actual) = done.map_err(ImageError::Read)?;
        let layer = || format!("{}, layer #{index}", self.reference).into();
        let diff_id = done.map_err(|source| ImageError::Archive { path: layer(), source })?;
        match (expected, actual) {
            (Some(expected), Some(actual)) if expected.to_string() != actual => {
                Err(ImageError::WrongDigest { expected, actual })
            }
            _ => Ok(Walked { diff_id, compression, head, absent: None }),
        }
    }

    /// Copies the layer at `index` as it is stored, and says which digest it has: the one that was
    /// promised, or where none was its own.
    pub fn copy(&self, index: usize, out: &mut dyn Write) -> Result<Digest, ImageError> {
        let (stored, expected) = self.stored(index)?;
        let stored: Box<dyn Read + Send + '_> = match stored {
            Stored::Absent(why) => {
                let what = format!("layer #{index}: {why}");
                return Err(ImageError::Missing { path: self.reference.clone().into(), what });
            }
            Stored::InFile { file, offset, len } => {
                Box::new(Window { file, position: offset, end: offset.saturating_add(len) })
            }
            Stored::Stream(stream) => stream,
        };
        let mut stored = io::BufReader::with_capacity(64 << 10, stored);
        let mut hashing = Hashing { inner: &mut stored, hash: sha2::Sha256::new() };
        let copied = io::copy(&mut hashing, out);
        let hash = hashing.hash;
        drop(stored);
        if let Some(error) = self.take_failure() {
            return Err(error);
        }
        copied.map_err(ImageError::Read)?;
        let actual = Digest::sha256(&hash.finalize().into());
        match expected {
            // Only what was promised in this algorithm can be compared.
            Some(expected) if expected.algorithm() != actual.algorithm() => Ok(expected),
            Some(expected) if expected != actual => {
                Err(ImageError::WrongDigest { expected, actual: actual.to_string() })
            }
            _ => Ok(actual),
        }
    }

    /// Stored bytes of a layer, and the digest that they must have.
    fn stored(&self, index: usize) -> Result<(Stored<'_>, Option<Digest>), ImageError> {
        let none = || ImageError::Missing {
            path: self.reference.clone().into(),
            what: format!("layer #{index}"),
        };
        match &self.store {
            Store::Layout(layout, places) => {
                let place = places.get(index).ok_or_else(none)?;
                Ok((layout.stored(place)?, place.digest.clone()))
            }
            Store::Registry(found) => {
                let layer: &Descriptor = found.manifest.layers.get(index).ok_or_else(none)?;
                Ok((found.stored(layer)?, Some(layer.digest.clone())))
            }
        }
    }

    fn take_failure(&self) -> Option<ImageError> {
        let Store::Registry(found) = &self.store else { return None };
        found.failure.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

/// Stored bytes that are kept of a layer's beginning.
const HEAD: usize = 16;

/// Stored bytes of a layer that is worth threads of its own: 1 MiB.
const LARGE: u64 = 1 << 20;

fn walk(
    bytes: &mut dyn BufRead,
    each: &mut (dyn FnMut(Member<'_>) -> ControlFlow<()> + Send),
) -> Result<Option<Digest>, TarError> {
    let mut hashing = Hashing { inner: bytes, hash: sha2::Sha256::new() };
    let mut archive = Archive::new(Stream::new(&mut hashing), MAX_ENTRIES).with_details();
    while archive.advance()? {
        let mut entry = archive.take_entry();
        // The map of a sparse file is part of what the archive says, and stands in its content in
        // the newest form, where it is compared with it.
        entry.path = normal(&entry.path);
        if each(Member { entry, content: &mut Content(&mut archive) }).is_break() {
            return Ok(None);
        }
    }
    let offset = archive.position();
    drop(archive);
    match io::copy(&mut hashing, &mut io::sink()) {
        Err(source) if !is_trailing(&source) => return Err(TarError::Io { offset, source }),
        _ => {}
    }
    Ok(Some(Digest::sha256(&hashing.hash.finalize().into())))
}

/// A path without what tar programs write around it: `./etc/` is `etc`.
fn normal(path: &str) -> String {
    let mut rest = path;
    while let Some(shorter) = rest.strip_prefix("./").or_else(|| rest.strip_prefix('/')) {
        rest = shorter;
    }
    match rest.trim_end_matches('/') {
        "" => ".".to_owned(),
        normal => normal.to_owned(),
    }
}

/// What is left of the archive's current member.
struct Content<'a, S>(&'a mut Archive<S>);

impl<S: Forward> Read for Content<'_, S> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.read(buffer).map_err(io::Error::other)
    }
}

/// Hashes what is read of `inner`.
struct Hashing<'r> {
    inner: &'r mut dyn BufRead,
    hash: sha2::Sha256,
}

impl Read for Hashing<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.hash.update(buffer.get(..read).unwrap_or_default());
        Ok(read)
    }
}

impl BufRead for Hashing<'_> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        self.inner.fill_buf()
    }

    fn consume(&mut self, amount: usize) {
        // What was filled in before is still there, so that this reads nothing.
        if let Ok(filled) = self.inner.fill_buf() {
            self.hash.update(filled.get(..amount).unwrap_or(filled));
        }
        self.inner.consume(amount);
    }
}

#[cfg(test)]
mod tests {
    use super::normal;

    #[test]
    fn paths_lose_what_programs_write_around_them() {
        for (stored, path) in
            [("./etc/", "etc"), ("/etc", "etc"), ("./", "."), ("a/b", "a/b"), ("././a", "a")]
        {
            assert_eq!(normal(stored), path);
        }
    }
}
