//! Whether policies isolate a pod at all, direction by direction.
//!
//! <https://kubernetes.io/docs/concepts/services-networking/network-policies/#the-two-sorts-of-pod-isolation>

use super::admin::AdminPolicy;
use super::network::Network;
use super::policy::{Direction, Policy};

/// What policies are to one direction of a pod.
#[derive(Debug, Clone)]
pub enum Isolation<'c> {
    /// It has the network of its node, to which no policy is applied.
    Node,
    /// No policy selects it: what no rule of an administrator denies may pass.
    Open,
    /// These policies select it: what none of their rules allows may not pass.
    By(Vec<&'c Policy>),
}

impl Isolation<'_> {
    /// Whether a policy isolates it.
    pub fn is_isolated(&self) -> bool {
        matches!(self, Self::By(_))
    }

    /// How many rules of a direction its policies have; without one nothing may pass.
    pub fn rules(&self, direction: Direction) -> usize {
        match self {
            Self::Node | Self::Open => 0,
            Self::By(policies) => policies.iter().map(|one| one.rules(direction).len()).sum(),
        }
    }
}

impl<'c> Network<'c> {
    /// What policies are to one direction of a pod.
    pub fn isolation(&self, pod: usize, direction: Direction) -> Isolation<'c> {
        if self.cluster.pods.get(pod).is_some_and(|pod| pod.host_network) {
            return Isolation::Node;
        }
        match self.isolating(pod, direction) {
            policies if policies.is_empty() => Isolation::Open,
            policies => Isolation::By(policies),
        }
    }

    /// The policies of administrators that have rules on a direction of a pod, each once.
    pub fn administered(&self, pod: usize, direction: Direction) -> Vec<&'c AdminPolicy> {
        if self.cluster.pods.get(pod).is_some_and(|pod| pod.host_network) {
            return Vec::new();
        }
        self.tiers.on(pod, direction)
    }
}

#[cfg(test)]
mod tests {
    use plimsoll_model::text::Source;

    use super::*;
    use crate::manifest::Manifest;
    use crate::netpol::Cluster;

    #[test]
    fn each_direction_of_a_pod_is_isolated_by_itself() {
        let text = "
{apiVersion: v1, kind: Pod, metadata: {name: a, labels: {app: a}}, spec: {containers: []}}
---
{apiVersion: v1, kind: Pod, metadata: {name: node, labels: {app: a}}, spec: {hostNetwork: true, containers: []}}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: out}
spec: {podSelector: {}, policyTypes: [Egress], egress: [{to: []}]}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: shut}
spec: {podSelector: {matchLabels: {app: b}}}
---
apiVersion: policy.networking.k8s.io/v1alpha2
kind: ClusterNetworkPolicy
metadata: {name: closed}
spec:
  tier: Baseline
  priority: 1
  subject: {namespaces: {}}
  ingress: [{action: Deny, from: [{namespaces: {}}]}, {action: Deny, from: [{namespaces: {}}]}]
";
        let manifest = Manifest::parse(Source::new(text));
        let cluster = Cluster::of([("all.yaml", &manifest)]);
        assert_eq!(cluster.refused, []);
        let network = Network::new(&cluster);
        assert!(matches!(network.isolation(0, Direction::Ingress), Isolation::Open));
        let egress = network.isolation(0, Direction::Egress);
        assert_eq!((egress.is_isolated(), egress.rules(Direction::Egress)), (true, 1));
        assert!(matches!(network.isolation(1, Direction::Egress), Isolation::Node));
        assert_eq!(network.administered(0, Direction::Ingress).len(), 1);
        assert!(network.administered(0, Direction::Egress).is_empty());
        assert!(network.administered(1, Direction::Ingress).is_empty());
    }
}
