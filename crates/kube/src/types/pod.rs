//! Pods, on their own or in the template of what makes pods.
//!
//! <https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/pod-v1/>

use super::Type::{self, Bool, Int32, Int64, List, Object, Opaque, Text};
use super::object::METADATA;

const PROFILE: Type = Object(&[("type", Text), ("localhostProfile", Text)]);
const SELINUX: Type = Object(&[("level", Text), ("role", Text), ("type", Text), ("user", Text)]);
const WINDOWS: Type = Object(&[("hostProcess", Bool), ("runAsUserName", Text)]);
const HOST: Type = Object(&[("host", Text)]);
const HANDLER: Type = Object(&[("httpGet", HOST), ("tcpSocket", HOST)]);

const CONTAINER_SECURITY: Type = Object(&[
    ("allowPrivilegeEscalation", Bool),
    ("appArmorProfile", PROFILE),
    ("capabilities", Object(&[("add", List(&Text)), ("drop", List(&Text))])),
    ("privileged", Bool),
    ("procMount", Text),
    ("readOnlyRootFilesystem", Bool),
    ("runAsGroup", Int64),
    ("runAsNonRoot", Bool),
    ("runAsUser", Int64),
    ("seLinuxOptions", SELINUX),
    ("seccompProfile", PROFILE),
    ("windowsOptions", WINDOWS),
]);

const PORT: Type =
    Object(&[("containerPort", Int32), ("hostPort", Int32), ("hostIP", Text), ("name", Text)]);

const CONTAINER: Type = Object(&[
    ("name", Text),
    ("image", Text),
    ("imagePullPolicy", Text),
    ("env", List(&Object(&[("name", Text), ("value", Text)]))),
    ("ports", List(&PORT)),
    ("livenessProbe", HANDLER),
    ("readinessProbe", HANDLER),
    ("startupProbe", HANDLER),
    ("lifecycle", Object(&[("postStart", HANDLER), ("preStop", HANDLER)])),
    ("resources", Object(&[("requests", Opaque), ("limits", Opaque)])),
    ("securityContext", CONTAINER_SECURITY),
]);

const POD_SECURITY: Type = Object(&[
    ("appArmorProfile", PROFILE),
    ("fsGroup", Int64),
    ("runAsGroup", Int64),
    ("runAsNonRoot", Bool),
    ("runAsUser", Int64),
    ("seLinuxOptions", SELINUX),
    ("seccompProfile", PROFILE),
    ("supplementalGroups", List(&Int64)),
    ("sysctls", List(&Object(&[("name", Text), ("value", Text)]))),
    ("windowsOptions", WINDOWS),
]);

const VOLUME: Type = Object(&[
    ("name", Text),
    ("hostPath", Object(&[("path", Text), ("type", Text)])),
    ("configMap", Opaque),
    ("csi", Opaque),
    ("downwardAPI", Opaque),
    ("emptyDir", Opaque),
    ("ephemeral", Opaque),
    ("image", Opaque),
    ("persistentVolumeClaim", Opaque),
    ("projected", Opaque),
    ("secret", Opaque),
]);

/// What has the metadata and the spec of a pod.
pub(super) const POD: Type = Object(&[
    ("metadata", METADATA),
    (
        "spec",
        Object(&[
            ("automountServiceAccountToken", Bool),
            ("containers", List(&CONTAINER)),
            ("ephemeralContainers", List(&CONTAINER)),
            ("hostIPC", Bool),
            ("hostNetwork", Bool),
            ("hostPID", Bool),
            ("hostUsers", Bool),
            ("initContainers", List(&CONTAINER)),
            ("os", Object(&[("name", Text)])),
            ("securityContext", POD_SECURITY),
            ("serviceAccountName", Text),
            ("volumes", List(&VOLUME)),
        ]),
    ),
]);
