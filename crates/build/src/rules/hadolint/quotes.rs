//! A word without the quotes around it, as most of hadolint's rules look at words.

use crate::Span;
use crate::syntax::Argument;

/// The text without quotes around the whole of it, or before or behind it.
pub(in crate::rules) fn bare(text: &str) -> &str {
    text.trim_matches(['"', '\''])
}

/// Where in the file the text between the quotes stands, if it is written as it reads.
pub(super) fn inner_span(source: &str, argument: &Argument) -> Option<Span> {
    let written = argument.span.of(source);
    let text = bare(written);
    if text != bare(&argument.text) {
        return None;
    }
    let before = written.len().checked_sub(written.trim_start_matches(['"', '\'']).len())?;
    let start = argument.span.start.saturating_add(plimsoll_model::text::offset(before));
    Some(Span::new(start, start.saturating_add(plimsoll_model::text::offset(text.len()))))
}

/// Whether a path is absolute, on Linux or Windows, or begins with a variable.
pub(in crate::rules) fn is_absolute_or_unknown(path: &str) -> bool {
    let bytes = path.as_bytes();
    path.starts_with(['/', '$'])
        || bytes.first().is_some_and(u8::is_ascii_alphabetic) && bytes.get(1) == Some(&b':')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_of_windows_and_variables_may_be_absolute() {
        assert!(is_absolute_or_unknown("c:\\x") && is_absolute_or_unknown("${x}/y"));
        assert!(!is_absolute_or_unknown("x/$y") && !is_absolute_or_unknown("1:/x"));
    }
}
