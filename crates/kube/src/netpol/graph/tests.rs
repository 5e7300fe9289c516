//! What a graph has, held against the answers of queries.

use std::fmt::Write as _;

use plimsoll_model::text::Source as Text;
use proptest::prelude::*;

use super::*;
use crate::manifest::Manifest;
use crate::netpol::{Cluster, End, Flow, Side};

fn pod(namespace: &str, name: &str, app: &str, port: u16) -> String {
    format!(
        "---\napiVersion: v1\nkind: Pod\nmetadata: {{namespace: {namespace}, name: {name}, labels: {{app: {app}}}}}\n\
         spec: {{containers: [{{name: c, ports: [{{containerPort: {port}}}]}}]}}\n"
    )
}

fn policy(namespace: &str, name: &str, spec: &str) -> String {
    format!(
        "---\napiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\n\
         metadata: {{namespace: {namespace}, name: {name}}}\nspec: {spec}\n"
    )
}

/// The links in words, and how many groups there are.
fn told(text: &str, most: usize) -> (Vec<String>, usize, Grouping) {
    let manifest = Manifest::parse(Text::new(text));
    let cluster = Cluster::of([("all.yaml", &manifest)]);
    assert_eq!(cluster.refused, []);
    let network = Network::new(&cluster);
    let graph = Graph::of(&network, &[], most);
    let name = |group: &usize| {
        let pods: Vec<&str> =
            graph.groups[*group].pods.iter().map(|pod| network.name(*pod)).collect();
        pods.join("+")
    };
    let one = |link: &Link| {
        let from = match &link.from {
            Source::Addresses(label) => label.clone(),
            Source::Everybody => "every pod".to_owned(),
            Source::Namespace(namespace) => format!("{namespace}/*"),
            Source::Group(group) => name(group),
        };
        let to = match &link.to {
            Target::Group(group, port, protocol) => format!("{} {port}/{protocol}", name(group)),
            Target::Addresses(label, ports) => format!("{label} {ports}"),
        };
        format!("{from} {} {to}", if link.partial { "some" } else { "→" })
    };
    (graph.links.iter().map(one).collect(), graph.groups.len(), graph.grouping)
}

#[test]
fn pods_that_no_rule_tells_apart_are_one() {
    let mut text = String::new();
    for number in 0..3 {
        text += &pod("shop", &format!("web-{number}"), "web", 80);
    }
    text += &pod("shop", "db", "db", 5432);
    text += &pod("other", "job", "job", 80);
    text += &policy(
        "shop",
        "db",
        "{podSelector: {matchLabels: {app: db}}, ingress: [{from: [{podSelector: {matchLabels: {app: web}}}]}]}",
    );
    let (links, groups, grouping) = told(&text, 50);
    assert_eq!(links, ["shop/web-0+shop/web-1+shop/web-2 → shop/db 5432/TCP"]);
    assert_eq!((groups, grouping), (3, Grouping::Alike));
    let (links, groups, grouping) = told(&text, 2);
    assert_eq!((groups, grouping), (2, Grouping::Namespace));
    assert_eq!(
        links,
        [
            "shop/web-0+shop/web-1+shop/web-2+shop/db → shop/web-0+shop/web-1+shop/web-2+shop/db 5432/TCP"
        ]
    );
}

#[test]
fn whole_namespaces_and_everybody_are_one_sender() {
    let mut text = String::new();
    for (namespace, name, port) in
        [("a", "one", 1), ("a", "two", 2), ("b", "three", 3), ("b", "four", 4)]
    {
        text += &pod(namespace, name, name, port);
    }
    text += &pod("a", "to", "to", 80);
    let selects = "podSelector: {matchLabels: {app: to}}";
    let of_home =
        policy("a", "p", &format!("{{{selects}, ingress: [{{from: [{{podSelector: {{}}}}]}}]}}"));
    assert_eq!(told(&(text.clone() + &of_home), 50).0, ["a/* → a/to 80/TCP"]);
    let of_all = policy(
        "a",
        "p",
        &format!("{{{selects}, ingress: [{{from: [{{namespaceSelector: {{}}}}]}}]}}"),
    );
    assert_eq!(told(&(text.clone() + &of_all), 50).0, ["every pod → a/to 80/TCP"]);
    // One who is shut in says that it goes there all the same.
    let out = policy(
        "b",
        "out",
        "{podSelector: {matchLabels: {app: three}}, policyTypes: [Egress], egress: [{to: [{namespaceSelector: {}}], ports: [{port: 80}]}]}",
    );
    let (links, ..) = told(&(text + &of_all + &out), 50);
    assert_eq!(links, ["every pod → a/to 80/TCP"], "all may in fact");
}

#[test]
fn the_outside_is_an_end_of_its_own() {
    let text = pod("shop", "web", "web", 80)
        + &policy(
            "shop",
            "p",
            "{podSelector: {}, policyTypes: [Ingress, Egress], ingress: [{ports: [{port: 80}]}],
  egress: [{to: [{ipBlock: {cidr: 0.0.0.0/0, except: [10.0.0.0/8]}}], ports: [{port: 443}, {port: 53, protocol: UDP}]}]}",
        );
    assert_eq!(
        told(&text, 50).0,
        [
            "any address → shop/web 80/TCP",
            "shop/web → all but 10.0.0.0/8 443",
            "shop/web → all but 10.0.0.0/8 53/UDP",
        ]
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]
    /// Each pair that a rule lets pass is in a link, and each whole link between groups holds for all
    /// of its pairs.
    #[test]
    fn links_are_what_questions_answer(
        pods in proptest::collection::vec((0..3_u8, 0..4_u8, 0..2_u8), 2..9),
        rules in proptest::collection::vec((0..3_u8, 0..4_u8, 0..5_u8, any::<bool>(), any::<bool>()), 0..6),
        most in 1..20_usize,
    ) {
        let mut text = String::new();
        for (number, (namespace, app, port)) in pods.iter().enumerate() {
            text += &pod(&format!("n{namespace}"), &format!("p{number}"), &format!("a{app}"), 80 + u16::from(*port));
        }
        for (number, (namespace, app, peer, is_egress, has_port)) in rules.iter().enumerate() {
            let (kind, word) = if *is_egress { ("Egress", "to") } else { ("Ingress", "from") };
            let peer = match peer {
                4 => "namespaceSelector: {}".to_owned(),
                peer => format!("podSelector: {{matchLabels: {{app: a{peer}}}}}, namespaceSelector: {{}}"),
            };
            let ports = if *has_port { ", ports: [{port: 80}]" } else { "" };
            let mut spec = String::new();
            let _ = write!(spec, "{{podSelector: {{matchLabels: {{app: a{app}}}}}, policyTypes: [{kind}], {}: [{{{word}: [{{{peer}}}]{ports}}}]}}", kind.to_lowercase());
            text += &policy(&format!("n{namespace}"), &format!("r{number}"), &spec);
        }
        let manifest = Manifest::parse(Text::new(text.clone()));
        let cluster = Cluster::of([("all.yaml", &manifest)]);
        prop_assert_eq!(&cluster.refused, &[]);
        let network = Network::new(&cluster);
        let graph = Graph::of(&network, &[], most);
        let group_of = |pod: usize| graph.groups.iter().position(|group| group.pods.contains(&pod)).unwrap();
        for to in 0..cluster.pods.len() {
            let (port, protocol) = (cluster.pods[to].ports[0].number, Protocol::TCP);
            let target = Target::Group(group_of(to), port, protocol);
            for from in (0..cluster.pods.len()).filter(|from| *from != to) {
                let flow = Flow { from: End::Pod(from), to: End::Pod(to), port, protocol };
                let verdict = network.ask(flow);
                let by_rule = matches!(verdict.ingress, Side::Allowed(_)) || matches!(verdict.egress, Side::Allowed(_));
                let of_group = graph.links.iter().find(|link| link.to == target && link.from == Source::Group(group_of(from)));
                let namespace = Source::Namespace(cluster.pods[from].namespace.clone());
                let of_many = graph.links.iter().any(|link| link.to == target && (link.from == namespace || link.from == Source::Everybody));
                if verdict.allowed() && by_rule {
                    prop_assert!(of_group.is_some() || of_many, "{} → {}\n{}", from, to, text);
                }
                if let Some(link) = of_group && !link.partial {
                    prop_assert!(verdict.allowed(), "{} → {}\n{}", from, to, text);
                }
                if of_many && group_of(from) != group_of(to) {
                    prop_assert!(verdict.ingress.allowed(), "{} → {}\n{}", from, to, text);
                }
            }
        }
    }
}
