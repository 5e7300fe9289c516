//! A pod: its containers of every sort, and the places of what they say.

use plimsoll_model::text::{Source, Span};

use crate::manifest::{Node, Problem};
use crate::types;

/// The specification of a pod, on its own or in the template of what makes pods.
#[derive(Debug)]
pub struct Pod<'m> {
    /// The text that it stands in.
    pub source: &'m Source,
    /// What has its metadata and its spec.
    pub root: &'m Node,
    /// The fields from the object down to `root`.
    pub path: &'static [&'static str],
    /// Its spec.
    pub spec: &'m Node,
    /// The pod's `securityContext`.
    pub security: Option<&'m Node>,
    /// Init containers, then containers, then ephemeral ones: the order in which Kubernetes
    /// names them.
    pub containers: Vec<Container<'m>>,
    /// Fields of a type that the API does not have.
    pub problems: Vec<Problem>,
}

/// What sort of container it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sort {
    /// Runs before the others; with `restartPolicy: Always` beside them.
    Init,
    /// Runs for as long as the pod.
    Regular,
    /// Put into a running pod to look into it.
    Ephemeral,
}

impl Sort {
    const ALL: [(Self, &'static str); 3] = [
        (Self::Init, "initContainers"),
        (Self::Regular, "containers"),
        (Self::Ephemeral, "ephemeralContainers"),
    ];

    /// The field of the pod's spec that lists them.
    pub fn field(self) -> &'static str {
        Self::ALL.iter().find(|(sort, _)| *sort == self).map_or("", |(_, field)| field)
    }
}

/// A container.
#[derive(Debug, Clone, Copy)]
pub struct Container<'m> {
    /// What sort it is.
    pub sort: Sort,
    /// Its name; empty where it is missing.
    pub name: &'m str,
    /// The whole of it.
    pub node: &'m Node,
    /// Its `securityContext`.
    pub security: Option<&'m Node>,
}

/// The sockets of container runtimes, by which one has the node.
const SOCKETS: [&str; 5] =
    ["docker.sock", "containerd.sock", "crio.sock", "podman.sock", "dockershim.sock"];

/// Whether a path is the socket of a container runtime.
pub(crate) fn is_runtime_socket(path: &str) -> bool {
    let name = path.trim_end_matches('/').rsplit('/').next().unwrap_or_default();
    SOCKETS.contains(&name)
}

/// An annotation of a pod.
#[derive(Debug, Clone, Copy)]
pub struct Annotation<'m> {
    /// Its name.
    pub name: &'m str,
    /// Its value.
    pub value: &'m str,
    /// The value's place.
    pub span: Span,
}

impl<'m> Pod<'m> {
    /// The pod that an object is; `None` where it has no spec.
    pub fn of(node: &'m Node, source: &'m Source) -> Option<Self> {
        Self::new(node, &[], source)
    }

    /// The pod whose metadata and spec `root` has; `None` where it has no spec.
    pub(crate) fn new(
        root: &'m Node,
        path: &'static [&'static str],
        source: &'m Source,
    ) -> Option<Self> {
        let spec = root.get("spec")?;
        let containers = Sort::ALL.iter().flat_map(|(sort, field)| {
            spec.list(field).iter().map(|node| Container {
                sort: *sort,
                name: node.text("name").map(|name| name.value).unwrap_or_default(),
                node,
                security: node.get("securityContext"),
            })
        });
        let containers = containers.collect();
        let security = spec.get("securityContext");
        let problems = types::of_pod(root);
        Some(Self { source, root, path, spec, security, containers, problems })
    }

    /// Its annotations in their order.
    pub fn annotations(&self) -> impl Iterator<Item = Annotation<'m>> {
        let fields = self.root.at(&["metadata", "annotations"]).and_then(Node::as_mapping);
        fields.into_iter().flat_map(|mapping| &mapping.fields).filter_map(|field| {
            let value = if field.value.is_null() { Some("") } else { field.value.as_str() };
            value.map(|value| Annotation { name: &field.name, value, span: field.value.span })
        })
    }

    /// Whether it says that it runs on Windows.
    pub fn is_windows(&self) -> bool {
        let os = self.spec.get("os").and_then(|os| os.text("name"));
        os.is_some_and(|name| name.value == "windows")
    }

    /// Whether root in it is another user on the node: `hostUsers: false`.
    pub fn has_user_namespace(&self) -> bool {
        self.spec.boolean("hostUsers").is_some_and(|host_users| !host_users.value)
    }

    /// What is marked where something is missing from the pod: its `securityContext`, else the
    /// name of its first container.
    pub fn security_place(&self) -> Span {
        let field = self.spec.as_mapping().and_then(|spec| spec.field("securityContext"));
        match field {
            Some(field) => field.name_span,
            None => self
                .containers
                .iter()
                .find(|one| one.sort == Sort::Regular)
                .map_or(Span::at(self.spec.span.start), Container::head),
        }
    }
}

impl Container<'_> {
    /// What is marked where something is missing from the container: its name.
    pub fn head(&self) -> Span {
        let name = self.node.get("name").map(|name| name.span);
        name.unwrap_or(Span::at(self.node.span.start))
    }

    /// What is marked where something is missing from its `securityContext`: the name of that
    /// field, else the container's own.
    pub fn security_place(&self) -> Span {
        let field = self.node.as_mapping().and_then(|node| node.field("securityContext"));
        field.map_or_else(|| self.head(), |field| field.name_span)
    }
}
