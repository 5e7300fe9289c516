//! What could be newer in sources: what stands there, what could, and what that would clear.

use std::fmt;

use crate::Severity;
use crate::gate::Place;

/// What sort of thing is pinned.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PinKind {
    /// An image, by its tag or digest.
    Image,
    /// A package that a Dockerfile installs by its version.
    Package,
    /// A package of a list of requirements.
    Requirement,
    /// An action of a workflow.
    Action,
    /// A chart that a chart depends on.
    Chart,
}

impl PinKind {
    /// All, with their names.
    pub const ALL: [(Self, &'static str); 5] = [
        (Self::Image, "image"),
        (Self::Package, "package"),
        (Self::Requirement, "requirement"),
        (Self::Action, "action"),
        (Self::Chart, "chart"),
    ];

    /// In lower case.
    pub fn name(self) -> &'static str {
        Self::ALL.iter().find(|(kind, _)| *kind == self).map_or("", |(_, name)| name)
    }

    /// The kind of that name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().find(|(_, known)| *known == name).map(|(kind, _)| *kind)
    }
}

impl fmt::Display for PinKind {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.name())
    }
}

/// A newer version of something that is pinned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proposal {
    /// What sort of thing.
    pub kind: PinKind,
    /// Where it stands.
    pub place: Place,
    /// What it is called.
    pub name: String,
    /// What stands there.
    pub from: String,
    /// What could.
    pub to: String,
    /// How far that is: `digest`, `patch`, `minor`, `major`, or `pin` where it was not pinned.
    pub step: &'static str,
    /// What that would do to known weaknesses, where both sides could be read.
    pub clears: Option<Clears>,
    /// Whether it was written.
    pub written: bool,
}

/// What an update does to known weaknesses.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Clears {
    /// How many there are before.
    pub before: usize,
    /// How many there would be after.
    pub after: usize,
    /// Those that would be gone, worst first.
    pub gone: Vec<(Severity, String)>,
    /// Those that would be new, worst first.
    pub new: Vec<(Severity, String)>,
}

/// Something that could not be looked up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotKnown {
    /// Where it stands.
    pub place: Place,
    /// What it is called.
    pub name: String,
    /// Why nobody knows.
    pub why: String,
}

/// All that was looked at.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Updates {
    /// What could be newer, by file and place.
    pub proposals: Vec<Proposal>,
    /// What could not be looked up.
    pub failed: Vec<NotKnown>,
    /// What is not pinned by anything that could be newer, and why.
    pub passed_over: Vec<NotKnown>,
    /// How many pins were looked at.
    pub looked_at: usize,
    /// How many files they were in.
    pub files: usize,
}
