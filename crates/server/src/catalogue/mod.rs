//! Images become components: an image is opened once, and what it has is a set of numbers.
//!
//! ```text
//! inventory → components → set of numbers → image
//!                  ↓ those never seen before
//!              advisories → findings
//! ```
//! Which images have a component (the postings) is written for many images at once, afterwards:
//! [`post`].

mod component;
mod counted;
mod facts;
mod fresh;
mod ingest;
mod known;
mod numbers;
pub mod post;
mod report;

pub use component::Component;
pub use counted::{Counted, Counts};
pub use fresh::Fresh;
pub use ingest::{Ingested, ingest, ingest_now};
pub use known::{known, name_known};
pub use numbers::Numbers;
pub use report::{Report, report};

use plimsoll_model::{Artifact, Distro, Inventory, Layer};

use crate::app::App;
use crate::error::{Error, Result};

/// Family of the inventories among the blobs.
pub(crate) const INVENTORIES: &str = "inventories";

/// The inventory of an image without its packages, which are most of it and take the longest to read.
pub(crate) async fn head(app: &App, name: &str) -> Result<Inventory> {
    #[derive(serde::Deserialize)]
    struct Head {
        artifact: Artifact,
        layers: Vec<Layer>,
        distro: Option<Distro>,
    }
    let bytes = app.blobs.fetch(INVENTORIES, name).await?;
    let bytes = bytes.ok_or(Error::Damaged("an inventory"))?;
    let Head { artifact, layers, distro } =
        serde_json::from_slice(&bytes).map_err(|_| Error::Damaged("an inventory"))?;
    Ok(Inventory { artifact, layers, distro, ..Inventory::default() })
}

/// The inventory of an image as it was read.
pub async fn inventory(app: &App, name: &str) -> Result<Inventory> {
    let bytes = app.blobs.fetch(INVENTORIES, name).await?;
    let bytes = bytes.ok_or(Error::Damaged("an inventory"))?;
    serde_json::from_slice(&bytes).map_err(|_| Error::Damaged("an inventory"))
}
