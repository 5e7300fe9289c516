//! What an API server decided about workloads, as its audit log tells it.
//!
//! Source: `audit.k8s.io/v1`; kubernetes/pod-security-admission for the annotation and the words of a
//! refusal; kubernetes/apiserver, `admission/plugin/webhook`, for those of webhooks.

use std::collections::BTreeMap;

use serde::Deserialize;

/// Resources that make pods.
const WORKLOADS: [&str; 9] = [
    "cronjobs",
    "daemonsets",
    "deployments",
    "ephemeralcontainers",
    "jobs",
    "pods",
    "replicasets",
    "replicationcontrollers",
    "statefulsets",
];

/// Names of webhooks that are told apart in one body.
const MOST: usize = 1_000;

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Event {
    stage: String,
    verb: String,
    object_ref: Option<Object>,
    response_status: Option<Status>,
    annotations: BTreeMap<String, String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Object {
    resource: String,
    subresource: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Status {
    code: u16,
    message: String,
}

#[derive(Debug, Deserialize)]
struct List {
    items: Vec<Event>,
}

/// A decision.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Admitted {
    /// `allow`, `audit` (let in, though a policy objects), `deny`.
    pub decision: &'static str,
    /// Who: `pod-security`, the name of a webhook, `quota`, `rbac`, `invalid` or `other`; `none` where
    /// nobody objects.
    pub reason: String,
}

fn decision(event: &Event) -> Option<Admitted> {
    let object = event.object_ref.as_ref()?;
    let is_workload = WORKLOADS.contains(&object.resource.as_str())
        && matches!(object.subresource.as_str(), "" | "ephemeralcontainers");
    let is_change = matches!(event.verb.as_str(), "create" | "update" | "patch");
    if event.stage != "ResponseComplete" || !is_workload || !is_change {
        return None;
    }
    let status = event.response_status.as_ref()?;
    let of = |decision, reason: &str| Some(Admitted { decision, reason: reason.to_owned() });
    match status.code {
        200..300 => {
            let is_objected =
                event.annotations.contains_key("pod-security.kubernetes.io/audit-violations");
            if is_objected { of("audit", "pod-security") } else { of("allow", "none") }
        }
        400..500 if status.code != 404 && status.code != 409 => of("deny", &reason(status)),
        _ => None,
    }
}

/// Who refused.
fn reason(status: &Status) -> String {
    let said = &status.message;
    let webhook = said.split_once("admission webhook \"").and_then(|(_, it)| it.split_once('"'));
    if let Some((name, _)) = webhook {
        return name.chars().filter(|it| !it.is_control()).take(253).collect();
    }
    let reason = if said.contains("violates PodSecurity") {
        "pod-security"
    } else if said.contains("exceeded quota") {
        "quota"
    } else if said.contains(" cannot ") && status.code == 403 {
        "rbac"
    } else if status.code == 422 || status.code == 400 {
        "invalid"
    } else {
        "other"
    };
    reason.to_owned()
}

/// Decisions in a body, and how many of each: an `EventList`, or one event. What is neither has none.
pub fn admitted(body: &[u8]) -> BTreeMap<Admitted, u64> {
    let events = serde_json::from_slice::<List>(body)
        .map(|list| list.items)
        .or_else(|_| serde_json::from_slice::<Event>(body).map(|event| vec![event]))
        .unwrap_or_default();
    let mut counts: BTreeMap<Admitted, u64> = BTreeMap::new();
    for mut decided in events.iter().filter_map(decision) {
        if counts.len() >= MOST && !counts.contains_key(&decided) {
            "other".clone_into(&mut decided.reason);
        }
        *counts.entry(decided).or_default() += 1;
    }
    counts
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn event(resource: &str, code: u16, message: &str) -> Value {
        json!({"kind": "Event", "stage": "ResponseComplete", "verb": "create",
            "objectRef": {"resource": resource, "name": "web"},
            "responseStatus": {"code": code, "message": message}})
    }

    fn one(event: &Value) -> Option<(&'static str, String)> {
        let found = admitted(event.to_string().as_bytes());
        found.into_keys().next().map(|it| (it.decision, it.reason))
    }

    #[test]
    fn who_refused_a_workload_is_told() {
        let denied = |message: &str| one(&event("pods", 403, message)).unwrap();
        assert_eq!(
            denied("admission webhook \"images.example.org\" denied the request: unsigned"),
            ("deny", "images.example.org".into())
        );
        assert_eq!(
            denied("pods \"web\" is forbidden: violates PodSecurity \"baseline:latest\": …").1,
            "pod-security"
        );
        assert_eq!(denied("pods \"web\" is forbidden: exceeded quota: q").1, "quota");
        assert_eq!(denied("pods is forbidden: User \"eve\" cannot create resource").1, "rbac");
        assert_eq!(one(&event("deployments", 201, "")), Some(("allow", "none".into())));
        let mut objected = event("pods", 201, "");
        objected["annotations"] = json!({"pod-security.kubernetes.io/audit-violations": "…"});
        assert_eq!(one(&objected), Some(("audit", "pod-security".into())));
    }

    #[test]
    fn what_is_no_decision_about_a_workload_counts_nothing() {
        for event in [
            event("secrets", 201, ""),
            event("pods", 404, ""),
            event("pods", 500, ""),
            json!({"kind": "Event"}),
            json!([]),
        ] {
            assert_eq!(one(&event), None, "{event}");
        }
        let list = json!({"items": [event("pods", 201, ""), event("pods", 201, "")]});
        let found = admitted(list.to_string().as_bytes());
        assert_eq!(found.into_values().collect::<Vec<_>>(), [2]);
    }

    proptest::proptest! {
        #[test]
        fn no_text_panics(text in r#"([\[\]{}":,a-z]|"items"|"objectRef"|\PC){0,60}"#) {
            let _ = admitted(text.as_bytes());
        }
    }
}
