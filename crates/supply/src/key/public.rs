//! Public keys and what they verify.
//!
//! A key fixes which signatures it can check: an ECDSA key never checks an RSA signature, however
//! the document around it names the algorithm. ring checks whole messages; where only a digest is
//! known, or ring lacks the curve, the `RustCrypto` curves do.
//! Source: RFC 5280 (SPKI), RFC 5480, RFC 8410, RFC 8017.

use ring::signature as ring_sig;

use self::oid::{EC_PUBLIC_KEY, ED25519, RSA_ENCRYPTION, SECP256R1, SECP384R1, SECP521R1};
use crate::der::{self, Reader};
use crate::error::Error;
use crate::hash::{HashAlgorithm, hex, sha256};
use crate::key::pem;

/// A curve of FIPS 186.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Curve {
    /// secp256r1
    P256,
    /// secp384r1
    P384,
    /// secp521r1
    P521,
}

/// What a key is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum KeyKind {
    /// A point on a curve, for ECDSA.
    Ecdsa(Curve),
    /// Ed25519.
    Ed25519,
    /// RSA, of 2048 to 8192 bits.
    Rsa,
}

impl KeyKind {
    /// The name that people use.
    pub fn name(self) -> &'static str {
        match self {
            Self::Ecdsa(Curve::P256) => "ECDSA P-256",
            Self::Ecdsa(Curve::P384) => "ECDSA P-384",
            Self::Ecdsa(Curve::P521) => "ECDSA P-521",
            Self::Ed25519 => "Ed25519",
            Self::Rsa => "RSA",
        }
    }
}

/// How an RSA signature is padded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RsaPadding {
    /// RSASSA-PKCS1-v1_5
    Pkcs1v15,
    /// RSASSA-PSS with a salt as long as the digest.
    Pss,
}

/// A way to sign.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Scheme {
    /// ECDSA over a digest; the signature is DER.
    Ecdsa(HashAlgorithm),
    /// Ed25519 over the message.
    Ed25519,
    /// Ed25519ph: over the SHA-512 digest of the message, with an empty context.
    Ed25519ph,
    /// RSA over a digest.
    Rsa(RsaPadding, HashAlgorithm),
}

impl Scheme {
    /// The hash function that is applied to the message first, if one is.
    pub fn hash(self) -> Option<HashAlgorithm> {
        match self {
            Self::Ecdsa(hash) | Self::Rsa(_, hash) => Some(hash),
            Self::Ed25519ph => Some(HashAlgorithm::Sha512),
            Self::Ed25519 => None,
        }
    }
}

impl std::fmt::Display for Scheme {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Ecdsa(hash) => write!(f, "ECDSA over {}", hash.name()),
            Self::Ed25519 => f.write_str("Ed25519"),
            Self::Ed25519ph => f.write_str("Ed25519ph"),
            Self::Rsa(RsaPadding::Pkcs1v15, hash) => write!(f, "RSA over {}", hash.name()),
            Self::Rsa(RsaPadding::Pss, hash) => write!(f, "RSA-PSS over {}", hash.name()),
        }
    }
}

/// A public key.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct PublicKey {
    kind: KeyKind,
    /// A SEC 1 point, the 32 bytes of Ed25519, or a PKCS#1 `RSAPublicKey`.
    material: Vec<u8>,
    spki: Vec<u8>,
}

impl PublicKey {
    /// Reads a `PUBLIC KEY` or `RSA PUBLIC KEY` block, or DER.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, Error> {
        if pem::is_pem(bytes) {
            let text = std::str::from_utf8(bytes)
                .map_err(|_| Error::malformed("public key", "PEM that is not UTF-8"))?;
            Self::from_pem(text)
        } else {
            Self::from_der(bytes)?.checked()
        }
    }

    /// Reads the one `PUBLIC KEY` or `RSA PUBLIC KEY` block of `text`.
    pub fn from_pem(text: &str) -> Result<Self, Error> {
        let block = pem::only_block(text)?;
        match block.label.as_str() {
            "PUBLIC KEY" => Self::from_spki_der(&block.bytes)?.checked(),
            "RSA PUBLIC KEY" => Self::from_pkcs1_der(&block.bytes),
            other => Err(Error::unsupported("public key", format!("PEM block `{other}`"))),
        }
    }

    /// Reads a `SubjectPublicKeyInfo` or, failing that, a PKCS#1 `RSAPublicKey`.
    pub fn from_der(bytes: &[u8]) -> Result<Self, Error> {
        let first = Reader::only(bytes, der::SEQUENCE)?.reader().next()?.tag;
        if first == der::INTEGER { Self::from_pkcs1_der(bytes) } else { Self::from_spki_der(bytes) }
    }

    /// Reads a PKCS#1 `RSAPublicKey`.
    pub fn from_pkcs1_der(bytes: &[u8]) -> Result<Self, Error> {
        rsa_modulus_bits(bytes)?;
        let algorithm = der::encode(der::SEQUENCE, &[RSA_ENCRYPTION, &[0x05, 0x00]]);
        let key = der::encode(der::BIT_STRING, &[&[0], bytes]);
        let spki = der::encode(der::SEQUENCE, &[&algorithm, &key]);
        Ok(Self { kind: KeyKind::Rsa, material: bytes.to_vec(), spki })
    }

    /// Reads a `SubjectPublicKeyInfo`.
    pub fn from_spki_der(bytes: &[u8]) -> Result<Self, Error> {
        let mut info = Reader::only(bytes, der::SEQUENCE)?.reader();
        let mut algorithm = info.expect(der::SEQUENCE)?.reader();
        let material = info.bits()?;
        info.end()?;
        let oid = algorithm.expect(der::OID)?.whole;
        let parameters = if algorithm.is_empty() { None } else { Some(algorithm.next()?.whole) };
        algorithm.end()?;
        let kind = match (oid, parameters) {
            (EC_PUBLIC_KEY, Some(curve)) => KeyKind::Ecdsa(curve_of(curve)?),
            (RSA_ENCRYPTION, Some([0x05, 0x00]) | None) => KeyKind::Rsa,
            (ED25519, None) => KeyKind::Ed25519,
            (oid, _) => {
                let oid = oid.get(2..).and_then(der::dotted).unwrap_or_default();
                return Err(Error::unsupported("public key", format!("algorithm {oid}")));
            }
        };
        check_form(kind, material)?;
        Ok(Self { kind, material: material.to_vec(), spki: bytes.to_vec() })
    }

    /// A point on a curve, in the uncompressed form of SEC 1.
    pub(crate) fn from_point(curve: Curve, point: &[u8]) -> Result<Self, Error> {
        let name = match curve {
            Curve::P256 => SECP256R1,
            Curve::P384 => SECP384R1,
            Curve::P521 => SECP521R1,
        };
        let algorithm = der::encode(der::SEQUENCE, &[EC_PUBLIC_KEY, name]);
        Self::from_spki_der(&spki(&algorithm, point))?.checked()
    }

    /// The 32 bytes of an Ed25519 key.
    pub(crate) fn from_ed25519(key: &[u8]) -> Result<Self, Error> {
        Self::from_spki_der(&spki(&der::encode(der::SEQUENCE, &[ED25519]), key))
    }

    /// The key, if its point is on its curve.
    fn checked(self) -> Result<Self, Error> {
        let point = &self.material;
        match self.kind {
            KeyKind::Ecdsa(Curve::P256) => {
                p256::ecdsa::VerifyingKey::from_sec1_bytes(point).map_err(bad_point)?;
            }
            KeyKind::Ecdsa(Curve::P384) => {
                p384::ecdsa::VerifyingKey::from_sec1_bytes(point).map_err(bad_point)?;
            }
            KeyKind::Ecdsa(Curve::P521) => {
                p521::ecdsa::VerifyingKey::from_sec1_bytes(point).map_err(bad_point)?;
            }
            KeyKind::Ed25519 | KeyKind::Rsa => {}
        }
        Ok(self)
    }

    /// What the key is.
    pub fn kind(&self) -> KeyKind {
        self.kind
    }

    /// The size of an RSA key's modulus in bits; `None` of other keys.
    pub fn rsa_bits(&self) -> Option<usize> {
        if self.kind == KeyKind::Rsa { rsa_modulus_bits(&self.material).ok() } else { None }
    }

    /// The length of a number of the curve's field in bytes; `None` of keys without a curve.
    pub(crate) fn field_bytes(&self) -> Option<usize> {
        match self.kind {
            KeyKind::Ecdsa(Curve::P256) => Some(32),
            KeyKind::Ecdsa(Curve::P384) => Some(48),
            KeyKind::Ecdsa(Curve::P521) => Some(66),
            KeyKind::Ed25519 | KeyKind::Rsa => None,
        }
    }

    /// The `SubjectPublicKeyInfo`.
    pub fn spki_der(&self) -> &[u8] {
        &self.spki
    }

    /// The key as a `PUBLIC KEY` block.
    pub fn to_pem(&self) -> String {
        pem::encode("PUBLIC KEY", &self.spki)
    }

    /// The SHA-256 digest of the `SubjectPublicKeyInfo`: how logs and bundles name a key.
    pub fn id(&self) -> [u8; 32] {
        sha256(&self.spki)
    }

    /// How a person recognises the key: its kind and the digest of its SPKI.
    pub fn describe(&self) -> String {
        format!("{} key sha256:{}", self.kind.name(), hex(&self.id()))
    }

    /// The raw key: a SEC 1 point, the 32 bytes of Ed25519, or a PKCS#1 `RSAPublicKey`.
    pub fn material(&self) -> &[u8] {
        &self.material
    }

    /// The scheme that Sigstore signs with by default under such a key: the hash function is as
    /// long as the curve.
    pub fn default_scheme(&self) -> Scheme {
        match self.kind {
            KeyKind::Ecdsa(Curve::P256) => Scheme::Ecdsa(HashAlgorithm::Sha256),
            KeyKind::Ecdsa(Curve::P384) => Scheme::Ecdsa(HashAlgorithm::Sha384),
            KeyKind::Ecdsa(Curve::P521) => Scheme::Ecdsa(HashAlgorithm::Sha512),
            KeyKind::Ed25519 => Scheme::Ed25519,
            KeyKind::Rsa => Scheme::Rsa(RsaPadding::Pkcs1v15, HashAlgorithm::Sha256),
        }
    }

    /// Every scheme that signers of artefacts use with such a key, the default first. Cosign
    /// before its version 3 hashed with SHA-256 whatever the curve.
    pub fn artefact_schemes(&self) -> &'static [Scheme] {
        use HashAlgorithm::{Sha256, Sha384, Sha512};
        match self.kind {
            KeyKind::Ecdsa(Curve::P256) => &[Scheme::Ecdsa(Sha256)],
            KeyKind::Ecdsa(Curve::P384) => &[Scheme::Ecdsa(Sha384), Scheme::Ecdsa(Sha256)],
            KeyKind::Ecdsa(Curve::P521) => &[Scheme::Ecdsa(Sha512), Scheme::Ecdsa(Sha256)],
            KeyKind::Ed25519 => &[Scheme::Ed25519, Scheme::Ed25519ph],
            KeyKind::Rsa => {
                &[Scheme::Rsa(RsaPadding::Pkcs1v15, Sha256), Scheme::Rsa(RsaPadding::Pss, Sha256)]
            }
        }
    }

    /// Checks a signature over `message` made with one of `artefact_schemes`.
    pub fn verify(&self, message: &[u8], signature: &[u8]) -> Result<(), Error> {
        self.artefact_schemes()
            .iter()
            .find_map(|scheme| self.verify_with(*scheme, message, signature).ok())
            .ok_or(Error::BadSignature)
    }

    /// Checks a signature over `message` made with `scheme`, which must fit the key.
    pub fn verify_with(
        &self,
        scheme: Scheme,
        message: &[u8],
        signature: &[u8],
    ) -> Result<(), Error> {
        let fixed = self.der_signature(signature);
        let signature = fixed.as_deref().unwrap_or(signature);
        if let Some(algorithm) = self.in_ring(scheme)? {
            return ring_sig::UnparsedPublicKey::new(algorithm, &self.material)
                .verify(message, signature)
                .map_err(|_| Error::BadSignature);
        }
        match scheme.hash() {
            Some(hash) => self.verify_digest(scheme, &hash.digest(message), signature),
            None => Err(Error::BadSignature),
        }
    }

    /// Checks a signature over a message of which only the digest is known, by the hash function
    /// of `scheme`. RSA and plain Ed25519 need the message itself.
    pub fn verify_digest(
        &self,
        scheme: Scheme,
        digest: &[u8],
        signature: &[u8],
    ) -> Result<(), Error> {
        let hash = scheme.hash().ok_or_else(|| needs_content(scheme))?;
        if digest.len() != hash.len_bytes() {
            return Err(Error::malformed("digest", format!("{} bytes long", digest.len())));
        }
        let fixed = self.der_signature(signature);
        let signature = fixed.as_deref().unwrap_or(signature);
        match (self.kind, scheme) {
            (KeyKind::Ecdsa(curve), Scheme::Ecdsa(_)) => {
                verify_ecdsa_digest(curve, &self.material, digest, signature)
            }
            (KeyKind::Ed25519, Scheme::Ed25519ph) => {
                verify_ed25519ph(&self.material, digest, signature)
            }
            (KeyKind::Rsa, Scheme::Rsa(..)) => Err(needs_content(scheme)),
            (kind, scheme) => Err(misfit(kind, scheme)),
        }
    }

    /// An ECDSA signature in DER, made from the two bare numbers of IEEE P1363 that some services
    /// write; `None` where it is none of that form.
    fn der_signature(&self, signature: &[u8]) -> Option<Vec<u8>> {
        let field = self.field_bytes()?;
        if signature.len() != 2 * field || Reader::only(signature, der::SEQUENCE).is_ok() {
            return None;
        }
        let (r, s) = signature.split_at_checked(field)?;
        let (r, s) = (der::unsigned(r), der::unsigned(s));
        Some(der::encode(der::SEQUENCE, &[&r, &s]))
    }

    /// ring's algorithm for `scheme`, `None` where ring has none.
    fn in_ring(
        &self,
        scheme: Scheme,
    ) -> Result<Option<&'static dyn ring_sig::VerificationAlgorithm>, Error> {
        use HashAlgorithm::{Sha256, Sha384, Sha512};
        use RsaPadding::{Pkcs1v15, Pss};
        Ok(Some(match (self.kind, scheme) {
            (KeyKind::Ecdsa(Curve::P256), Scheme::Ecdsa(Sha256)) => {
                &ring_sig::ECDSA_P256_SHA256_ASN1
            }
            (KeyKind::Ecdsa(Curve::P256), Scheme::Ecdsa(Sha384)) => {
                &ring_sig::ECDSA_P256_SHA384_ASN1
            }
            (KeyKind::Ecdsa(Curve::P384), Scheme::Ecdsa(Sha256)) => {
                &ring_sig::ECDSA_P384_SHA256_ASN1
            }
            (KeyKind::Ecdsa(Curve::P384), Scheme::Ecdsa(Sha384)) => {
                &ring_sig::ECDSA_P384_SHA384_ASN1
            }
            (KeyKind::Ed25519, Scheme::Ed25519) => &ring_sig::ED25519,
            (KeyKind::Rsa, Scheme::Rsa(padding, hash)) => match (padding, hash) {
                (Pkcs1v15, Sha256) => &ring_sig::RSA_PKCS1_2048_8192_SHA256,
                (Pkcs1v15, Sha384) => &ring_sig::RSA_PKCS1_2048_8192_SHA384,
                (Pkcs1v15, Sha512) => &ring_sig::RSA_PKCS1_2048_8192_SHA512,
                (Pss, Sha256) => &ring_sig::RSA_PSS_2048_8192_SHA256,
                (Pss, Sha384) => &ring_sig::RSA_PSS_2048_8192_SHA384,
                (Pss, Sha512) => &ring_sig::RSA_PSS_2048_8192_SHA512,
            },
            (KeyKind::Ecdsa(_), Scheme::Ecdsa(_)) | (KeyKind::Ed25519, Scheme::Ed25519ph) => {
                return Ok(None);
            }
            (kind, scheme) => return Err(misfit(kind, scheme)),
        }))
    }
}

fn spki(algorithm: &[u8], material: &[u8]) -> Vec<u8> {
    let key = der::encode(der::BIT_STRING, &[&[0], material]);
    der::encode(der::SEQUENCE, &[algorithm, &key])
}

fn verify_ecdsa_digest(
    curve: Curve,
    point: &[u8],
    digest: &[u8],
    signature: &[u8],
) -> Result<(), Error> {
    use p256::ecdsa::signature::hazmat::PrehashVerifier as _;
    /// A digest shorter than half of the field is padded in front: its number stays the same.
    fn padded(digest: &[u8], field: usize) -> Vec<u8> {
        let mut bytes = vec![0; field.saturating_sub(digest.len())];
        bytes.extend_from_slice(digest);
        bytes
    }
    let valid = match curve {
        Curve::P256 => {
            let key = p256::ecdsa::VerifyingKey::from_sec1_bytes(point).map_err(bad_point)?;
            p256::ecdsa::Signature::from_der(signature)
                .and_then(|signature| key.verify_prehash(digest, &signature))
        }
        Curve::P384 => {
            let key = p384::ecdsa::VerifyingKey::from_sec1_bytes(point).map_err(bad_point)?;
            p384::ecdsa::Signature::from_der(signature)
                .and_then(|signature| key.verify_prehash(&padded(digest, 48), &signature))
        }
        Curve::P521 => {
            let key = p521::ecdsa::VerifyingKey::from_sec1_bytes(point).map_err(bad_point)?;
            p521::ecdsa::Signature::from_der(signature)
                .and_then(|signature| key.verify_prehash(&padded(digest, 66), &signature))
        }
    };
    valid.map_err(|_| Error::BadSignature)
}

/// RFC 8032, section 5.1.7, with the digest in place of the message.
fn verify_ed25519ph(key: &[u8], digest: &[u8], signature: &[u8]) -> Result<(), Error> {
    let key: [u8; 32] = key.try_into().map_err(|_| Error::BadSignature)?;
    let digest: [u8; 64] = digest.try_into().map_err(|_| Error::BadSignature)?;
    let key = ed25519_dalek::VerifyingKey::from_bytes(&key).map_err(|_| Error::BadSignature)?;
    let signature =
        ed25519_dalek::Signature::from_slice(signature).map_err(|_| Error::BadSignature)?;
    key.verify_prehashed_strict(Finished(digest), None, &signature).map_err(|_| Error::BadSignature)
}

/// A SHA-512 digest that somebody else computed, in the shape that `ed25519-dalek` asks for.
pub(super) struct Finished(pub(super) [u8; 64]);

impl digest::HashMarker for Finished {}

impl Default for Finished {
    fn default() -> Self {
        Self([0; 64])
    }
}

impl digest::OutputSizeUser for Finished {
    type OutputSize = digest::consts::U64;
}

impl digest::Update for Finished {
    fn update(&mut self, _: &[u8]) {}
}

impl digest::FixedOutput for Finished {
    fn finalize_into(self, out: &mut digest::Output<Self>) {
        out.copy_from_slice(&self.0);
    }
}

/// Object identifiers of algorithms and curves, as they stand in DER.
pub(crate) mod oid {
    pub(crate) const EC_PUBLIC_KEY: &[u8] =
        &[0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01];
    pub(crate) const RSA_ENCRYPTION: &[u8] =
        &[0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01];
    pub(crate) const ED25519: &[u8] = &[0x06, 0x03, 0x2b, 0x65, 0x70];
    pub(crate) const SECP256R1: &[u8] =
        &[0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07];
    pub(crate) const SECP384R1: &[u8] = &[0x06, 0x05, 0x2b, 0x81, 0x04, 0x00, 0x22];
    pub(crate) const SECP521R1: &[u8] = &[0x06, 0x05, 0x2b, 0x81, 0x04, 0x00, 0x23];
}

pub(super) fn curve_of(parameters: &[u8]) -> Result<Curve, Error> {
    match parameters {
        SECP256R1 => Ok(Curve::P256),
        SECP384R1 => Ok(Curve::P384),
        SECP521R1 => Ok(Curve::P521),
        _ => Err(Error::unsupported("public key", "a curve that is not P-256, P-384 or P-521")),
    }
}

/// Whether a key has the form of its kind. That a point is on its curve is checked whenever a
/// signature is.
fn check_form(kind: KeyKind, material: &[u8]) -> Result<(), Error> {
    let uncompressed = |field: usize| match material {
        [4, numbers @ ..] => numbers.len() == 2 * field,
        _ => false,
    };
    let fits = match kind {
        KeyKind::Ecdsa(Curve::P256) => uncompressed(32),
        KeyKind::Ecdsa(Curve::P384) => uncompressed(48),
        KeyKind::Ecdsa(Curve::P521) => uncompressed(66),
        KeyKind::Ed25519 => material.len() == 32,
        KeyKind::Rsa => return rsa_modulus_bits(material).map(drop),
    };
    if fits {
        Ok(())
    } else {
        let why = format!("{} bytes are no {} key", material.len(), kind.name());
        Err(Error::malformed("public key", why))
    }
}

/// The size of an RSA key in bits, between 2048 and 8192.
fn rsa_modulus_bits(pkcs1: &[u8]) -> Result<usize, Error> {
    let mut numbers = Reader::only(pkcs1, der::SEQUENCE)?.reader();
    let modulus = numbers.unsigned()?;
    numbers.unsigned()?;
    numbers.end()?;
    let bits = modulus
        .first()
        .map_or(0, |first| modulus.len() * 8 - usize::try_from(first.leading_zeros()).unwrap_or(8));
    if (2048..=8192).contains(&bits) {
        Ok(bits)
    } else {
        Err(Error::unsupported("public key", format!("RSA of {bits} bits, not 2048 to 8192")))
    }
}

fn bad_point<E>(_: E) -> Error {
    Error::malformed("public key", "the point is not on its curve")
}

fn misfit(kind: KeyKind, scheme: Scheme) -> Error {
    Error::unsupported("signature", format!("{scheme} under an {} key", kind.name()))
}

fn needs_content(scheme: Scheme) -> Error {
    Error::unsupported("signature", format!("{scheme} where only the digest is known"))
}

#[cfg(test)]
mod tests {
    use p256::ecdsa::signature::{Signer as _, hazmat::PrehashSigner as _};
    use ring::signature::KeyPair as _;

    use super::*;

    /// The SPKI of a point on the curve with the identifier `curve`.
    fn spki(curve: &[u8], point: &[u8]) -> Vec<u8> {
        let algorithm = der::encode(der::SEQUENCE, &[EC_PUBLIC_KEY, curve]);
        let key = der::encode(der::BIT_STRING, &[&[0], point]);
        der::encode(der::SEQUENCE, &[&algorithm, &key])
    }

    fn assert_only(key: &PublicKey, message: &[u8], signature: &[u8]) {
        key.verify(message, signature).expect("the signature is good");
        assert_eq!(key.verify(b"another", signature), Err(Error::BadSignature));
        let mut bent = signature.to_vec();
        *bent.last_mut().expect("not empty") ^= 1;
        assert_eq!(key.verify(message, &bent), Err(Error::BadSignature));
        assert_eq!(key.verify(message, &[]), Err(Error::BadSignature));
    }

    #[test]
    fn each_curve_verifies_messages_and_digests() {
        let message = b"the cargo";
        let p256 = p256::ecdsa::SigningKey::from_slice(&[7; 32]).expect("key");
        let p384 = p384::ecdsa::SigningKey::from_slice(&[7; 48]).expect("key");
        let p521 =
            p521::ecdsa::SigningKey::from_slice(&[&[0][..], &[7; 65]].concat()).expect("key");
        let point = p256.verifying_key().to_sec1_point(false);
        let key = PublicKey::from_der(&spki(SECP256R1, point.as_bytes())).expect("key");
        let signature: p256::ecdsa::Signature = p256.sign(message);
        assert_only(&key, message, signature.to_der().as_bytes());
        let scheme = Scheme::Ecdsa(HashAlgorithm::Sha256);
        key.verify_digest(scheme, &sha256(message), signature.to_der().as_bytes()).expect("digest");
        assert!(key.verify_digest(scheme, &sha256(b""), signature.to_der().as_bytes()).is_err());

        let point = p384.verifying_key().to_sec1_point(false);
        let key = PublicKey::from_der(&spki(SECP384R1, point.as_bytes())).expect("key");
        let signature: p384::ecdsa::Signature = p384.sign(message);
        assert_only(&key, message, signature.to_der().as_bytes());
        let short: p384::ecdsa::Signature = p384.sign_prehash(&sha256(message)).expect("sign");
        assert_only(&key, message, short.to_der().as_bytes());
        key.verify_digest(scheme, &sha256(message), short.to_der().as_bytes()).expect("digest");

        let point = p521.verifying_key().to_sec1_point(false);
        let key = PublicKey::from_der(&spki(SECP521R1, point.as_bytes())).expect("key");
        let signature: p521::ecdsa::Signature = p521.sign(message);
        assert_only(&key, message, signature.to_der().as_bytes());
    }

    #[test]
    fn ed25519_verifies_messages_and_its_prehashed_form_digests() {
        use ed25519_dalek::Signer as _;
        let message = b"the cargo";
        let pair = ed25519_dalek::SigningKey::from_bytes(&[9; 32]);
        let algorithm = der::encode(der::SEQUENCE, &[ED25519]);
        let bits = der::encode(der::BIT_STRING, &[&[0], pair.verifying_key().as_bytes()]);
        let spki = der::encode(der::SEQUENCE, &[&algorithm, &bits]);
        let key = PublicKey::from_pem(&pem::encode("PUBLIC KEY", &spki)).expect("key");
        assert_only(&key, message, &pair.sign(message).to_bytes());

        let digest: [u8; 64] = HashAlgorithm::Sha512.digest(message).try_into().expect("64 bytes");
        let signature = pair.sign_prehashed(Finished(digest), None).expect("sign").to_bytes();
        assert_only(&key, message, &signature);
        key.verify_digest(Scheme::Ed25519ph, &digest, &signature).expect("digest");
    }

    #[test]
    fn a_key_never_checks_a_signature_of_another_kind() {
        let pair = ring_sig::Ed25519KeyPair::from_seed_unchecked(&[3; 32]).expect("pair");
        let algorithm = der::encode(der::SEQUENCE, &[ED25519]);
        let bits = der::encode(der::BIT_STRING, &[&[0], pair.public_key().as_ref()]);
        let key =
            PublicKey::from_der(&der::encode(der::SEQUENCE, &[&algorithm, &bits])).expect("key");
        let signature = pair.sign(b"m");
        for scheme in [
            Scheme::Ecdsa(HashAlgorithm::Sha256),
            Scheme::Rsa(RsaPadding::Pkcs1v15, HashAlgorithm::Sha256),
        ] {
            let refused = key.verify_with(scheme, b"m", signature.as_ref());
            assert!(matches!(refused, Err(Error::Unsupported { .. })), "{refused:?}");
        }
    }

    #[test]
    fn a_point_off_the_curve_and_small_rsa_are_refused() {
        let off = spki(SECP256R1, &[4; 65]);
        assert!(PublicKey::from_bytes(&off).is_err());
        assert!(PublicKey::from_pem(&pem::encode("PUBLIC KEY", &off)).is_err());
        let unchecked = PublicKey::from_der(&off).expect("the form is right");
        assert!(unchecked.verify(b"m", &[0x30, 6, 2, 1, 1, 2, 1, 1]).is_err());
        let modulus = der::encode(der::INTEGER, &[&[0x7f; 128]]);
        let exponent = der::encode(der::INTEGER, &[&[1, 0, 1]]);
        let small = der::encode(der::SEQUENCE, &[&modulus, &exponent]);
        assert!(matches!(PublicKey::from_der(&small), Err(Error::Unsupported { .. })));
    }
}
