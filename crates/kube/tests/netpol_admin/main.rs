//! Policies of administrators: the order of tiers, and on made-up clusters the same verdicts from a
//! second reading that goes by the API's documentation, rule by rule.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test stops at a surprise")]

mod checks;
mod world;

use plimsoll_kube::manifest::Manifest;
use plimsoll_kube::netpol::{Action, Cluster, End, Flow, Matrix, Network, Protocol, Side};
use plimsoll_model::text::Source;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::Value;

use world::{documents, world};

fn cluster(text: &str) -> Cluster {
    let manifest = Manifest::parse(Source::new(text));
    assert_eq!(manifest.problems, []);
    Cluster::of([("all.yaml", &manifest)])
}

const PODS: &str = "apiVersion: v1
kind: Namespace
metadata: {name: shop, labels: {team: shop}}
---
apiVersion: v1
kind: Namespace
metadata: {name: watch, labels: {team: watch}}
---
apiVersion: v1
kind: Pod
metadata: {name: web, namespace: shop, labels: {app: web}}
spec: {containers: [{name: a, ports: [{name: http, containerPort: 80}]}]}
status: {podIP: 10.0.0.1}
---
apiVersion: v1
kind: Pod
metadata: {name: agent, namespace: watch, labels: {app: agent}}
spec: {containers: []}
status: {podIP: 10.0.0.2}
---
apiVersion: v1
kind: Node
metadata: {name: one, labels: {zone: a}}
status: {addresses: [{type: InternalIP, address: 192.168.0.1}]}
---
apiVersion: v1
kind: Pod
metadata: {name: kubelet, namespace: watch}
spec: {hostNetwork: true, containers: []}
status: {podIP: 192.168.0.1}
---
";

/// Whether `watch/agent` reaches `shop/web` with these policies, by a query and by the matrix.
fn reaches(policies: &str, port: u16) -> bool {
    let cluster = cluster(&format!("{PODS}{policies}"));
    assert!(cluster.refused.is_empty(), "{:?}", cluster.refused);
    let network = Network::new(&cluster);
    let (from, to) = (network.pods_called("watch/agent")[0], network.pods_called("shop/web")[0]);
    let flow = Flow { from: End::Pod(from), to: End::Pod(to), port, protocol: Protocol::TCP };
    let asked = network.ask(flow).allowed();
    let row = Matrix::new(&network).row(to, port, Protocol::TCP).unwrap();
    assert_eq!(asked, row.allows(from), "{policies}");
    asked
}

fn admin(priority: u16, action: &str, ports: &str) -> String {
    format!(
        "---\napiVersion: policy.networking.k8s.io/v1alpha1\nkind: AdminNetworkPolicy\nmetadata: {{name: p{priority}}}\n\
         spec:\n  priority: {priority}\n  subject: {{namespaces: {{matchLabels: {{team: shop}}}}}}\n  ingress:\n    \
         - action: {action}\n      from: [{{namespaces: {{matchLabels: {{team: watch}}}}}}]\n{ports}"
    )
}

fn baseline(action: &str) -> String {
    format!(
        "---\napiVersion: policy.networking.k8s.io/v1alpha1\nkind: BaselineAdminNetworkPolicy\nmetadata: {{name: default}}\n\
         spec:\n  subject: {{namespaces: {{}}}}\n  ingress:\n    - action: {action}\n      from: [{{namespaces: {{}}}}]\n"
    )
}

const CLOSED: &str = "---\napiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: closed, namespace: shop}\n\
                      spec: {podSelector: {}, policyTypes: [Ingress]}\n";
const OPEN: &str = "---\napiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: open, namespace: shop}\n\
                    spec: {podSelector: {}, policyTypes: [Ingress], ingress: [{}]}\n";

#[test]
fn administrators_come_before_network_policies_and_the_baseline_after_them() {
    let allow = admin(10, "Allow", "");
    let deny = admin(10, "Deny", "");
    let pass = admin(5, "Pass", "");
    assert!(reaches(&format!("{allow}{CLOSED}"), 80));
    assert!(!reaches(&format!("{deny}{OPEN}"), 80));
    assert!(!reaches(&format!("{pass}{allow}{CLOSED}"), 80));
    assert!(reaches(&format!("{pass}{deny}"), 80));
    assert!(!reaches(&format!("{pass}{deny}{}", baseline("Deny")), 80));
    assert!(!reaches(&baseline("Deny"), 80));
    assert!(reaches(&format!("{}{OPEN}", baseline("Deny")), 80));
    assert!(!reaches(&format!("{}{CLOSED}", baseline("Allow")), 80));
}

#[test]
fn the_lower_priority_is_asked_first_and_ports_are_numbers_ranges_and_names() {
    let both = format!("{}{}", admin(20, "Deny", ""), admin(3, "Allow", ""));
    assert!(reaches(&both, 80));
    for (ports, port, denied) in [
        ("      ports: [{portNumber: {protocol: TCP, port: 80}}]\n", 80, true),
        ("      ports: [{portNumber: {protocol: UDP, port: 80}}]\n", 80, false),
        ("      ports: [{portRange: {protocol: TCP, start: 79, end: 81}}]\n", 81, true),
        ("      ports: [{portRange: {protocol: TCP, start: 79, end: 81}}]\n", 82, false),
        ("      ports: [{namedPort: http}]\n", 80, true),
        ("      ports: [{namedPort: http}]\n", 81, false),
    ] {
        assert_eq!(reaches(&admin(1, "Deny", ports), port), !denied, "{ports} {port}");
    }
}

#[test]
fn the_newer_kind_says_its_tier() {
    let policy = |tier: &str, action: &str| {
        format!(
            "---\napiVersion: policy.networking.k8s.io/v1alpha2\nkind: ClusterNetworkPolicy\nmetadata: {{name: a}}\n\
             spec:\n  tier: {tier}\n  priority: 1\n  subject: {{pods: {{namespaceSelector: {{}}, podSelector: {{matchLabels: {{app: agent}}}}}}}}\n  \
             egress:\n    - action: {action}\n      to: [{{networks: [10.0.0.0/31]}}]\n      \
             protocols: [{{tcp: {{destinationPort: {{number: 80}}}}}}]\n"
        )
    };
    assert!(!reaches(&policy("Admin", "Deny"), 80));
    assert!(reaches(&policy("Admin", "Deny"), 81));
    assert!(!reaches(&policy("Baseline", "Deny"), 80));
    assert!(reaches(&policy("Admin", "Accept"), 80));
}

#[test]
fn nodes_are_known_by_their_addresses_and_the_rule_that_decides_is_named() {
    let text = format!(
        "{PODS}apiVersion: policy.networking.k8s.io/v1alpha1\nkind: AdminNetworkPolicy\nmetadata: {{name: nodes}}\n\
         spec:\n  priority: 1\n  subject: {{namespaces: {{}}}}\n  egress:\n    - action: Deny\n      \
         to: [{{nodes: {{matchLabels: {{zone: a}}}}}}]\n"
    );
    let cluster = cluster(&text);
    let network = Network::new(&cluster);
    let from = End::Pod(network.pods_called("shop/web")[0]);
    let to = End::Pod(network.pods_called("watch/kubelet")[0]);
    let ask = |to| network.ask(Flow { from, to, port: 10250, protocol: Protocol::TCP });
    let Side::Decided(by) = ask(to).egress else { panic!("{:?}", ask(to)) };
    assert_eq!(
        (by.action, by.index, by.policy.called().as_str()),
        (Action::Deny, 0, "AdminNetworkPolicy/nodes")
    );
    assert!(!ask(End::Address("192.168.0.1".parse().unwrap())).allowed());
    assert!(ask(End::Address("192.168.0.2".parse().unwrap())).allowed());
    // The network of a node is none of a pod: its policies do not apply to it.
    let verdict = network.ask(Flow { from: to, to: from, port: 80, protocol: Protocol::TCP });
    assert!(matches!(verdict.egress, Side::Node));
}

#[test]
fn what_a_cluster_refuses_is_refused_with_its_place() {
    let said = |spec: &str| {
        let text = format!(
            "apiVersion: policy.networking.k8s.io/v1alpha1\nkind: AdminNetworkPolicy\nmetadata: {{name: a}}\nspec:\n{spec}"
        );
        let found = cluster(&text).refused;
        found.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
    };
    let subject = "  subject: {namespaces: {}}\n";
    for (spec, part) in [
        (
            format!("{subject}  priority: 1001\n"),
            "all.yaml:6: `spec.priority` must be a number from 0 to 1000",
        ),
        (subject.to_owned(), "`spec.priority` is missing"),
        (
            "  priority: 1\n  subject: {}\n".to_owned(),
            "`spec.subject` must have one of namespaces, pods",
        ),
        (
            format!(
                "{subject}  priority: 1\n  ingress: [{{action: Accept, from: [{{namespaces: {{}}}}]}}]\n"
            ),
            "`spec.ingress[0].action` is `Accept`: expected `Allow`, `Deny` or `Pass`",
        ),
        (
            format!("{subject}  priority: 1\n  ingress: [{{action: Deny, from: []}}]\n"),
            "`spec.ingress[0].from` is missing",
        ),
        (
            format!(
                "{subject}  priority: 1\n  ingress: [{{action: Deny, from: [{{networks: [10.0.0.0/8]}}]}}]\n"
            ),
            "`spec.ingress[0].from[0].networks` is no field here",
        ),
        (
            format!(
                "{subject}  priority: 1\n  egress: [{{action: Deny, to: [{{pods: {{namespaceSelector: {{}}}}}}]}}]\n"
            ),
            "`spec.egress[0].to[0].pods.podSelector` is missing",
        ),
    ] {
        assert!(said(&spec).contains(part), "{part}\n{}", said(&spec));
    }
    let other = "apiVersion: policy.networking.k8s.io/v1alpha1\nkind: BaselineAdminNetworkPolicy\nmetadata: {name: mine}\nspec: {subject: {namespaces: {}}}\n";
    assert!(
        cluster(other).refused[0]
            .to_string()
            .contains("`metadata.name` is `mine`: expected `default`")
    );
    let newer = "apiVersion: policy.networking.k8s.io/v1\nkind: ClusterNetworkPolicy\nmetadata: {name: a}\nspec: {}\n";
    assert!(
        cluster(newer).refused[0]
            .to_string()
            .contains("expected `policy.networking.k8s.io/v1alpha2`")
    );
}

/// The second reading.
struct Naive<'w>(&'w [Value]);

impl<'w> Naive<'w> {
    fn of(&self, kind: &'static str) -> impl Iterator<Item = &'w Value> {
        self.0.iter().filter(move |one| one["kind"] == kind)
    }

    fn selects(selector: &Value, labels: &Value) -> bool {
        if let Some(wanted) = selector.get("matchLabels") {
            return labels["a"] == wanted["a"];
        }
        selector.get("matchExpressions").is_none_or(|all| labels["a"] != all[0]["values"][0])
    }

    fn namespace(&self, pod: &Value) -> &'w Value {
        let own = &pod["metadata"]["namespace"];
        &self.of("Namespace").find(|one| one["metadata"]["name"] == *own).unwrap()["metadata"]["labels"]
    }

    fn has(&self, who: &Value, pod: &Value) -> bool {
        if let Some(networks) = who.get("networks") {
            let (block, last) =
                (networks[0].as_str().unwrap(), pod["status"]["podIP"].as_str().unwrap());
            let size = 1_u64 << (32 - block.rsplit_once('/').unwrap().1.parse::<u32>().unwrap());
            return last.rsplit_once('.').unwrap().1.parse::<u64>().unwrap() < size;
        }
        if let Some(namespaces) = who.get("namespaces") {
            return Self::selects(namespaces, self.namespace(pod));
        }
        let pods = who.get("pods").unwrap_or(who);
        Self::selects(&pods["namespaceSelector"], self.namespace(pod))
            && Self::selects(&pods["podSelector"], &pod["metadata"]["labels"])
    }

    fn tier(
        &self,
        kind: &'static str,
        own: &Value,
        other: &Value,
        flow: (&Value, u16, &str),
        way: (&str, &str),
    ) -> Option<bool> {
        let (to, port, protocol) = flow;
        let mut policies: Vec<&Value> = self.of(kind).collect();
        policies.sort_by_key(|one| one["spec"]["priority"].as_u64());
        for policy in policies {
            if !self.has(&policy["spec"]["subject"], own) {
                continue;
            }
            for rule in policy["spec"][way.0].as_array().unwrap() {
                let peer = rule[way.1].as_array().unwrap().iter().any(|one| self.has(one, other));
                let on = rule["ports"].as_array().is_none_or(|all| {
                    all.iter().any(|one| {
                        let declared = &to["spec"]["containers"][0]["ports"][0];
                        if one.get("namedPort").is_some() {
                            declared["containerPort"] == port && protocol == "TCP"
                        } else if let Some(number) = one.get("portNumber") {
                            number["port"] == port && protocol == "TCP"
                        } else {
                            protocol == "UDP"
                        }
                    })
                });
                if peer && on {
                    return match rule["action"].as_str().unwrap() {
                        "Allow" => Some(true),
                        "Deny" => Some(false),
                        _ => None,
                    };
                }
            }
        }
        None
    }

    fn side(
        &self,
        own: &Value,
        other: &Value,
        flow: (&Value, u16, &str),
        way: (&str, &str),
    ) -> bool {
        if let Some(decided) = self.tier("AdminNetworkPolicy", own, other, flow, way) {
            return decided;
        }
        let isolating: Vec<&Value> = self
            .of("NetworkPolicy")
            .filter(|one| {
                one["spec"].get(way.0).is_some()
                    && one["metadata"]["namespace"] == own["metadata"]["namespace"]
                    && Self::selects(&one["spec"]["podSelector"], &own["metadata"]["labels"])
            })
            .collect();
        if !isolating.is_empty() {
            return isolating.iter().any(|one| self.has(&one["spec"][way.0][0][way.1][0], other));
        }
        self.tier("BaselineAdminNetworkPolicy", own, other, flow, way).unwrap_or(true)
    }
}

proptest! {
    #[test]
    fn a_second_reading_comes_to_the_same(world in world()) {
        let text: String = documents(&world);
        let cluster = cluster(&text);
        prop_assert!(cluster.refused.is_empty(), "{:?}", cluster.refused);
        let network = Network::new(&cluster);
        let mut matrix = Matrix::new(&network);
        let naive = Naive(&world);
        let pods: Vec<&Value> = naive.of("Pod").collect();
        for (to, receiver) in pods.iter().enumerate() {
            for (port, protocol) in [(80, Protocol::TCP), (81, Protocol::TCP), (80, Protocol::UDP)] {
                let row = matrix.row(to, port, protocol).unwrap();
                for (from, sender) in pods.iter().enumerate() {
                    let flow = (*receiver, port, protocol.name());
                    let wanted = from == to
                        || naive.side(receiver, sender, flow, ("ingress", "from"))
                            && naive.side(sender, receiver, flow, ("egress", "to"));
                    let verdict = network.ask(Flow { from: End::Pod(from), to: End::Pod(to), port, protocol });
                    prop_assert_eq!(verdict.allowed(), wanted, "{} → {} {}\n{}", from, to, port, text);
                    prop_assert_eq!(row.allows(from), wanted, "matrix {} → {} {}\n{}", from, to, port, text);
                }
            }
        }
    }
}

proptest! {
    #[test]
    fn damaged_policies_are_refused_or_read_and_never_end_the_program(
        world in world(), at in any::<prop::sample::Index>(), length in 0..20_usize,
        put in select(&["", "[]", "{}", "null", "-1", "70000", "x: y", "\u{e9}"][..]),
    ) {
        let mut text: String = documents(&world);
        let start = at.index(text.len());
        let end = (start + length).min(text.len());
        text.replace_range(start..end, put);
        let manifest = Manifest::parse(Source::new(text));
        let cluster = Cluster::of([("all.yaml", &manifest)]);
        let network = Network::new(&cluster);
        let mut matrix = Matrix::new(&network);
        for to in 0..cluster.pods.len() {
            prop_assert!(matrix.row(to, 80, Protocol::TCP).is_some());
        }
    }
}
