//! Keys: what they are, how they are written down, what they verify.

mod encrypted;
pub mod pem;
mod private;
mod public;
mod random;
mod token;

pub use private::{NewKey, PrivateKey};
pub(crate) use public::oid;
pub use public::{Curve, KeyKind, PublicKey, RsaPadding, Scheme};
pub use token::{TokenKey, TokenUri};
