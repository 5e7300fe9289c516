//! Network policies: what each field means, what is refused, and what the checks promise.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test stops at the first surprise"
)]

use plimsoll_kube::Rule;
use plimsoll_kube::manifest::Manifest;
use plimsoll_kube::netpol::{self, Cluster, End, Flow, Network, Protocol, Side, read_address};
use plimsoll_model::text::Source;
use plimsoll_testkit::shared;

/// Two namespaces, and pods with addresses of both families.
const PODS: &str = "
apiVersion: v1
kind: Namespace
metadata: {name: shop, labels: {team: red}}
---
apiVersion: v1
kind: Pod
metadata: {namespace: shop, name: web, labels: {app: web}}
spec: {containers: [{name: web, ports: [{name: http, containerPort: 8080}, {name: dns, containerPort: 53, protocol: UDP}]}]}
status: {podIP: 10.0.0.1, podIPs: [{ip: 10.0.0.1}, {ip: 'fd00::1'}]}
---
apiVersion: apps/v1
kind: Deployment
metadata: {namespace: shop, name: db}
spec: {template: {metadata: {labels: {app: db, tier: data}}, spec: {containers: [{name: db, ports: [{name: http, containerPort: 80}]}]}}}
---
apiVersion: v1
kind: Pod
metadata: {namespace: other, name: job, labels: {app: web}}
spec: {containers: []}
status: {podIP: 10.0.0.3}
---
apiVersion: v1
kind: Pod
metadata: {namespace: shop, name: agent, labels: {app: web}}
spec: {hostNetwork: true, containers: []}
status: {podIP: 192.168.0.9}
---
";

fn manifest(spec: &str) -> Manifest {
    let policy = if spec.is_empty() {
        String::new()
    } else {
        format!(
            "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {{namespace: shop, \
             name: p}}\nspec: {{{spec}}}\n"
        )
    };
    let manifest = Manifest::parse(Source::new(format!("{PODS}{policy}")));
    assert_eq!(manifest.problems, [], "{spec}");
    manifest
}

/// Whether `from` may reach `to` on `port`, under a policy of the namespace `shop`.
fn allowed(spec: &str, from: &str, to: &str, port: u16, protocol: Protocol) -> bool {
    let manifest = manifest(spec);
    let cluster = Cluster::of([("all.yaml", &manifest)]);
    assert_eq!(cluster.refused, [], "{spec}");
    let network = Network::new(&cluster);
    let end = |name: &str| match read_address(name) {
        Some(address) => End::Address(address),
        None => End::Pod(network.pods_called(name)[0]),
    };
    network.ask(Flow { from: end(from), to: end(to), port, protocol }).allowed()
}

fn tcp(spec: &str, from: &str, to: &str, port: u16) -> bool {
    allowed(spec, from, to, port, Protocol::TCP)
}

#[test]
fn without_a_policy_everything_passes() {
    assert!(tcp("", "shop/web", "shop/db", 1) && tcp("", "other/job", "1.1.1.1", 1));
}

#[test]
fn absent_policy_types_mean_ingress_and_egress_only_where_a_rule_is_there() {
    for types in ["", ", policyTypes: []", ", policyTypes: null", ", egress: []"] {
        let spec = format!("podSelector: {{}}{types}");
        assert!(!tcp(&spec, "other/job", "shop/web", 80), "{spec}");
        assert!(tcp(&spec, "shop/web", "other/job", 80), "{spec}");
    }
    let with_rule = "podSelector: {}, egress: [{to: [{ipBlock: {cidr: 1.1.1.1/32}}]}]";
    assert!(!tcp(with_rule, "shop/web", "other/job", 80));
    assert!(tcp(with_rule, "shop/web", "1.1.1.1", 80));
    assert!(!tcp(with_rule, "other/job", "shop/web", 80));
    let egress = "podSelector: {}, policyTypes: [Egress]";
    assert!(tcp(egress, "other/job", "shop/web", 80) && !tcp(egress, "shop/web", "other/job", 80));
    let ingress = "podSelector: {}, policyTypes: [Ingress], egress: [{ports: [{port: 1}]}]";
    assert!(tcp(ingress, "shop/web", "other/job", 80));
}

#[test]
fn an_empty_list_of_peers_or_ports_means_all_and_an_empty_list_of_rules_none() {
    for rule in ["{}", "{from: []}", "{from: null, ports: []}", "null"] {
        let spec = format!("podSelector: {{}}, ingress: [{rule}]");
        assert!(tcp(&spec, "other/job", "shop/web", 80), "{spec}");
    }
    assert!(!tcp("podSelector: {}, ingress: []", "other/job", "shop/web", 80));
}

#[test]
fn selectors_of_one_peer_are_met_together_and_of_several_each_alone() {
    let from = |peers: &str| format!("podSelector: {{}}, ingress: [{{from: [{peers}]}}]");
    let both = from("{namespaceSelector: {}, podSelector: {matchLabels: {app: web}}}");
    assert!(tcp(&both, "other/job", "shop/db", 80) && !tcp(&both, "shop/db", "shop/web", 80));
    let either = from(
        "{namespaceSelector: {matchLabels: {team: red}}}, {podSelector: {matchLabels: {app: web}}}",
    );
    assert!(tcp(&either, "shop/db", "shop/web", 80) && !tcp(&either, "other/job", "shop/web", 80));
    let local = from("{podSelector: {}}");
    assert!(tcp(&local, "shop/db", "shop/web", 80) && !tcp(&local, "other/job", "shop/web", 80));
    let named = from("{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: other}}}");
    assert!(tcp(&named, "other/job", "shop/web", 80) && !tcp(&named, "shop/db", "shop/web", 80));
}

#[test]
fn expressions_mean_what_the_api_says() {
    let from = |expression: &str| {
        format!(
            "podSelector: {{}}, ingress: [{{from: [{{podSelector: {{matchExpressions: [{expression}]}}}}]}}]"
        )
    };
    for (expression, web, db) in [
        ("{key: tier, operator: In, values: [data, x]}", false, true),
        ("{key: tier, operator: NotIn, values: [data]}", true, false),
        ("{key: tier, operator: Exists}", false, true),
        ("{key: tier, operator: DoesNotExist}", true, false),
    ] {
        let spec = from(expression);
        assert_eq!(tcp(&spec, "shop/web", "shop/db", 80), web, "{expression}");
        assert_eq!(tcp(&spec, "shop/db", "shop/web", 80), db, "{expression}");
    }
}

#[test]
fn blocks_mean_addresses_of_both_families_but_not_the_exceptions() {
    let to = |block: &str| {
        format!(
            "podSelector: {{}}, policyTypes: [Egress], egress: [{{to: [{{ipBlock: {{{block}}}}}]}}]"
        )
    };
    let four = to("cidr: 10.0.0.0/8, except: [10.1.0.0/16, 10.2.0.0/16]");
    assert!(tcp(&four, "shop/web", "10.3.0.1", 1) && !tcp(&four, "shop/web", "10.2.0.1", 1));
    assert!(!tcp(&four, "shop/web", "fd00::9", 1));
    let six = to("cidr: 'fd00::/8', except: ['fd00:1::/32']");
    assert!(tcp(&six, "shop/web", "fd00::9", 1) && !tcp(&six, "shop/web", "fd00:1::9", 1));
    let all = to("cidr: 0.0.0.0/0");
    assert!(tcp(&all, "shop/web", "169.254.169.254", 80));
    // A pod is known by its address, where that is given.
    assert!(tcp(&four, "shop/web", "other/job", 1) && !tcp(&four, "shop/web", "shop/db", 1));
    assert!(!tcp(&six, "shop/db", "other/job", 1) && tcp(&six, "shop/db", "shop/web", 1));
}

#[test]
fn ports_are_numbers_ranges_and_names_of_one_protocol() {
    let ports = |ports: &str| format!("podSelector: {{}}, ingress: [{{ports: [{ports}]}}]");
    let web = |spec: &str, port, protocol| allowed(spec, "other/job", "shop/web", port, protocol);
    let range = ports("{port: 100, endPort: 200}");
    for (port, may) in [(99, false), (100, true), (200, true), (201, false)] {
        assert_eq!(web(&range, port, Protocol::TCP), may, "{port}");
    }
    assert!(!web(&range, 150, Protocol::UDP));
    let named = ports("{port: http}");
    assert!(web(&named, 8080, Protocol::TCP) && !web(&named, 80, Protocol::TCP));
    assert!(tcp(&named, "other/job", "shop/db", 80) && !tcp(&named, "other/job", "shop/db", 8080));
    let udp = ports("{port: dns, protocol: UDP}, {protocol: SCTP}");
    assert!(web(&udp, 53, Protocol::UDP) && !web(&udp, 53, Protocol::TCP));
    assert!(web(&udp, 9, Protocol::SCTP));
    // By a name no port of an address outside is meant; of egress it is the receiver's name.
    let out = "podSelector: {}, policyTypes: [Egress], egress: [{ports: [{port: http}]}]";
    assert!(!tcp(out, "shop/web", "1.1.1.1", 80) && tcp(out, "shop/web", "shop/db", 80));
    assert!(!tcp(out, "shop/db", "shop/web", 80) && tcp(out, "shop/db", "shop/web", 8080));
}

#[test]
fn a_pod_always_reaches_itself() {
    let spec = "podSelector: {}, policyTypes: [Ingress, Egress]";
    assert!(tcp(spec, "shop/web", "shop/web", 80) && !tcp(spec, "shop/web", "shop/db", 80));
}

#[test]
fn a_pod_with_the_network_of_its_node_is_known_by_address_alone() {
    let closed = "podSelector: {}, policyTypes: [Ingress, Egress]";
    assert!(tcp(closed, "other/job", "shop/agent", 80) && tcp(closed, "shop/agent", "1.1.1.1", 80));
    let from = |peer: &str| format!("podSelector: {{}}, ingress: [{{from: [{peer}]}}]");
    assert!(!tcp(&from("{podSelector: {}}"), "shop/agent", "shop/web", 80));
    assert!(tcp(&from("{ipBlock: {cidr: 192.168.0.0/16}}"), "shop/agent", "shop/web", 80));
    let manifest = manifest(closed);
    let cluster = Cluster::of([("all.yaml", &manifest)]);
    let network = Network::new(&cluster);
    let (from, to) = (End::Pod(0), End::Pod(network.pods_called("shop/agent")[0]));
    let verdict = network.ask(Flow { from, to, port: 1, protocol: Protocol::TCP });
    assert!(matches!(verdict.ingress, Side::Node));
}

#[test]
fn every_wrong_field_is_named_with_its_line() {
    let text = "apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: p}
spec:
  podselector: {}
  podSelector:
    matchLabels: {app: 1, 'a b': c}
    matchExpressions:
    - {key: x, operator: in, values: [a]}
    - {key: x, operator: In}
    - {key: x, operator: Exists, values: [a]}
  policyTypes: [ingress]
  ingress:
  - from:
    - {}
    - ipBlock: {cidr: 10.0.0.0/8, except: [10.0.0.0/8, 11.0.0.0/9]}
      podSelector: {}
    - ipBlock: {cidr: 10.0.0.0}
    - ipBlock: {}
    ports:
    - {port: 0}
    - {port: '80'}
    - {port: 90, endPort: 80}
    - {port: http, endPort: 80}
    - {endPort: 80}
    - {protocol: tcp, port: 80}
    - 80
  - to: []
  egress: {}
";
    let manifest = Manifest::parse(Source::new(text));
    let cluster = Cluster::of([("p.yaml", &manifest)]);
    assert!(cluster.policies.is_empty());
    let said: Vec<String> = cluster.refused.iter().map(ToString::to_string).collect();
    insta::assert_snapshot!(said.join("\n"));
}

#[test]
fn a_namespace_that_is_no_text_is_not_the_default_one() {
    let text = "apiVersion: v1
kind: Pod
metadata: {name: web, namespace: 5}
spec: {containers: []}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: all, namespace: n}
spec: {podSelector: {}}
---
apiVersion: v1
kind: Pod
metadata: {name: plain, namespace: }
spec: {containers: []}
";
    let manifest = Manifest::parse(Source::new(text));
    let cluster = Cluster::of([("p.yaml", &manifest)]);
    let said: Vec<String> = cluster.refused.iter().map(ToString::to_string).collect();
    let expected = [
        "p.yaml:3: `metadata.namespace` must be a text, not a number",
        "p.yaml:8: `metadata.namespace` must be a text, not a boolean",
    ];
    assert_eq!(said, expected);
}

#[test]
fn what_makes_pods_gives_way_to_the_pods_that_it_made() {
    let text = "
kind: List
items:
- {apiVersion: apps/v1, kind: Deployment, metadata: {name: web}, spec: {template: {spec: {containers: []}}}}
- {apiVersion: apps/v1, kind: ReplicaSet, metadata: {name: web-1, ownerReferences: [{kind: Deployment, name: web}]}, spec: {replicas: 1, template: {spec: {containers: []}}}}
- {apiVersion: apps/v1, kind: ReplicaSet, metadata: {name: web-0, ownerReferences: [{kind: Deployment, name: web}]}, spec: {replicas: 0, template: {spec: {containers: []}}}}
- {apiVersion: v1, kind: Pod, metadata: {name: web-1-a, ownerReferences: [{kind: ReplicaSet, name: web-1}]}, spec: {containers: []}}
- {apiVersion: apps/v1, kind: Deployment, metadata: {name: api}, spec: {template: {spec: {containers: []}}}}
";
    let manifest = Manifest::parse(Source::new(text));
    let cluster = Cluster::of([("dump.yaml", &manifest)]);
    let names: Vec<&str> = cluster.pods.iter().map(|pod| pod.name.as_str()).collect();
    assert_eq!(names, ["web-1-a", "api"]);
}

fn found(text: &str) -> Vec<(String, String)> {
    let manifest = Manifest::parse(Source::new(text));
    assert_eq!(manifest.problems, []);
    let cluster = Cluster::of([("policy.yaml", &manifest)]);
    let found = netpol::check(&Network::new(&cluster));
    let said = found.into_iter().map(|(_, found)| {
        let line = manifest.source.line(found.span.start);
        (found.rule.id.to_owned(), format!("{line}: {}", found.message))
    });
    said.collect()
}

#[test]
fn the_bad_example_of_each_check_violates_it_and_the_good_one_does_not() {
    let count = |rule: &Rule, text| found(text).iter().filter(|(id, _)| id == rule.id).count();
    for rule in netpol::pages() {
        assert_ne!(count(rule, rule.bad), 0, "{}: the bad example is not found", rule.id);
        assert_eq!(count(rule, rule.good), 0, "{}: the good example is found", rule.id);
    }
}

#[test]
fn the_guides_policy_opens_the_metadata_service_and_forgets_dns() {
    let Some(path) = shared("../guide/container-security-guide.txt") else { return };
    let guide = std::fs::read_to_string(path).unwrap();
    let start = guide.find("apiVersion: networking.k8s.io/v1").unwrap();
    let policy = guide[start..].split("\n\n").next().unwrap();
    let found = found(policy);
    let ids: Vec<&str> = found.iter().map(|(id, _)| id.as_str()).collect();
    assert_eq!(ids, ["PN1002", "PN1001"]);
    assert!(
        found[0].1.starts_with(
            "4: egress of the pods that it selects is isolated and no rule allows DNS"
        )
    );
    let open = "28: `to: []` allows every destination on TCP 443, TCP 80; 169.254.169.254 too, \
                where the cloud hands out credentials.";
    assert!(found[1].1.starts_with(open), "{}", found[1].1);

    // The same by the verdicts for a pod that it selects.
    let pod = "apiVersion: v1\nkind: Pod\nmetadata: {name: api, labels: {app: api}}\nspec: {}\n";
    let manifest = Manifest::parse(Source::new(format!("{pod}---\n{policy}")));
    let cluster = Cluster::of([("policy.yaml", &manifest)]);
    let network = Network::new(&cluster);
    let ask = |address: &str, port, protocol| {
        let to = End::Address(address.parse().unwrap());
        network.ask(Flow { from: End::Pod(0), to, port, protocol }).allowed()
    };
    assert!(ask("169.254.169.254", 80, Protocol::TCP));
    assert!(!ask("10.96.0.10", 53, Protocol::UDP) && !ask("10.96.0.10", 53, Protocol::TCP));
}

#[test]
fn a_policy_cut_anywhere_panics_nowhere() {
    let text =
        format!("{PODS}{}", netpol::pages().map(|rule| rule.bad).collect::<Vec<_>>().join("---\n"));
    for end in (0..text.len()).filter(|end| text.is_char_boundary(*end)) {
        let manifest = Manifest::parse(Source::new(&text[..end]));
        let cluster = Cluster::of([("p.yaml", &manifest)]);
        for (_, found) in netpol::check(&Network::new(&cluster)) {
            assert!(found.span.end as usize <= end);
        }
    }
}

#[test]
fn hostile_policies_end_soon() {
    let head =
        "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: p}\nspec:\n";
    let start = std::time::Instant::now();
    for text in [
        format!("{head}  ingress:\n{}", "  - from: [{}]\n".repeat(50_000)),
        format!("{head}  podSelector:\n    matchLabels:\n{}", "      a: b\n".repeat(50_000)),
        format!("{head}  ingress: &a [{}]\n  egress: *a\n", "{},".repeat(50_000)),
        format!("{head}  egress:\n{}", "  - to: [{podSelector: {}}]\n".repeat(50_000)),
        format!("{head}  podSelector: {{}}\n---\n").repeat(800),
    ] {
        let manifest = Manifest::parse(Source::new(text));
        let cluster = Cluster::of([("p.yaml", &manifest)]);
        let _ = netpol::check(&Network::new(&cluster));
    }
    assert!(start.elapsed().as_secs() < 60, "{:?}", start.elapsed());
}
