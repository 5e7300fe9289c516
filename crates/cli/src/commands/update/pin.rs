//! A thing that is pinned in a file, and what is known of newer ones.

use plimsoll_build::updates::Installer;
use plimsoll_model::gate::Place;
use plimsoll_model::text::Span;
use plimsoll_model::update::{Clears, NotKnown, PinKind, Proposal};

/// A thing that is pinned.
#[derive(Debug, Clone)]
pub(super) struct Pin {
    pub(super) kind: PinKind,
    /// Which of the files that were read.
    pub(super) file: usize,
    pub(super) place: Place,
    /// What it is called.
    pub(super) name: String,
    /// What pins it, as it stands there: a tag, a digest, a version.
    pub(super) version: String,
    /// What is replaced: the version, or the whole reference.
    pub(super) span: Span,
    /// How the place is written.
    pub(super) form: Form,
}

/// How a pin is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Form {
    /// `name:tag@digest`, which stands at the place letter by letter.
    Reference,
    /// A tag by itself, whose repository stands elsewhere.
    Tag,
    /// A version that a Dockerfile installs, in a stage built on this image.
    Installed(Installer, String),
    /// `name==1.2` in a list of requirements.
    Requirement,
    /// `owner/name@ref`.
    Action {
        /// The version that a comment behind it names, and where that word is.
        comment: Option<(String, Span)>,
        /// Where such a comment can be put, where nothing else stands behind it.
        end: Option<Span>,
    },
    /// A version beside a repository of charts.
    Chart(String),
}

/// Something newer.
#[derive(Debug, Clone)]
pub(super) struct Newer {
    /// What pins it then.
    pub(super) version: String,
    pub(super) step: &'static str,
    /// What is written, and over what.
    pub(super) edits: Vec<(Span, String)>,
    pub(super) clears: Option<Clears>,
}

/// What is known.
#[derive(Debug, Clone)]
pub(super) enum Answer {
    Newer(Newer),
    Newest,
    PassedOver(String),
    Failed(String),
}

impl Newer {
    pub(super) fn proposal(&self, pin: &Pin) -> Proposal {
        Proposal {
            kind: pin.kind,
            place: pin.place.clone(),
            name: pin.name.clone(),
            from: pin.version.clone(),
            to: self.version.clone(),
            step: self.step,
            clears: self.clears.clone(),
            written: false,
        }
    }
}

impl Pin {
    pub(super) fn not_known(&self, why: String) -> NotKnown {
        NotKnown { place: self.place.clone(), name: self.name.clone(), why }
    }
}
