//! Whether a condition can be judged on the events of a source: its fields are there, its
//! operators fit their types, its values can be read.
//!
//! After `sinsp_filter_compiler` in libsinsp's `filter.cpp`, whose messages these are.

mod operand;
pub(crate) mod operators;
mod values;
mod warnings;

use crate::condition::ast::{
    Expr, ExprKind, Literal, Op, Operand, OperandKind, Pos, Right, RightKind,
};
use crate::fields::Source;

pub(crate) use operand::{Typed, typed};
pub(crate) use values::{is_network, service, whole};

/// What makes a condition impossible.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckError {
    /// What is wrong, in libsinsp's words.
    pub message: String,
    /// The place, in the text that the part was parsed from.
    pub at: Pos,
    /// What was probably meant.
    pub meant: Option<&'static str>,
    /// Whether there is no such field or event type: a rule may ask to be skipped then.
    pub is_unknown: bool,
    /// The word that it is about, which stands at the place; empty for the last of the message.
    word: String,
}

/// What a condition probably does not mean.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckWarning {
    /// What is odd, in libsinsp's words.
    pub message: String,
    /// The place.
    pub at: Pos,
}

/// Judges a condition without macros.
pub fn check(condition: &Expr, source: Source) -> Result<Vec<CheckWarning>, CheckError> {
    let mut warnings = Vec::new();
    visit(condition, source, &mut warnings)?;
    Ok(warnings)
}

/// Judges a field that an output shows.
pub(crate) fn check_shown(shown: &Operand, source: Source) -> Result<(), CheckError> {
    typed(shown, source).map(|_| ())
}

/// Whether this can stand on the left of a comparison, as exceptions name it.
pub(crate) fn is_left_side(field: &str, source: Source) -> bool {
    use crate::condition::{DEFAULT_DEPTH, parse};
    if field.contains('(') {
        let exists = parse(&format!("{field} exists"), DEFAULT_DEPTH);
        return exists.is_ok_and(|tree| check(&tree, source).is_ok());
    }
    let (name, argument) = match field.split_once('[') {
        Some((name, rest)) => (name, Some(rest.strip_suffix(']').unwrap_or(rest))),
        None => (field, None),
    };
    source.resolve(name, argument).is_ok()
}

fn visit(expr: &Expr, source: Source, warnings: &mut Vec<CheckWarning>) -> Result<(), CheckError> {
    match &expr.kind {
        ExprKind::And(_) | ExprKind::Or(_) | ExprKind::Not(_) => {
            expr.children().iter().try_for_each(|child| visit(child, source, warnings))
        }
        ExprKind::Macro(name) => {
            Err(CheckError::new(format!("filter error: unexpected identifier '{name}'"), expr.at))
        }
        ExprKind::Exists(left) => typed(left, source).map(|_| ()),
        ExprKind::Check { left, op, right } => comparison(left, *op, right, source, warnings),
    }
}

fn comparison(
    left: &Operand,
    op: Op,
    right: &Right,
    source: Source,
    warnings: &mut Vec<CheckWarning>,
) -> Result<(), CheckError> {
    let own = typed(left, source)?;
    operators::fits(op, &own).map_err(|why| {
        CheckError::new(format!("filter error: {why}"), left.at).about(begin(left))
    })?;
    let each = |value: &Literal, warnings: &mut Vec<CheckWarning>| {
        warnings::of_value(op, value, right.at, source, warnings);
        values::fits(&own, op, value).map_err(|message| {
            let unknown = message.strip_prefix("unknown event type ");
            CheckError {
                meant: unknown.and_then(crate::events::nearest),
                is_unknown: unknown.is_some(),
                ..CheckError::new(message, right.at).about(&value.text())
            }
        })
    };
    match &right.kind {
        RightKind::Value(value) => each(value, warnings),
        RightKind::List(values) => values.iter().try_for_each(|value| each(value, warnings)),
        RightKind::Operand(other) => {
            let theirs = typed(other, source)?;
            compatible(&own, op, &theirs)
                .map_err(|why| CheckError::new(why, right.at).about(begin(other)))
        }
    }
}

/// The word that a side begins with.
fn begin(side: &Operand) -> &str {
    match &side.kind {
        OperandKind::Field { name, .. } => name,
        OperandKind::Transformed { by, .. } => by,
    }
}

/// Whether two fields can be compared.
fn compatible(own: &Typed, op: Op, other: &Typed) -> Result<(), String> {
    use crate::fields::Kind;
    if matches!(op.name, "pmatch" | "regex") {
        let name = op.name.to_ascii_uppercase();
        return Err(format!("operator '{name}' doesn't support right-hand side fields"));
    }
    if own.kind == Kind::Network {
        return Err("field type 'IPNET' doesn't support right-hand side fields".to_owned());
    }
    if own.no_right {
        return Err(format!("field '{}' doesn't support right-hand side fields", own.name));
    }
    if other.no_right {
        return Err(format!("field '{}' can't be used as a right-hand side field", other.name));
    }
    if own.kind == other.kind && own.list == other.list {
        return Ok(());
    }
    let list = |typed: &Typed| if typed.list { " (list)" } else { "" };
    Err(format!(
        "field '{}' has type '{}'{} while the right-hand side field '{}' has incompatible type \
         '{}'{}",
        own.name,
        own.kind.name(),
        list(own),
        other.name,
        other.kind.name(),
        list(other)
    ))
}

impl CheckError {
    /// The word that the error is about: that which is named, or the last of its message.
    pub(crate) fn word(&self) -> &str {
        if !self.word.is_empty() {
            return &self.word;
        }
        let last = self.message.rsplit(' ').next().unwrap_or_default();
        last.split('[').next().unwrap_or_default()
    }

    fn new(message: String, at: Pos) -> Self {
        Self { message, at, meant: None, is_unknown: false, word: String::new() }
    }

    fn about(self, word: &str) -> Self {
        Self { word: word.to_owned(), ..self }
    }
}
