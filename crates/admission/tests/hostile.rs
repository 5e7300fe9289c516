//! Reviews of any bytes: an answer or a reason, and never a panic.
#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use std::collections::BTreeMap;

use plimsoll_admission::settings::Settings;
use plimsoll_admission::{ImageFact, Malformed, answer_at_once};
use plimsoll_model::Timestamp;
use proptest::prelude::*;
use serde_json::{Value, json};

fn settings() -> Settings {
    Settings::parse(
        "apiVersion: plimsoll.dev/v1\nkind: AdmissionSettings\nfailure: closed\npodSecurity: {mode: \
         enforce}\nrules: [{severity: error, mode: enforce}, {severity: warning, mode: warn}]\nimages: \
         {registries: {allowed: ['a/**'], mode: enforce}, digest: {mode: warn, pin: true}, signature: \
         {policy: p, mode: enforce}}\nexceptions: [{name: e, owner: o, reason: r, expires: \
         2030-01-01, rules: ['*'], containers: [a]}]\n",
    )
    .unwrap()
}

fn judge(body: &[u8]) -> Result<(), Malformed> {
    let labels = |_: &str| {
        Ok(BTreeMap::from([("pod-security.kubernetes.io/enforce".into(), "restricted".into())]))
    };
    let image = |_: &str| ImageFact::Unknown("nobody".into());
    answer_at_once(body, &settings(), Timestamp::from_unix(0), labels, image).map(|answer| {
        let text = answer.to_json("u", None).to_string();
        assert!(text.contains("\"uid\":\"u\""));
        assert!(answer.allowed || answer.status.is_some());
    })
}

/// Any JSON with the names that reviews have.
fn value() -> impl Strategy<Value = Value> {
    let names = prop::sample::select(vec![
        "apiVersion",
        "kind",
        "request",
        "uid",
        "object",
        "oldObject",
        "spec",
        "template",
        "metadata",
        "containers",
        "initContainers",
        "ephemeralContainers",
        "name",
        "image",
        "securityContext",
        "labels",
        "annotations",
        "namespace",
        "resource",
        "group",
        "operation",
        "volumes",
        "hostPath",
        "reference",
        "privileged",
        "capabilities",
        "add",
        "items",
        "container.apparmor.security.beta.kubernetes.io/a",
        "pod-security.kubernetes.io/enforce",
    ]);
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        ".{0,8}".prop_map(Value::from),
        prop::sample::select(vec![
            "pods",
            "namespaces",
            "deployments",
            "CREATE",
            "UPDATE",
            "apps",
            "a/b:1",
            "restricted",
            "strict"
        ])
        .prop_map(Value::from),
    ];
    leaf.prop_recursive(6, 96, 6, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::vec((names.clone(), inner), 0..7).prop_map(|fields| fields
                .into_iter()
                .map(|(name, it)| (name.to_owned(), it))
                .collect()),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes_are_no_review(bytes in prop::collection::vec(any::<u8>(), 0..512)) {
        prop_assert!(judge(&bytes).is_err());
    }

    #[test]
    fn any_object_in_a_review_is_answered(
        object in value(),
        old in value(),
        resource in prop::sample::select(vec![("", "pods"), ("", "namespaces"), ("apps", "deployments"), ("batch", "cronjobs"), ("x", "y")]),
        operation in prop::sample::select(vec!["CREATE", "UPDATE", "DELETE", ""]),
        subresource in prop::sample::select(vec!["", "status", "ephemeralcontainers", "scale"]),
    ) {
        let review = json!({"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "request": {
            "uid": "u", "operation": operation, "namespace": "n", "name": "p", "subResource": subresource,
            "resource": {"group": resource.0, "version": "v1", "resource": resource.1},
            "object": object, "oldObject": old}});
        prop_assert!(judge(review.to_string().as_bytes()).is_ok());
    }

    #[test]
    fn a_bent_review_is_answered_or_refused(at in 0_usize..600, to in any::<u8>(), cut in 0_usize..600) {
        let review = json!({"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "request": {
            "uid": "u", "operation": "CREATE", "namespace": "n", "resource": {"group": "", "resource": "pods"},
            "object": {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}, "spec": {"hostPID": true,
            "containers": [{"name": "a", "image": "a/b:1", "securityContext": {"privileged": true}}]}}}});
        let mut bytes = review.to_string().into_bytes();
        if let Some(byte) = bytes.get_mut(at) {
            *byte = to;
        }
        let _ = judge(&bytes);
        bytes.truncate(cut);
        let _ = judge(&bytes);
    }
}

#[test]
fn depth_and_width_end_at_a_limit() {
    let deep = format!("{}{}", "{\"a\":".repeat(10_000), "}".repeat(10_000));
    assert!(judge(deep.as_bytes()).is_err());
    let containers: Vec<Value> = (0..20_000)
        .map(|number| json!({"name": format!("c{number}"), "image": "a/b:latest"}))
        .collect();
    let wide = json!({"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "request": {
        "uid": "u", "operation": "CREATE", "namespace": "n", "resource": {"group": "", "resource": "pods"},
        "object": {"apiVersion": "v1", "kind": "Pod", "spec": {"containers": containers}}}});
    let began = std::time::Instant::now();
    judge(wide.to_string().as_bytes()).unwrap();
    assert!(began.elapsed().as_secs() < 20, "{:?}", began.elapsed());
}
