//! Text of unknown origin, made fit for one line of a terminal.
//!
//! Width is counted in terminal columns as Unicode's East Asian Width has it
//! (<https://www.unicode.org/reports/tr11/>).

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

const ELLIPSIS: char = '…';

/// One line without anything that moves the cursor, starts a sequence, or changes the direction
/// or looks of its neighbours; what was taken out leaves U+FFFD behind.
pub fn one_line(text: &str) -> String {
    let mut line = String::with_capacity(text.len());
    for c in text.trim().chars() {
        if c.is_whitespace() {
            if !line.ends_with(' ') {
                line.push(' ');
            }
        } else if is_unfit(c) {
            line.push('\u{fffd}');
        } else {
            line.push(c);
        }
    }
    line
}

/// Several lines, each fit as by [`one_line`] but for its indentation.
pub fn lines(text: &str) -> String {
    let fit = |c: char| match c {
        '\n' => '\n',
        '\t' => ' ',
        c if is_unfit(c) => '\u{fffd}',
        c => c,
    };
    text.trim().replace("\r\n", "\n").chars().map(fit).collect()
}

/// Controls, and the invisible characters that make a text look like another one:
/// <https://www.unicode.org/reports/tr36/#Bidirectional_Text_Spoofing>.
fn is_unfit(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}'
            | '\u{e0000}'..='\u{e007f}')
}

/// Columns that a text takes.
pub fn width(text: &str) -> usize {
    text.width()
}

/// At most that many columns, the end given up.
pub fn shorten(text: &str, columns: usize) -> String {
    if width(text) <= columns {
        return text.to_owned();
    }
    let mut kept = head(text, columns.saturating_sub(1)).trim_end().to_owned();
    kept.push(ELLIPSIS);
    kept
}

/// At most that many columns, the middle given up: of names, both ends tell.
pub fn shorten_middle(text: &str, columns: usize) -> String {
    if width(text) <= columns {
        return text.to_owned();
    }
    let kept = columns.saturating_sub(1);
    let front = kept / 3;
    let reversed: String = text.chars().rev().collect();
    let tail: String = head(&reversed, kept - front).chars().rev().collect();
    format!("{}{ELLIPSIS}{tail}", head(text, front))
}

/// Filled with spaces up to that many columns.
pub fn pad(text: &str, columns: usize) -> String {
    let missing = columns.saturating_sub(width(text));
    format!("{text}{}", " ".repeat(missing))
}

/// Broken at spaces into lines of at most that many columns, all but the first indented by two; a
/// middle dot ends a line and never starts one.
pub(crate) fn wrap(text: &str, columns: Option<usize>) -> String {
    const GLUE: char = '\u{1f}';
    let Some(columns) = columns else { return text.to_owned() };
    let mut wrapped = String::new();
    let mut used = 0_usize;
    for word in text.replace(" · ", "\u{1f}· ").split(' ') {
        let length =
            word.chars().map(|c| if c == GLUE { 1 } else { c.width().unwrap_or(0) }).sum::<usize>();
        if used > 0 {
            if used + 1 + length > columns {
                wrapped.push_str("\n  ");
                used = 2;
            } else {
                wrapped.push(' ');
                used += 1;
            }
        }
        wrapped.push_str(word);
        used += length;
    }
    wrapped.replace(GLUE, " ")
}

/// `70,555`.
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut grouped = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

/// `3.8 MB`, in the powers of ten that registries use.
pub fn bytes(count: u64) -> String {
    const UNITS: [(&str, u64); 3] = [("GB", 1_000_000_000), ("MB", 1_000_000), ("kB", 1_000)];
    for (unit, size) in UNITS {
        if count >= size {
            let tenths = count / (size / 10);
            return if tenths >= 1000 {
                format!("{} {unit}", tenths / 10)
            } else {
                format!("{}.{} {unit}", tenths / 10, tenths % 10)
            };
        }
    }
    format!("{count} B")
}

/// `1 finding`, `2 findings`.
pub fn plural(count: usize, word: &str) -> String {
    format!("{count} {word}{}", if count == 1 { "" } else { "s" })
}

fn head(text: &str, columns: usize) -> &str {
    let mut used = 0_usize;
    for (at, c) in text.char_indices() {
        used += c.width().unwrap_or(0);
        if used > columns {
            return text.get(..at).unwrap_or("");
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sequences_lose_the_character_that_starts_them() {
        assert_eq!(one_line("a\u{1b}[2Jb\u{9b}31m\r\n\tc"), "a\u{fffd}[2Jb\u{fffd}31m c");
        assert_eq!(one_line("exe\u{202e}gpj.\u{200b}"), "exe\u{fffd}gpj.\u{fffd}");
    }

    #[test]
    fn wide_characters_count_twice() {
        assert_eq!(shorten("漢字漢字", 5), "漢字…");
        assert_eq!(
            shorten_middle("org.apache.logging.log4j:log4j-core", 20),
            "org.ap…4j:log4j-core"
        );
        assert_eq!(pad("漢", 4), "漢  ");
    }

    #[test]
    fn thousands_are_set_apart() {
        assert_eq!([0, 999, 1000, 1_234_567].map(grouped), ["0", "999", "1,000", "1,234,567"]);
    }

    #[test]
    fn long_notes_break_at_spaces() {
        assert_eq!(wrap("one two three", Some(8)), "one two\n  three");
        assert_eq!(wrap("one two three", None), "one two three");
    }

    proptest::proptest! {
        #[test]
        fn no_text_panics_or_takes_more_columns_than_it_may(text in ".*", columns in 1_usize..40) {
            let line = one_line(&text);
            proptest::prop_assert!(!line.chars().any(char::is_control));
            proptest::prop_assert!(width(&shorten(&line, columns)) <= columns);
            proptest::prop_assert!(width(&shorten_middle(&line, columns)) <= columns.max(1));
        }
    }
}
