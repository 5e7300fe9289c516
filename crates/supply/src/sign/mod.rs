//! Signing: content and a signer enter, a bundle or a detached signature leaves.
//!
//! Nothing here speaks to a network: what logs, timestamp authorities and certificate authorities
//! say is added to a [`bundle::NewBundle`] by whoever asked them.

pub mod bundle;
pub mod predicate;
pub mod simple;
pub mod statement;

use std::io::{self, Read};

use crate::dsse;
use crate::error::Error;
use crate::hash::HashAlgorithm;
use crate::key::{KeyKind, PrivateKey, PublicKey, Scheme};

use self::bundle::Content;

/// The largest content that is held in memory, for keys that sign no digest: 1 GiB.
const MAX_MESSAGE: u64 = 1 << 30;

/// Whatever can sign: a key in memory, a token, a server.
pub trait Signer {
    /// The public half.
    fn public(&self) -> &PublicKey;

    /// Signs `message`.
    fn sign(&self, scheme: Scheme, message: &[u8]) -> Result<Vec<u8>, Error>;

    /// Signs what has this digest by the hash function of `scheme`.
    fn sign_digest(&self, scheme: Scheme, digest: &[u8]) -> Result<Vec<u8>, Error>;

    /// Whether it can sign a digest without having the message.
    fn signs_digests(&self, scheme: Scheme) -> bool {
        matches!(scheme, Scheme::Ecdsa(_) | Scheme::Ed25519ph)
    }
}

impl Signer for PrivateKey {
    fn public(&self) -> &PublicKey {
        Self::public(self)
    }

    fn sign(&self, scheme: Scheme, message: &[u8]) -> Result<Vec<u8>, Error> {
        Self::sign(self, scheme, message)
    }

    fn sign_digest(&self, scheme: Scheme, digest: &[u8]) -> Result<Vec<u8>, Error> {
        Self::sign_digest(self, scheme, digest)
    }
}

/// The scheme to sign with. A log that keeps digests alone can check Ed25519 only in its prehashed
/// form, so that form is taken where the signature goes into one.
pub fn scheme(key: &PublicKey, into_digest_log: bool) -> Scheme {
    match key.kind() {
        KeyKind::Ed25519 if into_digest_log => Scheme::Ed25519ph,
        _ => key.default_scheme(),
    }
}

/// Why content was not signed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SignError {
    /// The content could not be read.
    #[error("the content cannot be read: {0}")]
    Read(#[from] io::Error),
    /// The key refused.
    #[error(transparent)]
    Key(#[from] Error),
    /// Content that must be in memory and is too large for that.
    #[error(
        "the content has more than {} MiB, and this kind of key signs only what is in memory; an \
         ECDSA key has no such limit", MAX_MESSAGE >> 20
    )]
    TooLarge,
}

/// Signs the content of a file, which is streamed where the key can sign a digest.
pub fn content(
    signer: &dyn Signer,
    scheme: Scheme,
    content: &mut dyn Read,
) -> Result<Content, SignError> {
    // A bundle names the digest of its content even where the signature is not over it.
    let hash = scheme.hash().unwrap_or(HashAlgorithm::Sha256);
    if signer.signs_digests(scheme) {
        let digest = digest(hash, content)?;
        let signature = signer.sign_digest(scheme, &digest)?;
        return Ok(Content::Message { hash, digest, signature });
    }
    let mut message = Vec::new();
    content.take(MAX_MESSAGE + 1).read_to_end(&mut message)?;
    if message.len() as u64 > MAX_MESSAGE {
        return Err(SignError::TooLarge);
    }
    let signature = signer.sign(scheme, &message)?;
    Ok(Content::Message { hash, digest: hash.digest(&message), signature })
}

/// Signs a payload and its type in a DSSE envelope.
pub fn envelope(
    signer: &dyn Signer,
    scheme: Scheme,
    payload_type: &str,
    payload: Vec<u8>,
) -> Result<Content, Error> {
    let message = dsse::pre_authentication_encoding(payload_type, &payload);
    let signature = signer.sign(scheme, &message)?;
    Ok(Content::Envelope { payload_type: payload_type.to_owned(), payload, signature })
}

fn digest(hash: HashAlgorithm, content: &mut dyn Read) -> io::Result<Vec<u8>> {
    fn of<D: sha2::Digest>(content: &mut dyn Read) -> io::Result<Vec<u8>> {
        let mut state = D::new();
        let mut buffer = vec![0; 64 << 10];
        loop {
            match content.read(&mut buffer) {
                Ok(0) => return Ok(state.finalize().to_vec()),
                Ok(read) => state.update(buffer.get(..read).unwrap_or_default()),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }
    match hash {
        HashAlgorithm::Sha256 => of::<sha2::Sha256>(content),
        HashAlgorithm::Sha384 => of::<sha2::Sha384>(content),
        HashAlgorithm::Sha512 => of::<sha2::Sha512>(content),
    }
}
