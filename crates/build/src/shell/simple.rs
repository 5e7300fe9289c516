//! Simple commands: assignments, words, redirects in any order, and functions, which begin alike.

use super::ast::{
    Array, Assignment, AssignmentValue, Command, Descriptor, Part, Redirect, RedirectOperator,
    SimpleCommand, Word,
};
use super::cursor::Parser;
use super::error::SyntaxErrorKind;
use super::word::Context;
use crate::Span;

impl Parser<'_> {
    /// The command that starts here; `None` where nothing does.
    pub(super) fn simple(&mut self) -> Option<Command> {
        let start = self.pos;
        let mut command = SimpleCommand::default();
        let mut span: Option<Span> = None;
        let mut declares = false;
        let mut open_parentheses = 0_usize;
        loop {
            self.skip_blanks();
            let Some(byte) = self.peek() else { break };
            let found = match byte {
                b'\n' | b';' | b'|' => break,
                b'&' if self.peek_at(1) != Some(b'>') => break,
                b')' if open_parentheses == 0 => break,
                b')' => {
                    open_parentheses = open_parentheses.saturating_sub(1);
                    self.bump(1);
                    continue;
                }
                b'(' => {
                    if let [name] = command.words.as_slice()
                        && command.assignments.is_empty()
                        && command.redirects.is_empty()
                        && self.parameters_follow()
                    {
                        let name = name.clone();
                        let parentheses = self.function_parentheses();
                        return Some(self.function(start, &name, false, parentheses));
                    }
                    let here = self.char_here();
                    let (kind, message) = if is_call(&command) {
                        (
                            SyntaxErrorKind::FunctionParameters,
                            "arguments stand behind a command without parentheses",
                        )
                    } else {
                        (
                            SyntaxErrorKind::UnexpectedParenthesis,
                            "a `(` may not stand here unless it is quoted",
                        )
                    };
                    self.error(kind, here, message);
                    open_parentheses = open_parentheses.saturating_add(1);
                    self.bump(1);
                    continue;
                }
                _ => self.redirect().map(|redirect| {
                    let span = redirect.span;
                    command.redirects.push(redirect);
                    span
                }),
            };
            let found = if let Some(found) = found {
                found
            } else if command.words.is_empty()
                && let Some(assignment) = self.assignment()
            {
                let span = assignment.span;
                command.assignments.push(assignment);
                span
            } else {
                let word = if declares { self.declared() } else { self.word(Context::Argument) };
                if word.span.is_empty() {
                    break;
                }
                if command.words.is_empty() {
                    declares = matches!(
                        word.span.of(self.source),
                        "declare" | "typeset" | "local" | "export" | "readonly"
                    );
                }
                let span = word.span;
                command.words.push(word);
                span
            };
            span = Some(span.map_or(found, |span| span.join(found)));
        }
        command.span = span?;
        self.remark(&command);
        Some(Command::Simple(command))
    }

    /// Whether `()` follows, or parentheses with text inside and a `{` behind them.
    pub(super) fn parameters_follow(&mut self) -> bool {
        let rest = self.rest().get(1..).unwrap_or_default();
        let blanks = rest.iter().take_while(|b| matches!(b, b' ' | b'\t')).count();
        if rest.get(blanks) == Some(&b')') {
            return true;
        }
        let Some(end) = self.parenthesis_end() else {
            return false;
        };
        let behind = self.text.as_bytes().get(end.saturating_add(1)..).unwrap_or_default();
        let blanks = behind.iter().take_while(|b| b.is_ascii_whitespace()).count();
        behind.get(blanks) == Some(&b'{')
    }

    /// `name=value`, `name+=value`, `name[index]=value`.
    fn assignment(&mut self) -> Option<Assignment> {
        let start = self.pos;
        let rest = self.rest();
        let length = name_length(rest)?;
        match (rest.get(length)?, rest.get(length.saturating_add(1))) {
            (b'=' | b'[', _) | (b'+', Some(b'=')) => {}
            _ => return None,
        }
        let (name, name_span) = self.name();
        let mut index = None;
        if self.peek() == Some(b'[') {
            let end = self.index_end().filter(|&end| {
                matches!(
                    (self.byte_at(end.saturating_add(1)), self.byte_at(end.saturating_add(2))),
                    (Some(b'='), _) | (Some(b'+'), Some(b'='))
                )
            });
            let Some(end) = end else {
                self.pos = start;
                return None;
            };
            index = Some(self.index(end));
            if self.stopped {
                return None;
            }
        }
        let append = self.peek() == Some(b'+');
        self.bump(1 + usize::from(append));
        let value = if self.peek() == Some(b'(') {
            AssignmentValue::Array(self.array())
        } else {
            let word = self.word(Context::Value);
            if word.span.is_empty() { AssignmentValue::Empty } else { AssignmentValue::Word(word) }
        };
        Some(Assignment { name, name_span, index, append, value, span: self.span_from(start) })
    }

    /// `(x y)`
    fn array(&mut self) -> Array {
        let start = self.pos;
        self.bump(1);
        let opened = self.span_from(start);
        let mut elements = Vec::new();
        loop {
            self.skip_lines();
            let element = self.word(Context::Argument);
            if element.span.is_empty() {
                break;
            }
            elements.push(element);
        }
        if self.peek() == Some(b')') {
            self.bump(1);
        } else {
            self.error_opened(SyntaxErrorKind::UnterminatedArray, opened, "this array has no `)`");
        }
        Array { elements, span: self.span_from(start) }
    }

    /// An argument of `declare` and its kin, which can assign an array.
    fn declared(&mut self) -> Word {
        let start = self.pos;
        let rest = self.rest();
        let head = name_length(rest).and_then(|length| {
            let behind = rest.get(length..).unwrap_or_default();
            if behind.starts_with(b"=(") {
                Some(length.saturating_add(1))
            } else if behind.starts_with(b"+=(") {
                Some(length.saturating_add(2))
            } else {
                None
            }
        });
        let Some(head) = head else {
            return self.word(Context::Argument);
        };
        self.bump(head);
        let name = Part::Literal { span: self.span_from(start) };
        let array = Part::Array(Box::new(self.array()));
        Word { parts: vec![name, array], span: self.span_from(start) }
    }

    /// The redirect that starts here.
    pub(super) fn redirect(&mut self) -> Option<Redirect> {
        let start = self.pos;
        let rest = self.rest();
        let (descriptor, length) = match rest.first()? {
            b'<' | b'>' | b'&' => (None, 0),
            b'0'..=b'9' => {
                let length = rest.iter().take_while(|b| b.is_ascii_digit()).count();
                let number = self.slice(start, start.saturating_add(length));
                (Some(Descriptor::Number(number.parse().unwrap_or(u32::MAX))), length)
            }
            b'{' => {
                let inside = rest.get(1..).unwrap_or_default();
                let length = name_length(inside)?;
                if inside.get(length) != Some(&b'}') {
                    return None;
                }
                let name = self
                    .span(start.saturating_add(1), start.saturating_add(1).saturating_add(length));
                (Some(Descriptor::Variable(name)), length.saturating_add(2))
            }
            _ => return None,
        };
        let (operator, width) = operator(rest.get(length..)?, descriptor.is_none())?;
        self.bump(length);
        let before = self.pos;
        self.bump(width);
        let operator_span = self.span_from(before);
        self.skip_blanks();
        let target = self.word(Context::Argument);
        if target.span.is_empty() {
            self.error(
                SyntaxErrorKind::MissingRedirectTarget,
                operator_span,
                "nothing stands behind this redirect",
            );
        }
        let span = self.span(start, start).join(operator_span).join(target.span);
        let heredoc = match operator {
            RedirectOperator::Heredoc | RedirectOperator::HeredocStripped
                if !target.span.is_empty() =>
            {
                Some(self.heredoc(&target, operator == RedirectOperator::HeredocStripped))
            }
            _ => None,
        };
        Some(Redirect { descriptor, operator, operator_span, target, heredoc, span })
    }

    /// Tells of words that shells take for arguments and people for syntax.
    fn remark(&mut self, command: &SimpleCommand) {
        let text = self.source;
        if let (
            Some(Assignment { value: AssignmentValue::Empty, append: false, span, .. }),
            Some(word),
        ) = (command.assignments.last(), command.words.first())
            && span.end < word.span.start
            && command.assignments.len() == 1
        {
            self.error(SyntaxErrorKind::SpaceAfterEquals, *span, "nothing is assigned here");
        }
        let Some(first) = command.words.first() else { return };
        let name = first.span.of(text);
        if let Some(inside) = name.strip_prefix('[')
            && !inside.is_empty()
            && name != "[["
        {
            self.error(
                SyntaxErrorKind::MissingSpaceAfterBracket,
                first.span,
                "a blank is missing behind this `[`",
            );
        }
        if name == "["
            && let Some(last) = command.words.last()
            && last.span.len() > 1
            && last.span.of(text).ends_with(']')
            && matches!(last.parts.last(), Some(Part::Literal { .. }))
        {
            self.error(
                SyntaxErrorKind::MissingSpaceBeforeClosingBracket,
                last.span,
                "a blank is missing before this `]`",
            );
        }
        if ["if[", "elif[", "while[", "until["].iter().any(|start| name.starts_with(start)) {
            self.error(
                SyntaxErrorKind::MissingSpaceBeforeBracket,
                first.span,
                "a blank is missing before this `[`",
            );
        }
        if name.len() > 1
            && name.starts_with('{')
            && matches!(first.parts.first(), Some(Part::Literal { .. }))
        {
            self.error(
                SyntaxErrorKind::MissingSpaceAfterBracket,
                first.span,
                "a blank is missing behind this `{`",
            );
        }
        if name_length(name.as_bytes()) == Some(name.len())
            && let Some(second) = command.words.get(1)
            && second.span.of(text).starts_with('=')
        {
            self.error(
                SyntaxErrorKind::SpaceAroundEquals,
                first.span.join(second.span),
                "no blank may stand around the `=` of an assignment",
            );
        }
        if let [Part::Parameter(_), Part::Literal { span }, ..] = first.parts.as_slice()
            && span.of(text).starts_with('=')
        {
            self.error(
                SyntaxErrorKind::DollarInAssignment,
                first.span,
                "no `$` stands before the name that is assigned to",
            );
        }
    }
}

/// Whether `command` is one plain word, as in `name (…)`.
fn is_call(command: &SimpleCommand) -> bool {
    let [name] = command.words.as_slice() else {
        return false;
    };
    command.assignments.is_empty() && matches!(name.parts.as_slice(), [Part::Literal { .. }])
}

/// How long the name is that `bytes` begin with.
fn name_length(bytes: &[u8]) -> Option<usize> {
    let part_of_name = |b: &&u8| b.is_ascii_alphanumeric() || **b == b'_';
    let length = bytes.iter().take_while(part_of_name).count();
    bytes.first().filter(|b| !b.is_ascii_digit() && length > 0).map(|_| length)
}

/// The operator that `bytes` begin with, and its width.
fn operator(bytes: &[u8], plain: bool) -> Option<(RedirectOperator, usize)> {
    use RedirectOperator as Op;

    let next = bytes.get(1).copied();
    let third = bytes.get(2).copied();
    Some(match (bytes.first()?, next, third) {
        (b'<' | b'>', Some(b'('), _) => return None,
        (b'<', Some(b'<'), Some(b'<')) => (Op::HereString, 3),
        (b'<', Some(b'<'), Some(b'-')) => (Op::HeredocStripped, 3),
        (b'<', Some(b'<'), _) => (Op::Heredoc, 2),
        (b'<', Some(b'&'), _) => (Op::DuplicateInput, 2),
        (b'<', Some(b'>'), _) => (Op::ReadWrite, 2),
        (b'<', ..) => (Op::Read, 1),
        (b'>', Some(b'>'), _) => (Op::Append, 2),
        (b'>', Some(b'&'), _) => (Op::DuplicateOutput, 2),
        (b'>', Some(b'|'), _) => (Op::Clobber, 2),
        (b'>', ..) => (Op::Write, 1),
        (b'&', Some(b'>'), Some(b'>')) if plain => (Op::AppendBoth, 3),
        (b'&', Some(b'>'), _) if plain => (Op::WriteBoth, 2),
        _ => return None,
    })
}
