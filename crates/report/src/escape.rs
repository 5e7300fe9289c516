//! Text of unknown origin for the places in which SARIF and Markdown give characters a meaning.

use crate::text;

/// A path as a relative reference of RFC 3986. A colon is encoded too, because in the first
/// segment it would make a scheme.
pub(crate) fn uri(path: &str) -> String {
    use std::fmt::Write;
    let mut uri = String::with_capacity(path.len());
    for byte in path.trim_start_matches('/').bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~/!$'()*+,;=@".contains(&byte) {
            uri.push(char::from(byte));
        } else {
            // Writing to a `String` cannot fail.
            let _ = write!(uri, "%{byte:02X}");
        }
    }
    uri
}

/// Plain text in which a reader finds neither a link nor a placeholder (SARIF 2.1.0, §3.11.5 and
/// §3.11.6).
pub(crate) fn message(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text::lines(text).chars() {
        match c {
            '\\' | '[' | ']' => escaped.extend(['\\', c]),
            '{' | '}' => escaped.extend([c, c]),
            _ => escaped.push(c),
        }
    }
    escaped
}

/// Text that Markdown shows as it is: `CommonMark` takes a backslash before any punctuation.
/// Periods and colons are escaped too, else GitHub makes links of bare addresses.
pub(crate) fn markdown(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_ascii_punctuation() && !matches!(c, ',' | ';' | '/' | '\'' | '"' | '%' | '?') {
            escaped.push('\\');
        }
        escaped.push(c);
    }
    escaped
}

/// At most that many characters, whole words.
pub(crate) fn cut(text: &str, characters: usize) -> String {
    match text.char_indices().nth(characters) {
        None => text.to_owned(),
        Some((end, _)) => {
            let head = text.get(..end).unwrap_or("");
            let head = head.rsplit_once(char::is_whitespace).map_or(head, |(words, _)| words);
            format!("{}…", head.trim_end())
        }
    }
}

/// A link that can be shown as one: an absolute https or http address without anything odd.
pub(crate) fn link(url: &str) -> Option<&str> {
    let rest = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"))?;
    let odd = |b: u8| !b.is_ascii_graphic() || b"<>\"\\^`{|}[]()".contains(&b);
    let host = rest.split(['/', '?', '#']).next().unwrap_or("");
    (!host.is_empty() && !host.contains('@') && !rest.bytes().any(odd) && url.len() <= 2000)
        .then_some(url)
}

/// Text of an attribute in XML; a character that XML 1.0 cannot hold becomes U+FFFD.
pub(crate) fn xml(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\n' => escaped.push_str("&#10;"),
            '\t' => escaped.push_str("&#9;"),
            control if control.is_control() => escaped.push('\u{fffd}'),
            '\u{fffe}' | '\u{ffff}' => escaped.push('\u{fffd}'),
            other => escaped.push(other),
        }
    }
    escaped
}

/// Text of unknown origin for one cell or line of Markdown.
pub(crate) fn cell(from: &str) -> String {
    markdown(&text::one_line(from))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_stays_a_path() {
        assert_eq!(uri("/app/a b.war!/WEB-INF/ü:c.jar"), "app/a%20b.war!/WEB-INF/%C3%BC%3Ac.jar");
        assert_eq!(uri("//evil.example/x"), "evil.example/x");
    }

    #[test]
    fn text_makes_neither_links_nor_placeholders() {
        assert_eq!(message("see [this](1) {0}"), "see \\[this\\](1) {{0}}");
        assert_eq!(
            markdown("<img src=x> [a](b) www.c"),
            "\\<img src\\=x\\> \\[a\\]\\(b\\) www\\.c"
        );
    }

    #[test]
    fn only_plain_addresses_are_links() {
        assert!(link("https://example.org/a?b=c#d").is_some());
        for odd in
            ["javascript:alert(1)", "https://", "https://u@host/", "https://a/(b)", "https://a/ b"]
        {
            assert!(link(odd).is_none(), "{odd}");
        }
    }

    #[test]
    fn a_long_text_is_cut_between_words() {
        assert_eq!(cut("one two three", 9), "one two…");
        assert_eq!(cut("one", 3), "one");
    }

    #[test]
    fn text_cannot_leave_its_attribute() {
        assert_eq!(xml("a\"><b\u{1b}&\n"), "a&quot;&gt;&lt;b\u{fffd}&amp;&#10;");
    }
}
