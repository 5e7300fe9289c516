//! What objects of all files say of each other.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::OnceLock;

use plimsoll_model::text::{Source, Span};

use crate::manifest::{Manifest, Node};
use crate::object::{Object, objects};
use crate::pss::{Modes, NamespaceLabels};
use crate::rbac::{self, Access, Paths, Subject};
use crate::workload::Workload;

/// The namespaces, network policies and service accounts that are known.
#[derive(Debug, Default)]
pub struct Estate {
    modes: BTreeMap<String, Modes>,
    /// The pod selectors of the network policies of each namespace.
    policies: BTreeMap<String, Vec<Selector>>,
    /// By namespace, the service accounts that hand out no token.
    tokenless: BTreeMap<String, BTreeSet<String>>,
    /// By image as manifests name it, the user that it runs as unless told otherwise.
    image_users: BTreeMap<String, String>,
    access: Access,
    /// Whether there is a binding: nobody has a right without one.
    binds: bool,
    /// Worked out when the first binding is judged.
    ways: OnceLock<BTreeMap<Subject, Way>>,
}

/// How somebody comes to the whole cluster.
#[derive(Debug)]
pub(crate) struct Way {
    /// The binding that the first step is by: `RoleBinding shop/web`.
    pub(crate) binding: String,
    /// What is done, step by step.
    pub(crate) steps: Vec<String>,
}

impl Estate {
    /// What these manifests say together.
    pub fn of<'m>(manifests: impl IntoIterator<Item = &'m Manifest>) -> Self {
        let mut builder = Builder::default();
        for manifest in manifests {
            builder.add(manifest);
        }
        builder.finish()
    }

    /// The same with what images say of the user that they run as; the empty text is none.
    #[must_use]
    pub fn with_image_users(mut self, users: BTreeMap<String, String>) -> Self {
        self.image_users = users;
        self
    }

    /// The user of an image's configuration, where it is known.
    pub(crate) fn image_user(&self, image: &str) -> Option<&str> {
        self.image_users.get(image).map(String::as_str)
    }

    fn add(&mut self, object: &Object<'_>) {
        let namespace = || object.home().to_owned();
        match object.kind {
            "Namespace" => {
                let labels = NamespaceLabels::of(object);
                if let Some((name, modes)) = labels.and_then(|one| Some((one.name, one.modes?))) {
                    self.modes.insert(name, modes);
                }
            }
            "NetworkPolicy" => {
                let selector = object.node.at(&["spec", "podSelector"]);
                self.policies.entry(namespace()).or_default().push(Selector::new(selector));
            }
            "ServiceAccount" => {
                let token = object.node.boolean("automountServiceAccountToken");
                if token.is_some_and(|token| !token.value) {
                    self.tokenless.entry(namespace()).or_default().insert(object.name.to_owned());
                }
            }
            _ => {}
        }
    }

    /// How a subject comes to the whole cluster, where it can and a binding is its first step.
    pub(crate) fn way(&self, subject: &Subject) -> Option<&Way> {
        if !self.binds {
            return None;
        }
        let ways = self.ways.get_or_init(|| {
            let paths = Paths::new(&self.access).all(true).into_iter();
            let way = |path: rbac::Path<'_>| {
                let binding = path.steps.first()?.by?.0.name.clone();
                let steps = path.steps.iter().map(ToString::to_string).collect();
                Some((path.from.clone(), Way { binding, steps }))
            };
            paths.filter_map(way).collect()
        });
        ways.get(subject)
    }

    /// What the namespace of an object asks of pods.
    pub fn modes(&self, object: &Object<'_>) -> Option<Modes> {
        self.modes.get(object.home()).copied()
    }

    /// Whether a network policy selects the pods of a workload.
    pub fn is_selected(&self, workload: &Workload<'_>) -> bool {
        let labels = workload.pod.root.at(&["metadata", "labels"]);
        let policies = self.policies.get(workload.object.home()).into_iter().flatten();
        policies.into_iter().any(|selector| selector.selects(labels))
    }

    /// Whether a service account of that name hands out no token.
    pub fn hands_out_no_token(&self, namespace: &str, account: &str) -> bool {
        self.tokenless.get(namespace).is_some_and(|names| names.contains(account))
    }

    /// Who may do what.
    pub(crate) fn into_access(self) -> Access {
        self.access
    }
}

/// Gathers an estate from manifests that need not be there at the same time.
#[derive(Debug, Default)]
pub struct Builder {
    estate: Estate,
    access: rbac::Builder,
}

impl Builder {
    /// Takes what a manifest says.
    pub fn add(&mut self, manifest: &Manifest) {
        for object in objects(manifest).0 {
            self.add_object("", &object, &manifest.source);
        }
    }

    /// Takes what one object of a text says; `name` is what places of rights are told by.
    pub fn add_object(&mut self, name: &str, object: &Object<'_>, source: &Source) {
        self.estate.binds |= ["RoleBinding", "ClusterRoleBinding"].contains(&object.kind);
        self.estate.add(object);
        self.access.add_object(name, object, source);
    }

    /// What all of them say together.
    pub fn finish(self) -> Estate {
        Estate { access: self.access.finish(), ..self.estate }
    }
}

/// A label selector.
#[derive(Debug, Default)]
pub(crate) struct Selector {
    labels: Vec<(String, String)>,
    expressions: Vec<(String, String, Vec<String>)>,
    /// A part that cannot be read selects nothing.
    broken: bool,
}

impl Selector {
    /// Reads `matchLabels` and `matchExpressions`; without either it selects all.
    pub(crate) fn new(node: Option<&Node>) -> Self {
        let mut selector = Self::default();
        let Some(node) = node else { return selector };
        let labels = node.get("matchLabels").and_then(Node::as_mapping);
        for field in labels.into_iter().flat_map(|labels| &labels.fields) {
            match field.value.as_str() {
                Some(value) => selector.labels.push((field.name.to_string(), value.to_owned())),
                None => selector.broken = true,
            }
        }
        for one in node.list("matchExpressions") {
            let (Some(key), Some(operator)) = (one.text("key"), one.text("operator")) else {
                selector.broken = true;
                continue;
            };
            let values = one.texts("values").map(|value| value.value.to_owned()).collect();
            selector.expressions.push((key.value.to_owned(), operator.value.to_owned(), values));
        }
        selector
    }

    /// Whether it selects what has these labels.
    pub(crate) fn selects(&self, labels: Option<&Node>) -> bool {
        let label = |name: &str| labels.and_then(|labels| labels.text(name)).map(|one| one.value);
        let held = |key: &str, operator: &str, values: &[String]| {
            let is_in = label(key).is_some_and(|value| values.iter().any(|one| one == value));
            match operator {
                "In" => is_in,
                "NotIn" => !is_in,
                "Exists" => label(key).is_some(),
                "DoesNotExist" => label(key).is_none(),
                _ => false,
            }
        };
        !self.broken
            && self.labels.iter().all(|(name, value)| label(name) == Some(value))
            && self.expressions.iter().all(|(key, operator, values)| held(key, operator, values))
    }
}

/// The labels of a namespace that cannot be read.
pub(crate) fn wrong_labels(object: &Object<'_>) -> Vec<(Span, String)> {
    let wrong = NamespaceLabels::of(object).map(|labels| labels.wrong).unwrap_or_default();
    wrong.into_iter().map(|(span, name, error)| (span, format!("{name}: {error}"))).collect()
}

#[cfg(test)]
mod tests {
    use plimsoll_model::text::Source;

    use super::*;

    #[test]
    fn a_selector_selects_by_labels_and_expressions() {
        let text = "selector:\n  matchLabels: {app: web}\n  matchExpressions:\n  - {key: tier, \
                    operator: NotIn, values: [db]}\nlabels: {app: web}\n";
        let manifest = Manifest::parse(Source::new(text));
        let root = &manifest.documents[0];
        let selector = Selector::new(root.get("selector"));
        assert!(selector.selects(root.get("labels")));
        assert!(!selector.selects(None));
        assert!(Selector::new(None).selects(None));
    }
}
