//! The image that containers are of, as the user names it.

use plimsoll_image::Options;
use plimsoll_model::Inventory;
use plimsoll_runtime::loaded::Image;

use crate::{loaded, target};

/// An image with its packages and programs.
pub(super) struct Surveyed {
    pub(super) reference: String,
    pub(super) inventory: Inventory,
    /// What it is called by runtimes.
    pub(super) image: Image,
}

impl Surveyed {
    /// Reads it.
    pub(super) fn read(reference: &str) -> anyhow::Result<Self> {
        let inventory = target::survey(reference, &Options::default())?;
        target::tell_problems(&inventory);
        let image = loaded::image(&inventory.artifact);
        Ok(Self { reference: reference.to_owned(), inventory, image })
    }
}
