//! The versions of what a cluster runs on, and until when each is mended.

use std::collections::BTreeMap;

use plimsoll_kube::releases::{Support, skew};

use super::ClusterScan;

/// A version of a part of the cluster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Component {
    /// `containerd`, `kube-proxy`, `etcd`, `operating system`.
    pub(super) name: String,
    /// Its version, or the name of the operating system with its version.
    pub(super) version: String,
    /// How many nodes have it; none of what runs in pods.
    pub(super) nodes: usize,
    pub(super) support: Support,
}

impl ClusterScan<'_> {
    /// What nodes run beside their kubelets, by name and version.
    pub(super) fn components(&self) -> Vec<Component> {
        let today = self.scanned_at.date();
        let mut known: BTreeMap<(&str, &str), (usize, Support)> = BTreeMap::new();
        let mut add = |name, version, support| {
            let (nodes, _) = known.entry((name, version)).or_insert((0, support));
            *nodes = nodes.saturating_add(1);
        };
        for node in self.assessment.nodes.values() {
            if let Some((name, version)) = node.runtime.split_once("://") {
                add(name, version, Support::of_runtime(&node.runtime, &today));
            }
            // What a node says of its kube-proxy is its kubelet's version where nobody knows better.
            if !node.proxy.is_empty() && node.proxy != node.kubelet {
                add("kube-proxy", &node.proxy, Support::of(&node.proxy, &today));
            }
            if !node.system.is_empty() {
                add("operating system", &node.system, Support::of_system(&node.system, &today));
            }
        }
        let of_nodes = known.into_iter().map(|((name, version), (nodes, support))| Component {
            name: name.to_owned(),
            version: version.to_owned(),
            nodes,
            support,
        });
        let mut all: Vec<Component> = of_nodes.collect();
        for (name, tag) in self
            .assessment
            .images
            .iter()
            .flat_map(|image| &image.names)
            .filter_map(|name| part(name))
        {
            let support = match name {
                "etcd" => Support::of_etcd(tag, &today),
                _ => Support::of(tag, &today),
            };
            let (name, version) = (name.to_owned(), tag.to_owned());
            let one = Component { name, version, nodes: 0, support };
            if !all.iter().any(|known| known.name == one.name && known.version == one.version) {
                all.push(one);
            }
        }
        all
    }

    /// What is too old or too new beside the API server, each in a sentence.
    pub(super) fn skews(&self) -> Vec<String> {
        let Some(server) = &self.server else { return Vec::new() };
        let kubelets = self.assessment.kubelets.keys().map(|version| ("Kubelet", version.clone()));
        let proxies = self.components().into_iter().filter(|one| one.name == "kube-proxy");
        let proxies = proxies.map(|one| ("kube-proxy", one.version));
        let wrong = kubelets.chain(proxies).filter_map(|(name, version)| {
            Some(format!("{name} {version} is {}", skew(&version, server)?))
        });
        wrong.collect()
    }
}

/// A part of Kubernetes and its tag, where an image is one of its own.
fn part(image: &str) -> Option<(&str, &str)> {
    let name = image.split('@').next()?;
    let (name, tag) = name.rsplit_once(':')?;
    let last = name.rsplit('/').next()?;
    let is_tag = tag.trim_start_matches('v').starts_with(|first: char| first.is_ascii_digit());
    (is_tag && ["etcd", "kube-proxy"].contains(&last)).then_some((last, tag))
}
