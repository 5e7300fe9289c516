//! Rules that let traffic out to everywhere.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use plimsoll_model::text::Level;

use super::super::address::Block;
use super::super::admin::{Action, AdminPeer, AdminRule};
use super::super::policy::{
    Direction, Number, Peer, Place, Port, Protocol, Rule as PolicyRule, Who,
};
use super::admin::{Asked, Left, decided_by, in_order};
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
        if is_dns_alone(rule.ports.as_deref()) {
            continue;
        }
        if let Some((place, what, address)) = opening(rule) {
            let hole = match address {
                IpAddr::V4(_) => "ipBlock 0.0.0.0/0 except 169.254.0.0/16".to_owned(),
                IpAddr::V6(_) => format!("except {address}/128"),
            };
            let said = message(rule.ports.as_deref(), &what, address);
            found.report(
                place,
                format!("{said}. Name whom it is for, or leave the metadata service out: {hole}"),
            );
        }
    }
    administrators(context, found);
}

/// Rules of administrators that accept every address, and none before them denies that of the metadata.
fn administrators(context: &Context<'_>, found: &mut Found) {
    let mut left = Left::new();
    let rules = in_order(context, Direction::Egress);
    for (number, asked) in rules.iter().enumerate() {
        if asked.rule.action != Action::Accept || is_dns_alone(asked.rule.ports.as_deref()) {
            continue;
        }
        let Some((block, address)) = asked.rule.peers.iter().find_map(open_to_all) else {
            continue;
        };
        let Some(alone) = Block::parse(&format!("{address}/{}", bits(address))) else { continue };
        let peer = AdminPeer::Who(Who::Addresses { block: alone, except: Vec::new() });
        let metadata = AdminRule { peers: vec![peer], ..asked.rule.clone() };
        let metadata = Asked { rule: &metadata, ..*asked };
        let before: Vec<Asked<'_>> = rules
            .get(..number)
            .unwrap_or_default()
            .iter()
            .filter(|one| one.is_before(asked))
            .copied()
            .collect();
        if decided_by(&metadata, &before, &mut left).is_some() {
            continue;
        }
        let said = message(asked.rule.ports.as_deref(), &format!("`{block}`"), address);
        found.report(
            &asked.rule.place,
            format!(
                "{said}, and no network policy can close what this accepts. Deny {alone} in a rule before it"
            ),
        );
    }
}

/// A peer that is every address, and the metadata address among them.
fn open_to_all(peer: &AdminPeer) -> Option<(Block, IpAddr)> {
    let AdminPeer::Who(who @ Who::Addresses { block, .. }) = peer else { return None };
    let open = [METADATA, METADATA_V6].into_iter().find(|address| who.has_address(*address))?;
    block.is_all().then_some((*block, open))
}

fn bits(address: IpAddr) -> u8 {
    if address.is_ipv4() { 32 } else { 128 }
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

/// What is open, and what with it.
fn message(ports: Option<&[Port]>, what: &str, address: IpAddr) -> String {
    let on = ports.map_or_else(
        || "on every port".to_owned(),
        |ports| {
            let ports: Vec<String> = ports.iter().map(ToString::to_string).collect();
            format!("on {}", ports.join(", "))
        },
    );
    let has_http =
        ports.is_none_or(|ports| ports.iter().any(|port| port.has(None, 80, Protocol::TCP)));
    let why = if has_http { ", where the cloud hands out credentials" } else { "" };
    format!("{what} allows every destination {on}; {address} too{why}")
}

/// Whether it opens nothing but DNS, whose servers are anywhere.
fn is_dns_alone(ports: Option<&[Port]>) -> bool {
    ports.is_some_and(|ports| {
        ports.iter().all(|port| match &port.number {
            Number::Range(first, last) => (*first, *last) == (DNS, DNS),
            Number::Named(name) => name.starts_with("dns"),
            Number::Any => false,
        })
    })
}
