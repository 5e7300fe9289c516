//! Words: quotes, escapes, globs, braces, and where a word ends in which surroundings.

use memchr::memchr;

use super::ast::{Part, Word};
use super::cursor::Parser;
use super::error::SyntaxErrorKind;
use crate::Span;

/// What a word stands in, which says what ends it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Context {
    /// An argument.
    Argument,
    /// The value of an assignment, or a pattern of `case`: braces are not expanded.
    Value,
    /// An alternative of a brace expansion: ends at `,` and `}`.
    Brace,
    /// What follows the operator of `${x…}`: ends at `}`.
    Parameter,
    /// The same inside double quotes: `'` means itself.
    QuotedParameter,
    /// The pattern of `${x/…/…}`: ends at `/` and `}`.
    Pattern,
    /// An index, of which the end is known.
    Index,
    /// An alternative of `@(…)`: ends at `|` and `)`.
    Alternative,
    /// The set of a glob: nothing but quotes and expansions counts.
    Set,
    /// The right side of `=~`.
    Regex,
}

const META: u8 = 1;
const QUOTING: u8 = 1 << 1;
const GLOB: u8 = 1 << 2;
const CURLY: u8 = 1 << 3;
const CLOSER: u8 = 1 << 4;
const OTHER: u8 = 1 << 5;

/// What each byte can mean besides itself.
const CLASSES: [u8; 256] = {
    let mut classes = [0_u8; 256];
    let mut i = 0;
    while i < 256 {
        #[expect(clippy::cast_possible_truncation, reason = "the loop ends at 256")]
        let class = match i as u8 {
            b' ' | b'\t' | b'\n' | b';' | b'&' | b'<' | b'>' | b'(' | b'|' | b')' => META,
            b'\\' | b'\'' | b'"' | b'`' | b'$' => QUOTING,
            b'*' | b'?' | b'[' | b'@' | b'+' | b'!' => GLOB,
            b'{' => CURLY,
            b'}' | b',' | b'/' | b']' => CLOSER,
            b'\r' | 0x80.. => OTHER,
            _ => 0,
        };
        #[expect(clippy::indexing_slicing, reason = "evaluated when compiled")]
        {
            classes[i] = class;
        }
        i += 1;
    }
    classes
};

impl Context {
    /// The classes of bytes that can mean something here.
    const fn classes(self) -> u8 {
        match self {
            Self::Argument => META | QUOTING | GLOB | CURLY | OTHER,
            Self::Value | Self::Regex => META | QUOTING | GLOB | OTHER,
            Self::Brace => META | QUOTING | GLOB | CURLY | CLOSER | OTHER,
            Self::Parameter | Self::Pattern => QUOTING | GLOB | CLOSER,
            Self::QuotedParameter => QUOTING | CLOSER,
            Self::Alternative => META | QUOTING | GLOB,
            Self::Set | Self::Index => QUOTING,
        }
    }

    /// Whether a blank ends the word.
    const fn ends_at_blanks(self) -> bool {
        matches!(self, Self::Argument | Self::Value | Self::Brace | Self::Regex)
    }
}

impl Parser<'_> {
    /// The word that starts here; empty where none does.
    pub(super) fn word(&mut self, context: Context) -> Word {
        let start = self.pos;
        let mut parts = Vec::new();
        if self.peek() == Some(b'~')
            && matches!(context, Context::Argument | Context::Value | Context::Parameter)
        {
            parts.push(self.tilde());
        }
        self.parts(context, &mut parts);
        let word = Word { parts, span: self.span_from(start) };
        self.count();
        word
    }

    /// Reads on to the end of a word that has begun.
    pub(super) fn parts(&mut self, context: Context, parts: &mut Vec<Part>) {
        let classes = context.classes();
        let mut plain = self.pos;
        let mut parentheses = 0_usize;
        loop {
            let ordinary = self
                .rest()
                .iter()
                .take_while(|&&b| CLASSES.get(usize::from(b)).is_none_or(|c| c & classes == 0))
                .count();
            self.bump(ordinary);
            let Some(byte) = self.peek() else { break };
            let before = self.pos;
            let part = match byte {
                b'\\' => Some(self.escaped(context)),
                b'\'' if context != Context::QuotedParameter => Some(self.single_quoted()),
                b'"' => Some(self.double_quoted(false)),
                b'`' => Some(self.backticks(context == Context::QuotedParameter)),
                b'$' => self.dollar(context == Context::QuotedParameter),
                b'*' | b'?' | b'[' | b'@' | b'+' | b'!' => self.glob(context),
                b'{' => self.braces(),
                b'}' => match context {
                    Context::Brace
                    | Context::Parameter
                    | Context::QuotedParameter
                    | Context::Pattern => break,
                    _ => None,
                },
                b',' if context == Context::Brace => break,
                b'/' if context == Context::Pattern => break,
                b'<' | b'>' if context.ends_at_blanks() && self.peek_at(1) == Some(b'(') => {
                    Some(self.process_substitution())
                }
                b'|' | b')' if context == Context::Alternative => break,
                b'(' if context == Context::Regex => {
                    parentheses = parentheses.saturating_add(1);
                    None
                }
                b')' if context == Context::Regex && parentheses > 0 => {
                    parentheses = parentheses.saturating_sub(1);
                    None
                }
                b'|' if context == Context::Regex
                    && (parentheses > 0 || self.peek_at(1) != Some(b'|')) =>
                {
                    None
                }
                b' ' | b'\t' | b'<' | b'>' | b'&' | b';' if parentheses > 0 => None,
                b'\r' => match self.peek_at(1) {
                    None | Some(b'\n') if context.ends_at_blanks() => break,
                    _ => None,
                },
                0x80.. => {
                    self.look_alike();
                    None
                }
                _ if context.ends_at_blanks() => break,
                _ => None,
            };
            if self.keep(part, before, parts, &mut plain) {
                self.count();
            }
        }
        self.literal(parts, plain, self.pos);
    }

    /// Keeps a part that begins at `before`, and the literal text from `plain` up to it; without
    /// one goes on by a character, unless that was done. Says whether there was a part.
    pub(super) fn keep(
        &mut self,
        part: Option<Part>,
        before: usize,
        parts: &mut Vec<Part>,
        plain: &mut usize,
    ) -> bool {
        let Some(part) = part else {
            if self.pos == before {
                self.bump_char();
            }
            return false;
        };
        self.literal(parts, *plain, before);
        parts.push(part);
        *plain = self.pos;
        true
    }

    pub(super) fn literal(&self, parts: &mut Vec<Part>, start: usize, end: usize) {
        if start < end {
            if parts.is_empty() {
                parts.reserve_exact(1);
            }
            parts.push(Part::Literal { span: self.span(start, end) });
        }
    }

    fn tilde(&mut self) -> Part {
        let start = self.pos;
        let name =
            |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'~' | b'_' | b'-' | b'+' | b'.');
        let length = self.rest().iter().take_while(|b| name(b)).count();
        self.bump(length);
        Part::Tilde { span: self.span_from(start) }
    }

    fn escaped(&mut self, context: Context) -> Part {
        let start = self.pos;
        self.bump(1);
        if context == Context::QuotedParameter
            && !matches!(self.peek(), Some(b'$' | b'`' | b'"' | b'\\' | b'\n' | b'}'))
        {
            return Part::Literal { span: self.span_from(start) };
        }
        match self.bump_char() {
            Some(char) => Part::Escaped { span: self.span_from(start), char },
            // A backslash at the very end means itself.
            None => Part::Literal { span: self.span_from(start) },
        }
    }

    fn single_quoted(&mut self) -> Part {
        let start = self.pos;
        self.bump(1);
        if let Some(length) = memchr(b'\'', self.rest()) {
            self.bump(length.saturating_add(1));
        } else {
            self.unterminated_quote(SyntaxErrorKind::UnterminatedSingleQuote, start);
        }
        Part::SingleQuoted { span: self.span_from(start) }
    }

    fn unterminated_quote(&mut self, kind: SyntaxErrorKind, start: usize) {
        let opened = self.span(start, start.saturating_add(1));
        self.pos = self.text.len();
        self.error_opened(kind, opened, "this quote has no end");
    }

    /// `$'…'`, of which the dollar has been read.
    pub(super) fn ansi_c(&mut self, start: usize) -> Part {
        self.bump(1);
        loop {
            let Some(length) = self.rest().iter().position(|b| matches!(b, b'\'' | b'\\')) else {
                self.unterminated_quote(SyntaxErrorKind::UnterminatedSingleQuote, start);
                break;
            };
            self.bump(length.saturating_add(1));
            if self.byte_at(self.pos.saturating_sub(1)) == Some(b'\'') {
                break;
            }
            self.bump_char();
        }
        Part::AnsiC { span: self.span_from(start) }
    }

    /// `"…"`; with `locale` the dollar before it has been read.
    pub(super) fn double_quoted(&mut self, locale: bool) -> Part {
        let start = self.pos.saturating_sub(usize::from(locale));
        self.bump(1);
        let mut parts = Vec::new();
        if self.enter() {
            self.quoted_parts(Some(b'"'), &mut parts);
            self.leave();
        }
        if self.peek() == Some(b'"') {
            self.bump(1);
        } else {
            let quote = self.pos.min(start);
            self.unterminated_quote(SyntaxErrorKind::UnterminatedDoubleQuote, quote);
        }
        Part::DoubleQuoted { span: self.span_from(start), parts, locale }
    }

    /// What is between double quotes, or with no `end` in the body of a heredoc.
    pub(super) fn quoted_parts(&mut self, end: Option<u8>, parts: &mut Vec<Part>) {
        let mut plain = self.pos;
        loop {
            let special = |&b: &u8| matches!(b, b'\\' | b'$' | b'`') || Some(b) == end;
            let Some(length) = self.rest().iter().position(special) else {
                self.pos = self.text.len();
                break;
            };
            self.bump(length);
            let before = self.pos;
            let part = match self.peek() {
                Some(b'\\') => self.escaped_in_quotes(end),
                Some(b'$') => self.dollar(true),
                Some(b'`') => Some(self.backticks(end.is_some())),
                _ => break,
            };
            if self.keep(part, before, parts, &mut plain) {
                self.count();
            }
        }
        self.literal(parts, plain, self.pos);
    }

    /// A backslash escapes only few characters there; before the others it means itself.
    fn escaped_in_quotes(&mut self, end: Option<u8>) -> Option<Part> {
        let start = self.pos;
        let char = match self.peek_at(1)? {
            b'\n' => '\n',
            b'$' => '$',
            b'`' => '`',
            b'\\' => '\\',
            b'"' if end == Some(b'"') => '"',
            _ => return None,
        };
        self.bump(2);
        Some(Part::Escaped { span: self.span_from(start), char })
    }

    fn glob(&mut self, context: Context) -> Option<Part> {
        let start = self.pos;
        let byte = self.peek()?;
        if byte != b'['
            && self.peek_at(1) == Some(b'(')
            && !matches!(context, Context::Regex | Context::Index)
        {
            return Some(self.extended_glob());
        }
        match byte {
            b'*' | b'?' => {
                self.bump(1);
                Some(Part::Glob {
                    span: self.span_from(start),
                    char: byte.into(),
                    parts: Vec::new(),
                })
            }
            b'[' => {
                let end = self.bracket_end(context.ends_at_blanks())?;
                let mut parts = Vec::new();
                self.within(start.saturating_add(1), end, |inside| {
                    inside.parts(Context::Set, &mut parts);
                });
                self.pos = if self.stopped { self.text.len() } else { end.saturating_add(1) };
                Some(Part::Glob { span: self.span_from(start), char: '[', parts })
            }
            _ => None,
        }
    }

    fn extended_glob(&mut self) -> Part {
        let start = self.pos;
        self.bump(2);
        let mut alternatives = Vec::new();
        if self.enter() {
            loop {
                alternatives.push(self.word(Context::Alternative));
                if self.peek() != Some(b'|') {
                    break;
                }
                self.bump(1);
            }
            self.leave();
        }
        if self.peek() == Some(b')') {
            self.bump(1);
        } else {
            let opened = self.span(start, start.saturating_add(2));
            self.error_opened(
                SyntaxErrorKind::MissingParenthesis,
                opened,
                "this pattern has no `)`",
            );
        }
        Part::ExtendedGlob { span: self.span_from(start), alternatives }
    }

    fn braces(&mut self) -> Option<Part> {
        let start = self.pos;
        let (end, range) = self.brace_end()?;
        let mut items = Vec::new();
        if !self.enter() {
            return None;
        }
        if range {
            let inside = self.span(start.saturating_add(1), end);
            items.push(Word { parts: vec![Part::Literal { span: inside }], span: inside });
            self.pos = end.saturating_add(1);
        } else {
            loop {
                self.bump(1);
                items.push(self.word(Context::Brace));
                if self.peek() != Some(b',') {
                    break;
                }
            }
            if self.peek() == Some(b'}') {
                self.bump(1);
            }
        }
        self.leave();
        Some(Part::BraceExpansion { span: self.span_from(start), items, range })
    }

    /// Tells of characters that look like a blank or a quote and are neither.
    fn look_alike(&mut self) {
        let rest = self.rest();
        let found = if rest.starts_with("\u{a0}".as_bytes()) {
            Some((SyntaxErrorKind::NonBreakingSpace, "this is a non-breaking space, not a space"))
        } else if ["\u{2018}", "\u{2019}", "\u{201c}", "\u{201d}"]
            .iter()
            .any(|quote| rest.starts_with(quote.as_bytes()))
        {
            Some((SyntaxErrorKind::UnicodeQuote, "this typographic quote does not quote"))
        } else {
            None
        };
        if let Some((kind, message)) = found {
            let here: Span = self.char_here();
            self.error(kind, here, message);
        }
    }
}
