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
/// sorted for [`apply`]: a fix that overlaps one already taken, or begins where it begins, waits.
pub fn compatible<'f>(fixes: impl IntoIterator<Item = &'f Fix>) -> (Vec<Edit>, Vec<bool>) {
    let mut taken: Vec<Edit> = Vec::new();
    let mut places = Places::default();
    let mut made = Vec::new();
    for fix in fixes {
        let free = !fix.edits.is_empty() && fix.edits.iter().all(|edit| places.are_free(edit.span));
        if free {
            fix.edits.iter().for_each(|edit| places.take(edit.span));
            taken.extend(fix.edits.iter().cloned());
        }
        made.push(free);
    }
    taken.sort();
    (taken, made)
}

/// The spans that edits were taken for: their ends by their starts. They do not overlap.
#[derive(Default)]
struct Places(BTreeMap<u32, u32>);

impl Places {
    /// Whether nothing was taken that overlaps a span or begins where it begins.
    fn are_free(&self, span: Span) -> bool {
        let before = self.0.range(..span.start).next_back();
        let reaches_in = before.is_some_and(|(_, end)| *end > span.start);
        let end = span.end.max(span.start.saturating_add(1));
        !reaches_in && self.0.range(span.start..end).next().is_none()
    }

    fn take(&mut self, span: Span) {
        let end = self.0.entry(span.start).or_default();
        *end = span.end.max(*end);
    }
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
