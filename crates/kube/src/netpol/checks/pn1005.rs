//! Rules that nothing meets.

use plimsoll_model::text::Level;

use super::super::admin::AdminPeer;
use super::super::policy::{Direction, Policy, Rule as PolicyRule, Who};
use super::super::selector::Selector;
use super::admin::in_order;
use super::{Check, Context, Found};
use crate::rule::{Mending, Rule};

pub(super) static CHECK: Check = Check {
    rule: Rule {
        id: "PN1005",
        aliases: &[],
        level: Level::Warning,
        title: "Write rules that something can meet",
        why: "A rule of a direction that `policyTypes` leaves out has no effect: the pod is open that way, whatever the rule says. A rule whose peers are nobody allows nothing, most often for a misspelt label.",
        bad: "apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: api}
spec:
  podSelector: {}
  policyTypes: [Ingress]
  egress:
    - to: [{ipBlock: {cidr: 10.0.0.0/8}}]
",
        good: "apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: api}
spec:
  podSelector: {}
  policyTypes: [Ingress, Egress]
  egress:
    - to: [{ipBlock: {cidr: 10.0.0.0/8}}]
",
        mending: Mending::None,
        source: "https://kubernetes.io/docs/concepts/services-networking/network-policies/#networkpolicy-resource",
        fields: &[],
    },
    check,
};

fn check(context: &Context<'_>, found: &mut Found) {
    for direction in Direction::ALL {
        for (_, policy) in context.policies().filter(|(_, policy)| !policy.isolates(direction)) {
            if let Some(rule) = policy.rules(direction).first() {
                let name = direction.name();
                let message = format!(
                    "`policyTypes` leaves {name} out, so these rules have no effect and {name} is not isolated"
                );
                found.report(&rule.place, message);
            }
        }
        for (_, policy, rule) in context.effective(direction) {
            if let Some((level, message)) = nobody(context, policy, rule) {
                found.report_as(level, &rule.place, message);
            }
        }
        for asked in in_order(context, direction) {
            let mut whys = asked.rule.peers.iter().map(|peer| match peer {
                AdminPeer::Who(who) => no_peer(context, "", who),
                AdminPeer::Nodes(_) | AdminPeer::Domains => None,
            });
            if let Some(Some((level, message))) = whys.next()
                && whys.all(|why| why.is_some())
            {
                found.report_as(level, &asked.rule.place, message);
            }
        }
    }
}

/// Why a rule's peers are nobody, where they are.
fn nobody(context: &Context<'_>, policy: &Policy, rule: &PolicyRule) -> Option<(Level, String)> {
    let peers = rule.peers.as_ref()?;
    let mut whys = peers.iter().map(|peer| no_peer(context, &policy.namespace, &peer.who));
    let first = whys.next()??;
    whys.all(|why| why.is_some()).then_some(first)
}

fn no_peer(context: &Context<'_>, home: &str, who: &Who) -> Option<(Level, String)> {
    let Who::Pods { pods, namespaces } = who else { return None };
    let all = Selector::default();
    let pods = pods.as_ref().unwrap_or(&all);
    for selector in [Some(pods), namespaces.as_ref()].into_iter().flatten() {
        if selector.is_contradictory() {
            return Some((
                Level::Warning,
                format!("no labels can meet `{selector}`: the rule means nobody"),
            ));
        }
    }
    let cluster = context.cluster();
    let is_home = |name: &str| match namespaces {
        None => name == home,
        Some(selector) => {
            cluster.namespaces.get(name).is_some_and(|labels| selector.selects(labels))
        }
    };
    let mut here = cluster.pods.iter().filter(|pod| is_home(&pod.namespace)).peekable();
    // A namespace that is not among the files may well have such pods.
    here.peek()?;
    let is_none = !here.any(|pod| !pod.host_network && pods.selects(&pod.labels));
    is_none.then(|| {
        (
            Level::Info,
            format!("`{pods}` selects no pod that is given: the rule means nobody among them"),
        )
    })
}
