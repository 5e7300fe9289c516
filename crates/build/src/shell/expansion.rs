//! What begins with a dollar or a backtick.

use memchr::memchr;

use super::ast::{ArithmeticExpression, List, Parameter, ParameterOperator, Part, Word};
use super::cursor::{Closers, Parser};
use super::error::SyntaxErrorKind;
use super::word::Context;
use crate::Span;

impl Parser<'_> {
    /// What the dollar here begins; `None` where it means itself.
    pub(super) fn dollar(&mut self, quoted: bool) -> Option<Part> {
        let start = self.pos;
        match self.peek_at(1)? {
            b'(' if self.peek_at(2) == Some(b'(')
                && self.is_arithmetic(start.saturating_add(3)) =>
            {
                self.bump(3);
                let expression = self.arithmetic(start, Close::Parentheses);
                Some(Part::Arithmetic { span: self.span_from(start), expression })
            }
            b'(' => {
                self.bump(2);
                let script = self.substitution(start);
                Some(Part::CommandSubstitution {
                    span: self.span_from(start),
                    script,
                    backticks: false,
                })
            }
            b'[' => {
                self.bump(2);
                let expression = self.arithmetic(start, Close::Bracket);
                Some(Part::Arithmetic { span: self.span_from(start), expression })
            }
            b'{' => Some(Part::Parameter(Box::new(self.braced_parameter(quoted)))),
            b'\'' if !quoted => {
                self.bump(1);
                Some(self.ansi_c(start))
            }
            b'"' if !quoted => {
                self.bump(1);
                Some(self.double_quoted(true))
            }
            b'a'..=b'z' | b'A'..=b'Z' | b'_' => {
                self.bump(1);
                let (name, name_span) = self.name();
                Some(Part::Parameter(Box::new(self.plain_parameter(start, name, name_span))))
            }
            b'0'..=b'9' | b'@' | b'*' | b'#' | b'?' | b'-' | b'$' | b'!' => {
                self.bump(2);
                let name = self.slice(start.saturating_add(1), self.pos).to_owned();
                let name_span = self.span_from(start.saturating_add(1));
                Some(Part::Parameter(Box::new(self.plain_parameter(start, name, name_span))))
            }
            _ => None,
        }
    }

    /// `$name`: a parameter to which nothing is done.
    pub(super) fn plain_parameter(&self, start: usize, name: String, name_span: Span) -> Parameter {
        Parameter {
            name,
            name_span,
            braced: false,
            length: false,
            indirect: false,
            index: None,
            operator: None,
            word: None,
            replacement: None,
            span: self.span_from(start),
        }
    }

    /// Letters, digits and `_`, as many as there are.
    pub(super) fn name(&mut self) -> (String, Span) {
        let start = self.pos;
        let part_of_name = |b: &&u8| b.is_ascii_alphanumeric() || **b == b'_';
        let length = self.rest().iter().take_while(part_of_name).count();
        self.bump(length);
        (self.slice(start, self.pos).to_owned(), self.span_from(start))
    }

    fn braced_parameter(&mut self, quoted: bool) -> Parameter {
        let start = self.pos;
        self.bump(2);
        let plain = self.plain_parameter(start, String::new(), self.here());
        let mut parameter = Parameter { braced: true, ..plain };
        if self.enter() {
            self.parameter_prefix(&mut parameter);
            self.parameter_name(&mut parameter);
            self.parameter_operator(&mut parameter, quoted);
            self.leave();
        }
        if self.peek() == Some(b'}') {
            self.bump(1);
        } else {
            let opened = self.span(start, start.saturating_add(2));
            self.error_opened(
                SyntaxErrorKind::UnterminatedParameter,
                opened,
                "this `${` has no `}`",
            );
        }
        parameter.span = self.span_from(start);
        parameter
    }

    /// `#` and `!` before a name; alone they are names themselves.
    fn parameter_prefix(&mut self, parameter: &mut Parameter) {
        let next = self.peek_at(1);
        let names = |b: u8| b.is_ascii_alphanumeric() || b == b'_';
        match self.peek() {
            Some(b'#')
                if next.is_some_and(names)
                    || matches!(next, Some(b'@' | b'*' | b'?' | b'#' | b'-' | b'$' | b'!'))
                        && self.peek_at(2) == Some(b'}') =>
            {
                parameter.length = true;
                self.bump(1);
            }
            Some(b'!')
                if next.is_some_and(names)
                    || matches!(next, Some(b'@' | b'*' | b'#' | b'?'))
                        && self.peek_at(2) == Some(b'}') =>
            {
                parameter.indirect = true;
                self.bump(1);
            }
            _ => {}
        }
    }

    fn parameter_name(&mut self, parameter: &mut Parameter) {
        if let Some(b'@' | b'*' | b'#' | b'?' | b'-' | b'$' | b'!') = self.peek() {
            let start = self.pos;
            self.bump(1);
            self.slice(start, self.pos).clone_into(&mut parameter.name);
            parameter.name_span = self.span_from(start);
        } else {
            (parameter.name, parameter.name_span) = self.name();
        }
        if self.peek() == Some(b'[')
            && !parameter.name.is_empty()
            && let Some(end) = self.index_end()
        {
            parameter.index = Some(self.index(end));
        }
    }

    /// What stands between the `[` here and the `]` at `end`.
    pub(super) fn index(&mut self, end: usize) -> Word {
        let start = self.pos.saturating_add(1);
        let index = self.within(start, end, |inside| inside.word(Context::Index));
        self.pos = if self.stopped { self.text.len() } else { end.saturating_add(1) };
        index
    }

    fn parameter_operator(&mut self, parameter: &mut Parameter, quoted: bool) {
        use ParameterOperator as Op;

        let Some(byte) = self.peek() else { return };
        if byte == b'}' && !parameter.name.is_empty() {
            return;
        }
        let next = self.peek_at(1);
        let (operator, length) = match (byte, next) {
            _ if parameter.name.is_empty() => (Op::Unknown, 0),
            (b':', Some(b'-')) => (Op::Default { colon: true }, 2),
            (b':', Some(b'=')) => (Op::Assign { colon: true }, 2),
            (b':', Some(b'?')) => (Op::Require { colon: true }, 2),
            (b':', Some(b'+')) => (Op::Alternative { colon: true }, 2),
            (b':', _) => (Op::Slice, 1),
            (b'-', _) => (Op::Default { colon: false }, 1),
            (b'=', _) => (Op::Assign { colon: false }, 1),
            (b'?', _) => (Op::Require { colon: false }, 1),
            (b'+', _) => (Op::Alternative { colon: false }, 1),
            (b'#', Some(b'#')) => (Op::RemoveLongestPrefix, 2),
            (b'#', _) => (Op::RemoveShortestPrefix, 1),
            (b'%', Some(b'%')) => (Op::RemoveLongestSuffix, 2),
            (b'%', _) => (Op::RemoveShortestSuffix, 1),
            (b'/', Some(b'/')) => (Op::ReplaceAll, 2),
            (b'/', Some(b'#')) => (Op::ReplacePrefix, 2),
            (b'/', Some(b'%')) => (Op::ReplaceSuffix, 2),
            (b'/', _) => (Op::ReplaceFirst, 1),
            (b'^', Some(b'^')) => (Op::UppercaseAll, 2),
            (b'^', _) => (Op::UppercaseFirst, 1),
            (b',', Some(b',')) => (Op::LowercaseAll, 2),
            (b',', _) => (Op::LowercaseFirst, 1),
            (b'*' | b'@', Some(b'}')) if parameter.indirect => (Op::Names, 1),
            (b'@', _) => (Op::Transform, 1),
            _ => (Op::Unknown, 0),
        };
        let mistake = self.pos;
        self.bump(length);
        parameter.operator = Some(operator);
        let value = if quoted { Context::QuotedParameter } else { Context::Parameter };
        match operator {
            Op::Names => {}
            Op::ReplaceFirst | Op::ReplaceAll | Op::ReplacePrefix | Op::ReplaceSuffix => {
                parameter.word = Some(self.word(Context::Pattern));
                if self.peek() == Some(b'/') {
                    self.bump(1);
                    parameter.replacement = Some(self.word(Context::Parameter));
                }
            }
            Op::RemoveShortestPrefix
            | Op::RemoveLongestPrefix
            | Op::RemoveShortestSuffix
            | Op::RemoveLongestSuffix
            | Op::UppercaseFirst
            | Op::UppercaseAll
            | Op::LowercaseFirst
            | Op::LowercaseAll => parameter.word = Some(self.word(Context::Parameter)),
            _ => parameter.word = Some(self.word(value)),
        }
        if operator == Op::Unknown {
            let rest = self.span_from(mistake);
            self.error(SyntaxErrorKind::BadSubstitution, rest, "no expansion looks like this");
        }
    }

    /// The commands of a substitution whose opening has been read.
    fn substitution(&mut self, start: usize) -> List {
        let mut script = List { items: Vec::new(), span: self.here() };
        let opened = self.span_from(start);
        if self.enter() {
            let outer = std::mem::replace(&mut self.closers, Closers::NONE);
            script = self.list(Closers::PARENTHESIS);
            self.closers = outer;
            self.leave();
        }
        if self.peek() == Some(b')') {
            self.bump(1);
        } else {
            self.error_opened(
                SyntaxErrorKind::UnterminatedSubstitution,
                opened,
                "this substitution has no `)`",
            );
        }
        script
    }

    pub(super) fn process_substitution(&mut self) -> Part {
        let start = self.pos;
        let output = self.peek() == Some(b'>');
        self.bump(2);
        let script = self.substitution(start);
        Part::ProcessSubstitution { span: self.span_from(start), script, output }
    }

    /// `` `…` ``. A backslash inside takes away the meaning of a backtick, a dollar and a backslash
    /// before the commands are read, so a text with backslashes is unescaped first.
    pub(super) fn backticks(&mut self, quoted: bool) -> Part {
        let start = self.pos;
        self.bump(1);
        let inside = self.pos;
        let mut escapes = false;
        let end = loop {
            let Some(length) = self.rest().iter().position(|b| matches!(b, b'`' | b'\\')) else {
                self.pos = self.text.len();
                break None;
            };
            self.bump(length);
            if self.peek() == Some(b'`') {
                break Some(self.pos);
            }
            escapes = true;
            self.bump(1);
            self.bump_char();
        };
        let close = end.unwrap_or(self.text.len());
        let mut script = List { items: Vec::new(), span: self.span(inside, inside) };
        if end.is_none() {
            let opened = self.span(start, inside);
            self.error_opened(
                SyntaxErrorKind::UnterminatedBacktick,
                opened,
                "this backtick has no end",
            );
        }
        if self.enter() {
            if escapes {
                script = self.unescaped(inside, close, quoted);
            } else {
                script = self.within(inside, close, |parser| parser.list(Closers::NONE));
            }
            self.leave();
        }
        self.pos =
            if self.stopped || end.is_none() { self.text.len() } else { close.saturating_add(1) };
        Part::CommandSubstitution { span: self.span_from(start), script, backticks: true }
    }

    fn unescaped(&mut self, start: usize, end: usize, quoted: bool) -> List {
        let source = self.slice(start, end);
        let mut text = String::with_capacity(source.len());
        let mut map = Vec::with_capacity(source.len());
        let mut chars = source.char_indices().peekable();
        while let Some((at, char)) = chars.next() {
            let mut char = char;
            if char == '\\'
                && let Some(&(_, next)) = chars.peek()
                && (matches!(next, '`' | '$' | '\\') || quoted && next == '"')
            {
                chars.next();
                char = next;
            }
            let from = self.span(start.saturating_add(at), end).start;
            let width = u32::try_from(char.len_utf8()).unwrap_or(1);
            map.extend((0..width).map(|i| from.saturating_add(i)));
            text.push(char);
        }
        map.push(self.span(end, end).start);
        let mut inner = Parser::new(&text);
        inner.source = self.source;
        inner.map = Some(&map);
        inner.depth = self.depth;
        inner.nodes = self.nodes;
        inner.lookahead = self.lookahead;
        inner.errors = std::mem::take(&mut self.errors);
        inner.comments = std::mem::take(&mut self.comments);
        let script = inner.list(Closers::NONE);
        self.nodes = inner.nodes;
        self.lookahead = inner.lookahead;
        self.errors = inner.errors;
        self.comments = inner.comments;
        self.stopped = inner.stopped;
        script
    }

    /// The expression whose opening has been read, and its closing.
    pub(super) fn arithmetic(&mut self, start: usize, close: Close) -> ArithmeticExpression {
        let opened = self.span_from(start);
        let inside = self.pos;
        let mut parts = Vec::new();
        let closed = self.enter() && {
            let closed = self.arithmetic_parts(close, &mut parts);
            self.leave();
            closed
        };
        let span = self.span_from(inside);
        if closed {
            self.bump(match close {
                Close::Parentheses => 2,
                Close::Bracket => 1,
            });
        } else {
            self.error_opened(
                SyntaxErrorKind::UnterminatedArithmetic,
                opened,
                "this expression has no end",
            );
        }
        ArithmeticExpression { span, parts }
    }

    /// Whether the end was found; it is not read.
    fn arithmetic_parts(&mut self, close: Close, parts: &mut Vec<Part>) -> bool {
        let mut plain = self.pos;
        let mut depth = 0_usize;
        let closed = loop {
            let before = self.pos;
            let part = match self.peek() {
                None => break false,
                Some(b'$') => self.dollar(true),
                Some(b'`') => Some(self.backticks(false)),
                Some(b'"') => Some(self.double_quoted(false)),
                Some(b'\'') => {
                    let length = memchr(b'\'', self.rest().get(1..).unwrap_or_default());
                    length.map(|length| {
                        self.bump(length.saturating_add(2));
                        Part::SingleQuoted { span: self.span_from(before) }
                    })
                }
                Some(b'\\') => {
                    self.bump(1);
                    self.bump_char()
                        .map(|char| Part::Escaped { span: self.span_from(before), char })
                }
                Some(b'(' | b'[') => {
                    depth = depth.saturating_add(1);
                    None
                }
                Some(b')') if close == Close::Parentheses && depth == 0 => {
                    break self.peek_at(1) == Some(b')');
                }
                Some(b']') if close == Close::Bracket && depth == 0 => break true,
                Some(b')' | b']') => {
                    depth = depth.saturating_sub(1);
                    None
                }
                _ => None,
            };
            if self.keep(part, before, parts, &mut plain) {
                self.count();
            }
        };
        self.literal(parts, plain, self.pos);
        closed
    }
}

/// What ends an arithmetic expression.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Close {
    /// `))`
    Parentheses,
    /// `]`
    Bracket,
}

/// A word that an expansion or a keyword needs and that is not there.
pub(super) const fn nothing(span: Span) -> Word {
    Word { parts: Vec::new(), span }
}
