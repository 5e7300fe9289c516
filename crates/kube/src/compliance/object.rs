//! Looks at one object that no rule takes: `None` where it is not about what the control asks.

use super::Wrong;
use crate::manifest::Node;
use crate::object::Object;
use crate::pss::NamespaceLabels;
use crate::workload::Workload;

/// Whether it is a role, or binds one.
pub(super) fn is_role(object: &Object<'_>) -> bool {
    is_plain_role(object) || is_binding(object)
}

fn is_plain_role(object: &Object<'_>) -> bool {
    ["Role", "ClusterRole"].contains(&object.kind)
}

fn is_binding(object: &Object<'_>) -> bool {
    ["RoleBinding", "ClusterRoleBinding"].contains(&object.kind)
}

/// Roles that may create pods; those of Kubernetes itself are left alone.
pub(super) fn creates_pods(object: &Object<'_>, _: Option<&Workload<'_>>) -> Option<Vec<Wrong>> {
    if !is_plain_role(object) {
        return None;
    }
    if object.name.starts_with("system:") {
        return Some(Vec::new());
    }
    let wrong = object.node.list("rules").iter().filter_map(|rule| {
        let has = |field: &str, wanted: &[&str]| {
            rule.texts(field).find(|one| wanted.contains(&one.value))
        };
        has("apiGroups", &["", "*"])?;
        has("resources", &["pods", "*"])?;
        let verb = has("verbs", &["create", "*"])?;
        Some((verb.span, format!("{} may create pods", object.called())))
    });
    Some(wrong.collect())
}

/// Pods and bindings that use the account `default`.
pub(super) fn default_account(
    object: &Object<'_>,
    workload: Option<&Workload<'_>>,
) -> Option<Vec<Wrong>> {
    if let Some(Workload { pod, .. }) = workload {
        let account = pod.spec.text("serviceAccountName").or(pod.spec.text("serviceAccount"));
        let is_default = account.is_none_or(|one| ["", "default"].contains(&one.value));
        let token = pod.spec.boolean("automountServiceAccountToken");
        if !is_default || token.is_some_and(|token| !token.value) {
            return Some(Vec::new());
        }
        let span = account.map_or_else(|| object.head(), |one| one.span);
        let message = format!("{} runs as the default service account", object.called());
        return Some(vec![(span, message)]);
    }
    if !is_binding(object) {
        return None;
    }
    let message = || format!("{} gives rights to a default service account", object.called());
    let wrong = subjects(object, "ServiceAccount", "default").map(|span| (span, message()));
    Some(wrong.collect())
}

/// Bindings to the group that may do everything, whatever the roles are.
pub(super) fn masters(object: &Object<'_>, _: Option<&Workload<'_>>) -> Option<Vec<Wrong>> {
    // The API server makes this one anew.
    if !is_binding(object) || object.name == "cluster-admin" {
        return is_binding(object).then(Vec::new);
    }
    let message = || format!("{} is for system:masters", object.called());
    Some(subjects(object, "Group", "system:masters").map(|span| (span, message())).collect())
}

fn subjects<'m>(
    object: &Object<'m>,
    kind: &'static str,
    name: &'static str,
) -> impl Iterator<Item = plimsoll_model::text::Span> + use<'m> {
    let text = |node: &Node, field: &str, wanted: &str| {
        node.text(field).is_some_and(|one| one.value == wanted)
    };
    let subjects = object.node.list("subjects").iter();
    subjects
        .filter(move |one| text(one, "kind", kind) && text(one, "name", name))
        .map(|one| one.span)
}

/// Namespaces that enforce a level of the Pod Security Standards.
pub(super) fn enforces(object: &Object<'_>, _: Option<&Workload<'_>>) -> Option<Vec<Wrong>> {
    if object.kind != "Namespace" {
        return None;
    }
    let modes = NamespaceLabels::of(object).and_then(|labels| labels.modes);
    let enforced =
        modes.is_some_and(|modes| modes.enforce.profile > crate::pss::Profile::Privileged);
    let message = || format!("{} enforces no level of the standards", object.called());
    Some(if enforced { Vec::new() } else { vec![(object.head(), message())] })
}

/// Containers that can send packets of any form.
pub(super) fn net_raw(_: &Object<'_>, workload: Option<&Workload<'_>>) -> Option<Vec<Wrong>> {
    let pod = &workload?.pod;
    let wrong = pod.containers.iter().filter(|_| !pod.is_windows()).filter_map(|container| {
        let lists = |field: &str, wanted: &[&str]| {
            let own = container.security.and_then(|one| one.get("capabilities"))?;
            own.texts(field).find(|one| wanted.contains(&one.value))
        };
        let names = ["ALL", "NET_RAW", "CAP_NET_RAW"];
        let added = lists("add", &names);
        if added.is_none() && lists("drop", &names).is_some() {
            return None;
        }
        let span = added.map_or_else(|| container.security_place(), |one| one.span);
        Some((span, format!("container `{}` has NET_RAW", container.name)))
    });
    Some(wrong.collect())
}

/// Secrets that are in variables.
pub(super) fn secrets_in_variables(
    _: &Object<'_>,
    workload: Option<&Workload<'_>>,
) -> Option<Vec<Wrong>> {
    let mut wrong = Vec::new();
    for container in &workload?.pod.containers {
        let said =
            |what: &str| format!("container `{}` has {what} in its variables", container.name);
        for one in container.node.list("env") {
            if let Some(node) = one.at(&["valueFrom", "secretKeyRef"]) {
                wrong.push((node.span, said("a secret")));
            }
        }
        for one in container.node.list("envFrom") {
            if let Some(node) = one.get("secretRef") {
                wrong.push((node.span, said("all of a secret")));
            }
        }
    }
    Some(wrong)
}

#[cfg(test)]
mod tests {
    use plimsoll_model::text::Source;

    use super::*;
    use crate::manifest::Manifest;
    use crate::object::objects;

    type Look = fn(&Object<'_>, Option<&Workload<'_>>) -> Option<Vec<Wrong>>;

    fn said(look: Look, text: &str) -> Option<Vec<String>> {
        let manifest = Manifest::parse(Source::new(text));
        let object = objects(&manifest).0[0];
        let workload = Workload::new(object, &manifest.source);
        let found = look(&object, workload.as_ref())?;
        Some(found.into_iter().map(|(_, message)| message).collect())
    }

    #[test]
    fn net_raw_is_there_until_it_is_dropped() {
        let pod = |capabilities: &str| {
            format!(
                "kind: Pod\napiVersion: v1\nspec: {{containers: [{{name: a, securityContext: {{capabilities: {capabilities}}}}}]}}\n"
            )
        };
        let has = |capabilities: &str| !said(net_raw, &pod(capabilities)).unwrap().is_empty();
        assert!(has("{}") && has("{drop: [CHOWN]}") && has("{drop: [ALL], add: [NET_RAW]}"));
        assert!(!has("{drop: [ALL]}") && !has("{drop: [NET_RAW]}"));
    }

    #[test]
    fn a_role_that_may_create_pods_is_named() {
        let role = |group: &str, resource: &str, verb: &str| {
            format!(
                "kind: Role\nmetadata: {{name: a}}\nrules: [{{apiGroups: ['{group}'], resources: ['{resource}'], verbs: ['{verb}']}}]\n"
            )
        };
        assert_eq!(
            said(creates_pods, &role("", "pods", "create")).unwrap(),
            ["Role/a may create pods"]
        );
        assert!(said(creates_pods, &role("apps", "pods", "create")).unwrap().is_empty());
        assert!(said(creates_pods, &role("", "pods/exec", "create")).unwrap().is_empty());
        assert!(said(creates_pods, "kind: Pod\n").is_none());
    }

    #[test]
    fn the_default_account_counts_where_it_has_a_token_or_rights() {
        let pod = |spec: &str| {
            format!("apiVersion: v1\nkind: Pod\nmetadata: {{name: a}}\nspec: {{{spec}}}\n")
        };
        assert_eq!(said(default_account, &pod("containers: []")).unwrap().len(), 1);
        assert!(said(default_account, &pod("serviceAccountName: own")).unwrap().is_empty());
        assert!(
            said(default_account, &pod("automountServiceAccountToken: false")).unwrap().is_empty()
        );
        let binding = "kind: RoleBinding\nmetadata: {name: a}\nsubjects: [{kind: ServiceAccount, name: default}, {kind: Group, name: 'system:masters'}]\n";
        assert_eq!(said(default_account, binding).unwrap().len(), 1);
        assert_eq!(said(masters, binding).unwrap(), ["RoleBinding/a is for system:masters"]);
    }

    #[test]
    fn a_secret_in_a_variable_is_named_without_its_value() {
        let pod = "apiVersion: v1\nkind: Pod\nspec:\n  containers:\n  - name: a\n    env:\n    - name: B\n      valueFrom: {secretKeyRef: {name: c, key: d}}\n    envFrom:\n    - secretRef: {name: e}\n";
        assert_eq!(said(secrets_in_variables, pod).unwrap().len(), 2);
    }

    #[test]
    fn a_namespace_has_to_enforce_something() {
        let namespace = |labels: &str| {
            format!(
                "apiVersion: v1\nkind: Namespace\nmetadata: {{name: a, labels: {{{labels}}}}}\n"
            )
        };
        assert_eq!(said(enforces, &namespace("")).unwrap().len(), 1);
        let label = "pod-security.kubernetes.io/enforce: baseline";
        assert!(said(enforces, &namespace(label)).unwrap().is_empty());
    }
}
