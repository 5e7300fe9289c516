//! Which pods may reach which, by the exact meaning of `NetworkPolicy`.
//!
//! <https://kubernetes.io/docs/concepts/services-networking/network-policies/>
//!
//! ```
//! use plimsoll_kube::manifest::Manifest;
//! use plimsoll_kube::netpol::{Cluster, End, Flow, Network, Protocol, Side};
//! use plimsoll_model::text::Source;
//!
//! let text = "apiVersion: v1
//! kind: Pod
//! metadata: {name: web}
//! spec: {containers: []}
//! ---
//! apiVersion: v1
//! kind: Pod
//! metadata: {name: db}
//! spec: {containers: []}
//! ---
//! apiVersion: networking.k8s.io/v1
//! kind: NetworkPolicy
//! metadata: {name: closed}
//! spec: {podSelector: {}, policyTypes: [Ingress]}
//! ";
//! let manifest = Manifest::parse(Source::new(text));
//! let cluster = Cluster::of([("all.yaml", &manifest)]);
//! let network = Network::new(&cluster);
//! let (from, to) = (End::Pod(0), End::Pod(1));
//! let verdict = network.ask(Flow { from, to, port: 5432, protocol: Protocol::TCP });
//! assert!(!verdict.allowed());
//! let Side::Denied(policies) = verdict.ingress else { return Err("open") };
//! assert_eq!(policies[0].place.to_string(), "all.yaml:13");
//! # Ok::<(), &str>(())
//! ```

mod address;
mod admin;
mod bits;
mod checks;
mod cluster;
mod expect;
mod graph;
mod index;
mod isolation;
mod matrix;
mod network;
mod policy;
mod query;
mod read;
mod refused;
mod selector;
pub mod suggest;

pub use address::{Block, read_address};
pub use admin::{Action, AdminPeer, AdminPolicy, AdminRule, Node, Nodes, Tier};
pub use bits::Bits;
pub use checks::{check, pages};
pub use cluster::{Builder, Cluster, ContainerPort, Pod};
pub use expect::{Expectation, Pattern, Tried, Wanted, expectations};
pub use graph::{Door, Graph, Group, Grouping, Link, Source, Target};
pub(crate) use index::Index;
pub use isolation::Isolation;
pub use matrix::{Matrix, Row};
pub use network::Network;
pub use policy::{Direction, Number, Peer, Place, Policy, Port, Protocol, Rule, Who};
pub use query::{By, Decision, End, Flow, Side, Verdict};
pub use refused::{Refused, Wrong};
pub use selector::{Labels, Requirement, Selector, Test};
