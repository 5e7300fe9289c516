//! The tree of a condition.

use std::borrow::Cow;

/// A place in the text of a condition, counted as Falco counts: bytes, lines and columns from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Pos {
    /// How many bytes stand before.
    pub index: u32,
    /// The line, from 1.
    pub line: u32,
    /// The byte in its line, from 1.
    pub column: u32,
}

impl Pos {
    /// The begin of a text.
    pub const START: Self = Self { index: 0, line: 1, column: 1 };
}

/// A text of a condition after its escapes were resolved: any bytes.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Literal(pub Vec<u8>);

impl Literal {
    /// The text, with a replacement character for what is no UTF-8.
    pub fn text(&self) -> Cow<'_, str> {
        String::from_utf8_lossy(&self.0)
    }

    /// Whether it is this text.
    pub fn is(&self, text: &str) -> bool {
        self.0 == text.as_bytes()
    }
}

impl From<&str> for Literal {
    fn from(text: &str) -> Self {
        Self(text.as_bytes().to_vec())
    }
}

/// A condition or a part of one.
#[derive(Debug, Clone)]
pub struct Expr {
    /// Where it begins, in the text that it was parsed from.
    pub at: Pos,
    /// What it is.
    pub kind: ExprKind,
}

/// What a part of a condition is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ExprKind {
    /// All have to hold; at least two.
    And(Vec<Expr>),
    /// One has to hold; at least two.
    Or(Vec<Expr>),
    /// It must not hold.
    Not(Box<Expr>),
    /// A macro by its name.
    Macro(String),
    /// The field has a value: `FIELD exists`.
    Exists(Operand),
    /// A comparison.
    Check {
        /// What is compared.
        left: Operand,
        /// How.
        op: Op,
        /// What it is compared to.
        right: Right,
    },
}

/// A field, or a field transformed.
#[derive(Debug, Clone)]
pub struct Operand {
    /// Where it begins.
    pub at: Pos,
    /// What it is.
    pub kind: OperandKind,
}

/// What stands on a side of a comparison.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OperandKind {
    /// `proc.aname[2]`.
    Field {
        /// `proc.aname`.
        name: String,
        /// `2`.
        argument: Option<Literal>,
    },
    /// `tolower(proc.name)`.
    Transformed {
        /// `tolower`.
        by: &'static str,
        /// What is transformed.
        values: Vec<Argument>,
        /// `t` of `getopt(proc.args, "t:")[t]`.
        argument: Option<Literal>,
    },
}

/// An argument of a transformer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Argument {
    /// A field, or one transformed.
    Operand(Operand),
    /// A text or a number.
    Value(Literal),
    /// Several in parentheses.
    List(Vec<Argument>),
}

/// What a field is compared to.
#[derive(Debug, Clone)]
pub struct Right {
    /// Where it begins.
    pub at: Pos,
    /// What it is.
    pub kind: RightKind,
}

/// What the right side of a comparison is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RightKind {
    /// One text.
    Value(Literal),
    /// Texts in parentheses.
    List(Vec<Literal>),
    /// Another field.
    Operand(Operand),
}

/// How a field is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Op {
    /// The operator as Falco writes it: `=`, `startswith`.
    pub name: &'static str,
    /// `oneof`, `anyof` or `allof`, before a list.
    pub modifier: Option<&'static str>,
}

// A tree is what it says, wherever it stands.
impl PartialEq for Expr {
    fn eq(&self, other: &Self) -> bool {
        self.kind == other.kind
    }
}
impl Eq for Expr {}
impl PartialEq for Operand {
    fn eq(&self, other: &Self) -> bool {
        self.kind == other.kind
    }
}
impl Eq for Operand {}
impl PartialEq for Right {
    fn eq(&self, other: &Self) -> bool {
        self.kind == other.kind
    }
}
impl Eq for Right {}

impl Expr {
    /// The parts of `and`, `or` and `not`; none of a check.
    pub fn children(&self) -> &[Self] {
        match &self.kind {
            ExprKind::And(children) | ExprKind::Or(children) => children,
            ExprKind::Not(child) => std::slice::from_ref(child),
            _ => &[],
        }
    }
}

impl Op {
    /// The operator without a modifier.
    pub const fn plain(name: &'static str) -> Self {
        Self { name, modifier: None }
    }
}

impl std::fmt::Display for Op {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name)?;
        self.modifier.map_or(Ok(()), |modifier| write!(f, " {modifier}"))
    }
}
