//! The objects of a manifest: its documents, and the items of its lists.

use plimsoll_model::text::Span;

use crate::manifest::{Manifest, Node, Problem, ProblemKind, Value};
use crate::types;

/// How deep a list may be within lists.
const MAX_NESTED: u32 = 8;

/// The namespace that an object is in, where it says none.
const DEFAULT: &str = "default";

/// What tells objects of a cluster apart here: namespace, kind and name.
pub type Key = (String, String, String);

/// A Kubernetes object.
#[derive(Debug, Clone, Copy)]
pub struct Object<'m> {
    /// The whole of it.
    pub node: &'m Node,
    /// `apps/v1`; empty where it is missing.
    pub api_version: &'m str,
    /// `Deployment`; empty where it is missing.
    pub kind: &'m str,
    /// Its name; empty where it is missing, as with `generateName`.
    pub name: &'m str,
    /// Its namespace, where it says one.
    pub namespace: Option<&'m str>,
}

impl<'m> Object<'m> {
    /// A value as an object.
    pub fn new(node: &'m Node) -> Self {
        let text = |node: &'m Node, name| node.text(name).map(|text| text.value);
        let metadata = node.get("metadata");
        Self {
            node,
            api_version: text(node, "apiVersion").unwrap_or_default(),
            kind: text(node, "kind").unwrap_or_default(),
            name: metadata.and_then(|metadata| text(metadata, "name")).unwrap_or_default(),
            namespace: metadata.and_then(|metadata| text(metadata, "namespace")),
        }
    }

    /// The namespace that it is in, where its kind is in one.
    pub fn home(&self) -> &'m str {
        self.namespace.unwrap_or(DEFAULT)
    }

    /// What it is told from others by.
    pub fn key(&self) -> Key {
        (self.home().to_owned(), self.kind.to_owned(), self.name.to_owned())
    }

    /// The group of its API; empty for the core group.
    pub fn group(&self) -> &'m str {
        self.api_version.rsplit_once('/').map_or("", |(group, _)| group)
    }

    /// What is marked where a thing is missing from the whole object: its name, else its kind.
    pub fn head(&self) -> Span {
        let name = self.node.at(&["metadata", "name"]).or_else(|| self.node.get("kind"));
        name.map_or(Span::at(self.node.span.start), |name| name.span)
    }

    /// What of it the API server would refuse: fields of another type than it has, but for those of
    /// the pod that it is or makes ([`crate::Pod::problems`]).
    pub fn problems(&self) -> Vec<Problem> {
        types::of_object(self)
    }

    /// Whether every cluster has it from the beginning: nobody wrote it and nobody can mend it.
    pub fn is_given(&self) -> bool {
        let labels = self.node.at(&["metadata", "labels"]);
        labels.is_some_and(|labels| labels.text("kubernetes.io/bootstrapping").is_some())
    }

    /// `Deployment/web`.
    pub fn called(&self) -> String {
        let name = if self.name.is_empty() { "(without a name)" } else { self.name };
        format!("{}/{name}", self.kind)
    }
}

/// All objects of a manifest in their order, and what keeps others from being told: lists that are
/// nested too deep, and kinds and items that are none.
pub fn objects(manifest: &Manifest) -> (Vec<Object<'_>>, Vec<Problem>) {
    let (mut found, mut problems) = (Vec::new(), Vec::new());
    for document in &manifest.documents {
        add(document, 0, &mut found, &mut problems);
    }
    (found, problems)
}

fn add<'m>(node: &'m Node, depth: u32, found: &mut Vec<Object<'m>>, problems: &mut Vec<Problem>) {
    let object = Object::new(node);
    let items = node.get("items").filter(|_| object.kind.ends_with("List"));
    let wrong = |path: &str, wanted, node: &Node| Problem {
        kind: ProblemKind::WrongType { path: path.to_owned(), wanted, found: node.kind() },
        span: node.span,
        related: None,
    };
    let Some(items) = items else {
        if !object.kind.is_empty() {
            found.push(object);
        } else if let Some(kind) = node.get("kind")
            && node.get("apiVersion").is_some()
        {
            problems.push(wrong("kind", "a text", kind));
        }
        return;
    };
    if !matches!(items.value, Value::Sequence(_)) {
        problems.push(wrong("items", "a list", items));
    } else if depth >= MAX_NESTED {
        problems.push(Problem { kind: ProblemKind::NestedList, span: node.span, related: None });
    } else {
        for item in items.items() {
            add(item, depth.saturating_add(1), found, problems);
        }
    }
}
