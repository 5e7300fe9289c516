//! What rules on roles look for: a right by its name.

use plimsoll_model::text::Span;

use crate::manifest::Node;
use crate::object::Object;

/// A right that a rule looks for.
pub(super) struct Right {
    /// Any of these verbs.
    pub(super) verbs: &'static [&'static str],
    /// The group of the API; empty for the core group.
    pub(super) group: &'static str,
    /// To any of these resources.
    pub(super) resources: &'static [&'static str],
}

/// Where a role gives it, and what it gives: `get secrets`.
///
/// Not what `*` gives, which PK5007 finds.
pub(super) fn given<'m>(
    object: &Object<'m>,
    right: &'static Right,
) -> impl Iterator<Item = (Span, String, &'m Node)> {
    let is_role = ["Role", "ClusterRole"].contains(&object.kind);
    let rules = if is_role { object.node.list("rules") } else { &[] };
    rules.iter().filter_map(move |rule| {
        let group = |one: &str| one == "*" || one == right.group;
        if !rule.texts("apiGroups").any(|one| group(one.value)) {
            return None;
        }
        let verb = rule.texts("verbs").find(|one| right.verbs.contains(&one.value))?;
        let resource = rule.texts("resources").find(|one| right.resources.contains(&one.value))?;
        Some((verb.span, format!("{} {}", verb.value, resource.value), &**rule))
    })
}
