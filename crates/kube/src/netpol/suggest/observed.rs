//! Connections as a sensor tells them, a pod here and an address there, as traffic between pods.

use std::collections::{BTreeSet, HashMap};
use std::net::IpAddr;

use super::{Need, Needs, Peer};
use crate::netpol::cluster::Cluster;
use crate::netpol::index::Index;
use crate::netpol::policy::{Direction, Protocol};
use crate::services::Services;

/// The port of names.
const DNS: u16 = 53;

/// A connection of a pod.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Connection {
    /// The pod's namespace.
    pub namespace: String,
    /// Its name.
    pub pod: String,
    /// Its own address, where that is known.
    pub own: Option<IpAddr>,
    /// Whether it received or sent.
    pub direction: Direction,
    /// The other end.
    pub other: IpAddr,
    /// The port of who received.
    pub port: u16,
    /// The protocol.
    pub protocol: Protocol,
}

/// Whose an address is.
enum Owner {
    /// These pods, on this port.
    Pods(Vec<usize>, u16),
    /// A node of the cluster.
    Node,
    /// Nobody's of the files.
    Other,
}

/// Pods and services by their addresses.
struct Addresses<'c> {
    cluster: &'c Cluster,
    services: &'c Services,
    index: Index<'c>,
    pods: HashMap<IpAddr, usize>,
    nodes: BTreeSet<IpAddr>,
}

impl Needs {
    /// What connections show to be needed. A pod that no file has by its name is the workload whose name
    /// its own begins with; addresses are those of pods and services in the files, and those that the
    /// connections themselves show pods to have.
    pub fn connections(
        cluster: &Cluster,
        services: &Services,
        connections: &BTreeSet<Connection>,
    ) -> Self {
        let mut addresses = Addresses::new(cluster, services);
        let known: Vec<(&Connection, usize)> = connections
            .iter()
            .filter_map(|one| Some((one, addresses.called(&one.namespace, &one.pod)?)))
            .collect();
        let mut needs = Self::default();
        let found: BTreeSet<&Connection> = known.iter().map(|(one, _)| *one).collect();
        for one in connections.iter().filter(|one| !found.contains(one)) {
            needs.doubts.insert(format!(
                "{}/{} is no pod of the files, nor of a workload in them: what it needs is left out",
                one.namespace, one.pod
            ));
        }
        for (one, pod) in &known {
            let is_node = cluster.pods.get(*pod).is_none_or(|pod| pod.host_network);
            if let Some(own) = one.own.filter(|_| !is_node) {
                addresses.pods.insert(own.to_canonical(), *pod);
            }
        }
        for (one, pod) in known {
            needs.add_connection(&addresses, one, pod);
        }
        needs.settle()
    }

    fn add_connection(&mut self, addresses: &Addresses<'_>, one: &Connection, pod: usize) {
        let because = "observed".to_owned();
        let (protocol, other) = (one.protocol, one.other.to_canonical());
        let own = Peer::Pod(pod);
        match (one.direction, addresses.owner(one)) {
            // A node reaches its own pods whatever policies say.
            (_, Owner::Node) => {}
            (Direction::Egress, Owner::Pods(pods, port)) => {
                self.names.insert(pod);
                for to in pods.into_iter().filter(|to| *to != pod) {
                    let (from, to, because) = (own, Peer::Pod(to), because.clone());
                    self.all.push(Need { to, port, protocol, from, because });
                }
            }
            (Direction::Ingress, Owner::Pods(pods, _)) => {
                for from in pods.into_iter().filter(|from| *from != pod) {
                    let (from, because) = (Peer::Pod(from), because.clone());
                    self.all.push(Need { to: own, port: one.port, protocol, from, because });
                }
            }
            (Direction::Egress, Owner::Other) if one.port == DNS && is_private(other) => {
                // Whoever finds others by name may ask the cluster's DNS anyhow.
                self.names.insert(pod);
                self.doubts.insert(format!("{other} is taken for the cluster's DNS"));
            }
            (direction, Owner::Other) => {
                if is_private(other) {
                    self.doubts.insert(format!(
                        "{other} is no pod, service or node of the files: it is written as an address"
                    ));
                }
                let address = Peer::Address(other);
                let (from, to) = match direction {
                    Direction::Egress => (own, address),
                    Direction::Ingress => (address, own),
                };
                if direction == Direction::Egress {
                    self.names.insert(pod);
                }
                self.all.push(Need { to, port: one.port, protocol, from, because });
            }
        }
    }
}

impl<'c> Addresses<'c> {
    fn new(cluster: &'c Cluster, services: &'c Services) -> Self {
        let pods = cluster.pods.iter().enumerate().filter(|(_, pod)| !pod.host_network);
        let pods = pods.flat_map(|(number, pod)| {
            pod.addresses.iter().map(move |address| (address.to_canonical(), number))
        });
        let nodes = cluster.nodes.values().flat_map(|node| &node.addresses);
        let nodes = nodes.map(IpAddr::to_canonical).collect();
        Self { cluster, services, index: Index::new(cluster), pods: pods.collect(), nodes }
    }

    /// The pod of a name, else the workload that made it: the one with the longest name that the pod's
    /// begins with.
    fn called(&self, namespace: &str, name: &str) -> Option<usize> {
        let here = self.cluster.pods.iter().enumerate();
        let here = here.filter(|(_, pod)| pod.namespace == namespace);
        let is_made = |own: &str| name.strip_prefix(own).is_some_and(|rest| rest.starts_with('-'));
        here.filter(|(_, pod)| pod.name == name || pod.kind != "Pod" && is_made(&pod.name))
            .max_by_key(|(number, pod)| (pod.name == name, pod.name.len(), usize::MAX - number))
            .map(|(number, _)| number)
    }

    fn owner(&self, one: &Connection) -> Owner {
        let address = one.other.to_canonical();
        if let Some(pod) = self.pods.get(&address) {
            return Owner::Pods(vec![*pod], one.port);
        }
        if self.nodes.contains(&address) {
            return Owner::Node;
        }
        let behind = self.services.at(address, one.port, one.protocol, self.cluster, &self.index);
        match behind.first() {
            Some((_, port)) if one.direction == Direction::Egress => {
                let port = *port;
                Owner::Pods(behind.into_iter().map(|(pod, _)| pod).collect(), port)
            }
            _ => Owner::Other,
        }
    }
}

/// Whether an address is of no use outside of one's own networks.
fn is_private(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(four) => {
            let [first, second, ..] = four.octets();
            four.is_private() || four.is_link_local() || first == 100 && (64..128).contains(&second)
        }
        IpAddr::V6(six) => six.is_unique_local() || six.is_unicast_link_local(),
    }
}

#[cfg(test)]
mod tests {
    use plimsoll_model::text::Source;

    use super::*;
    use crate::manifest::Manifest;

    const SHOP: &str = "
{apiVersion: apps/v1, kind: Deployment, metadata: {namespace: shop, name: web}, spec: {template: {metadata: {labels: {app: web}}, spec: {containers: [{name: c}]}}}}
---
{apiVersion: apps/v1, kind: Deployment, metadata: {namespace: shop, name: web-api}, spec: {template: {metadata: {labels: {app: api}}, spec: {containers: [{name: c, ports: [{name: http, containerPort: 9000}]}]}}}}
---
{apiVersion: v1, kind: Service, metadata: {namespace: shop, name: api}, spec: {clusterIP: 10.96.0.7, selector: {app: api}, ports: [{port: 80, targetPort: http}]}}
---
{apiVersion: v1, kind: Node, metadata: {name: a}, status: {addresses: [{type: InternalIP, address: 192.168.0.2}]}}
";

    fn needs(
        connections: &[(&str, Option<&str>, Direction, &str, u16)],
    ) -> (Vec<String>, Vec<String>) {
        let manifest = Manifest::parse(Source::new(SHOP));
        let cluster = Cluster::of([("shop.yaml", &manifest)]);
        let services = Services::of([&manifest]);
        let all = connections
            .iter()
            .map(|(pod, own, direction, other, port)| Connection {
                namespace: "shop".into(),
                pod: (*pod).into(),
                own: own.map(|own| own.parse().unwrap()),
                direction: *direction,
                other: other.parse().unwrap(),
                port: *port,
                protocol: Protocol::TCP,
            })
            .collect();
        let needs = Needs::connections(&cluster, &services, &all);
        let name = |peer: Peer| match peer {
            Peer::Pod(pod) => cluster.pods[pod].name.clone(),
            Peer::Address(address) => address.to_string(),
            other => format!("{other:?}"),
        };
        let said = needs
            .all
            .iter()
            .map(|one| format!("{} → {} {}", name(one.from), name(one.to), one.port));
        (said.collect(), needs.doubts.into_iter().collect())
    }

    #[test]
    fn pods_are_known_by_their_workloads_and_addresses_by_who_has_them() {
        use Direction::{Egress, Ingress};
        let (all, doubts) = needs(&[
            // The service's address is what the client asked for, its port is the pod's own.
            ("web-7d9c-x2", None, Egress, "10.96.0.7", 80),
            // The address that `web` shows to have is known where the other end tells of it.
            ("web-7d9c-x2", Some("10.244.1.5"), Egress, "203.0.113.7", 443),
            ("web-api-5f-q8", Some("10.244.1.9"), Ingress, "10.244.1.5", 9000),
            ("web-api-5f-q8", Some("10.244.1.9"), Ingress, "192.168.0.2", 9000),
            ("web-7d9c-x2", None, Egress, "10.96.0.10", 53),
        ]);
        assert_eq!(all, ["web → web-api 9000", "web → 203.0.113.7 443"]);
        assert_eq!(doubts, ["10.96.0.10 is taken for the cluster's DNS"]);
    }

    #[test]
    fn what_the_files_do_not_have_is_told() {
        let (all, doubts) = needs(&[
            ("gone-1", None, Direction::Egress, "203.0.113.7", 443),
            ("web-1", None, Direction::Egress, "10.9.9.9", 5432),
        ]);
        assert_eq!(all, ["web → 10.9.9.9 5432"]);
        assert_eq!(
            doubts,
            [
                "10.9.9.9 is no pod, service or node of the files: it is written as an address",
                "shop/gone-1 is no pod of the files, nor of a workload in them: what it needs is left out",
            ]
        );
    }
}
