//! Pod Security Standards, baseline.

use super::Judged::Pods;
use super::{Control, HIGH, MEDIUM, Standard, control};

pub(super) static STANDARD: Standard = Standard {
    id: "k8s-pss-baseline-0.1",
    name: "pss-baseline",
    title: "Kubernetes Pod Security Standards - Baseline",
    source: "https://kubernetes.io/docs/concepts/security/pod-security-standards/#baseline",
    controls: CONTROLS,
};

#[rustfmt::skip]
const CONTROLS: &[Control] = &[
    control("1", "HostProcess", HIGH, Pods(&["windowsHostProcess"])),
    control("2", "Host Namespaces", HIGH, Pods(&["hostNamespaces"])),
    control("3", "Privileged Containers", HIGH, Pods(&["privileged"])),
    control("4", "Capabilities", MEDIUM, Pods(&["capabilities_baseline"])),
    control("5", "HostPath Volumes", MEDIUM, Pods(&["hostPathVolumes"])),
    control("6", "host ports", HIGH, Pods(&["hostPorts"])),
    control("7", "AppArmor", HIGH, Pods(&["appArmorProfile"])),
    control("8", "SELinux", MEDIUM, Pods(&["seLinuxOptions"])),
    control("9", "/proc Mount Type", MEDIUM, Pods(&["procMount"])),
    control("10", "Seccomp", MEDIUM, Pods(&["seccompProfile_baseline"])),
    control("11", "Sysctls", MEDIUM, Pods(&["sysctls"])),
    // Newer than Trivy's table.
    control("host-probes", "Host Probes / Lifecycle Hooks", MEDIUM, Pods(&["hostProbesAndHostLifecycle"])),
];
