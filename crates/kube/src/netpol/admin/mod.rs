//! Policies of administrators: `AdminNetworkPolicy`, `BaselineAdminNetworkPolicy` and
//! `ClusterNetworkPolicy`, which decide before network policies or after them.
//!
//! <https://network-policy-api.sigs.k8s.io/api-overview/>

mod decide;

use std::collections::BTreeMap;
use std::net::IpAddr;

pub(super) use decide::Tiers;

use super::policy::{Direction, Place, Port, Who};
use super::selector::{Labels, Selector};

/// A policy of an administrator.
#[derive(Debug, Clone)]
pub struct AdminPolicy {
    /// `AdminNetworkPolicy`, `BaselineAdminNetworkPolicy` or `ClusterNetworkPolicy`.
    pub kind: String,
    /// Its name.
    pub name: String,
    /// Where its name stands.
    pub place: Place,
    /// When it is asked.
    pub tier: Tier,
    /// Of one tier, the lowest is asked first. What two of one priority do to traffic that both
    /// mean is not defined; here the first that was read counts.
    pub priority: u16,
    /// The pods that it is about.
    pub subject: Who,
    /// What becomes of traffic to them; the first rule that means it counts.
    pub ingress: Vec<AdminRule>,
    /// What becomes of traffic from them.
    pub egress: Vec<AdminRule>,
}

impl AdminPolicy {
    /// The rules of a direction.
    pub fn rules(&self, direction: Direction) -> &[AdminRule] {
        match direction {
            Direction::Ingress => &self.ingress,
            Direction::Egress => &self.egress,
        }
    }

    /// Whether a rule means names of domains.
    pub fn has_domains(&self) -> bool {
        let mut rules = self.ingress.iter().chain(&self.egress);
        rules.any(|rule| rule.peers.iter().any(|peer| matches!(peer, AdminPeer::Domains)))
    }

    /// `AdminNetworkPolicy/deny-all`.
    pub fn called(&self) -> String {
        format!("{}/{}", self.kind, self.name)
    }
}

/// When a policy is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Tier {
    /// Before network policies.
    Admin,
    /// Where no network policy isolates the pod.
    Baseline,
}

/// What a rule does with traffic that it means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Action {
    /// It may pass, and nobody else of this end is asked.
    Accept,
    /// It may not.
    Deny,
    /// The next tier is asked.
    Pass,
}

/// A rule.
#[derive(Debug, Clone)]
pub struct AdminRule {
    /// Where it stands.
    pub place: Place,
    /// Its name; empty where it has none.
    pub name: String,
    /// What it does.
    pub action: Action,
    /// With whom.
    pub peers: Vec<AdminPeer>,
    /// On which ports; `None` is all of them.
    pub ports: Option<Vec<Port>>,
}

/// With whom.
#[derive(Debug, Clone)]
pub enum AdminPeer {
    /// Pods or addresses.
    Who(Who),
    /// Nodes, by their labels.
    Nodes(Selector),
    /// Names of domains, whose addresses no file tells.
    Domains,
}

/// A node of the cluster.
#[derive(Debug, Clone, Default)]
pub struct Node {
    /// Its labels.
    pub labels: Labels,
    /// Its addresses.
    pub addresses: Vec<IpAddr>,
}

/// The nodes by their names.
pub type Nodes = BTreeMap<String, Node>;
