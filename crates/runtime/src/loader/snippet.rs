//! The line that something is said of, with a mark below, as Falco's load result has it.
//!
//! After `context::snippet` of Falco's `rule_loader.cpp`.

use plimsoll_model::text::Source;

use super::context::Context;

/// How many bytes of a long line are shown.
const WIDTH: usize = 160;

impl Context {
    /// The line of the last location, in the file or in its condition.
    pub fn snippet(&self, file: Option<&Source>) -> String {
        let none = || "<No context available>\n".to_owned();
        let Some(last) = self.locations.last() else { return none() };
        let content = match (&self.condition, file) {
            (Some(condition), _) => condition.as_ref(),
            (None, Some(file)) => file.text(),
            (None, None) => return format!("<No context for file + {}>\n", last.name),
        };
        let bytes = content.as_bytes();
        let mut at = (last.offset as usize).min(bytes.len().saturating_sub(1));
        while at > 0 && bytes.get(at) == Some(&b'\n') {
            at = at.saturating_sub(1);
        }
        while !content.is_char_boundary(at) {
            at = at.saturating_sub(1);
        }
        let before = content.get(..at).unwrap_or_default();
        let behind = content.get(at..).unwrap_or_default();
        let line_start = before.rfind('\n').map_or(0, |newline| newline.saturating_add(1));
        let line_end = behind.find('\n').map_or(content.len(), |end| at.saturating_add(end));
        let from = floor(content, line_start.max(at.saturating_sub(WIDTH / 2)));
        let to = floor(content, line_end.min(at.saturating_add(WIDTH / 2)));
        let shown = content.get(from..to).unwrap_or_default();
        if shown.is_empty() {
            return none();
        }
        let (head, tail) =
            (if from > line_start { "..." } else { "" }, if to < line_end { "..." } else { "" });
        let indent = content.get(from..at).unwrap_or_default().chars().count();
        let mark = " ".repeat(indent.saturating_add(head.len()));
        format!("{head}{shown}{tail}\n{mark}^\n")
    }
}

fn floor(text: &str, mut at: usize) -> usize {
    while at > 0 && !text.is_char_boundary(at) {
        at = at.saturating_sub(1);
    }
    at
}
