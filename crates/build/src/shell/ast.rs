//! What a shell text consists of.
//!
//! Every span is a byte range of the text that was parsed. Children lie inside their parents, with
//! one exception: the body of a heredoc lies behind the line of its redirect. A word keeps its
//! quotes; [`Word::text`] and [`Word::literal`] take them away.

use crate::Span;

/// A parsed shell text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Script {
    /// The commands.
    pub list: List,
    /// Comments, from `#` to the end of the line, in source order.
    pub comments: Vec<Span>,
    /// What could not be parsed or what shells accept but `ShellCheck`'s parser does not.
    pub errors: Vec<super::SyntaxError>,
    /// The dialect that was asked for.
    pub dialect: super::Dialect,
}

/// Commands one after another, separated by `;`, `&` or line ends.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct List {
    /// The commands.
    pub items: Vec<AndOr>,
    /// From the first to the last, with the last terminator.
    pub span: Span,
}

/// How an [`AndOr`] ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Terminator {
    /// By the end of the list.
    None,
    /// By `;`.
    Semicolon(Span),
    /// By `&`: it runs in the background.
    Background(Span),
    /// By a line end.
    Newline(Span),
}

/// What joins two pipelines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum AndOrOp {
    /// `&&`
    And,
    /// `||`
    Or,
}

/// Pipelines joined by `&&` and `||`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AndOr {
    /// The first pipeline.
    pub first: Pipeline,
    /// The others, each with the operator before it.
    pub rest: Vec<(AndOrOp, Span, Pipeline)>,
    /// What ends it.
    pub terminator: Terminator,
    /// Without the terminator.
    pub span: Span,
}

/// Commands joined by `|`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pipeline {
    /// Whether `!` stands before it.
    pub negated: bool,
    /// The keyword `time` before a compound command. Before a simple command it is a word of that
    /// command.
    pub timed: Option<Span>,
    /// The commands, at least one unless there was a syntax error.
    pub commands: Vec<Command>,
    /// The `|` and `|&` between the commands.
    pub operators: Vec<Span>,
    /// With `!` and `time`.
    pub span: Span,
}

/// One command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// A program, builtin or function with arguments, or only assignments and redirects.
    Simple(SimpleCommand),
    /// `( … )`
    Subshell(Subshell),
    /// `{ …; }`
    Group(Group),
    /// `if …; then …; fi`
    If(If),
    /// `for x in …; do …; done`
    For(For),
    /// `for ((…; …; …)); do …; done`
    ArithmeticFor(ArithmeticFor),
    /// `while …; do …; done` and `until …; do …; done`
    While(While),
    /// `case … in … esac`
    Case(Case),
    /// `select x in …; do …; done`
    Select(For),
    /// `f() …` and `function f …`
    Function(Function),
    /// `[[ … ]]`
    Test(Test),
    /// `((…))`
    Arithmetic(ArithmeticCommand),
    /// `coproc …`
    Coproc(Coproc),
}

/// A program, builtin or function with arguments, or only assignments and redirects.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SimpleCommand {
    /// The assignments before the first word.
    pub assignments: Vec<Assignment>,
    /// The name and its arguments.
    pub words: Vec<Word>,
    /// The redirects, wherever they stand.
    pub redirects: Vec<Redirect>,
    /// From the first to the last of all three.
    pub span: Span,
}

/// `( … )`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subshell {
    /// What is in the parentheses.
    pub body: List,
    /// The redirects behind it.
    pub redirects: Vec<Redirect>,
    /// With the redirects.
    pub span: Span,
}

/// `{ …; }`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    /// What is in the braces.
    pub body: List,
    /// The redirects behind it.
    pub redirects: Vec<Redirect>,
    /// With the redirects.
    pub span: Span,
}

/// `if …; then …; elif …; then …; else …; fi`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct If {
    /// `if` and every `elif`.
    pub arms: Vec<IfArm>,
    /// What follows `else`.
    pub otherwise: Option<List>,
    /// The redirects behind `fi`.
    pub redirects: Vec<Redirect>,
    /// With the redirects.
    pub span: Span,
}

/// One condition of an [`If`] and what it guards.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IfArm {
    /// Between `if` or `elif` and `then`.
    pub condition: List,
    /// Behind `then`.
    pub body: List,
    /// From `if` or `elif` to the end of the body.
    pub span: Span,
}

/// `for x in …; do …; done`, and the same with `select`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct For {
    /// The variable.
    pub name: String,
    /// Where the variable stands.
    pub name_span: Span,
    /// What it runs over; `None` without `in`: the arguments of the script.
    pub words: Option<Vec<Word>>,
    /// Between `do` and `done`, or in `{ }`.
    pub body: List,
    /// The redirects behind it.
    pub redirects: Vec<Redirect>,
    /// With the redirects.
    pub span: Span,
}

/// `for ((…; …; …)); do …; done`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ArithmeticFor {
    /// The three expressions as one text.
    pub header: ArithmeticExpression,
    /// Between `do` and `done`, or in `{ }`.
    pub body: List,
    /// The redirects behind it.
    pub redirects: Vec<Redirect>,
    /// With the redirects.
    pub span: Span,
}

/// `while …; do …; done` and `until …; do …; done`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct While {
    /// Whether the keyword is `until`.
    pub until: bool,
    /// Between the keyword and `do`.
    pub condition: List,
    /// Between `do` and `done`.
    pub body: List,
    /// The redirects behind it.
    pub redirects: Vec<Redirect>,
    /// With the redirects.
    pub span: Span,
}

/// `case … in … esac`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Case {
    /// What is compared.
    pub word: Word,
    /// The branches.
    pub items: Vec<CaseItem>,
    /// The redirects behind `esac`.
    pub redirects: Vec<Redirect>,
    /// With the redirects.
    pub span: Span,
}

/// One branch of a [`Case`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CaseItem {
    /// The patterns, separated by `|`.
    pub patterns: Vec<Word>,
    /// Behind `)`.
    pub body: List,
    /// What ends it; `None` before `esac`.
    pub terminator: Option<(CaseTerminator, Span)>,
    /// With the terminator.
    pub span: Span,
}

/// What ends a [`CaseItem`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CaseTerminator {
    /// `;;`
    Break,
    /// `;&`
    FallThrough,
    /// `;;&`
    Continue,
}

/// `f() …` and `function f …`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Function {
    /// Its name.
    pub name: String,
    /// Where the name stands.
    pub name_span: Span,
    /// Whether the keyword `function` was used.
    pub keyword: bool,
    /// Whether `()` was used.
    pub parentheses: bool,
    /// The compound command; it carries the redirects.
    pub body: Box<Command>,
    /// All of it.
    pub span: Span,
}

/// `[[ … ]]`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Test {
    /// The expression; `None` where it is empty or wrong.
    pub expression: Option<Box<TestExpression>>,
    /// The redirects behind it.
    pub redirects: Vec<Redirect>,
    /// With the redirects.
    pub span: Span,
}

/// What stands in `[[ … ]]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TestExpression {
    /// A word alone: true unless it is empty.
    Word(Word),
    /// `-f word`
    Unary {
        /// The operator.
        operator: Span,
        /// What it is asked of.
        operand: Word,
    },
    /// `word == word`
    Binary {
        /// The left side.
        left: Word,
        /// The operator.
        operator: Span,
        /// The right side, a pattern or a regular expression for some operators.
        right: Word,
    },
    /// `! …`
    Not(Span, Box<TestExpression>),
    /// `… && …`
    And(Box<TestExpression>, Span, Box<TestExpression>),
    /// `… || …`
    Or(Box<TestExpression>, Span, Box<TestExpression>),
    /// `( … )`
    Parentheses(Span, Box<TestExpression>),
}

/// `((…))`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ArithmeticCommand {
    /// What is in the parentheses.
    pub expression: ArithmeticExpression,
    /// The redirects behind it.
    pub redirects: Vec<Redirect>,
    /// With the redirects.
    pub span: Span,
}

/// `coproc …`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Coproc {
    /// The name before a compound command.
    pub name: Option<Word>,
    /// What runs.
    pub body: Box<Command>,
    /// All of it.
    pub span: Span,
}

/// The text of an arithmetic expression. It is not parsed further than its expansions.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ArithmeticExpression {
    /// Without the parentheses around it.
    pub span: Span,
    /// Literal text and expansions.
    pub parts: Vec<Part>,
}

/// `name=value`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Assignment {
    /// The variable.
    pub name: String,
    /// Where the variable stands.
    pub name_span: Span,
    /// What is in the brackets of `name[index]=`.
    pub index: Option<Word>,
    /// Whether it is `+=`.
    pub append: bool,
    /// What is assigned.
    pub value: AssignmentValue,
    /// All of it.
    pub span: Span,
}

/// What is assigned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AssignmentValue {
    /// Nothing: `name=`.
    Empty,
    /// A word.
    Word(Word),
    /// `(x y)`
    Array(Array),
}

/// `(x y [k]=z)`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Array {
    /// The elements; `[k]=z` is one word.
    pub elements: Vec<Word>,
    /// With the parentheses.
    pub span: Span,
}

/// `2>&1`, `<<EOF` and the like.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Redirect {
    /// `2` in `2>`, or the braces of `{name}>`.
    pub descriptor: Option<Descriptor>,
    /// What is done.
    pub operator: RedirectOperator,
    /// Where the operator stands.
    pub operator_span: Span,
    /// The file, descriptor, delimiter or text.
    pub target: Word,
    /// The heredoc's body.
    pub heredoc: Option<Heredoc>,
    /// From the descriptor to the target.
    pub span: Span,
}

/// What is redirected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Descriptor {
    /// The number of a file descriptor.
    Number(u32),
    /// `{name}`: the shell picks one and puts its number in the variable.
    Variable(Span),
}

/// What a redirect does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RedirectOperator {
    /// `<`
    Read,
    /// `>`
    Write,
    /// `>>`
    Append,
    /// `<>`
    ReadWrite,
    /// `>|`
    Clobber,
    /// `<&`
    DuplicateInput,
    /// `>&`
    DuplicateOutput,
    /// `&>`
    WriteBoth,
    /// `&>>`
    AppendBoth,
    /// `<<`
    Heredoc,
    /// `<<-`
    HeredocStripped,
    /// `<<<`
    HereString,
}

/// The lines behind a command with `<<`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Heredoc {
    /// The line that ends it, without quotes.
    pub delimiter: String,
    /// Whether the delimiter was quoted: nothing in the body is expanded.
    pub quoted: bool,
    /// The lines, without the delimiter's line.
    pub body_span: Span,
    /// The body's text and expansions.
    pub parts: Vec<Part>,
    /// Whether the delimiter's line was found.
    pub terminated: bool,
}

/// A word: what becomes one argument, or several after expansion.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Word {
    /// Its parts, one after another without gaps.
    pub parts: Vec<Part>,
    /// With quotes.
    pub span: Span,
}

/// A part of a word.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Part {
    /// Text that means itself.
    Literal {
        /// Where it stands.
        span: Span,
    },
    /// `\x`; a backslash before a line end takes both away.
    Escaped {
        /// With the backslash.
        span: Span,
        /// The character behind the backslash.
        char: char,
    },
    /// `'…'`
    SingleQuoted {
        /// With the quotes.
        span: Span,
    },
    /// `$'…'`
    AnsiC {
        /// With dollar and quotes.
        span: Span,
    },
    /// `"…"`
    DoubleQuoted {
        /// With the quotes.
        span: Span,
        /// What is in the quotes.
        parts: Vec<Part>,
        /// Whether it is `$"…"`.
        locale: bool,
    },
    /// `$x` and `${x…}`
    Parameter(Box<Parameter>),
    /// `$(…)` and `` `…` ``
    CommandSubstitution {
        /// With the delimiters.
        span: Span,
        /// The commands.
        script: List,
        /// Whether it is written with backticks.
        backticks: bool,
    },
    /// `$((…))` and the old `$[…]`
    Arithmetic {
        /// With the delimiters.
        span: Span,
        /// The expression.
        expression: ArithmeticExpression,
    },
    /// `<(…)` and `>(…)`
    ProcessSubstitution {
        /// With the delimiters.
        span: Span,
        /// The commands.
        script: List,
        /// Whether it is `>(…)`.
        output: bool,
    },
    /// `{a,b}` and `{1..3}`
    BraceExpansion {
        /// With the braces.
        span: Span,
        /// The alternatives; one for `{1..3}`.
        items: Vec<Word>,
        /// Whether it is `{1..3}`.
        range: bool,
    },
    /// `*`, `?` or `[…]` outside of quotes.
    Glob {
        /// All of it.
        span: Span,
        /// `*`, `?` or `[`.
        char: char,
        /// The set between `[` and `]`, with its expansions.
        parts: Vec<Part>,
    },
    /// `@(a|b)` and its kin.
    ExtendedGlob {
        /// With the operator and the parentheses.
        span: Span,
        /// The alternatives.
        alternatives: Vec<Word>,
    },
    /// `~` or `~name` at the start of a word.
    Tilde {
        /// With the name.
        span: Span,
    },
    /// `(x y)` behind `name=` in the arguments of `declare` and its kin.
    Array(Box<Array>),
}

/// `$x` and `${x…}`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parameter {
    /// The variable's name, a number, or one of `@ * # ? - $ !`; empty for a bad substitution.
    pub name: String,
    /// Where the name stands.
    pub name_span: Span,
    /// Whether it is written with braces.
    pub braced: bool,
    /// `${#x}`: the length.
    pub length: bool,
    /// `${!x}`: the value names the variable that is meant.
    pub indirect: bool,
    /// What is in the brackets of `${x[index]}`.
    pub index: Option<Word>,
    /// What is done to the value.
    pub operator: Option<ParameterOperator>,
    /// What follows the operator.
    pub word: Option<Word>,
    /// What follows the second `/` of `${x/a/b}`.
    pub replacement: Option<Word>,
    /// With dollar and braces.
    pub span: Span,
}

/// What `${x…}` does to the value of `x`. `colon` tells `:-` from `-`: an empty value counts as
/// none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ParameterOperator {
    /// `-` and `:-`
    Default {
        /// With a colon.
        colon: bool,
    },
    /// `=` and `:=`
    Assign {
        /// With a colon.
        colon: bool,
    },
    /// `?` and `:?`
    Require {
        /// With a colon.
        colon: bool,
    },
    /// `+` and `:+`
    Alternative {
        /// With a colon.
        colon: bool,
    },
    /// `#`
    RemoveShortestPrefix,
    /// `##`
    RemoveLongestPrefix,
    /// `%`
    RemoveShortestSuffix,
    /// `%%`
    RemoveLongestSuffix,
    /// `/`
    ReplaceFirst,
    /// `//`
    ReplaceAll,
    /// `/#`
    ReplacePrefix,
    /// `/%`
    ReplaceSuffix,
    /// `^`
    UppercaseFirst,
    /// `^^`
    UppercaseAll,
    /// `,`
    LowercaseFirst,
    /// `,,`
    LowercaseAll,
    /// `@Q` and its kin
    Transform,
    /// `:offset:length`
    Slice,
    /// `${!x*}` and `${!x@}`: the names that begin so
    Names,
    /// Something else, which shells refuse when they run it.
    Unknown,
}
