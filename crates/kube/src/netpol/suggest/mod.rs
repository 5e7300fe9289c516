//! The least policies that let pass what pods need: what was observed, or what manifests say.
//!
//! From manifests: a pod needs the services whose names stand in its variables, arguments and
//! config maps, and what an Ingress or a Service of an outer type exposes is needed by everybody.

mod observed;
mod references;
mod write;

use std::collections::{BTreeSet, HashMap};
use std::net::IpAddr;

use super::cluster::{Cluster, ContainerPort, Pod};
use super::index::Index;
use super::policy::Protocol;
use super::query::End;
use crate::services::{Outer, Services};

pub use observed::Connection;
pub use references::Builder;
pub use write::write;

/// Traffic that is needed.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Need {
    /// Who receives.
    pub to: Peer,
    /// The port of the receiver.
    pub port: u16,
    /// The protocol.
    pub protocol: Protocol,
    /// Who sends.
    pub from: Peer,
    /// How that is known: `env DATABASE_URL`, `Ingress shop`.
    pub because: String,
}

/// An end of needed traffic.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Peer {
    /// A pod, by its number in the cluster.
    Pod(usize),
    /// An address outside of the cluster.
    Address(IpAddr),
    /// A host outside of the cluster, whose addresses nobody knows beforehand.
    Internet,
    /// Whoever there is.
    Everybody,
}

impl From<End> for Peer {
    fn from(end: End) -> Self {
        match end {
            End::Pod(pod) => Self::Pod(pod),
            End::Address(address) => Self::Address(address),
        }
    }
}

/// What is needed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Needs {
    /// The traffic, sorted and each once.
    pub all: Vec<Need>,
    /// Pods that find others by name, and so need DNS.
    pub names: BTreeSet<usize>,
    /// Services that are named and select none of the pods, and pods that no label tells apart.
    pub doubts: BTreeSet<String>,
}

impl Needs {
    /// Adds what everybody needs.
    fn add_exposed(
        &mut self,
        cluster: &Cluster,
        services: &Services,
        index: &Index<'_>,
        alike: &[usize],
    ) {
        for Outer { namespace, name, service, by } in services.outer() {
            let because = by.map_or_else(|| format!("Service {namespace}/{name}"), str::to_owned);
            let Some(service) = service else {
                self.doubts.insert(format!(
                    "{because} names Service {namespace}/{name}, which is not there"
                ));
                continue;
            };
            let pods = service.pods(namespace, index);
            let pods: BTreeSet<usize> =
                pods.into_iter().filter_map(|pod| alike.get(pod).copied()).collect();
            let mut none = true;
            for pod in pods {
                let Some(receiver) = cluster.pods.get(pod) else { continue };
                for (port, protocol) in service.ports_of(receiver, None) {
                    none = false;
                    let (from, to, because) = (Peer::Everybody, Peer::Pod(pod), because.clone());
                    self.all.push(Need { to, port, protocol, from, because });
                }
            }
            if none {
                self.doubts.insert(format!("Service {namespace}/{name} selects none of the pods"));
            }
        }
    }

    /// What was observed: each flow with how it is known.
    pub fn observed(flows: impl IntoIterator<Item = Need>) -> Self {
        let mut needs = Self::default();
        for need in flows {
            if let Peer::Pod(pod) = need.from {
                needs.names.insert(pod);
            }
            needs.all.push(need);
        }
        needs.settle()
    }

    /// Adds what others need.
    pub fn join(&mut self, other: Self) {
        let mut all = std::mem::take(self);
        all.all.extend(other.all);
        all.names.extend(other.names);
        all.doubts.extend(other.doubts);
        *self = all.settle();
    }

    fn settle(mut self) -> Self {
        self.all.sort();
        self.all.dedup_by(|one, other| {
            (one.to, one.port, one.protocol, one.from)
                == (other.to, other.port, other.protocol, other.from)
        });
        self
    }
}

/// Labels that tell apart the pods of one workload, or its revisions, and not workloads.
const PASSING: [&str; 8] = [
    "pod-template-hash",
    "controller-revision-hash",
    "pod-template-generation",
    "statefulset.kubernetes.io/pod-name",
    "apps.kubernetes.io/pod-index",
    "batch.kubernetes.io/controller-uid",
    "batch.kubernetes.io/job-completion-index",
    "controller-uid",
];

/// By pod, the first one that no policy written here tells from it: what one of them needs, all do.
fn alike(cluster: &Cluster) -> Vec<usize> {
    type Like<'p> = (&'p str, Vec<(&'p String, &'p String)>, bool, &'p [ContainerPort]);
    let mut first: HashMap<Like<'_>, usize> = HashMap::new();
    let pods = cluster.pods.iter().enumerate();
    pods.map(|(number, pod)| {
        let like = (&*pod.namespace, lasting(pod).collect(), pod.host_network, &*pod.ports);
        *first.entry(like).or_insert(number)
    })
    .collect()
}

/// The labels that a policy selects a pod by.
fn lasting(pod: &Pod) -> impl Iterator<Item = (&String, &String)> {
    pod.labels.iter().filter(|(name, _)| !PASSING.contains(&name.as_str()))
}

#[cfg(test)]
mod tests {
    use plimsoll_model::text::Source;

    use super::*;
    use crate::manifest::Manifest;
    use crate::netpol::{Flow, Network};

    const SHOP: &str = "\
kind: Deployment
apiVersion: apps/v1
metadata: {namespace: shop, name: web}
spec: {template: {metadata: {labels: {app: web}}, spec: {containers: [{name: c, env: [
  {name: DATABASE_URL, value: 'postgres://shop:x@db/shop'},
  {name: CACHE, value: cache.infra},
  {name: PAY, value: 'https://api.pay.example/v1'}], envFrom: [{configMapRef: {name: web}}]}]}}}
---
kind: ConfigMap
apiVersion: v1
metadata: {namespace: shop, name: web}
data: {QUEUE: 'queue.infra.svc.cluster.local:5672'}
---
kind: StatefulSet
apiVersion: apps/v1
metadata: {namespace: shop, name: db}
spec: {template: {metadata: {labels: {app: db, tier: 'true'}}, spec: {containers: [{name: c, ports: [{name: sql, containerPort: 5433}]}]}}}
---
kind: Service
apiVersion: v1
metadata: {namespace: shop, name: db}
spec: {selector: {app: db}, ports: [{port: 5432, targetPort: sql}]}
---
kind: Service
apiVersion: v1
metadata: {namespace: shop, name: web}
spec: {type: LoadBalancer, selector: {app: web}, ports: [{port: 80, targetPort: 8080}]}
---
kind: Pod
apiVersion: v1
metadata: {namespace: infra, name: cache, labels: {app: cache}}
spec: {containers: []}
---
kind: Service
apiVersion: v1
metadata: {namespace: infra, name: cache}
spec: {selector: {app: cache}, ports: [{port: 6379}]}
---
kind: Service
apiVersion: v1
metadata: {namespace: infra, name: queue}
spec: {selector: {app: queue}, ports: [{port: 5672}]}
";

    fn needs() -> (Manifest, Cluster, Needs) {
        let manifest = Manifest::parse(Source::new(SHOP));
        let cluster = Cluster::of([("shop.yaml", &manifest)]);
        let mut builder = Builder::default();
        builder.add(&manifest);
        let needs = builder.finish(&cluster);
        (manifest, cluster, needs)
    }

    #[test]
    fn manifests_say_what_pods_need() {
        let (_, _, needs) = needs();
        let said: Vec<_> = needs
            .all
            .iter()
            .map(|one| (one.from, one.to, one.port, one.because.as_str()))
            .collect();
        assert_eq!(
            said,
            [
                (Peer::Everybody, Peer::Pod(0), 8080, "Service shop/web"),
                (Peer::Pod(0), Peer::Pod(1), 5433, "env DATABASE_URL"),
                (Peer::Pod(0), Peer::Pod(2), 6379, "env CACHE"),
                (Peer::Pod(0), Peer::Internet, 443, "env PAY"),
            ]
        );
        let doubt = "ConfigMap web QUEUE names Service infra/queue, which selects none of the pods";
        assert!(needs.doubts.iter().any(|one| one == doubt), "{:?}", needs.doubts);
    }

    #[test]
    fn what_is_written_allows_what_is_needed_and_nothing_else() {
        let (_, cluster, needs) = needs();
        let text = write(&cluster, &needs);
        let written = Manifest::parse(Source::new(format!("{SHOP}---\n{text}")));
        assert!(written.problems.is_empty(), "{:?}\n{text}", written.problems);
        let after = Cluster::of([("all.yaml", &written)]);
        assert!(after.refused.is_empty(), "{:?}\n{text}", after.refused);
        let network = Network::new(&after);
        let ask = |from, to, port| {
            let flow = Flow { from, to, port, protocol: Protocol::TCP };
            network.ask(flow).allowed()
        };
        let outside = End::Address("93.184.216.34".parse().unwrap());
        let metadata = End::Address("169.254.169.254".parse().unwrap());
        assert!(ask(End::Pod(0), End::Pod(1), 5433));
        assert!(ask(End::Pod(0), End::Pod(2), 6379));
        assert!(ask(outside, End::Pod(0), 8080));
        assert!(ask(End::Pod(0), outside, 443));
        assert!(!ask(End::Pod(0), metadata, 443));
        assert!(!ask(End::Pod(0), End::Pod(1), 5432));
        assert!(!ask(End::Pod(1), End::Pod(0), 80));
        assert!(!ask(End::Pod(2), End::Pod(1), 5433));
        assert!(!ask(End::Pod(1), outside, 443));
    }

    #[test]
    fn no_rule_that_is_written_can_be_left_out() {
        let (_, cluster, needs) = needs();
        let pairs = |needs: &Needs| {
            let text = format!("{SHOP}---\n{}", write(&cluster, needs));
            let written = Manifest::parse(Source::new(text));
            let after = Cluster::of([("all.yaml", &written)]);
            let network = Network::new(&after);
            let end = |peer| match peer {
                Peer::Pod(pod) => End::Pod(pod),
                Peer::Address(address) => End::Address(address),
                _ => End::Address("93.184.216.34".parse().unwrap()),
            };
            let allowed = |need: &Need| {
                let Need { from, to, port, protocol, .. } = need;
                let flow =
                    Flow { from: end(*from), to: end(*to), port: *port, protocol: *protocol };
                network.ask(flow).allowed()
            };
            self::needs().2.all.iter().filter(|need| allowed(need)).count()
        };
        assert_eq!(pairs(&needs), needs.all.len());
        for leave_out in 0..needs.all.len() {
            let mut fewer = needs.clone();
            fewer.all.remove(leave_out);
            assert_eq!(pairs(&fewer), needs.all.len() - 1, "{:?}", needs.all[leave_out]);
        }
    }
}
