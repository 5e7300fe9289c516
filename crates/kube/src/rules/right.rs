//! What rules on roles look for: a right by its name.

use crate::finding::Findings;
use crate::rules::Context;

/// A right that a rule looks for.
pub(super) struct Right {
    /// Any of these verbs.
    pub(super) verbs: &'static [&'static str],
    /// The group of the API; empty for the core group.
    pub(super) group: &'static str,
    /// To any of these resources.
    pub(super) resources: &'static [&'static str],
    /// Whether a rule that says to which of them, by `resourceNames`, is none of it.
    pub(super) unless_named: bool,
}

/// Reports where a role gives it: `Role/web may get secrets: ` and what follows of that.
///
/// Not what `*` gives, which PK5007 finds.
pub(super) fn report(
    context: &Context<'_>,
    right: &Right,
    consequence: &str,
    findings: &mut Findings<'_>,
) {
    let object = &context.object;
    if !["Role", "ClusterRole"].contains(&object.kind) {
        return;
    }
    for rule in object.node.list("rules") {
        let group = |one: &str| one == "*" || one == right.group;
        let verb = rule.texts("verbs").find(|one| right.verbs.contains(&one.value));
        let resource = rule.texts("resources").find(|one| right.resources.contains(&one.value));
        let (Some(verb), Some(resource)) = (verb, resource) else { continue };
        let is_narrow = right.unless_named && !rule.list("resourceNames").is_empty();
        if !is_narrow && rule.texts("apiGroups").any(|one| group(one.value)) {
            let (called, verb, span) = (object.called(), verb.value, verb.span);
            let message = format!("{called} may {verb} {}: {consequence}", resource.value);
            findings.report(span, message);
        }
    }
}
