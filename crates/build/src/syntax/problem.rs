//! What the builder would refuse, each with its place.

use super::instruction::Keyword;
use crate::Span;

/// Something that keeps a file from being built.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// What it is.
    pub kind: ProblemKind,
    /// Where it is.
    pub span: Span,
    /// The line of the instruction that has it.
    pub line: u32,
}

impl Problem {
    /// A problem at a place.
    pub fn new(kind: ProblemKind, span: Span, line: u32) -> Self {
        Self { kind, span, line }
    }
}

/// The kinds of problems.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ProblemKind {
    /// A byte that is not UTF-8.
    #[error("this is not UTF-8 text: a Dockerfile is a text file")]
    NotText,
    /// Nothing to build.
    #[error("there is no instruction in this file: begin with `FROM image`")]
    NoInstructions,
    /// Past the reader's limit.
    #[error("there are more than 20000 instructions; the rest is not read")]
    TooManyInstructions,
    /// A line over [`super::parse::MAX_LINE`].
    #[error("this line is longer than the 65535 bytes that the builder reads; it is passed over")]
    LineTooLong,
    /// A value other than `\` and `` ` ``.
    #[error("`{0}` cannot be the escape character: it is `\\` or `` ` ``")]
    EscapeDirective(String),
    /// The second of a name.
    #[error("there is more than one `{0}` directive")]
    RepeatedDirective(String),
    /// An array with numbers, arrays or objects.
    #[error("an array in exec form holds strings only")]
    NotStrings,
    /// `ENV name` without a value.
    #[error("{0} must have two arguments: `{0} name=value`")]
    OneArgument(Keyword),
    /// A word among pairs.
    #[error(
        "there is no `=` in `{0}`: it must be of the form name=value (quote values with spaces)"
    )]
    NoEquals(String),
    /// `ONBUILD ONBUILD …`.
    #[error("ONBUILD is nested too deep")]
    OnbuildTooDeep,
    /// A here-document without its end.
    #[error("the here-document has no end: there is no line `{0}`")]
    UnterminatedHeredoc(String),
    /// No keyword of the builder.
    #[error("unknown instruction: {name}{}", suggestion.map(|one| format!(" (did you mean {one}?)")).unwrap_or_default())]
    UnknownInstruction {
        /// As written.
        name: String,
        /// The keyword that it is nearest to.
        suggestion: Option<Keyword>,
    },
    /// Too few or too many arguments.
    #[error("{0}")]
    Arguments(String),
    /// A flag that the instruction does not have.
    #[error("unknown flag: --{name} for {keyword}{}", suggestion.map(|one| format!(" (did you mean --{one}?)")).unwrap_or_default())]
    UnknownFlag {
        /// Whose flag.
        keyword: Keyword,
        /// As written.
        name: String,
        /// The flag that it is nearest to.
        suggestion: Option<&'static str>,
    },
    /// A flag's value that the builder refuses.
    #[error("{0}")]
    FlagValue(String),
}

impl ProblemKind {
    /// Whether the builder's reader itself stops here; the others are found a step later.
    pub fn is_syntax(&self) -> bool {
        !matches!(
            self,
            Self::UnknownInstruction { .. }
                | Self::Arguments(_)
                | Self::UnknownFlag { .. }
                | Self::FlagValue(_)
                | Self::NotText
        )
    }
}
