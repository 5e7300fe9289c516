//! Services that vouch for a signature: who signed (`OpenID` Connect and a certificate authority),
//! that it was published (a transparency log), and when (a timestamp authority); and servers that keep
//! a key and sign with it, registries of packages, and servers of git repositories.
//!
//! Only this crate asks them, so that whatever verifies cannot open a connection. Redirects are
//! not followed, answers are bounded, and TLS is demanded of every host but this machine,
//! save for documents that are signed themselves (`signed_documents.rs`).
#![forbid(unsafe_code)]

pub mod fulcio;
mod git;
pub mod oidc;
mod packages;
pub mod rekor;
mod signed_documents;
pub mod timestamp;
pub mod transit;
pub mod tuf;
mod web;

pub use git::{GitRef, GitServer};
pub use packages::PackageRegistry;
pub use web::{Web, WitnessError};
