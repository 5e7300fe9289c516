//! What a container runs with: the `securityContext` of its pod and its own, as the kubelet merges them.
//!
//! After `DetermineEffectiveSecurityContext` of Kubernetes' `pkg/securitycontext/util.go`: what the
//! container says counts more, and what neither says is what the API or the runtime has for it.

use std::borrow::Cow;

use plimsoll_model::text::Span;

use crate::estate::Estate;
use crate::manifest::{Node, Value};
use crate::pod::{Container, Pod};

/// One field of what a container runs with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Setting {
    /// The field, as a `securityContext` or the pod's spec calls it.
    pub name: &'static str,
    /// Its value in a line.
    pub value: Cow<'static, str>,
    /// Who says so.
    pub origin: Origin,
    /// Where it is said.
    pub span: Option<Span>,
}

/// Who says what a field is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// The container's own `securityContext`.
    Container,
    /// The pod.
    Pod,
    /// Nobody.
    Default,
}

impl Origin {
    /// In a word.
    pub fn name(self) -> &'static str {
        match self {
            Self::Container => "container",
            Self::Pod => "pod",
            Self::Default => "default",
        }
    }
}

/// Who can set a field.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Whose {
    Container,
    /// The pod for all, and a container for itself.
    Both,
    /// The `securityContext` of the pod.
    Pod,
    /// The pod's spec.
    Spec,
}

/// Name, who can set it, and what it is where nobody does.
const FIELDS: [(&str, Whose, &str); 18] = [
    ("privileged", Whose::Container, "false"),
    ("allowPrivilegeEscalation", Whose::Container, "true"),
    ("readOnlyRootFilesystem", Whose::Container, "false"),
    ("capabilities", Whose::Container, "the runtime's"),
    ("procMount", Whose::Container, "Default"),
    ("runAsNonRoot", Whose::Both, "false"),
    ("runAsUser", Whose::Both, USER),
    ("runAsGroup", Whose::Both, USER),
    ("seccompProfile", Whose::Both, "Unconfined, unless the kubelet has a default"),
    (APP_ARMOR, Whose::Both, "the runtime's"),
    ("seLinuxOptions", Whose::Both, "the runtime's"),
    ("fsGroup", Whose::Pod, "none"),
    ("supplementalGroups", Whose::Pod, "none"),
    ("sysctls", Whose::Pod, "none"),
    ("hostNetwork", Whose::Spec, "false"),
    ("hostPID", Whose::Spec, "false"),
    ("hostIPC", Whose::Spec, "false"),
    ("hostUsers", Whose::Spec, "true"),
];

const USER: &str = "the image's";
const APP_ARMOR: &str = "appArmorProfile";

/// Fields that a privileged container runs without, whatever is set.
const NOT_HEEDED: [&str; 3] = ["capabilities", "seccompProfile", APP_ARMOR];

/// Where the profile of a container stood before there was a field for it.
const APP_ARMOR_OF: &str = "container.apparmor.security.beta.kubernetes.io/";

/// What a container of a pod runs with, field by field.
pub fn effective(pod: &Pod<'_>, container: &Container<'_>, estate: &Estate) -> Vec<Setting> {
    let own = container.security;
    let privileged =
        own.and_then(|own| own.boolean("privileged")).is_some_and(|privileged| privileged.value);
    let merged = |(name, whose, default): &(&'static str, Whose, &'static str)| {
        let (name, whose, default) = (*name, *whose, *default);
        let of_container = own.filter(|_| matches!(whose, Whose::Container | Whose::Both));
        let of_pod = match whose {
            Whose::Container => None,
            Whose::Both | Whose::Pod => pod.security,
            Whose::Spec => Some(pod.spec),
        };
        let said = |node: &Node, origin| Setting {
            name,
            value: in_a_line(node, 0).into(),
            origin,
            span: Some(node.span),
        };
        let of_container = of_container.and_then(|own| own.get(name));
        let of_pod = of_pod.and_then(|pod| pod.get(name));
        let mut setting = match (of_container, of_pod) {
            (Some(node), _) => said(node, Origin::Container),
            (None, Some(node)) => said(node, Origin::Pod),
            (None, None) => unsaid(name, default, pod, container, estate),
        };
        if privileged && NOT_HEEDED.contains(&name) {
            let set = if setting.origin == Origin::Default { "" } else { ", whatever is set" };
            let none = if name == "capabilities" { "all of them" } else { "none" };
            setting.value = format!("{none}: the container is privileged{set}").into();
        }
        setting
    };
    FIELDS.iter().map(merged).collect()
}

/// What a field is where no `securityContext` has it.
fn unsaid(
    name: &'static str,
    default: &'static str,
    pod: &Pod<'_>,
    container: &Container<'_>,
    estate: &Estate,
) -> Setting {
    let mut setting = Setting { name, value: default.into(), origin: Origin::Default, span: None };
    if name == APP_ARMOR {
        let of = |written: &str| written.strip_prefix(APP_ARMOR_OF) == Some(container.name);
        if let Some(annotation) = pod.annotations().find(|one| of(one.name)) {
            setting.value = annotation.value.to_owned().into();
            setting.origin = Origin::Pod;
            setting.span = Some(annotation.span);
        }
    } else if name == "runAsUser" {
        let image = container.node.text("image").map_or("", |image| image.value);
        let user = estate.image_user(image);
        let user = user.map(|user| if user.is_empty() { "root" } else { user });
        setting.value = user.map_or(default.into(), |user| format!("{user}, {USER}").into());
    }
    setting
}

/// A value without line breaks: `add NET_RAW; drop ALL`.
fn in_a_line(node: &Node, depth: u32) -> String {
    if depth > 4 {
        return "…".to_owned();
    }
    let below = |node: &Node| in_a_line(node, depth.saturating_add(1));
    match &node.value {
        Value::Scalar(scalar) => scalar.text.to_string(),
        Value::Sequence(sequence) if sequence.items.is_empty() => "none".to_owned(),
        Value::Sequence(sequence) => {
            let items: Vec<String> = sequence.items.iter().map(|item| below(item)).collect();
            items.join(", ")
        }
        Value::Mapping(mapping) => {
            let fields = mapping.fields.iter();
            let fields: Vec<String> =
                fields.map(|field| format!("{} {}", field.name, below(&field.value))).collect();
            fields.join("; ")
        }
    }
}

#[cfg(test)]
mod tests {
    use plimsoll_model::text::Source;

    use super::*;
    use crate::manifest::Manifest;

    fn of(text: &str, container: usize) -> Vec<(&'static str, String, &'static str)> {
        let manifest = Manifest::parse(Source::new(text));
        let pod = Pod::of(&manifest.documents[0], &manifest.source).unwrap();
        let all = effective(&pod, &pod.containers[container], &Estate::default());
        all.into_iter().map(|one| (one.name, one.value.into_owned(), one.origin.name())).collect()
    }

    fn field(text: &str, container: usize, name: &str) -> (String, &'static str) {
        let all = of(text, container);
        let (_, value, origin) = all.into_iter().find(|one| one.0 == name).unwrap();
        (value, origin)
    }

    const POD: &str = "kind: Pod\nmetadata: {annotations: \
                       {container.apparmor.security.beta.kubernetes.io/b: unconfined}}\nspec:\n  \
                       hostUsers: false\n  securityContext: {runAsUser: 1000, runAsNonRoot: true, \
                       fsGroup: 7, seccompProfile: {type: RuntimeDefault}}\n  initContainers: [{name: \
                       i}]\n  containers:\n  - {name: a, securityContext: {runAsUser: 0, \
                       seccompProfile: ~, capabilities: {add: [NET_RAW], drop: [ALL]}}}\n  - {name: b, \
                       securityContext: {privileged: true, capabilities: {drop: [ALL]}}}\n  \
                       ephemeralContainers: [{name: e, securityContext: {runAsNonRoot: false}}]\n";

    #[test]
    fn what_a_container_says_counts_more_than_what_its_pod_says() {
        let (own, pod, none) = ("container", "pod", "default");
        assert_eq!(field(POD, 0, "runAsUser"), ("1000".into(), pod), "an init container");
        assert_eq!(field(POD, 1, "runAsUser"), ("0".into(), own));
        assert_eq!(field(POD, 1, "runAsNonRoot"), ("true".into(), pod));
        assert_eq!(field(POD, 1, "seccompProfile"), ("type RuntimeDefault".into(), pod));
        assert_eq!(field(POD, 1, "capabilities"), ("add NET_RAW; drop ALL".into(), own));
        assert_eq!(field(POD, 1, "fsGroup"), ("7".into(), pod));
        assert_eq!(field(POD, 1, "hostUsers"), ("false".into(), pod));
        assert_eq!(field(POD, 1, "allowPrivilegeEscalation"), ("true".into(), none));
        assert_eq!(field(POD, 3, "runAsNonRoot"), ("false".into(), own), "an ephemeral one");
        assert_eq!(of(POD, 0).len(), FIELDS.len());
    }

    #[test]
    fn a_privileged_container_runs_without_what_would_confine_it() {
        let said = "all of them: the container is privileged, whatever is set";
        assert_eq!(field(POD, 2, "capabilities").0, said);
        assert_eq!(
            field(POD, 2, "seccompProfile").0,
            "none: the container is privileged, whatever is set"
        );
        let plain = POD.replace("privileged: true", "privileged: false");
        assert_eq!(field(&plain, 2, APP_ARMOR), ("unconfined".into(), "pod"));
    }
}
