//! Texts: times in them, and lines in another order.

use std::io;
use std::sync::LazyLock;

use regex::Regex;

use super::super::cause;
use super::{Explained, Pair};
use crate::content::{ReadAt, read_exact_at};

/// The largest text that is looked into: 8 MiB.
const MAX_TEXT: u64 = 8 << 20;

/// Dates and times as programs write them: RFC 3339 and its cousins, `Mon Jan  2 15:04:05 2006`,
/// `02 Jan 2006`, `20060102150405`, seconds and milliseconds since 1970 (2001 to 2033).
static TIME: LazyLock<Option<Regex>> = LazyLock::new(|| {
    let month = "(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[a-z]*";
    let clock = r"[0-9]{1,2}:[0-9]{2}(?::[0-9]{2}(?:[.,][0-9]+)?)?";
    let zone = r"(?:\s*(?:Z|UTC|GMT|[+-][0-9]{2}:?[0-9]{2}))?";
    let forms = [
        format!(r"\b(?:19|20)[0-9]{{2}}[-/.][0-9]{{2}}[-/.][0-9]{{2}}(?:[T _]+{clock}{zone})?"),
        format!(
            r"(?:\b(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)[a-z]*,? +)?\b{month}\.? +[0-9]{{1,2}},?(?: +{clock}{zone})?(?: +(?:19|20)[0-9]{{2}})?"
        ),
        format!(
            r"(?:\b(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)[a-z]*,? +)?\b[0-9]{{1,2}} {month}\.? (?:19|20)[0-9]{{2}}(?: +{clock}{zone})?"
        ),
        r"\b20[0-9]{2}[01][0-9][0-3][0-9](?:[T_-]?[0-9]{6}Z?)?\b".to_owned(),
        r"\b1[0-9]{9}(?:[0-9]{3}|\.[0-9]+)?\b".to_owned(),
        format!(r"\b{clock}\b"),
    ];
    Regex::new(&forms.join("|")).ok()
});

pub(super) fn explain(pair: &Pair<'_>) -> io::Result<Explained> {
    let (Some(one), Some(other)) = (text(pair.original)?, text(pair.rebuilt)?) else {
        return Ok(None);
    };
    if let Some(time) = TIME.as_ref()
        && time.replace_all(&one, "\u{0}") == time.replace_all(&other, "\u{0}")
    {
        let differs = one.lines().zip(other.lines()).find(|(a, b)| a != b);
        return Ok(Some((&cause::TEXT_TIME, differs.map(|(_, b)| cut(b)).unwrap_or_default())));
    }
    if one.len() == other.len() && one != other {
        let sorted = |text: &'_ str| {
            let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
            lines.sort_unstable();
            lines
        };
        if sorted(&one) == sorted(&other) {
            return Ok(Some((&cause::LINE_ORDER, String::new())));
        }
    }
    let line = one.lines().zip(other.lines()).position(|(a, b)| a != b);
    let detail =
        line.map_or_else(|| "lines at the end".to_owned(), |at| format!("line {}", at + 1));
    Ok(Some((&cause::CONTENT, format!("differs first in {detail}"))))
}

/// A file as text, where it is one.
fn text(file: &dyn ReadAt) -> io::Result<Option<String>> {
    let size = file.size();
    if size > MAX_TEXT {
        return Ok(None);
    }
    let bytes = read_exact_at(file, 0, usize::try_from(size).unwrap_or(0))?;
    Ok(String::from_utf8(bytes).ok().filter(|text| {
        !text.chars().any(|letter| letter.is_control() && !"\n\r\t\u{c}\u{1b}".contains(letter))
    }))
}

/// A line, as much as one can look at.
fn cut(line: &str) -> String {
    let shown: String =
        line.trim().chars().filter(|letter| !letter.is_control()).take(80).collect();
    format!("`{shown}`")
}

#[cfg(test)]
mod tests {
    use super::super::testing::said;

    #[test]
    fn times_of_every_usual_form_are_told() {
        let pairs = [
            ("built 2024-01-02T03:04:05Z by x\n", "built 2025-11-12T13:14:15.123+02:00 by x\n"),
            ("Tue Jan  2 03:04:05 UTC 2024", "Wed Nov 12 13:14:15 UTC 2025"),
            ("Date: Tue, 02 Jan 2024 03:04:05 +0000", "Date: Wed, 12 Nov 2025 13:14:15 +0000"),
            ("#Tue Jan 02 03:04:05 GMT 2024\na=1", "#Wed Nov 12 13:14:15 GMT 2025\na=1"),
            ("stamp=1704164645", "stamp=1762953255"),
            ("build-20240102030405", "build-20251112131415"),
            ("{\"t\":1704164645123}", "{\"t\":1762953255123}"),
        ];
        for (one, other) in pairs {
            assert_eq!(said("a", one.as_bytes(), other.as_bytes()), Some("text-time"), "{one}");
        }
    }

    #[test]
    fn versions_and_numbers_are_content_and_not_times() {
        for (one, other) in
            [("version 1.2.3", "version 1.2.4"), ("port 8080", "port 8081"), ("a", "b")]
        {
            assert_eq!(said("a", one.as_bytes(), other.as_bytes()), Some("content"), "{one}");
        }
    }

    #[test]
    fn the_same_lines_in_another_order_are_told() {
        assert_eq!(said("a", b"x\ny\nz\n", b"z\nx\ny\n"), Some("line-order"));
        assert_eq!(said("a", b"x\ny\n", b"x\nx\n"), Some("content"));
    }
}
