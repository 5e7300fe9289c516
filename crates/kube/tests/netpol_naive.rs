//! Made-up clusters: the same verdicts from a second reading that knows no types, no classes and no
//! sets, and goes by the API's documentation line by line.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test stops at a surprise")]

use plimsoll_kube::manifest::Manifest;
use plimsoll_kube::netpol::{Cluster, End, Flow, Matrix, Network, Protocol};
use plimsoll_model::text::Source;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Value, json};

fn selects(selector: &Value, labels: &Value) -> bool {
    let empty = Vec::new();
    let pairs = selector["matchLabels"].as_object().into_iter().flatten();
    let all_pairs = pairs.into_iter().all(|(key, value)| labels.get(key) == Some(value));
    let mut expressions = selector["matchExpressions"].as_array().unwrap_or(&empty).iter();
    all_pairs
        && expressions.all(|one| {
            let label = labels.get(one["key"].as_str().unwrap());
            let listed = one["values"]
                .as_array()
                .is_some_and(|all| label.is_some_and(|label| all.contains(label)));
            match one["operator"].as_str().unwrap() {
                "In" => listed,
                "NotIn" => !listed,
                "Exists" => label.is_some(),
                _ => label.is_none(),
            }
        })
}

fn bits(address: &str) -> u32 {
    address.split('.').fold(0, |bits, part| bits << 8 | part.parse::<u32>().unwrap())
}

fn in_block(block: &str, address: &str) -> bool {
    let (net, prefix) = block.split_once('/').unwrap();
    let shift = 32 - prefix.parse::<u32>().unwrap();
    u64::from(bits(net)) >> shift == u64::from(bits(address)) >> shift
}

fn is_peer(peer: &Value, home: &Value, pod: &Value, namespaces: &[Value]) -> bool {
    if let Some(cidr) = peer["ipBlock"]["cidr"].as_str() {
        let ip = pod["status"]["podIP"].as_str().unwrap();
        let except = peer["ipBlock"]["except"].as_array();
        let mut holes = except.into_iter().flatten();
        return in_block(cidr, ip) && !holes.any(|hole| in_block(hole.as_str().unwrap(), ip));
    }
    let own = &pod["metadata"]["namespace"];
    let namespace = namespaces.iter().find(|one| one["metadata"]["name"] == *own).unwrap();
    let by_namespace = match peer.get("namespaceSelector") {
        None => own == home,
        Some(selector) => selects(selector, &namespace["metadata"]["labels"]),
    };
    by_namespace
        && peer
            .get("podSelector")
            .is_none_or(|selector| selects(selector, &pod["metadata"]["labels"]))
}

fn is_port(rule: &Value, to: &Value, port: u16, protocol: &str) -> bool {
    let default = json!("TCP");
    rule["protocol"].as_str().unwrap_or("TCP") == protocol
        && match rule.get("port") {
            None => true,
            Some(Value::String(name)) => {
                let containers = to["spec"]["containers"].as_array().unwrap().iter();
                containers.flat_map(|one| one["ports"].as_array().unwrap()).any(|one| {
                    one["name"] == *name
                        && one["containerPort"] == port
                        && one.get("protocol").unwrap_or(&default) == protocol
                })
            }
            Some(first) => {
                let first = first.as_u64().unwrap();
                let last = rule["endPort"].as_u64().unwrap_or(first);
                (first..=last).contains(&u64::from(port))
            }
        }
}

/// Whether the policies of `own` let it speak with `other`.
fn side(all: &Value, own: &Value, other: &Value, way: &str, port: u16, protocol: &str) -> bool {
    let (field, kind, to) =
        if way == "ingress" { ("from", "Ingress", own) } else { ("to", "Egress", other) };
    let namespaces = all["namespaces"].as_array().unwrap();
    let mut isolated = false;
    for policy in all["policies"].as_array().unwrap() {
        let (home, spec) = (&policy["metadata"]["namespace"], &policy["spec"]);
        let rules = spec[way].as_array();
        let types = spec["policyTypes"].as_array().filter(|types| !types.is_empty());
        let counts = match types {
            Some(types) => types.contains(&json!(kind)),
            None => way == "ingress" || rules.is_some_and(|rules| !rules.is_empty()),
        };
        let is_subject = own["metadata"]["namespace"] == *home
            && selects(&spec["podSelector"], &own["metadata"]["labels"]);
        if !counts || !is_subject {
            continue;
        }
        isolated = true;
        for rule in rules.into_iter().flatten() {
            let peers = rule[field].as_array().filter(|peers| !peers.is_empty());
            let ports = rule["ports"].as_array().filter(|ports| !ports.is_empty());
            let peer =
                peers.is_none_or(|all| all.iter().any(|one| is_peer(one, home, other, namespaces)));
            if peer
                && ports.is_none_or(|all| all.iter().any(|one| is_port(one, to, port, protocol)))
            {
                return true;
            }
        }
    }
    !isolated
}

fn labels() -> impl Strategy<Value = Value> {
    proptest::collection::btree_map(select(&["a", "b"][..]), select(&["1", "2", ""][..]), 0..3)
        .prop_map(|labels| json!(labels))
}

fn selector() -> impl Strategy<Value = Value> {
    let expression = (
        select(&["a", "b"][..]),
        0..4,
        proptest::collection::vec(select(&["1", "2", ""][..]), 1..3),
    );
    let expression = expression.prop_map(|(key, operator, values)| match operator {
        0 => json!({"key": key, "operator": "In", "values": values}),
        1 => json!({"key": key, "operator": "NotIn", "values": values}),
        2 => json!({"key": key, "operator": "Exists"}),
        _ => json!({"key": key, "operator": "DoesNotExist"}),
    });
    (labels(), proptest::collection::vec(expression, 0..2), 0..3).prop_map(
        |(labels, expressions, sort)| match sort {
            0 => json!({"matchLabels": labels}),
            1 => json!({"matchExpressions": expressions}),
            _ => json!({}),
        },
    )
}

fn peer() -> impl Strategy<Value = Value> {
    let block = (24_u8..31, 0_u8..32).prop_map(|(prefix, last)| {
        let except = if last % 2 == 0 { json!([format!("10.0.0.{last}/31")]) } else { json!([]) };
        json!({"ipBlock": {"cidr": format!("10.0.0.0/{prefix}"), "except":
            if u32::from(last) < 1 << (32 - prefix) { except } else { json!([]) }}})
    });
    prop_oneof![
        selector().prop_map(|pods| json!({"podSelector": pods})),
        selector().prop_map(|namespaces| json!({"namespaceSelector": namespaces})),
        (selector(), selector()).prop_map(|(pods, namespaces)| {
            json!({"podSelector": pods, "namespaceSelector": namespaces})
        }),
        block,
    ]
}

fn port() -> impl Strategy<Value = Value> {
    let protocol = select(&["TCP", "UDP"][..]);
    (
        protocol,
        select(vec![json!(80), json!(81), json!("x"), json!("y"), json!(null)]),
        any::<bool>(),
    )
        .prop_map(|(protocol, port, range)| {
            let mut rule = json!({"protocol": protocol});
            if !port.is_null() {
                rule["port"] = port.clone();
            }
            if range && port.is_number() {
                rule["endPort"] = json!(81);
            }
            rule
        })
}

fn rule(peers: &'static str) -> impl Strategy<Value = Value> {
    let vec = proptest::collection::vec::<BoxedStrategy<Value>>;
    (vec(peer().boxed(), 0..3), vec(port().boxed(), 0..3), any::<bool>()).prop_map(
        move |(who, ports, both)| {
            let mut rule = json!({"ports": ports});
            if both || !who.is_empty() {
                rule[peers] = json!(who);
            }
            rule
        },
    )
}

fn policy() -> impl Strategy<Value = Value> {
    let rules = |peers| proptest::option::of(proptest::collection::vec(rule(peers), 0..3));
    let types = select(vec![
        json!(null),
        json!([]),
        json!(["Ingress"]),
        json!(["Egress"]),
        json!(["Ingress", "Egress"]),
    ]);
    (select(&["m", "n"][..]), selector(), rules("from"), rules("to"), types).prop_map(
        |(namespace, subject, ingress, egress, types)| {
            json!({"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy",
                "metadata": {"namespace": namespace, "name": "p"},
                "spec": {"podSelector": subject, "ingress": ingress, "egress": egress, "policyTypes": types}})
        },
    )
}

fn cluster() -> impl Strategy<Value = Value> {
    let port = (select(&["x", "y"][..]), select(&[80, 81][..]), select(&["TCP", "UDP"][..]));
    let pod = (select(&["m", "n"][..]), labels(), proptest::collection::vec(port, 0..3));
    let pods = proptest::collection::vec(pod, 1..7).prop_map(|pods| {
        let pods = pods.into_iter().enumerate().map(|(number, (namespace, labels, ports))| {
            let ports: Vec<Value> = ports.into_iter().map(|(name, number, protocol)| {
                json!({"name": name, "containerPort": number, "protocol": protocol})
            }).collect();
            json!({"apiVersion": "v1", "kind": "Pod",
                "metadata": {"namespace": namespace, "name": format!("p{number}"), "labels": labels},
                "spec": {"containers": [{"name": "c", "ports": ports}]},
                "status": {"podIP": format!("10.0.0.{number}")}})
        });
        pods.collect::<Vec<Value>>()
    });
    let namespaces = (labels(), labels()).prop_map(|(one, other)| {
        let namespace = |name: &str, labels: &Value| {
            let mut labels = labels.clone();
            labels["kubernetes.io/metadata.name"] = json!(name);
            json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}})
        };
        vec![namespace("m", &one), namespace("n", &other)]
    });
    (namespaces, pods, proptest::collection::vec(policy(), 0..5)).prop_map(|(namespaces, pods, policies)| {
        json!({"namespaces": namespaces, "pods": pods, "policies": policies})
    })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn verdicts_are_those_of_a_plain_reading(all in cluster()) {
        let list = |name: &str| all[name].as_array().unwrap().clone();
        let items = [list("namespaces"), list("pods"), list("policies")].concat();
        let text = json!({"kind": "List", "items": items}).to_string();
        let manifest = Manifest::parse(Source::new(text));
        let cluster = Cluster::of([("c.json", &manifest)]);
        prop_assert_eq!(&cluster.refused, &[]);
        let network = Network::new(&cluster);
        let mut matrix = Matrix::new(&network);
        let pods = list("pods");
        for (to, receiver) in pods.iter().enumerate() {
            for port in [80, 81, 82] {
                for protocol in [Protocol::TCP, Protocol::UDP] {
                    let row = matrix.row(to, port, protocol).unwrap();
                    let mut count = 0;
                    for (from, sender) in pods.iter().enumerate() {
                        let name = protocol.name();
                        let wanted = from == to
                            || side(&all, receiver, sender, "ingress", port, name)
                                && side(&all, sender, receiver, "egress", port, name);
                        let flow = Flow { from: End::Pod(from), to: End::Pod(to), port, protocol };
                        prop_assert_eq!(network.ask(flow).allowed(), wanted, "{:?}", flow);
                        prop_assert_eq!(row.allows(from), wanted, "{:?}", flow);
                        count += usize::from(wanted);
                    }
                    prop_assert_eq!(row.count(), count);
                    prop_assert_eq!(row.senders().count(), count);
                }
            }
        }
        let _ = plimsoll_kube::netpol::check(&network);
    }

    /// What PN1004 and PN1007 say of a policy or a rule is so: without it every verdict is the same.
    #[test]
    fn a_policy_that_is_told_to_change_nothing_changes_nothing(all in cluster()) {
        let list = |name: &str| all[name].as_array().unwrap().clone();
        let verdicts = |policies: &[Value]| {
            let items = [list("namespaces"), list("pods"), policies.to_vec()].concat();
            let manifest = Manifest::parse(Source::new(json!({"kind": "List", "items": items}).to_string()));
            let cluster = Cluster::of([("c.json", &manifest)]);
            let network = Network::new(&cluster);
            let mut matrix = Matrix::new(&network);
            let mut rows = Vec::new();
            for to in 0..cluster.pods.len() {
                for port in [80, 81, 82] {
                    for protocol in [Protocol::TCP, Protocol::UDP, Protocol::SCTP] {
                        rows.push(matrix.row(to, port, protocol).unwrap().senders());
                    }
                }
            }
            rows
        };
        let mut policies = list("policies");
        for (number, policy) in policies.iter_mut().enumerate() {
            policy["metadata"]["name"] = json!(format!("p{number}"));
        }
        let items = [list("namespaces"), list("pods"), policies.clone()].concat();
        let manifest = Manifest::parse(Source::new(json!({"kind": "List", "items": items}).to_string()));
        let cluster = Cluster::of([("c.json", &manifest)]);
        let idle: Vec<String> = plimsoll_kube::netpol::check(&Network::new(&cluster))
            .into_iter()
            .filter(|(_, found)| found.rule.id == "PN1004")
            .map(|(_, found)| found.message.split('`').nth(1).unwrap().to_owned())
            .collect();
        let left: Vec<Value> = policies
            .iter()
            .filter(|policy| !idle.iter().any(|name| policy["metadata"]["name"] == **name))
            .cloned()
            .collect();
        prop_assert_eq!(verdicts(&policies), verdicts(&left), "without {:?}", idle);
    }
}
