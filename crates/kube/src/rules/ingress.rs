//! What rules on ingresses ask alike.

use plimsoll_model::text::Span;

use crate::manifest::Node;
use crate::object::Object;

/// Whether an object is an Ingress.
pub(super) fn is_ingress(object: &Object<'_>) -> bool {
    // `extensions` is where it came from.
    object.kind == "Ingress" && ["networking.k8s.io", "extensions"].contains(&object.group())
}

/// What is marked of a rule that lacks something: the name of its first field.
pub(super) fn start(rule: &Node) -> Span {
    let first = rule.as_mapping().and_then(|mapping| mapping.fields.first());
    first.map_or(Span::at(rule.span.start), |field| field.name_span)
}
