//! What a rule has to say about a place, and the edits that would mend it.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use crate::Span;
use crate::rule::Rule;

/// How grave a finding is; the order is from the least to the gravest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// The rule is off.
    Ignore,
    /// A matter of taste.
    Style,
    /// Worth knowing.
    Info,
    /// Likely a mistake.
    Warning,
    /// Surely a mistake.
    Error,
}

impl Level {
    /// All, with their names.
    pub const ALL: [(Self, &'static str); 5] = [
        (Self::Ignore, "ignore"),
        (Self::Style, "style"),
        (Self::Info, "info"),
        (Self::Warning, "warning"),
        (Self::Error, "error"),
    ];

    /// In lower case.
    pub fn name(self) -> &'static str {
        Self::ALL.iter().find(|(level, _)| *level == self).map_or("", |(_, name)| name)
    }
}

impl fmt::Display for Level {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.name())
    }
}

/// No level has that name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no level: it is error, warning, info, style or ignore")]
pub struct LevelError(pub String);

impl FromStr for Level {
    type Err = LevelError;

    /// In any case; `none` is [`Level::Ignore`].
    fn from_str(text: &str) -> Result<Self, LevelError> {
        let name = text.to_ascii_lowercase();
        let found = Self::ALL.iter().find(|(_, known)| *known == name || name == "none");
        found.map(|(level, _)| *level).ok_or_else(|| LevelError(text.to_owned()))
    }
}

/// Whether an edit can change what is built.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Safety {
    /// What is built does the same.
    Safe,
    /// What is built may differ: somebody should look.
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
    /// What they do, as a command: "add --no-install-recommends".
    pub title: Cow<'static, str>,
    /// Whether they can change what is built.
    pub safety: Safety,
    /// The edits; no two overlap.
    pub edits: Vec<Edit>,
}

/// What a rule says about a place.
#[derive(Debug, Clone)]
pub struct Finding {
    /// The rule.
    pub rule: &'static Rule,
    /// How grave, after the configuration's word.
    pub level: Level,
    /// What is wrong here.
    pub message: Cow<'static, str>,
    /// The exact place.
    pub span: Span,
    /// The first line of the instruction: what other linters report, and what ignore comments
    /// are matched by.
    pub line: u32,
    /// What would mend it.
    pub fix: Option<Fix>,
    /// Other places that explain it.
    pub related: Vec<(Span, Cow<'static, str>)>,
}
