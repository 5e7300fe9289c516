//! Signatures by SSH keys (SSHSIG), and the file that says whose they may be.
//!
//! Ed25519, ECDSA on NIST's curves, RSA with SHA-2, the FIDO forms of the first two, and
//! certificates. Source: OpenSSH's `PROTOCOL.sshsig`, `PROTOCOL.certkeys`, `PROTOCOL.u2f`;
//! ssh-keygen(1), section "ALLOWED SIGNERS"; RFC 4251, RFC 5656, RFC 8332, RFC 8709.

mod allowed;
mod certificate;
mod key;
mod pattern;
mod signature;
mod wire;

pub use allowed::{AllowedSigners, Grant};
pub use certificate::Certificate;
pub use key::Key;
pub(crate) use signature::BEGIN;
pub use signature::Signature;
