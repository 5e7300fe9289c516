//! The definition of a kind, as the API server takes it.
//!
//! <https://kubernetes.io/docs/reference/kubernetes-api/extend-resources/custom-resource-definition-v1/>

use serde_json::{Map, Value, json};

use super::{GROUP, MANAGER, ReportKind, VERSION};

/// A column of `kubectl get`.
#[derive(Debug, Clone, Copy)]
pub struct Column {
    /// Its head.
    pub name: &'static str,
    /// `string`, `integer`, `date`.
    pub kind: &'static str,
    /// Where its value is.
    pub path: &'static str,
    /// Whether only `-o wide` shows it.
    pub is_wide: bool,
    /// What it is.
    pub about: &'static str,
}

/// A field of an object.
#[derive(Debug, Clone, Copy)]
pub struct Field {
    /// Its name.
    pub name: &'static str,
    /// What may be in it.
    pub shape: Shape,
    /// Whether it has to be there.
    pub is_needed: bool,
    /// What it is; empty where the name says it.
    pub about: &'static str,
}

/// What may be in a field.
#[derive(Debug, Clone, Copy)]
pub enum Shape {
    /// A text.
    Text,
    /// One of these.
    Word(&'static [&'static str]),
    /// A whole number from nought.
    Count,
    /// A number.
    Number,
    /// Yes or no.
    Flag,
    /// A point of time.
    Time,
    /// A list.
    List(&'static Shape),
    /// Fields.
    Object(&'static [Field]),
    /// Fields that others define.
    Open,
}

pub(super) const fn column(
    name: &'static str,
    kind: &'static str,
    path: &'static str,
    about: &'static str,
) -> Column {
    Column { name, kind, path, is_wide: false, about }
}

pub(super) const AGE: Column =
    column("Age", "date", ".metadata.creationTimestamp", "How old the report is");

impl Column {
    pub(super) const fn wide(self) -> Self {
        Self { is_wide: true, ..self }
    }
}

/// A field that has to be there.
pub(super) const fn field(name: &'static str, shape: Shape, about: &'static str) -> Field {
    Field { name, shape, is_needed: true, about }
}

impl Field {
    pub(super) const fn optional(self) -> Self {
        Self { is_needed: false, ..self }
    }
}

/// The definition of a kind.
pub fn definition(kind: &ReportKind) -> Value {
    let columns: Vec<Value> = kind
        .columns
        .iter()
        .map(|column| {
            let mut one = json!({ "name": column.name, "type": column.kind,
                "jsonPath": column.path, "description": column.about });
            if column.is_wide
                && let Value::Object(fields) = &mut one
            {
                fields.insert("priority".into(), 1.into());
            }
            one
        })
        .collect();
    let mut schema = schema(&Shape::Object(kind.fields), kind.about, 0);
    if let Some(Value::Object(properties)) = schema.get_mut("properties") {
        for name in ["apiVersion", "kind"] {
            properties.insert(name.into(), json!({ "type": "string" }));
        }
        properties.insert("metadata".into(), json!({ "type": "object" }));
    }
    // What other programs added to objects of this kind is not cut away from them.
    if let Value::Object(fields) = &mut schema {
        fields.insert("x-kubernetes-preserve-unknown-fields".into(), true.into());
    }
    let singular = kind.kind.to_lowercase();
    let mut version = json!({
        "name": VERSION, "served": true, "storage": true,
        "additionalPrinterColumns": columns,
        "schema": { "openAPIV3Schema": schema },
    });
    if kind.has_status
        && let Value::Object(fields) = &mut version
    {
        fields.insert("subresources".into(), json!({ "status": {} }));
    }
    json!({
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {
            "name": format!("{}.{GROUP}", kind.plural),
            "labels": { "app.kubernetes.io/managed-by": MANAGER },
        },
        "spec": {
            "group": GROUP,
            "scope": if kind.is_namespaced { "Namespaced" } else { "Cluster" },
            "names": {
                "kind": kind.kind,
                "listKind": format!("{}List", kind.kind),
                "plural": kind.plural,
                "singular": singular,
                "shortNames": kind.short,
            },
            "versions": [version],
        },
    })
}

fn schema(shape: &Shape, about: &str, depth: u32) -> Value {
    let mut one = match shape {
        Shape::Text => json!({ "type": "string" }),
        Shape::Word(words) => json!({ "type": "string", "enum": words }),
        Shape::Count => json!({ "type": "integer", "minimum": 0 }),
        Shape::Number => json!({ "type": "number" }),
        Shape::Flag => json!({ "type": "boolean" }),
        Shape::Time => json!({ "type": "string", "format": "date-time" }),
        Shape::List(item) => {
            json!({ "type": "array", "items": schema(item, "", depth.saturating_add(1)) })
        }
        Shape::Open => json!({ "type": "object", "x-kubernetes-preserve-unknown-fields": true }),
        Shape::Object(fields) => {
            let properties: Map<String, Value> = fields
                .iter()
                .map(|one| {
                    let value = schema(&one.shape, one.about, depth.saturating_add(1));
                    (one.name.to_owned(), value)
                })
                .collect();
            let needed: Vec<&str> =
                fields.iter().filter(|one| one.is_needed).map(|one| one.name).collect();
            let mut object = json!({ "type": "object", "properties": properties });
            if let Value::Object(all) = &mut object {
                if !needed.is_empty() {
                    all.insert("required".into(), json!(needed));
                }
                // Who writes a report writes the whole of it: one line in `managedFields` instead of
                // thousands.
                if depth == 1 {
                    all.insert("x-kubernetes-map-type".into(), "atomic".into());
                }
            }
            object
        }
    };
    if !about.is_empty()
        && let Value::Object(fields) = &mut one
    {
        fields.insert("description".into(), about.into());
    }
    one
}
