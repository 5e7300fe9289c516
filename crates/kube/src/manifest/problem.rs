//! What keeps a manifest, or a part of it, from being read.

use plimsoll_model::text::Span;

/// Something that cannot be read, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// What it is.
    pub kind: ProblemKind,
    /// Where it is.
    pub span: Span,
    /// Another place that explains it.
    pub related: Option<Span>,
}

/// The kinds of problems.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ProblemKind {
    /// A byte that is not UTF-8.
    #[error("this is not UTF-8 text: a manifest is a text file")]
    NotText,
    /// What the YAML reader says.
    #[error("{0}; the rest of this document is not read")]
    Syntax(String),
    /// The same, where the text has the braces of a template.
    #[error("{0}; this looks like a template: render it first, as with `helm template`")]
    Template(String),
    /// A name that is there already.
    #[error("`{0}` stands twice in this mapping: of the two the last counts")]
    DuplicateKey(String),
    /// A name that is no text.
    #[error("a name of a field must be a text, not {0}; templates are rendered first")]
    OddKey(&'static str),
    /// A merge of something without fields.
    #[error("only a mapping can be merged with `<<`, not {0}")]
    OddMerge(&'static str),
    /// Past the reader's limit, or aliases of aliases.
    #[error("with its aliases this has more than {0} values: it is not read")]
    TooLarge(u32),
    /// Past the reader's limit.
    #[error("this has more than {0} documents: the rest is not read")]
    TooManyDocuments(usize),
    /// A value of another type than the API has.
    #[error("`{path}` must be {wanted}, not {found}: the API server refuses it")]
    WrongType {
        /// Which field, from the root of the object or of the pod.
        path: String,
        /// "a boolean".
        wanted: &'static str,
        /// "a text".
        found: &'static str,
    },
    /// A subject of a binding that is nobody.
    #[error(
        "this subject is nobody: it needs a `name`, a `kind` that is User, Group or ServiceAccount, \
         and of a ServiceAccount the `namespace`: the API server refuses it"
    )]
    NoSubject,
    /// Lists within lists.
    #[error("Lists are nested too deep: this one is not read")]
    NestedList,
}

impl ProblemKind {
    /// Whether the text can be read in spite of it.
    pub fn is_readable(&self) -> bool {
        matches!(self, Self::DuplicateKey(_))
    }
}
