//! One instruction's text into keyword, flags and arguments.
//!
//! After `split_command.go` and `line_parsers.go` of
//! <https://github.com/moby/buildkit/tree/master/frontend/dockerfile/parser>. Flags are read byte
//! by byte there, and so here.

use super::instruction::{Argument, Arguments, Flag, Instruction, Keyword, Pair};
use super::joined::Joined;
use super::json;
use super::parse::invalid;
use super::problem::ProblemKind;
use crate::Span;
use plimsoll_model::text::offset;

/// What white space between arguments is; a line break is none.
const BLANK: [char; 5] = ['\t', '\u{b}', '\u{c}', '\r', ' '];
/// How deep `ONBUILD ONBUILD …` is followed.
const MAX_ONBUILD: u32 = 16;

/// Told of a problem and where it is in the file.
pub(super) type Complain<'a> = &'a mut dyn FnMut(ProblemKind, Span);

/// Reads an instruction; its span, lines, comments and here-documents are the caller's to set.
pub(super) fn instruction(joined: &Joined, escape: char, complain: Complain) -> Instruction {
    let whole = Span::new(0, offset(joined.text().len()));
    let mut parser = Parser { joined, escape, complain, depth: 0 };
    parser.instruction(whole)
}

struct Parser<'a> {
    joined: &'a Joined,
    escape: char,
    complain: Complain<'a>,
    depth: u32,
}

impl Parser<'_> {
    fn text(&self, span: Span) -> &str {
        span.of(self.joined.text())
    }

    fn trimmed(&self, span: Span) -> Span {
        let text = self.text(span);
        let start = text.len().saturating_sub(text.trim_start().len());
        let length = text.trim().len();
        let start = span.start.saturating_add(offset(start));
        Span::new(start, start.saturating_add(offset(length)))
    }

    fn argument(&self, span: Span) -> Argument {
        Argument { text: self.text(span).to_owned(), span: self.joined.source_span(span) }
    }

    fn instruction(&mut self, span: Span) -> Instruction {
        let line = self.trimmed(span);
        let (name, rest) = self.split_blank(line);
        let keyword = Keyword::named(self.text(name));
        let mut flags = Vec::new();
        let mut arguments = Span::new(line.end, line.end);
        if let Some(rest) = rest {
            let (found, behind) = self.flags(rest);
            flags = found;
            arguments = self.trimmed(behind);
        }
        Instruction {
            keyword,
            name: self.argument(name),
            flags,
            arguments: self.arguments(keyword, arguments),
            arguments_span: self.joined.source_span(arguments),
            arguments_text: self.joined.part(arguments),
            heredocs: Vec::new(),
            span: self.joined.source_span(line),
            lines: (0, 0),
            comments: 0..0,
            empty_continuations: Vec::new(),
        }
    }

    /// The first word, and what stands behind the blanks that end it.
    fn split_blank(&self, span: Span) -> (Span, Option<Span>) {
        let text = self.text(span);
        let Some(end) = text.find(BLANK) else { return (span, None) };
        let rest = text.get(end..).unwrap_or_default();
        let skipped = rest.len().saturating_sub(rest.trim_start_matches(BLANK).len());
        let behind = span.start.saturating_add(offset(end.saturating_add(skipped)));
        let first = Span::new(span.start, span.start.saturating_add(offset(end)));
        (first, Some(Span::new(behind, span.end)))
    }

    /// The `--flags` at the start, and the span behind them.
    fn flags(&self, span: Span) -> (Vec<Flag>, Span) {
        let bytes = self.text(span).as_bytes();
        let mut flags = Vec::new();
        let mut at = 0;
        let place = |at: usize| span.start.saturating_add(offset(at));
        loop {
            while bytes.get(at).is_some_and(|one| is_space(*one)) {
                at = at.saturating_add(1);
            }
            if !bytes.get(at..).is_some_and(|rest| rest.starts_with(b"--")) {
                let at = at.min(bytes.len());
                return (flags, Span::new(place(at), span.end));
            }
            let start = at;
            let mut text = String::new();
            let mut quote = None;
            let mut quoted = false;
            while let Some(byte) = bytes.get(at).copied() {
                if quote.is_none() && is_space(byte) {
                    break;
                }
                at = at.saturating_add(1);
                match quote {
                    None if matches!(byte, b'\'' | b'"') => {
                        quote = Some(byte);
                        quoted = true;
                    }
                    Some(open) if open == byte => quote = None,
                    _ if char::from(byte) == self.escape => {
                        if let Some(next) = bytes.get(at).copied() {
                            text.push(char::from(next));
                            at = at.saturating_add(1);
                        }
                    }
                    _ => text.push(char::from(byte)),
                }
            }
            if text == "--" {
                return (flags, Span::new(place(at), span.end));
            }
            if quoted || !text.is_empty() {
                let span = self.joined.source_span(Span::new(place(start), place(at)));
                flags.push(Flag { text, span });
            }
        }
    }

    fn arguments(&mut self, keyword: Keyword, span: Span) -> Arguments {
        match keyword {
            Keyword::Unknown => invalid(self.joined, span),
            Keyword::Env | Keyword::Label => self.pairs(keyword, span),
            Keyword::Healthcheck => self.health(span),
            Keyword::Onbuild => self.onbuild(span),
            _ if span.is_empty() => Arguments::None,
            Keyword::Run | Keyword::Cmd | Keyword::Entrypoint | Keyword::Shell => {
                self.exec(span).unwrap_or_else(|| Arguments::Text(self.argument(span)))
            }
            Keyword::Add | Keyword::Copy | Keyword::Volume => {
                self.exec(span).unwrap_or_else(|| Arguments::Words(self.split(span)))
            }
            Keyword::From | Keyword::Expose => Arguments::Words(self.split(span)),
            Keyword::Arg => {
                let words = self.words(span);
                Arguments::Words(words.into_iter().map(|word| self.argument(word)).collect())
            }
            Keyword::Maintainer | Keyword::Stopsignal | Keyword::User | Keyword::Workdir => {
                Arguments::Text(self.argument(span))
            }
        }
    }

    /// A JSON array of strings; `None` where it is none.
    fn exec(&mut self, span: Span) -> Option<Arguments> {
        let text = self.text(span);
        if !text.starts_with('[') {
            return None;
        }
        match json::strings(text) {
            json::Array::Strings(strings) => {
                let place = |at: usize| span.start.saturating_add(offset(at));
                let word = |(text, range): (String, std::ops::Range<usize>)| Argument {
                    text,
                    span: self.joined.source_span(Span::new(place(range.start), place(range.end))),
                };
                Some(Arguments::Exec(strings.into_iter().map(word).collect()))
            }
            json::Array::Others => {
                (self.complain)(ProblemKind::NotStrings, self.joined.source_span(span));
                Some(invalid(self.joined, span))
            }
            json::Array::None => None,
        }
    }

    /// Words between blanks; quotes mean nothing.
    fn split(&self, span: Span) -> Vec<Argument> {
        let mut words = Vec::new();
        let mut rest = Some(span);
        while let Some(open) = rest {
            let (word, behind) = self.split_blank(open);
            words.push(self.argument(word));
            rest = behind;
        }
        words
    }

    /// Words as a shell would split them, quotes and escapes kept.
    fn words(&self, span: Span) -> Vec<Span> {
        let text = self.text(span);
        let mut words = Vec::new();
        let mut start = None;
        let mut quote = None;
        let mut characters = text.char_indices().peekable();
        while let Some((at, character)) = characters.next() {
            if quote.is_none() && character.is_whitespace() {
                if let Some(start) = start.take() {
                    words.push((start, at));
                }
                continue;
            }
            start.get_or_insert(at);
            if quote == Some(character) {
                quote = None;
            } else if quote.is_none() && matches!(character, '\'' | '"') {
                quote = Some(character);
            } else if character == self.escape && quote != Some('\'') {
                characters.next();
            }
        }
        words.extend(start.map(|start| (start, text.len())));
        let place = |at: usize| span.start.saturating_add(offset(at));
        words.into_iter().map(|(start, end)| Span::new(place(start), place(end))).collect()
    }

    fn pairs(&mut self, keyword: Keyword, span: Span) -> Arguments {
        let words = self.words(span);
        let Some(first) = words.first().copied() else { return Arguments::None };
        if !self.text(first).contains('=') {
            let (key, value) = self.split_blank(span);
            let Some(value) = value else {
                let kind = ProblemKind::OneArgument(keyword);
                (self.complain)(kind, self.joined.source_span(span));
                return invalid(self.joined, span);
            };
            let (key, value) = (self.argument(key), self.argument(value));
            return Arguments::Pairs(vec![Pair { key, value, equals: false }]);
        }
        let mut pairs = Vec::new();
        for word in words {
            let text = self.text(word);
            let Some(equals) = text.find('=') else {
                let kind = ProblemKind::NoEquals(text.to_owned());
                (self.complain)(kind, self.joined.source_span(word));
                return invalid(self.joined, span);
            };
            let middle = word.start.saturating_add(offset(equals));
            pairs.push(Pair {
                key: self.argument(Span::new(word.start, middle)),
                value: self.argument(Span::new(middle.saturating_add(1), word.end)),
                equals: true,
            });
        }
        Arguments::Pairs(pairs)
    }

    fn health(&mut self, span: Span) -> Arguments {
        if span.is_empty() {
            return Arguments::None;
        }
        let text = self.text(span);
        let end = text.find(char::is_whitespace).unwrap_or(text.len());
        let middle = span.start.saturating_add(offset(end));
        let kind = self.argument(Span::new(span.start, middle));
        let command = self.trimmed(Span::new(middle, span.end));
        let command = if command.is_empty() {
            Arguments::None
        } else {
            self.exec(command).unwrap_or_else(|| Arguments::Text(self.argument(command)))
        };
        Arguments::Health(kind, Box::new(command))
    }

    fn onbuild(&mut self, span: Span) -> Arguments {
        if span.is_empty() {
            return Arguments::None;
        }
        self.depth = self.depth.saturating_add(1);
        if self.depth > MAX_ONBUILD {
            (self.complain)(ProblemKind::OnbuildTooDeep, self.joined.source_span(span));
            return invalid(self.joined, span);
        }
        Arguments::Onbuild(Box::new(self.instruction(span)))
    }
}

fn is_space(byte: u8) -> bool {
    matches!(byte, b'\t' | b'\n' | 0xb | 0xc | b'\r' | b' ' | 0x85 | 0xa0)
}
