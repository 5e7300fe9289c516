//! The difference of two texts as edits, line by line, so that a cursor elsewhere stays.

use similar::{DiffOp, TextDiff};

use crate::document::Edit;

/// The lines in which two texts differ.
pub(crate) fn changes(before: &str, after: &str) -> Vec<Edit> {
    let (old, new) = (starts(before), starts(after));
    let place =
        |starts: &[usize], line: usize, text: &str| starts.get(line).copied().unwrap_or(text.len());
    let difference = TextDiff::from_lines(before, after);
    let mut edits = Vec::new();
    // Where an insertion stands in the old text is counted here: the difference may have moved it.
    let (mut from, mut to) = (0_usize, 0_usize);
    for op in difference.ops() {
        let from_end = from.saturating_add(op.old_range().len());
        let to_end = to.saturating_add(op.new_range().len());
        if !matches!(op, DiffOp::Equal { .. }) {
            let text = place(&new, to, after)..place(&new, to_end, after);
            edits.push(Edit {
                span: place(&old, from, before)..place(&old, from_end, before),
                text: after.get(text).unwrap_or_default().to_owned(),
            });
        }
        (from, to) = (from_end, to_end);
    }
    edits
}

/// Where the lines of a text begin, as the difference counts them.
fn starts(text: &str) -> Vec<usize> {
    let lines = similar::DiffableStr::tokenize_lines(text);
    let mut at = 0_usize;
    lines
        .iter()
        .map(|line| {
            let start = at;
            at = at.saturating_add(line.len());
            start
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn made(before: &str, edits: &[Edit]) -> String {
        let mut text = before.to_owned();
        for edit in edits.iter().rev() {
            text.replace_range(edit.span.clone(), &edit.text);
        }
        text
    }

    proptest! {
        #[test]
        fn the_changes_lead_from_one_text_to_the_other(
            before in "(a|b|\r\n|\n|\r){0,20}", after in "(a|b|\r\n|\n|\r){0,20}",
        ) {
            prop_assert_eq!(made(&before, &changes(&before, &after)), after);
        }
    }
}
