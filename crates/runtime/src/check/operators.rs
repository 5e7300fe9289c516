//! Which operators a type has.
//!
//! After `flt_is_comparable` in libsinsp's `filter_compare.cpp`.

use super::operand::Typed;
use crate::condition::ast::Op;
use crate::fields::Kind;

/// Whether values of this type can be compared so.
pub(super) fn fits(op: Op, typed: &Typed) -> Result<(), String> {
    // `==` is another word for `=`.
    let name = if op.name == "==" { "=" } else { op.name };
    let (allowed, what): (&[&str], &str) = if typed.list {
        match typed.kind {
            Kind::Text
            | Kind::Unsigned(64)
            | Kind::Duration
            | Kind::Time
            | Kind::Bool
            | Kind::Address
            | Kind::Network => (&["in", "intersects"], "list filters"),
            other => {
                return Err(format!("list filters are not supported for type '{}'", other.name()));
            }
        }
    } else {
        match typed.kind {
            Kind::Text => (
                &[
                    "=",
                    "!=",
                    "<",
                    "<=",
                    ">",
                    ">=",
                    "contains",
                    "in",
                    "icontains",
                    "startswith",
                    "glob",
                    "pmatch",
                    "endswith",
                    "intersects",
                    "iglob",
                    "regex",
                ],
                "for string filters",
            ),
            Kind::Bytes => (
                &[
                    "=",
                    "!=",
                    "contains",
                    "in",
                    "startswith",
                    "endswith",
                    "intersects",
                    "bcontains",
                    "bstartswith",
                ],
                "for buffer filters",
            ),
            Kind::Bool => (&["=", "!=", "in", "intersects"], "for numeric filters"),
            Kind::Address | Kind::Network => {
                (&["=", "!=", "in", "intersects"], "for ip address and network filters")
            }
            Kind::Opaque => (&[], "for type 'NONE'"),
            _ => (&["=", "!=", "<", "<=", ">", ">=", "in", "intersects"], "for numeric filters"),
        }
    };
    if allowed.contains(&name) {
        return Ok(());
    }
    if op.modifier.is_some() && matches!(typed.kind, Kind::Address | Kind::Network) && !typed.list {
        return Err(format!("'{name}' with modifier not supported {what}"));
    }
    Err(format!("'{name}' operator not supported {what}"))
}
