//! Values that were probably meant as something else.
//!
//! After `check_value_and_add_warnings` in libsinsp's `filter.cpp`.

use super::CheckWarning;
use crate::condition::ast::{Literal, Op, Pos};
use crate::condition::transformers;
use crate::fields::Source;

pub(super) fn of_value(
    op: Op,
    value: &Literal,
    at: Pos,
    source: Source,
    warnings: &mut Vec<CheckWarning>,
) {
    let text = value.text();
    let mut warn = |message: String| warnings.push(CheckWarning { message, at });
    if op.name == "regex" && is_simple(&value.0) {
        warn(format!(
            "regex check with '{text}' may be optimized with simpler operators such as '=', \
             'contains', 'startswith', 'endswith'"
        ));
    }
    let bare: String = text.split_ascii_whitespace().collect();
    let (name, argument) = match bare.split_once('[') {
        Some((name, rest)) => (name, Some(rest.strip_suffix(']').unwrap_or(rest))),
        None => (bare.as_str(), None),
    };
    if source.resolve(name, argument).is_ok() {
        warn(format!("'{text}' may be a valid field misused as a const string value"));
    }
    if bare.ends_with(')')
        && transformers().any(|transformer| {
            bare.strip_prefix(transformer).is_some_and(|rest| rest.starts_with('('))
        })
    {
        warn(format!("'{text}' may be a valid field transformer misused as a const string value"));
    }
}

/// Whether a regular expression is a text with nothing but anchors, or `.*` at its ends.
fn is_simple(pattern: &[u8]) -> bool {
    let last = pattern.len().saturating_sub(1);
    let mut at = 0;
    while let Some(&byte) = pattern.get(at) {
        let is_anchor = at == 0 && byte == b'^' || at == last && byte == b'$';
        let is_end = at == 0 && pattern.len() > 1 || at == pattern.len().saturating_sub(2);
        let follows = pattern.get(at.saturating_add(1));
        if is_end && byte == b'.' && follows.is_some_and(|next| b"+*?".contains(next)) {
            at = at.saturating_add(1);
        } else if !is_anchor && b".+*?^$()[]{}|\\".contains(&byte) {
            return false;
        }
        at = at.saturating_add(1);
    }
    true
}

#[cfg(test)]
mod tests {
    use super::is_simple;

    #[test]
    fn a_pattern_that_needs_no_regex_is_seen() {
        assert!(is_simple(b"^abc$") && is_simple(b".*abc.*") && is_simple(b"abc"));
        assert!(!is_simple(b"a.c") && !is_simple(b"(a|b)") && !is_simple(b"a+"));
    }
}
