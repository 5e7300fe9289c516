//! Edits of a text: what is taken out and what is put there.

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::Span;

/// Whether an edit can change what the text brings about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Safety {
    /// It brings about the same.
    Safe,
    /// It may bring about something else: somebody should look.
    Unsafe,
}

/// A text in place of a span.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Edit {
    /// What is taken out; empty to put something in.
    pub span: Span,
    /// What is put there.
    pub text: String,
}

impl Edit {
    /// Puts `text` in place of `span`.
    pub fn replace(span: Span, text: impl Into<String>) -> Self {
        Self { span, text: text.into() }
    }

    /// Puts `text` before the byte at `at`.
    pub fn insert(at: u32, text: impl Into<String>) -> Self {
        Self { span: Span::at(at), text: text.into() }
    }

    /// Takes `span` out.
    pub fn remove(span: Span) -> Self {
        Self { span, text: String::new() }
    }
}

/// Edits that mend a finding; they are made all together or not at all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fix {
    /// What they do, as a command: "set privileged to false".
    pub title: Cow<'static, str>,
    /// Whether they can change what the text brings about.
    pub safety: Safety,
    /// The edits; no two overlap.
    pub edits: Vec<Edit>,
}

/// Which of these fixes can be made in one pass, first come first served, and all their edits
/// sorted for [`apply`]: a fix that overlaps one already taken waits.
pub fn compatible<'f>(fixes: impl IntoIterator<Item = &'f Fix>) -> (Vec<Edit>, Vec<bool>) {
    let mut taken: BTreeMap<u32, &Edit> = BTreeMap::new();
    let mut made = Vec::new();
    for fix in fixes {
        let free = !fix.edits.is_empty() && fix.edits.iter().all(|edit| is_free(&taken, edit));
        if free {
            taken.extend(fix.edits.iter().map(|edit| (edit.span.start, edit)));
        }
        made.push(free);
    }
    (taken.into_values().cloned().collect(), made)
}

/// Whether an edit can be made beside those taken, by their first byte: it overlaps none, and none
/// begins at the same byte.
fn is_free(taken: &BTreeMap<u32, &Edit>, edit: &Edit) -> bool {
    let before = taken.range(..=edit.span.start).next_back();
    let behind = taken.range(edit.span.start..).next();
    before.is_none_or(|(start, one)| *start < edit.span.start && one.span.end <= edit.span.start)
        && behind.is_none_or(|(start, _)| *start >= edit.span.end)
}

/// Makes edits that do not overlap and are sorted.
pub fn apply(text: &str, edits: &[Edit]) -> String {
    let mut after = String::with_capacity(text.len());
    let mut at = 0;
    for edit in edits {
        after.push_str(text.get(at..edit.span.start as usize).unwrap_or_default());
        after.push_str(&edit.text);
        at = edit.span.end as usize;
    }
    after.push_str(text.get(at..).unwrap_or_default());
    after
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_two_fixes_at_one_place_the_first_is_made() {
        let fix = |edits| Fix { title: "".into(), safety: Safety::Safe, edits };
        let first = fix(vec![Edit::replace(Span::new(4, 6), "x"), Edit::insert(0, "y")]);
        let second = fix(vec![Edit::replace(Span::new(5, 7), "z")]);
        let (edits, made) = compatible([&first, &second, &fix(Vec::new())]);
        assert_eq!(made, [true, false, false]);
        assert_eq!(apply("abcdefg", &edits), "yabcdxg");
    }
}
