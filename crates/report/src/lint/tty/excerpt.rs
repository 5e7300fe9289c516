//! Lines of a file as a terminal may show them: without secrets, and without what moves the cursor.

use std::ops::Range;

use plimsoll_kube::redact::REDACTED;
use plimsoll_model::text::{Source, Span};

/// Lines of a file, and where its places are in them.
pub(super) struct Excerpt {
    /// Which part of the file it is.
    span: Span,
    /// What is shown of it.
    pub(super) text: String,
    /// The places of secrets in the file, and of what is shown in their stead.
    secrets: Vec<(Span, Range<usize>)>,
}

impl Excerpt {
    /// The lines that `span` has, which are whole. `secrets` are in order.
    pub(super) fn new(source: &Source, span: Span, secrets: &[Span]) -> Self {
        let mut text = String::new();
        let mut shown = Vec::new();
        let mut from = span.start;
        let first = secrets.partition_point(|secret| secret.end <= span.start);
        let here = secrets.iter().skip(first).take_while(|secret| secret.start < span.end);
        for secret in here {
            let part = Span::new(secret.start.max(from), secret.end.min(span.end));
            text.push_str(&harmless(source.slice(Span::new(from, part.start))));
            let start = text.len();
            text.push_str(REDACTED);
            shown.push((part, start..text.len()));
            from = part.end;
        }
        text.push_str(&harmless(source.slice(Span::new(from, span.end))));
        Self { span, text, secrets: shown }
    }

    /// Whether all of a place is in it.
    pub(super) fn has(&self, span: Span) -> bool {
        self.span.contains(span)
    }

    /// Where a place of the file is in what is shown, on whole characters: a place may be one byte of what
    /// stands for several that were no text.
    pub(super) fn within(&self, span: Span) -> Range<usize> {
        let start = self.text.floor_char_boundary(self.shown(span.start, |stars| stars.start));
        let end = self.text.ceil_char_boundary(self.shown(span.end, |stars| stars.end));
        start..end.max(start)
    }

    /// A byte of the file in what is shown; `edge` is the one of a secret that it is in.
    fn shown(&self, at: u32, edge: impl Fn(&Range<usize>) -> usize) -> usize {
        let at = at.clamp(self.span.start, self.span.end);
        let behind = self.secrets.partition_point(|(secret, _)| secret.start < at);
        match behind.checked_sub(1).and_then(|last| self.secrets.get(last)) {
            Some((secret, stars)) if at < secret.end => edge(stars),
            Some((secret, stars)) => {
                stars.end.saturating_add(at.saturating_sub(secret.end) as usize)
            }
            None => at.saturating_sub(self.span.start) as usize,
        }
    }
}

/// Text of the file for a terminal: as many bytes, nothing that moves the cursor.
pub(super) fn harmless(text: &str) -> String {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_those_of_what_is_shown() {
        let source = Source::new("a: hunter2, b: hunter2 c\n");
        let secrets = [Span::new(3, 10), Span::new(15, 22)];
        let excerpt = Excerpt::new(&source, Span::new(0, 24), &secrets);
        assert_eq!(excerpt.text, "a: ***, b: *** c");
        let shown = |start, end| &excerpt.text[excerpt.within(Span::new(start, end))];
        assert_eq!(shown(0, 1), "a");
        assert_eq!(shown(3, 10), "***");
        assert_eq!(shown(5, 6), "***");
        assert_eq!(shown(12, 13), "b");
        assert_eq!(shown(0, 24), excerpt.text);
        assert_eq!(shown(23, 24), "c");
    }

    #[test]
    fn secrets_elsewhere_hide_nothing() {
        let source = Source::new("hunter2\na: b\nhunter2\n");
        let secrets = [Span::new(0, 7), Span::new(13, 20)];
        let excerpt = Excerpt::new(&source, Span::new(8, 12), &secrets);
        assert_eq!(excerpt.text, "a: b");
    }
}
