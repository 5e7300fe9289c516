//! Looks ahead for the end of something, without building a tree.
//!
//! Some texts can only be read when their end is known: `((` opens an expression or two subshells,
//! `{` a brace expansion or nothing, `<<` speaks of lines behind this one. All of it draws on one
//! allowance, proportional to the text, so that no text makes it quadratic.

use memchr::{memchr, memmem};

use super::cursor::Parser;

impl<'t> Parser<'t> {
    /// Whether the `((` whose inside starts at `at` is an arithmetic expression: its parentheses
    /// close together.
    pub(super) fn is_arithmetic(&mut self, at: usize) -> bool {
        let mut depth = 0_usize;
        let bytes = self.ahead(at);
        let mut i = at;
        let answer = loop {
            match byte(bytes, i) {
                None => break true,
                Some(b'(') => {
                    depth = depth.saturating_add(1);
                    i = i.saturating_add(1);
                }
                Some(b')') if depth == 0 => {
                    break byte(bytes, i.saturating_add(1)) == Some(b')');
                }
                Some(b')') => {
                    depth = depth.saturating_sub(1);
                    i = i.saturating_add(1);
                }
                Some(_) => i = skip_unit(bytes, i),
            }
        };
        self.spend(at, i);
        answer
    }

    /// The end of the line that `at` stands in: the first line end outside of quotes.
    pub(super) fn line_end(&mut self, at: usize) -> usize {
        let bytes = self.ahead(at);
        let mut i = at;
        loop {
            match byte(bytes, i) {
                None | Some(b'\n') => break,
                Some(b'#') if matches!(byte(bytes, i.wrapping_sub(1)), Some(b' ' | b'\t')) => {
                    let rest = bytes.get(i..).unwrap_or_default();
                    i = i.saturating_add(memchr(b'\n', rest).unwrap_or(rest.len()));
                    break;
                }
                Some(_) => i = skip_unit(bytes, i),
            }
        }
        self.spend(at, i);
        if i < bytes.len() { i } else { self.text.len() }
    }

    /// The `}` of the brace expansion that opens here, and whether it is a range; `None` where it
    /// is plain text.
    pub(super) fn brace_end(&mut self) -> Option<(usize, bool)> {
        let start = self.pos;
        let bytes = self.ahead(start);
        let mut i = start.saturating_add(1);
        let (mut level, mut comma, mut dots, mut plain) = (1_usize, false, false, true);
        let found = loop {
            match byte(bytes, i) {
                None
                | Some(b' ' | b'\t' | b'\n' | b';' | b'&' | b'|' | b'<' | b'>' | b'(' | b')') => {
                    break None;
                }
                Some(b'{') => {
                    level = level.saturating_add(1);
                    plain = false;
                }
                Some(b'}') if level == 1 => break Some(i),
                Some(b'}') => level = level.saturating_sub(1),
                Some(b',') => comma |= level == 1,
                Some(b'.') => {
                    dots |= level == 1 && byte(bytes, i.saturating_add(1)) == Some(b'.');
                }
                Some(b'\\' | b'\'' | b'"' | b'`' | b'$') => {
                    plain = false;
                    // One less, because every arm is followed by a step.
                    i = skip_unit(bytes, i).saturating_sub(1).max(i);
                }
                Some(_) => {}
            }
            i = i.saturating_add(1);
        };
        self.spend(start, i);
        let end = found?;
        if comma {
            return Some((end, false));
        }
        (dots && plain && is_range(self.slice(start.saturating_add(1), end))).then_some((end, true))
    }

    /// The `]` of the set that opens here; `None` where `[` is plain text.
    pub(super) fn bracket_end(&mut self, blanks_end: bool) -> Option<usize> {
        let start = self.pos;
        let bytes = self.ahead(start);
        let mut i = start.saturating_add(1);
        if matches!(byte(bytes, i), Some(b'!' | b'^')) {
            i = i.saturating_add(1);
        }
        if byte(bytes, i) == Some(b']') {
            i = i.saturating_add(1);
        }
        let found = loop {
            match byte(bytes, i) {
                None | Some(b'\n') => break None,
                Some(b' ' | b'\t' | b';' | b'&' | b'|' | b'<' | b'>' | b'(' | b')')
                    if blanks_end =>
                {
                    break None;
                }
                Some(b'}') if !blanks_end => break None,
                Some(b']') => break Some(i),
                Some(b'[')
                    if matches!(byte(bytes, i.saturating_add(1)), Some(b':' | b'.' | b'=')) =>
                {
                    // `[:alpha:]` closes with its own `]`.
                    let kind = byte(bytes, i.saturating_add(1)).unwrap_or(b':');
                    let inside = i.saturating_add(2);
                    let rest = bytes.get(inside..).unwrap_or_default();
                    let length =
                        rest.iter().take(32).take_while(|b| b.is_ascii_alphanumeric()).count();
                    let end = inside.saturating_add(length);
                    i = if byte(bytes, end) == Some(kind)
                        && byte(bytes, end.saturating_add(1)) == Some(b']')
                    {
                        end.saturating_add(2)
                    } else {
                        i.saturating_add(1)
                    };
                }
                Some(_) => i = skip_unit(bytes, i),
            }
        };
        self.spend(start, i);
        found
    }

    /// The `]` of the index whose `[` stands here.
    pub(super) fn index_end(&mut self) -> Option<usize> {
        let start = self.pos;
        let bytes = self.ahead(start);
        let mut i = start.saturating_add(1);
        let mut level = 1_usize;
        let found = loop {
            match byte(bytes, i) {
                None | Some(b'\n' | b'}') => break None,
                Some(b']') if level == 1 => break Some(i),
                Some(b']') => level = level.saturating_sub(1),
                Some(b'[') => level = level.saturating_add(1),
                // One less, because every arm is followed by a step.
                Some(_) => i = skip_unit(bytes, i).saturating_sub(1).max(i),
            }
            i = i.saturating_add(1);
        };
        self.spend(start, i);
        found
    }

    /// The next `]]` on this line.
    pub(super) fn test_end(&mut self) -> Option<usize> {
        let start = self.pos;
        let rest = self.rest().get(..self.lookahead).unwrap_or(self.rest());
        let line = memchr(b'\n', rest).unwrap_or(rest.len());
        let found = memmem::find(rest.get(..line).unwrap_or_default(), b"]]")
            .map(|at| start.saturating_add(at));
        self.spend(start, found.unwrap_or(start.saturating_add(line)));
        found
    }

    /// The `)` that closes the `(` here, on the same line.
    pub(super) fn parenthesis_end(&mut self) -> Option<usize> {
        let start = self.pos;
        let bytes = self.ahead(start);
        let mut i = start.saturating_add(1);
        let found = loop {
            match byte(bytes, i) {
                None | Some(b'\n' | b'(' | b';') => break None,
                Some(b')') => break Some(i),
                Some(_) => i = skip_unit(bytes, i),
            }
        };
        self.spend(start, i);
        found
    }

    /// The text up to as far as may be looked from `at`.
    fn ahead(&self, at: usize) -> &'t [u8] {
        let bytes = self.text.as_bytes();
        bytes.get(..at.saturating_add(self.lookahead)).unwrap_or(bytes)
    }

    fn spend(&mut self, from: usize, to: usize) {
        self.lookahead = self.lookahead.saturating_sub(to.saturating_sub(from));
    }
}

fn byte(bytes: &[u8], at: usize) -> Option<u8> {
    bytes.get(at).copied()
}

/// The place behind the character, escape, quotation or substitution at `at`.
fn skip_unit(bytes: &[u8], at: usize) -> usize {
    let mut open: Vec<u8> = Vec::new();
    let mut i = at;
    loop {
        let Some(&byte) = bytes.get(i) else {
            return bytes.len();
        };
        let next = bytes.get(i.saturating_add(1)).copied();
        let quoted = open.last() == Some(&b'"');
        let step = match byte {
            b'\\' => 2,
            b'\'' if !quoted => {
                let rest = bytes.get(i.saturating_add(1)..).unwrap_or_default();
                memchr(b'\'', rest).unwrap_or(rest.len()).saturating_add(2)
            }
            b'$' if next == Some(b'(') => {
                open.push(b')');
                2
            }
            b'$' if next == Some(b'{') => {
                open.push(b'}');
                2
            }
            b'(' if open.last() == Some(&b')') => {
                open.push(b')');
                1
            }
            b'"' | b'`' | b')' | b'}' if open.last() == Some(&byte) => {
                open.pop();
                1
            }
            b'"' | b'`' => {
                open.push(byte);
                1
            }
            _ => 1,
        };
        i = i.saturating_add(step);
        if open.is_empty() {
            return i.min(bytes.len());
        }
    }
}

/// Whether `{…}` counts from one thing to another: `1..9`, `a..f`, `1..9..2`.
fn is_range(inside: &str) -> bool {
    let ends: Vec<&str> = inside.splitn(4, "..").collect();
    let number = |text: &str| {
        let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
        !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit())
    };
    let letter = |text: &str| text.len() == 1 && text.bytes().all(|b| b.is_ascii_alphabetic());
    match ends.as_slice() {
        [from, to, step @ ..] => {
            (number(from) && number(to) || letter(from) && letter(to))
                && step.len() < 2
                && step.iter().all(|step| number(step))
        }
        _ => false,
    }
}
