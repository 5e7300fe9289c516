//! What `helm template` and `kustomize build` print, with each value placed where it was written.
//!
//! The values are those that were printed. Their places are in the chart's templates, or in the
//! files that were built from, so that whoever reads of them finds what to change.

mod lines;
mod place;

use std::collections::HashMap;
use std::sync::Arc;

use plimsoll_model::text::Source;

use crate::manifest::{Field, Manifest, Mapping, Node, Scalar, ScalarStyle, Value};
use crate::object::objects;
use lines::Template;
use place::Places;

/// What was printed of one file.
#[derive(Debug)]
pub struct Part {
    /// The file, as the program names it: `shop/templates/web.yaml`; `None` where it names none.
    pub file: Option<String>,
    /// What was printed of it.
    pub manifest: Manifest,
}

impl Part {
    /// The same with the places of the template's lines that the text came from. Where that cannot
    /// be told, a value is placed where the nearest one before it is.
    #[must_use]
    pub fn in_template(self, template: Source) -> Self {
        let lines = Template::new(template.text()).lines_of(self.manifest.source.text());
        let places = Places { printed: &self.manifest.source, template: &template, lines };
        let documents = place::moved(&self.manifest.documents, &|span| places.of(span));
        let mut problems = self.manifest.problems;
        for problem in &mut problems {
            problem.span = places.of(problem.span);
            problem.related = problem.related.map(|span| places.of(span));
        }
        Self { file: self.file, manifest: Manifest { source: template, documents, problems } }
    }

    /// The same with the places of the fields in the file that it was built from; `None` where
    /// that file has none of the objects. What was added stands where it was added to.
    #[must_use]
    pub fn in_origin(&self, origin: Source) -> Option<Self> {
        let origin = Manifest::parse(origin);
        let written = objects(&origin).0;
        let mut documents = Vec::with_capacity(self.manifest.documents.len());
        for document in &self.manifest.documents {
            let kind = document.text("kind").map(|kind| kind.value);
            let name = document.at(&["metadata", "name"]).and_then(Node::as_str).unwrap_or("");
            let same_kind = written.iter().filter(|one| Some(one.kind) == kind);
            // Prefixes and suffixes may have been put to the name.
            let own = same_kind
                .filter(|one| name.contains(one.name))
                .max_by_key(|one| (one.name == name, one.name.len()))?;
            documents.push(Arc::new(place::followed(document, own.node)));
        }
        let manifest = Manifest { source: origin.source, documents, problems: Vec::new() };
        Some(Self { file: self.file.clone(), manifest })
    }

    /// Puts objects that name no namespace into this one, as installing them would.
    #[must_use]
    pub fn in_namespace(mut self, namespace: &str) -> Self {
        for document in &mut self.manifest.documents {
            put_into(document, namespace);
        }
        self
    }
}

/// What `helm template` printed, by the template that it says each document is from.
pub fn helm(printed: &str) -> Vec<Part> {
    let mut texts: Vec<(Option<String>, String)> = Vec::new();
    let mut known: HashMap<Option<String>, usize> = HashMap::new();
    let mut open = None;
    let mut lines = printed.split_inclusive('\n').peekable();
    while let Some(line) = lines.next() {
        if line.trim_end() == "---" {
            let named = lines.peek().and_then(|next| next.strip_prefix("# Source: "));
            if let Some(name) = named {
                open = Some(name.trim().to_owned());
            }
        }
        let index = *known.entry(open.clone()).or_insert_with(|| {
            texts.push((open.clone(), String::new()));
            texts.len().saturating_sub(1)
        });
        if let Some((_, text)) = texts.get_mut(index) {
            text.push_str(line);
        }
    }
    texts.retain(|(_, text)| !text.trim().is_empty());
    let part =
        |(file, text): (_, String)| Part { file, manifest: Manifest::parse(Source::new(text)) };
    texts.into_iter().map(part).collect()
}

/// The annotation by which kustomize tells where an object came from.
const ORIGIN: &str = "config.kubernetes.io/origin";

/// What `kustomize build` printed, by the file that its annotation of the origin names; one that
/// is in a repository elsewhere counts as none.
pub fn kustomize(printed: &str) -> Vec<Part> {
    let whole = Manifest::parse(Source::new(printed));
    let mut parts: Vec<Part> = Vec::new();
    let mut rest =
        Manifest { source: whole.source, problems: whole.problems, ..Manifest::default() };
    for document in whole.documents {
        let origin = document.at(&["metadata", "annotations"]).and_then(|all| all.text(ORIGIN));
        let origin = origin.map(|origin| Manifest::parse(Source::new(origin.value)));
        let origin = origin.as_ref().and_then(|origin| origin.documents.first());
        let local = origin.filter(|origin| origin.get("repo").is_none());
        let Some(path) = local.and_then(|origin| origin.text("path")) else {
            rest.documents.push(document);
            continue;
        };
        match parts.iter_mut().find(|part| part.file.as_deref() == Some(path.value)) {
            Some(part) => part.manifest.documents.push(document),
            None => parts.push(Part {
                file: Some(path.value.to_owned()),
                manifest: Manifest {
                    source: rest.source.clone(),
                    documents: vec![document],
                    problems: Vec::new(),
                },
            }),
        }
    }
    if parts.is_empty() || !rest.documents.is_empty() || !rest.problems.is_empty() {
        parts.push(Part { file: None, manifest: rest });
    }
    parts
}

/// Kinds that are in no namespace.
const WITHOUT: [&str; 19] = [
    "APIService",
    "AdminNetworkPolicy",
    "BaselineAdminNetworkPolicy",
    "CSIDriver",
    "ClusterIssuer",
    "ClusterNetworkPolicy",
    "ClusterRole",
    "ClusterRoleBinding",
    "CustomResourceDefinition",
    "IngressClass",
    "MutatingWebhookConfiguration",
    "Namespace",
    "Node",
    "PersistentVolume",
    "PriorityClass",
    "RuntimeClass",
    "StorageClass",
    "ValidatingAdmissionPolicy",
    "ValidatingWebhookConfiguration",
];

fn put_into(document: &mut Arc<Node>, namespace: &str) {
    if document.text("kind").is_none_or(|kind| WITHOUT.contains(&kind.value)) {
        return;
    }
    let Value::Mapping(root) = &mut Arc::make_mut(document).value else { return };
    let Some(field) = root.fields.iter_mut().rev().find(|field| &*field.name == "metadata") else {
        return;
    };
    let span = field.value.span;
    let metadata = Arc::make_mut(&mut field.value);
    let Value::Mapping(Mapping { fields, .. }) = &mut metadata.value else { return };
    if fields.iter().any(|field| &*field.name == "namespace" && !field.value.is_null()) {
        return;
    }
    let value = Value::Scalar(Scalar { text: namespace.into(), style: ScalarStyle::Quoted });
    let value = Arc::new(Node::new(span, value));
    fields.push(Field { name: "namespace".into(), name_span: span, value, merged: false });
}

#[cfg(test)]
mod tests {
    use super::*;

    const PRINTED: &str = "---
# Source: shop/templates/web.yaml
kind: ServiceAccount
metadata:
  name: web
---
# Source: shop/templates/roles.yaml
kind: ClusterRole
metadata:
  name: web
---
# Source: shop/templates/web.yaml
kind: Deployment
metadata:
  name: web
spec:
  replicas: 3
";

    #[test]
    fn documents_of_one_template_are_one_part() {
        let parts = helm(PRINTED);
        let shown: Vec<(Option<&str>, usize)> = parts
            .iter()
            .map(|part| (part.file.as_deref(), part.manifest.documents.len()))
            .collect();
        assert_eq!(
            shown,
            [(Some("shop/templates/web.yaml"), 2), (Some("shop/templates/roles.yaml"), 1)]
        );
    }

    #[test]
    fn a_value_is_placed_where_the_template_has_it() {
        let template = "{{- if .Values.account }}
kind: ServiceAccount
metadata:
  name: {{ .Release.Name }}
{{- end }}
---
kind: Deployment
metadata:
  name: {{ .Release.Name }}
spec:
  replicas: {{ .Values.replicas }}
";
        let part = helm(PRINTED).remove(0).in_template(Source::new(template));
        let source = &part.manifest.source;
        let line = |document: usize, path: &[&str]| {
            let node = part.manifest.documents[document].at(path).unwrap();
            (source.line(node.span.start), source.slice(node.span).to_owned())
        };
        assert_eq!(line(0, &["metadata", "name"]), (4, "name: {{ .Release.Name }}".into()));
        assert_eq!(line(1, &["kind"]), (7, "Deployment".into()));
        assert_eq!(line(1, &["spec", "replicas"]), (11, "replicas: {{ .Values.replicas }}".into()));
    }

    #[test]
    fn the_namespace_of_the_release_is_that_of_what_names_none() {
        let parts: Vec<Part> =
            helm(PRINTED).into_iter().map(|part| part.in_namespace("shop")).collect();
        let namespace = |part: &Part| objects(&part.manifest).0[0].namespace.map(str::to_owned);
        assert_eq!(namespace(&parts[0]), Some("shop".into()));
        assert_eq!(namespace(&parts[1]), None);
    }

    #[test]
    fn what_kustomize_built_is_placed_in_its_origin() {
        let printed = "kind: Deployment
metadata:
  annotations:
    config.kubernetes.io/origin: |
      path: ../base/web.yaml
  name: prod-web
spec:
  replicas: 5
  template:
    spec:
      containers:
      - image: web:2
        name: web
";
        let origin = "# the shop\nkind: Deployment\nmetadata: {name: web}\nspec:\n  template:\n    \
                      spec:\n      containers:\n        - name: web\n          image: web:1\n";
        let parts = kustomize(printed);
        assert_eq!(parts.len(), 1);
        assert_eq!(parts[0].file.as_deref(), Some("../base/web.yaml"));
        let part = parts[0].in_origin(Source::new(origin)).unwrap();
        let (source, document) = (&part.manifest.source, &part.manifest.documents[0]);
        let containers = document.at(&["spec", "template", "spec"]).unwrap().list("containers");
        let image = containers[0].text("image").unwrap();
        assert_eq!((image.value, source.slice(image.span)), ("web:2", "web:1"));
        let added = document.at(&["spec", "replicas"]).unwrap();
        assert_eq!((added.as_integer(), source.line(added.span.start)), (Some(5), 5));
        assert!(parts[0].in_origin(Source::new("kind: Service\n")).is_none());
    }
}
