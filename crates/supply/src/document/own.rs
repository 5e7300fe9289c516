//! The inventory that `plimsoll sbom -o json` writes.

use plimsoll_model::Inventory;
use serde::Deserialize;
use serde_json::Value;

use super::{DocumentError, Reader, parts, text};

pub(super) const READER: Reader = Reader { name: "plimsoll", is, read };

fn is(document: &Value) -> bool {
    text(document, "schema") == crate::formats::INVENTORY_SCHEMA
}

fn read(document: &Value) -> Result<Inventory, DocumentError> {
    parts(document, "packages")?;
    Inventory::deserialize(document).map_err(|error| DocumentError::Json(error.to_string()))
}
