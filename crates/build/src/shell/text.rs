//! What a word says once its quotes are gone.

use std::borrow::Cow;

use super::ast::{Assignment, AssignmentValue, Part, SimpleCommand, Word};
use crate::Span;

impl Word {
    /// The word without quotes and escapes, expansions as they are written:
    /// `a"b$X"'c'` says `ab$Xc`.
    pub fn text<'a>(&self, source: &'a str) -> Cow<'a, str> {
        match self.parts.as_slice() {
            [] => Cow::Borrowed(""),
            [part] => {
                if let Some(text) = part.plain_text(source) {
                    return Cow::Borrowed(text);
                }
                let mut text = String::with_capacity(self.span.range().len());
                part.push_text(source, &mut text);
                Cow::Owned(text)
            }
            parts => {
                let mut text = String::with_capacity(self.span.range().len());
                for part in parts {
                    part.push_text(source, &mut text);
                }
                Cow::Owned(text)
            }
        }
    }

    /// The same, but `None` where the shell expands something.
    pub fn literal<'a>(&self, source: &'a str) -> Option<Cow<'a, str>> {
        (!self.has_expansion()).then(|| self.text(source))
    }

    /// Whether the shell puts something else in the place of a part: a value, the output of a
    /// command, the names of files, several words.
    pub fn has_expansion(&self) -> bool {
        self.parts.iter().any(Part::is_expanded)
    }

    /// Whether a part is in quotes or escaped.
    pub fn is_quoted(&self) -> bool {
        self.parts.iter().any(|part| {
            matches!(
                part,
                Part::Escaped { .. }
                    | Part::SingleQuoted { .. }
                    | Part::AnsiC { .. }
                    | Part::DoubleQuoted { .. }
            )
        })
    }
}

impl SimpleCommand {
    /// The first word without quotes: what is run. `None` for assignments and redirects alone.
    pub fn name<'a>(&self, source: &'a str) -> Option<Cow<'a, str>> {
        self.words.first().map(|word| word.text(source))
    }
}

impl Assignment {
    /// The word that is assigned; `None` for an array or nothing.
    pub const fn word(&self) -> Option<&Word> {
        match &self.value {
            AssignmentValue::Word(word) => Some(word),
            AssignmentValue::Empty | AssignmentValue::Array(_) => None,
        }
    }
}

impl Part {
    /// Where it stands.
    pub fn span(&self) -> Span {
        match self {
            Self::Literal { span }
            | Self::Escaped { span, .. }
            | Self::SingleQuoted { span }
            | Self::AnsiC { span }
            | Self::DoubleQuoted { span, .. }
            | Self::CommandSubstitution { span, .. }
            | Self::Arithmetic { span, .. }
            | Self::ProcessSubstitution { span, .. }
            | Self::BraceExpansion { span, .. }
            | Self::Glob { span, .. }
            | Self::ExtendedGlob { span, .. }
            | Self::Tilde { span } => *span,
            Self::Parameter(parameter) => parameter.span,
            Self::Array(array) => array.span,
        }
    }

    /// Whether the shell puts something else in its place.
    pub fn is_expanded(&self) -> bool {
        match self {
            Self::Literal { .. }
            | Self::Escaped { .. }
            | Self::SingleQuoted { .. }
            | Self::AnsiC { .. } => false,
            Self::DoubleQuoted { parts, .. } => parts.iter().any(Self::is_expanded),
            _ => true,
        }
    }

    /// The text where it is a piece of the source as it stands.
    fn plain_text<'a>(&self, source: &'a str) -> Option<&'a str> {
        match self {
            Self::Literal { span } => Some(span.of(source)),
            Self::SingleQuoted { span } => Some(unquoted(span.of(source), '\'')),
            Self::DoubleQuoted { parts, .. } => match parts.as_slice() {
                [] => Some(""),
                [part] => part.plain_text(source),
                _ => None,
            },
            Self::Escaped { .. } | Self::AnsiC { .. } => None,
            _ => Some(self.span().of(source)),
        }
    }

    fn push_text(&self, source: &str, text: &mut String) {
        if let Some(plain) = self.plain_text(source) {
            text.push_str(plain);
            return;
        }
        match self {
            // Both are gone: the lines are one.
            Self::Escaped { char: '\n', .. } => {}
            Self::Escaped { char, .. } => text.push(*char),
            Self::AnsiC { span } => {
                let inside = span.of(source).strip_prefix('$').unwrap_or_default();
                push_ansi_c(unquoted(inside, '\''), text);
            }
            Self::DoubleQuoted { parts, .. } => {
                for part in parts {
                    part.push_text(source, text);
                }
            }
            _ => {}
        }
    }
}

/// What is between the quotes; the last one is missing where it was not found.
fn unquoted(text: &str, quote: char) -> &str {
    let inside = text.strip_prefix(quote).unwrap_or(text);
    inside.strip_suffix(quote).unwrap_or(inside)
}

/// The escapes of `$'…'`; those that name bytes above ASCII are kept as written.
fn push_ansi_c(inside: &str, text: &mut String) {
    let mut chars = inside.chars();
    while let Some(char) = chars.next() {
        if char != '\\' {
            text.push(char);
            continue;
        }
        let rest = chars.as_str();
        match chars.next() {
            None => text.push('\\'),
            Some('n') => text.push('\n'),
            Some('t') => text.push('\t'),
            Some('r') => text.push('\r'),
            Some('a') => text.push('\u{7}'),
            Some('b') => text.push('\u{8}'),
            Some('e' | 'E') => text.push('\u{1b}'),
            Some('f') => text.push('\u{c}'),
            Some('v') => text.push('\u{b}'),
            Some(kind @ ('x' | 'u' | 'U' | '0'..='7')) => {
                let (radix, most, skip) = match kind {
                    'x' => (16, 2, 1),
                    'u' => (16, 4, 1),
                    'U' => (16, 8, 1),
                    _ => (8, 3, 0),
                };
                let digits = rest.get(skip..).unwrap_or_default();
                let length = digits.chars().take(most).take_while(|c| c.is_digit(radix)).count();
                let value = digits.get(..length).and_then(|d| u32::from_str_radix(d, radix).ok());
                let known = value.and_then(char::from_u32).filter(|c| kind != 'x' || c.is_ascii());
                if let Some(known) = known {
                    text.push(known);
                    chars = rest.get(skip.saturating_add(length)..).unwrap_or_default().chars();
                } else {
                    text.push('\\');
                    text.push(kind);
                }
            }
            Some(other) => text.push(other),
        }
    }
}
