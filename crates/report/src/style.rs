//! How a report for people looks: the width it has, and whether it has colours.

use plimsoll_model::Severity;

/// The looks of the formats that people read; those that machines read pay no heed to it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Style {
    /// Columns of the terminal; `None` where there is none, and nothing is shortened.
    pub width: Option<u16>,
    /// Whether ANSI colours are understood.
    pub colour: bool,
}

/// What a piece of text is, for which it gets its colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    /// As it is.
    Plain,
    /// A heading.
    Strong,
    /// What is read last.
    Faint,
    /// A version that repairs.
    Good,
    /// What the reader should not miss.
    Warning,
    /// What stands against the scan.
    Bad,
    /// The word of a level.
    Level(Severity),
}

impl Role {
    /// Parameters of the ANSI sequence "select graphic rendition"; colours of the 16 that each
    /// terminal sets itself, so that they are readable on light and dark.
    fn sgr(self) -> &'static str {
        match self {
            Self::Plain => "",
            Self::Strong => "1",
            Self::Faint | Self::Level(Severity::Negligible | Severity::Unknown) => "2",
            Self::Good => "32",
            Self::Warning | Self::Level(Severity::Medium) => "33",
            Self::Bad | Self::Level(Severity::Critical) => "1;31",
            Self::Level(Severity::High) => "31",
            Self::Level(Severity::Low) => "36",
        }
    }
}

impl Style {
    /// The text in the colour of its role.
    pub(crate) fn paint(&self, role: Role, text: &str) -> String {
        if self.colour && !text.is_empty() && role != Role::Plain {
            format!("\u{1b}[{}m{text}\u{1b}[0m", role.sgr())
        } else {
            text.to_owned()
        }
    }

    /// The width as a count of columns.
    pub(crate) fn columns(&self) -> Option<usize> {
        self.width.map(usize::from)
    }
}
