//! The Pod Security Standards, judged as the API server judges them.
//!
//! Each check is one file, after `policy/check_*.go` of the admission plugin, with its reasons and
//! details word for word: <https://github.com/kubernetes/pod-security-admission>.

mod check;
mod checks;
mod namespace;
mod plan;
mod policy;
mod wording;

pub use check::{Check, Forbidden, Offence, Revision};
pub use checks::{ALLOWED_CAPABILITIES, ALLOWED_SYSCTLS, FORBIDDEN_VOLUMES};
pub use namespace::{Modes, NamespaceLabels, WrongLabel};
pub use plan::{Advice, Blocker, Rollout, Violation, plan};
pub use policy::{Policy, PolicyError, Profile, Version};

use crate::pod::Pod;

/// All checks: those of baseline, then those of restricted, each by id. In this order Kubernetes
/// names what it forbids.
pub fn all() -> impl Iterator<Item = &'static Check> {
    checks::ALL.iter().copied()
}

/// What a policy forbids in a pod, in Kubernetes' order; nothing where it allows the pod.
pub fn evaluate(pod: &Pod<'_>, policy: Policy) -> Vec<(&'static Check, Forbidden)> {
    if policy.profile == Profile::Privileged {
        return Vec::new();
    }
    let minor = policy.version.minor();
    let at = |check: &'static Check| {
        let revision = check.revisions.iter().rev().find(|revision| revision.since <= minor)?;
        (check.profile <= policy.profile).then_some((check, revision))
    };
    let held: Vec<_> = all().filter_map(at).collect();
    let overridden = |check: &Check| {
        held.iter().any(|(_, revision)| revision.overrides.contains(&check.rule.id))
    };
    held.iter()
        .filter(|(check, _)| !overridden(check))
        .filter_map(|(check, revision)| Some((*check, (revision.check)(pod)?)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn checks_stand_in_the_order_in_which_kubernetes_names_them() {
        let order: Vec<_> = all().map(|check| (check.profile, check.rule.id)).collect();
        let mut sorted = order.clone();
        sorted.sort_unstable();
        assert_eq!(order, sorted);
    }

    #[test]
    fn only_restricted_checks_override_and_only_those_of_baseline() {
        for check in all() {
            for overridden in check.revisions.iter().flat_map(|one| one.overrides) {
                assert_eq!(check.profile, Profile::Restricted);
                let other = all().find(|other| other.rule.id == *overridden);
                assert_eq!(other.map(|other| other.profile), Some(Profile::Baseline));
            }
            assert!(check.revisions.is_sorted_by_key(|one| one.since), "{}", check.rule.id);
        }
    }
}
