//! What opens over the panes: a text, or a list of changes to choose from.

use plimsoll_report::text;

use super::fixes::Change;
use super::list::List;

/// The longest text that is shown, in lines; a description of a finding can be any length.
const MAX_LINES: usize = 5_000;

/// Something that is open over the panes.
#[derive(Debug, Clone)]
pub(super) struct Popup {
    pub(super) title: String,
    pub(super) content: Content,
    /// Of a text, the cursor is the first line that is shown.
    pub(super) list: List,
}

/// What is in it.
#[derive(Debug, Clone)]
pub(super) enum Content {
    /// Lines; those that are not indented are headings.
    Text(Vec<String>),
    /// What one change clears each.
    Changes(Vec<Change>),
}

impl Popup {
    /// A text from wherever, made fit for a terminal.
    pub(super) fn text(title: &str, said: &str) -> Self {
        let said = text::lines(said);
        let lines: Vec<String> = said.lines().take(MAX_LINES).map(str::to_owned).collect();
        Self { title: text::one_line(title), content: Content::Text(lines), list: List::default() }
    }

    pub(super) fn changes(title: String, changes: Vec<Change>) -> Self {
        Self { title, content: Content::Changes(changes), list: List::default() }
    }
}

/// Lines broken at spaces to fit a width; what goes on is indented as its beginning is, or as what
/// stands behind a gap in it.
pub(super) fn fold(lines: &[String], width: usize) -> Vec<String> {
    let width = width.max(8);
    let mut folded = Vec::new();
    for line in lines {
        let (head, rest) = parted(line, width);
        let margin = " ".repeat(text::width(head));
        let mut open = head.to_owned();
        let mut is_first = true;
        for word in rest.split(' ').filter(|word| !word.is_empty()) {
            let needed = text::width(&open) + usize::from(!is_first) + text::width(word);
            if needed > width && !is_first {
                folded.push(std::mem::replace(&mut open, margin.clone()));
            } else if !is_first {
                open.push(' ');
            }
            is_first = false;
            // A word of more than a line.
            for letter in word.chars() {
                if text::width(&open) + text::width(letter.encode_utf8(&mut [0; 4])) > width {
                    folded.push(std::mem::replace(&mut open, margin.clone()));
                }
                open.push(letter);
            }
        }
        folded.push(open);
    }
    folded
}

/// The beginning of a line that its continuation stands behind: its indentation, and a first column
/// where there is one. It takes half of the width at most.
fn parted(line: &str, width: usize) -> (&str, &str) {
    let indent = line.len() - line.trim_start_matches(' ').len();
    let gap = line.get(indent..).and_then(|rest| rest.find("  ")).map(|at| at + indent);
    let column = gap.and_then(|gap| {
        let rest = line.get(gap..)?.trim_start_matches(' ');
        Some(line.len() - rest.len()).filter(|_| !rest.is_empty())
    });
    let fits = |at: &usize| line.get(..*at).is_some_and(|head| text::width(head) <= width / 2);
    let at = column.filter(fits).or(Some(indent).filter(fits)).unwrap_or(0);
    (line.get(..at).unwrap_or(""), line.get(at..).unwrap_or(line))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_broken_at_spaces_and_keep_their_indentation() {
        let lines = ["  one two three four".to_owned(), String::new(), "0123456789".to_owned()];
        assert_eq!(fold(&lines, 9), ["  one two", "  three", "  four", "", "012345678", "9"]);
        let columns = ["  a b    one two three".to_owned()];
        assert_eq!(fold(&columns, 18), ["  a b    one two", "         three"]);
    }

    #[test]
    fn sequences_of_terminals_do_not_pass() {
        let popup = Popup::text("a\u{1b}[2J", "b\u{1b}]0;x\u{7}\n  c");
        let Content::Text(lines) = &popup.content else { panic!("a text") };
        assert!(!popup.title.contains('\u{1b}'));
        assert_eq!(lines, &["b\u{fffd}]0;x\u{fffd}", "  c"]);
    }

    proptest::proptest! {
        #[test]
        fn no_line_is_wider_than_it_may_be(line in ".{0,60}", width in 8_usize..40) {
            for folded in fold(&[text::lines(&line)], width) {
                proptest::prop_assert!(text::width(&folded) <= width, "{folded:?}");
            }
        }
    }
}
