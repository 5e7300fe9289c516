//! SLSA provenance: whether an artefact comes from the source and builder that it should.
//!
//! The rules are those of slsa-verifier, without its network: provenance that holds no entry of a
//! log is checked by its certificate, and that the log's proof is missing is reported.
//! Source: <https://github.com/slsa-framework/slsa-verifier>.

mod builder;
mod claims;
mod gcb;
pub mod generate;
mod git;
mod github;
pub mod level;
mod npm;
mod predicate;
mod refusal;
mod source;
mod vsa;
mod workflow;

use crate::verify::Report;

pub use gcb::verify_image as verify_cloud_build_image;
pub use github::{verify_artifact, verify_attestation, verify_image};
pub use npm::verify_package;
pub use refusal::{Refusal, RefusalKind};
pub use source::SourceRevision;
pub use vsa::{SummaryExpectation, verify_summary};

/// What the caller demands of provenance.
#[derive(Debug, Clone, Default)]
pub struct Expectation {
    /// The artefact's digest in hexadecimal: SHA-256, or SHA-512 for an npm package.
    pub digest: String,
    /// The repository that the artefact was built from, such as `github.com/org/repo`.
    pub source_uri: String,
    /// The branch that it was built from.
    pub branch: Option<String>,
    /// The tag that it was built from, exactly.
    pub tag: Option<String>,
    /// The tag that it was built from, where `v1` and `v1.2` stand for every version below.
    pub versioned_tag: Option<String>,
    /// The builder, with or without a version; where it is not given, the generators of
    /// slsa-github-generator are trusted.
    pub builder_id: Option<String>,
    /// Inputs of a workflow that was started by hand.
    pub workflow_inputs: Vec<(String, String)>,
    /// The npm package's name.
    pub package_name: Option<String>,
    /// The npm package's version.
    pub package_version: Option<String>,
    /// Whether the generators' own test repositories may use a builder that is no release, as
    /// slsa-verifier allows with `SLSA_VERIFIER_TESTING`.
    pub testing: bool,
}

/// Provenance that meets the caller's demands.
#[derive(Debug, Clone)]
pub struct Verified {
    /// Who built it.
    pub builder_id: String,
    /// The statement's bytes.
    pub statement: Vec<u8>,
    /// The checks of the signature.
    pub report: Report,
    /// Whether a transparency log has the signature; `false` where the provenance holds no entry,
    /// so that the time of the signature is not proven.
    pub logged: bool,
}
