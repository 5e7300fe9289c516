//! `containers-policy.json`, as podman, CRI-O, skopeo and buildah obey it: which images are allowed,
//! by transport, scope and requirement.
//!
//! Nothing is read but what is handed over; keys come by [`Files`].
//! Source: <https://github.com/containers/image>.

mod certified;
mod evaluate;
mod hostname;
mod identity;
mod payload;
mod policy;
mod promise;
mod sigstore;

pub use evaluate::{Files, SigstoreSignature, Subject, evaluate};
pub use identity::SignedIdentity;
pub use policy::{Policy, Requirement, Scope, SignedBy};
pub use sigstore::SigstoreSigned;
