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
    let Some((allowed, what)) = allowed(typed.kind, typed.list) else {
        let kind = typed.kind.name();
        return Err(format!("list filters are not supported for type '{kind}'"));
    };
    if allowed.contains(&name) {
        return Ok(());
    }
    if op.modifier.is_some() && matches!(typed.kind, Kind::Address | Kind::Network) && !typed.list {
        return Err(format!("'{name}' with modifier not supported {what}"));
    }
    Err(format!("'{name}' operator not supported {what}"))
}

/// Operators, and of what they are, in libsinsp's words.
pub(crate) type Allowed = (&'static [&'static str], &'static str);

/// The operators of a type; none of lists that cannot be compared.
pub(crate) fn allowed(kind: Kind, list: bool) -> Option<Allowed> {
    if list {
        return match kind {
            Kind::Text
            | Kind::Unsigned(64)
            | Kind::Duration
            | Kind::Time
            | Kind::Bool
            | Kind::Address
            | Kind::Network => Some((&["in", "intersects"], "list filters")),
            _ => None,
        };
    }
    let allowed: Allowed = match kind {
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
    };
    Some(allowed)
}
