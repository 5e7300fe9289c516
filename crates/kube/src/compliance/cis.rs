//! CIS Kubernetes Benchmark 1.23, chapter 5: policies.

use super::Judged::{Elsewhere, Objects, Pods, Roles};
use super::{Control, HIGH, LOW, MEDIUM, Standard, control, object};

pub(super) static STANDARD: Standard = Standard {
    id: "k8s-cis-1.23",
    name: "cis",
    title: "CIS Kubernetes Benchmark, chapter 5: policies",
    source: "https://www.cisecurity.org/benchmark/kubernetes",
    controls: CONTROLS,
};

#[rustfmt::skip]
const CONTROLS: &[Control] = &[
    control("5.1.1", "Ensure that the cluster-admin role is only used where required", HIGH, Roles(&["PK5008"])),
    control("5.1.2", "Minimize access to secrets", HIGH, Roles(&["PK6003"])),
    control("5.1.3", "Minimize wildcard use in Roles and ClusterRoles", HIGH, Roles(&["PK5007"])),
    control("5.1.4", "Minimize access to create pods", HIGH, Objects("role", object::creates_pods)),
    control("5.1.5", "Ensure that default service accounts are not actively used", MEDIUM, Objects("pod or binding", object::default_account)),
    control("5.1.6", "Ensure that Service Account Tokens are only mounted where necessary", HIGH, Pods(&["PK3004"])),
    control("5.1.7", "Avoid use of system:masters group", HIGH, Objects("binding", object::masters)),
    control("5.1.8", "Limit use of the Bind, Impersonate and Escalate permissions in the Kubernetes cluster", HIGH, Roles(&["PK6001", "PK6002"])),
    control("5.2.1", "Ensure that the cluster has at least one active policy control mechanism in place", HIGH, Objects("namespace", object::enforces)),
    control("5.2.2", "Minimize the admission of privileged containers", HIGH, Pods(&["privileged"])),
    control("5.2.3", "Minimize the admission of containers wishing to share the host process ID namespace", HIGH, Pods(&["hostNamespaces:hostPID"])),
    control("5.2.4", "Minimize the admission of containers wishing to share the host IPC namespace", HIGH, Pods(&["hostNamespaces:hostIPC"])),
    control("5.2.5", "Minimize the admission of containers wishing to share the host network namespace", HIGH, Pods(&["hostNamespaces:hostNetwork"])),
    control("5.2.6", "Minimize the admission of containers with allowPrivilegeEscalation", HIGH, Pods(&["allowPrivilegeEscalation"])),
    control("5.2.7", "Minimize the admission of root containers", MEDIUM, Pods(&["runAsNonRoot", "runAsUser"])),
    control("5.2.8", "Minimize the admission of containers with the NET_RAW capability", MEDIUM, Objects("pod", object::net_raw)),
    control("5.2.9", "Minimize the admission of containers with added capabilities", LOW, Pods(&["capabilities_baseline"])),
    control("5.2.10", "Minimize the admission of containers with capabilities assigned", LOW, Pods(&["capabilities_restricted"])),
    control("5.2.11", "Minimize the admission of Windows HostProcess containers", MEDIUM, Pods(&["windowsHostProcess"])),
    control("5.2.12", "Minimize the admission of HostPath volumes", MEDIUM, Pods(&["hostPathVolumes"])),
    control("5.2.13", "Minimize the admission of containers which use HostPorts", MEDIUM, Pods(&["hostPorts"])),
    control("5.3.1", "Ensure that the CNI in use supports Network Policies (Manual)", MEDIUM, Elsewhere("the nodes show which network plugin runs")),
    control("5.3.2", "Ensure that all Namespaces have Network Policies defined", MEDIUM, Pods(&["PK4002"])),
    control("5.4.1", "Prefer using secrets as files over secrets as environment variables (Manual)", MEDIUM, Objects("pod", object::secrets_in_variables)),
    control("5.4.2", "Consider external secret storage (Manual)", MEDIUM, Elsewhere("where secrets come from is a matter of the organisation")),
    control("5.5.1", "Configure Image Provenance using ImagePolicyWebhook admission controller (Manual)", MEDIUM, Elsewhere("the configuration of the API server shows its admission")),
    control("5.7.1", "Create administrative boundaries between resources using namespaces (Manual)", MEDIUM, Elsewhere("who owns what is a matter of the organisation")),
    control("5.7.2", "Ensure that the seccomp profile is set to docker/default in your pod definitions", MEDIUM, Pods(&["seccompProfile_restricted"])),
    control("5.7.3", "Apply Security Context to Your Pods and Containers", HIGH, Pods(&["PK3002", "PK3003", "capabilities_baseline", "seLinuxOptions", "seccompProfile_restricted"])),
    control("5.7.4", "The default namespace should not be used", MEDIUM, Pods(&["PK5001"])),
];
