//! A table of what could be newer, for the text of a merge request or a job's summary.

use std::io::{self, Write};

use plimsoll_model::update::Updates;

use super::{UpdateFormat, cleared, short};
use crate::Style;
use crate::escape::cell;
use crate::text;

pub(super) const FORMAT: UpdateFormat =
    UpdateFormat { name: "markdown", about: "a table, for a merge request", write };

/// How many ids are named of one proposal.
const SHOWN: usize = 10;

fn write(updates: &Updates, _: &Style, out: &mut dyn Write) -> io::Result<()> {
    let count = text::plural(updates.proposals.len(), "update");
    writeln!(out, "## {count}\n")?;
    if !updates.proposals.is_empty() {
        writeln!(out, "| where | what | from | to | step | clears |")?;
        writeln!(out, "| --- | --- | --- | --- | --- | --- |")?;
    }
    for one in &updates.proposals {
        let clears = one.clears.as_ref().map_or_else(String::new, |clears| {
            let ids: Vec<String> = clears.gone.iter().take(SHOWN).map(|(_, id)| cell(id)).collect();
            let more = if clears.gone.len() > SHOWN { ", …" } else { "" };
            let ids =
                if ids.is_empty() { String::new() } else { format!(" ({}{more})", ids.join(", ")) };
            format!("{}{ids}", cell(&cleared(clears)))
        });
        writeln!(
            out,
            "| {} | {} {} | {} | {} | {} | {clears} |",
            cell(&one.place.to_string()),
            one.kind,
            cell(&one.name),
            cell(&short(&one.from)),
            cell(&short(&one.to)),
            one.step
        )?;
    }
    if !updates.failed.is_empty() {
        writeln!(out, "\n### Could not be looked up\n")?;
        for one in &updates.failed {
            writeln!(
                out,
                "- {} {}: {}",
                cell(&one.place.to_string()),
                cell(&one.name),
                cell(&one.why)
            )?;
        }
    }
    Ok(())
}
