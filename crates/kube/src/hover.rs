//! What the field at a place means, for an editor.

use plimsoll_model::text::Span;

use crate::effective::effective;
use crate::estate::Estate;
use crate::manifest::{Manifest, Node, Value};
use crate::object::objects;
use crate::pod::{Container, Pod};
use crate::pss::{self, Profile};
use crate::rule::Rule;
use crate::rules;
use crate::workload::Workload;

/// What is shown of a field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hover {
    /// The field's name.
    pub span: Span,
    /// Markdown: the rules that look at it.
    pub text: String,
}

/// What the rules have to say of the field whose name or plain value stands at a byte of the
/// text.
pub fn hover(manifest: &Manifest, at: u32) -> Option<Hover> {
    let (objects, _) = objects(manifest);
    let object = objects.iter().find(|object| covers(object.node.span, at))?;
    let workload = Workload::new(*object, &manifest.source)?;
    let mut path = Vec::new();
    let span = descend(workload.pod.root, at, &mut path)?;
    let is_context = path.last().is_some_and(|name| name == "securityContext");
    if is_context && path.len() > 2 {
        let container = workload.pod.containers.iter().find(|one| covers(one.node.span, at))?;
        return Some(Hover { span, text: merged(&workload.pod, container) });
    }
    let path = path.join(".").replace(".[*]", "[*]");
    let path = path.replace("initContainers", "containers");
    let path = path.replace("ephemeralContainers", "containers");
    let text = pages(&path)?;
    Some(Hover { span, text })
}

/// What a container runs with, by its pod and itself.
fn merged(pod: &Pod<'_>, container: &Container<'_>) -> String {
    let head = format!("What `{}` runs with:\n\n| | | |\n| --- | --- | --- |\n", container.name);
    effective(pod, container, &Estate::default()).iter().fold(head, |text, one| {
        let value = one.value.replace(['|', '\n', '`'], " ");
        text + &format!("| {} | {value} | {} |\n", one.name, one.origin.name())
    })
}

fn covers(span: Span, at: u32) -> bool {
    span.start <= at && at <= span.end
}

/// Goes down to the field at a place; its names are left in `path`.
fn descend(node: &Node, at: u32, path: &mut Vec<String>) -> Option<Span> {
    match &node.value {
        Value::Mapping(mapping) => mapping.fields.iter().find_map(|field| {
            path.push(field.name.to_string());
            let own = covers(field.name_span, at);
            let found = if own || field.value.span.is_empty() {
                own.then_some(field.name_span)
            } else if !covers(field.value.span, at) {
                None
            } else if matches!(field.value.value, Value::Scalar(_)) {
                Some(field.name_span)
            } else {
                descend(&field.value, at, path)
            };
            if found.is_none() {
                path.pop();
            }
            found
        }),
        Value::Sequence(sequence) => sequence.items.iter().find_map(|item| {
            if !covers(item.span, at) {
                return None;
            }
            path.push("[*]".to_owned());
            if matches!(item.value, Value::Scalar(_)) {
                return Some(item.span);
            }
            let found = descend(item, at, path);
            if found.is_none() {
                path.pop();
            }
            found
        }),
        Value::Scalar(_) => None,
    }
}

/// The pages of the rules that look at a field, each in a few lines.
fn pages(path: &str) -> Option<String> {
    let looks = |rule: &Rule| rule.fields.iter().any(|field| concerns(field, path));
    let mut pages = Vec::new();
    for check in pss::all().filter(|check| looks(&check.rule)) {
        let since = check.revisions.first().map_or(0, |revision| revision.since);
        let profile = match check.profile {
            Profile::Baseline => "baseline and restricted",
            _ => "restricted",
        };
        let since = if since > 0 { format!(" since v1.{since}") } else { String::new() };
        pages.push(format!(
            "**{}** ({}): Pod Security Standards, {profile}{since}\n\n{}",
            check.rule.title, check.rule.id, check.rule.why
        ));
    }
    for rule in rules::all().filter(|rule| looks(&rule.rule)) {
        let rule = &rule.rule;
        pages.push(format!("**{}** ({})\n\n{}", rule.title, rule.id, rule.why));
    }
    (!pages.is_empty()).then(|| pages.join("\n\n---\n\n"))
}

/// Whether a rule's field is the one at a path, or stands directly in it.
fn concerns(field: &str, path: &str) -> bool {
    let same = field.strip_suffix("[*]").unwrap_or(field);
    let path = path.strip_suffix("[*]").unwrap_or(path);
    same == path
        || field == path
        || field.rsplit_once('.').is_some_and(|(up, _)| {
            // `securityContext` itself is about everything, so it says nothing.
            up == path
                && !up.ends_with("securityContext")
                && !up.ends_with("spec")
                && !up.ends_with("[*]")
                && up != "metadata"
        })
}

#[cfg(test)]
mod tests {
    use plimsoll_model::text::Source;

    use super::*;

    fn hovered(text: &str, word: &str) -> Option<(String, String)> {
        let manifest = Manifest::parse(Source::new(text));
        let at = u32::try_from(text.find(word).unwrap()).unwrap();
        let found = hover(&manifest, at)?;
        Some((manifest.source.slice(found.span).to_owned(), found.text))
    }

    const POD: &str = "kind: Pod\napiVersion: v1\nspec:\n  hostPID: true\n  initContainers:\n  - \
                       name: a\n    securityContext:\n      capabilities:\n        drop: \
                       [ALL]\n      seccompProfile:\n        type: Localhost\n";

    #[test]
    fn a_field_tells_what_the_standards_ask_of_it() {
        let (name, text) = hovered(POD, "hostPID").unwrap();
        assert_eq!(name, "hostPID");
        assert!(text.contains("(hostNamespaces): Pod Security Standards, baseline and restricted"));
        let (_, text) = hovered(POD, "ALL").unwrap();
        assert!(text.contains("restricted since v1.22"), "{text}");
        let (name, text) = hovered(POD, "Localhost").unwrap();
        assert_eq!(name, "type");
        assert!(text.contains("seccompProfile_restricted"), "{text}");
        assert_eq!(hovered(POD, "name: a"), None);
        let (name, text) = hovered(POD, "securityContext").unwrap();
        assert_eq!(name, "securityContext");
        assert!(text.contains("| capabilities | drop ALL | container |"), "{text}");
        assert!(text.contains("| hostPID | true | pod |"), "{text}");
    }
}
