//! What a kind of document can say about a text, in bytes of the text and in words of its own.
//!
//! A kind knows nothing of the protocol, and the protocol nothing of Dockerfiles: between them are
//! the types of this file. All that a kind finds is asked for lazily and from several threads.

use std::fmt;
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use plimsoll_build::{Config, Environment};

/// Bytes of a text, a byte order mark not counted.
pub(crate) type Span = Range<usize>;

/// What the projects on this machine have decided.
pub struct Project {
    /// Finds what a Dockerfile is judged by; `None` is a text that is in no file yet.
    pub lint: FindGround,
}

/// Finds what the Dockerfile at a path is judged by.
pub type FindGround = Box<dyn Fn(Option<&Path>) -> LintGround + Send + Sync>;

/// What a Dockerfile is judged by, beside its text.
#[derive(Debug)]
pub struct LintGround {
    /// The configuration; why it cannot be read.
    pub config: Result<Config, String>,
    /// What is known of its build context and of base images.
    pub environment: Environment,
}

impl fmt::Debug for Project {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Project").finish_non_exhaustive()
    }
}

/// A text as an editor opened it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Opened<'a> {
    /// The `languageId`: what the editor takes it for.
    pub(crate) language: &'a str,
    /// Its file; `None` where it is not on this machine's disk.
    pub(crate) path: Option<&'a Path>,
    /// The text, without a byte order mark.
    pub(crate) text: &'a str,
}

/// A kind of document.
#[derive(Debug)]
pub(crate) struct Kind {
    /// The names of the files that it is configured by; a change of one is a reason to judge anew.
    pub(crate) configured_by: &'static [&'static str],
    /// Whether a text is of this kind; asked again after each change.
    pub(crate) owns: fn(Opened<'_>) -> bool,
    /// Takes a text. It returns at once: what costs time is for the first question.
    pub(crate) open: fn(Opened<'_>, &Arc<Project>) -> Arc<dyn Document>,
}

/// A version of a text, and the answers about it.
pub(crate) trait Document: Send + Sync {
    /// What is wrong, in the order of the text.
    fn problems(&self) -> Vec<Problem>;

    /// What the user should know beside the problems: a configuration that cannot be read.
    fn complaint(&self) -> Option<String> {
        None
    }

    /// What is known about a place.
    fn hover(&self, _at: usize) -> Option<Hover> {
        None
    }

    /// What can be done about the problems of a span.
    fn actions(&self, _span: &Span) -> Vec<Action> {
        Vec::new()
    }

    /// The edits that mend all that can be mended safely.
    fn mend(&self) -> Vec<Edit> {
        Vec::new()
    }

    /// The parts of the text, as an outline.
    fn symbols(&self) -> Vec<Symbol> {
        Vec::new()
    }

    /// Where the name at a place is defined.
    fn definition(&self, _at: usize) -> Option<Span> {
        None
    }

    /// Where else the name at a place stands; with its definition where that is asked for.
    fn references(&self, _at: usize, _definition: bool) -> Vec<Span> {
        Vec::new()
    }

    /// What may be written at a place.
    fn completions(&self, _at: usize) -> Vec<Completion> {
        Vec::new()
    }
}

/// How grave a problem is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Severity {
    Error,
    Warning,
    Information,
    Hint,
}

/// What an editor shows in another way than as a problem.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mark {
    /// Struck through.
    Deprecated,
    /// Faded out.
    Unnecessary,
}

/// Something that is wrong.
#[derive(Debug, Clone)]
pub(crate) struct Problem {
    pub(crate) span: Span,
    pub(crate) severity: Severity,
    /// The rule's id.
    pub(crate) code: &'static str,
    /// Where the rule is explained.
    pub(crate) url: &'static str,
    pub(crate) message: String,
    pub(crate) mark: Option<Mark>,
    /// Other places that explain it.
    pub(crate) related: Vec<(Span, String)>,
}

/// What is known about a place.
#[derive(Debug, Clone)]
pub(crate) struct Hover {
    /// In Markdown.
    pub(crate) text: String,
    /// What it is about.
    pub(crate) span: Span,
}

/// A text in place of a span.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Edit {
    pub(crate) span: Span,
    pub(crate) text: String,
}

/// Edits that can be made.
#[derive(Debug, Clone)]
pub(crate) struct Action {
    pub(crate) title: String,
    pub(crate) edits: Vec<Edit>,
    /// The problem that they are for.
    pub(crate) problem: Problem,
    /// Whether to make them is the obvious choice.
    pub(crate) preferred: bool,
}

/// What a part of a text is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part {
    Section,
    Command,
    File,
    Variable,
    Property,
}

/// A part of a text.
#[derive(Debug, Clone)]
pub(crate) struct Symbol {
    pub(crate) name: String,
    pub(crate) detail: String,
    pub(crate) part: Part,
    /// All of it.
    pub(crate) span: Span,
    /// Its name; within `span`.
    pub(crate) name_span: Span,
    pub(crate) children: Vec<Symbol>,
}

/// What may be written.
#[derive(Debug, Clone)]
pub(crate) struct Completion {
    pub(crate) label: String,
    pub(crate) part: Part,
    /// A few words.
    pub(crate) detail: String,
    /// What it takes the place of; begins in the line of the place asked about.
    pub(crate) edit: Edit,
}
