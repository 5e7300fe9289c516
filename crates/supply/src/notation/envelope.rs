//! What an envelope says, whichever of the two forms it is written in.
//!
//! Source: `specs/signature-specification.md` of notaryproject/specifications.

use plimsoll_model::{Digest, Timestamp};
use serde::Deserialize;
use std::collections::BTreeMap;

use super::{cose, jws};
use crate::certificate::Certificate;
use crate::error::Error;
use crate::hash::HashAlgorithm;
use crate::json;
use crate::key::{Curve, KeyKind, PublicKey, RsaPadding, Scheme};

/// The media type of an envelope in JSON.
pub const JWS_MEDIA_TYPE: &str = "application/jose+json";

/// The media type of an envelope in CBOR.
pub const COSE_MEDIA_TYPE: &str = "application/cose";

/// The media type of what is signed.
pub const PAYLOAD_MEDIA_TYPE: &str = "application/vnd.cncf.notary.payload.v1+json";

/// The largest envelope that is read, in bytes: 4 MiB.
const MAX_BYTES: usize = 4 << 20;

/// The most certificates in a chain.
const MAX_CHAIN: usize = 10;

/// How the time of a signature is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SigningScheme {
    /// The signer states a time, which only a timestamp can prove.
    X509,
    /// The signer is an authority whose word on the time counts.
    SigningAuthority,
}

impl SigningScheme {
    /// The name in signed attributes.
    pub fn name(self) -> &'static str {
        match self {
            Self::X509 => "notary.x509",
            Self::SigningAuthority => "notary.x509.signingAuthority",
        }
    }

    pub(super) fn named(name: &str) -> Result<Self, Error> {
        [Self::X509, Self::SigningAuthority]
            .into_iter()
            .find(|it| it.name() == name)
            .ok_or_else(|| Error::unsupported("signing scheme", name))
    }
}

/// An algorithm that signatures may be made with. The key decides it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Algorithm {
    /// RSASSA-PSS.
    Ps(HashAlgorithm),
    /// ECDSA, the signature being two bare numbers.
    Es(HashAlgorithm),
}

impl Algorithm {
    const ALL: [(&'static str, i128, Self); 6] = [
        ("PS256", -37, Self::Ps(HashAlgorithm::Sha256)),
        ("PS384", -38, Self::Ps(HashAlgorithm::Sha384)),
        ("PS512", -39, Self::Ps(HashAlgorithm::Sha512)),
        ("ES256", -7, Self::Es(HashAlgorithm::Sha256)),
        ("ES384", -35, Self::Es(HashAlgorithm::Sha384)),
        ("ES512", -36, Self::Es(HashAlgorithm::Sha512)),
    ];

    /// The name in RFC 7518, such as `ES256`.
    pub fn name(self) -> &'static str {
        Self::ALL.iter().find(|(_, _, it)| *it == self).map_or("", |(name, ..)| name)
    }

    pub(super) fn named(name: &str) -> Result<Self, Error> {
        let found = Self::ALL.iter().find(|(it, ..)| *it == name).map(|(.., it)| *it);
        found.ok_or_else(|| Error::unsupported("signature algorithm", name))
    }

    /// The algorithm with this number in the registry of COSE.
    pub(super) fn numbered(number: i128) -> Result<Self, Error> {
        let found = Self::ALL.iter().find(|(_, it, _)| *it == number).map(|(.., it)| *it);
        found.ok_or_else(|| Error::unsupported("signature algorithm", number.to_string()))
    }

    /// The one algorithm for such a key; an RSA key must have 2048, 3072 or 4096 bits.
    pub fn of(key: &PublicKey) -> Result<Self, Error> {
        let refused = |what: String| Error::unsupported("signing key", what);
        Ok(match (key.kind(), key.rsa_bits()) {
            (KeyKind::Ecdsa(Curve::P256), _) => Self::Es(HashAlgorithm::Sha256),
            (KeyKind::Ecdsa(Curve::P384), _) => Self::Es(HashAlgorithm::Sha384),
            (KeyKind::Ecdsa(Curve::P521), _) => Self::Es(HashAlgorithm::Sha512),
            (KeyKind::Rsa, Some(2048)) => Self::Ps(HashAlgorithm::Sha256),
            (KeyKind::Rsa, Some(3072)) => Self::Ps(HashAlgorithm::Sha384),
            (KeyKind::Rsa, Some(4096)) => Self::Ps(HashAlgorithm::Sha512),
            (KeyKind::Rsa, bits) => {
                let bits = bits.unwrap_or_default();
                return Err(refused(format!("RSA of {bits} bits, not 2048, 3072 or 4096")));
            }
            (kind, _) => return Err(refused(kind.name().into())),
        })
    }

    /// Checks a signature over `message`.
    pub(super) fn verify(
        self,
        key: &PublicKey,
        message: &[u8],
        signature: &[u8],
    ) -> Result<(), Error> {
        let (scheme, length) = match self {
            Self::Ps(hash) => (Scheme::Rsa(RsaPadding::Pss, hash), None),
            Self::Es(hash) => (Scheme::Ecdsa(hash), key.field_bytes().map(|field| 2 * field)),
        };
        // A key takes signatures in DER as well; here they are bare numbers and nothing else.
        if length.is_some_and(|length| signature.len() != length) {
            return Err(Error::BadSignature);
        }
        key.verify_with(scheme, message, signature)
    }
}

/// What was signed beside the payload.
#[derive(Debug, Clone)]
pub struct SignedAttributes {
    /// How the time is known.
    pub scheme: SigningScheme,
    /// The time that the signer states.
    pub signing_time: Timestamp,
    /// When the signature ceases to count.
    pub expiry: Option<Timestamp>,
    /// The names of attributes that must be understood and are not.
    pub critical: Vec<String>,
    /// The plug-in that the signer wants asked.
    pub plugin: Option<String>,
}

/// The attribute that names a plug-in, and the one that says of which version.
pub(super) const PLUGIN: &str = "io.cncf.notary.verificationPlugin";
pub(super) const PLUGIN_VERSION: &str = "io.cncf.notary.verificationPluginMinVersion";

/// A descriptor of an image: what a signature is about.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TargetArtifact {
    /// What it is.
    pub media_type: String,
    /// The digest of its manifest.
    pub digest: Digest,
    /// The manifest's size in bytes.
    pub size: u64,
    /// What the signer says of it.
    #[serde(default)]
    pub annotations: BTreeMap<String, String>,
}

impl TargetArtifact {
    /// Whether both are of the same manifest.
    pub fn is_same(&self, other: &Self) -> bool {
        (&self.media_type, &self.digest, self.size)
            == (&other.media_type, &other.digest, other.size)
    }
}

impl std::fmt::Display for TargetArtifact {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}, {} bytes, {}", self.digest, self.size, self.media_type)
    }
}

/// An envelope whose structure was read and whose signature was not checked.
#[derive(Debug, Clone)]
pub struct Envelope {
    /// The media type of the payload.
    pub content_type: String,
    /// What was signed.
    pub payload: Vec<u8>,
    /// The algorithm that the envelope names.
    pub algorithm: Algorithm,
    /// What was signed beside it.
    pub attributes: SignedAttributes,
    /// The signer's certificate and those above it, the root last.
    pub chain: Vec<Certificate>,
    /// The program that signed, by its own word.
    pub signing_agent: Option<String>,
    /// A timestamp of the signature, in DER.
    pub timestamp: Option<Vec<u8>>,
    pub(super) signed: Vec<u8>,
    pub(super) signature: Vec<u8>,
}

impl Envelope {
    /// Reads an envelope of the form that `media_type` names.
    pub fn parse(media_type: &str, bytes: &[u8]) -> Result<Self, Error> {
        if bytes.len() > MAX_BYTES {
            let why = format!("{} bytes, more than {MAX_BYTES}", bytes.len());
            return Err(Error::malformed("envelope", why));
        }
        let envelope = match media_type {
            JWS_MEDIA_TYPE => jws::read(bytes)?,
            COSE_MEDIA_TYPE => cose::read(bytes)?,
            other => return Err(Error::unsupported("envelope", format!("media type `{other}`"))),
        };
        if envelope.payload.is_empty() {
            return Err(Error::malformed("envelope", "no payload"));
        }
        let attributes = &envelope.attributes;
        if attributes.expiry.is_some_and(|expiry| expiry <= attributes.signing_time) {
            return Err(Error::malformed("envelope", "it expires before it was signed"));
        }
        Ok(envelope)
    }

    /// Checks the signature with the key of the first certificate, which must be the one that the
    /// named algorithm is for.
    pub fn verify(&self) -> Result<Algorithm, Error> {
        let Some(leaf) = self.chain.first() else {
            return Err(Error::malformed("envelope", "no certificate"));
        };
        let key = leaf.public_key()?;
        let expected = Algorithm::of(&key)?;
        if expected != self.algorithm {
            let why = format!("{} where the key signs {}", self.algorithm.name(), expected.name());
            return Err(Error::malformed("envelope", why));
        }
        expected.verify(&key, &self.signed, &self.signature)?;
        Ok(expected)
    }

    /// The image that the payload is about.
    pub fn target(&self) -> Result<TargetArtifact, Error> {
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Payload {
            target_artifact: TargetArtifact,
        }
        if self.content_type != PAYLOAD_MEDIA_TYPE {
            return Err(Error::unsupported("payload", format!("type `{}`", self.content_type)));
        }
        Ok(json::document::<Payload>("payload", &self.payload)?.target_artifact)
    }
}

/// The certificates of a chain in DER.
pub(super) fn chain<'a>(
    certificates: impl ExactSizeIterator<Item = &'a [u8]>,
) -> Result<Vec<Certificate>, Error> {
    match certificates.len() {
        0 => Err(Error::malformed("envelope", "no certificate")),
        1..=MAX_CHAIN => certificates.map(Certificate::from_der).collect(),
        more => {
            let why = format!("{more} certificates, more than {MAX_CHAIN}");
            Err(Error::malformed("envelope", why))
        }
    }
}

/// What must be marked critical, and what is.
pub(super) struct Critical<'a> {
    /// The names in the list.
    pub(super) listed: Vec<&'a str>,
    /// The names of attributes that this specification does not define.
    pub(super) extended: Vec<&'a str>,
}

impl Critical<'_> {
    /// Checks that the list names what it must and nothing that is not there; returns the
    /// attributes that are to be understood and are not.
    pub(super) fn check(&self, scheme: SigningScheme, expires: bool) -> Result<Vec<String>, Error> {
        let mut due = vec![SCHEME];
        if expires {
            due.push(EXPIRY);
        }
        if scheme == SigningScheme::SigningAuthority {
            due.push(AUTHENTIC_SIGNING_TIME);
        }
        let broken = |why: String| Error::malformed("envelope", why);
        for (at, name) in self.listed.iter().enumerate() {
            if self.listed.iter().take(at).any(|other| other == name) {
                return Err(broken(format!("`{name}` is marked critical twice")));
            }
            if !due.contains(name) && !self.extended.contains(name) {
                return Err(broken(format!("`{name}` is marked critical and not there")));
            }
        }
        if let Some(missing) = due.iter().find(|name| !self.listed.contains(name)) {
            return Err(broken(format!("`{missing}` is not marked critical")));
        }
        let known = [PLUGIN, PLUGIN_VERSION];
        let foreign = self.extended.iter().filter(|name| self.listed.contains(name));
        Ok(foreign.filter(|name| !known.contains(name)).map(|name| (*name).to_owned()).collect())
    }
}

pub(super) const EXPIRY: &str = "io.cncf.notary.expiry";
pub(super) const SCHEME: &str = "io.cncf.notary.signingScheme";
pub(super) const SIGNING_TIME: &str = "io.cncf.notary.signingTime";
pub(super) const AUTHENTIC_SIGNING_TIME: &str = "io.cncf.notary.authenticSigningTime";
pub(super) const TIMESTAMP: &str = "io.cncf.notary.timestampSignature";
pub(super) const SIGNING_AGENT: &str = "io.cncf.notary.signingAgent";

/// The time that goes with `scheme`; the other one must not be there.
pub(super) fn time_of(
    scheme: SigningScheme,
    signing_time: Option<Timestamp>,
    authentic: Option<Timestamp>,
) -> Result<Timestamp, Error> {
    let (wanted, other, name) = match scheme {
        SigningScheme::X509 => (signing_time, authentic, SIGNING_TIME),
        SigningScheme::SigningAuthority => (authentic, signing_time, AUTHENTIC_SIGNING_TIME),
    };
    match (wanted, other) {
        (Some(time), None) => Ok(time),
        (None, _) => Err(Error::malformed("envelope", format!("no `{name}`"))),
        (_, Some(_)) => {
            let why = format!("a second time beside `{name}`, which `{}` forbids", scheme.name());
            Err(Error::malformed("envelope", why))
        }
    }
}
