//! What is wrong with a shell text, in as many kinds as rules tell apart.

use crate::Span;

/// A place that could not be parsed, or one that is not what it looks like.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SyntaxError {
    /// Where it was noticed.
    pub span: Span,
    /// What began there and has no end, such as the `if` of a missing `fi`.
    pub opened: Option<Span>,
    /// What is wrong, for people.
    pub message: String,
    /// What is wrong, for rules.
    pub kind: SyntaxErrorKind,
}

/// What is wrong. The numbers are those of `ShellCheck`'s wiki.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum SyntaxErrorKind {
    /// `'` without an end.
    UnterminatedSingleQuote,
    /// `"` without an end.
    UnterminatedDoubleQuote,
    /// `` ` `` without an end.
    UnterminatedBacktick,
    /// `$(`, `<(` or `>(` without `)`.
    UnterminatedSubstitution,
    /// `${` without `}`.
    UnterminatedParameter,
    /// `$((` or `((` without `))`.
    UnterminatedArithmetic,
    /// `[[` without `]]`.
    UnterminatedTest,
    /// `a=(` without `)`.
    UnterminatedArray,
    /// A heredoc without its delimiter's line. Shells warn only (SC1044).
    UnterminatedHeredoc,
    /// `if` without `fi` (SC1046, SC1047).
    MissingFi,
    /// `if` or `elif` without `then` (SC1049, SC1050).
    MissingThen,
    /// A loop without `do` (SC1057, SC1058).
    MissingDo,
    /// A loop without `done` (SC1061, SC1062).
    MissingDone,
    /// `case` without `esac`.
    MissingEsac,
    /// `case x` without `in`.
    MissingIn,
    /// `{` without `}` (SC1056).
    MissingBrace,
    /// `(` without `)`.
    MissingParenthesis,
    /// An operator with nothing to work on, such as `&& &&` or `| ;`, or an empty body as in
    /// `then fi` (SC1048, SC1133).
    MissingCommand,
    /// A redirect without a target.
    MissingRedirectTarget,
    /// `for` or `function` without a name that may stand there (SC1086, SC1095).
    BadName,
    /// A keyword that nothing opened, such as `fi` (SC1089).
    UnexpectedKeyword,
    /// `)` that nothing opened, or `(` where none may stand (SC1036, SC1088).
    UnexpectedParenthesis,
    /// `;` or `&` with nothing before it, `;;` outside of `case`.
    UnexpectedOperator,
    /// Words behind a compound command, such as `fi foo` (SC1141).
    UnexpectedWord,
    /// A condition in `[[ … ]]` that is none.
    BadTest,
    /// `f()` without a compound command behind it (SC1064).
    MissingFunctionBody,
    /// `f(a, b)`: neither a function nor its call has parameters there (SC1065).
    FunctionParameters,
    /// `&;` (SC1045).
    AmpersandSemicolon,
    /// More than 200 things inside one another: the rest is not parsed.
    TooDeep,
    /// More words than a tree may have, or more text than spans can count: the rest is not parsed.
    TooLong,
    /// Accepted by shells: `if[ x ]`, `while[ … ]` (SC1069).
    MissingSpaceBeforeBracket,
    /// Accepted by shells: `[x ]`, `{x; }` (SC1035, SC1054).
    MissingSpaceAfterBracket,
    /// Accepted by shells: `[ x]` (SC1020).
    MissingSpaceBeforeClosingBracket,
    /// Accepted by shells: `a= b` (SC1007).
    SpaceAfterEquals,
    /// Accepted by shells: `a = b` (SC1068, SC2283).
    SpaceAroundEquals,
    /// Accepted by shells: `$a=b` (SC1066).
    DollarInAssignment,
    /// Accepted by shells: a non-breaking space (SC1018).
    NonBreakingSpace,
    /// Accepted by shells: a carriage return before a line end (SC1017).
    CarriageReturn,
    /// Accepted by shells: `“` or `’` (SC1015, SC1016, SC1110, SC1111).
    UnicodeQuote,
    /// Accepted by shells until they run it: `${a b}` (SC1108 and others).
    BadSubstitution,
}

impl SyntaxErrorKind {
    /// Whether shells refuse the text; the others are only not what they look like.
    pub const fn is_refused(self) -> bool {
        !matches!(
            self,
            Self::UnterminatedHeredoc
                | Self::MissingSpaceBeforeBracket
                | Self::MissingSpaceAfterBracket
                | Self::MissingSpaceBeforeClosingBracket
                | Self::SpaceAfterEquals
                | Self::SpaceAroundEquals
                | Self::DollarInAssignment
                | Self::NonBreakingSpace
                | Self::CarriageReturn
                | Self::UnicodeQuote
                | Self::BadSubstitution
        )
    }
}
