//! A comparison for people and for programs.

use std::io::{self, BufWriter, Write};

use plimsoll_image::rebuild::{Cause, Comparison, Example, Found, LayerComparison};
use serde::Serialize;

use crate::commands::verify::plain;
use crate::output;

/// An instruction is shown up to this many characters.
const INSTRUCTION: usize = 72;

/// Prints the verdict, what differs where, and what to change.
pub(super) fn text(
    done: &Comparison,
    accepted: &[&'static Cause],
    is_reproducible: bool,
    examples: usize,
) -> io::Result<()> {
    let mut out = BufWriter::new(output::stdout());
    let causes = done.causes();
    writeln!(out, "{}", verdict(done, &causes, is_reproducible))?;
    for (name, side) in [("original", &done.original), ("rebuilt ", &done.rebuilt)] {
        let digest = side.manifest.as_ref().unwrap_or(&side.config);
        writeln!(out, "  {name} {} {digest}", plain(&side.reference))?;
    }
    if !done.documents.is_empty() {
        writeln!(out, "\nconfiguration and manifest")?;
        found(&mut out, &done.documents, examples)?;
    }
    for layer in done.layers.iter().filter(|layer| !layer.is_equal) {
        writeln!(out, "\n{}", heading(layer))?;
        found(&mut out, &layer.found, examples)?;
    }
    let equal = done.layers.iter().filter(|layer| layer.is_equal).count();
    if !done.is_equal {
        writeln!(out, "\n{equal} of {} layers are equal bit for bit", done.layers.len())?;
    }
    let open: Vec<_> =
        causes.iter().filter(|cause| !accepted.iter().any(|it| it.id == cause.id)).collect();
    if !open.is_empty() && !done.is_equal {
        writeln!(out, "\nwhat to change")?;
        for cause in open {
            writeln!(out, "  {:<16} {}", cause.id, cause.remedy)?;
        }
    }
    out.flush()
}

fn verdict(done: &Comparison, causes: &[&'static Cause], is_reproducible: bool) -> String {
    if done.is_equal {
        return "reproducible: bit for bit equal".into();
    }
    let titles: Vec<&str> = causes.iter().map(|cause| cause.id).collect();
    let titles = titles.join(", ");
    match (is_reproducible, done.is_benign()) {
        (true, _) => format!("reproducible but for what is accepted: {titles}"),
        (false, true) => format!("not reproducible: equal but for {titles}"),
        (false, false) => format!("not reproducible: {titles}"),
    }
}

fn heading(layer: &LayerComparison) -> String {
    let number = layer.original.or(layer.rebuilt).unwrap_or(0);
    let by = plain(&layer.created_by);
    let shown: String = by.chars().take(INSTRUCTION).collect();
    let more = if by.chars().count() > INSTRUCTION { "…" } else { "" };
    format!("layer #{number} {shown}{more}")
}

fn found(out: &mut impl Write, all: &[Found], examples: usize) -> io::Result<()> {
    for found in all {
        let count = if found.count == 1 { String::new() } else { format!(" ({})", found.count) };
        writeln!(out, "  {:<16} {}{count}", found.cause.id, found.cause.title)?;
        for one in found.examples.iter().take(examples) {
            writeln!(out, "    {}", example(one))?;
        }
        let more = found.count.saturating_sub(found.examples.len().min(examples) as u64);
        if more > 0 && examples > 0 {
            writeln!(out, "    and {more} more")?;
        }
    }
    Ok(())
}

fn example(one: &Example) -> String {
    let path = plain(&one.path);
    if one.original.is_empty() && one.rebuilt.is_empty() {
        return path;
    }
    format!("{path}: {} → {}", plain(&one.original), plain(&one.rebuilt))
}

#[derive(Serialize)]
struct Document<'d> {
    schema: &'static str,
    reproducible: bool,
    /// Whether all that differs changes nothing of what the image does.
    benign: bool,
    #[serde(flatten)]
    comparison: &'d Comparison,
    causes: Vec<&'static Cause>,
}

/// Prints everything as one JSON object.
pub(super) fn json(done: &Comparison, is_reproducible: bool) -> anyhow::Result<()> {
    let document = Document {
        schema: "plimsoll.rebuild/v1",
        reproducible: is_reproducible,
        benign: done.is_benign(),
        comparison: done,
        causes: done.causes(),
    };
    let mut out = BufWriter::new(output::stdout());
    serde_json::to_writer_pretty(&mut out, &document)?;
    writeln!(out)?;
    Ok(out.flush()?)
}
