//! What is known beyond the text of a Dockerfile.

use std::collections::BTreeMap;

use plimsoll_model::Digest;

/// What is known beyond the text of a Dockerfile.
#[derive(Debug, Clone, Default)]
pub struct Environment {
    /// What the names of base images stand for now, by the text behind `FROM`.
    pub digests: BTreeMap<String, Digest>,
}
