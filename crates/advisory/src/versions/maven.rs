//! Maven's versions: numbers and qualifiers, parted by dots, hyphens and the seams between both.
//!
//! `1.0-alpha-1` and `1.0a1` are the same, and so are `1`, `1.0` and `1-ga`. What is equal to
//! nothing is cut off at the end of each run between hyphens before versions are compared.
//!
//! Source: <https://maven.apache.org/pom.html#version-order-specification>.

use std::cmp::Ordering;

use super::{Why, digits};

pub(super) struct Version {
    tokens: Vec<Token>,
}

#[derive(Clone, PartialEq, Eq)]
struct Token {
    /// `.` or `-`; a seam is a hyphen.
    mark: u8,
    value: Value,
}

#[derive(Clone, PartialEq, Eq)]
enum Value {
    /// Digits without leading zeros; empty is 0.
    Number(Vec<u8>),
    /// Lower case.
    Qualifier(Vec<u8>),
}

/// The longest version whose tokens are taken apart; published ones have under 100 bytes.
const LONGEST: usize = 10_000;

pub(super) fn parse(text: &str) -> Result<Version, Why> {
    let text = text.trim();
    if text.is_empty() {
        return Err("it is empty");
    }
    if text.len() > LONGEST {
        return Err("it is too long");
    }
    let lower = text.to_lowercase();
    let mut rest = lower.as_bytes();
    let mut tokens = Vec::new();
    let mut mark = b'-';
    loop {
        let before = rest;
        let value = if rest.first().is_some_and(u8::is_ascii_digit) {
            Value::Number(digits::without_zeros(digits::take_number(&mut rest)).to_vec())
        } else {
            let word = digits::take(&mut rest, |b| !b.is_ascii_digit() && !b".-".contains(&b));
            qualifier(word, rest.first().is_some_and(u8::is_ascii_digit))
        };
        // An empty token is a zero, but for what a hyphen before a seam leaves.
        if before.len() == rest.len() {
            tokens.push(Token { mark, value: Value::Number(Vec::new()) });
        } else {
            tokens.push(Token { mark, value });
        }
        let Some(&next) = rest.first() else { break };
        mark = if next == b'.' { b'.' } else { b'-' };
        if b".-".contains(&next) {
            rest = rest.get(1..).unwrap_or_default();
            if rest.is_empty() {
                break;
            }
        }
    }
    Ok(Version { tokens: trimmed(tokens) })
}

fn qualifier(word: &[u8], before_number: bool) -> Value {
    let known: &[u8] = match word {
        b"a" if before_number => b"alpha",
        b"b" if before_number => b"beta",
        b"m" if before_number => b"milestone",
        b"cr" => b"rc",
        b"final" | b"ga" | b"release" => b"",
        other => other,
    };
    Value::Qualifier(known.to_vec())
}

fn is_nothing(value: &Value) -> bool {
    match value {
        Value::Number(number) => number.is_empty(),
        Value::Qualifier(word) => word.is_empty(),
    }
}

/// Cuts tokens that are equal to nothing from the end of the version and of each run before a
/// hyphen.
fn trimmed(tokens: Vec<Token>) -> Vec<Token> {
    let mut kept: Vec<Token> = Vec::with_capacity(tokens.len());
    for token in tokens {
        if token.mark == b'-' {
            cut(&mut kept);
        }
        kept.push(token);
    }
    cut(&mut kept);
    kept
}

fn cut(tokens: &mut Vec<Token>) {
    while tokens.len() > 1 && tokens.last().is_some_and(|token| is_nothing(&token.value)) {
        tokens.pop();
    }
}

pub(super) fn compare(a: &Version, b: &Version) -> Ordering {
    let longest = a.tokens.len().max(b.tokens.len());
    for at in 0..longest {
        let order = match (a.tokens.get(at), b.tokens.get(at)) {
            (Some(x), Some(y)) => token(x, y),
            (Some(x), None) => token(x, &padding(x)),
            (None, Some(y)) => token(&padding(y), y),
            (None, None) => Ordering::Equal,
        };
        if order.is_ne() {
            return order;
        }
    }
    Ordering::Equal
}

/// What stands in for a token that the other version has and this one lacks.
fn padding(other: &Token) -> Token {
    let value = match &other.value {
        Value::Number(_) => Value::Number(Vec::new()),
        Value::Qualifier(_) => Value::Qualifier(Vec::new()),
    };
    Token { mark: other.mark, value }
}

fn token(a: &Token, b: &Token) -> Ordering {
    match (&a.value, &b.value) {
        (Value::Number(x), Value::Number(y)) if a.mark == b.mark => digits::compare(x, y),
        // A number behind a dot is newer than one behind a hyphen, and both than a word.
        (Value::Number(_), Value::Number(_)) => (a.mark == b'.').cmp(&(b.mark == b'.')),
        (Value::Number(_), Value::Qualifier(_)) => Ordering::Greater,
        (Value::Qualifier(_), Value::Number(_)) => Ordering::Less,
        (Value::Qualifier(x), Value::Qualifier(y)) if a.mark == b.mark => {
            place(x).cmp(&place(y)).then_with(|| x.cmp(y))
        }
        // A word behind a hyphen is newer than one behind a dot.
        (Value::Qualifier(_), Value::Qualifier(_)) => (a.mark == b'-').cmp(&(b.mark == b'-')),
    }
}

/// The place of a qualifier; unknown ones are newer than all known ones.
fn place(word: &[u8]) -> usize {
    const WORDS: [&[u8]; 7] = [b"alpha", b"beta", b"milestone", b"rc", b"snapshot", b"", b"sp"];
    WORDS.iter().position(|known| *known == word).unwrap_or(WORDS.len())
}
