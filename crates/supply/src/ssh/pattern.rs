//! Patterns of names.
//!
//! Source: OpenSSH's `match.c`; `ssh_config(5)`, section "PATTERNS".

/// Whether `text` matches a pattern of the list and none behind a `!`.
pub(super) fn matches_list(text: &str, list: &str) -> bool {
    let mut is_listed = false;
    for pattern in list.split(',') {
        match pattern.strip_prefix('!') {
            Some(pattern) if matches(text, pattern) => return false,
            Some(_) => {}
            None => is_listed |= matches(text, pattern),
        }
    }
    is_listed
}

/// Whether `text` matches, where `*` stands for anything and `?` for one byte.
fn matches(text: &str, pattern: &str) -> bool {
    let (text, pattern) = (text.as_bytes(), pattern.as_bytes());
    let (mut at, mut rule) = (0, 0);
    let mut last_star = None;
    while let Some(byte) = text.get(at) {
        match pattern.get(rule) {
            Some(b'*') => {
                last_star = Some((rule, at));
                rule += 1;
            }
            Some(b'?') => (at, rule) = (at + 1, rule + 1),
            Some(it) if it == byte => (at, rule) = (at + 1, rule + 1),
            // The last star takes one more.
            _ => match last_star {
                Some((star, from)) => {
                    last_star = Some((star, from + 1));
                    (at, rule) = (from + 1, star + 1);
                }
                None => return false,
            },
        }
    }
    pattern.get(rule..).unwrap_or_default().iter().all(|it| *it == b'*')
}

#[cfg(test)]
mod tests {
    use super::matches_list;

    #[test]
    fn lists_of_patterns_match_as_in_openssh() {
        for (text, list, expected) in [
            ("a@example.com", "*@example.com", true),
            ("a@example.com", "!a@*,*@example.com", false),
            ("a@example.com", "*@example.com,!a@*", false),
            ("b@example.com", "!a@*,*@example.com", true),
            ("b@example.com", "!a@*", false),
            ("git", "file,git", true),
            ("git", "gi?", true),
            ("git", "g*t*", true),
            ("git", "", false),
            ("", "", true),
            ("aab", "*ab", true),
            ("aba", "*ab", false),
            ("git", "Git", false),
        ] {
            assert_eq!(matches_list(text, list), expected, "{text} {list}");
        }
    }
}
