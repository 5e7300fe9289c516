//! Patterns of repositories: `*` stands for any characters, everything else for itself.

/// The most that a pattern may have.
pub const MOST: usize = 255;

/// Whether a pattern matches a whole text; in time that grows with both.
pub fn matches(pattern: &str, text: &str) -> bool {
    let Some((start, rest)) = pattern.split_once('*') else { return pattern == text };
    let Some(mut text) = text.strip_prefix(start) else { return false };
    let mut parts: Vec<&str> = rest.split('*').collect();
    let last = parts.pop().unwrap_or_default();
    for part in parts {
        let Some(at) = text.find(part) else { return false };
        text = text.get(at + part.len()..).unwrap_or_default();
    }
    text.len() >= last.len() && text.ends_with(last)
}

/// For `LIKE … ESCAPE '!'`, which may find more than the pattern matches: SQLite takes capitals for
/// small letters.
pub fn like(pattern: &str) -> String {
    let escaped = pattern.replace('!', "!!").replace('%', "!%").replace('_', "!_");
    escaped.replace('*', "%")
}

/// Why a text is no pattern.
pub fn refused(pattern: &str) -> Option<String> {
    let is_odd = |it: char| it.is_control() || it.is_whitespace();
    if pattern.is_empty() || pattern.len() > MOST || pattern.contains(is_odd) {
        let shown: String = pattern.chars().take(40).collect();
        let shown = shown.escape_debug();
        return Some(format!(
            "`{shown}` is no pattern of repositories: expected 1 to {MOST} characters without \
             blanks, as `registry.example/shop/*`"
        ));
    }
    None
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_star_is_any_text_and_nothing_else_is_special() {
        for (pattern, text, expected) in [
            ("docker.io/library/nginx", "docker.io/library/nginx", true),
            ("docker.io/library/nginx", "docker.io/library/nginx2", false),
            ("r.example/shop/*", "r.example/shop/web", true),
            ("r.example/shop/*", "r.example/shop", false),
            ("r.example/shop/*", "r.example/shopping/web", false),
            ("*/web", "r.example/shop/web", true),
            ("a*a", "a", false),
            ("a*b*c", "axxbyyc", true),
            ("a*b*b", "ab", false),
            ("r.example/%", "r.example/x", false),
            ("*", "", true),
        ] {
            assert_eq!(matches(pattern, text), expected, "{pattern} {text}");
        }
        assert_eq!(like("a_b%!*"), "a!_b!%!!%");
        assert!(refused("a\nb").is_some() && refused("").is_some());
    }

    proptest! {
        #[test]
        fn a_pattern_without_a_star_is_itself_alone(pattern in "[^*]{0,20}", text in ".{0,20}") {
            prop_assert_eq!(matches(&pattern, &text), pattern == text);
        }

        #[test]
        fn nothing_panics(pattern in ".{0,40}", text in ".{0,40}") {
            matches(&pattern, &text);
            refused(&pattern);
        }
    }
}
