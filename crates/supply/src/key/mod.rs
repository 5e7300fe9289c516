//! Keys: what they are, how they are written down, what they verify.

pub mod pem;
mod public;

pub use public::{Curve, KeyKind, PublicKey, RsaPadding, Scheme};
