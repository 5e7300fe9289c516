//! A table for people: packages that are there, with the layer and file that brought each.

use std::io::{self, Write};

use plimsoll_model::{Inventory, Package};

use super::Format;

pub(super) const FORMAT: Format = Format { name: "table", about: "a table for people", write };

const HEAD: [&str; 5] = ["NAME", "VERSION", "TYPE", "LAYER", "FOUND IN"];

fn write(inventory: &Inventory, out: &mut dyn Write) -> io::Result<()> {
    let rows: Vec<[String; 5]> = inventory.present().map(row).collect();
    let width = |at: usize| {
        let cells = rows.iter().filter_map(|row| row.get(at)).map(|cell| cell.chars().count());
        cells.chain(HEAD.get(at).map(|head| head.len())).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..HEAD.len()).map(width).collect();
    let mut line = |cells: &[String]| {
        let padded = cells.iter().zip(&widths).map(|(cell, &width)| format!("{cell:width$}"));
        writeln!(out, "{}", padded.collect::<Vec<_>>().join("  ").trim_end())
    };
    if !rows.is_empty() {
        line(&HEAD.map(str::to_owned))?;
        rows.iter().try_for_each(|row| line(row))?;
    }
    summary(inventory, rows.len(), out)
}

fn row(package: &Package) -> [String; 5] {
    let place = package.locations.first();
    let layer = place.and_then(|place| place.layer).map(|layer| format!("#{layer}"));
    let owner = package.owner.as_ref().map(|owner| format!(" (of {owner})")).unwrap_or_default();
    let path = place.map(|place| printable(&place.path)).unwrap_or_default();
    [
        printable(&package.name),
        printable(&package.version),
        package.kind.purl_type().to_owned(),
        layer.unwrap_or_else(|| "-".into()),
        path + &printable(&owner),
    ]
}

/// Names come from the image: control characters must not reach a terminal.
fn printable(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect()
}

fn summary(inventory: &Inventory, present: usize, out: &mut dyn Write) -> io::Result<()> {
    let plural =
        |count: usize, word: &str| format!("{count} {word}{}", if count == 1 { "" } else { "s" });
    let mut parts = vec![plural(present, "package")];
    if !inventory.layers.is_empty() {
        parts.push(format!("{} read", plural(inventory.layers.len(), "layer")));
    }
    let removed = inventory.packages.len() - present;
    if removed > 0 {
        parts.push(format!("{removed} more removed by later layers"));
    }
    if let Some(distro) = &inventory.distro {
        parts.push(printable(&distro.name));
    }
    if present > 0 {
        writeln!(out)?;
    }
    writeln!(out, "{}", parts.join(" · "))
}
