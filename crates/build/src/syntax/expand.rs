//! Words and variables as the builder expands them: quotes, escapes, `${name:-word}` and its kin.
//!
//! It is not a shell: there is no globbing, no command substitution, and an unknown variable is
//! empty unless [`Expander::keep_unset`] is set. After
//! <https://github.com/moby/buildkit/blob/master/frontend/dockerfile/shell/lex.go>.

use std::collections::BTreeSet;
use std::iter::Peekable;
use std::str::Chars;

/// How deep `${a:-${b:-…}}` may nest.
const MAX_DEPTH: u32 = 64;
/// How long the outcome may be, in bytes.
const MAX_BYTES: usize = 1 << 20;

/// The values of variables.
pub trait Variables {
    /// The value; `None` where the variable is not set.
    fn get(&self, name: &str) -> Option<&str>;
}

impl Variables for () {
    fn get(&self, _: &str) -> Option<&str> {
        None
    }
}

impl Variables for std::collections::BTreeMap<String, String> {
    fn get(&self, name: &str) -> Option<&str> {
        self.get(name).map(String::as_str)
    }
}

/// How to expand.
#[allow(clippy::struct_excessive_bools, reason = "each is an option of the builder's own lexer")]
#[derive(Debug, Clone, Copy)]
pub struct Expander {
    /// The character that takes the meaning of the next one.
    pub escape: char,
    /// Quotes stay in the outcome.
    pub raw_quotes: bool,
    /// Quotes are characters like any other, as in a here-document.
    pub plain_quotes: bool,
    /// Escape characters stay in the outcome.
    pub raw_escapes: bool,
    /// A variable that is not set stays as it was written.
    pub keep_unset: bool,
}

/// What came out.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Expanded {
    /// The whole.
    pub text: String,
    /// The same, split at white space that is not quoted.
    pub words: Vec<String>,
    /// The variables that were asked for and set.
    pub used: BTreeSet<String>,
    /// The variables that were asked for and not set.
    pub unset: BTreeSet<String>,
}

/// Why a word cannot be expanded.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ExpandError {
    /// A quote has no end.
    #[error("a {0} quote is not closed")]
    Unclosed(&'static str),
    /// A `${` has no `}`, or a `${a/` no second `/`.
    #[error("a `${{` is not closed: `{0}` is missing")]
    Missing(char),
    /// What stands behind `${` is no name.
    #[error("`${{` is not followed by a name")]
    BadSubstitution,
    /// An operator that the builder does not know.
    #[error("`{0}` is no operator of `${{…}}` here")]
    Modifier(String),
    /// `${name:?message}` and the variable is not set.
    #[error("{0}: {1}")]
    Required(String, String),
    /// More than the builder would do in good faith.
    #[error("the expansion is deeper than {MAX_DEPTH} levels or longer than {MAX_BYTES} bytes")]
    TooMuch,
}

impl Expander {
    /// As instructions are expanded.
    pub fn new(escape: char) -> Self {
        Self {
            escape,
            raw_quotes: false,
            plain_quotes: false,
            raw_escapes: false,
            keep_unset: false,
        }
    }

    /// Expands a text.
    pub fn expand(self, text: &str, variables: &dyn Variables) -> Result<Expanded, ExpandError> {
        let mut run = Run {
            how: self,
            chars: text.chars().peekable(),
            variables,
            used: BTreeSet::new(),
            unset: BTreeSet::new(),
            depth: 0,
        };
        let (text, words) = run.until(None, self.raw_escapes)?;
        Ok(Expanded { text, words, used: run.used, unset: run.unset })
    }
}

#[derive(Default)]
struct Words {
    done: Vec<String>,
    word: String,
    inside: bool,
}

impl Words {
    fn push(&mut self, character: char) {
        if !character.is_whitespace() {
            self.push_raw(character);
        } else if self.inside && !self.word.is_empty() {
            self.done.push(std::mem::take(&mut self.word));
            self.inside = false;
        }
    }

    fn push_raw(&mut self, character: char) {
        self.word.push(character);
        self.inside = true;
    }

    fn finish(mut self) -> Vec<String> {
        if !self.word.is_empty() {
            self.done.push(self.word);
        }
        self.done
    }
}

struct Run<'a> {
    how: Expander,
    chars: Peekable<Chars<'a>>,
    variables: &'a dyn Variables,
    used: BTreeSet<String>,
    unset: BTreeSet<String>,
    depth: u32,
}

impl Run<'_> {
    fn until(
        &mut self,
        stop: Option<char>,
        raw_escapes: bool,
    ) -> Result<(String, Vec<String>), ExpandError> {
        let mut text = String::new();
        let mut words = Words::default();
        while let Some(character) = self.chars.peek().copied() {
            if text.len() > MAX_BYTES {
                return Err(ExpandError::TooMuch);
            }
            if Some(character) == stop {
                self.chars.next();
                return Ok((text, words.finish()));
            }
            match character {
                '\'' | '"' if !self.how.plain_quotes => {
                    let quoted = if character == '"' {
                        self.double_quoted(raw_escapes)?
                    } else {
                        self.single_quoted()?
                    };
                    text.push_str(&quoted);
                    words.word.push_str(&quoted);
                    words.inside = true;
                }
                '$' => {
                    let value = self.dollar()?;
                    value.chars().for_each(|one| words.push(one));
                    text.push_str(&value);
                }
                '<' => {
                    let operator = self.here_document();
                    text.push_str(&operator);
                    words.word.push_str(&operator);
                    words.inside = true;
                }
                _ => {
                    self.chars.next();
                    let mut taken = character;
                    if character == self.how.escape {
                        if raw_escapes {
                            words.push_raw(character);
                            text.push(character);
                        }
                        let Some(next) = self.chars.next() else { break };
                        taken = next;
                        words.push_raw(taken);
                    } else {
                        words.push(taken);
                    }
                    text.push(taken);
                }
            }
        }
        match stop {
            Some(stop) => Err(ExpandError::Missing(stop)),
            None => Ok((text, words.finish())),
        }
    }

    fn single_quoted(&mut self) -> Result<String, ExpandError> {
        let mut text = String::new();
        let mut open = 0_u8;
        for character in self.chars.by_ref() {
            let quote = character == '\'';
            if !quote || self.how.raw_quotes {
                text.push(character);
            }
            open = open.saturating_add(u8::from(quote));
            if open == 2 {
                return Ok(text);
            }
        }
        Err(ExpandError::Unclosed("single"))
    }

    fn double_quoted(&mut self, raw_escapes: bool) -> Result<String, ExpandError> {
        let mut text = String::new();
        self.chars.next();
        if self.how.raw_quotes {
            text.push('"');
        }
        while let Some(character) = self.chars.peek().copied() {
            if text.len() > MAX_BYTES {
                return Err(ExpandError::TooMuch);
            }
            if character == '$' {
                text.push_str(&self.dollar()?);
                continue;
            }
            self.chars.next();
            if character == '"' {
                if self.how.raw_quotes {
                    text.push('"');
                }
                return Ok(text);
            }
            let mut taken = character;
            if character == self.how.escape {
                if raw_escapes {
                    text.push(character);
                }
                match self.chars.peek().copied() {
                    None => continue,
                    Some(next @ ('"' | '$')) => taken = next,
                    Some(next) if next == self.how.escape => taken = next,
                    Some(_) => {
                        text.push(character);
                        continue;
                    }
                }
                self.chars.next();
            }
            text.push(taken);
        }
        Err(ExpandError::Unclosed("double"))
    }

    /// `<<` and the blanks behind it belong to one word.
    fn here_document(&mut self) -> String {
        self.chars.next();
        let mut text = String::from("<");
        if self.chars.next_if_eq(&'<').is_some() {
            text.push('<');
            while let Some(blank) = self.chars.next_if(|one| matches!(one, '\t' | '\r' | ' ')) {
                text.push(blank);
            }
        }
        text
    }

    fn value(&mut self, name: &str) -> Option<String> {
        let value = self.variables.get(name).map(str::to_owned);
        let seen = if value.is_some() { &mut self.used } else { &mut self.unset };
        seen.insert(name.to_owned());
        value
    }

    fn name(&mut self) -> String {
        let mut name = String::new();
        match self.chars.peek().copied() {
            Some(first) if first.is_numeric() => {
                while let Some(digit) = self.chars.next_if(|one| one.is_numeric()) {
                    name.push(digit);
                }
            }
            Some('@' | '*' | '#' | '?' | '-' | '$' | '!') => name.extend(self.chars.next()),
            _ => {
                let part = |one: &char| one.is_alphabetic() || one.is_numeric() || *one == '_';
                while let Some(letter) = self.chars.next_if(part) {
                    name.push(letter);
                }
            }
        }
        name
    }

    fn dollar(&mut self) -> Result<String, ExpandError> {
        self.chars.next();
        if self.chars.peek() != Some(&'{') {
            let name = self.name();
            if name.is_empty() {
                return Ok("$".to_owned());
            }
            return Ok(match self.value(&name) {
                None if self.how.keep_unset => format!("${name}"),
                value => value.unwrap_or_default(),
            });
        }
        self.depth = self.depth.saturating_add(1);
        if self.depth > MAX_DEPTH {
            return Err(ExpandError::TooMuch);
        }
        let value = self.braced();
        self.depth = self.depth.saturating_sub(1);
        value
    }

    fn braced(&mut self) -> Result<String, ExpandError> {
        self.chars.next();
        match self.chars.peek() {
            None => return Err(ExpandError::Missing('}')),
            Some('{' | '}' | ':') => return Err(ExpandError::BadSubstitution),
            Some(_) => {}
        }
        let name = self.name();
        let Some(mut operator) = self.chars.next() else {
            return Err(ExpandError::Missing('}'));
        };
        if operator == '}' {
            return Ok(match self.value(&name) {
                None if self.how.keep_unset => format!("${{{name}}}"),
                value => value.unwrap_or_default(),
            });
        }
        if operator == '/' {
            return self.replaced(&name);
        }
        let colon = operator == ':';
        let mut written = operator.to_string();
        if colon {
            operator = self.chars.next().ok_or(ExpandError::Missing('}'))?;
            written.push(operator);
        }
        let pattern = matches!(operator, '#' | '%');
        if !matches!(operator, '+' | '-' | '?' | '#' | '%') && !colon || colon && pattern {
            return Err(ExpandError::Modifier(written));
        }
        let (word, _) = self.until(Some('}'), pattern)?;
        let value = self.value(&name);
        if value.is_none() && self.how.keep_unset {
            return Ok(format!("${{{name}{written}{word}}}"));
        }
        let set = value.is_some() && !(colon && value.as_deref() == Some(""));
        match operator {
            '-' => Ok(value.filter(|_| set).unwrap_or(word)),
            '+' => Ok(if set { word } else { String::new() }),
            '?' if set => Ok(value.unwrap_or_default()),
            '?' => {
                let what = if value.is_some() { "empty" } else { "unset" };
                let default = format!("is not allowed to be {what}");
                Err(ExpandError::Required(name, if word.is_empty() { default } else { word }))
            }
            '#' | '%' => {
                let value = value.unwrap_or_default();
                let greedy = word.starts_with(operator);
                let pattern = if greedy { word.get(1..).unwrap_or_default() } else { &word };
                Ok(trimmed(&value, pattern, operator == '%', greedy))
            }
            _ => Err(ExpandError::Modifier(written)),
        }
    }

    fn replaced(&mut self, name: &str) -> Result<String, ExpandError> {
        let all = self.chars.next_if_eq(&'/').is_some();
        let (pattern, _) = self.until(Some('/'), true)?;
        let (replacement, _) = self.until(Some('}'), true)?;
        let value = self.value(name);
        if value.is_none() && self.how.keep_unset {
            return Ok(format!("${{{name}/{pattern}/{replacement}}}"));
        }
        let value: Vec<char> = value.unwrap_or_default().chars().collect();
        let pattern = Pattern::new(&pattern);
        let mut text = String::new();
        let mut at = 0;
        let mut done = false;
        while at <= value.len() {
            let rest = value.get(at..).unwrap_or_default();
            let found = if done && !all { None } else { pattern.prefix(rest, true) };
            match found {
                Some(length) if length > 0 => {
                    text.push_str(&replacement);
                    at = at.saturating_add(length);
                    done = true;
                }
                _ => {
                    text.extend(rest.first());
                    at = at.saturating_add(1);
                }
            }
            if text.len() > MAX_BYTES {
                return Err(ExpandError::TooMuch);
            }
        }
        Ok(text)
    }
}

fn trimmed(value: &str, pattern: &str, from_end: bool, greedy: bool) -> String {
    let mut characters: Vec<char> = value.chars().collect();
    let mut pattern = Pattern::new(pattern);
    if from_end {
        characters.reverse();
        pattern.0.reverse();
    }
    let cut = pattern.prefix(&characters, greedy).unwrap_or(0);
    let mut kept: Vec<char> = characters.get(cut..).unwrap_or_default().to_vec();
    if from_end {
        kept.reverse();
    }
    kept.into_iter().collect()
}

enum Piece {
    Any,
    One,
    Exactly(char),
}

/// A shell pattern with `*` and `?`, without bracket expressions.
struct Pattern(Vec<Piece>);

impl Pattern {
    fn new(text: &str) -> Self {
        let mut pieces = Vec::new();
        let mut chars = text.chars();
        while let Some(character) = chars.next() {
            pieces.push(match character {
                '*' => Piece::Any,
                '?' => Piece::One,
                '\\' => match chars.next() {
                    Some(next) => Piece::Exactly(next),
                    None => continue,
                },
                other => Piece::Exactly(other),
            });
        }
        Self(pieces)
    }

    /// How many characters at the start match: the most of them, or the fewest.
    fn prefix(&self, text: &[char], greedy: bool) -> Option<usize> {
        // Which lengths of the text the pieces so far can have taken.
        let mut reach = vec![false; text.len().saturating_add(1)];
        *reach.first_mut()? = true;
        for piece in &self.0 {
            let mut next = vec![false; reach.len()];
            let mut open = false;
            for (at, reached) in reach.iter().enumerate() {
                let hit = match piece {
                    Piece::Any => {
                        open |= *reached;
                        if open && let Some(slot) = next.get_mut(at) {
                            *slot = true;
                        }
                        false
                    }
                    Piece::One => *reached && at < text.len(),
                    Piece::Exactly(wanted) => *reached && text.get(at) == Some(wanted),
                };
                if hit && let Some(slot) = next.get_mut(at.saturating_add(1)) {
                    *slot = true;
                }
            }
            reach = next;
        }
        if greedy { reach.iter().rposition(|one| *one) } else { reach.iter().position(|one| *one) }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    fn expand(text: &str) -> String {
        let values = [("v", "a.b.c"), ("empty", ""), ("path", "/usr/local/bin")];
        let values: BTreeMap<String, String> =
            values.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        match Expander::new('\\').expand(text, &values) {
            Ok(done) => done.text,
            Err(error) => format!("error: {error}"),
        }
    }

    #[test]
    fn defaults_and_alternatives() {
        assert_eq!(expand("${v:-x} ${none:-x} ${empty:-x} ${empty-x} ${none-x}"), "a.b.c x x  x");
        assert_eq!(expand("${v:+x}|${none:+x}|${empty:+x}|${empty+x}"), "x|||x");
        assert_eq!(expand("${none:?why}"), "error: none: why");
        assert_eq!(expand("${none:-${v:-y}}"), "a.b.c");
    }

    #[test]
    fn patterns_cut_the_shortest_or_the_longest() {
        assert_eq!(expand("${v#*.} ${v##*.} ${v%.*} ${v%%.*}"), "b.c c a.b a");
        assert_eq!(expand("${v/./-} ${v//./-} ${path/\\/usr/x}"), "a-b.c a-b-c x/local/bin");
    }

    #[test]
    fn quotes_and_escapes_are_taken_off() {
        assert_eq!(expand(r#"'$v' "$v" \$v "\$v" "\n""#), "$v a.b.c $v $v \\n");
        assert_eq!(expand("'open"), "error: a single quote is not closed");
        assert_eq!(expand("${v"), "error: a `${` is not closed: `}` is missing");
        assert_eq!(expand("$ $"), "$ $");
    }

    #[test]
    fn depth_is_bounded() {
        let deep = format!("{}x{}", "${none:-".repeat(9000), "}".repeat(9000));
        assert!(expand(&deep).starts_with("error: the expansion is deeper"));
    }

    proptest! {
        #[test]
        fn no_text_panics(text in "[a-z$\\{\\}:/#%?*+'\"\\\\< -]{0,60}") {
            let _ = expand(&text);
        }
    }
}
