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

/// Folders of a node with which one has the node: what its programs are and trust, and what it keeps for
/// other pods. Whatever they lie in has them too.
const FOLDERS: [&str; 17] = [
    "/bin",
    "/boot",
    "/dev",
    "/etc",
    "/lib",
    "/proc",
    "/root",
    "/run",
    "/sbin",
    "/usr",
    "/var/lib/containerd",
    "/var/lib/containers",
    "/var/lib/docker",
    "/var/lib/kubelet",
    "/var/lib/rancher",
    "/var/run",
    "/var/spool/cron",
];

/// Folders within those that are enough.
const WITHIN: [&str; 12] = [
    "/etc/cron",
    "/etc/kubernetes",
    "/etc/ld.so",
    "/etc/pam.d",
    "/etc/shadow",
    "/etc/ssh",
    "/etc/sudoers",
    "/etc/systemd",
    "/root/.ssh",
    "/run/containerd",
    "/run/docker",
    "/usr/",
];

/// Capabilities with which a container is as good as privileged: `capabilities(7)`.
const CAPABILITIES: [&str; 5] = ["ALL", "DAC_READ_SEARCH", "SYS_ADMIN", "SYS_MODULE", "SYS_RAWIO"];

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
        if is_runtime_socket(path) || has_node(path) {
            let shown = if path.is_empty() { "/" } else { path };
            gains.push(Gain::Node(format!("hostPath {shown}")));
        }
    }
    gains
}

/// Whether a path of a node is one of the folders, has one in it, or lies where that is enough.
fn has_node(path: &str) -> bool {
    FOLDERS.iter().any(|folder| {
        folder.strip_prefix(path).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    }) || WITHIN.iter().any(|folder| path.starts_with(folder))
}

/// How an account comes to the whole cluster.
pub(super) fn of_cluster<'a>(paths: &Paths<'a>, account: &'a Subject) -> Option<Gain> {
    let path = paths.of(account)?;
    Some(Gain::Cluster {
        account: account.to_string(),
        steps: path.steps.iter().map(ToString::to_string).collect(),
    })
}
