//! Which types the API gives the fields that decide something here.
//!
//! The API server refuses an object with a field of another type before any policy sees it, so such
//! an object is never judged as if the field were absent.

mod object;
mod pod;

use crate::manifest::{Node, Problem, ProblemKind, Value};

pub(crate) use object::problems as of_object;

/// What a field may be.
enum Type {
    Bool,
    Int32,
    Int64,
    Text,
    /// A port: its number or its name.
    IntOrText,
    /// A mapping with fields of which these are known.
    Object(&'static [(&'static str, Type)]),
    /// A list, each item of this type.
    List(&'static Type),
    /// A mapping from any name to a text.
    Texts,
    /// A mapping, or nothing: its fields decide nothing here.
    Opaque,
}

use Type::{Bool, Int32, Int64, IntOrText, List, Object, Opaque, Text, Texts};

/// The fields of a pod that are of another type.
pub(crate) fn of_pod(root: &Node) -> Vec<Problem> {
    problems(root, &pod::POD)
}

fn problems(root: &Node, wanted: &Type) -> Vec<Problem> {
    let mut found = Vec::new();
    check(root, wanted, &mut String::new(), &mut found);
    found
}

/// How many wrong fields of one object are named.
const MAX_NAMED: usize = 100;

fn check(node: &Node, wanted: &Type, path: &mut String, found: &mut Vec<Problem>) {
    if node.is_null() || found.len() >= MAX_NAMED {
        return;
    }
    let good = match (wanted, &node.value) {
        (Bool, Value::Scalar(scalar)) => scalar.as_bool().is_some(),
        (Int32, Value::Scalar(scalar)) => {
            scalar.as_integer().is_some_and(|number| i32::try_from(number).is_ok())
        }
        (Int64, Value::Scalar(scalar)) => scalar.as_integer().is_some(),
        (Text, Value::Scalar(scalar)) => scalar.is_text(),
        (IntOrText, Value::Scalar(scalar)) => {
            scalar.is_text()
                || scalar.as_integer().is_some_and(|number| i32::try_from(number).is_ok())
        }
        (Opaque | Texts | Object(_), Value::Mapping(_)) | (List(_), Value::Sequence(_)) => true,
        _ => false,
    };
    if !good {
        found.push(Problem {
            kind: ProblemKind::WrongType {
                path: path.clone(),
                wanted: name(wanted),
                found: node.kind(),
            },
            span: node.span,
            related: None,
        });
        return;
    }
    let length = path.len();
    match (wanted, &node.value) {
        (Object(known), Value::Mapping(mapping)) => {
            for field in &mapping.fields {
                if let Some((_, wanted)) = known.iter().find(|(name, _)| *name == &*field.name) {
                    if length > 0 {
                        path.push('.');
                    }
                    path.push_str(&field.name);
                    check(&field.value, wanted, path, found);
                    path.truncate(length);
                }
            }
        }
        (Texts, Value::Mapping(mapping)) => {
            for field in &mapping.fields {
                path.extend(["[", &*field.name, "]"]);
                check(&field.value, &Text, path, found);
                path.truncate(length);
            }
        }
        (List(item), Value::Sequence(sequence)) => {
            for (index, node) in sequence.items.iter().enumerate() {
                path.extend(["[", &index.to_string(), "]"]);
                check(node, item, path, found);
                path.truncate(length);
            }
        }
        _ => {}
    }
}

fn name(wanted: &Type) -> &'static str {
    match wanted {
        Bool => "a boolean",
        Int32 => "a whole number of 32 bits",
        Int64 => "a whole number of 64 bits",
        Text => "a text",
        IntOrText => "a whole number or a text",
        Object(_) | Texts | Opaque => "a mapping",
        List(_) => "a list",
    }
}
