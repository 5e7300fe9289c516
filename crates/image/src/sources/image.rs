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

use plimsoll_model::{Artifact, Digest, Inventory, Layer, Problem, ProblemKind};

use crate::Options;
use crate::cache::LayerCache;
use crate::compression::{Compression, Excess, MAX_TOTAL};
use crate::error::ImageError;
use crate::layer::LayerInventory;
use crate::oci::Config;
use crate::reading::read_layer as read_archive;
use crate::sources::stream::inflated;
use crate::tar::{Archive, FileWindow, Forward, Stream};
use crate::wants::WantIndex;

/// Entries of one layer.
pub(crate) const MAX_ENTRIES: u64 = 20_000_000;

/// Stored bytes of a layer that is worth threads of its own: 1 MiB.
const LARGE: u64 = 1 << 20;

/// For which cataloguers layers are read, and where what they find is kept.
pub struct Reader<'c> {
    wants: WantIndex<'c>,
    cache: Option<LayerCache>,
    layer_bound: Option<u64>,
}

impl Reader<'static> {
    /// A reader with every cataloguer there is.
    pub fn new(options: &Options) -> Self {
        let layer_bound = options.layer_bound;
        if options.survey {
            let all = crate::survey::cataloguers();
            let wants = WantIndex::new(all).with_survey();
            let wants = if options.contents { wants.with_contents() } else { wants };
            return Self { wants, cache: None, layer_bound };
        }
        let all = crate::cataloguers::ALL;
        if options.files {
            return Self { wants: WantIndex::new(all).with_listing(), cache: None, layer_bound };
        }
        let cache = options.cache.as_deref().map(|folder| LayerCache::new(folder, all));
        Self { wants: WantIndex::new(all), cache, layer_bound }
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
    /// A layer that is not to be had, as foreign ones are not, and why: the result is partial.
    Absent(String),
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

impl LayerJob<'_> {
    /// From the cache, where a verified layer stands under its digest and another one under its
    /// digest and its file.
    fn read(&self, reader: &Reader<'_>, place: Place) -> Result<LayerInventory, ImageError> {
        let expected = self.layer.digest.as_ref();
        let Some(cache) = &reader.cache else {
            return Ok(read_layer(reader, (self.open)()?, expected, place)?.found);
        };
        let digest = expected.map(ToString::to_string);
        let in_file = self
            .identity
            .as_ref()
            .map(|identity| format!("{} {identity}", digest.as_deref().unwrap_or("-")));
        let keys = digest.iter().chain(&in_file);
        if let Some(known) = keys.into_iter().find_map(|key| cache.load(key, !place.is_bottom)) {
            return Ok(known);
        }
        let read = read_layer(reader, (self.open)()?, expected, place)?;
        let key = if read.is_verified { digest } else { in_file };
        if let Some(key) = key.filter(|_| !read.found.may_differ) {
            cache.store(&key, &read.found, !place.is_bottom);
        }
        Ok(read.found)
    }
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
    let size = |at: usize| jobs.get(at).map_or(0, |job| job.layer.size);
    let sizes: Vec<u64> = order.iter().map(|&at| size(at)).collect();
    // Threads of its own only for a layer beside which cores would be idle.
    let is_alone = |turn: usize| {
        let later: u64 = sizes.iter().skip(turn + 1).sum();
        jobs.len() * 2 <= cores || sizes.get(turn).is_some_and(|&size| size >= later)
    };
    let next = AtomicUsize::new(0);
    let work = || {
        let mut done = Vec::new();
        loop {
            let turn = next.fetch_add(1, Ordering::Relaxed);
            let Some((at, job)) = order.get(turn).and_then(|&at| Some((at, jobs.get(at)?))) else {
                break;
            };
            let media_type = &job.layer.media_type;
            let place = Place {
                is_bottom: at == 0,
                is_alone: is_alone(turn),
                is_compressed: media_type.ends_with("gzip") || media_type.ends_with("zstd"),
            };
            let outcome = job.read(reader, place);
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
    if let Some(cache) = &reader.cache {
        cache.trim();
    }
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
    let place = Place { is_bottom, is_alone: true, is_compressed: false };
    Ok(read_layer(reader, stored, expected, place)?.found)
}

/// Where a layer stands among the others.
#[derive(Clone, Copy)]
struct Place {
    /// There is none below it.
    is_bottom: bool,
    /// There are cores for threads of its own.
    is_alone: bool,
    /// Its media type promises that it is compressed: one that is not is read as a whole, for its
    /// digest.
    is_compressed: bool,
}

struct ReadLayer {
    found: LayerInventory,
    /// All bytes were read and have the digest that was expected.
    is_verified: bool,
}

fn read_layer(
    reader: &Reader<'_>,
    stored: Stored<'_>,
    expected: Option<&Digest>,
    place: Place,
) -> Result<ReadLayer, ImageError> {
    let (file, offset, len) = match stored {
        Stored::Absent(why) => {
            return Ok(ReadLayer { found: LayerInventory::absent(why), is_verified: false });
        }
        Stored::Stream(stream) => return read_stream(reader, stream, None, expected, place),
        Stored::InFile { file, offset, len } => (file, offset, len),
    };
    let mut start = [0; 4];
    let known = file.read_at(&mut start, offset).map_err(ImageError::Read)?;
    let is_plain = Compression::of(start.get(..known).unwrap_or_default()) == Compression::None;
    if is_plain && !place.is_compressed {
        let archive = || {
            let window = FileWindow::new(Arc::clone(&file), offset, len)?;
            Ok(detailed(Archive::new(window, MAX_ENTRIES), reader))
        };
        let first = archive().map_err(ImageError::Read)?;
        let found = read_archive(first, || archive().ok(), reader.wants(), place.is_bottom);
        return Ok(ReadLayer { found, is_verified: false });
    }
    let window = Window { file, position: offset, end: offset.saturating_add(len) };
    read_stream(reader, window, Some(len), expected, place)
}

fn read_stream(
    reader: &Reader<'_>,
    stored: impl Read + Send,
    size: Option<u64>,
    expected: Option<&Digest>,
    place: Place,
) -> Result<ReadLayer, ImageError> {
    let is_large = size.is_none_or(|size| size >= LARGE);
    let in_parallel = place.is_alone && is_large;
    let most = reader.layer_bound.unwrap_or(MAX_TOTAL);
    let (found, actual) = inflated(stored, expected, in_parallel, most, |inflated| {
        let archive = Archive::new(Stream::new(&mut *inflated), MAX_ENTRIES);
        let archive = detailed(archive, reader);
        let mut found = read_archive(archive, || None, reader.wants(), place.is_bottom);
        // The checksum of a compressed layer stands at its end, after that of the tar.
        let rest = io::copy(inflated, &mut io::sink());
        if let Err(error) = &rest {
            found.excess = found.excess.take().or_else(|| Excess::of(error).cloned());
        }
        if let Err(error) = rest
            && !found.is_damaged()
            && !is_trailing(&error)
        {
            let message = format!("layer is damaged: {error}");
            found.problem(ProblemKind::Partial, "", message);
        }
        found
    })
    .map_err(ImageError::Read)?;
    match (expected, actual) {
        (Some(expected), Some(actual)) if expected.to_string() != actual => {
            Err(ImageError::WrongDigest { expected: expected.clone(), actual })
        }
        (expected, actual) => match &found.excess {
            Some(why) if reader.layer_bound.is_some() => Err(ImageError::TooLarge {
                layer: expected.map_or_else(|| "of no digest".to_owned(), ToString::to_string),
                why: why.clone(),
            }),
            _ => Ok(ReadLayer { found, is_verified: actual.is_some() }),
        },
    }
}

/// Owners are read where files are listed, and else are not worth the time.
fn detailed<S: Forward>(archive: Archive<S>, reader: &Reader<'_>) -> Archive<S> {
    if reader.wants.listing().is_some() { archive.with_details() } else { archive }
}

/// Some programs fill up with zeros after the compressed bytes; gzip(1) passes over them too.
pub(crate) fn is_trailing(error: &io::Error) -> bool {
    error.to_string() == "invalid gzip header"
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
    let odd = config.describe_layers(&mut layers);
    let note = |message| {
        let (kind, path, layer, line) = (ProblemKind::Note, String::new(), None, None);
        Problem { kind, path, layer, line, message }
    };
    inventory.problems.extend(odd.map(note));
    inventory.artifact.size = layers.iter().map(|layer| layer.size).sum();
    inventory.layers = layers;
    crate::merge::merge(found, false, &mut inventory);
    if let Some(survey) = &mut inventory.survey {
        survey.config = Some(config.run());
    }
    inventory
}

/// A part of a file, in order.
pub(crate) struct Window {
    pub(crate) file: Arc<File>,
    pub(crate) position: u64,
    pub(crate) end: u64,
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
