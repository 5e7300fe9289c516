//! What is known beyond the text of a Dockerfile.

use std::collections::BTreeMap;

use plimsoll_model::Digest;

use crate::bases::Base;
use crate::build_context::BuildContext;

/// What is known beyond the text of a Dockerfile.
#[derive(Debug, Clone, Default)]
pub struct Environment {
    /// What the names of base images stand for now, by the text behind `FROM`.
    pub digests: BTreeMap<String, Digest>,
    /// What base images are, drawn from the images themselves, by the text behind `FROM`. Of the
    /// others the shipped facts are taken.
    pub bases: BTreeMap<String, Base>,
    /// The folder that `COPY` copies from, where it is known.
    pub build_context: Option<BuildContext>,
}
