//! Rule files in one form: the same values, the same comments.
//!
//! Lines are moved and never written anew, so that texts and comments stay what they were. A
//! definition whose values would not be the same afterwards is left as it is.

use std::sync::Arc;

use plimsoll_model::text::Source;

use crate::yaml::{self, Node, Value};

/// Why a text cannot be brought into form: it is no YAML.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FormatError {
    /// The line, from 1.
    pub line: u32,
    /// What is wrong there.
    pub what: String,
}

impl std::fmt::Display for FormatError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "line {}: {}", self.line, self.what)
    }
}

impl std::error::Error for FormatError {}

/// The keys of definitions in the order of Falco's own files; others come after them.
const KEYS: [&str; 14] = [
    "rule",
    "macro",
    "list",
    "required_engine_version",
    "required_plugin_versions",
    "desc",
    "condition",
    "exceptions",
    "enabled",
    "output",
    "priority",
    "source",
    "tags",
    "items",
];

/// The text in form.
pub fn format(text: &str) -> Result<String, FormatError> {
    let before = yaml::read(text).map_err(|error| {
        let line = Source::new(text).position(error.at).line;
        FormatError { line, what: error.what }
    })?;
    let text_of_lines = text.trim_start_matches('\u{feff}');
    let lines: Vec<&str> = text_of_lines.lines().map(|it| it.trim_end_matches('\r')).collect();
    let mut out = String::with_capacity(text.len());
    for paragraph in paragraphs(&lines) {
        if !out.is_empty() {
            out.push('\n');
        }
        for line in paragraph {
            out.push_str(&line);
            out.push('\n');
        }
    }
    match yaml::read(&out) {
        Ok(after) if same_all(&before, &after) => Ok(out),
        _ => Ok(text.to_owned()),
    }
}

fn indent(line: &str) -> usize {
    line.len().saturating_sub(line.trim_start_matches(' ').len())
}

fn is_blank(line: &str) -> bool {
    line.trim().is_empty()
}

fn is_comment(line: &str) -> bool {
    line.trim_start().starts_with('#')
}

fn is_entry(line: &str) -> bool {
    let rest = line.trim_start_matches(' ');
    rest == "-" || rest.starts_with("- ")
}

/// Definitions with the comments right above them, and comments that stand alone.
fn paragraphs(lines: &[&str]) -> Vec<Vec<String>> {
    let margin = lines.iter().find(|line| is_entry(line)).map_or(0, |line| indent(line));
    let mut all = Vec::new();
    // Comments that may belong to what comes next.
    let mut above: Vec<String> = Vec::new();
    let mut at = 0;
    while let Some(line) = lines.get(at) {
        if is_blank(line) {
            if !above.is_empty() {
                all.push(std::mem::take(&mut above));
            }
            at = at.saturating_add(1);
            continue;
        }
        let rest = lines.get(at.saturating_add(1)..).unwrap_or_default();
        let is_definition = is_entry(line) && indent(line) == margin;
        if is_comment(line) || !is_definition {
            let shown = if is_comment(line) { line.trim() } else { line.trim_end() };
            above.push(shown.to_owned());
            at = at.saturating_add(1);
            continue;
        }
        let inside = |line: &&&str| is_blank(line) || indent(line) > margin;
        let mut length = rest.iter().take_while(inside).count();
        while length > 0 && rest.get(length.saturating_sub(1)).is_some_and(|line| is_blank(line)) {
            length = length.saturating_sub(1);
        }
        let end = at.saturating_add(1).saturating_add(length);
        let own = lines.get(at..end).unwrap_or_default();
        above.extend(definition(own, margin));
        all.push(std::mem::take(&mut above));
        at = end;
    }
    if !above.is_empty() {
        all.push(above);
    }
    all
}

/// A definition in form, or as it is where that would change it.
fn definition(lines: &[&str], margin: usize) -> Vec<String> {
    let Ok(before) = yaml::read(&lines.join("\n")) else {
        return lines.iter().map(|line| (*line).to_owned()).collect();
    };
    // A blank at the end of a line can be part of a text.
    for trims in [true, false] {
        if let Some(formed) = formed(lines, margin, trims)
            && yaml::read(&formed.join("\n")).is_ok_and(|after| same_all(&before, &after))
        {
            return formed;
        }
    }
    lines.iter().map(|line| (*line).to_owned()).collect()
}

fn formed(lines: &[&str], margin: usize, trims: bool) -> Option<Vec<String>> {
    let (first, rest) = lines.split_first()?;
    let entry = first.get(margin.saturating_add(1)..)?;
    let column = margin.saturating_add(1).saturating_add(indent(entry));
    let mut shifted = vec![entry.trim_start_matches(' ').to_owned()];
    for line in rest {
        let line = if trims { line.trim_end() } else { line };
        shifted.push(match line.get(column..) {
            _ if is_blank(line) => line.get(column..).unwrap_or_default().to_owned(),
            Some(inner) if indent(line) >= column => inner.to_owned(),
            _ if is_comment(line) => line.trim_start().to_owned(),
            _ => return None,
        });
    }
    let mut parts: Vec<(usize, Vec<String>)> = Vec::new();
    let mut above = Vec::new();
    for line in shifted {
        let begins = indent(&line) == 0 && !is_blank(&line) && !line.starts_with(['-', '#']);
        if begins {
            let key = line.split(':').next().unwrap_or_default().trim();
            let rank = KEYS.iter().position(|known| *known == key).unwrap_or(KEYS.len());
            let mut own = std::mem::take(&mut above);
            own.push(one_line_list(&line));
            parts.push((rank, own));
        } else if line.starts_with('#') {
            above.push(line);
        } else {
            let (_, own) = parts.last_mut()?;
            own.append(&mut above);
            own.push(line);
        }
    }
    parts.sort_by_key(|(rank, _)| *rank);
    let mut formed = Vec::new();
    for (_, mut own) in parts {
        while own.last().is_some_and(|line| is_blank(line)) {
            own.pop();
        }
        formed.append(&mut own);
    }
    formed.append(&mut above);
    // A comment before the first key would stand behind the dash.
    if formed.first()?.starts_with('#') {
        return None;
    }
    let indented = formed.iter().enumerate().map(|(at, line)| match line.as_str() {
        _ if at == 0 => format!("- {line}"),
        "" => String::new(),
        _ => format!("  {line}"),
    });
    Some(indented.collect())
}

/// `tags: [a,b]` with one blank after each comma.
fn one_line_list(line: &str) -> String {
    let plain = |text: &str| !text.contains(['"', '\'', '[', ']', '{', '}', '#']);
    if let Some((key, list)) = line.split_once(": [")
        && let Some(list) = list.trim_end().strip_suffix(']')
        && plain(key)
        && plain(list)
    {
        let items: Vec<&str> = list.split(',').map(str::trim).collect();
        return format!("{key}: [{}]", items.join(", "));
    }
    line.to_owned()
}

fn same_all(one: &[Arc<Node>], other: &[Arc<Node>]) -> bool {
    one.len() == other.len() && one.iter().zip(other).all(|(one, other)| same(one, other))
}

/// Whether two values are alike; keys may stand in another order, where none stands twice.
fn same(one: &Node, other: &Node) -> bool {
    match (&one.value, &other.value) {
        (Value::Null, Value::Null) => true,
        (Value::Scalar(one), Value::Scalar(other)) => one == other,
        (Value::Sequence(one), Value::Sequence(other)) => same_all(one, other),
        (Value::Mapping(one), Value::Mapping(other)) => {
            let pair = |at: usize| Some((one.get(at)?, other.get(at)?));
            let in_order = (0..one.len()).all(|at| {
                pair(at).is_some_and(|((key, value), (other_key, other_value))| {
                    same(key, other_key) && same(value, other_value)
                })
            });
            one.len() == other.len() && (in_order || same_in_any_order(one, other))
        }
        _ => false,
    }
}

type Field = (Arc<Node>, Arc<Node>);

fn same_in_any_order(one: &[Field], other: &[Field]) -> bool {
    // Only definitions have their keys moved, and these have few.
    const MOST_KEYS: usize = 64;
    one.len() <= MOST_KEYS
        && one.iter().all(|(key, value)| {
            let named = |fields: &[Field]| fields.iter().filter(|(it, _)| same(it, key)).count();
            let fits = |(it, own): &Field| same(it, key) && same(own, value);
            named(one) == 1 && named(other) == 1 && other.iter().any(fits)
        })
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]
mod tests {
    use super::*;

    #[test]
    fn keys_are_in_order_and_comments_stay_with_them() {
        let text = "\u{feff}# The file.\r\n\r\n\r\n# Shells.\r\n-   list: shells\r\n    items: [sh,bash,  zsh]\r\n- rule: a\r\n  # how grave\r\n  priority: INFO   \r\n\r\n  output: a # seen\r\n  tags:\r\n  - x\r\n  condition: >\r\n    evt.type = open\r\n\r\n    and proc.name in (shells)\r\n  desc: a\r\n  # the end\r\n";
        let expected = "# The file.\n\n# Shells.\n- list: shells\n  items: [sh, bash, zsh]\n\n- rule: a\n  desc: a\n  condition: >\n    evt.type = open\n\n    and proc.name in (shells)\n  output: a # seen\n  # how grave\n  priority: INFO\n  tags:\n  - x\n  # the end\n";
        let formed = format(text).unwrap();
        assert_eq!(formed, expected);
        assert_eq!(format(&formed).unwrap(), expected);
    }

    #[test]
    fn what_would_not_be_the_same_stays() {
        // A blank at a line's end is part of a literal text; a key that stands twice has an order.
        for text in ["- rule: a\n  desc: |\n    a \n    b\n", "- tags: [a]\n  rule: a\n  rule: b\n"]
        {
            assert_eq!(format(text).unwrap(), text);
        }
        // Breaks of other systems, several on end.
        let formed = format("- >\r\r\r\n").unwrap();
        assert_eq!(format(&formed).unwrap(), formed);
        let error = format("- rule: a\n  desc: b: c\n").unwrap_err();
        assert_eq!(error.line, 2);
    }
}
