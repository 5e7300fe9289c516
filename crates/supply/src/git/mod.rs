//! Tags and commits of Git, and who signed them.
//!
//! A repository's files are read as they lie there, and nothing of Git is run. Every object that is
//! used is hashed, and must have the id that it was asked for by. Source: gitformat-pack(5),
//! gitrepository-layout(5), gitformat-signature(5).

mod armour;
mod certified;
mod entry;
mod object;
mod repository;
mod verify;
mod x509;

pub use certified::Certified;
pub use object::{Commit, Kind, Tag};
pub use repository::{Object, Repository};
pub use verify::{Report, Signer, Signers, verify_commit, verify_tag};
pub use x509::certificate_of;
