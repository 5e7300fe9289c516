//! NSA/CISA Kubernetes Hardening Guidance, version 1.2, under the ids of Trivy's `k8s-nsa-1.0`.

use super::Judged::{ApiServer, Elsewhere, Namespaces, Pods};
use super::{CRITICAL, Control, HIGH, LOW, MEDIUM, Standard, control, server};

pub(super) static STANDARD: Standard = Standard {
    id: "k8s-nsa-1.0",
    name: "nsa",
    title: "NSA/CISA Kubernetes Hardening Guidance",
    source: "https://media.defense.gov/2022/Aug/29/2003066362/-1/-1/0/CTR_KUBERNETES_HARDENING_GUIDANCE_1.2_20220829.PDF",
    controls: CONTROLS,
};

#[rustfmt::skip]
const CONTROLS: &[Control] = &[
    control("1.0", "Non-root containers", MEDIUM, Pods(&["runAsNonRoot", "runAsUser"])),
    control("1.1", "Immutable container file systems", LOW, Pods(&["PK3001"])),
    control("1.2", "Preventing privileged containers", HIGH, Pods(&["privileged"])),
    control("1.3", "Share containers process namespaces", HIGH, Pods(&["hostNamespaces:hostIPC"])),
    control("1.4", "Share host process namespaces", HIGH, Pods(&["hostNamespaces:hostPID"])),
    control("1.5", "Use the host network", HIGH, Pods(&["hostNamespaces:hostNetwork"])),
    control("1.6", "Run with root privileges or with root group membership", LOW, Pods(&["runAsUser", "PK3003"])),
    control("1.7", "Restricts escalation to root privileges", MEDIUM, Pods(&["allowPrivilegeEscalation"])),
    control("1.8", "Sets the SELinux context of the container", MEDIUM, Pods(&["seLinuxOptions"])),
    control("1.9", "Restrict a container's access to resources with AppArmor", MEDIUM, Pods(&["appArmorProfile"])),
    control("1.10", "Sets the seccomp profile used to sandbox containers.", LOW, Pods(&["seccompProfile_restricted"])),
    control("1.11", "Protecting Pod service account tokens", MEDIUM, Pods(&["PK3004"])),
    control("1.12", "Namespace kube-system should not be used by users", MEDIUM, Pods(&["PK5002"])),
    control("2.0", "Pod and/or namespace Selectors usage", MEDIUM, Pods(&["PK4002"])),
    control("3.0", "Use CNI plugin that supports NetworkPolicy API (Manual)", CRITICAL, Elsewhere("the nodes show which network plugin runs")),
    control("4.0", "Use ResourceQuota policies to limit resources", MEDIUM, Namespaces("ResourceQuota")),
    control("4.1", "Use LimitRange policies to limit resources", MEDIUM, Namespaces("LimitRange")),
    control("5.0", "Control plan disable insecure port (Manual)", CRITICAL, ApiServer(server::insecure_port)),
    control("5.1", "Encrypt etcd communication", CRITICAL, ApiServer(server::etcd)),
    control("6.0", "Ensure kube config file permission (Manual)", CRITICAL, Elsewhere("the nodes show the modes of their files")),
    control("6.1", "Check that encryption resource has been set", CRITICAL, ApiServer(server::encryption)),
    control("6.2", "Check encryption provider", CRITICAL, Elsewhere("a file beside the API server shows its encryption provider")),
    control("7.0", "Make sure anonymous-auth is unset", CRITICAL, ApiServer(server::anonymous)),
    control("7.1", "Make sure -authorization-mode=RBAC", CRITICAL, ApiServer(server::rbac)),
    control("8.0", "Audit policy is configure (Manual)", HIGH, ApiServer(server::audit_policy)),
    control("8.1", "Audit log path is configure", MEDIUM, ApiServer(server::audit_log)),
    control("8.2", "Audit log aging", MEDIUM, ApiServer(server::audit_age)),
];
