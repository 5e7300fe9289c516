//! Heredocs: the lines behind a command, up to one that says only the delimiter.

use memchr::memchr;

use super::ast::{Heredoc, Word};
use super::cursor::Parser;
use super::error::SyntaxErrorKind;

impl Parser<'_> {
    /// The body of the heredoc whose redirect has just been read. Several on one line stand one
    /// behind another.
    pub(super) fn heredoc(&mut self, target: &Word, strip_tabs: bool) -> Heredoc {
        let quoted = target.is_quoted();
        let delimiter = target.text(self.source).into_owned();
        let (line_end, body_start) = match self.heredocs {
            Some((line_end, bodies_end)) if self.pos <= line_end => (line_end, bodies_end),
            _ => {
                let line_end = self.line_end(self.pos);
                (line_end, line_end.saturating_add(1).min(self.text.len()))
            }
        };
        let (body_end, bodies_end) = self.heredoc_end(body_start, &delimiter, quoted, strip_tabs);
        self.heredocs = Some((line_end, bodies_end));
        if body_end.is_none() {
            self.error_opened(
                SyntaxErrorKind::UnterminatedHeredoc,
                target.span,
                format!("no line says `{delimiter}`"),
            );
        }
        let end = body_end.unwrap_or(bodies_end);
        let mut parts = Vec::new();
        if quoted {
            self.literal(&mut parts, body_start, end);
        } else if self.enter() {
            self.within(body_start, end, |body| body.quoted_parts(None, &mut parts));
            self.leave();
        }
        Heredoc {
            delimiter,
            quoted,
            body_span: self.span(body_start, end),
            parts,
            terminated: body_end.is_some(),
        }
    }

    /// Where the body ends and where the text goes on behind the delimiter's line.
    fn heredoc_end(
        &self,
        start: usize,
        delimiter: &str,
        quoted: bool,
        strip_tabs: bool,
    ) -> (Option<usize>, usize) {
        let bytes = self.text.as_bytes();
        let mut line_start = start;
        let mut joined = false;
        while let Some(rest) = bytes.get(line_start..)
            && !rest.is_empty()
        {
            let length = memchr(b'\n', rest).unwrap_or(rest.len());
            let line = rest.get(..length).unwrap_or_default();
            let next = line_start.saturating_add(length).saturating_add(1).min(bytes.len());
            let mut text = line.strip_suffix(b"\r").unwrap_or(line);
            if strip_tabs {
                let tabs = text.iter().take_while(|&&b| b == b'\t').count();
                text = text.get(tabs..).unwrap_or_default();
            }
            if !joined && text == delimiter.as_bytes() {
                return (Some(line_start), next);
            }
            // A backslash at the end of a line hides the delimiter on the next one.
            let backslashes = line.iter().rev().take_while(|&&b| b == b'\\').count();
            joined = !quoted && backslashes % 2 == 1;
            line_start = next;
        }
        (None, bytes.len())
    }
}
