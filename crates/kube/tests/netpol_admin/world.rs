//! Made-up clusters with policies of administrators.

use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Value, json};

fn labels() -> impl Strategy<Value = Value> {
    select(&["1", "2", "3"][..]).prop_map(|value| json!({"a": value}))
}

fn selector() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(json!({})),
        labels().prop_map(|labels| json!({"matchLabels": labels})),
        select(&["1", "2"][..]).prop_map(|value| {
            json!({"matchExpressions": [{"key": "a", "operator": "NotIn", "values": [value]}]})
        }),
    ]
}

fn pods() -> impl Strategy<Value = Value> {
    prop_oneof![
        selector().prop_map(|own| json!({"namespaces": own})),
        (selector(), selector()).prop_map(|(namespaces, pods)| {
            json!({"pods": {"namespaceSelector": namespaces, "podSelector": pods}})
        }),
    ]
}

fn rule(field: &'static str, actions: &'static [&'static str]) -> impl Strategy<Value = Value> {
    let peer = if field == "to" {
        prop_oneof![
            pods(),
            (28_u8..33).prop_map(|one| json!({"networks": [format!("10.0.0.0/{one}")]}))
        ]
        .boxed()
    } else {
        pods().boxed()
    };
    let port = prop_oneof![
        select(&[80, 81][..])
            .prop_map(|port| json!({"portNumber": {"protocol": "TCP", "port": port}})),
        Just(json!({"portRange": {"protocol": "UDP", "start": 80, "end": 81}})),
        Just(json!({"namedPort": "x"})),
    ];
    let ports = proptest::option::of(proptest::collection::vec(port, 1..3));
    (select(actions), proptest::collection::vec(peer, 1..3), ports).prop_map(
        move |(action, peers, ports)| {
            let mut rule = json!({"action": action, field: peers});
            if let Some(ports) = ports {
                rule["ports"] = json!(ports);
            }
            rule
        },
    )
}

fn admin_policy(is_baseline: bool) -> impl Strategy<Value = Value> {
    let actions: &[&str] =
        if is_baseline { &["Allow", "Deny"] } else { &["Allow", "Deny", "Pass"] };
    let rules = move |field| proptest::collection::vec(rule(field, actions), 0..4);
    (0..4_u16, pods(), rules("from"), rules("to")).prop_map(move |(priority, subject, from, to)| {
        let mut spec = json!({"subject": subject, "ingress": from, "egress": to});
        let (kind, name) = if is_baseline {
            ("BaselineAdminNetworkPolicy", "default")
        } else {
            spec["priority"] = json!(priority);
            ("AdminNetworkPolicy", "p")
        };
        json!({"apiVersion": "policy.networking.k8s.io/v1alpha1", "kind": kind,
            "metadata": {"name": name}, "spec": spec})
    })
}

fn network_policy() -> impl Strategy<Value = Value> {
    let peers = (selector(), selector()).prop_map(
        |(pods, namespaces)| json!([{"podSelector": pods, "namespaceSelector": namespaces}]),
    );
    (select(&["m", "n"][..]), selector(), peers, any::<bool>()).prop_map(
        |(namespace, subject, peers, ingress)| {
            let spec = if ingress {
                json!({"podSelector": subject, "policyTypes": ["Ingress"], "ingress": [{"from": peers}]})
            } else {
                json!({"podSelector": subject, "policyTypes": ["Egress"], "egress": [{"to": peers}]})
            };
            json!({"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy",
                "metadata": {"namespace": namespace, "name": "p"}, "spec": spec})
        },
    )
}

pub(crate) fn world() -> impl Strategy<Value = Vec<Value>> {
    let pods = proptest::collection::vec((select(&["m", "n"][..]), labels(), any::<bool>()), 2..7);
    let admins = proptest::collection::vec(admin_policy(false), 0..4);
    let policies = proptest::collection::vec(network_policy(), 0..3);
    (pods, labels(), labels(), admins, policies, proptest::option::of(admin_policy(true))).prop_map(
        |(pods, m, n, admins, policies, baseline)| {
            let namespace = |name: &str, labels: &Value| {
                json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}})
            };
            let mut all = vec![namespace("m", &m), namespace("n", &n)];
            for (number, (namespace, labels, is_x)) in pods.into_iter().enumerate() {
                let port = if is_x { 80 } else { 81 };
                all.push(json!({"apiVersion": "v1", "kind": "Pod",
                    "metadata": {"namespace": namespace, "name": format!("p{number}"), "labels": labels},
                    "spec": {"containers": [{"name": "c", "ports": [{"name": "x", "containerPort": port}]}]},
                    "status": {"podIP": format!("10.0.0.{number}")}}));
            }
            all.extend(admins);
            all.extend(policies);
            all.extend(baseline);
            all
        },
    )
}

/// Objects as documents of one file.
pub(crate) fn documents(world: &[Value]) -> String {
    world.iter().flat_map(|one| ["---\n".to_owned(), one.to_string(), "\n".to_owned()]).collect()
}
