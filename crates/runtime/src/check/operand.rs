//! The type of a field, and what transformers make of it.
//!
//! After libsinsp's `sinsp_filter_transformers/` and `sinsp_filtercheck_multivalue_transformer.cpp`.

use std::borrow::Cow;

use super::CheckError;
use crate::condition::ast::{Argument, Literal, Operand, OperandKind, Pos};
use crate::fields::{FieldError, Kind, Source};

/// A side of a comparison with its type.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(clippy::struct_excessive_bools, reason = "each is a flag of libsinsp's tables")]
pub(crate) struct Typed {
    pub(crate) name: &'static str,
    pub(crate) kind: Kind,
    pub(crate) list: bool,
    pub(crate) no_right: bool,
    no_transformer: bool,
    /// Whether it is the field itself, not transformed.
    pub(crate) bare: bool,
}

/// The text of an argument.
fn text_of(argument: Option<&Literal>) -> Option<Cow<'_, str>> {
    argument.map(Literal::text)
}

/// What is wrong with a field, in libsinsp's words.
fn field_error(
    error: FieldError,
    name: &str,
    argument: Option<&str>,
    source: Source,
    at: Pos,
) -> CheckError {
    match error {
        FieldError::Argument(message) => {
            let called = name.strip_prefix("evt.arg.").or(name.strip_prefix("evt.rawarg."));
            let meant = called.and_then(crate::events::nearest_argument);
            CheckError { meant, ..CheckError::new(message, at).about(name) }
        }
        FieldError::Unknown => {
            let shown = argument.map_or_else(String::new, |argument| format!("[{argument}]"));
            CheckError {
                meant: source.nearest(name),
                is_unknown: true,
                ..CheckError::new(
                    format!("filter_check called with nonexistent field {name}{shown}"),
                    at,
                )
                .about(name)
            }
        }
    }
}

/// The type of one side.
pub(crate) fn typed(operand: &Operand, source: Source) -> Result<Typed, CheckError> {
    match &operand.kind {
        OperandKind::Field { name, argument } => {
            let argument = text_of(argument.as_ref());
            let field = source.resolve(name, argument.as_deref()).map_err(|error| {
                field_error(error, name, argument.as_deref(), source, operand.at)
            })?;
            Ok(Typed {
                name: field.name,
                kind: field.kind,
                list: field.traits.list,
                no_right: field.traits.no_right,
                no_transformer: field.traits.no_transformer,
                bare: true,
            })
        }
        OperandKind::Transformed { by, values, argument } => {
            let typed: Result<Vec<Typed>, CheckError> =
                values.iter().map(|value| argument_type(value, source)).collect();
            transformed(by, typed?, argument.is_some())
                .map_err(|message| CheckError::new(message, operand.at).about(by))
        }
    }
}

fn argument_type(argument: &Argument, source: Source) -> Result<Typed, CheckError> {
    let constant = |list| Typed {
        name: "INTERNAL",
        kind: Kind::Text,
        list,
        no_right: false,
        no_transformer: false,
        bare: false,
    };
    match argument {
        Argument::Operand(operand) => typed(operand, source),
        Argument::Value(_) => Ok(constant(false)),
        Argument::List(values) => {
            values.iter().try_for_each(|value| argument_type(value, source).map(|_| ()))?;
            Ok(constant(true))
        }
    }
}

fn transformed(by: &str, mut values: Vec<Typed>, argument: bool) -> Result<Typed, String> {
    if argument && by != "getopt" {
        return Err(format!("filter error: transformer '{by}' does not support field arguments"));
    }
    if let ("val", Some(only)) = (by, values.first()) {
        return Ok(only.clone());
    }
    if let ("join" | "concat" | "getopt", _) | (_, 2..) = (by, values.len()) {
        return of_several(by, &values);
    }
    let Some(mut only) = values.pop() else {
        return Err(format!("filter error: found null child node on '{by}' transformer"));
    };
    if only.no_transformer {
        return Err(format!("field '{}' does not support transformers", only.name));
    }
    let fits = match by {
        "b64" => matches!(only.kind, Kind::Text | Kind::Bytes),
        "len" => only.list || matches!(only.kind, Kind::Text | Kind::Bytes),
        _ => only.kind == Kind::Text,
    };
    if !fits {
        return Err(format!(
            "can't add field transformer: type '{}' is not supported by '{by}' transformer applied \
             on {}field '{}'",
            only.kind.name(),
            if only.list { "list " } else { "" },
            only.name
        ));
    }
    if by == "len" {
        (only.kind, only.list) = (Kind::Unsigned(64), false);
    }
    only.bare = false;
    Ok(only)
}

fn of_several(by: &str, values: &[Typed]) -> Result<Typed, String> {
    // The arguments of a process are several, though its table does not say so.
    let is_list = |typed: &Typed| typed.list || typed.name == "proc.args";
    let result = |list| Typed {
        name: "INTERNAL",
        kind: Kind::Text,
        list,
        no_right: false,
        no_transformer: false,
        bare: false,
    };
    let wrong = |why: &str| Err(why.to_owned());
    match (by, values) {
        ("join", [separator, list]) => {
            if separator.list {
                return wrong(
                    "join() first argument (separator) must be a single value, not a list",
                );
            }
            if !is_list(list) {
                return wrong("join() second argument must be a list");
            }
            Ok(result(false))
        }
        ("join", _) => wrong("join() requires exactly 2 arguments: separator and list"),
        ("concat", [] | [_]) => wrong("concat() requires at least 2 arguments"),
        ("concat", all) if all.iter().any(|one| one.kind != Kind::Text || one.list) => {
            wrong("concat() arguments must be strings")
        }
        ("concat", _) => Ok(result(false)),
        ("getopt", [arguments, options]) => {
            if !is_list(arguments) {
                return wrong("getopt() first argument must be a list");
            }
            if options.list {
                return wrong("getopt() second argument (optstring) must be a single value");
            }
            if arguments.kind != Kind::Text || options.kind != Kind::Text {
                return wrong("getopt() arguments must be strings");
            }
            Ok(result(true))
        }
        ("getopt", _) => wrong("getopt() requires exactly 2 arguments: args list and optstring"),
        _ => Err(format!("unknown multi-value transformer '{by}'")),
    }
}
