//! The words of a condition: what stands at the cursor, and how far it goes.
//!
//! After the lexer in libsinsp's `filter/parser.cpp`, whose regular expressions these functions are
//! by hand. The last token read is kept, because messages name it.

use super::ast::{Literal, Pos};
use super::escape::unescape;

/// Blanks of a regular expression's `[[:space:]]`.
fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | 0x0b | 0x0c | b'\r')
}

/// A cursor over a condition.
#[derive(Debug)]
pub(super) struct Lexer<'t> {
    text: &'t [u8],
    pub(super) pos: Pos,
    /// The last token that was read.
    pub(super) last: Literal,
}

impl<'t> Lexer<'t> {
    pub(super) fn new(text: &'t str) -> Self {
        Self { text: text.as_bytes(), pos: Pos::START, last: Literal(Vec::new()) }
    }

    fn rest(&self) -> &'t [u8] {
        self.text.get(self.pos.index as usize..).unwrap_or_default()
    }

    fn peek(&self) -> u8 {
        self.rest().first().copied().unwrap_or_default()
    }

    pub(super) fn at_end(&self) -> bool {
        self.rest().is_empty()
    }

    fn advance(&mut self, bytes: usize) {
        for byte in self.rest().iter().take(bytes) {
            self.pos.column = self.pos.column.saturating_add(1);
            if matches!(byte, b'\r' | b'\n') {
                self.pos.column = 1;
                self.pos.line = self.pos.line.saturating_add(1);
            }
            self.pos.index = self.pos.index.saturating_add(1);
        }
    }

    /// Takes so many bytes as the last token; none are no token.
    fn take(&mut self, length: usize) -> bool {
        if length == 0 {
            return false;
        }
        self.last = Literal(self.rest().iter().take(length).copied().collect());
        self.advance(length);
        true
    }

    /// Passes over blanks; the last token stays.
    pub(super) fn blank(&mut self) -> bool {
        let blank = |byte: &&u8| matches!(**byte, b' ' | b'\t' | 0x08 | b'\r' | b'\n');
        let length = self.rest().iter().take_while(blank).count();
        self.advance(length);
        length > 0
    }

    pub(super) fn word(&mut self, word: &str) -> bool {
        self.rest().starts_with(word.as_bytes()) && self.take(word.len())
    }

    /// The first of these operators that stands here; after those made of letters that are no list
    /// operators a blank has to follow, which is taken as well.
    pub(super) fn operator(&mut self, all: &[&'static str], blank: bool) -> Option<&'static str> {
        for operator in all {
            let (pos, last) = (self.pos, self.last.clone());
            if !self.word(operator) {
                continue;
            }
            let is_symbol = !operator.starts_with(|first: char| first.is_ascii_alphabetic());
            if !blank || is_symbol || self.blank() {
                return Some(operator);
            }
            (self.pos, self.last) = (pos, last);
        }
        None
    }

    /// `not` and blanks.
    pub(super) fn not(&mut self) -> bool {
        let Some(rest) = self.rest().strip_prefix(b"not") else { return false };
        let blanks = rest.iter().take_while(|byte| is_space(**byte)).count();
        blanks > 0 && self.take(blanks.saturating_add(3))
    }

    pub(super) fn identifier(&mut self) -> bool {
        self.take(identifier(self.rest()))
    }

    /// Identifiers with dots between them, at least one.
    pub(super) fn field_name(&mut self) -> bool {
        let rest = self.rest();
        let first = identifier(rest);
        let mut end = first;
        while first > 0 && rest.get(end) == Some(&b'.') {
            let part = identifier(rest.get(end.saturating_add(1)..).unwrap_or_default());
            if part == 0 {
                break;
            }
            end = end.saturating_add(part).saturating_add(1);
        }
        end > first && self.take(end)
    }

    pub(super) fn bare_argument(&mut self) -> bool {
        let ends = |byte: u8| is_space(byte) || matches!(byte, b'[' | b']' | b'"' | b'\'');
        self.take(self.rest().iter().take_while(|byte| !ends(**byte)).count())
    }

    pub(super) fn bare_string(&mut self) -> bool {
        self.take(bare_string(self.rest()))
    }

    pub(super) fn number(&mut self) -> bool {
        self.take(hexadecimal(self.rest())) || self.take(decimal(self.rest()))
    }

    /// A quoted string; the last token is what it stands for.
    pub(super) fn quoted(&mut self) -> Result<bool, String> {
        let quote = self.peek();
        if !matches!(quote, b'"' | b'\'') {
            return Ok(false);
        }
        let rest = self.rest();
        let mut before = b'\\';
        for (at, byte) in rest.iter().enumerate() {
            if *byte == 0 {
                break;
            }
            if *byte == quote && before != b'\\' {
                let length = at.saturating_add(1);
                self.advance(length);
                self.last = unescape(rest.get(..length).unwrap_or_default())?;
                return Ok(true);
            }
            before = *byte;
        }
        self.last = Literal(rest.to_vec());
        Ok(false)
    }

    /// Whether a list or the name of one stands here, and none of `and`, `or`, `not`.
    pub(super) fn list_follows(&self) -> bool {
        let rest = self.rest();
        let is_keyword = ["and", "or", "not"].iter().any(|keyword| {
            rest.strip_prefix(keyword.as_bytes())
                .is_some_and(|after| !after.first().is_some_and(u8::is_ascii_alphanumeric))
        });
        (rest.first() == Some(&b'(') || identifier(rest) > 0) && !is_keyword
    }
}

/// How long the identifier is that a text begins with.
pub(super) fn identifier(text: &[u8]) -> usize {
    if !text.first().is_some_and(u8::is_ascii_alphabetic) {
        return 0;
    }
    text.iter().take_while(|byte| byte.is_ascii_alphanumeric() || **byte == b'_').count()
}

/// How long the bare string is that a text begins with.
pub(super) fn bare_string(text: &[u8]) -> usize {
    let ends = |byte: u8| is_space(byte) || b"()\"'=,".contains(&byte);
    text.iter().take_while(|byte| !ends(**byte)).count()
}

fn hexadecimal(text: &[u8]) -> usize {
    let Some([b'0', b'x' | b'X']) = text.get(..2) else { return 0 };
    let digits = text.iter().skip(2).take_while(|byte| byte.is_ascii_hexdigit()).count();
    if digits == 0 { 0 } else { digits.saturating_add(2) }
}

/// `[+-]?[0-9]+[.]?[0-9]*([eE][+-][0-9]+)?`
fn decimal(text: &[u8]) -> usize {
    let at = |index: usize| text.get(index).copied().unwrap_or_default();
    let digits =
        |from: usize| text.iter().skip(from).take_while(|byte| byte.is_ascii_digit()).count();
    let sign = usize::from(matches!(at(0), b'+' | b'-'));
    let whole = digits(sign);
    if whole == 0 {
        return 0;
    }
    let mut end = sign.saturating_add(whole);
    if at(end) == b'.' {
        end = end.saturating_add(1);
    }
    end = end.saturating_add(digits(end));
    if matches!(at(end), b'e' | b'E') && matches!(at(end.saturating_add(1)), b'+' | b'-') {
        let exponent = digits(end.saturating_add(2));
        if exponent > 0 {
            end = end.saturating_add(exponent).saturating_add(2);
        }
    }
    end
}
