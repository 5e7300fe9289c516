//! Private keys: made, read, kept encrypted, and signing.
//!
//! ECDSA and Ed25519 sign digests, so that an artefact need not be in memory; RSA signs with
//! `ring`, which wants the message. Secrets are wiped when they are dropped, except inside `ring`.
//!
//! Sources: RFC 5208 and 5958 (PKCS#8), RFC 5915 (SEC 1 keys), RFC 8017 (PKCS#1), RFC 8410
//! (Ed25519).

use std::fmt;

use ring::rand::SystemRandom;
use ring::signature as ring_sig;
use rsa::rand_core::UnwrapErr;
use zeroize::Zeroizing;

use super::public::{Curve, Finished, PublicKey, RsaPadding, Scheme, curve_of, oid, padded};
use super::{encrypted, pem, random};
use crate::der::{self, Reader};
use crate::error::Error;
use crate::hash::HashAlgorithm;

/// The label of keys that are written.
const SIGSTORE: &str = "ENCRYPTED SIGSTORE PRIVATE KEY";

/// The label that cosign wrote before its version 2.
const COSIGN: &str = "ENCRYPTED COSIGN PRIVATE KEY";

/// A key that can be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NewKey {
    /// ECDSA on a curve.
    Ecdsa(Curve),
    /// Ed25519.
    Ed25519,
    /// RSA with a modulus of so many bits: 2048, 3072 or 4096.
    Rsa(usize),
}

impl NewKey {
    /// Every key that can be made, the default first, by the name that people type.
    pub const ALL: &'static [(&'static str, Self)] = &[
        ("ecdsa-p256", Self::Ecdsa(Curve::P256)),
        ("ecdsa-p384", Self::Ecdsa(Curve::P384)),
        ("ecdsa-p521", Self::Ecdsa(Curve::P521)),
        ("ed25519", Self::Ed25519),
        ("rsa-2048", Self::Rsa(2048)),
        ("rsa-3072", Self::Rsa(3072)),
        ("rsa-4096", Self::Rsa(4096)),
    ];

    /// The key that is called `name`.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().find(|(known, _)| *known == name).map(|(_, key)| *key)
    }
}

/// A private key. It is never printed.
pub struct PrivateKey {
    public: PublicKey,
    secret: Secret,
    pkcs8: Zeroizing<Vec<u8>>,
}

enum Secret {
    P256(p256::ecdsa::SigningKey),
    P384(p384::ecdsa::SigningKey),
    P521(p521::ecdsa::SigningKey),
    Ed25519(ed25519_dalek::SigningKey),
    Rsa(Box<ring_sig::RsaKeyPair>),
}

impl fmt::Debug for PrivateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PrivateKey")
            .field("public", &self.public.describe())
            .finish_non_exhaustive()
    }
}

impl PrivateKey {
    /// Makes a key from the operating system's random numbers.
    pub fn generate(new: NewKey) -> Result<Self, Error> {
        match new {
            NewKey::Ecdsa(curve) => loop {
                let scalar = Zeroizing::new(random::bytes::<66>()?);
                let length = field_bytes(curve);
                let mut scalar = Zeroizing::new(scalar.get(..length).unwrap_or_default().to_vec());
                if let (Curve::P521, Some(first)) = (curve, scalar.first_mut()) {
                    *first &= 1;
                }
                // Zero and what is beyond the group's order are no keys: one in four billion.
                if let Ok(key) = Self::ecdsa(curve, &scalar) {
                    return Ok(key);
                }
            },
            NewKey::Ed25519 => Self::ed25519(&Zeroizing::new(random::bytes()?)),
            NewKey::Rsa(bits) => {
                // Fails here where there is no randomness, and does not panic below.
                random::bytes::<32>()?;
                let key = rsa::PrivateKey::new(&mut UnwrapErr(random::Source), bits)
                    .map_err(|error| Error::unsupported("RSA key", error.to_string()))?;
                let pkcs8 = rsa::pkcs8::EncodePrivateKey::to_pkcs8_der(&key)
                    .map_err(|error| broken(&error.to_string()))?;
                Self::from_pkcs8_der(pkcs8.as_bytes())
            }
        }
    }

    /// Reads a key in PEM: encrypted as cosign does, PKCS#8, PKCS#1 or SEC 1. The password is
    /// asked for only where the key is encrypted.
    pub fn from_pem(
        text: &str,
        password: impl FnOnce() -> Option<Zeroizing<Vec<u8>>>,
    ) -> Result<Self, Error> {
        // OpenSSL puts the curve into a block of its own in front of the key.
        let mut found = pem::blocks(text)?;
        found.retain(|block| block.label != "EC PARAMETERS");
        let (Some(block), true) = (found.pop(), found.is_empty()) else {
            return Err(broken("not exactly one PEM block with a key"));
        };
        let bytes = Zeroizing::new(block.bytes);
        match block.label.as_str() {
            SIGSTORE | COSIGN => {
                let password = password().ok_or(Error::PasswordNeeded)?;
                Self::from_pkcs8_der(&encrypted::open(&bytes, &password)?)
            }
            "PRIVATE KEY" => Self::from_pkcs8_der(&bytes),
            "RSA PRIVATE KEY" => Self::rsa(&bytes),
            "EC PRIVATE KEY" => Self::from_sec1_der(&bytes),
            "ENCRYPTED PRIVATE KEY" => Err(Error::unsupported(
                "private key",
                "PKCS#8 with a password; `openssl pkey -in KEY` writes it without one",
            )),
            other => Err(Error::unsupported("private key", format!("PEM block `{other}`"))),
        }
    }

    /// Reads PKCS#8, of either version.
    pub fn from_pkcs8_der(bytes: &[u8]) -> Result<Self, Error> {
        let mut info = Reader::only(bytes, der::SEQUENCE)?.reader();
        info.small()?;
        let mut algorithm = info.expect(der::SEQUENCE)?.reader();
        let key = info.expect(der::OCTET_STRING)?.content;
        match algorithm.expect(der::OID)?.whole {
            oid::EC_PUBLIC_KEY => {
                let curve = curve_of(algorithm.next()?.whole)?;
                let mut key = Reader::only(key, der::SEQUENCE)?.reader();
                key.small()?;
                Self::ecdsa(curve, key.expect(der::OCTET_STRING)?.content)
            }
            oid::ED25519 => {
                let seed = Reader::only(key, der::OCTET_STRING)?.content;
                let seed = seed.try_into().map_err(|_| broken("Ed25519 of other than 32 bytes"))?;
                Self::ed25519(&Zeroizing::new(seed))
            }
            oid::RSA_ENCRYPTION => Self::rsa(key),
            other => {
                let oid = other.get(2..).and_then(der::dotted).unwrap_or_default();
                Err(Error::unsupported("private key", format!("algorithm {oid}")))
            }
        }
    }

    fn from_sec1_der(bytes: &[u8]) -> Result<Self, Error> {
        let mut key = Reader::only(bytes, der::SEQUENCE)?.reader();
        key.small()?;
        let scalar = key.expect(der::OCTET_STRING)?.content;
        let parameters = key.optional(der::context(0))?;
        let parameters = parameters.ok_or_else(|| broken("a key that does not name its curve"))?;
        Self::ecdsa(curve_of(parameters.content)?, scalar)
    }

    fn ecdsa(on: Curve, scalar: &[u8]) -> Result<Self, Error> {
        let length = field_bytes(on);
        if scalar.len() > length {
            return Err(broken("an ECDSA key that is longer than its curve"));
        }
        let mut padded = Zeroizing::new(vec![0; length - scalar.len()]);
        padded.extend_from_slice(scalar);
        let range = |_| broken("an ECDSA key outside of its group");
        let (secret, point) = match on {
            Curve::P256 => {
                let key = p256::ecdsa::SigningKey::from_slice(&padded).map_err(range)?;
                let point = key.verifying_key().to_sec1_point(false).as_bytes().to_vec();
                (Secret::P256(key), point)
            }
            Curve::P384 => {
                let key = p384::ecdsa::SigningKey::from_slice(&padded).map_err(range)?;
                let point = key.verifying_key().to_sec1_point(false).as_bytes().to_vec();
                (Secret::P384(key), point)
            }
            Curve::P521 => {
                let key = p521::ecdsa::SigningKey::from_slice(&padded).map_err(range)?;
                let point = key.verifying_key().to_sec1_point(false).as_bytes().to_vec();
                (Secret::P521(key), point)
            }
        };
        let curve_oid = match on {
            Curve::P256 => oid::SECP256R1,
            Curve::P384 => oid::SECP384R1,
            Curve::P521 => oid::SECP521R1,
        };
        let bits = der::encode(der::BIT_STRING, &[&[0], &point]);
        let key = Zeroizing::new(der::encode(
            der::SEQUENCE,
            &[
                &[der::INTEGER, 1, 1],
                &Zeroizing::new(der::encode(der::OCTET_STRING, &[&padded])),
                &der::encode(der::context(1), &[&bits]),
            ],
        ));
        let algorithm = [oid::EC_PUBLIC_KEY, curve_oid].concat();
        Self::assemble(secret, &algorithm, &bits, &key)
    }

    fn ed25519(seed: &[u8; 32]) -> Result<Self, Error> {
        let key = ed25519_dalek::SigningKey::from_bytes(seed);
        let bits = der::encode(der::BIT_STRING, &[&[0], key.verifying_key().as_bytes()]);
        let inner = Zeroizing::new(der::encode(der::OCTET_STRING, &[seed]));
        Self::assemble(Secret::Ed25519(key), oid::ED25519, &bits, &inner)
    }

    fn rsa(pkcs1: &[u8]) -> Result<Self, Error> {
        let pair = ring_sig::RsaKeyPair::from_der(pkcs1)
            .map_err(|why| Error::unsupported("RSA key", format!("{why}: 2048 to 4096 bits")))?;
        let bits = der::encode(der::BIT_STRING, &[&[0], pair.public().as_ref()]);
        let algorithm = [oid::RSA_ENCRYPTION, &[0x05, 0x00]].concat();
        Self::assemble(Secret::Rsa(Box::new(pair)), &algorithm, &bits, pkcs1)
    }

    fn assemble(
        secret: Secret,
        algorithm: &[u8],
        public: &[u8],
        private: &[u8],
    ) -> Result<Self, Error> {
        let algorithm = der::encode(der::SEQUENCE, &[algorithm]);
        let spki = der::encode(der::SEQUENCE, &[&algorithm, public]);
        let private = Zeroizing::new(der::encode(der::OCTET_STRING, &[private]));
        let pkcs8 = der::encode(der::SEQUENCE, &[&[der::INTEGER, 1, 0], &algorithm, &private]);
        let public = PublicKey::from_spki_der(&spki)?;
        Ok(Self { public, secret, pkcs8: Zeroizing::new(pkcs8) })
    }

    /// The public half.
    pub fn public(&self) -> &PublicKey {
        &self.public
    }

    /// The key in PEM, encrypted under `password` as cosign does.
    pub fn to_encrypted_pem(&self, password: &[u8]) -> Result<String, Error> {
        Ok(pem::encode(SIGSTORE, &encrypted::seal(&self.pkcs8, password)?))
    }

    /// Signs `message`.
    pub fn sign(&self, scheme: Scheme, message: &[u8]) -> Result<Vec<u8>, Error> {
        use ed25519_dalek::Signer as _;
        match (&self.secret, scheme) {
            (Secret::Ed25519(key), Scheme::Ed25519) => Ok(key.sign(message).to_bytes().to_vec()),
            (Secret::Rsa(pair), Scheme::Rsa(padding, hash)) => {
                let mut signature = vec![0; pair.public().modulus_len()];
                pair.sign(
                    rsa_encoding(padding, hash),
                    &SystemRandom::new(),
                    message,
                    &mut signature,
                )
                .map_err(|_| Error::NoRandomness)?;
                Ok(signature)
            }
            (_, scheme) => match scheme.hash() {
                Some(hash) => self.sign_digest(scheme, &hash.digest(message)),
                None => Err(self.misfit(scheme)),
            },
        }
    }

    /// Signs a message of which the digest is known, by the hash function of `scheme`; RSA and
    /// plain Ed25519 need the message.
    pub fn sign_digest(&self, scheme: Scheme, digest: &[u8]) -> Result<Vec<u8>, Error> {
        use p256::ecdsa::signature::hazmat::PrehashSigner as _;
        if scheme.hash().is_none_or(|hash| hash.len_bytes() != digest.len()) {
            return Err(self.misfit(scheme));
        }
        let failed = |_| Error::BadSignature;
        match (&self.secret, scheme) {
            (Secret::P256(key), Scheme::Ecdsa(_)) => {
                let signature: p256::ecdsa::Signature = key.sign_prehash(digest).map_err(failed)?;
                Ok(signature.to_der().as_bytes().to_vec())
            }
            (Secret::P384(key), Scheme::Ecdsa(_)) => {
                let signature: p384::ecdsa::Signature = key.sign_prehash(digest).map_err(failed)?;
                Ok(signature.to_der().as_bytes().to_vec())
            }
            (Secret::P521(key), Scheme::Ecdsa(_)) => {
                let digest = padded(digest, field_bytes(Curve::P521));
                let signature: p521::ecdsa::Signature =
                    key.sign_prehash(&digest).map_err(failed)?;
                Ok(signature.to_der().as_bytes().to_vec())
            }
            (Secret::Ed25519(key), Scheme::Ed25519ph) => {
                let digest = digest.try_into().map_err(|_| self.misfit(scheme))?;
                let digest = Finished(digest);
                let signature = key.sign_prehashed(digest, None).map_err(failed)?;
                Ok(signature.to_bytes().to_vec())
            }
            (_, scheme) => Err(self.misfit(scheme)),
        }
    }

    fn misfit(&self, scheme: Scheme) -> Error {
        Error::unsupported(
            "signature",
            format!("{scheme:?} by an {} key", self.public.kind().name()),
        )
    }
}

fn rsa_encoding(padding: RsaPadding, hash: HashAlgorithm) -> &'static dyn ring_sig::RsaEncoding {
    use HashAlgorithm::{Sha256, Sha384, Sha512};
    match (padding, hash) {
        (RsaPadding::Pkcs1v15, Sha256) => &ring_sig::RSA_PKCS1_SHA256,
        (RsaPadding::Pkcs1v15, Sha384) => &ring_sig::RSA_PKCS1_SHA384,
        (RsaPadding::Pkcs1v15, Sha512) => &ring_sig::RSA_PKCS1_SHA512,
        (RsaPadding::Pss, Sha256) => &ring_sig::RSA_PSS_SHA256,
        (RsaPadding::Pss, Sha384) => &ring_sig::RSA_PSS_SHA384,
        (RsaPadding::Pss, Sha512) => &ring_sig::RSA_PSS_SHA512,
    }
}

fn field_bytes(curve: Curve) -> usize {
    match curve {
        Curve::P256 => 32,
        Curve::P384 => 48,
        Curve::P521 => 66,
    }
}

fn broken(why: &str) -> Error {
    Error::malformed("private key", why)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_of_every_kind_signs_and_comes_back_from_its_file() {
        for (name, new) in NewKey::ALL {
            // Larger ones take many seconds without optimisation.
            if matches!(new, NewKey::Rsa(bits) if *bits > 2048) {
                continue;
            }
            let key = PrivateKey::generate(*new).expect(name);
            let text = key.to_encrypted_pem(b"pass").expect(name);
            let password = || Some(Zeroizing::new(b"pass".to_vec()));
            let again = PrivateKey::from_pem(&text, password).expect(name);
            assert_eq!(again.public(), key.public(), "{name}");
            let old = text.replace("SIGSTORE", "COSIGN");
            assert!(PrivateKey::from_pem(&old, password).is_ok(), "{name}");
            for scheme in key.public().artefact_schemes() {
                let signature = again.sign(*scheme, b"message").expect(name);
                key.public().verify_with(*scheme, b"message", &signature).expect(name);
                assert!(key.public().verify_with(*scheme, b"massage", &signature).is_err());
            }
        }
    }

    #[test]
    fn a_secret_stays_in_its_key() {
        let key = PrivateKey::generate(NewKey::Ed25519).expect("key");
        let shown = format!("{key:?}");
        assert!(shown.contains("Ed25519 key sha256:"), "{shown}");
        assert!(!shown.contains("pkcs8"), "{shown}");
    }

    #[test]
    fn a_file_without_a_password_is_told_from_a_wrong_one() {
        let key = PrivateKey::generate(NewKey::Ed25519).expect("key");
        let text = key.to_encrypted_pem(b"").expect("PEM");
        let none = PrivateKey::from_pem(&text, || None);
        assert_eq!(none.expect_err("no password"), Error::PasswordNeeded);
        let wrong = PrivateKey::from_pem(&text, || Some(Zeroizing::new(b"x".to_vec())));
        assert_eq!(wrong.expect_err("wrong password"), Error::WrongPassword);
    }
}
