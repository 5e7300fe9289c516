//! The exec form: a JSON array of strings, each with its place.

use std::ops::Range;

/// What a text that begins with `[` is.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Array {
    /// An array of strings: decoded, with their places, quotes included.
    Strings(Vec<(String, Range<usize>)>),
    /// An array with something else in it, which the builder refuses.
    Others,
    /// No JSON: the builder takes it as a shell command.
    None,
}

pub(super) fn strings(text: &str) -> Array {
    match read(text) {
        Some(strings) => Array::Strings(strings),
        None if serde_json::from_str::<Vec<serde_json::Value>>(text)
            .is_ok_and(|all| all.iter().any(|one| !one.is_string())) =>
        {
            Array::Others
        }
        None => Array::None,
    }
}

fn read(text: &str) -> Option<Vec<(String, Range<usize>)>> {
    let mut reader = Reader { text, at: 0 };
    reader.token('[')?;
    let mut strings = Vec::new();
    if reader.token(']').is_none() {
        loop {
            strings.push(reader.string()?);
            if reader.token(',').is_none() {
                break;
            }
        }
        reader.token(']')?;
    }
    reader.blanks();
    (reader.at == text.len()).then_some(strings)
}

struct Reader<'t> {
    text: &'t str,
    at: usize,
}

impl Reader<'_> {
    fn rest(&self) -> &str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn blanks(&mut self) {
        let rest = self.rest();
        let kept = rest.trim_start_matches([' ', '\t', '\r', '\n']).len();
        self.at = self.at.saturating_add(rest.len().saturating_sub(kept));
    }

    fn token(&mut self, wanted: char) -> Option<()> {
        self.blanks();
        if !self.rest().starts_with(wanted) {
            return None;
        }
        self.at = self.at.saturating_add(wanted.len_utf8());
        Some(())
    }

    fn string(&mut self) -> Option<(String, Range<usize>)> {
        self.blanks();
        let start = self.at;
        self.token('"')?;
        let rest = self.rest();
        let mut text = String::new();
        let mut characters = rest.char_indices();
        while let Some((at, character)) = characters.next() {
            match character {
                '"' => {
                    self.at = self.at.saturating_add(at).saturating_add(1);
                    return Some((text, start..self.at));
                }
                '\\' => match characters.next()?.1 {
                    plain @ ('"' | '\\' | '/') => text.push(plain),
                    'b' => text.push('\u{8}'),
                    'f' => text.push('\u{c}'),
                    'n' => text.push('\n'),
                    'r' => text.push('\r'),
                    't' => text.push('\t'),
                    'u' => text.push(unicode(&mut characters)?),
                    _ => return None,
                },
                control if control < ' ' => return None,
                other => text.push(other),
            }
        }
        None
    }
}

/// The four digits behind `\u`, or eight where they are a pair; half of one is U+FFFD.
fn unicode(characters: &mut std::str::CharIndices) -> Option<char> {
    let high = digits(characters)?;
    if !(0xd800..0xdc00).contains(&high) {
        return Some(char::from_u32(high).unwrap_or('\u{fffd}'));
    }
    let mut ahead = characters.clone();
    let mut low = None;
    if ahead.next().map(|one| one.1) == Some('\\') && ahead.next().map(|one| one.1) == Some('u') {
        low = digits(&mut ahead).filter(|low| (0xdc00..0xe000).contains(low));
    }
    let Some(low) = low else { return Some('\u{fffd}') };
    *characters = ahead;
    let code =
        (high & 0x3ff).checked_mul(0x400)?.checked_add(low & 0x3ff)?.checked_add(0x1_0000)?;
    char::from_u32(code)
}

fn digits(characters: &mut std::str::CharIndices) -> Option<u32> {
    let mut code = 0_u32;
    for _ in 0..4 {
        let digit = characters.next()?.1.to_digit(16)?;
        code = code.checked_mul(16)?.checked_add(digit)?;
    }
    Some(code)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Option<Vec<String>> {
        match strings(text) {
            Array::Strings(strings) => Some(strings.into_iter().map(|one| one.0).collect()),
            _ => None,
        }
    }

    #[test]
    fn strings_are_decoded() {
        assert_eq!(words(r#"[ "a\n", "\u00e9\ud83d\ude00" ]"#).unwrap_or_default(), ["a\n", "é😀"]);
        assert_eq!(words("[]").unwrap_or_default(), [""; 0]);
        assert_eq!(strings(r#"["a", ["b"]]"#), Array::Others);
        assert_eq!(strings("['a']"), Array::None);
        assert_eq!(strings(r#"["a" "#), Array::None);
        assert_eq!(strings("[ -f x ] && y"), Array::None);
    }
}
