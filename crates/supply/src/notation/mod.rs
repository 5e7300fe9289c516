//! Signatures of the Notary Project, as `notation` makes and verifies them.
//!
//! An envelope (JWS or COSE) holds a descriptor of an image, signed attributes and the signer's whole
//! chain of certificates. A trust policy says which of its statements is for a repository, whom that
//! one trusts, and which checks it enforces. Nothing is fetched here: trust stores are handed over,
//! and lists of revoked certificates are asked for through [`RevocationLists`].
//!
//! Source: <https://github.com/notaryproject/specifications>.

mod cbor;
mod cose;
mod envelope;
mod jws;
mod name;
mod policy;
mod requirements;
mod revocation;
mod store;
mod verify;

pub use envelope::{
    Algorithm, COSE_MEDIA_TYPE, Envelope, JWS_MEDIA_TYPE, PAYLOAD_MEDIA_TYPE, SignedAttributes,
    SigningScheme, TargetArtifact,
};
pub use policy::{Action, Check, Level, Statement, TrustPolicy, VerifyTimestamp};
pub use revocation::{NoLists, RevocationLists};
pub use store::{StoreKind, TrustStores};
pub use verify::{Request, skipped, step, verify};

/// The type of an artifact that holds an envelope.
pub const ARTIFACT_TYPE: &str = "application/vnd.cncf.notary.signature";
