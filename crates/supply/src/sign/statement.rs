//! In-toto statements: a claim about things that are named by their digests.
//!
//! Source: <https://github.com/in-toto/attestation/blob/main/spec/v1/statement.md>.

use std::collections::BTreeMap;

use plimsoll_model::Digest;
use serde_json::{Value, json};

use crate::intoto::Subject;

/// The type of a statement's payload in an envelope.
pub const PAYLOAD_TYPE: &str = "application/vnd.in-toto+json";

/// The predicate by which cosign signs images since its version 3.
pub const SIGNATURE: &str = "https://sigstore.dev/cosign/sign/v1";

/// The statement that cosign signs for an image: nothing but its digest and annotations.
pub fn signature(of: &Digest, annotations: &BTreeMap<String, String>) -> Vec<u8> {
    let mut subject = json!({"digest": {of.algorithm().name(): of.hex()}});
    if let (false, Some(fields)) = (annotations.is_empty(), subject.as_object_mut()) {
        fields.insert("annotations".into(), json!(annotations));
    }
    statement(&[subject], SIGNATURE, &json!({}))
}

/// A statement with a predicate about one thing, called `name`.
pub fn attestation(name: &str, of: &Digest, predicate_type: &str, predicate: &Value) -> Vec<u8> {
    let subject = json!({"name": name, "digest": {of.algorithm().name(): of.hex()}});
    statement(&[subject], predicate_type, predicate)
}

/// A statement with a predicate about several things at once.
pub fn about(subjects: &[Subject], predicate_type: &str, predicate: &Value) -> Vec<u8> {
    let subjects: Vec<Value> =
        subjects.iter().map(|it| json!({"name": it.name, "digest": it.digest})).collect();
    statement(&subjects, predicate_type, predicate)
}

fn statement(subject: &[Value], predicate_type: &str, predicate: &Value) -> Vec<u8> {
    let document = json!({
        "_type": "https://in-toto.io/Statement/v1",
        "subject": subject,
        "predicateType": predicate_type,
        "predicate": predicate,
    });
    document.to_string().into_bytes()
}
