//! What a pod gives to whoever takes it.

use crate::pod::{Pod, is_runtime_socket};
use crate::rbac::{Paths, Subject};

/// More than the pod.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Gain {
    /// Its node: by what.
    Node(String),
    /// The whole cluster.
    Cluster {
        /// The service account whose token lies in the pod.
        account: String,
        /// What it may do, step by step.
        steps: Vec<String>,
    },
}

/// Folders of a node with which one has the node, the whole of it or what its programs trust.
const FOLDERS: [&str; 9] = [
    "/etc",
    "/root",
    "/proc",
    "/dev",
    "/boot",
    "/var/run",
    "/run",
    "/var/lib/kubelet",
    "/var/lib/docker",
];

/// Capabilities with which a container is as good as privileged: `capabilities(7)`.
const CAPABILITIES: [&str; 4] = ["ALL", "SYS_ADMIN", "SYS_MODULE", "SYS_RAWIO"];

/// How a pod gives its node.
pub(super) fn of_node(pod: &Pod<'_>) -> Vec<Gain> {
    let mut gains = Vec::new();
    let is_true = |name: &str| pod.spec.boolean(name).is_some_and(|it| it.value);
    for container in &pod.containers {
        let Some(security) = container.security else { continue };
        let name = container.name;
        if security.boolean("privileged").is_some_and(|it| it.value) {
            gains.push(Gain::Node(format!("privileged container {name}")));
            continue;
        }
        let added = security.get("capabilities");
        let added = added.into_iter().flat_map(|it| it.texts("add"));
        for capability in added.map(|it| it.value) {
            let short = capability.strip_prefix("CAP_").unwrap_or(capability);
            if CAPABILITIES.contains(&short) {
                gains.push(Gain::Node(format!("capability {short} of container {name}")));
            }
            if short == "SYS_PTRACE" && is_true("hostPID") {
                gains.push(Gain::Node(format!("hostPID and SYS_PTRACE of container {name}")));
            }
        }
    }
    for volume in pod.spec.list("volumes") {
        let path = volume.get("hostPath").and_then(|it| it.text("path"));
        let Some(path) = path.map(|it| it.value.trim_end_matches('/')) else { continue };
        if path.is_empty() || is_runtime_socket(path) || FOLDERS.contains(&path) {
            let shown = if path.is_empty() { "/" } else { path };
            gains.push(Gain::Node(format!("hostPath {shown}")));
        }
    }
    gains
}

/// How an account comes to the whole cluster.
pub(super) fn of_cluster<'a>(paths: &Paths<'a>, account: &'a Subject) -> Option<Gain> {
    let path = paths.of(account)?;
    let step = |step: &crate::rbac::Step<'_>| match &step.becomes {
        Some(who) => format!("{} (→ {who})", step.how),
        None => step.how.clone(),
    };
    Some(Gain::Cluster {
        account: account.to_string(),
        steps: path.steps.iter().map(step).collect(),
    })
}
