//! For people: each finding with the lines that it is about, and what would mend it.

use std::io::{self, Write};

use annotate_snippets::renderer::DEFAULT_TERM_WIDTH;
use annotate_snippets::{AnnotationKind, Group, Level as Title, Patch, Renderer, Snippet};
use plimsoll_model::text::{Level, Safety, Source, Span};

mod excerpt;

use self::excerpt::{Excerpt, harmless};
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

fn finding_group<'a>(
    judged: &'a Judged<'a>,
    finding: &'a Finding<'a>,
    secrets: &[Span],
) -> Group<'a> {
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
    let excerpt = Excerpt::new(source, around, secrets);
    let mut span = excerpt.within(finding.span);
    if span.is_empty() {
        span = span.start..excerpt.text.ceil_char_boundary(span.end.saturating_add(1));
    }
    let related: Vec<_> = finding
        .related
        .iter()
        .filter(|(span, _)| excerpt.has(*span))
        .map(|(span, message)| {
            AnnotationKind::Context.span(excerpt.within(*span)).label(one_line(message))
        })
        .collect();
    let snippet = Snippet::source(excerpt.text)
        .line_start(first as usize)
        .path(path)
        .fold(false)
        .annotation(AnnotationKind::Primary.span(span));
    heading.element(snippet.annotations(related))
}

fn related_group<'a>(
    judged: &'a Judged<'a>,
    span: Span,
    message: &str,
    secrets: &[Span],
) -> Group<'a> {
    let source = &judged.source;
    let (around, first) = excerpt(source, span);
    let excerpt = Excerpt::new(source, around, secrets);
    let place = excerpt.within(span);
    let snippet = Snippet::source(excerpt.text)
        .line_start(first as usize)
        .path(one_line(judged.path))
        .annotation(AnnotationKind::Context.span(place));
    Title::NOTE.secondary_title(one_line(message)).element(snippet)
}

fn fix_group<'a>(judged: &'a Judged<'a>, fix: &'a Fix<'a>, secrets: &[Span]) -> Group<'a> {
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
    let excerpt = Excerpt::new(source, around, secrets);
    let patches: Vec<_> = fix
        .edits
        .iter()
        .map(|edit| Patch::new(excerpt.within(edit.span), lines_of(&edit.text)))
        .collect();
    heading.element(
        Snippet::source(excerpt.text)
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
    for judged in all.iter().filter(|judged| !judged.findings.is_empty()) {
        let secrets = judged.secrets.as_ref().map(|secrets| secrets()).unwrap_or_default();
        for finding in &judged.findings {
            let source = &judged.source;
            let mut groups = vec![finding_group(judged, finding, &secrets)];
            let (around, _) = excerpt(source, finding.span);
            for (span, message) in &finding.related {
                if !around.contains(*span) {
                    groups.push(related_group(judged, *span, message, &secrets));
                }
            }
            groups.extend(finding.fix.as_ref().map(|fix| fix_group(judged, fix, &secrets)));
            writeln!(out, "{}\n", renderer.render(&groups))?;
        }
    }
    Ok(())
}
