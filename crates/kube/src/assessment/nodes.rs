//! The nodes: what each runs on, and what runs on it.

use std::collections::{BTreeMap, BTreeSet};

use crate::manifest::Node as Value;
use crate::object::Object;

/// A node.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Node {
    /// The version of its kubelet; empty where the node is only named by pods.
    pub kubelet: String,
    /// The version of its kube-proxy, where it says one; nodes of newer versions do not.
    pub proxy: String,
    /// Its container runtime: `containerd://1.7.2`.
    pub runtime: String,
    /// Its operating system: `Ubuntu 22.04.4 LTS`.
    pub system: String,
    /// Its kernel.
    pub kernel: String,
    /// How many pods it has.
    pub pods: u64,
    /// The workloads of these pods, by number.
    pub workloads: BTreeSet<usize>,
    /// The images of these pods, by number.
    pub images: BTreeSet<usize>,
}

/// By name.
pub type Nodes = BTreeMap<String, Node>;

impl Node {
    /// What it says of itself.
    pub(super) fn of(object: &Object<'_>) -> Self {
        let info = object.node.at(&["status", "nodeInfo"]);
        let text = |name: &str| {
            let text = info.and_then(|info: &Value| Some(info.text(name)?.value));
            text.unwrap_or_default().to_owned()
        };
        Self {
            kubelet: text("kubeletVersion"),
            proxy: text("kubeProxyVersion"),
            runtime: text("containerRuntimeVersion"),
            system: text("osImage"),
            kernel: text("kernelVersion"),
            ..Self::default()
        }
    }
}

/// Counts a pod for its node, where it has one.
pub(super) fn add_pod(
    nodes: &mut Nodes,
    pod: &Object<'_>,
    workload: usize,
    images: &BTreeSet<usize>,
) {
    let name = pod.node.at(&["spec", "nodeName"]).and_then(Value::as_str);
    let Some(name) = name.filter(|name| !name.is_empty()) else { return };
    if !nodes.contains_key(name) {
        nodes.insert(name.to_owned(), Node::default());
    }
    if let Some(node) = nodes.get_mut(name) {
        node.pods = node.pods.saturating_add(1);
        node.workloads.insert(workload);
        node.images.extend(images);
    }
}

/// Gives workloads the numbers that they have after all were sorted.
pub(super) fn renumber(nodes: &mut Nodes, places: &[usize]) {
    for node in nodes.values_mut() {
        let workloads = std::mem::take(&mut node.workloads);
        node.workloads = workloads.iter().filter_map(|old| places.get(*old).copied()).collect();
    }
}
