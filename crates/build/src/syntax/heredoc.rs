//! Here-documents: which words of a line start one.
//!
//! <https://docs.docker.com/reference/dockerfile/#here-documents>

use super::expand::Expander;
use super::instruction::Heredoc;
use crate::Span;

/// The here-documents that a line announces, without their content.
///
/// A line whose quotes do not match announces none: the builder reads it so.
pub(super) fn of_line(line: &str) -> Vec<Heredoc> {
    let words =
        Expander { raw_quotes: true, raw_escapes: true, keep_unset: true, ..Expander::new('\\') };
    words.expand(line, &()).map_or_else(
        |_| Vec::new(),
        |line| line.words.iter().filter_map(|word| of_word(word)).collect(),
    )
}

/// `<<EOF`, `<<-"EOF"`, `3<<EOF`.
fn of_word(word: &str) -> Option<Heredoc> {
    let operator = word.trim_start_matches(|one: char| one.is_ascii_digit());
    let number = word.get(..word.len().saturating_sub(operator.len()))?;
    let rest = operator.strip_prefix("<<")?;
    let (strip_tabs, rest) = rest.strip_prefix('-').map_or((false, rest), |rest| (true, rest));
    let rest = rest.trim_start();
    if rest.is_empty() || rest.contains('<') {
        return None;
    }
    let plain = Expander { keep_unset: true, ..Expander::new('\\') };
    let words = plain.expand(rest, &()).ok()?.words;
    let [name] = words.as_slice() else { return None };
    let raw = Expander { raw_quotes: true, ..plain }.expand(rest, &()).ok()?.words;
    let quotes = |word: &str| word.chars().filter(|one| matches!(one, '\'' | '"')).count();
    let expand = raw.first().is_some_and(|raw| quotes(raw) == quotes(name));
    Some(Heredoc {
        name: name.clone(),
        file_descriptor: number.parse().unwrap_or(0),
        expand,
        strip_tabs,
        content: String::new(),
        span: Span::default(),
        terminated: false,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_that_start_a_document() {
        let names = |line: &str| -> Vec<(String, bool, bool)> {
            of_line(line)
                .into_iter()
                .map(|document| (document.name, document.expand, document.strip_tabs))
                .collect()
        };
        assert_eq!(names("RUN <<EOF"), [("EOF".to_owned(), true, false)]);
        assert_eq!(names("RUN cat <<-'A B' > x"), [("A B".to_owned(), false, true)]);
        assert_eq!(names("COPY <<a <<\"b\" /x").len(), 2);
        assert_eq!(names("RUN <<< x"), []);
        assert_eq!(names("RUN echo '<<EOF"), []);
        assert_eq!(names("RUN cat <<\\EOF"), [("EOF".to_owned(), true, false)]);
    }
}
