//! Any container image, archive, file system or folder, read as layers and catalogued.
//!
//! A [`plimsoll_model::Reference`] enters; a [`plimsoll_model::Inventory`] leaves: which packages
//! are installed, by which layer and in which file each was found, what a later layer removed,
//! and what could not be read. Bytes are streamed once; nothing is kept but what a cataloguer
//! asked for, so memory does not grow with the image.
//!
//! This crate knows nothing of advisories, and it must not.
#![forbid(unsafe_code)]

pub mod cataloguer;
pub mod cataloguers;
pub mod compression;
pub mod content;
mod error;
pub mod layer;
mod lines;
pub mod merge;
pub mod oci;
mod reach;
pub mod sources;
pub mod tar;
pub mod wants;
mod xml;
mod yaml;
mod zip;

use std::path::Path;

use plimsoll_model::{Inventory, Platform, Reference, Transport};

pub use error::ImageError;

/// How to read.
#[derive(Debug, Clone)]
pub struct Options {
    /// Which image of an index; the machine's own by default.
    pub platform: Platform,
}

impl Default for Options {
    fn default() -> Self {
        Self { platform: Platform::host() }
    }
}

/// Reads what `reference` names and catalogues it with every cataloguer there is.
///
/// Damage inside a layer or a file does not end the reading: it stands in the inventory's
/// problems, and [`Inventory::is_partial`] says so.
pub fn read(reference: &Reference, options: &Options) -> Result<Inventory, ImageError> {
    let wants = wants::WantIndex::new(cataloguers::ALL);
    let Reference::Path { transport, path } = reference else {
        return Err(ImageError::Elsewhere(reference.to_string()));
    };
    let mut inventory = match transport {
        Transport::Dir => sources::folder::read(Path::new(path), false, &wants)?,
        Transport::Rootfs => sources::folder::read(Path::new(path), true, &wants)?,
        Transport::DockerArchive | Transport::OciArchive | Transport::OciDir => {
            let (path, tag) = split_tag(path);
            sources::layout::Layout::open(Path::new(path))?.read(&options.platform, tag, &wants)?
        }
        _ => return Err(ImageError::Elsewhere(reference.to_string())),
    };
    inventory.artifact.reference = reference.to_string();
    transport.prefix().clone_into(&mut inventory.artifact.source);
    Ok(inventory)
}

/// `FILE:TAG` where `FILE:TAG` itself is no file.
fn split_tag(path: &str) -> (&str, Option<&str>) {
    match path.rsplit_once(':') {
        Some((file, tag)) if !Path::new(path).exists() => (file, Some(tag)),
        _ => (path, None),
    }
}
