//! Where a file differs from the JSON schema of rule files, which alone is no error.
//!
//! After Falco's `rule_json_schema.h`.

use std::sync::Arc;

use super::overrides::REPLACEABLE;
use crate::yaml::Node;

/// How many differences are named.
const MAX_NAMED: usize = 100;

enum Shape {
    Text,
    Boolean,
    Whole,
    Any,
    One(&'static [&'static str]),
    List(&'static Shape),
    Object(fn() -> Vec<(&'static str, Shape)>),
}

const OPERATIONS: &[&str] = &["append", "replace"];
const PRIORITIES: &[&str] = &[
    "EMERGENCY",
    "ALERT",
    "CRITICAL",
    "ERROR",
    "WARNING",
    "NOTICE",
    "INFO",
    "INFORMATIONAL",
    "DEBUG",
];

fn item() -> Vec<(&'static str, Shape)> {
    vec![
        ("required_engine_version", Shape::Text),
        ("required_plugin_versions", Shape::List(&Shape::Object(plugin))),
        ("macro", Shape::Text),
        ("condition", Shape::Text),
        ("list", Shape::Text),
        ("items", Shape::List(&Shape::Text)),
        ("rule", Shape::Text),
        ("desc", Shape::Text),
        ("enabled", Shape::Boolean),
        ("output", Shape::Text),
        ("append", Shape::Boolean),
        ("priority", Shape::One(PRIORITIES)),
        ("capture", Shape::Boolean),
        ("capture_duration", Shape::Whole),
        ("source", Shape::Text),
        ("exceptions", Shape::List(&Shape::Object(exception))),
        ("override", Shape::Object(overrides)),
        ("tags", Shape::List(&Shape::Text)),
        ("warn_evttypes", Shape::Boolean),
        ("skip-if-unknown-filter", Shape::Boolean),
    ]
}

fn exception() -> Vec<(&'static str, Shape)> {
    vec![
        ("name", Shape::Text),
        ("fields", Shape::Any),
        ("comps", Shape::Any),
        ("values", Shape::Any),
    ]
}

fn overrides() -> Vec<(&'static str, Shape)> {
    let keys = REPLACEABLE.iter().copied().chain(["items"]);
    keys.map(|key| (key, Shape::One(OPERATIONS))).collect()
}

fn plugin() -> Vec<(&'static str, Shape)> {
    let mut fields = alternative();
    fields.push(("alternatives", Shape::List(&Shape::Object(alternative))));
    fields
}

fn alternative() -> Vec<(&'static str, Shape)> {
    vec![("name", Shape::Text), ("version", Shape::Text)]
}

/// Where the documents differ.
pub(super) fn differences(documents: &[Arc<Node>]) -> Vec<String> {
    let mut found = Vec::new();
    for document in documents.iter().filter(|document| !document.is_null()) {
        judge(document, &Shape::List(&Shape::Object(item)), "", &mut found);
    }
    found
}

fn judge(node: &Node, shape: &Shape, path: &str, found: &mut Vec<String>) {
    if found.len() >= MAX_NAMED {
        return;
    }
    let here = if path.is_empty() { "/" } else { path };
    let mut wrong = |what: &str| found.push(format!("{here} is no {what}"));
    match shape {
        Shape::Text if node.scalar().is_none() && !node.is_null() => wrong("text"),
        Shape::Boolean if !matches!(node.scalar(), Some("true" | "false")) => {
            wrong("boolean: it is true or false");
        }
        Shape::Whole if node.scalar().and_then(|text| text.parse::<i64>().ok()).is_none() => {
            wrong("whole number");
        }
        Shape::One(known) if !node.scalar().is_some_and(|text| known.contains(&text)) => {
            found.push(format!("{here} is none of {}", known.join(", ")));
        }
        Shape::List(of) => match node.sequence() {
            None => wrong("list"),
            Some(items) => {
                for (at, item) in items.iter().enumerate() {
                    judge(item, of, &format!("{path}/{at}"), found);
                }
            }
        },
        Shape::Object(of) => {
            let Some(fields) = node.mapping() else { return wrong("mapping") };
            let known = of();
            for (key, value) in fields {
                let key = key.scalar().unwrap_or_default();
                match known.iter().find(|(name, _)| *name == key) {
                    Some((_, shape)) => judge(value, shape, &format!("{path}/{key}"), found),
                    None => found.push(format!("{here}: the key '{key}' is not in the schema")),
                }
            }
        }
        _ => {}
    }
}
