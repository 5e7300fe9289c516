//! Why an expression is not true: its parts that are false, with the values they were given.

use ::cel::common::ast::operators;
use ::cel::common::ast::{CallExpr, ComprehensionExpr, Expr};
use ::cel::{Context, ExecutionError, IdedExpr, Value as Cel};
use serde_json::Value;

use super::meter::without;
use super::text::Text;
use crate::predicate_policy::{MAX_REASONS, shown};

/// How deep a reason goes into loops.
const MAX_LOOPS: usize = 4;

/// Collects reasons.
pub(super) struct Explainer<'e> {
    text: &'e Text<'e>,
    /// Elements of the lists that are being walked, for the reasons inside of them.
    elements: Vec<String>,
    pub(super) reasons: Vec<String>,
}

/// What is false because of its parts, each of which is a reason.
const JOINED: [&str; 2] = [operators::LOGICAL_AND, operators::LOGICAL_OR];

impl<'e> Explainer<'e> {
    pub(super) fn new(text: &'e Text<'e>) -> Self {
        Self { text, elements: Vec::new(), reasons: Vec::new() }
    }

    /// Adds the reasons for which `expression` is not true.
    pub(super) fn explain(&mut self, expression: &IdedExpr, context: &Context<'_, '_>) {
        let expression = without(expression);
        if self.reasons.len() > MAX_REASONS {
            return;
        }
        match context.resolve(expression) {
            Ok(Cel::Bool(true)) => {}
            Ok(Cel::Bool(false)) => self.explain_false(expression, context),
            Ok(other) => {
                let said = format!("is {}, and not true or false", value(&other));
                self.say(expression, &said);
            }
            Err(error) => self.explain_error(expression, &error, context),
        }
    }

    fn explain_false(&mut self, expression: &IdedExpr, context: &Context<'_, '_>) {
        match &expression.expr {
            Expr::Call(call) if JOINED.contains(&call.func_name.as_str()) => {
                call.args.iter().for_each(|part| self.explain(part, context));
            }
            Expr::Call(call) if call.func_name == operators::CONDITIONAL => {
                let [condition, yes, no] = call.args.as_slice() else { return };
                let taken =
                    if context.resolve(condition) == Ok(Cel::Bool(true)) { yes } else { no };
                self.explain(taken, context);
            }
            Expr::Call(call) => {
                let said = format!("is false{}", self.given(call, context));
                self.say(expression, &said);
            }
            Expr::Comprehension(it) if self.elements.len() < MAX_LOOPS => {
                self.explain_loop(expression, it, context);
            }
            Expr::Select(select) if select.test => {
                self.say(expression, "is false: it is not there");
            }
            _ => self.say(expression, "is false"),
        }
    }

    /// The first element for which `all` fails, or how many there are of which none is as `exists`
    /// asks.
    fn explain_loop(
        &mut self,
        expression: &IdedExpr,
        it: &ComprehensionExpr,
        context: &Context<'_, '_>,
    ) {
        let items = match context.resolve(&it.iter_range) {
            Ok(Cel::List(items)) => items.to_vec(),
            Ok(Cel::Map(map)) => map.map.keys().map(Cel::from).collect(),
            _ => Vec::new(),
        };
        let Some((step, true)) = condition(it) else {
            let list = self.text.of(without(&it.iter_range));
            let said = match items.as_slice() {
                [] => format!("is false: `{list}` is empty"),
                [only] => format!("is false: the only one of `{list}` is {}", value(only)),
                [first, ..] => format!(
                    "is false: none of the {} of `{list}` is like this; the first is {}",
                    items.len(),
                    value(first)
                ),
            };
            return self.say(expression, &said);
        };
        for (at, item) in items.into_iter().enumerate() {
            let mut inner = context.new_inner_scope();
            let element = format!("{} #{at} {}", it.iter_var, brief(&item));
            inner.add_variable_from_value(it.iter_var.as_str(), item);
            if inner.resolve(step) == Ok(Cel::Bool(true)) {
                continue;
            }
            self.elements.push(element);
            self.explain(step, &inner);
            self.elements.pop();
            return;
        }
        self.say(expression, "is false");
    }

    /// The innermost part that fails, and how.
    fn explain_error(
        &mut self,
        expression: &IdedExpr,
        error: &ExecutionError,
        context: &Context<'_, '_>,
    ) {
        let parts: Vec<&IdedExpr> = match &expression.expr {
            Expr::Call(call) => call.target.iter().map(AsRef::as_ref).chain(&call.args).collect(),
            Expr::Select(select) => vec![&select.operand],
            Expr::Comprehension(it) => vec![&it.iter_range],
            _ => Vec::new(),
        };
        for part in parts {
            let part = without(part);
            if let Err(inner) = context.resolve(part) {
                return self.explain_error(part, &inner, context);
            }
        }
        let said = match error {
            ExecutionError::NoSuchKey(key) => format!("failed: there is no `{key}`"),
            // The others quote whole values.
            other => {
                let text = other.to_string();
                let short: String = text.chars().take(160).collect();
                format!("failed: {short}{}", if short.len() < text.len() { "…" } else { "" })
            }
        };
        self.say(expression, &said);
    }

    /// The values of a call's operands that are not written in it.
    fn given(&self, call: &CallExpr, context: &Context<'_, '_>) -> String {
        let operands = call.target.iter().map(AsRef::as_ref).chain(&call.args).map(without);
        let values: Vec<String> = operands
            .filter(|it| !is_constant(it))
            .filter_map(|it| {
                let found = context.resolve(it).ok()?;
                Some(format!("`{}` is {}", self.text.of(it), value(&found)))
            })
            .collect();
        if values.is_empty() { String::new() } else { format!(": {}", values.join(", ")) }
    }

    fn say(&mut self, expression: &IdedExpr, what: &str) {
        let element = self.elements.last();
        let element = element.map(|it| format!(", for {it}")).unwrap_or_default();
        let (at, text) = (self.text.at(expression), self.text.of(expression));
        self.reasons.push(format!("{at}: `{text}` {what}{element}"));
    }
}

/// What a loop asks of each element, and whether of all.
fn condition(it: &ComprehensionExpr) -> Option<(&IdedExpr, bool)> {
    let Expr::Call(call) = &it.loop_step.expr else { return None };
    let [_, asked] = call.args.as_slice() else { return None };
    match call.func_name.as_str() {
        operators::LOGICAL_AND => Some((asked, true)),
        operators::LOGICAL_OR => Some((asked, false)),
        _ => None,
    }
}

fn is_constant(expression: &IdedExpr) -> bool {
    match &expression.expr {
        Expr::Literal(_) => true,
        Expr::List(list) => list.elements.iter().map(without).all(is_constant),
        _ => false,
    }
}

fn value(value: &Cel) -> String {
    value.json().map_or_else(|_| "a value that JSON has not".into(), |json: Value| shown(&json))
}

/// An element of a list: of an object what names it, and not the lists in it.
fn brief(element: &Cel) -> String {
    let Ok(Value::Object(mut fields)) = element.json() else { return value(element) };
    let has_plain = fields.values().any(|it| !it.is_object() && !it.is_array());
    if has_plain {
        fields.retain(|_, it| !it.is_object() && !it.is_array() && !it.is_null());
    }
    shown(&Value::Object(fields))
}
