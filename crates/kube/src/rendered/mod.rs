//! What `helm template` and `kustomize build` print, with each value placed where it was written.
//!
//! The values are those that were printed. Their places are in the chart's templates, or in the
//! files that were built from, so that whoever reads of them finds what to change.

mod lines;
mod place;

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use plimsoll_model::text::Source;

use crate::manifest::{Field, Manifest, Mapping, Node, Scalar, ScalarStyle, Value};
use crate::object::{Object, objects};
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
        let places = Places::new(&self.manifest.source, &template);
        let documents = place::moved(&self.manifest.documents, &|span| places.of(span));
        let mut problems = self.manifest.problems;
        for problem in &mut problems {
            problem.span = places.of(problem.span);
            problem.related = problem.related.map(|span| places.of(span));
        }
        Self { file: self.file, manifest: Manifest { source: template, documents, problems } }
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

/// What `kustomize build` printed, by the file that its annotation of the origin names and `read`
/// finds, with the places of the fields there. What was added stands where it was added to. What
/// is in none of these files comes last, with its places in what was printed.
pub fn kustomize(printed: &str, read: &dyn Fn(&str) -> Option<Source>) -> Vec<Part> {
    let printed = Manifest::parse(Source::new(printed));
    let mut by_file: BTreeMap<String, Vec<Arc<Node>>> = BTreeMap::new();
    let mut rest = Vec::new();
    for document in printed.documents {
        match origin(&document) {
            Some(file) => by_file.entry(file).or_default().push(document),
            None => rest.push(document),
        }
    }
    let mut parts = Vec::new();
    for (file, built) in by_file {
        let Some(written) = read(&file).map(Manifest::parse) else {
            rest.extend(built);
            continue;
        };
        let objects = objects(&written).0;
        let mut documents = Vec::new();
        for document in built {
            match written_as(&document, &objects) {
                Some(own) => documents.push(Arc::new(place::followed(&document, own.node))),
                None => rest.push(document),
            }
        }
        drop(objects);
        let manifest = Manifest { source: written.source, documents, problems: Vec::new() };
        parts.push(Part { file: Some(file), manifest });
    }
    parts.retain(|part| !part.manifest.documents.is_empty());
    if parts.is_empty() || !rest.is_empty() || !printed.problems.is_empty() {
        let (source, problems) = (printed.source, printed.problems);
        parts.push(Part { file: None, manifest: Manifest { source, documents: rest, problems } });
    }
    parts
}

/// The file that an object came from, where it is no file of a repository elsewhere.
fn origin(document: &Node) -> Option<String> {
    let told = document.at(&["metadata", "annotations"])?.text(ORIGIN)?;
    let told = Manifest::parse(Source::new(told.value));
    let told = told.documents.first()?;
    let is_local = told.get("repo").is_none();
    told.text("path").filter(|_| is_local).map(|path| path.value.to_owned())
}

/// The object of a file that one was built from: prefixes and suffixes may have been put to its
/// name.
fn written_as<'o>(document: &Node, written: &'o [Object<'o>]) -> Option<&'o Object<'o>> {
    let kind = document.text("kind").map(|kind| kind.value);
    let name = document.at(&["metadata", "name"]).and_then(Node::as_str).unwrap_or("");
    let same_kind = written.iter().filter(|one| Some(one.kind) == kind);
    same_kind
        .filter(|one| name.contains(one.name))
        .max_by_key(|one| (one.name == name, one.name.len()))
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
    use proptest::prelude::*;

    use super::*;
    use crate::{Config, Estate, lint};

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
        let from = |text: &'static str| {
            let read = move |file: &str| (file == "../base/web.yaml").then(|| Source::new(text));
            kustomize(printed, &read).remove(0)
        };
        let part = from(origin);
        assert_eq!(part.file.as_deref(), Some("../base/web.yaml"));
        let (source, document) = (&part.manifest.source, &part.manifest.documents[0]);
        let containers = document.at(&["spec", "template", "spec"]).unwrap().list("containers");
        let image = containers[0].text("image").unwrap();
        assert_eq!((image.value, source.slice(image.span)), ("web:2", "web:1"));
        let added = document.at(&["spec", "replicas"]).unwrap();
        assert_eq!((added.as_integer(), source.line(added.span.start)), (Some(5), 5));
        let elsewhere = from("kind: Service\n");
        assert_eq!((elsewhere.file, elsewhere.manifest.source.text()), (None, printed));
    }

    proptest! {
        #[test]
        fn every_place_is_one_of_the_template(
            template in "([akindPo: é{}\n-]|\\{\\{|\\}\\}|metadata:){0,50}",
            printed in "(kind: Pod\n|metadata: |spec:\n|  a: é\n|- |---\n|# Source: a/b\n){0,30}",
        ) {
            let origin = template.clone();
            let read = move |_: &str| Some(Source::new(origin.clone()));
            let built = kustomize(&printed, &read);
            let rendered = helm(&printed);
            let placed = rendered.into_iter().map(|part| part.in_template(Source::new(&*template)));
            for part in placed.chain(built) {
                let text = part.manifest.source.text().to_owned();
                for found in lint(&part.manifest, &Estate::of([&part.manifest]), &Config::default()) {
                    let place = found.span.start as usize..found.span.end as usize;
                    prop_assert!(text.get(place).is_some());
                }
            }
        }
    }
}
