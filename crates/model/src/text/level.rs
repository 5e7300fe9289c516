//! How grave a finding is.

use std::fmt;
use std::str::FromStr;

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
