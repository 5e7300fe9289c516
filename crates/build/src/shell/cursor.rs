//! The parser's place in the text: bytes, blanks, line ends, errors, limits.

use memchr::memchr;

use super::error::{SyntaxError, SyntaxErrorKind};
use crate::Span;

/// How many things may stand inside one another.
const MAX_DEPTH: u32 = 200;
/// How many words, commands and expansions are kept: each takes hundreds of bytes, however short.
const MAX_NODES: u32 = 250_000;
/// How many errors are kept: a hostile text can have one at every byte.
const MAX_ERRORS: usize = 100;

/// Reads one text from front to back.
#[derive(Debug)]
pub(super) struct Parser<'t> {
    /// The text up to where the part at hand ends: a heredoc's body ends before the text does.
    pub(super) text: &'t str,
    /// The text that spans speak of.
    pub(super) source: &'t str,
    pub(super) pos: usize,
    /// Where each byte of `text` comes from, where it was unescaped from between backticks.
    pub(super) map: Option<&'t [u32]>,
    /// Which tokens end a list that is open somewhere around this place.
    pub(super) closers: Closers,
    /// The end of the line at hand and of the heredoc bodies behind it.
    pub(super) heredocs: Option<(usize, usize)>,
    pub(super) depth: u32,
    /// How many words, commands and expansions there are.
    pub(super) nodes: u32,
    /// How many bytes may still be looked at ahead of their turn. Looking ahead again and again is
    /// what would take quadratic time.
    pub(super) lookahead: usize,
    pub(super) errors: Vec<SyntaxError>,
    pub(super) comments: Vec<Span>,
    /// Nothing more is read or reported.
    pub(super) stopped: bool,
}

/// A set of tokens that end lists.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Closers(u16);

impl Closers {
    pub(super) const NONE: Self = Self(0);
    pub(super) const THEN: Self = Self(1);
    pub(super) const ELIF: Self = Self(1 << 1);
    pub(super) const ELSE: Self = Self(1 << 2);
    pub(super) const FI: Self = Self(1 << 3);
    pub(super) const DO: Self = Self(1 << 4);
    pub(super) const DONE: Self = Self(1 << 5);
    pub(super) const ESAC: Self = Self(1 << 6);
    pub(super) const BRANCH: Self = Self(1 << 7);
    pub(super) const BRACE: Self = Self(1 << 8);
    pub(super) const PARENTHESIS: Self = Self(1 << 9);

    pub(super) const fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    pub(super) const fn has(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }
}

impl<'t> Parser<'t> {
    pub(super) fn new(text: &'t str) -> Self {
        Self {
            text,
            source: text,
            pos: 0,
            map: None,
            closers: Closers::NONE,
            heredocs: None,
            depth: 0,
            nodes: 0,
            lookahead: text.len().saturating_mul(8).saturating_add(256),
            errors: Vec::new(),
            comments: Vec::new(),
            stopped: false,
        }
    }

    pub(super) fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.pos).copied()
    }

    pub(super) fn peek_at(&self, ahead: usize) -> Option<u8> {
        self.byte_at(self.pos.saturating_add(ahead))
    }

    pub(super) fn byte_at(&self, at: usize) -> Option<u8> {
        self.text.as_bytes().get(at).copied()
    }

    /// Whether `token` stands here.
    pub(super) fn at(&self, token: &str) -> bool {
        self.rest().starts_with(token.as_bytes())
    }

    /// What has not been read.
    pub(super) fn rest(&self) -> &'t [u8] {
        self.text.as_bytes().get(self.pos..).unwrap_or_default()
    }

    pub(super) fn slice(&self, start: usize, end: usize) -> &'t str {
        self.text.get(start..end).unwrap_or_default()
    }

    pub(super) fn bump(&mut self, bytes: usize) {
        self.pos = self.pos.saturating_add(bytes).min(self.text.len());
    }

    /// Goes past the character here, however many bytes it has.
    pub(super) fn bump_char(&mut self) -> Option<char> {
        let char = self.text.get(self.pos..)?.chars().next()?;
        self.pos = self.pos.saturating_add(char.len_utf8());
        Some(char)
    }

    /// Goes past `token` if it stands here.
    pub(super) fn eat(&mut self, token: &str) -> Option<Span> {
        self.at(token).then(|| {
            let start = self.pos;
            self.bump(token.len());
            self.span_from(start)
        })
    }

    pub(super) fn span(&self, start: usize, end: usize) -> Span {
        let narrow = |at: usize| match self.map {
            None => u32::try_from(at).unwrap_or(u32::MAX),
            Some(map) => map.get(at).or(map.last()).copied().unwrap_or_default(),
        };
        Span::new(narrow(start), narrow(end))
    }

    pub(super) fn span_from(&self, start: usize) -> Span {
        self.span(start, self.pos)
    }

    pub(super) fn here(&self) -> Span {
        self.span(self.pos, self.pos)
    }

    /// The character here, or an empty span at the end of the text.
    pub(super) fn char_here(&self) -> Span {
        let width = self.text.get(self.pos..).and_then(|rest| rest.chars().next());
        self.span(self.pos, self.pos.saturating_add(width.map_or(0, char::len_utf8)))
    }

    pub(super) fn error(&mut self, kind: SyntaxErrorKind, span: Span, message: impl Into<String>) {
        self.report(kind, span, None, message.into());
    }

    pub(super) fn error_opened(
        &mut self,
        kind: SyntaxErrorKind,
        opened: Span,
        message: impl Into<String>,
    ) {
        let here = self.char_here();
        self.report(kind, here, Some(opened), message.into());
    }

    fn report(&mut self, kind: SyntaxErrorKind, span: Span, opened: Option<Span>, message: String) {
        if !self.stopped && self.errors.len() < MAX_ERRORS {
            self.errors.push(SyntaxError { span, opened, message, kind });
        }
    }

    /// Goes one level down; past the limit it ends the whole parse and says so.
    pub(super) fn enter(&mut self) -> bool {
        if self.depth >= MAX_DEPTH {
            self.stop(
                SyntaxErrorKind::TooDeep,
                format!("more than {MAX_DEPTH} commands and expansions inside one another"),
            );
            return false;
        }
        self.count();
        self.depth = self.depth.saturating_add(1);
        true
    }

    /// Counts a node; past the limit it ends the whole parse and says so.
    pub(super) fn count(&mut self) {
        self.nodes = self.nodes.saturating_add(1);
        if self.nodes > MAX_NODES && !self.stopped {
            self.stop(
                SyntaxErrorKind::TooLong,
                format!("more than {MAX_NODES} words, commands and expansions"),
            );
        }
    }

    /// Ends the whole parse.
    fn stop(&mut self, kind: SyntaxErrorKind, message: String) {
        let here = self.char_here();
        self.errors.truncate(MAX_ERRORS.saturating_sub(1));
        self.error(kind, here, message);
        self.stopped = true;
        self.pos = self.text.len();
    }

    pub(super) fn leave(&mut self) {
        self.depth = self.depth.saturating_sub(1);
    }

    /// Goes past blanks, joined lines and a comment.
    pub(super) fn skip_blanks(&mut self) {
        loop {
            match self.peek() {
                Some(b' ' | b'\t') => self.bump(1),
                Some(b'\\') if self.peek_at(1) == Some(b'\n') => self.bump(2),
                Some(b'\\') if self.at("\\\r\n") => self.bump(3),
                Some(b'\r') if matches!(self.peek_at(1), None | Some(b'\n')) => {
                    let here = self.char_here();
                    if self.errors.iter().all(|e| e.kind != SyntaxErrorKind::CarriageReturn) {
                        self.error(
                            SyntaxErrorKind::CarriageReturn,
                            here,
                            "carriage return before the line end",
                        );
                    }
                    self.bump(1);
                }
                Some(b'#') => {
                    let start = self.pos;
                    let length = memchr(b'\n', self.rest()).unwrap_or(self.rest().len());
                    self.bump(length);
                    let comment = self.span_from(start);
                    self.comments.push(comment);
                }
                _ => return,
            }
        }
    }

    /// The same, and line ends as well.
    pub(super) fn skip_lines(&mut self) {
        loop {
            self.skip_blanks();
            if self.peek() != Some(b'\n') {
                return;
            }
            self.end_line();
        }
    }

    /// Goes past the line end here and the heredoc bodies behind it.
    pub(super) fn end_line(&mut self) {
        let line_end = self.pos;
        self.bump(1);
        if let Some((end, bodies_end)) = self.heredocs
            && end <= line_end
        {
            self.pos = bodies_end.max(self.pos).min(self.text.len());
            self.heredocs = None;
        }
    }

    /// Reads with `f` the bytes from `start` to `end` alone, and stays where it was.
    pub(super) fn within<R>(
        &mut self,
        start: usize,
        end: usize,
        f: impl FnOnce(&mut Self) -> R,
    ) -> R {
        let outer = (self.text, self.pos, self.closers, self.heredocs.take());
        self.text = self.text.get(..end).unwrap_or(self.text);
        self.pos = start.min(self.text.len());
        self.closers = Closers::NONE;
        let result = f(self);
        (self.text, self.pos, self.closers, self.heredocs) = outer;
        if self.stopped {
            self.pos = self.text.len();
        }
        result
    }
}
