//! A condition in Falco's normal form: parentheses around every `and` and `or`, one space between
//! words, quotes where a text has blanks, `=`, quotes or escapes.
//!
//! After libsinsp's `string_visitor` in `filter/ast.cpp`. As there, a text with a comma or a
//! parenthesis has no quotes, so that not every form can be parsed again.

use std::fmt::{Display, Formatter, Result, Write};

use super::ast::{Argument, Expr, ExprKind, Literal, Operand, OperandKind, Right, RightKind};

impl Display for Expr {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        match &self.kind {
            ExprKind::And(children) => joined(f, children, " and "),
            ExprKind::Or(children) => joined(f, children, " or "),
            ExprKind::Not(child) => write!(f, "not {child}"),
            ExprKind::Macro(name) => f.write_str(name),
            ExprKind::Exists(left) => write!(f, "{left} exists"),
            ExprKind::Check { left, op, right } => write!(f, "{left} {op} {right}"),
        }
    }
}

fn joined<T: Display>(f: &mut Formatter<'_>, parts: &[T], by: &str) -> Result {
    f.write_char('(')?;
    for (at, part) in parts.iter().enumerate() {
        if at > 0 {
            f.write_str(by)?;
        }
        write!(f, "{part}")?;
    }
    f.write_char(')')
}

impl Display for Operand {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        let argument = match &self.kind {
            OperandKind::Field { name, argument } => {
                f.write_str(name)?;
                argument
            }
            OperandKind::Transformed { by, values, argument } => {
                f.write_str(by)?;
                joined(f, values, ",")?;
                argument
            }
        };
        match argument {
            None => Ok(()),
            Some(Literal(bytes)) if bytes.is_empty() => f.write_str("[\"\"]"),
            Some(argument) => write!(f, "[{argument}]"),
        }
    }
}

impl Display for Argument {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        match self {
            Self::Operand(operand) => operand.fmt(f),
            Self::Value(value) => value.fmt(f),
            Self::List(values) => joined(f, values, ","),
        }
    }
}

impl Display for Right {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        match &self.kind {
            RightKind::Value(value) => value.fmt(f),
            RightKind::List(values) => joined(f, values, ", "),
            RightKind::Operand(operand) => operand.fmt(f),
        }
    }
}

impl Display for Literal {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        let special = b"\x08\x0c\n\r\t =\\\"'\0";
        let utf8 = std::str::from_utf8(&self.0);
        if let Ok(text) = utf8
            && !self.0.iter().any(|byte| special.contains(byte))
        {
            return f.write_str(text);
        }
        f.write_char('"')?;
        for chunk in self.0.utf8_chunks() {
            for one in chunk.valid().chars() {
                match one {
                    '\x08' => f.write_str("\\b")?,
                    '\x0c' => f.write_str("\\f")?,
                    '\n' => f.write_str("\\n")?,
                    '\r' => f.write_str("\\r")?,
                    '\t' => f.write_str("\\t")?,
                    '\\' => f.write_str("\\\\")?,
                    '"' => f.write_str("\\\"")?,
                    '\0' => f.write_str("\\x00")?,
                    other => f.write_char(other)?,
                }
            }
            for byte in chunk.invalid() {
                write!(f, "\\x{byte:02x}")?;
            }
        }
        f.write_char('"')
    }
}
