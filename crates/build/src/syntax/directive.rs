//! Parser directives: `# syntax=`, `# escape=` and `# check=`, before anything else in the file.
//!
//! <https://docs.docker.com/reference/dockerfile/#parser-directives>

use crate::Span;
use plimsoll_model::text::offset;

/// A parser directive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Directive {
    /// `syntax`, `escape` or `check`.
    pub name: String,
    /// The value.
    pub value: String,
    /// From `#` to the end of the line.
    pub span: Span,
    /// Its line.
    pub line: u32,
}

/// Reads directives until the first line that is none.
#[derive(Debug, Default)]
pub(super) struct DirectiveReader {
    pub(super) found: Vec<Directive>,
    done: bool,
}

impl DirectiveReader {
    /// The directive of a line; `Err` with its name where there was one of that name already.
    pub(super) fn read(
        &mut self,
        line: &str,
        at: u32,
        number: u32,
    ) -> Result<Option<Directive>, (String, Span)> {
        if self.done {
            return Ok(None);
        }
        let Some((name, value)) = split(line) else {
            self.done = true;
            return Ok(None);
        };
        let span = Span::new(at, at.saturating_add(offset(line.len())));
        if self.found.iter().any(|known| known.name == name) {
            return Err((name, span));
        }
        let directive = Directive { name, value: value.to_owned(), span, line: number };
        self.found.push(directive.clone());
        Ok(Some(directive))
    }
}

fn split(line: &str) -> Option<(String, &str)> {
    let (name, value) = line.strip_prefix('#')?.split_once('=')?;
    let name = name.trim().to_ascii_lowercase();
    let value = value.trim();
    (matches!(name.as_str(), "syntax" | "escape" | "check") && !value.is_empty())
        .then_some((name, value))
}
