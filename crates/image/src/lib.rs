//! Any container image, archive, file system or folder, read as layers and catalogued.
//!
//! A [`plimsoll_model::Reference`] enters; a [`plimsoll_model::Inventory`] leaves: which packages
//! are installed, by which layer and in which file each was found, what a later layer removed,
//! and what could not be read. Bytes are streamed once; nothing is kept but what a cataloguer
//! asked for, so memory does not grow with the image.
//!
//! This crate knows nothing of advisories, and it must not.
#![forbid(unsafe_code)]

pub mod attached;
pub mod byte_order;
mod cache;
pub mod cataloguer;
pub mod cataloguers;
pub mod checkpoints;
pub mod compression;
pub mod content;
mod error;
mod hiding;
pub mod layer;
mod lines;
pub mod listing;
pub mod merge;
pub mod object_file;
pub mod oci;
pub mod opened;
pub mod ownership;
mod reach;
mod reading;
pub mod rebuild;
pub mod sources;
mod spool;
pub mod survey;
pub mod tar;
pub mod wants;
mod xml;
mod yaml;
mod zip;

use std::path::{Path, PathBuf};

use plimsoll_model::{Digest, ImageName, Inventory, Platform, Reference, Transport};

pub use error::ImageError;
pub use sources::docker::DaemonOptions;
pub use sources::registry::{Listing, Pace, RegistryOptions, Tags, TrustServer};

/// How to read.
#[derive(Debug, Clone)]
pub struct Options {
    /// Which image of an index; the machine's own by default.
    pub platform: Platform,
    /// Folder in which what was found in a layer is kept for the next image that has it; no
    /// cache by default.
    pub cache: Option<PathBuf>,
    /// How registries are spoken to.
    pub registry: RegistryOptions,
    /// Where container daemons listen.
    pub daemons: DaemonOptions,
    /// Whether to survey it as well: its accounts, programs and bytes. Layers are read anew.
    pub survey: bool,
    /// Whether such a survey sums what is in programs.
    pub contents: bool,
    /// Whether to list its files as well, at most as many as [`listing`] says. Layers are read anew.
    pub files: bool,
    /// How many bytes a layer may have when it is inflated. With a bound, a layer that has more or is
    /// a decompression bomb is an error; without one it is read as far as it goes, and the inventory
    /// is partial.
    pub layer_bound: Option<u64>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            platform: Platform::host(),
            registry: RegistryOptions::from_env(),
            daemons: DaemonOptions::from_env(),
            cache: None,
            survey: false,
            contents: false,
            files: false,
            layer_bound: None,
        }
    }
}

/// Reads what `reference` names and catalogues it with every cataloguer there is.
///
/// Damage inside a layer or a file does not end the reading: it stands in the inventory's
/// problems, and [`Inventory::is_partial`] says so.
pub fn read(reference: &Reference, options: &Options) -> Result<Inventory, ImageError> {
    let reader = sources::image::Reader::new(options);
    let (mut inventory, source) = match reference {
        Reference::Image { transport, name } => {
            sources::named::read(*transport, name, options, &reader)?
        }
        Reference::Path { transport, path } => {
            (read_path(reference, *transport, path, options, &reader)?, transport.prefix())
        }
        _ => return Err(ImageError::Elsewhere(reference.to_string())),
    };
    inventory.artifact.reference = reference.to_string();
    source.clone_into(&mut inventory.artifact.source);
    Ok(inventory)
}

/// The digest that a registry's name stands for now, which pins it for every platform.
pub fn resolve(name: &ImageName, options: &Options) -> Result<Digest, ImageError> {
    sources::registry::digest(name, &options.registry)
}

fn read_path(
    reference: &Reference,
    transport: Transport,
    path: &str,
    options: &Options,
    reader: &sources::image::Reader<'_>,
) -> Result<Inventory, ImageError> {
    match transport {
        Transport::Dir => sources::folder::read(Path::new(path), false, reader.wants()),
        Transport::Rootfs => sources::folder::read(Path::new(path), true, reader.wants()),
        Transport::DockerArchive | Transport::OciArchive | Transport::OciDir => {
            let (path, tag) = split_tag(path);
            sources::layout::Layout::open(Path::new(path))?.read(&options.platform, tag, reader)
        }
        _ => Err(ImageError::Elsewhere(reference.to_string())),
    }
}

/// `FILE:TAG` where `FILE:TAG` itself is no file.
fn split_tag(path: &str) -> (&str, Option<&str>) {
    match path.rsplit_once(':') {
        Some((file, tag)) if !Path::new(path).exists() => (file, Some(tag)),
        _ => (path, None),
    }
}
