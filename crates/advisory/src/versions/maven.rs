//! Maven's versions, by `ComparableVersion`: numbers and qualifiers, nested by hyphens.
//!
//! Where letters meet digits a hyphen is thought; `alpha < beta < milestone < rc < snapshot <
//! nothing < sp < other words`, all before `-number < .number`; and what means nothing (`0`, `ga`,
//! `final`, `release`) does not count in front of a hyphen or the end.
//!
//! A qualifier behind a dot comes before one behind a hyphen, as the specification and Maven up to
//! 3.8 have it; from 3.9 on Maven takes them for the same.
//!
//! This is the only order here that is not transitive, and real versions show it:
//! `1.0.0` < `1.0.0-rework-beta3` < `1.0.0.RC7` < `1.0.0`. Maven says so, and so it is here.
//!
//! Source: <https://maven.apache.org/pom.html#version-order-specification>.

use std::cmp::Ordering;

use super::{Why, digits};

pub(super) struct Version<'v>(&'v [u8]);

pub(super) fn parse(text: &str) -> Result<Version<'_>, Why> {
    let text = text.trim();
    if text.is_empty() { Err("it is empty") } else { Ok(Version(text.as_bytes())) }
}

pub(super) fn compare(a: &Version<'_>, b: &Version<'_>) -> Ordering {
    if a.0 == b.0 {
        return Ordering::Equal;
    }
    compare_tokens(Tokens::of(a), Tokens::of(b))
}

/// The first difference decides; behind the end of a version stands what means nothing.
fn compare_tokens(mut a: Tokens<'_>, mut b: Tokens<'_>) -> Ordering {
    loop {
        let order = match (a.next(), b.next()) {
            (None, None) => return Ordering::Equal,
            (Some(a), Some(b)) => a.compare(b),
            (Some(a), None) => a.compare_to_nothing(),
            (None, Some(b)) => b.compare_to_nothing().reverse(),
        };
        if order.is_ne() {
            return order;
        }
    }
}

#[derive(Clone, Copy)]
struct Token<'v> {
    text: &'v [u8],
    is_number: bool,
    /// A hyphen stands before it, or is thought.
    hyphen: bool,
    /// A digit follows at once.
    before_digit: bool,
}

const ALPHA: u8 = 0;
const BETA: u8 = 1;
const MILESTONE: u8 = 2;
const RC: u8 = 3;
const SNAPSHOT: u8 = 4;
const RELEASE: u8 = 5;
const SP: u8 = 6;
const OTHER: u8 = 7;

impl Token<'_> {
    /// A qualifier's place.
    fn rank(&self) -> u8 {
        const WORDS: [(&[u8], u8); 10] = [
            (b"final", RELEASE),
            (b"release", RELEASE),
            (b"rc", RC),
            (b"snapshot", SNAPSHOT),
            (b"beta", BETA),
            (b"alpha", ALPHA),
            (b"cr", RC),
            (b"ga", RELEASE),
            (b"milestone", MILESTONE),
            (b"sp", SP),
        ];
        match self.text {
            [b'a' | b'A'] if self.before_digit => ALPHA,
            [b'b' | b'B'] if self.before_digit => BETA,
            [b'm' | b'M'] if self.before_digit => MILESTONE,
            text => WORDS
                .iter()
                .find(|(word, _)| text.eq_ignore_ascii_case(word))
                .map_or(OTHER, |&(_, rank)| rank),
        }
    }

    fn means_nothing(&self) -> bool {
        self.compare_to_nothing().is_eq()
    }

    fn compare_to_nothing(&self) -> Ordering {
        if self.is_number { digits::compare(self.text, b"0") } else { self.rank().cmp(&RELEASE) }
    }

    fn compare(self, other: Self) -> Ordering {
        match (self.is_number, other.is_number) {
            (true, true) => {
                other.hyphen.cmp(&self.hyphen).then_with(|| digits::compare(self.text, other.text))
            }
            (false, false) => self.hyphen.cmp(&other.hyphen).then_with(|| {
                let rank = self.rank();
                rank.cmp(&other.rank()).then_with(|| {
                    if rank == OTHER {
                        digits::ignoring_case(self.text, other.text)
                    } else {
                        Ordering::Equal
                    }
                })
            }),
            (a, b) => a.cmp(&b),
        }
    }
}

/// The tokens that count, from left to right.
#[derive(Clone)]
struct Tokens<'v> {
    rest: &'v [u8],
    first: bool,
    /// Tokens of no meaning that are known to count because of what is behind them.
    kept: usize,
}

impl<'v> Tokens<'v> {
    fn of(version: &Version<'v>) -> Self {
        Self { rest: version.0, first: true, kept: 0 }
    }

    fn next(&mut self) -> Option<Token<'v>> {
        loop {
            let token = self.raw()?;
            if let Some(left) = self.kept.checked_sub(1) {
                self.kept = left;
                return Some(token);
            }
            if !token.means_nothing() {
                return Some(token);
            }
            let mut ahead = self.clone();
            let mut run = 0;
            let (after, behind) = loop {
                let before = (ahead.rest, ahead.first);
                match ahead.raw() {
                    Some(next) if !next.hyphen && next.means_nothing() => run += 1,
                    next => break (before, next),
                }
            };
            if behind.is_some_and(|next| !next.hyphen) {
                self.kept = run;
                return Some(token);
            }
            (self.rest, self.first) = after;
        }
    }

    /// The next token, whether it counts or not.
    fn raw(&mut self) -> Option<Token<'v>> {
        let before = self.rest.first().copied()?;
        let mut hyphen = !std::mem::take(&mut self.first);
        if hyphen && matches!(before, b'.' | b'-') {
            hyphen = before == b'-';
            self.rest = self.rest.get(1..).unwrap_or_default();
        }
        let number = digits::take_number(&mut self.rest);
        if !number.is_empty() {
            return Some(Token { text: number, is_number: true, hyphen, before_digit: false });
        }
        let word = digits::take(&mut self.rest, |byte| {
            !byte.is_ascii_digit() && byte != b'.' && byte != b'-'
        });
        // Nothing between two marks is a zero.
        Some(Token {
            text: word,
            is_number: word.is_empty(),
            hyphen,
            before_digit: self.rest.first().is_some_and(u8::is_ascii_digit),
        })
    }
}
