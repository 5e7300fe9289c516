//! The image that containers are of, as the user names it.

use plimsoll_image::Options;
use plimsoll_model::Inventory;
use plimsoll_runtime::loaded::Only;

use crate::{loaded, target};

/// An image with its packages and programs.
pub(super) struct Surveyed {
    pub(super) reference: String,
    pub(super) inventory: Inventory,
    /// Which containers are of it.
    pub(super) only: Only,
}

impl Surveyed {
    /// Reads it; whether runtimes are asked for the images of containers, and whether the content of
    /// its programs is compared with what runs.
    pub(super) fn read(reference: &str, is_told: bool, is_compared: bool) -> anyhow::Result<Self> {
        let inventory =
            target::survey(reference, &Options { contents: is_compared, ..Options::default() })?;
        target::tell_problems(&inventory);
        let only = Only { image: loaded::image(&inventory.artifact), is_told };
        Ok(Self { reference: reference.to_owned(), inventory, only })
    }
}
