//! Workflows of GitHub Actions, and actions that are made of steps: `uses: owner/name@ref`.
//!
//! <https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-syntax#jobsjob_idstepsuses>

use plimsoll_kube::manifest::Node;
use plimsoll_model::text::Span;
use plimsoll_model::update::PinKind;

use super::{Kind, Names, image, of_mappings, pin, scalar};
use crate::commands::update::files::File;
use crate::commands::update::pin::{Form, Pin};

pub(super) const KIND: Kind = Kind { is, pins: |file| of_mappings(file, of_mapping) };

fn is(names: &Names) -> bool {
    let is_action = ["action.yml", "action.yaml"].contains(&names.file.as_str());
    is_action || names.is_yaml() && names.path.contains(".github/workflows/")
}

fn of_mapping(file: &File, node: &Node) -> Option<Pin> {
    let (text, span) = scalar(file, node.get("uses")?)?;
    if let Some(reference) = text.strip_prefix("docker://") {
        return image(file, reference, span);
    }
    let (path, version) = text.split_once('@')?;
    let is_plain = |one: char| one.is_ascii_alphanumeric() || "-._/".contains(one);
    let is_remote = !path.starts_with('.') && path.split('/').count() >= 2;
    if !is_remote || !path.chars().all(is_plain) || !version.chars().all(is_plain) {
        return None;
    }
    let start = span.end.checked_sub(u32::try_from(version.len()).ok()?)?;
    let form = Form::Action { comment: comment(file, span.end), end: line_end(file, span.end) };
    Some(pin(file, PinKind::Action, path, version, Span::new(start, span.end), form))
}

/// The end of the line, where only a closing quote is before it: in braces a comment would take the
/// rest of the line away.
fn line_end(file: &File, from: u32) -> Option<Span> {
    let line = file.source.line_span(file.source.line(from));
    let rest = file.source.slice(Span::new(from, line.end));
    let bare = rest.trim_end();
    let end = from.checked_add(u32::try_from(bare.len()).ok()?)?;
    matches!(bare, "" | "\"" | "'").then(|| Span::at(end))
}

/// The version that a comment on the rest of the line names, and the place of that word.
fn comment(file: &File, from: u32) -> Option<(String, Span)> {
    let line = file.source.line_span(file.source.line(from));
    let rest = file.source.slice(Span::new(from, line.end));
    let at = rest.find('#')?;
    let behind = rest.get(at.checked_add(1)?..)?;
    let word = behind.split_whitespace().next()?;
    let gap = behind.find(word)?;
    let bare = word.strip_prefix('v').unwrap_or(word);
    if !bare.starts_with(|one: char| one.is_ascii_digit()) {
        return None;
    }
    let whole = Span::new(from, line.end);
    let span = super::part(whole, at.checked_add(1)?.checked_add(gap)?, word.len())?;
    Some((word.to_owned(), span))
}
