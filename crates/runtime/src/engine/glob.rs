//! Shell patterns as `fnmatch(3)` without flags reads them: `*` and `?` stand for slashes too.

use regex::bytes::{Regex, RegexBuilder};

/// A pattern as a regular expression over bytes; none where it can match nothing.
pub(super) fn compile(pattern: &[u8], ignore_case: bool) -> Option<Regex> {
    let mut text = String::from("\\A(?s-u:");
    let mut rest = pattern;
    while let Some((first, behind)) = rest.split_first() {
        rest = behind;
        match first {
            b'*' => text.push_str(".*"),
            b'?' => text.push('.'),
            b'[' => match bracket(rest) {
                Some((class, behind)) => {
                    text.push_str(&class);
                    rest = behind;
                }
                None => push(&mut text, b'['),
            },
            b'\\' => {
                // A pattern that ends in a backslash matches nothing.
                let (escaped, behind) = rest.split_first()?;
                push(&mut text, *escaped);
                rest = behind;
            }
            other => push(&mut text, *other),
        }
    }
    text.push_str(")\\z");
    RegexBuilder::new(&text).case_insensitive(ignore_case).unicode(false).build().ok()
}

fn push(text: &mut String, byte: u8) {
    use std::fmt::Write as _;
    let _ = write!(text, "\\x{byte:02x}");
}

/// What stands between brackets as a class of a regular expression, and what follows.
fn bracket(pattern: &[u8]) -> Option<(String, &[u8])> {
    let mut class = String::from("[");
    let mut rest = pattern;
    if let Some((b'!' | b'^', behind)) = rest.split_first() {
        class.push('^');
        rest = behind;
    }
    let mut is_first = true;
    loop {
        let (byte, mut behind) = rest.split_first()?;
        if *byte == b']' && !is_first {
            return Some((class + "]", behind));
        }
        is_first = false;
        if *byte == b'[' && behind.first() == Some(&b':') {
            let end = behind.windows(2).position(|two| two == b":]")?;
            let name = std::str::from_utf8(behind.get(1..end)?).ok()?;
            if !name.bytes().all(|one| one.is_ascii_lowercase()) {
                return None;
            }
            class.extend(["[:", name, ":]"]);
            rest = behind.get(end.saturating_add(2)..)?;
            continue;
        }
        let mut low = *byte;
        if low == b'\\' {
            (low, behind) = behind.split_first().map(|(one, rest)| (*one, rest))?;
        }
        match behind {
            [b'-', high, after @ ..] if *high != b']' => {
                let (high, after) = match (*high, after) {
                    (b'\\', [escaped, after @ ..]) => (*escaped, after),
                    (high, after) => (high, after),
                };
                if low <= high {
                    push(&mut class, low);
                    class.push('-');
                    push(&mut class, high);
                } else {
                    // An empty range has no member; the class still needs one that never is.
                    return None;
                }
                rest = after;
            }
            _ => {
                push(&mut class, low);
                rest = behind;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_match_as_fnmatch_has_it() {
        let fits = |pattern: &str, text: &str| {
            compile(pattern.as_bytes(), false).is_some_and(|it| it.is_match(text.as_bytes()))
        };
        assert!(fits("/etc/*", "/etc/a/b") && fits("*/.ssh/*", "/root/.ssh/id"));
        assert!(fits("a?c", "a/c") && !fits("a?c", "ac"));
        assert!(fits("[a-c]x", "bx") && !fits("[!a-c]x", "bx") && fits("[]]", "]"));
        assert!(fits("[[:digit:]]", "7") && !fits("[[:digit:]]", "x"));
        assert!(fits("\\*", "*") && !fits("\\*", "a") && fits("a[b", "a[b"));
        assert!(fits("a.c", "a.c") && !fits("a.c", "abc"));
        assert!(!fits("a", "a\n") && fits("*", "a\nb"));
        let ignoring = compile(b"/TMP/*", true).unwrap();
        assert!(ignoring.is_match(b"/tmp/X"));
    }
}
