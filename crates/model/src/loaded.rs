//! Whether the code of a package was ever loaded, as far as somebody watched.

use serde::{Deserialize, Serialize};

use crate::Timestamp;

/// Whether a package's code was loaded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "state")]
#[non_exhaustive]
pub enum Loaded {
    /// It was.
    Loaded {
        /// The strongest that was seen.
        how: How,
        /// The file that it is known by.
        path: String,
        /// The program that did it.
        by: String,
        /// When it was seen first.
        first: Timestamp,
        /// When it was seen last.
        last: Timestamp,
    },
    /// It never was while it was watched.
    Never {
        /// When that was, in the order of time; never empty.
        windows: Vec<Window>,
    },
    /// Nobody can say.
    NotObserved {
        /// Why, in a few words.
        why: String,
    },
}

/// What was done with a file, the weakest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum How {
    /// Opened for reading, and of a kind that is interpreted.
    Opened,
    /// Mapped into memory as code.
    Mapped,
    /// Executed as a program.
    Executed,
}

/// A time in which containers of an image were watched.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Window {
    /// The first look.
    pub since: Timestamp,
    /// The last.
    pub until: Timestamp,
    /// How many containers.
    pub containers: u64,
}

impl How {
    /// In a word.
    pub fn describe(self) -> &'static str {
        match self {
            Self::Opened => "opened",
            Self::Mapped => "mapped",
            Self::Executed => "executed",
        }
    }
}

impl Loaded {
    /// In which order findings of one severity stand: loaded code first, what was never loaded last.
    pub fn rank(loaded: Option<&Self>) -> u8 {
        match loaded {
            Some(Self::Loaded { .. }) => 0,
            Some(Self::NotObserved { .. }) | None => 1,
            Some(Self::Never { .. }) => 2,
        }
    }

    /// When the watch began and ended, where it says that something was never loaded.
    pub fn never(&self) -> Option<(Timestamp, Timestamp)> {
        let Self::Never { windows } = self else { return None };
        let since = windows.iter().map(|window| window.since).min()?;
        Some((since, windows.iter().map(|window| window.until).max()?))
    }
}
