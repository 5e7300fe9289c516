//! Rules that let traffic out to everywhere.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use plimsoll_model::text::Level;

use super::super::policy::{Direction, Number, Peer, Place, Protocol, Rule as PolicyRule, Who};
use super::{Check, Context, Found};
use crate::rule::{Mending, Rule};

/// Where clouds hand out credentials: <https://datatracker.ietf.org/doc/html/rfc3927> names the
/// range, and each large provider takes this address of it.
const METADATA: IpAddr = IpAddr::V4(Ipv4Addr::new(169, 254, 169, 254));
/// The same of EC2, by IPv6.
const METADATA_V6: IpAddr = IpAddr::V6(Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254));
const DNS: u16 = 53;

pub(super) static CHECK: Check = Check {
    rule: Rule {
        id: "PN1001",
        aliases: &[],
        level: Level::Warning,
        title: "Let traffic out to named destinations alone",
        why: "An egress rule with an empty `to`, or without one, allows every destination: each pod, each node, the internet, and 169.254.169.254, where clouds hand out the credentials of the node. The empty list does not mean nobody.",
        bad: "apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: api}
spec:
  podSelector: {}
  policyTypes: [Egress]
  egress:
    - to: []
      ports:
        - {protocol: TCP, port: 80}
    - ports:
        - {protocol: UDP, port: 53}
",
        good: "apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: api}
spec:
  podSelector: {}
  policyTypes: [Egress]
  egress:
    - to:
        - ipBlock: {cidr: 0.0.0.0/0, except: [169.254.0.0/16]}
      ports:
        - {protocol: TCP, port: 80}
    - ports:
        - {protocol: UDP, port: 53}
",
        mending: Mending::None,
        source: "https://kubernetes.io/docs/concepts/services-networking/network-policies/#behavior-of-to-and-from-selectors",
        fields: &[],
    },
    check,
};

fn check(context: &Context<'_>, found: &mut Found) {
    for (_, _, rule) in context.effective(Direction::Egress) {
        if is_dns_alone(rule) {
            continue;
        }
        if let Some((place, what, address)) = opening(rule) {
            found.report(place, message(rule, &what, address));
        }
    }
}

/// What opens everything: its place, its words, and the metadata address that is open by it.
fn opening(rule: &PolicyRule) -> Option<(&Place, String, IpAddr)> {
    let Some(peers) = &rule.peers else {
        let (place, what) = match &rule.peers_place {
            Some(place) => (place, "`to: []`"),
            None => (&rule.place, "a rule without `to`"),
        };
        return Some((place, what.to_owned(), METADATA));
    };
    peers.iter().find_map(|Peer { place, who }| {
        let Who::Addresses { block, .. } = who else { return None };
        let open = [METADATA, METADATA_V6].into_iter().find(|address| who.has_address(*address))?;
        block.is_all().then(|| (place, format!("`{block}`"), open))
    })
}

fn message(rule: &PolicyRule, what: &str, address: IpAddr) -> String {
    let on = rule.ports.as_ref().map_or_else(
        || "on every port".to_owned(),
        |ports| {
            let ports: Vec<String> = ports.iter().map(ToString::to_string).collect();
            format!("on {}", ports.join(", "))
        },
    );
    let ports = rule.ports.as_ref();
    let has_http =
        ports.is_none_or(|ports| ports.iter().any(|port| port.has(None, 80, Protocol::TCP)));
    let why = if has_http { ", where the cloud hands out credentials" } else { "" };
    let hole = match address {
        IpAddr::V4(_) => "ipBlock 0.0.0.0/0 except 169.254.0.0/16".to_owned(),
        IpAddr::V6(_) => format!("except {address}/128"),
    };
    format!(
        "{what} allows every destination {on}; {address} too{why}. Name whom it is for, or leave \
         the metadata service out: {hole}"
    )
}

/// Whether it opens nothing but DNS, whose servers are anywhere.
fn is_dns_alone(rule: &PolicyRule) -> bool {
    rule.ports.as_ref().is_some_and(|ports| {
        ports.iter().all(|port| match &port.number {
            Number::Range(first, last) => (*first, *last) == (DNS, DNS),
            Number::Named(name) => name.starts_with("dns"),
            Number::Any => false,
        })
    })
}
