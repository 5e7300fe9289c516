//! Secrets of high entropy: keys, tokens of sessions. They are stored as hashes; whoever reads the
//! store cannot use them.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::rand::{SecureRandom, SystemRandom};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use crate::error::{Error, Result};

/// What every key begins with, so that scanners of secrets know it.
pub const MARK: &str = "plimsoll_";

/// So many random bytes.
pub fn bytes<const N: usize>() -> Result<[u8; N]> {
    let mut bytes = [0; N];
    let filled = SystemRandom::new().fill(&mut bytes);
    filled.map_err(|_| Error::Refused("the system gives no random numbers".into()))?;
    Ok(bytes)
}

/// A token of 256 bits.
pub fn token() -> Result<String> {
    Ok(URL_SAFE_NO_PAD.encode(bytes::<32>()?))
}

/// What is stored of a secret.
pub fn hash(secret: &str) -> String {
    URL_SAFE_NO_PAD.encode(Sha256::digest(secret))
}

/// Whether two texts are the same, in a time that does not tell where they differ.
pub fn is_same(one: &str, other: &str) -> bool {
    one.as_bytes().ct_eq(other.as_bytes()).into()
}

/// A key as it is shown once.
#[derive(Clone, PartialEq, Eq)]
pub struct NewKey {
    /// What it is looked up by.
    pub prefix: String,
    /// What is stored.
    pub hash: String,
    /// The whole of it.
    pub shown: String,
}

impl NewKey {
    /// Another one.
    pub fn new() -> Result<Self> {
        let prefix = plimsoll_supply::hash::hex(&bytes::<6>()?);
        let secret = token()?;
        let hash = hash(&secret);
        Ok(Self { shown: format!("{MARK}{prefix}_{secret}"), prefix, hash })
    }
}

impl std::fmt::Debug for NewKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NewKey").field("prefix", &self.prefix).finish_non_exhaustive()
    }
}

/// Prefix and secret of a key; `None` where it cannot be one.
pub fn parts(key: &str) -> Option<(&str, &str)> {
    let (prefix, secret) = key.strip_prefix(MARK)?.split_once('_')?;
    let is_hex = prefix.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte));
    (prefix.len() == 12 && is_hex && secret.len() == 43).then_some((prefix, secret))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_key_falls_into_its_parts_and_its_secret_is_not_stored() {
        let key = NewKey::new().unwrap();
        let (prefix, secret) = parts(&key.shown).unwrap();
        assert_eq!((prefix, hash(secret)), (key.prefix.as_str(), key.hash.clone()));
        assert!(!format!("{key:?}").contains(secret) && !key.hash.contains(secret));
        assert_ne!(NewKey::new().unwrap().shown, key.shown);
        assert!(is_same("a", "a") && !is_same("a", "b") && !is_same("a", "aa"));
    }

    proptest! {
        #[test]
        fn no_text_panics(text in ".{0,80}", tail in ".{0,80}") {
            parts(&text);
            parts(&format!("{MARK}{tail}"));
        }
    }
}
