//! Namespaces whose labels are set or changed: `ValidateNamespace` of the admission plugin.

use std::collections::{BTreeMap, HashSet};

use plimsoll_kube::Object;
use plimsoll_kube::manifest::Node;
use plimsoll_kube::pss::{self, Modes, Policy, Profile, WrongLabel};

use super::{exempt_class, modes as asked};
use crate::answer::{Answer, Status};
use crate::facts::Facts;
use crate::review::{Operation, Request, Subject};
use crate::settings::{Mode, PodSecurity};

/// How many pods are looked at: `defaultNamespaceMaxPodsToCheck`.
const MAX_PODS: usize = 3000;

type Labels = BTreeMap<String, String>;

fn labels(node: Option<&Node>) -> Labels {
    let fields = node.and_then(|node| node.at(&["metadata", "labels"])).and_then(Node::as_mapping);
    let text = |field: &plimsoll_kube::manifest::Field| {
        Some((field.name.to_string(), field.value.as_str()?.to_owned()))
    };
    fields.into_iter().flat_map(|all| &all.fields).filter_map(text).collect()
}

/// The labels that cannot be read, as the API server says it: field by field.
pub(super) fn errors(wrong: &[WrongLabel]) -> Vec<String> {
    causes(wrong).into_iter().map(|(field, what)| format!("{field}: {what}")).collect()
}

fn causes(wrong: &[WrongLabel]) -> Vec<(String, String)> {
    let cause = |one: &WrongLabel| {
        let field = format!("metadata.labels[{}]", one.label);
        (field, format!("Invalid value: {:?}: {}", one.value, one.error.demand()))
    };
    wrong.iter().map(cause).collect()
}

/// The policy that running pods are asked about, where it is stricter than before.
pub(super) fn new_enforced(request: &Request<'_>, own: &PodSecurity) -> Option<Policy> {
    stricter(request, own).filter(|_| !is_exempt(request, own))
}

fn stricter(request: &Request<'_>, own: &PodSecurity) -> Option<Policy> {
    let is_namespace = request.subject() == Subject::Namespace && request.subresource.is_empty();
    if !is_namespace || request.operation != Operation::Update {
        return None;
    }
    let (new, _) = asked(&labels(request.object), own);
    let (old, _) = asked(&labels(request.old), own);
    let relaxed =
        new.enforce.version == old.enforce.version && new.enforce.profile <= old.enforce.profile;
    let is_asked =
        new.enforce != old.enforce && new.enforce.profile != Profile::Privileged && !relaxed;
    is_asked.then_some(new.enforce)
}

fn is_exempt(request: &Request<'_>, own: &PodSecurity) -> bool {
    own.exemptions.namespaces.iter().any(|one| one == request.namespace)
}

pub(super) fn judge(request: &Request<'_>, own: &PodSecurity, facts: &Facts) -> Answer {
    let new_labels = labels(request.object);
    let (new, wrong) = asked(&new_labels, own);
    let refuses = |wrong: &[WrongLabel]| {
        let (group, kind) = (request.kind.group, request.kind.name);
        let status = Status::invalid(group, kind, request.name, causes(wrong));
        let text = status.message.clone();
        match own.mode {
            Mode::Enforce => Answer::denied(status),
            Mode::Warn => Answer { warnings: vec![text], ..Answer::allowed() },
            Mode::Audit | Mode::DryRun => Answer::allowed().annotated("error", text),
        }
    };
    let ignored = || {
        let text = is_exempt(request, own)
            .then(|| exempt_warning(request.called(), new, own.defaults.0, &new_labels))
            .flatten();
        Answer { warnings: text.into_iter().collect(), ..Answer::allowed() }
    };
    match request.operation {
        Operation::Create if !wrong.is_empty() => refuses(&wrong),
        Operation::Create => ignored(),
        Operation::Update => {
            let (_, before) = asked(&labels(request.old), own);
            if !wrong.is_empty() && wrong != before {
                return refuses(&wrong);
            }
            let Some(enforce) = stricter(request, own) else { return Answer::allowed() };
            if is_exempt(request, own) {
                return ignored();
            }
            let warnings = match &facts.pods {
                Some(Ok(pods)) => evaluate(pods, request.called(), enforce, own),
                _ => {
                    vec!["failed to list pods while checking new PodSecurity enforce level".into()]
                }
            };
            Answer { warnings, ..Answer::allowed() }
        }
        Operation::Other => Answer::allowed(),
    }
}

/// `EvaluatePodsInNamespace` of the admission plugin.
fn evaluate(
    pods: &plimsoll_kube::manifest::Manifest,
    namespace: &str,
    enforce: Policy,
    own: &PodSecurity,
) -> Vec<String> {
    let root = pods.documents.first();
    let items = root.map_or(&[][..], |root| root.list("items"));
    let mut first = Vec::new();
    let mut more = Vec::new();
    let mut controllers = HashSet::new();
    for item in items {
        // The items of a list have neither kind nor version.
        let Some(pod) = plimsoll_kube::Pod::of(item, &pods.source) else { continue };
        if exempt_class(pod.spec, own) {
            continue;
        }
        match controller(item) {
            Some(uid) if !controllers.insert(uid) => more.push((item, pod)),
            _ => first.push((item, pod)),
        }
    }
    first.extend(more);
    let total = first.len();
    let mut by_reason: BTreeMap<String, (&str, usize)> = BTreeMap::new();
    for (item, pod) in first.iter().take(MAX_PODS) {
        let found = pss::evaluate(pod, enforce);
        if found.is_empty() {
            continue;
        }
        let reasons: Vec<&str> = found.iter().map(|(_, one)| one.reason.as_ref()).collect();
        let name = Object::new(item).name;
        let (least, count) = by_reason.entry(reasons.join(", ")).or_insert((name, 0));
        *least = name.min(*least);
        *count = count.saturating_add(1);
    }
    let mut lines: Vec<String> = by_reason
        .into_iter()
        .map(|(reason, (name, count))| match count {
            1 => format!("{name}: {reason}"),
            2 => format!("{name} (and 1 other pod): {reason}"),
            _ => format!("{name} (and {} other pods): {reason}", count.saturating_sub(1)),
        })
        .collect();
    lines.sort();
    let mut warnings = Vec::new();
    if total > MAX_PODS {
        warnings.push(format!(
            "new PodSecurity enforce level only checked against the first {MAX_PODS} of {total} \
             existing pods"
        ));
    }
    if !lines.is_empty() {
        warnings.push(format!(
            "existing pods in namespace {namespace:?} violate the new PodSecurity enforce level \
             \"{enforce}\""
        ));
    }
    warnings.extend(lines);
    warnings
}

fn controller(pod: &Node) -> Option<&str> {
    let owners = pod.get("metadata")?.list("ownerReferences");
    let owner = owners.iter().find(|one| one.boolean("controller").is_some_and(|is| is.value))?;
    owner.text("uid").map(|uid| uid.value)
}

/// `exemptNamespaceWarning` of the admission plugin.
fn exempt_warning(name: &str, modes: Modes, defaults: Modes, labels: &Labels) -> Option<String> {
    let same = |one: Policy, other: Policy| {
        one == other || [one, other].iter().all(|it| it.profile == Profile::Privileged)
    };
    let as_default = same(modes.enforce, defaults.enforce)
        && same(modes.audit, defaults.audit)
        && same(modes.warn, defaults.warn);
    if modes.is_open() || as_default {
        return None;
    }
    let all = [("enforce", modes.enforce), ("audit", modes.audit), ("warn", modes.warn)];
    let said = all.iter().filter(|(mode, policy)| {
        let label = format!("pod-security.kubernetes.io/{mode}");
        policy.profile != Profile::Privileged
            && (labels.contains_key(&label) || labels.contains_key(&format!("{label}-version")))
    });
    let said: Vec<String> = said.map(|(mode, policy)| format!("{mode}={policy}")).collect();
    Some(format!(
        "namespace {name:?} is exempt from Pod Security, and the policy ({}) will be ignored",
        said.join(", ")
    ))
}
