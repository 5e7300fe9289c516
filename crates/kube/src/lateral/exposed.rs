//! The pods that services and ingresses hand to whoever is outside of the cluster.

use std::collections::BTreeMap;

use crate::netpol::{Cluster, Index};
use crate::services::{Outer, Services};

/// A pod that can be come to from outside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exposed {
    /// The pod.
    pub pod: usize,
    /// What leads to it: `Service shop/web (LoadBalancer)`.
    pub by: String,
}

/// The pods behind services that open a port of nodes or of a balancer or have addresses of nodes, behind
/// ingresses and routes, and those that take a port of their node; each once.
pub fn exposed(cluster: &Cluster, services: &Services) -> Vec<Exposed> {
    let mut found: BTreeMap<usize, String> = BTreeMap::new();
    for (pod, it) in cluster.pods.iter().enumerate() {
        if it.host_network && !it.ports.is_empty() {
            found.insert(pod, "hostNetwork".to_owned());
        } else if let Some(port) = it.host_port {
            found.insert(pod, format!("hostPort {port}"));
        }
    }
    let index = Index::new(cluster);
    for Outer { namespace, name, service, by } in services.outer() {
        let Some(service) = service else { continue };
        let by = by.map_or_else(
            || format!("Service {namespace}/{name} ({})", service.outer.unwrap_or("externalIPs")),
            str::to_owned,
        );
        for pod in service.pods(namespace, &index) {
            found.entry(pod).or_insert_with(|| by.clone());
        }
    }
    found.into_iter().map(|(pod, by)| Exposed { pod, by }).collect()
}
