//! Who is open to the world, and how far one comes from there.

use std::collections::BTreeMap;

use super::Home;
use crate::lateral::{count_reached, exposed};
use crate::netpol::{Cluster, Direction, Network, Pod};
use crate::object::Key;
use crate::services::Services;

/// Of more workloads it is not worked out who comes to whom: it takes the square of their number.
const MOST: usize = 2000;

/// What is open to the world.
#[derive(Debug, Default)]
pub struct Reach {
    /// Workloads behind services with a port of nodes or a balancer, and behind ingresses; and what
    /// leads to each. By namespace, kind and name.
    pub exposed: BTreeMap<Key, String>,
    /// How many others one comes to from there over open ports, step by step; `None` where there
    /// are too many workloads to tell.
    pub reached: Option<usize>,
    /// Policies that nobody here reads, and policies that are wrong: what is told of reach may be too
    /// much or too little.
    pub unread: Vec<String>,
}

impl Reach {
    pub(super) fn of(
        cluster: &Cluster,
        services: &Services,
        homes: &mut BTreeMap<String, Home>,
    ) -> Self {
        let network = Network::new(cluster);
        for (number, pod) in cluster.pods.iter().enumerate() {
            let home = homes.entry(pod.namespace.clone()).or_default();
            let is_open = network.isolating(number, Direction::Ingress).is_empty();
            home.open = home.open.saturating_add(usize::from(is_open));
        }
        let open = exposed(cluster, services);
        let starts: Vec<usize> = open.iter().map(|one| one.pod).collect();
        let reached = (cluster.pods.len() <= MOST).then(|| count_reached(&network, &starts));
        let key = |number: usize| cluster.pods.get(number).map(Pod::key);
        let exposed = open.into_iter().filter_map(|one| Some((key(one.pod)?, one.by))).collect();
        let unread = cluster.passed_over.iter().map(|(object, _)| object.clone());
        let wrong = cluster.refused.iter().map(ToString::to_string);
        Self { exposed, reached, unread: unread.chain(wrong).collect() }
    }
}
