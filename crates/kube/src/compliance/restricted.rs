//! Pod Security Standards, restricted: all of baseline, and more.

use super::Judged::Pods;
use super::{Control, HIGH, LOW, MEDIUM, Standard, control};

pub(super) static STANDARD: Standard = Standard {
    id: "k8s-pss-restricted-0.1",
    name: "pss-restricted",
    title: "Kubernetes Pod Security Standards - Restricted",
    source: "https://kubernetes.io/docs/concepts/security/pod-security-standards/#restricted",
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
    control("9", "/proc Mount Type", MEDIUM, Pods(&["procMount", "procMount_restricted"])),
    control("10", "Seccomp", MEDIUM, Pods(&["seccompProfile_baseline"])),
    control("11", "Sysctls", MEDIUM, Pods(&["sysctls"])),
    control("12", "Volume Types", LOW, Pods(&["restrictedVolumes"])),
    control("13", "Privilege Escalation", MEDIUM, Pods(&["allowPrivilegeEscalation"])),
    control("14", "Running as Non-root", MEDIUM, Pods(&["runAsNonRoot"])),
    control("15", "Running as Non-root user", LOW, Pods(&["runAsUser"])),
    control("16", "Seccomp (explicit)", LOW, Pods(&["seccompProfile_restricted"])),
    control("17", "Capabilities (drop ALL)", LOW, Pods(&["capabilities_restricted"])),
    // Newer than Trivy's table.
    control("host-probes", "Host Probes / Lifecycle Hooks", MEDIUM, Pods(&["hostProbesAndHostLifecycle"])),
];
