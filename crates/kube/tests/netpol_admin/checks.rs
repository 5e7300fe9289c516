//! What the checks say of policies of administrators, and that it is so by the verdicts.

use plimsoll_kube::netpol::{End, Flow, Network, Protocol, check};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::world::{documents, world};
use crate::{PODS, admin, baseline, cluster};

fn found(text: &str) -> Vec<(String, String)> {
    let cluster = cluster(text);
    assert!(cluster.refused.is_empty(), "{:?}", cluster.refused);
    let found = check(&Network::new(&cluster)).into_iter();
    found.map(|(_, one)| (one.rule.id.to_owned(), one.message.into_owned())).collect()
}

fn says(text: &str, id: &str) -> Vec<String> {
    found(text).into_iter().filter(|(own, _)| own == id).map(|(_, said)| said).collect()
}

#[test]
fn a_rule_is_never_reached_where_several_earlier_ones_decide_all_of_it() {
    let deny = "      - {namespaces: {matchLabels: {team: watch}}}\n";
    let ports = |list: &str| format!("      ports: [{list}]\n");
    let tcp = |port: u16| format!("{{portNumber: {{protocol: TCP, port: {port}}}}}");
    let all = [
        admin(1, "Deny", &ports(&tcp(80))),
        admin(2, "Pass", &ports(&tcp(81))),
        admin(3, "Allow", &ports(&format!("{}, {}", tcp(80), tcp(81)))),
    ];
    let said = says(&all.concat(), "PN1008");
    assert_eq!(said.len(), 1, "{said:?} {deny}");
    assert!(said[0].starts_with("it is never reached: AdminNetworkPolicy/p1 rule 1 (all.yaml:"));
    assert!(said[0].ends_with("decide all that it means"), "{}", said[0]);

    let wider = [all[0].clone(), admin(3, "Allow", "")].concat();
    assert_eq!(says(&wider, "PN1008"), [""; 0]);
    // Of one priority no order is defined.
    let equal = [admin(2, "Deny", ""), admin(2, "Allow", "").replace("p2", "q2")].concat();
    assert_eq!(says(&equal, "PN1008"), [""; 0]);
    let said = says(&equal, "PN1010");
    assert_eq!(said.len(), 1);
    assert!(said[0].contains("ingress rule 1 accepts what rule 1 of the other denies"), "{said:?}");
}

#[test]
fn the_baseline_is_never_reached_where_administrators_decide_and_pass_nothing_on() {
    let closed = admin(1, "Deny", "").replace("team: watch", "").replace("team: shop", "");
    let both = format!("{closed}{}", baseline("Allow"));
    assert_eq!(says(&both, "PN1008").len(), 1, "{:?}", found(&both));
    let passing = format!("{}{both}", admin(0, "Pass", ""));
    assert_eq!(says(&passing, "PN1008"), [""; 0], "{:?}", found(&passing));
    assert_eq!(says(&passing, "PN1009"), [""; 0], "{:?}", found(&passing));
}

#[test]
fn subjects_and_peers_that_are_nobody_are_told() {
    let text = format!("{PODS}{}", admin(1, "Deny", "").replace("team: shop", "team: gone"));
    let said = says(&text, "PN1003");
    assert_eq!(
        said,
        ["the subject of AdminNetworkPolicy/p1 is none of the 3 pods given: it is about nothing"]
    );
    let peer =
        "{namespaceSelector: {matchLabels: {team: shop}}, podSelector: {matchLabels: {app: gone}}}";
    let peers = admin(1, "Deny", "")
        .replace("[{namespaces: {matchLabels: {team: watch}}}]", &format!("[{{pods: {peer}}}]"));
    let said = says(&format!("{PODS}{peers}"), "PN1005");
    assert_eq!(said, ["`app=gone` selects no pod that is given: the rule means nobody among them"]);
}

/// A policy for what goes out.
fn egress(rules: &[&str]) -> String {
    let head = "---\napiVersion: policy.networking.k8s.io/v1alpha1\nkind: AdminNetworkPolicy\nmetadata: {name: out}\n\
                spec:\n  priority: 1\n  subject: {namespaces: {matchLabels: {team: shop}}}\n  egress:\n";
    let rules: Vec<String> = rules.iter().map(|rule| format!("    - {{{rule}}}\n")).collect();
    format!("{head}{}\n", rules.concat())
}

#[test]
fn a_rule_that_denies_dns_or_opens_the_metadata_address_is_told_unless_an_earlier_one_mends_it() {
    let closed = "action: Deny, to: [{namespaces: {}}]";
    let dns = "action: Allow, to: [{pods: {namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: kube-system}}, \
               podSelector: {matchLabels: {k8s-app: kube-dns}}}}], ports: [{portNumber: {protocol: UDP, port: 53}}]";
    let said = says(&egress(&[closed]), "PN1002");
    assert_eq!(said.len(), 1);
    assert!(said[0].starts_with("this denies DNS (UDP 53) too"), "{}", said[0]);
    assert_eq!(says(&egress(&[dns, closed]), "PN1002"), [""; 0]);
    assert_eq!(says(&egress(&[closed, dns]), "PN1002").len(), 1);
    let https =
        "action: Deny, to: [{namespaces: {}}], ports: [{portNumber: {protocol: TCP, port: 443}}]";
    assert_eq!(says(&egress(&[https]), "PN1002"), [""; 0]);

    let open = "action: Allow, to: [{networks: ['0.0.0.0/0']}]";
    let metadata = "action: Deny, to: [{networks: ['169.254.0.0/16']}]";
    let said = says(&egress(&[open]), "PN1001");
    assert!(said[0].ends_with("Deny 169.254.169.254/32 in a rule before it"), "{said:?}");
    assert_eq!(says(&egress(&[metadata, open]), "PN1001"), [""; 0]);
    assert_eq!(says(&egress(&[open, metadata]), "PN1001").len(), 1);
    // By the verdicts: what is told is open.
    for (rules, is_open) in [(&[open][..], true), (&[metadata, open][..], false)] {
        let cluster = cluster(&format!("{PODS}{}", egress(rules)));
        let network = Network::new(&cluster);
        let from = End::Pod(network.pods_called("shop/web")[0]);
        let to = End::Address("169.254.169.254".parse().unwrap());
        let asked = network.ask(Flow { from, to, port: 80, protocol: Protocol::TCP });
        assert_eq!(asked.allowed(), is_open);
    }
}

/// Who may send what to whom, pods and addresses.
fn verdicts(world: &[Value]) -> Vec<bool> {
    let text = documents(world);
    let cluster = cluster(&text);
    let network = Network::new(&cluster);
    let pods = 0..cluster.pods.len();
    let addresses = ["10.0.0.9", "10.0.0.15", "10.0.0.17", "192.0.2.1"];
    let addresses = addresses.map(|address| End::Address(address.parse().unwrap()));
    let ends: Vec<End> = pods.map(End::Pod).chain(addresses).collect();
    let mut all = Vec::new();
    for from in &ends {
        for to in &ends {
            for (port, protocol) in
                [(80, Protocol::TCP), (81, Protocol::TCP), (80, Protocol::UDP), (9, Protocol::SCTP)]
            {
                let flow = Flow { from: *from, to: *to, port, protocol };
                all.push(network.ask(flow).allowed());
            }
        }
    }
    all
}

proptest! {
    /// What PN1008 and PN1009 say of a rule is so: without it every verdict is the same.
    #[test]
    fn an_administrators_rule_that_is_told_to_change_nothing_changes_nothing(world in world()) {
        let mut world = world;
        for (number, object) in world.iter_mut().enumerate() {
            if object["kind"] == "AdminNetworkPolicy" {
                object["metadata"]["name"] = json!(format!("p{number}"));
            }
        }
        let text = documents(&world);
        let cluster = cluster(&text);
        let found = check(&Network::new(&cluster));
        let before = verdicts(&world);
        for (place, one) in found.iter().filter(|(_, one)| ["PN1008", "PN1009"].contains(&one.rule.id)) {
            let policy = cluster.admin_policies.iter().find_map(|policy| {
                let rules = [("ingress", &policy.ingress), ("egress", &policy.egress)];
                rules.into_iter().find_map(|(field, rules)| {
                    let index = rules.iter().position(|rule| rule.place == *place)?;
                    Some((policy, field, index))
                })
            });
            let (policy, field, index) = policy.unwrap();
            let mut without = world.clone();
            let object = without.iter_mut().find(|object| {
                object["kind"] == *policy.kind && object["metadata"]["name"] == *policy.name
            });
            let rules = object.unwrap()["spec"][field].as_array_mut().unwrap();
            rules.remove(index);
            prop_assert_eq!(verdicts(&without), before.clone(), "{} {}\n{}", one.rule.id, one.message, text);
        }
    }
}
