//! Layers of an image, from wherever they come: each read once, several at a time, then merged.
//!
//! A source knows where a layer's bytes are and what its manifest says of it; how a layer is
//! told from its first bytes, inflated, verified and catalogued is the same for all and
//! stands here.

use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::FileExt;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use plimsoll_model::{Algorithm, Artifact, Digest, Inventory, Layer};
use sha2::Digest as _;

use crate::Options;
use crate::compression::{Compression, inflate};
use crate::error::ImageError;
use crate::layer::LayerInventory;
use crate::oci::Config;
use crate::tar::{Archive, FileWindow, Stream};
use crate::wants::WantIndex;

/// Entries of one layer.
const MAX_ENTRIES: u64 = 20_000_000;

/// For which cataloguers layers are read.
pub struct Reader<'c> {
    wants: WantIndex<'c>,
}

impl Reader<'static> {
    /// A reader with every cataloguer there is.
    pub fn new(_options: &Options) -> Self {
        Self { wants: WantIndex::new(crate::cataloguers::ALL) }
    }
}

impl Reader<'_> {
    /// Which files are wanted.
    pub fn wants(&self) -> &WantIndex<'_> {
        &self.wants
    }
}

/// Where a layer's stored bytes are.
pub enum Stored<'s> {
    /// A part of a file: what nobody wants of a plain tar is never read.
    InFile {
        /// The file.
        file: Arc<File>,
        /// Where the layer begins in it, in bytes.
        offset: u64,
        /// How long it is.
        len: u64,
    },
    /// Bytes in order, as a registry or a socket sends them.
    Stream(Box<dyn Read + Send + 's>),
}

/// How a layer is opened, when its turn comes.
pub type Open<'s> = Box<dyn Fn() -> Result<Stored<'s>, ImageError> + Send + Sync + 's>;

/// One layer to read.
pub struct LayerJob<'s> {
    /// What the manifest says of it; where there is a digest, the bytes must have it.
    pub layer: Layer,
    /// Opens it; called once, on any thread, and not at all where the cache knows the layer.
    pub open: Open<'s>,
    /// What tells these very bytes from others where no verified digest does: which file they
    /// are in and when it was changed. Without it and without a digest nothing is kept.
    pub identity: Option<String>,
}

/// Reads all layers, bottom first, at most `at_once` at a time (0: one for each core), and
/// returns them in the same order.
///
/// Damage inside a layer is in its problems; an error is for a layer that could not be had or
/// whose bytes are not those of its digest.
pub fn catalogue_layers(
    reader: &Reader<'_>,
    jobs: &[LayerJob<'_>],
    at_once: usize,
) -> Result<Vec<LayerInventory>, ImageError> {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let threads = if at_once == 0 { cores } else { at_once }.min(jobs.len());
    // The largest first, so that no thread begins a large one when the others are through.
    let mut order: Vec<usize> = (0..jobs.len()).collect();
    order.sort_by_key(|&at| std::cmp::Reverse(jobs.get(at).map_or(0, |job| job.layer.size)));
    let next = AtomicUsize::new(0);
    let work = || {
        let mut done = Vec::new();
        while let Some(&at) = order.get(next.fetch_add(1, Ordering::Relaxed))
            && let Some(job) = jobs.get(at)
        {
            let outcome = (job.open)()
                .and_then(|it| catalogue_layer(reader, it, job.layer.digest.as_ref(), at == 0));
            let failed = outcome.is_err();
            done.push((at, outcome));
            if failed {
                // What the others still read would be thrown away.
                next.store(jobs.len(), Ordering::Relaxed);
            }
        }
        done
    };
    let mut all = if threads <= 1 {
        work()
    } else {
        std::thread::scope(|scope| {
            let handles: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
            handles
                .into_iter()
                .flat_map(|handle| match handle.join() {
                    Ok(done) => done,
                    Err(panic) => std::panic::resume_unwind(panic),
                })
                .collect()
        })
    };
    all.sort_by_key(|(at, _)| *at);
    all.into_iter().map(|(_, outcome)| outcome).collect()
}

/// Reads one layer. The form (plain, gzip, zstd) is told by the first bytes. `expected` is the
/// digest of the stored bytes; a stream is read to its end and must have it, a plain tar in a
/// file is not read as a whole and hence not verified. `is_bottom` says that it is the image's
/// first layer: what it would hide need not be kept; `false` is always right.
pub fn catalogue_layer(
    reader: &Reader<'_>,
    stored: Stored<'_>,
    expected: Option<&Digest>,
    is_bottom: bool,
) -> Result<LayerInventory, ImageError> {
    let mut found = read_layer(reader, stored, expected)?;
    if is_bottom {
        // There is nothing below that its names could hide.
        found.names = Vec::new();
    }
    Ok(found)
}

fn read_layer(
    reader: &Reader<'_>,
    stored: Stored<'_>,
    expected: Option<&Digest>,
) -> Result<LayerInventory, ImageError> {
    match stored {
        Stored::InFile { file, offset, len } => {
            let mut start = [0; 4];
            let known = file.read_at(&mut start, offset).map_err(ImageError::Read)?;
            if Compression::of(start.get(..known).unwrap_or_default()) == Compression::None {
                let window = FileWindow::new(file, offset, len).map_err(ImageError::Read)?;
                let mut archive = Archive::new(window, MAX_ENTRIES);
                return Ok(LayerInventory::read(&mut archive, reader.wants()));
            }
            let end = offset.saturating_add(len);
            catalogue_stream(reader, Window { file, position: offset, end }, expected)
        }
        Stored::Stream(stream) => catalogue_stream(reader, stream, expected),
    }
}

fn catalogue_stream(
    reader: &Reader<'_>,
    stored: impl Read + Send,
    expected: Option<&Digest>,
) -> Result<LayerInventory, ImageError> {
    let mut stored = Hashing { inner: stored, hash: expected.map(Hash::new) };
    let found = {
        let inflated = inflate(&mut stored).map_err(ImageError::Read)?;
        let buffered = io::BufReader::with_capacity(128 << 10, inflated);
        let mut archive = Archive::new(Stream::new(buffered), MAX_ENTRIES);
        LayerInventory::read(&mut archive, reader.wants())
    };
    if let Some(expected) = expected {
        io::copy(&mut stored, &mut io::sink()).map_err(ImageError::Read)?;
        let hex = stored.hash.map(Hash::hex).unwrap_or_default();
        if hex != expected.hex() {
            let actual = format!("{}:{hex}", expected.algorithm().name());
            return Err(ImageError::WrongDigest { expected: expected.clone(), actual });
        }
    }
    Ok(found)
}

/// Puts an image together from its configuration and its layers, bottom first.
pub fn assemble(
    artifact: Artifact,
    config: &Config,
    mut layers: Vec<Layer>,
    found: Vec<LayerInventory>,
) -> Inventory {
    let mut inventory = Inventory { artifact, ..Inventory::default() };
    config.describe(&mut inventory.artifact);
    config.describe_layers(&mut layers);
    inventory.artifact.size = layers.iter().map(|layer| layer.size).sum();
    inventory.layers = layers;
    crate::merge::merge(found, false, &mut inventory);
    inventory
}

/// A part of a file, in order.
struct Window {
    file: Arc<File>,
    position: u64,
    end: u64,
}

impl Read for Window {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let left = usize::try_from(self.end.saturating_sub(self.position)).unwrap_or(usize::MAX);
        let wanted = left.min(buffer.len());
        let Some(buffer) = buffer.get_mut(..wanted) else { return Ok(0) };
        let read = self.file.read_at(buffer, self.position)?;
        self.position += read as u64;
        Ok(read)
    }
}

/// The running hash of a layer, in its digest's algorithm.
enum Hash {
    Sha256(sha2::Sha256),
    Sha512(sha2::Sha512),
}

impl Hash {
    fn new(digest: &Digest) -> Self {
        match digest.algorithm() {
            Algorithm::Sha512 => Self::Sha512(sha2::Sha512::new()),
            _ => Self::Sha256(sha2::Sha256::new()),
        }
    }

    fn update(&mut self, bytes: &[u8]) {
        match self {
            Self::Sha256(hash) => hash.update(bytes),
            Self::Sha512(hash) => hash.update(bytes),
        }
    }

    fn hex(self) -> String {
        let bytes = match self {
            Self::Sha256(hash) => hash.finalize().to_vec(),
            Self::Sha512(hash) => hash.finalize().to_vec(),
        };
        bytes.iter().fold(String::new(), |hex, byte| hex + &format!("{byte:02x}"))
    }
}

/// Bytes that are hashed as they pass.
struct Hashing<R> {
    inner: R,
    hash: Option<Hash>,
}

impl<R: Read> Read for Hashing<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        if let Some(hash) = &mut self.hash {
            hash.update(buffer.get(..read).unwrap_or_default());
        }
        Ok(read)
    }
}
