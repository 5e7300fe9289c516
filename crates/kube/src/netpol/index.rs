//! Which pods a selector means, without asking each pod.

use std::collections::{BTreeMap, HashMap};

use super::bits::Bits;
use super::cluster::Cluster;
use super::policy::Who;
use super::selector::{Selector, Test};

/// The pods of each label and of each namespace.
#[derive(Debug)]
pub(crate) struct Index<'c> {
    cluster: &'c Cluster,
    by_label: HashMap<&'c str, HashMap<&'c str, Vec<usize>>>,
    by_namespace: BTreeMap<&'c str, Bits>,
}

impl<'c> Index<'c> {
    pub(crate) fn new(cluster: &'c Cluster) -> Self {
        let mut by_label: HashMap<&str, HashMap<&str, Vec<usize>>> = HashMap::new();
        let mut by_namespace = BTreeMap::new();
        let count = cluster.pods.len();
        for (number, pod) in cluster.pods.iter().enumerate() {
            for (key, value) in &pod.labels {
                by_label.entry(key).or_default().entry(value).or_default().push(number);
            }
            let pods = by_namespace.entry(&*pod.namespace).or_insert_with(|| Bits::none(count));
            pods.insert(number);
        }
        Self { cluster, by_label, by_namespace }
    }

    /// The pods of a namespace that a selector means.
    pub(crate) fn pods(&self, namespace: &str, selector: &Selector) -> Bits {
        let none = || Bits::none(self.cluster.pods.len());
        self.narrow(self.by_namespace.get(namespace).cloned().unwrap_or_else(none), selector)
    }

    /// The pods that a peer of a policy means. A pod with the network of its node is no pod to a
    /// selector; it is known by its address.
    pub(crate) fn peers(&self, home: &str, who: &Who) -> Bits {
        let mut found = Bits::none(self.cluster.pods.len());
        match who {
            Who::Pods { pods, namespaces } => {
                match namespaces {
                    None => self.add_namespace(home, &mut found),
                    Some(selector) => {
                        for (name, labels) in &self.cluster.namespaces {
                            if selector.selects(labels) {
                                self.add_namespace(name, &mut found);
                            }
                        }
                    }
                }
                let mut found = pods.iter().fold(found, |found, pods| self.narrow(found, pods));
                found.remove(&self.host_network());
                found
            }
            Who::Addresses { .. } => {
                for (number, pod) in self.cluster.pods.iter().enumerate() {
                    if pod.addresses.iter().any(|address| who.has_address(*address)) {
                        found.insert(number);
                    }
                }
                found
            }
        }
    }

    /// The pods that have the network of their node.
    pub(crate) fn host_network(&self) -> Bits {
        let mut found = Bits::none(self.cluster.pods.len());
        for (number, _) in self.cluster.pods.iter().enumerate().filter(|(_, pod)| pod.host_network)
        {
            found.insert(number);
        }
        found
    }

    fn add_namespace(&self, name: &str, found: &mut Bits) {
        if let Some(pods) = self.by_namespace.get(name) {
            found.add(pods);
        }
    }

    fn narrow(&self, mut found: Bits, selector: &Selector) -> Bits {
        for one in &selector.requirements {
            let values = self.by_label.get(&*one.key);
            let mut held = Bits::none(self.cluster.pods.len());
            let listed = |value: &str| values.and_then(|values| values.get(value));
            match &one.test {
                Test::In(list) | Test::NotIn(list) => {
                    for pod in list.iter().filter_map(|value| listed(value)).flatten() {
                        held.insert(*pod);
                    }
                }
                Test::Exists | Test::DoesNotExist => {
                    for pod in values.into_iter().flat_map(HashMap::values).flatten() {
                        held.insert(*pod);
                    }
                }
            }
            match &one.test {
                Test::In(_) | Test::Exists => found.keep(&held),
                Test::NotIn(_) | Test::DoesNotExist => found.remove(&held),
            }
        }
        found
    }
}
