//! Lists, `&&` and `||`, pipelines, and what may not stand where a command starts.

use super::ast::{AndOr, AndOrOp, Command, List, Pipeline, Terminator};
use super::cursor::{Closers, Parser};
use super::error::SyntaxErrorKind;
use crate::Span;

/// A word that means something where a command may start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Keyword {
    If,
    For,
    While,
    Until,
    Case,
    Select,
    Function,
    OpenBrace,
    OpenTest,
    Coproc,
    Time,
    Not,
    /// One that ends a list.
    Closing(Closers),
}

impl Keyword {
    fn of(word: &[u8]) -> Option<Self> {
        Some(match word {
            b"if" => Self::If,
            b"for" => Self::For,
            b"while" => Self::While,
            b"until" => Self::Until,
            b"case" => Self::Case,
            b"select" => Self::Select,
            b"function" => Self::Function,
            b"{" => Self::OpenBrace,
            b"[[" => Self::OpenTest,
            b"coproc" => Self::Coproc,
            b"time" => Self::Time,
            b"!" => Self::Not,
            b"then" => Self::Closing(Closers::THEN),
            b"elif" => Self::Closing(Closers::ELIF),
            b"else" => Self::Closing(Closers::ELSE),
            b"fi" => Self::Closing(Closers::FI),
            b"do" => Self::Closing(Closers::DO),
            b"done" => Self::Closing(Closers::DONE),
            b"esac" => Self::Closing(Closers::ESAC),
            b"}" => Self::Closing(Closers::BRACE),
            _ => return None,
        })
    }
}

/// Whether `byte` ends a keyword.
fn ends_keyword(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\r' | b';' | b'&' | b'|' | b'<' | b'>' | b'(' | b')')
}

impl Parser<'_> {
    /// The keyword here and its length.
    pub(super) fn keyword(&self) -> Option<(Keyword, usize)> {
        let rest = self.rest();
        let length = rest.iter().take(9).position(|&b| ends_keyword(b));
        let length = length.or_else(|| (rest.len() < 9).then_some(rest.len()))?;
        Some((Keyword::of(rest.get(..length)?)?, length))
    }

    /// Goes past `word` where it stands here as a whole word.
    pub(super) fn eat_keyword(&mut self, word: &str) -> Option<Span> {
        let ends = self.peek_at(word.len()).is_none_or(ends_keyword);
        if ends { self.eat(word) } else { None }
    }

    /// Commands up to a token of `closers` or of a list around this one; the token is not read.
    pub(super) fn list(&mut self, closers: Closers) -> List {
        let outer = self.closers;
        self.closers = outer.and(closers);
        let mut items = Vec::new();
        let mut span: Option<Span> = None;
        while self.list_goes_on() {
            let start = self.pos;
            let Some(mut and_or) = self.and_or() else {
                if self.pos == start {
                    self.bump_char();
                }
                continue;
            };
            self.skip_blanks();
            let end = self.pos;
            and_or.terminator = match self.peek() {
                Some(b';') if !matches!(self.peek_at(1), Some(b';' | b'&')) => {
                    self.bump(1);
                    Terminator::Semicolon(self.span_from(end))
                }
                Some(b'&') if self.peek_at(1) != Some(b'&') => {
                    self.bump(1);
                    let terminator = self.span_from(end);
                    self.background_end(end);
                    Terminator::Background(terminator)
                }
                Some(b'\n') => {
                    let terminator = self.char_here();
                    self.end_line();
                    Terminator::Newline(terminator)
                }
                _ => Terminator::None,
            };
            let end = match and_or.terminator {
                Terminator::Semicolon(span) | Terminator::Background(span) => span,
                Terminator::Newline(_) | Terminator::None => and_or.span,
            };
            let item = and_or.span.join(end);
            span = Some(span.map_or(item, |span| span.join(item)));
            if and_or.terminator == Terminator::None && !self.stopped {
                self.expect_list_end();
            }
            if self.pos == start {
                self.bump_char();
            }
            items.push(and_or);
        }
        self.closers = outer;
        List { items, span: span.unwrap_or_else(|| self.here()) }
    }

    /// `&;` is a mistake, but `&` before `;;` is none.
    fn background_end(&mut self, start: usize) {
        self.skip_blanks();
        if self.peek() == Some(b';') && !matches!(self.peek_at(1), Some(b';' | b'&')) {
            self.bump(1);
            let both = self.span_from(start);
            self.error(
                SyntaxErrorKind::AmpersandSemicolon,
                both,
                "`&` ends the command already: no `;` may follow",
            );
        }
    }

    /// Whether another command starts here. Goes past line ends and what cannot start one.
    fn list_goes_on(&mut self) -> bool {
        loop {
            self.skip_lines();
            let Some(byte) = self.peek() else {
                return false;
            };
            let next = self.peek_at(1);
            let start = self.pos;
            let (kind, length, message) = match byte {
                b')' if self.closers.has(Closers::PARENTHESIS) => return false,
                b')' => (SyntaxErrorKind::UnexpectedParenthesis, 1, "nothing opened this `)`"),
                b';' if matches!(next, Some(b';' | b'&')) => {
                    if self.closers.has(Closers::BRANCH) {
                        return false;
                    }
                    (SyntaxErrorKind::UnexpectedOperator, 2, "no `case` is open here")
                }
                b';' => {
                    (SyntaxErrorKind::UnexpectedOperator, 1, "no command stands before this `;`")
                }
                b'&' if next == Some(b'>') => return true,
                b'&' | b'|' => {
                    let length = 1 + usize::from(next == Some(byte));
                    (
                        SyntaxErrorKind::MissingCommand,
                        length,
                        "no command stands before this operator",
                    )
                }
                _ => match self.keyword() {
                    Some((Keyword::Closing(closer), _)) if self.closers.has(closer) => {
                        return false;
                    }
                    Some((Keyword::Closing(_), length)) => {
                        (SyntaxErrorKind::UnexpectedKeyword, length, "nothing opened this keyword")
                    }
                    _ => return true,
                },
            };
            self.bump(length);
            let span = self.span_from(start);
            self.error(kind, span, message);
        }
    }

    /// Reports words behind a compound command.
    fn expect_list_end(&mut self) {
        let start = self.pos;
        match self.peek() {
            None | Some(b')' | b';' | b'&' | b'|') => {}
            Some(b'(') => {
                let here = self.char_here();
                self.error(
                    SyntaxErrorKind::UnexpectedParenthesis,
                    here,
                    "a separator is missing before this `(`",
                );
            }
            Some(_) if matches!(self.keyword(), Some((Keyword::Closing(_), _))) => {
                // `fi fi` and `} done` need no separator: the first one ended a command.
            }
            Some(_) => {
                let length = self.rest().iter().position(|&b| ends_keyword(b));
                let end = start.saturating_add(length.unwrap_or(self.rest().len()));
                let span = self.span(start, end);
                self.error(
                    SyntaxErrorKind::UnexpectedWord,
                    span,
                    "a separator is missing before this word",
                );
            }
        }
    }

    /// Whether a command can start here.
    pub(super) fn command_starts(&self) -> bool {
        match self.peek() {
            None | Some(b')' | b';' | b'|' | b'\n') => false,
            Some(b'&') => self.peek_at(1) == Some(b'>'),
            Some(_) => !matches!(self.keyword(), Some((Keyword::Closing(_), _))),
        }
    }

    fn and_or(&mut self) -> Option<AndOr> {
        let first = self.pipeline()?;
        let mut span = first.span;
        let mut rest = Vec::new();
        loop {
            self.skip_blanks();
            let start = self.pos;
            let operator = match self.peek() {
                Some(b'&') if self.peek_at(1) == Some(b'&') => AndOrOp::And,
                Some(b'|') if self.peek_at(1) == Some(b'|') => AndOrOp::Or,
                _ => break,
            };
            self.bump(2);
            let operator_span = self.span_from(start);
            self.skip_lines();
            let Some(pipeline) = self.expect_pipeline(operator_span) else {
                break;
            };
            span = span.join(pipeline.span);
            rest.push((operator, operator_span, pipeline));
        }
        Some(AndOr { first, rest, terminator: Terminator::None, span })
    }

    fn expect_pipeline(&mut self, operator: Span) -> Option<Pipeline> {
        if self.command_starts() {
            return self.pipeline();
        }
        self.error(
            SyntaxErrorKind::MissingCommand,
            operator,
            "no command stands behind this operator",
        );
        None
    }

    fn pipeline(&mut self) -> Option<Pipeline> {
        let start = self.pos;
        let mut negated = false;
        let mut timed = None;
        loop {
            match self.keyword() {
                Some((Keyword::Not, length)) => {
                    self.bump(length);
                    negated = !negated;
                }
                Some((Keyword::Time, length)) if timed.is_none() => {
                    let before = self.pos;
                    self.bump(length);
                    let keyword = self.span_from(before);
                    self.skip_blanks();
                    if self.eat_keyword("-p").is_some() {
                        self.skip_blanks();
                    }
                    if !self.compound_starts() {
                        self.pos = before;
                        break;
                    }
                    timed = Some(keyword);
                }
                _ => break,
            }
            self.skip_blanks();
        }
        let mut commands = Vec::with_capacity(1);
        let mut operators = Vec::new();
        let mut end = self.pos;
        if self.command_starts() {
            while let Some(command) = self.command() {
                commands.push(command);
                end = self.pos;
                self.skip_blanks();
                let before = self.pos;
                match (self.peek(), self.peek_at(1)) {
                    (Some(b'|'), Some(b'|')) => break,
                    (Some(b'|'), Some(b'&')) => self.bump(2),
                    (Some(b'|'), _) => self.bump(1),
                    _ => break,
                }
                let operator = self.span_from(before);
                self.skip_lines();
                if !self.command_starts() {
                    self.error(
                        SyntaxErrorKind::MissingCommand,
                        operator,
                        "no command stands behind this operator",
                    );
                    break;
                }
                operators.push(operator);
            }
        }
        let mut span = self.span(start, end);
        if let Some(last) = commands.last() {
            span = self.span(start, start).join(last.span());
        }
        if commands.is_empty() && negated && !matches!(self.peek(), None | Some(b';' | b'\n')) {
            self.error(SyntaxErrorKind::MissingCommand, span, "no command stands behind this `!`");
        }
        (!commands.is_empty() || negated).then_some(Pipeline {
            negated,
            timed,
            commands,
            operators,
            span,
        })
    }

    /// Whether a compound command starts here.
    pub(super) fn compound_starts(&self) -> bool {
        self.peek() == Some(b'(')
            || matches!(
                self.keyword(),
                Some((
                    Keyword::If
                        | Keyword::For
                        | Keyword::While
                        | Keyword::Until
                        | Keyword::Case
                        | Keyword::Select
                        | Keyword::OpenBrace
                        | Keyword::OpenTest,
                    _
                ))
            )
    }

    /// The command that starts here; `None` where something stands that starts none.
    pub(super) fn command(&mut self) -> Option<Command> {
        if !self.enter() {
            return None;
        }
        let command = match (self.peek(), self.keyword()) {
            (Some(b'('), _) => Some(self.parentheses()),
            (_, Some((keyword, length))) => self.compound(keyword, length),
            _ => self.simple(),
        };
        self.leave();
        command
    }
}

impl Command {
    /// Where it stands.
    pub fn span(&self) -> Span {
        match self {
            Self::Simple(command) => command.span,
            Self::Subshell(command) => command.span,
            Self::Group(command) => command.span,
            Self::If(command) => command.span,
            Self::For(command) | Self::Select(command) => command.span,
            Self::ArithmeticFor(command) => command.span,
            Self::While(command) => command.span,
            Self::Case(command) => command.span,
            Self::Function(command) => command.span,
            Self::Test(command) => command.span,
            Self::Arithmetic(command) => command.span,
            Self::Coproc(command) => command.span,
        }
    }
}
