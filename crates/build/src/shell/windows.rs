//! cmd.exe and PowerShell, split into commands and words.
//!
//! Blocks and parentheses around commands only separate them here. In PowerShell, parentheses and
//! brackets inside a command are part of a word: `(New-Object Net.WebClient).DownloadFile('a')` is
//! one. See [about_Parsing](https://learn.microsoft.com/powershell/module/microsoft.powershell.core/about/about_parsing)
//! and [cmd](https://learn.microsoft.com/windows-server/administration/windows-commands/cmd).

use memchr::{memchr, memmem};

use super::ast::{
    AndOr, AndOrOp, Command, List, Parameter, Part, Pipeline, Redirect, RedirectOperator,
    SimpleCommand, Terminator, Word,
};
use super::cursor::Parser;
use super::error::SyntaxErrorKind;
use crate::Span;

/// What the two languages differ in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Windows {
    Cmd,
    PowerShell,
}

impl Windows {
    const fn escape(self) -> u8 {
        match self {
            Self::Cmd => b'^',
            Self::PowerShell => b'`',
        }
    }
}

impl Parser<'_> {
    /// All commands up to the end of the text.
    pub(super) fn windows_list(&mut self, language: Windows) -> List {
        let mut items = Vec::new();
        while self.peek().is_some() {
            self.windows_separators(language);
            let Some(first) = self.windows_pipeline(language) else {
                if self.peek().is_some() {
                    self.bump_char();
                }
                continue;
            };
            let mut and_or =
                AndOr { span: first.span, first, rest: Vec::new(), terminator: Terminator::None };
            loop {
                let start = self.pos;
                let operator = if self.eat("&&").is_some() {
                    AndOrOp::And
                } else if self.eat("||").is_some() {
                    AndOrOp::Or
                } else {
                    break;
                };
                let operator_span = self.span_from(start);
                self.windows_separators(language);
                let Some(pipeline) = self.windows_pipeline(language) else {
                    break;
                };
                and_or.span = and_or.span.join(pipeline.span);
                and_or.rest.push((operator, operator_span, pipeline));
            }
            let here = self.char_here();
            and_or.terminator = match (self.peek(), language) {
                (Some(b';'), Windows::PowerShell) | (Some(b'&'), Windows::Cmd) => {
                    self.bump(1);
                    Terminator::Semicolon(here)
                }
                (Some(b'&'), Windows::PowerShell) => {
                    self.bump(1);
                    Terminator::Background(here)
                }
                (Some(b'\n'), _) => {
                    self.bump(1);
                    Terminator::Newline(here)
                }
                _ => Terminator::None,
            };
            items.push(and_or);
        }
        List { items, span: self.span(0, self.text.len()) }
    }

    /// Goes past what separates commands, with line ends.
    fn windows_separators(&mut self, language: Windows) {
        loop {
            self.windows_blanks(language);
            match (self.peek(), language) {
                (Some(b'\n' | b';' | b'{' | b'}' | b')'), Windows::PowerShell)
                | (Some(b'\n' | b'&' | b'(' | b')' | b'@'), Windows::Cmd) => self.bump(1),
                // `& program` calls it.
                (Some(b'&' | b'.'), Windows::PowerShell)
                    if matches!(self.peek_at(1), Some(b' ' | b'\t')) =>
                {
                    self.bump(1);
                }
                _ => return,
            }
        }
    }

    /// Goes past blanks, joined lines and comments.
    fn windows_blanks(&mut self, language: Windows) {
        loop {
            let start = self.pos;
            match self.peek() {
                Some(b' ' | b'\t' | b'\r') => self.bump(1),
                Some(byte) if byte == language.escape() && self.peek_at(1) == Some(b'\n') => {
                    self.bump(2);
                }
                Some(b'#') if language == Windows::PowerShell => {
                    let length = memchr(b'\n', self.rest()).unwrap_or(self.rest().len());
                    self.bump(length);
                    let comment = self.span_from(start);
                    self.comments.push(comment);
                }
                Some(b'<') if language == Windows::PowerShell && self.at("<#") => {
                    let end = memmem::find(self.rest(), b"#>").map(|at| at.saturating_add(2));
                    self.bump(end.unwrap_or(self.rest().len()));
                    let comment = self.span_from(start);
                    self.comments.push(comment);
                }
                _ => return,
            }
        }
    }

    fn windows_pipeline(&mut self, language: Windows) -> Option<Pipeline> {
        let mut commands = Vec::new();
        let mut operators = Vec::new();
        let mut span: Option<Span> = None;
        while let Some(command) = self.windows_command(language) {
            span = Some(span.map_or(command.span, |span| span.join(command.span)));
            commands.push(Command::Simple(command));
            if self.peek() != Some(b'|') || self.peek_at(1) == Some(b'|') {
                break;
            }
            operators.push(self.char_here());
            self.bump(1);
            self.windows_separators(language);
        }
        operators.truncate(commands.len().saturating_sub(1));
        Some(Pipeline { negated: false, timed: None, commands, operators, span: span? })
    }

    fn windows_command(&mut self, language: Windows) -> Option<SimpleCommand> {
        let mut command = SimpleCommand::default();
        let mut span: Option<Span> = None;
        loop {
            self.windows_blanks(language);
            let found = if let Some(redirect) = self.windows_redirect(language) {
                let span = redirect.span;
                command.redirects.push(redirect);
                span
            } else {
                let word = self.windows_word(language);
                if word.span.is_empty() {
                    break;
                }
                let span = word.span;
                command.words.push(word);
                span
            };
            span = Some(span.map_or(found, |span| span.join(found)));
        }
        command.span = span?;
        Some(command)
    }

    fn windows_redirect(&mut self, language: Windows) -> Option<Redirect> {
        let start = self.pos;
        let digit = usize::from(matches!(self.peek(), Some(b'0'..=b'9' | b'*')));
        let operator = match (self.peek_at(digit)?, self.peek_at(digit.saturating_add(1))) {
            (b'>', Some(b'>')) => RedirectOperator::Append,
            (b'>', _) => RedirectOperator::Write,
            (b'<', _) => RedirectOperator::Read,
            _ => return None,
        };
        self.bump(digit);
        let before = self.pos;
        self.bump(1 + usize::from(operator == RedirectOperator::Append));
        let operator_span = self.span_from(before);
        let mut target = Word { parts: Vec::new(), span: self.here() };
        let after = self.pos;
        if self.eat("&").is_some() {
            self.bump(usize::from(matches!(self.peek(), Some(b'0'..=b'9'))));
            let span = self.span_from(after);
            target = Word { parts: vec![Part::Literal { span }], span };
        } else {
            self.windows_blanks(language);
            let word = self.windows_word(language);
            if !word.span.is_empty() {
                target = word;
            }
        }
        let span = self.span(start, start).join(operator_span).join(target.span);
        Some(Redirect { descriptor: None, operator, operator_span, target, heredoc: None, span })
    }

    fn windows_word(&mut self, language: Windows) -> Word {
        let start = self.pos;
        let mut parts = Vec::new();
        let mut plain = start;
        let mut depth = 0_usize;
        while let Some(byte) = self.peek() {
            let before = self.pos;
            let part = match byte {
                b' ' | b'\t' | b'\r' | b'\n' | b'|' | b'&' | b'>' | b'<' | b')' if depth == 0 => {
                    break;
                }
                b';' if depth == 0 && language == Windows::PowerShell => break,
                b'{' | b'}' if depth == 0 && language == Windows::PowerShell => {
                    if byte == b'}' || before == start {
                        break;
                    }
                    depth = 1;
                    None
                }
                b'(' if language == Windows::Cmd && before == start => break,
                b'(' | b'{' if language == Windows::PowerShell => {
                    depth = depth.saturating_add(1);
                    None
                }
                b')' | b'}' if language == Windows::PowerShell => {
                    depth = depth.saturating_sub(1);
                    None
                }
                b'"' => Some(self.windows_quoted(language)),
                b'\'' if language == Windows::PowerShell => Some(self.powershell_literal()),
                b'@' if self.at("@'\n") || self.at("@\"\n") => Some(self.powershell_here_string()),
                b'$' if language == Windows::PowerShell => self.powershell_variable(),
                b'%' if language == Windows::Cmd => self.cmd_variable(),
                _ if byte == language.escape() => self.windows_escaped(),
                _ => None,
            };
            self.keep(part, before, &mut parts, &mut plain);
        }
        self.literal(&mut parts, plain, self.pos);
        let word = Word { parts, span: self.span_from(start) };
        self.count();
        word
    }

    fn windows_escaped(&mut self) -> Option<Part> {
        let start = self.pos;
        self.bump(1);
        let char = self.bump_char()?;
        Some(Part::Escaped { span: self.span_from(start), char })
    }

    /// `"…"`; cmd.exe ends it with the line where the second quote is missing.
    fn windows_quoted(&mut self, language: Windows) -> Part {
        let start = self.pos;
        self.bump(1);
        let mut parts = Vec::new();
        let mut plain = self.pos;
        loop {
            let before = self.pos;
            let part = match (self.peek(), language) {
                (Some(b'"'), Windows::PowerShell) if self.peek_at(1) == Some(b'"') => {
                    self.windows_escaped()
                }
                (Some(b'"'), _) | (Some(b'\n') | None, Windows::Cmd) => break,
                (None, Windows::PowerShell) => {
                    let opened = self.span(start, start.saturating_add(1));
                    self.error_opened(
                        SyntaxErrorKind::UnterminatedDoubleQuote,
                        opened,
                        "this quote has no end",
                    );
                    break;
                }
                (Some(b'`'), Windows::PowerShell) => self.windows_escaped(),
                (Some(b'$'), Windows::PowerShell) => self.powershell_variable(),
                (Some(b'%'), Windows::Cmd) => self.cmd_variable(),
                _ => None,
            };
            self.keep(part, before, &mut parts, &mut plain);
        }
        self.literal(&mut parts, plain, self.pos);
        if self.peek() == Some(b'"') {
            self.bump(1);
        }
        Part::DoubleQuoted { span: self.span_from(start), parts, locale: false }
    }

    /// `'…'`, in which `''` is a quote.
    fn powershell_literal(&mut self) -> Part {
        let start = self.pos;
        self.bump(1);
        loop {
            let Some(length) = memchr(b'\'', self.rest()) else {
                self.pos = self.text.len();
                let opened = self.span(start, start.saturating_add(1));
                self.error_opened(
                    SyntaxErrorKind::UnterminatedSingleQuote,
                    opened,
                    "this quote has no end",
                );
                break;
            };
            self.bump(length.saturating_add(1));
            if self.peek() != Some(b'\'') {
                break;
            }
            self.bump(1);
        }
        Part::SingleQuoted { span: self.span_from(start) }
    }

    /// `@'…'@` and `@"…"@`, which end at the start of a line.
    fn powershell_here_string(&mut self) -> Part {
        let start = self.pos;
        let end: &[u8] = if self.at("@'") { b"\n'@" } else { b"\n\"@" };
        self.bump(2);
        if let Some(length) = memmem::find(self.rest(), end) {
            self.bump(length.saturating_add(end.len()));
        } else {
            self.pos = self.text.len();
            let opened = self.span(start, start.saturating_add(2));
            self.error_opened(
                SyntaxErrorKind::UnterminatedHeredoc,
                opened,
                "this here-string has no end",
            );
        }
        Part::Literal { span: self.span_from(start) }
    }

    /// `$name`, `$env:NAME`, `${name}`.
    fn powershell_variable(&mut self) -> Option<Part> {
        let start = self.pos;
        let braced = self.peek_at(1) == Some(b'{');
        let inside = start.saturating_add(1 + usize::from(braced));
        let rest = self.text.as_bytes().get(inside..).unwrap_or_default();
        let named = |b: &&u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b':' | b'?');
        let length = rest.iter().take_while(named).count();
        if length == 0 || braced && rest.get(length) != Some(&b'}') {
            return None;
        }
        let end = inside.saturating_add(length);
        self.pos = end.saturating_add(usize::from(braced));
        Some(self.windows_variable(start, inside, end, braced))
    }

    /// `%NAME%`
    fn cmd_variable(&mut self) -> Option<Part> {
        let start = self.pos;
        let inside = start.saturating_add(1);
        let rest = self.text.as_bytes().get(inside..).unwrap_or_default();
        let named = |b: &&u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'(' | b')');
        let length = rest.iter().take_while(named).count();
        if length == 0 || rest.get(length) != Some(&b'%') {
            return None;
        }
        let end = inside.saturating_add(length);
        self.pos = end.saturating_add(1);
        Some(self.windows_variable(start, inside, end, false))
    }

    fn windows_variable(&self, start: usize, inside: usize, end: usize, braced: bool) -> Part {
        let name = self.slice(inside, end).to_owned();
        let plain = self.plain_parameter(start, name, self.span(inside, end));
        Part::Parameter(Box::new(Parameter { braced, ..plain }))
    }
}
