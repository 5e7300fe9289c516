//! Plimsoll's own JSON: the inventory as the model has it, with nothing lost.

use std::io::{self, Write};

use plimsoll_model::Inventory;
use serde::Serialize;

use super::Format;

pub(super) const FORMAT: Format = Format {
    name: "json",
    about: "the whole inventory, removed packages and problems included",
    write,
};

/// Its name and version.
pub(crate) const SCHEMA: &str = "plimsoll.inventory/v1";

#[derive(Serialize)]
struct Document<'i> {
    schema: &'static str,
    #[serde(flatten)]
    inventory: &'i Inventory,
}

fn write(inventory: &Inventory, out: &mut dyn Write) -> io::Result<()> {
    serde_json::to_writer_pretty(&mut *out, &Document { schema: SCHEMA, inventory })?;
    out.write_all(b"\n")
}
