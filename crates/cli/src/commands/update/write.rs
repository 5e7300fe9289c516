//! `--write`: newer versions to their places, a file whole or not at all.

use anyhow::Context as _;
use plimsoll_model::text::{Edit, apply};

use super::files::File;
use super::pin::{Newer, Pin};
use crate::exit::tell;
use crate::output;

/// Writes the changes; which of them were written.
pub(super) fn write(files: &[File], changes: &[(&Pin, Newer)]) -> anyhow::Result<Vec<bool>> {
    let mut written = vec![false; changes.len()];
    for file in files {
        let mut edits: Vec<Edit> = Vec::new();
        let mut count = 0_usize;
        for (number, (pin, newer)) in changes.iter().enumerate() {
            if pin.file != file.number {
                continue;
            }
            let own = newer.edits.iter().map(|(span, text)| Edit::replace(*span, text.as_str()));
            let own: Vec<Edit> = own.collect();
            // One place may be named twice, by an alias; it is written once.
            let overlaps = |one: &Edit| {
                let same = |other: &Edit| {
                    one.span.start < other.span.end && other.span.start < one.span.end
                };
                edits.iter().any(|other| one != other && same(other))
            };
            if own.iter().any(overlaps) {
                continue;
            }
            edits.extend(own);
            count = count.saturating_add(1);
            if let Some(slot) = written.get_mut(number) {
                *slot = true;
            }
        }
        if edits.is_empty() {
            continue;
        }
        edits.sort();
        edits.dedup();
        let mark = file.source.byte_order_mark();
        let after = format!("{mark}{}", apply(file.source.text(), &edits));
        let shown = file.path.display().to_string();
        output::anew(&file.path, &after).with_context(|| format!("cannot write `{shown}`"))?;
        tell(&format!("`{}`: {count} written", file.name));
    }
    Ok(written)
}
