//! Macros put in place of their names.
//!
//! After Falco's `filter_macro_resolver.cpp`, with a bound: a macro of macros of macros can stand
//! for more than any memory holds.

use std::collections::HashMap;

use crate::condition::ast::{Expr, ExprKind, Pos};

/// How many parts a condition may have with its macros in place.
const MAX_PARTS: u32 = 200_000;
/// How deep it may be nested.
const MAX_DEPTH: u32 = 250;

/// Why a macro cannot be put in place, and where its name stands.
#[derive(Debug)]
pub(super) struct MacroError {
    pub(super) message: String,
    pub(super) at: Pos,
    /// The name of the macro that there is not.
    pub(super) unknown: Option<String>,
}

/// A condition with macros in place, and the names of those that were used.
pub(super) fn resolve(
    condition: &Expr,
    macros: &HashMap<&str, &Expr>,
) -> Result<(Expr, Vec<String>), MacroError> {
    let mut resolver = Resolver {
        macros,
        path: Vec::new(),
        used: Vec::new(),
        parts: 0,
        error: None,
        unknown: None,
    };
    let tree = resolver.visit(condition, 0)?;
    match (resolver.error, resolver.unknown) {
        (Some(error), _) | (None, Some(error)) => Err(error),
        (None, None) => Ok((tree, resolver.used)),
    }
}

struct Resolver<'m> {
    macros: &'m HashMap<&'m str, &'m Expr>,
    path: Vec<&'m str>,
    used: Vec<String>,
    parts: u32,
    error: Option<MacroError>,
    unknown: Option<MacroError>,
}

impl Resolver<'_> {
    fn visit(&mut self, expr: &Expr, depth: u32) -> Result<Expr, MacroError> {
        self.parts = self.parts.saturating_add(1);
        if self.parts > MAX_PARTS || depth > MAX_DEPTH {
            let message = format!(
                "the condition is too large with its macros: more than {MAX_PARTS} parts or \
                 {MAX_DEPTH} levels"
            );
            return Err(MacroError { message, at: expr.at, unknown: None });
        }
        let below = depth.saturating_add(1);
        let kind = match &expr.kind {
            ExprKind::And(children) => ExprKind::And(self.all(children, below)?),
            ExprKind::Or(children) => ExprKind::Or(self.all(children, below)?),
            ExprKind::Not(child) => ExprKind::Not(Box::new(self.visit(child, below)?)),
            ExprKind::Macro(name) => return self.called(name, expr, below),
            other => other.clone(),
        };
        Ok(Expr { at: expr.at, kind })
    }

    fn all(&mut self, children: &[Expr], depth: u32) -> Result<Vec<Expr>, MacroError> {
        children.iter().map(|child| self.visit(child, depth)).collect()
    }

    fn called(&mut self, name: &str, expr: &Expr, depth: u32) -> Result<Expr, MacroError> {
        let Some((&known, &condition)) = self.macros.get_key_value(name) else {
            self.unknown.get_or_insert_with(|| MacroError {
                message: format!("Undefined macro '{name}' used in filter."),
                at: expr.at,
                unknown: Some(name.to_owned()),
            });
            return Ok(expr.clone());
        };
        if self.path.contains(&known) {
            self.error.get_or_insert_with(|| MacroError {
                message: format!("reference loop in macro '{name}'"),
                at: expr.at,
                unknown: None,
            });
            return Ok(expr.clone());
        }
        self.path.push(known);
        let resolved = self.visit(condition, depth)?;
        self.path.pop();
        self.used.push(name.to_owned());
        Ok(resolved)
    }
}
