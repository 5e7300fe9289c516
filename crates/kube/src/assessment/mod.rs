//! What a whole cluster comes to, out of objects that need not be there at the same time.
//!
//! First what workloads are judged by ([`Surroundings`]), then what makes pods and the pods ([`Judge`]):
//! a workload counts once, however many pods it has, so that figures do not grow with replicas. Of a pod
//! that something known made only its images are taken.

mod identity;
mod images;
mod judge;
mod network;
mod nodes;
mod owners;
mod surroundings;

use std::collections::{BTreeMap, BTreeSet};

use plimsoll_model::text::Level;

pub use identity::{Identity, fingerprint};
pub use images::Image;
pub use judge::Judge;
pub use network::Reach;
pub use nodes::{Node, Nodes};
pub use owners::Owners;
pub use surroundings::Surroundings;

use crate::config::Config;
use crate::estate::Estate;
use crate::lint::lint_object;
use crate::manifest::Manifest;
use crate::object::Object;
use crate::pss::{Modes, Profile};
use crate::rbac::Access;
use crate::rule::Rule;

/// A cluster, assessed.
#[derive(Debug, Default)]
pub struct Assessment {
    /// What makes pods and was made by nothing known, by namespace, kind and name.
    pub workloads: Vec<Row>,
    /// Roles, bindings, services and their like of which a rule has something to say.
    pub others: Vec<Other>,
    /// By name.
    pub namespaces: BTreeMap<String, Home>,
    /// The images, each once.
    pub images: Vec<Image>,
    /// How many nodes have a kubelet of which version.
    pub kubelets: BTreeMap<String, usize>,
    /// The nodes, by name.
    pub nodes: Nodes,
    /// How many objects of each kind were looked at.
    pub counts: BTreeMap<String, u64>,
    /// Who may do what.
    pub access: Access,
    /// Who is open to the world, and how far one comes from there.
    pub reach: Reach,
}

/// A workload.
#[derive(Debug)]
pub struct Row {
    /// Its namespace.
    pub namespace: String,
    /// `Deployment`; of what a kind not known here makes, that kind.
    pub kind: String,
    /// Its name.
    pub name: String,
    /// How many pods of it were seen.
    pub pods: u64,
    /// Its images, by number.
    pub images: BTreeSet<usize>,
    /// What rules say.
    pub findings: Vec<Said>,
    /// The highest profile of the Pod Security Standards that allows it.
    pub meets: Profile,
    /// The service account that it runs as.
    pub account: String,
    /// What it is to the API server, and a hash of its pod's spec.
    pub identity: Identity,
    /// Of a deployment the replica set of its present revision.
    pub current: Option<Identity>,
    /// Its containers, each with the number of its image.
    pub containers: Vec<(String, usize)>,
}

/// Another object and what rules say of it.
#[derive(Debug)]
pub struct Other {
    /// Its namespace, where it has one.
    pub namespace: Option<String>,
    /// `ClusterRole`.
    pub kind: String,
    /// Its name.
    pub name: String,
    /// What rules say.
    pub findings: Vec<Said>,
    /// What it is to the API server, and a hash of the whole of it.
    pub identity: Identity,
}

/// What a rule says of an object.
#[derive(Debug, Clone)]
pub struct Said {
    /// The rule.
    pub rule: &'static Rule,
    /// How grave.
    pub level: Level,
    /// What.
    pub message: String,
    /// At how many places of the object.
    pub times: u32,
}

/// A namespace.
#[derive(Debug, Default)]
pub struct Home {
    /// What its labels ask; `None` where none says anything.
    pub modes: Option<Modes>,
    /// How many workloads it has.
    pub workloads: usize,
    /// How many of them baseline forbids, and how many restricted.
    pub forbidden: [usize; 2],
    /// How many network policies it has.
    pub policies: usize,
    /// How many of its workloads no policy isolates from those who send to it.
    pub open: usize,
}

impl Home {
    /// The highest profile that allows all its workloads.
    pub fn meets(&self) -> Profile {
        match self.forbidden {
            [0, 0] => Profile::Restricted,
            [0, _] => Profile::Baseline,
            _ => Profile::Privileged,
        }
    }
}

fn makes_pods(object: &Object<'_>) -> bool {
    crate::workload::root(object).is_some()
}

/// Whether it is in the only namespace that is looked at, or in none.
fn is_wanted(only: Option<&str>, object: &Object<'_>) -> bool {
    const OF_THE_CLUSTER: [&str; 6] = [
        "Node",
        "ClusterRole",
        "ClusterRoleBinding",
        "AdminNetworkPolicy",
        "BaselineAdminNetworkPolicy",
        "ClusterNetworkPolicy",
    ];
    only.is_none_or(|only| match object.kind {
        "Namespace" => object.name == only,
        kind if OF_THE_CLUSTER.contains(&kind) => true,
        _ => object.home() == only,
    })
}

fn count(found: &mut Assessment, object: &Object<'_>) {
    match found.counts.get_mut(object.kind) {
        Some(count) => *count = count.saturating_add(1),
        None => drop(found.counts.insert(object.kind.to_owned(), 1)),
    }
}

/// What rules say of an object, the same told once.
fn said(object: &Object<'_>, manifest: &Manifest, estate: &Estate, config: &Config) -> Vec<Said> {
    let mut all: Vec<Said> = Vec::new();
    for finding in lint_object(object, manifest, estate, config) {
        let same =
            |one: &&mut Said| one.rule.id == finding.rule.id && one.message == finding.message;
        match all.iter_mut().find(same) {
            Some(one) => one.times = one.times.saturating_add(1),
            None => all.push(Said {
                rule: finding.rule,
                level: finding.level,
                message: finding.message.into_owned(),
                times: 1,
            }),
        }
    }
    all.sort_by(|a, b| (b.level, a.rule.id).cmp(&(a.level, b.rule.id)));
    all
}

#[cfg(test)]
mod tests;
