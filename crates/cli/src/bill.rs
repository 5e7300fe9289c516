//! Bills of materials in the place of an image: `sbom:FILE`.

use std::io::Read as _;
use std::path::Path;

use anyhow::Context;
use plimsoll_model::Inventory;
use plimsoll_supply::document::{self, MAX_DOCUMENT};

use crate::files;

/// The packages that an SBOM lists; `-` is standard input.
pub(crate) fn read(path: &str) -> anyhow::Result<Inventory> {
    let shown = path.escape_debug();
    // One byte more tells a document that is too large from one that just fits.
    let most = (MAX_DOCUMENT as u64).saturating_add(1);
    let bytes = if path == "-" {
        let mut bytes = Vec::new();
        std::io::stdin().lock().take(most).read_to_end(&mut bytes)?;
        bytes
    } else {
        files::read(Path::new(path), most).with_context(|| format!("cannot read `{shown}`"))?
    };
    let mut inventory =
        document::read(&bytes).with_context(|| format!("`{shown}` is no SBOM that can be read"))?;
    path.clone_into(&mut inventory.artifact.reference);
    if let Some(distro) = &mut inventory.distro {
        distro.ecosystem = plimsoll_image::cataloguers::ecosystem(distro);
    }
    Ok(inventory)
}
