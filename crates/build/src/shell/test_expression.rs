//! `[[ … ]]`: a small language of its own, in which `&&`, `<` and `(` are not those of the shell.

use super::ast::{Command, Test, TestExpression, Word};
use super::cursor::Parser;
use super::error::SyntaxErrorKind;
use super::word::Context;
use crate::Span;

impl Parser<'_> {
    /// `[[ … ]]`, of which the brackets have been read.
    pub(super) fn test_command(&mut self, start: usize, opened: Span) -> Command {
        let errors = self.errors.len();
        let expression = self.test_or().map(Box::new);
        self.skip_lines();
        if !self.at("]]") && self.errors.len() == errors && self.peek().is_some() {
            let here = self.char_here();
            self.error(SyntaxErrorKind::BadTest, here, "the condition cannot go on like this");
        }
        if !self.at("]]") {
            self.pos = self.test_end().unwrap_or(self.pos);
        }
        if self.eat("]]").is_none() {
            self.error_opened(SyntaxErrorKind::UnterminatedTest, opened, "this `[[` has no `]]`");
        }
        let own = self.span_from(start);
        let redirects = self.redirects();
        let span = redirects.iter().fold(own, |span, redirect| span.join(redirect.span));
        Command::Test(Test { expression, redirects, span })
    }

    fn test_or(&mut self) -> Option<TestExpression> {
        if !self.enter() {
            return None;
        }
        let mut left = self.test_and();
        while let Some(expression) = left {
            self.skip_lines();
            let Some(operator) = self.eat("||") else {
                left = Some(expression);
                break;
            };
            left = self
                .test_and()
                .map(|right| TestExpression::Or(Box::new(expression), operator, Box::new(right)));
        }
        self.leave();
        left
    }

    fn test_and(&mut self) -> Option<TestExpression> {
        let mut left = self.test_primary()?;
        loop {
            self.skip_lines();
            let Some(operator) = self.eat("&&") else {
                return Some(left);
            };
            let right = self.test_primary()?;
            left = TestExpression::And(Box::new(left), operator, Box::new(right));
        }
    }

    fn test_primary(&mut self) -> Option<TestExpression> {
        self.skip_lines();
        let start = self.pos;
        if self.peek() == Some(b'(') {
            self.bump(1);
            let inside = self.test_or()?;
            self.skip_lines();
            if self.eat(")").is_none() {
                let opened = self.span(start, start.saturating_add(1));
                self.error_opened(
                    SyntaxErrorKind::MissingParenthesis,
                    opened,
                    "`)` is missing here",
                );
            }
            return Some(TestExpression::Parentheses(self.span_from(start), Box::new(inside)));
        }
        if self.peek() == Some(b'!') && self.blank_at(1) {
            if !self.enter() {
                return None;
            }
            self.bump(1);
            let not = self.span_from(start);
            let inside = self.test_primary();
            self.leave();
            return Some(TestExpression::Not(not, Box::new(inside?)));
        }
        if self.peek() == Some(b'-')
            && self.peek_at(1).is_some_and(|b| b.is_ascii_alphabetic())
            && self.blank_at(2)
        {
            self.bump(2);
            let operator = self.span_from(start);
            self.skip_blanks();
            if self.test_word_starts() {
                let operand = self.word(Context::Value);
                return Some(TestExpression::Unary { operator, operand });
            }
            if matches!(self.peek(), Some(b'&' | b'|')) {
                self.error(SyntaxErrorKind::BadTest, operator, "nothing stands behind this test");
            }
            self.pos = start;
        }
        if !self.test_word_starts() {
            let here = self.char_here();
            self.error(SyntaxErrorKind::BadTest, here, "a condition is missing here");
            return None;
        }
        let left = self.word(Context::Value);
        if left.span.is_empty() {
            let here = self.char_here();
            self.error(SyntaxErrorKind::BadTest, here, "a condition is missing here");
            return None;
        }
        Some(self.test_binary(left))
    }

    fn test_binary(&mut self, left: Word) -> TestExpression {
        self.skip_blanks();
        let start = self.pos;
        let width = match (self.peek(), self.peek_at(1)) {
            (Some(b'=' | b'!'), Some(b'=')) | (Some(b'='), Some(b'~')) if self.blank_at(2) => 2,
            (Some(b'='), _) if self.blank_at(1) => 1,
            (Some(b'<' | b'>'), next) if next != Some(b'(') => 1,
            (Some(b'-'), Some(b'a'..=b'z')) => {
                let rest = self.rest();
                let length = rest.iter().take_while(|b| !b.is_ascii_whitespace()).count();
                let known = matches!(
                    self.slice(start, start.saturating_add(length)),
                    "-eq" | "-ne" | "-lt" | "-le" | "-gt" | "-ge" | "-nt" | "-ot" | "-ef"
                );
                if known { 3 } else { 0 }
            }
            _ => 0,
        };
        if width == 0 {
            return TestExpression::Word(left);
        }
        let regex = self.at("=~");
        self.bump(width);
        let operator = self.span_from(start);
        self.skip_blanks();
        let context = if regex { Context::Regex } else { Context::Value };
        let right = self.word(context);
        if right.span.is_empty() {
            self.error(SyntaxErrorKind::BadTest, operator, "nothing stands behind this comparison");
        }
        TestExpression::Binary { left, operator, right }
    }

    fn blank_at(&self, ahead: usize) -> bool {
        self.peek_at(ahead).is_none_or(|b| b.is_ascii_whitespace())
    }

    fn test_word_starts(&self) -> bool {
        match self.peek() {
            None | Some(b')' | b';' | b'&' | b'|' | b'\n') => false,
            Some(b']') => {
                !(self.at("]]")
                    && self.peek_at(2).is_none_or(|b| {
                        b.is_ascii_whitespace()
                            || matches!(b, b';' | b'&' | b'|' | b')' | b'<' | b'>')
                    }))
            }
            Some(_) => true,
        }
    }
}
