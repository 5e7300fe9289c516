//! What could be newer, file by file; for people.

use std::io::{self, Write};

use plimsoll_model::update::Updates;

use super::{UpdateFormat, cleared, short};
use crate::Style;
use crate::style::Role;
use crate::text;

pub(super) const FORMAT: UpdateFormat =
    UpdateFormat { name: "table", about: "file by file, for people", write };

fn write(updates: &Updates, style: &Style, out: &mut dyn Write) -> io::Result<()> {
    let mut file = "";
    for one in &updates.proposals {
        if one.place.file != file {
            file = &one.place.file;
            writeln!(out, "{}", style.paint(Role::Strong, &text::one_line(file)))?;
        }
        let from = if one.from.is_empty() { "no tag".to_owned() } else { short(&one.from) };
        let what = format!(
            "{} {}: {} → {}",
            one.kind,
            text::one_line(&one.name),
            text::one_line(&from),
            text::one_line(&short(&one.to))
        );
        let done = if one.written { ", written" } else { "" };
        writeln!(out, "  {:>4}  {what} ({}{done})", one.place.line, one.step)?;
        if let Some(clears) = &one.clears {
            let role = if clears.gone.is_empty() { Role::Faint } else { Role::Good };
            writeln!(out, "        {}", style.paint(role, &cleared(clears)))?;
        }
    }
    if !updates.proposals.is_empty() {
        writeln!(out)?;
    }
    for one in &updates.passed_over {
        let (name, why) = (text::one_line(&one.name), text::one_line(&one.why));
        let line =
            format!("{}: {name} is passed over: {why}", text::one_line(&one.place.to_string()));
        writeln!(out, "{}", style.paint(Role::Faint, &line))?;
    }
    let written = updates.proposals.iter().filter(|one| one.written).count();
    let written = if written > 0 { format!(", {written} of them written") } else { String::new() };
    writeln!(
        out,
        "{} of {} could be newer{written}; {} in {}",
        updates.proposals.len(),
        text::plural(updates.looked_at, "pin"),
        if updates.failed.is_empty() {
            "all were looked up".to_owned()
        } else {
            format!("{} could not be looked up", updates.failed.len())
        },
        text::plural(updates.files, "file")
    )
}
