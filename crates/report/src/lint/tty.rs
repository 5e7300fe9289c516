//! For people: each finding with the lines that it is about, and what would mend it.

use std::io::{self, Write};

use annotate_snippets::renderer::DEFAULT_TERM_WIDTH;
use annotate_snippets::{AnnotationKind, Group, Level as Title, Patch, Renderer, Snippet};
use plimsoll_model::text::{Level, Safety, Source, Span};

use super::{Finding, Fix, Judged, LintFormat};
use crate::Style;
use crate::text::{lines, one_line};

pub(super) const FORMAT: LintFormat =
    LintFormat { name: "tty", about: "the lines that each finding is about, for people", write };

/// A finding over more lines than this shows only its first line.
const MAX_LINES: u32 = 12;
/// A line longer than this many bytes is shown without its text.
const MAX_LINE: u32 = 2_000;

fn title(level: Level) -> Title<'static> {
    match level {
        Level::Error => Title::ERROR,
        Level::Warning => Title::WARNING,
        Level::Info => Title::INFO,
        Level::Style | Level::Ignore => Title::NOTE.with_name("style"),
    }
}

/// Whole lines around a span, their first line's number and their first byte.
fn excerpt(source: &Source, span: Span) -> (Span, u32) {
    let first = source.line(span.start);
    let last = source.line(span.end.saturating_sub(1).max(span.start));
    let last = if last.saturating_sub(first) >= MAX_LINES { first } else { last };
    (source.line_span(first).join(source.line_span(last)), first)
}

/// A span of the file as one of the excerpt, on its characters.
fn within(excerpt: Span, span: Span) -> std::ops::Range<usize> {
    let clamp = |at: u32| at.clamp(excerpt.start, excerpt.end).saturating_sub(excerpt.start);
    clamp(span.start) as usize..clamp(span.end) as usize
}

/// Text of the file for a terminal: as many bytes, nothing that moves the cursor.
fn harmless(text: &str) -> String {
    if text.bytes().all(|byte| byte >= b' ' && byte != 0x7f || byte == b'\n' || byte == b'\t') {
        return text.to_owned();
    }
    text.chars()
        .map(|one| match one {
            '\n' | '\t' => one,
            control if u32::from(control) < 0x20 || control == '\u{7f}' => '?',
            other => other,
        })
        .collect()
}

fn finding_group<'a>(judged: &'a Judged<'a>, finding: &'a Finding<'a>) -> Group<'a> {
    let source = &judged.source;
    let heading = title(finding.level)
        .primary_title(one_line(finding.message))
        .id(finding.rule.id)
        .id_url(finding.rule.source);
    let (around, first) = excerpt(source, finding.span);
    let path = one_line(judged.path);
    if around.len() > MAX_LINE {
        let place = source.position(finding.span.start);
        let origin = annotate_snippets::Origin::path(path)
            .line(place.line as usize)
            .char_column(place.column as usize);
        return heading.element(origin);
    }
    let mut span = within(around, finding.span);
    if span.is_empty() {
        span = span.start..span.end.saturating_add(1).min(around.len() as usize);
    }
    let snippet = Snippet::source(harmless(source.slice(around)))
        .line_start(first as usize)
        .path(path)
        .fold(false)
        .annotation(AnnotationKind::Primary.span(span));
    let related =
        finding.related.iter().filter(|(span, _)| around.contains(*span)).map(|(span, message)| {
            AnnotationKind::Context.span(within(around, *span)).label(one_line(message))
        });
    heading.element(snippet.annotations(related))
}

fn related_group<'a>(judged: &'a Judged<'a>, span: Span, message: &str) -> Group<'a> {
    let source = &judged.source;
    let (around, first) = excerpt(source, span);
    let snippet = Snippet::source(harmless(source.slice(around)))
        .line_start(first as usize)
        .path(one_line(judged.path))
        .annotation(AnnotationKind::Context.span(within(around, span)));
    Title::NOTE.secondary_title(one_line(message)).element(snippet)
}

fn fix_group<'a>(judged: &'a Judged<'a>, fix: &'a Fix<'a>) -> Group<'a> {
    let source = &judged.source;
    let flag = if fix.safety == Safety::Safe { "--fix" } else { "--unsafe-fixes" };
    let heading = Title::HELP.secondary_title(format!("{} ({flag})", one_line(fix.title)));
    let all = fix.edits.iter().map(|edit| edit.span).reduce(Span::join);
    let Some(all) = all else { return heading.element(Title::HELP.message("")) };
    let first = source.line(all.start);
    let last = source.line(all.end.max(all.start));
    let around = source.line_span(first).join(source.line_span(last)).join(all);
    if last.saturating_sub(first) > MAX_LINES || around.len() > MAX_LINE {
        return Group::with_title(heading);
    }
    let patches =
        fix.edits.iter().map(|edit| Patch::new(within(around, edit.span), lines_of(&edit.text)));
    heading.element(
        Snippet::source(harmless(source.slice(around)))
            .line_start(first as usize)
            .path(one_line(judged.path))
            .patches(patches),
    )
}

/// An edit's text keeps its first and last blanks.
fn lines_of(text: &str) -> String {
    if text.trim() == text { lines(text) } else { harmless(text) }
}

fn write(all: &[Judged<'_>], style: &Style, out: &mut dyn Write) -> io::Result<()> {
    let renderer = if style.colour { Renderer::styled() } else { Renderer::plain() };
    let renderer = renderer.term_width(style.columns().unwrap_or(DEFAULT_TERM_WIDTH));
    for judged in all {
        for finding in &judged.findings {
            let source = &judged.source;
            let mut groups = vec![finding_group(judged, finding)];
            let (around, _) = excerpt(source, finding.span);
            for (span, message) in &finding.related {
                if !around.contains(*span) {
                    groups.push(related_group(judged, *span, message));
                }
            }
            groups.extend(finding.fix.as_ref().map(|fix| fix_group(judged, fix)));
            writeln!(out, "{}\n", renderer.render(&groups))?;
        }
    }
    Ok(())
}
