//! Edits of YAML that leave comments, order and indentation of everything else as they are.

use plimsoll_model::text::{Edit, Source, Span, offset};

use crate::manifest::{Field, Mapping, Node, ScalarStyle, Value};

/// A value to be written.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Tree {
    /// `false`, `1000`: a word that stands without quotes, in JSON too.
    Word(&'static str),
    /// A text.
    Text(&'static str),
    /// A list of texts.
    Texts(&'static [&'static str]),
}

impl Tree {
    fn flow(self, json: bool) -> String {
        let text = |text: &str| if json { format!("\"{text}\"") } else { text.to_owned() };
        match self {
            Self::Word(word) => word.to_owned(),
            Self::Text(one) => text(one),
            Self::Texts(all) => {
                format!("[{}]", all.iter().map(|one| text(one)).collect::<Vec<_>>().join(", "))
            }
        }
    }
}

/// Sets the field at the end of `path` below `node`, a mapping; what of the path is missing is
/// made. `None` where that cannot be done without touching something else.
pub(crate) fn set(source: &Source, node: &Node, path: &[&str], value: Tree) -> Option<Edit> {
    let mapping = node.as_mapping()?;
    let (name, rest) = path.split_first()?;
    let Some(field) = mapping.field(name) else {
        return insert(source, node, mapping, path, value);
    };
    if field.merged {
        // The field belongs to an anchor that others share; one of its own counts more.
        return insert(source, node, mapping, path, value);
    }
    if !rest.is_empty() && field.value.as_mapping().is_some() {
        return set(source, &field.value, rest, value);
    }
    replace(source, node, field, rest, value)
}

/// Writes a field anew whose value is a scalar, null or empty.
fn replace(
    source: &Source,
    parent: &Node,
    field: &Field,
    rest: &[&str],
    value: Tree,
) -> Option<Edit> {
    let replaceable = match &field.value.value {
        Value::Scalar(scalar) => scalar.style != ScalarStyle::Block,
        Value::Sequence(sequence) => sequence.flow,
        Value::Mapping(_) => false,
    };
    // An alias stands elsewhere than its field.
    let span = field.value.span;
    if !replaceable || span.start < field.name_span.end || span.end > parent.span.end.max(span.end)
    {
        return None;
    }
    let between = source.slice(Span::new(field.name_span.end, span.start));
    if between.contains(['&', '*', '!']) {
        return None;
    }
    let text = nested(rest, value, is_json(source));
    if !span.is_empty() {
        return Some(Edit::replace(span, text));
    }
    // Nothing stands behind `name:`, not even a blank.
    Some(Edit::insert(span.start, format!(" {text}")))
}

/// `{drop: [ALL]}`
fn nested(path: &[&str], value: Tree, json: bool) -> String {
    path.iter().rev().fold(value.flow(json), |inner, name| {
        if json { format!("{{\"{name}\": {inner}}}") } else { format!("{{{name}: {inner}}}") }
    })
}

/// Puts a new field into a mapping: behind its last one, in its style.
fn insert(
    source: &Source,
    node: &Node,
    mapping: &Mapping,
    path: &[&str],
    value: Tree,
) -> Option<Edit> {
    if mapping.flow {
        let json = is_json(source);
        let inner = nested(path, value, json);
        let inner = inner.strip_prefix('{')?.strip_suffix('}')?;
        let behind = if mapping.fields.is_empty() { "" } else { ", " };
        return Some(Edit::insert(node.span.start.checked_add(1)?, format!("{inner}{behind}")));
    }
    let column = column(source, node.span.start);
    let first = mapping.fields.iter().find(|field| !field.merged)?;
    let lines = block(path, value, column);
    if let Some(edit) = behind(source, node, &lines, column) {
        return Some(edit);
    }
    // Where the end is not plain: before the first field, which may stand behind a dash.
    let indent = " ".repeat(column);
    Some(Edit::insert(first.name_span.start, format!("{}\n{indent}", lines.trim_start())))
}

/// The lines of a field and what it has, without the last line break.
fn block(path: &[&str], value: Tree, column: usize) -> String {
    let mut text = String::new();
    for (depth, name) in path.iter().enumerate() {
        let indent = " ".repeat(column.saturating_add(depth.saturating_mul(2)));
        if depth > 0 {
            text.push('\n');
        }
        text.extend([&indent, *name, ":"]);
    }
    text.push(' ');
    text.push_str(&value.flow(false));
    text
}

/// The insertion at the line that follows a mapping's last one.
fn behind(source: &Source, node: &Node, lines: &str, column: usize) -> Option<Edit> {
    let last = last_leaf(source, node)?;
    let line = source.line(last);
    let line_end = source.line_span(line).end;
    let rest = source.slice(Span::new(last, line_end)).trim_start_matches([' ', '\t']);
    if !rest.is_empty() && !rest.starts_with('#') {
        return None;
    }
    // Comments that belong to what was last stay with it.
    let mut next = line.checked_add(1)?;
    while next <= source.line_count() {
        let text = source.slice(source.line_span(next));
        let indent = text.len().saturating_sub(text.trim_start().len());
        if !text.trim_start().starts_with('#') || indent < column {
            break;
        }
        next = next.checked_add(1)?;
    }
    let at = source.line_start(next);
    let before = source.text().get(..at as usize)?;
    let ends = if before.ends_with("\r\n") { "\r\n" } else { "\n" };
    let lines = lines.replace('\n', ends);
    if (at as usize) < source.text().len() {
        return Some(Edit::insert(at, format!("{lines}{ends}")));
    }
    // At the end of the text: behind its last line, whether or not a line break ends that.
    let end = source.line_span(next.saturating_sub(1)).end;
    Some(Edit::insert(end, format!("{ends}{lines}")))
}

/// The byte behind a block's last leaf. `None` where line breaks may belong to it, or where it is
/// an alias, which stands elsewhere.
fn last_leaf(source: &Source, node: &Node) -> Option<u32> {
    let last_field = |mapping: &Mapping| mapping.fields.iter().rfind(|one| !one.merged).cloned();
    match &node.value {
        Value::Scalar(scalar) if scalar.style == ScalarStyle::Block => {
            // After `|+` empty lines are part of the text.
            let keeps = scalar.text.ends_with("\n\n") || scalar.text.trim().is_empty();
            let text = source.slice(node.span).trim_end();
            (!keeps).then(|| node.span.start.saturating_add(offset(text.len())))
        }
        Value::Mapping(mapping) if !mapping.flow => {
            let field = last_field(mapping)?;
            let value = &field.value;
            last_leaf(source, value).filter(|end| *end >= field.name_span.end)
        }
        Value::Sequence(sequence) if !sequence.flow => {
            let item = sequence.items.last()?;
            last_leaf(source, item).filter(|end| *end > node.span.start && *end <= node.span.end)
        }
        _ => Some(node.span.end),
    }
}

/// How many blanks a block's fields stand behind; a dash before the first counts as one.
fn column(source: &Source, at: u32) -> usize {
    (source.position(at).column as usize).saturating_sub(1)
}

/// Whether the text is JSON, where names and texts stand in quotes.
fn is_json(source: &Source) -> bool {
    source.text().trim_start().starts_with(['{', '['])
}

/// Takes a field out of a block mapping: its lines, with the comment behind it. `None` where it is
/// not alone on its lines.
pub(crate) fn remove(source: &Source, node: &Node, name: &str) -> Option<Edit> {
    let mapping = node.as_mapping().filter(|mapping| !mapping.flow)?;
    let own = mapping.fields.iter().filter(|field| !field.merged).count();
    let field = mapping.field(name).filter(|field| !field.merged)?;
    let first_line = source.line(field.name_span.start);
    let before = Span::new(source.line_start(first_line), field.name_span.start);
    if own < 2 || !source.slice(before).trim().is_empty() {
        return None;
    }
    let end = last_leaf(source, &field.value)?.max(field.name_span.end);
    let last_line = source.line(end.saturating_sub(1).max(field.name_span.start));
    let rest = source.slice(Span::new(end, source.line_span(last_line).end));
    let rest = rest.trim_start_matches([' ', '\t']);
    if !rest.is_empty() && !rest.starts_with('#') {
        return None;
    }
    let behind = source.line_start(last_line.checked_add(1)?).min(offset(source.text().len()));
    Some(Edit::remove(Span::new(before.start, behind)))
}

#[cfg(test)]
mod tests {
    use plimsoll_model::text::apply;

    use super::*;
    use crate::manifest::Manifest;

    fn after(text: &str, below: &[&str], path: &[&str], value: Tree) -> String {
        let manifest = Manifest::parse(Source::new(text));
        let node = manifest.documents[0].at(below).unwrap();
        let edit = set(&manifest.source, node, path, value);
        edit.map_or_else(|| "-".to_owned(), |edit| apply(manifest.source.text(), &[edit]))
    }

    const PATH: &[&str] = &["securityContext", "privileged"];

    #[test]
    fn a_value_is_replaced_and_its_comment_stays() {
        let text = "securityContext:\n  privileged: true # for now\n  runAsUser: 1\n";
        assert_eq!(
            after(text, &[], PATH, Tree::Word("false")),
            "securityContext:\n  privileged: false # for now\n  runAsUser: 1\n"
        );
    }

    #[test]
    fn what_is_missing_is_put_behind_the_last_field() {
        let text = "c:\n- name: a # first\n  image: x\n  # of a\n- name: b\n";
        let manifest = Manifest::parse(Source::new(text));
        let first = &manifest.documents[0].list("c")[0];
        let edit = set(&manifest.source, first, PATH, Tree::Word("false")).unwrap();
        assert_eq!(
            apply(text, &[edit]),
            "c:\n- name: a # first\n  image: x\n  # of a\n  securityContext:\n    privileged: \
             false\n- name: b\n"
        );
    }

    #[test]
    fn styles_are_kept() {
        let no = Tree::Word("false");
        assert_eq!(after("a: {}\n", &["a"], &["b"], no), "a: {b: false}\n");
        assert_eq!(after("a: {c: 1}\n", &["a"], PATH, no), {
            "a: {securityContext: {privileged: false}, c: 1}\n"
        });
        assert_eq!(
            after("{\"a\": 1}", &[], &["c", "drop"], Tree::Texts(&["ALL"])),
            "{\"c\": {\"drop\": [\"ALL\"]}, \"a\": 1}"
        );
        assert_eq!(after("a: 1", &[], &["b"], no), "a: 1\nb: false");
        assert_eq!(after("a: 1\r\n", &[], &["b"], no), "a: 1\r\nb: false\r\n");
        assert_eq!(after("securityContext:\nb: 1\n", &[], PATH, no), {
            "securityContext: {privileged: false}\nb: 1\n"
        });
        assert_eq!(after("a: |\n  x\n\n", &[], &["b"], no), "a: |\n  x\nb: false\n\n");
        assert_eq!(after("a: |+\n  x\n\n", &[], &["b"], no), "b: false\na: |+\n  x\n\n");
        assert_eq!(after("a:\n- x\n- y: 1\n  z:\n", &[], &["b"], no), {
            "a:\n- x\n- y: 1\n  z:\nb: false\n"
        });
    }

    #[test]
    fn a_field_is_taken_out_with_its_lines() {
        let text = "spec:\n  hostPID: true # why\n  x: 1\n";
        let manifest = Manifest::parse(Source::new(text));
        let spec = manifest.documents[0].get("spec").unwrap();
        let edit = remove(&manifest.source, spec, "hostPID").unwrap();
        assert_eq!(apply(text, &[edit]), "spec:\n  x: 1\n");
    }
}
