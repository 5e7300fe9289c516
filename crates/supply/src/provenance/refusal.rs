//! Why provenance is refused.

use std::fmt;

/// A kind of refusal, named as slsa-verifier names its errors.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum RefusalKind {
    /// The signed content is not what it should be.
    InvalidDssePayload,
    /// Another branch.
    MismatchBranch,
    /// Another version of the package.
    MismatchPackageVersion,
    /// Another package.
    MismatchPackageName,
    /// Another builder.
    MismatchBuilderID,
    /// No builder that is known.
    InvalidBuilderID,
    /// No kind of build that the builder does.
    InvalidBuildType,
    /// Another source.
    MismatchSource,
    /// Other inputs of the workflow.
    MismatchWorkflowInputs,
    /// An address that cannot be read.
    MalformedURI,
    /// Certificate and provenance contradict each other.
    MismatchCertificate,
    /// The certificate does not count.
    InvalidCertificate,
    /// Another tag.
    MismatchTag,
    /// No recipe that the builder knows.
    InvalidRecipe,
    /// Another version in the tag.
    MismatchVersionedTag,
    /// No semantic version.
    InvalidSemver,
    /// The log would have to be searched.
    RekorSearch,
    /// Another artefact.
    MismatchHash,
    /// A claim that nothing proves.
    NonVerifiableClaim,
    /// The text for people differs from what was signed.
    MismatchIntoto,
    /// A git reference that is not of the right form.
    InvalidRef,
    /// A workflow that nobody trusts.
    UntrustedReusableWorkflow,
    /// No verifier for the builder.
    VerifierNotSupported,
    /// The token of the signer is of another issuer.
    InvalidOIDCIssuer,
    /// Something that is not supported.
    NotSupported,
    /// A form that is not right.
    InvalidFormat,
    /// The signature does not match.
    InvalidSignature,
    /// No signature matches.
    NoValidSignature,
    /// An encoding that is not right.
    InvalidEncoding,
    /// The log's entry does not hold.
    InvalidRekorEntry,
    /// No name of a package.
    InvalidPackageName,
    /// No subject that is right.
    InvalidSubject,
    /// No digest that is right.
    InvalidHash,
    /// Something is missing.
    NotPresent,
    /// No key that is right.
    InvalidPublicKey,
    /// The summary says that it did not pass.
    InvalidVerificationResult,
    /// Other levels.
    MismatchVerifiedLevels,
    /// A digest is not among the subjects.
    MissingSubjectDigest,
    /// A field that must not be empty is.
    EmptyRequiredField,
    /// Another resource.
    MismatchResourceURI,
    /// Another verifier.
    MismatchVerifierID,
    /// No level of SLSA.
    InvalidSLSALevel,
}

/// A refusal: its kind, and what was expected and found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The kind.
    pub kind: RefusalKind,
    /// What was expected and found.
    pub why: String,
}

impl Refusal {
    pub(super) fn new(kind: RefusalKind, why: impl Into<String>) -> Self {
        Self { kind, why: why.into() }
    }

    pub(super) fn mismatch(kind: RefusalKind, expected: &str, found: &str) -> Self {
        Self::new(kind, format!("expected `{expected}`, found `{found}`"))
    }
}

impl RefusalKind {
    /// What this kind means, in words.
    pub fn meaning(self) -> &'static str {
        match self {
            Self::InvalidDssePayload => "the signed content is not what it should be",
            Self::MismatchBranch => "built from another branch",
            Self::MismatchPackageVersion => "another version of the package",
            Self::MismatchPackageName => "another package",
            Self::MismatchBuilderID => "built by another builder",
            Self::InvalidBuilderID => "no builder that is known",
            Self::InvalidBuildType => "no kind of build that this builder does",
            Self::MismatchSource => "built from another source",
            Self::MismatchWorkflowInputs => "built with other inputs",
            Self::MalformedURI => "an address that cannot be read",
            Self::MismatchCertificate => "certificate and provenance contradict each other",
            Self::InvalidCertificate => "the certificate does not count",
            Self::MismatchTag => "built from another tag",
            Self::InvalidRecipe => "no recipe that this builder knows",
            Self::MismatchVersionedTag => "built from a tag of another version",
            Self::InvalidSemver => "no semantic version",
            Self::RekorSearch => "the provenance names no signer, and the log is not searched",
            Self::MismatchHash => "the provenance is of another artefact",
            Self::NonVerifiableClaim => "a claim that nothing proves",
            Self::MismatchIntoto => "the text for people differs from what was signed",
            Self::InvalidRef => "a git reference that is not of the right form",
            Self::UntrustedReusableWorkflow => "built by a workflow that is not trusted",
            Self::VerifierNotSupported => "provenance of this builder is not read here",
            Self::InvalidOIDCIssuer => "the signer's token is of another issuer",
            Self::NotSupported => "not supported",
            Self::InvalidFormat => "not of the right form",
            Self::InvalidSignature => "the signature does not match",
            Self::NoValidSignature => "no signature matches",
            Self::InvalidEncoding => "not of the right encoding",
            Self::InvalidRekorEntry => "the log's entry does not hold",
            Self::InvalidPackageName => "no name of a package",
            Self::InvalidSubject => "no subject that is right",
            Self::InvalidHash => "no digest that is right",
            Self::NotPresent => "something is missing",
            Self::InvalidPublicKey => "no key that is right",
            Self::InvalidVerificationResult => "the summary says that it did not pass",
            Self::MismatchVerifiedLevels => "verified to other levels",
            Self::MissingSubjectDigest => "a digest is not among the subjects",
            Self::EmptyRequiredField => "a field that must not be empty is",
            Self::MismatchResourceURI => "a summary of another resource",
            Self::MismatchVerifierID => "a summary of another verifier",
            Self::InvalidSLSALevel => "no level of SLSA",
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.kind.meaning(), self.why)
    }
}

impl std::error::Error for Refusal {}
