//! What an API server is answered.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};

use crate::review::API_VERSION;

/// An answer to a review.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Answer {
    /// Whether it may be.
    pub allowed: bool,
    /// Why not; or what went wrong where it may be all the same.
    pub status: Option<Status>,
    /// What whoever asked is told.
    pub warnings: Vec<String>,
    /// What the audit log is told.
    pub annotations: BTreeMap<String, String>,
    /// What is changed: JSON pointers and their new texts.
    pub patch: Vec<(String, String)>,
}

/// The `Status` of an answer.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Status {
    /// As HTTP has it.
    pub code: u16,
    /// One word.
    pub reason: &'static str,
    /// All of it.
    pub message: String,
    /// What it is about: group, kind or resource, and name.
    pub about: Option<(String, String, String)>,
    /// Fields that are wrong, and what is wrong with each.
    pub causes: Vec<(String, String)>,
}

impl Answer {
    /// It may be.
    pub fn allowed() -> Self {
        Self { allowed: true, ..Self::default() }
    }

    /// It may not be.
    pub fn denied(status: Status) -> Self {
        Self { status: Some(status), ..Self::default() }
    }

    /// The same with something for the audit log.
    #[must_use]
    pub fn annotated(mut self, name: &str, value: impl Into<String>) -> Self {
        self.annotations.insert(name.to_owned(), value.into());
        self
    }

    /// The review that is sent back.
    pub fn to_json(&self, uid: &str, api_version: Option<&str>) -> Value {
        let mut response = Map::new();
        response.insert("uid".into(), uid.into());
        response.insert("allowed".into(), self.allowed.into());
        if let Some(status) = &self.status {
            response.insert("status".into(), status.to_json());
        }
        if !self.warnings.is_empty() {
            response.insert("warnings".into(), json!(self.warnings));
        }
        if !self.annotations.is_empty() {
            response.insert("auditAnnotations".into(), json!(self.annotations));
        }
        if !self.patch.is_empty() {
            let operation = |(path, value): &(String, String)| json!({"op": "replace", "path": path, "value": value});
            let patch: Vec<Value> = self.patch.iter().map(operation).collect();
            response.insert("patchType".into(), "JSONPatch".into());
            response.insert("patch".into(), STANDARD.encode(json!(patch).to_string()).into());
        }
        json!({
            "kind": "AdmissionReview",
            "apiVersion": api_version.unwrap_or(API_VERSION),
            "response": response,
        })
    }
}

impl Status {
    /// The request is refused: `apierrors.NewForbidden`.
    pub fn forbidden(group: &str, resource: &str, name: &str, why: &str) -> Self {
        let qualified =
            if group.is_empty() { resource.to_owned() } else { format!("{resource}.{group}") };
        let message = match (resource, name) {
            ("", _) => format!("forbidden: {why}"),
            (_, "") => format!("{qualified} is forbidden: {why}"),
            _ => format!("{qualified} {name:?} is forbidden: {why}"),
        };
        let about = Some((group.to_owned(), resource.to_owned(), name.to_owned()));
        Self { code: 403, reason: "Forbidden", message, about, causes: Vec::new() }
    }

    /// Fields of the object are wrong: `apierrors.NewInvalid`.
    pub fn invalid(group: &str, kind: &str, name: &str, causes: Vec<(String, String)>) -> Self {
        let qualified = if group.is_empty() { kind.to_owned() } else { format!("{kind}.{group}") };
        let all: Vec<String> =
            causes.iter().map(|(field, what)| format!("{field}: {what}")).collect();
        let why = aggregate(&all);
        let message = format!("{qualified} {name:?} is invalid: {why}");
        let about = Some((group.to_owned(), kind.to_owned(), name.to_owned()));
        Self { code: 422, reason: "Invalid", message, about, causes }
    }

    /// The request cannot be read.
    pub fn bad_request(message: impl Into<String>) -> Self {
        let message = message.into();
        Self { code: 400, reason: "BadRequest", message, about: None, causes: Vec::new() }
    }

    /// Something here does not work.
    pub fn internal(message: impl std::fmt::Display) -> Self {
        let message = format!("Internal error occurred: {message}");
        Self { code: 500, reason: "InternalError", message, about: None, causes: Vec::new() }
    }

    fn to_json(&self) -> Value {
        let mut status = json!({
            "metadata": {},
            "status": "Failure",
            "message": self.message,
            "reason": self.reason,
            "code": self.code,
        });
        if let Some((group, kind, name)) = &self.about {
            let mut details = Map::new();
            for (key, value) in [("name", name), ("group", group), ("kind", kind)] {
                if !value.is_empty() {
                    details.insert(key.into(), value.as_str().into());
                }
            }
            if !self.causes.is_empty() {
                let cause = |(field, message): &(String, String)| json!({"reason": "FieldValueInvalid", "message": message, "field": field});
                details.insert("causes".into(), self.causes.iter().map(cause).collect());
            }
            if let Some(status) = status.as_object_mut() {
                status.insert("details".into(), details.into());
            }
        }
        status
    }
}

/// Several errors in one text, as `utilerrors.Aggregate` writes them.
pub(crate) fn aggregate(errors: &[String]) -> String {
    match errors {
        [one] => one.clone(),
        all => format!("[{}]", all.join(", ")),
    }
}
