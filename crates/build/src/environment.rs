//! What is known beyond the text of a Dockerfile.

/// What is known beyond the text of a Dockerfile.
#[derive(Debug, Clone, Default)]
pub struct Environment {}
