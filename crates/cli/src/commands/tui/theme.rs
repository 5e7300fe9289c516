//! How things look: colours where they are wanted, and what tells them apart where they are not.
//!
//! <https://no-color.org> says what `NO_COLOR` means. Nothing is told by colour alone.

use plimsoll_model::Severity;
use ratatui::style::{Color, Modifier, Style};

use super::tree::Change;

/// Whether there are colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Theme {
    pub(super) has_colour: bool,
}

#[allow(clippy::unused_self, reason = "who draws need not know which looks have colours")]
impl Theme {
    fn colour(self, colour: Color) -> Style {
        if self.has_colour { Style::new().fg(colour) } else { Style::new() }
    }

    /// The word of a level.
    pub(super) fn level(self, level: Option<Severity>) -> Style {
        match level {
            Some(Severity::Critical) => self.colour(Color::Red).add_modifier(Modifier::BOLD),
            Some(Severity::High) => self.colour(Color::Red),
            Some(Severity::Medium) => self.colour(Color::Yellow),
            Some(Severity::Low) => self.colour(Color::Cyan),
            _ => self.faint(),
        }
    }

    /// What a layer does to a file.
    pub(super) fn change(self, change: Change) -> Style {
        match change {
            Change::None => Style::new(),
            Change::Added => self.colour(Color::Green),
            Change::Changed => self.colour(Color::Yellow),
            Change::Removed => self.colour(Color::Red).add_modifier(Modifier::CROSSED_OUT),
        }
    }

    /// A version that repairs.
    pub(super) fn good(self) -> Style {
        self.colour(Color::Green)
    }

    /// What should not be missed.
    pub(super) fn warning(self) -> Style {
        self.colour(Color::Yellow).add_modifier(Modifier::BOLD)
    }

    /// A heading.
    pub(super) fn strong(self) -> Style {
        Style::new().add_modifier(Modifier::BOLD)
    }

    /// What is read last.
    pub(super) fn faint(self) -> Style {
        Style::new().add_modifier(Modifier::DIM)
    }

    /// The pane that keys go to.
    pub(super) fn focus(self) -> Style {
        self.colour(Color::Blue).add_modifier(Modifier::BOLD)
    }

    /// The row that the cursor is on.
    pub(super) fn cursor(self, is_focused: bool) -> Style {
        if is_focused {
            Style::new().add_modifier(Modifier::REVERSED)
        } else {
            Style::new().add_modifier(Modifier::BOLD)
        }
    }
}

/// A level in four letters.
pub(super) fn short(level: Option<Severity>) -> &'static str {
    match level {
        Some(Severity::Critical) => "CRIT",
        Some(Severity::High) => "HIGH",
        Some(Severity::Medium) => "MED",
        Some(Severity::Low) => "LOW",
        Some(Severity::Negligible) => "NEGL",
        Some(Severity::Unknown) => "UNKN",
        None => "-",
    }
}
