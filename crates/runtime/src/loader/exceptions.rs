//! Exceptions of a rule: how they are read, and the condition that they make.

use super::code::{ErrorCode, WarningCode};
use super::context::{Context, ItemType, Place};
use super::decode::{Item, refuse};
use super::item::{Entry, Exception};
use super::report::{Failure, Report};
use super::traced::Traced;
use crate::condition::ast::Op;
use crate::yaml::Node;

/// Reads `exceptions` of a rule; appended ones need no fields.
pub(super) fn read(
    item: Item<'_>,
    append: bool,
    report: &mut Report,
) -> Result<Vec<Exception>, Failure> {
    let mut exceptions: Vec<Exception> = Vec::new();
    let Some(all) = item.node.get("exceptions").filter(|all| !all.is_null()) else {
        return Ok(exceptions);
    };
    let parent = item.context.within(item.file, all, ItemType::Exceptions, "");
    let Some(nodes) = all.sequence() else {
        return refuse("Rule exceptions must be a sequence", parent);
    };
    for node in nodes {
        let unnamed = parent.within(item.file, node, ItemType::Exception, "");
        if node.mapping().is_none() {
            return refuse("Rule exception must be a mapping", unnamed);
        }
        let name: String = Item { node, context: &unnamed, ..item }.required("name")?;
        let context = item.context.within(item.file, node, ItemType::Exception, &name);
        if exceptions.iter().any(|other| other.name == name) {
            let message = format!("Multiple definitions of exception '{name}' in the same rule");
            report.warn(WarningCode::ExceptionNameNotUnique, message, context.clone());
        }
        let own = Item { node, context: &context, ..item };
        let fields = match node.get("fields") {
            Some(fields) => entry(own, fields, &context, "fields")?,
            None if append => Entry::default(),
            None => own.node("fields").map(|_| Entry::default())?,
        };
        let comps = match node.get("comps") {
            Some(comps) => entry(own, comps, &context, "comps")?,
            None => Entry::default(),
        };
        let values = values(own, append, &context, report)?;
        exceptions.push(Exception { context, name, fields, comps, values });
    }
    Ok(exceptions)
}

fn values(
    item: Item<'_>,
    append: bool,
    context: &Context,
    report: &mut Report,
) -> Result<Vec<Entry>, Failure> {
    let Some(all) = item.node.get("values") else {
        if append {
            let message = "Overriding/appending exception with no values";
            report.warn(WarningCode::AppendNoValues, message, context.clone());
        }
        return Ok(Vec::new());
    };
    let parent = context.within(item.file, all, ItemType::ExceptionValues, "");
    let Some(nodes) = all.sequence() else {
        return refuse("Rule exception values must be a sequence", parent);
    };
    nodes
        .iter()
        .map(|node| {
            let context = parent.within(item.file, node, ItemType::ExceptionValue, "");
            entry(item, node, &context, "")
        })
        .collect()
}

/// A text or a list of such; anything else is an empty text.
fn entry(item: Item<'_>, node: &Node, context: &Context, key: &str) -> Result<Entry, Failure> {
    if let Some(text) = node.scalar() {
        if text.is_empty() {
            let place = context.within(item.file, node, ItemType::ValueFor, key);
            return refuse("Value must be non-empty", place);
        }
        return Ok(Entry::Text(text.to_owned()));
    }
    let Some(items) = node.sequence() else { return Ok(Entry::default()) };
    let within = context.within(item.file, node, ItemType::ValueFor, key);
    items.iter().map(|one| entry(item, one, &within, "")).collect::<Result<_, _>>().map(Entry::List)
}

/// A text in quotes where it has blanks and no quotes yet.
pub(super) fn quoted(text: &str) -> String {
    if text.contains(' ') && !text.starts_with(['"', '\'']) {
        format!("\"{text}\"")
    } else {
        text.to_owned()
    }
}

/// A rule's condition with its exceptions.
///
/// After `build_rule_exception_infos` of Falco's `rule_loader_compiler.cpp`.
pub(super) fn with_exceptions(
    condition: &Traced,
    exceptions: &[Exception],
    place: Place,
) -> Result<Traced, Failure> {
    let mut whole = Traced::default();
    whole.push("(", place);
    whole.append(condition);
    whole.push(")", place);
    for exception in exceptions {
        let text = match &exception.fields {
            Entry::Text(field) => of_one_field(exception, field)?,
            Entry::List(fields) => of_fields(exception, fields)?,
        };
        if !text.is_empty() {
            whole.push(" and not ", exception.context.place);
            whole.push(&text, exception.context.place);
        }
    }
    Ok(whole)
}

fn refuse_shape<T>(why: &str, exception: &Exception) -> Result<T, Failure> {
    Err(Failure::new(ErrorCode::Validate, why, exception.context.clone()))
}

fn of_one_field(exception: &Exception, field: &str) -> Result<String, Failure> {
    let mut values = Vec::with_capacity(exception.values.len());
    for value in &exception.values {
        match value {
            Entry::Text(text) => values.push(quoted(text)),
            Entry::List(_) => {
                let why = "Expected values array to contain a list of strings";
                return refuse_shape(why, exception);
            }
        }
    }
    if values.is_empty() {
        return Ok(String::new());
    }
    Ok(format!("({field} {} ({}))", exception.comps.text(), values.join(", ")))
}

fn of_fields(exception: &Exception, fields: &[Entry]) -> Result<String, Failure> {
    let mut alternatives = Vec::with_capacity(exception.values.len());
    for values in &exception.values {
        if values.items().len() != fields.len() {
            return refuse_shape("Fields and values lists must have equal length", exception);
        }
        let comps = exception.comps.items();
        let parts = fields.iter().zip(comps).zip(values.items()).map(|((field, comp), value)| {
            let value = match value {
                Entry::List(items) => {
                    let items: Vec<_> = items.iter().map(|item| quoted(item.text())).collect();
                    format!("({})", items.join(", "))
                }
                Entry::Text(text) if Op::named(comp.text()).is_some_and(Op::takes_list) => {
                    if text.starts_with('(') { text.clone() } else { format!("({text})") }
                }
                Entry::Text(text) => quoted(text),
            };
            format!(" {} {} {value}", field.text(), comp.text())
        });
        alternatives.push(format!("({})", parts.collect::<Vec<_>>().join(" and ")));
    }
    if alternatives.is_empty() {
        return Ok(String::new());
    }
    Ok(format!("({})", alternatives.join(" or ")))
}
