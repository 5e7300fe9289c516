//! Whether a rule allows all that another one allows, told from the rules alone, so that it holds
//! in every cluster.

use super::super::address::Block;
use super::super::policy::{Number, Port, Rule, Who};
use super::super::selector::{Labels, Selector};

/// Whether whatever `rule` allows is allowed by `other` too. Both are of policies of one
/// namespace, whose labels are given.
pub(super) fn covers(other: &Rule, rule: &Rule, home: &Labels) -> bool {
    let ports = match (&rule.ports, &other.ports) {
        (_, None) => true,
        (None, Some(_)) => false,
        (Some(ports), Some(others)) => {
            ports.iter().all(|port| others.iter().any(|other| covers_port(other, port)))
        }
    };
    ports
        && match (&rule.peers, &other.peers) {
            (_, None) => true,
            (None, Some(_)) => false,
            (Some(peers), Some(others)) => peers
                .iter()
                .all(|peer| others.iter().any(|other| covers_peer(&other.who, &peer.who, home))),
        }
}

pub(super) fn covers_port(other: &Port, port: &Port) -> bool {
    other.protocol == port.protocol
        && match (&other.number, &port.number) {
            (Number::Any, _) => true,
            (Number::Range(first, last), Number::Range(own_first, own_last)) => {
                first <= own_first && own_last <= last
            }
            (Number::Named(other), Number::Named(own)) => other == own,
            _ => false,
        }
}

pub(super) fn covers_peer(other: &Who, peer: &Who, home: &Labels) -> bool {
    match (other, peer) {
        (Who::Pods { pods: other_pods, namespaces: others }, Who::Pods { pods, namespaces }) => {
            let namespaces = match (others, namespaces) {
                (None, None) => true,
                (None, Some(_)) => false,
                (Some(others), None) => others.selects(home),
                (Some(others), Some(own)) => own.implies(others),
            };
            let all = Selector::default();
            namespaces && pods.as_ref().unwrap_or(&all).implies(other_pods.as_ref().unwrap_or(&all))
        }
        (
            Who::Addresses { block: other, except: other_except },
            Who::Addresses { block, except },
        ) => {
            let meet = |one: &Block, other: &Block| one.covers(other) || other.covers(one);
            let is_excepted = |hole: &Block| except.iter().any(|own| own.covers(hole));
            other.covers(block)
                && other_except.iter().all(|hole| !meet(hole, block) || is_excepted(hole))
        }
        _ => false,
    }
}
