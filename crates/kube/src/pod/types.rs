//! Which types the API gives the fields that decide something here.
//!
//! The API server refuses a pod with a field of another type before any policy sees it, so such a
//! pod is never judged as if the field were absent.
//! <https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/pod-v1/>

use crate::manifest::{Node, Problem, ProblemKind, Value};

/// What a field may be.
enum Type {
    Bool,
    Int32,
    Int64,
    Text,
    /// A mapping with fields of which these are known.
    Object(&'static [(&'static str, Type)]),
    /// A list, each item of this type.
    List(&'static Type),
    /// A mapping from any name to a text.
    Texts,
    /// A mapping, or nothing: its fields decide nothing here.
    Opaque,
}

use Type::{Bool, Int32, Int64, List, Object, Opaque, Text, Texts};

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

const POD: Type = Object(&[
    ("metadata", Object(&[("name", Text), ("annotations", Texts), ("labels", Texts)])),
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

/// The fields of a pod that are of another type.
pub(super) fn problems(root: &Node) -> Vec<Problem> {
    let mut found = Vec::new();
    check(root, &POD, &mut String::new(), &mut found);
    found
}

/// How many wrong fields of one pod are named.
const MAX_NAMED: usize = 100;

fn check(node: &Node, wanted: &Type, path: &mut String, found: &mut Vec<Problem>) {
    if node.is_null() || found.len() >= MAX_NAMED {
        return;
    }
    let good = match (wanted, &node.value) {
        (Bool, Value::Scalar(scalar)) => scalar.as_bool().is_some(),
        (Int32, Value::Scalar(scalar)) => {
            scalar.as_integer().is_some_and(|number| i32::try_from(number).is_ok())
        }
        (Int64, Value::Scalar(scalar)) => scalar.as_integer().is_some(),
        (Text, Value::Scalar(scalar)) => scalar.is_text(),
        (Opaque | Texts | Object(_), Value::Mapping(_)) | (List(_), Value::Sequence(_)) => true,
        _ => false,
    };
    if !good {
        found.push(Problem {
            kind: ProblemKind::WrongType {
                path: path.clone(),
                wanted: name(wanted),
                found: node.kind(),
            },
            span: node.span,
            related: None,
        });
        return;
    }
    let length = path.len();
    match (wanted, &node.value) {
        (Object(known), Value::Mapping(mapping)) => {
            for field in &mapping.fields {
                if let Some((_, wanted)) = known.iter().find(|(name, _)| *name == &*field.name) {
                    if length > 0 {
                        path.push('.');
                    }
                    path.push_str(&field.name);
                    check(&field.value, wanted, path, found);
                    path.truncate(length);
                }
            }
        }
        (Texts, Value::Mapping(mapping)) => {
            for field in &mapping.fields {
                path.extend(["[", &*field.name, "]"]);
                check(&field.value, &Text, path, found);
                path.truncate(length);
            }
        }
        (List(item), Value::Sequence(sequence)) => {
            for (index, node) in sequence.items.iter().enumerate() {
                path.extend(["[", &index.to_string(), "]"]);
                check(node, item, path, found);
                path.truncate(length);
            }
        }
        _ => {}
    }
}

fn name(wanted: &Type) -> &'static str {
    match wanted {
        Bool => "a boolean",
        Int32 => "a whole number of 32 bits",
        Int64 => "a whole number of 64 bits",
        Text => "a text",
        Object(_) | Texts | Opaque => "a mapping",
        List(_) => "a list",
    }
}
