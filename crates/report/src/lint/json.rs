//! One JSON array: the fields that hadolint writes, in its order, then the exact place, the
//! edits and the other names of the rule.
//!
//! `line` is the first line of the instruction, in a Dockerfile; `span` is the place itself.

use std::io::{self, Write};

use plimsoll_model::text::{Edit, Position, Safety, Source, Span};
use serde::Serialize;

use super::{Finding, Judged, LintFormat};
use crate::Style;

pub(super) const FORMAT: LintFormat =
    LintFormat { name: "json", about: "hadolint's array, with exact places and edits", write };

#[derive(Debug, Serialize)]
struct Entry<'a> {
    code: &'a str,
    column: u32,
    file: &'a str,
    level: &'static str,
    line: u32,
    message: &'a str,
    span: Range,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    aliases: &'a [&'a str],
    url: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    fix: Option<Mending<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    related: Vec<Related<'a>>,
}

#[derive(Debug, Serialize)]
struct Point {
    line: u32,
    column: u32,
    /// Byte of the file, a byte order mark not counted.
    offset: u32,
}

#[derive(Debug, Serialize)]
struct Range {
    start: Point,
    end: Point,
}

#[derive(Debug, Serialize)]
struct Mending<'a> {
    title: &'a str,
    safe: bool,
    edits: Vec<Change<'a>>,
}

#[derive(Debug, Serialize)]
struct Change<'a> {
    span: Range,
    text: &'a str,
}

#[derive(Debug, Serialize)]
struct Related<'a> {
    span: Range,
    message: &'a str,
}

fn range(source: &Source, span: Span) -> Range {
    let point = |offset| {
        let Position { line, column } = source.position(offset);
        Point { line, column, offset }
    };
    Range { start: point(span.start), end: point(span.end) }
}

fn entry<'a>(judged: &'a Judged<'a>, finding: &'a Finding<'a>) -> Entry<'a> {
    let source = &judged.source;
    let span = range(source, finding.span);
    let change = |edit: &'a Edit| Change { span: range(source, edit.span), text: &edit.text };
    Entry {
        code: finding.rule.id,
        column: if span.start.line == finding.line { span.start.column } else { 1 },
        file: judged.path,
        level: finding.level.name(),
        line: finding.line,
        message: finding.message,
        span,
        aliases: finding.rule.aliases,
        url: finding.rule.source,
        fix: finding.fix.as_ref().map(|fix| Mending {
            title: fix.title,
            safe: fix.safety == Safety::Safe,
            edits: fix.edits.iter().map(change).collect(),
        }),
        related: finding
            .related
            .iter()
            .map(|(span, message)| Related { span: range(source, *span), message })
            .collect(),
    }
}

fn write(all: &[Judged<'_>], _: &Style, out: &mut dyn Write) -> io::Result<()> {
    let entries: Vec<Entry<'_>> = all
        .iter()
        .flat_map(|judged| judged.findings.iter().map(move |finding| entry(judged, finding)))
        .collect();
    serde_json::to_writer(&mut *out, &entries)?;
    out.write_all(b"\n")
}
