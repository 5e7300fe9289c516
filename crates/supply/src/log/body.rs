//! What a log's entry says: which content, which signature, which signer.
//!
//! Sources: the schemas in `pkg/types` of sigstore/rekor (version 1), and `entry.proto` of
//! sigstore/rekor-tiles (version 2).

use serde::Deserialize;
use serde_json::Value;

use crate::certificate::Certificate;
use crate::error::Error;
use crate::hash::{HashAlgorithm, from_hex};
use crate::json::{self, Bytes};
use crate::key::{PublicKey, pem};

/// The content of an entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Body {
    /// Such as `hashedrekord`.
    pub kind: String,
    /// Such as `0.0.1`.
    pub version: String,
    /// What the digest is of.
    pub subject: Subject,
    /// The digest's function.
    pub hash: HashAlgorithm,
    /// The digest.
    pub digest: Vec<u8>,
    /// Each signature with its signer. The oldest entries of envelopes hold no signature: their
    /// digest is over the envelope with its signatures.
    pub signatures: Vec<(Option<Vec<u8>>, Verifier)>,
}

/// What an entry's digest is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Subject {
    /// The artefact itself, or for a DSSE envelope in Rekor v2 its pre-authentication encoding.
    Signed,
    /// The payload of a DSSE envelope.
    Payload,
    /// A whole DSSE envelope, byte for byte.
    Envelope,
}

/// The signer that an entry names: a certificate or a key, in DER.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verifier {
    /// A certificate.
    Certificate(Vec<u8>),
    /// A key.
    Key(Vec<u8>),
}

impl Verifier {
    /// Whether this is the signer with that certificate or, without one, that key.
    pub fn is(&self, certificate: Option<&Certificate>, key: &PublicKey) -> bool {
        match (self, certificate) {
            (Self::Certificate(der), Some(certificate)) => der == certificate.der(),
            (Self::Key(der), None) => {
                PublicKey::from_der(der).is_ok_and(|other| other.spki_der() == key.spki_der())
            }
            _ => false,
        }
    }

    fn from_pem(text: &[u8]) -> Result<Self, Error> {
        let text = std::str::from_utf8(text).map_err(|_| broken("a signer that is not UTF-8"))?;
        let block = pem::only_block(text)?;
        match block.label.as_str() {
            "CERTIFICATE" => Ok(Self::Certificate(block.bytes)),
            "PUBLIC KEY" | "RSA PUBLIC KEY" => Ok(Self::Key(block.bytes)),
            other => Err(broken(format!("a signer in a PEM block `{other}`"))),
        }
    }
}

/// Every kind of entry that is read, with its version and its reader.
const KINDS: &[(&str, &str, Reader)] = &[
    ("hashedrekord", "0.0.1", hashedrekord_v1),
    ("hashedrekord", "0.0.2", hashedrekord_v2),
    ("rekord", "0.0.1", rekord_v1),
    ("dsse", "0.0.1", dsse_v1),
    ("dsse", "0.0.2", dsse_v2),
    ("intoto", "0.0.1", intoto_v1),
    ("intoto", "0.0.2", intoto_v2),
];

type Reader = fn(Value) -> Result<Parts, Error>;

struct Parts {
    subject: Subject,
    hash: HashAlgorithm,
    digest: Vec<u8>,
    signatures: Vec<(Option<Vec<u8>>, Verifier)>,
}

impl Body {
    /// Reads a canonicalised body.
    pub fn parse(bytes: &[u8]) -> Result<Self, Error> {
        let envelope: Envelope = json::document("log entry", bytes)?;
        let Envelope { api_version: version, kind, spec } = envelope;
        let read = KINDS
            .iter()
            .find(|(name, number, _)| *name == kind && *number == version)
            .map(|(_, _, read)| read)
            .ok_or_else(|| Error::unsupported("log entry", format!("`{kind}` {version}")))?;
        let Parts { subject, hash, digest, signatures } = read(spec)?;
        if digest.len() != hash.len_bytes() {
            return Err(broken(format!("a {} of {} bytes", hash.name(), digest.len())));
        }
        Ok(Self { kind, version, subject, hash, digest, signatures })
    }

    /// Whether the entry is of Rekor's version 2, whose entries carry no time.
    pub fn is_v2(&self) -> bool {
        self.version == "0.0.2" && self.kind != "intoto"
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Envelope {
    api_version: String,
    kind: String,
    spec: Value,
}

fn read<T: for<'de> Deserialize<'de>>(spec: Value) -> Result<T, Error> {
    serde_json::from_value(spec).map_err(|error| broken(error.to_string()))
}

#[derive(Deserialize)]
struct HexHash {
    algorithm: String,
    value: String,
}

impl HexHash {
    fn read(&self) -> Result<(HashAlgorithm, Vec<u8>), Error> {
        let hash = HashAlgorithm::named(&self.algorithm)
            .ok_or_else(|| Error::unsupported("hash function", self.algorithm.clone()))?;
        let digest = from_hex(&self.value).ok_or_else(|| broken("a hash that is no hex"))?;
        Ok((hash, digest))
    }
}

#[derive(Deserialize)]
struct Hashed {
    hash: HexHash,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct SignedWith {
    content: Bytes,
    public_key: Content,
}

#[derive(Deserialize)]
struct Content {
    content: Bytes,
}

#[derive(Deserialize)]
struct HashedRekordV1 {
    data: Hashed,
    signature: SignedWith,
}

fn hashedrekord_v1(spec: Value) -> Result<Parts, Error> {
    let spec: HashedRekordV1 = read(spec)?;
    let (hash, digest) = spec.data.hash.read()?;
    let signer = Verifier::from_pem(&spec.signature.public_key.content.0)?;
    let signatures = vec![(Some(spec.signature.content.0), signer)];
    Ok(Parts { subject: Subject::Signed, hash, digest, signatures })
}

fn rekord_v1(spec: Value) -> Result<Parts, Error> {
    #[derive(Deserialize)]
    struct Rekord {
        data: Hashed,
        signature: Formatted,
    }
    #[derive(Deserialize)]
    struct Formatted {
        format: String,
        #[serde(flatten)]
        signed: SignedWith,
    }
    let spec: Rekord = read(spec)?;
    if spec.signature.format != "x509" {
        return Err(Error::unsupported("log entry", format!("`{}`", spec.signature.format)));
    }
    let (hash, digest) = spec.data.hash.read()?;
    let signer = Verifier::from_pem(&spec.signature.signed.public_key.content.0)?;
    let signatures = vec![(Some(spec.signature.signed.content.0), signer)];
    Ok(Parts { subject: Subject::Signed, hash, digest, signatures })
}

fn dsse_v1(spec: Value) -> Result<Parts, Error> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Dsse {
        payload_hash: HexHash,
        signatures: Vec<One>,
    }
    #[derive(Deserialize)]
    struct One {
        signature: Bytes,
        verifier: Bytes,
    }
    let spec: Dsse = read(spec)?;
    let (hash, digest) = spec.payload_hash.read()?;
    let signatures = spec
        .signatures
        .into_iter()
        .map(|it| Ok((Some(it.signature.0), Verifier::from_pem(&it.verifier.0)?)))
        .collect::<Result<_, Error>>()?;
    Ok(Parts { subject: Subject::Payload, hash, digest, signatures })
}

fn intoto_v1(spec: Value) -> Result<Parts, Error> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Intoto {
        content: Hashed,
        public_key: Bytes,
    }
    let spec: Intoto = read(spec)?;
    let (hash, digest) = spec.content.hash.read()?;
    let signatures = vec![(None, Verifier::from_pem(&spec.public_key.0)?)];
    Ok(Parts { subject: Subject::Envelope, hash, digest, signatures })
}

fn intoto_v2(spec: Value) -> Result<Parts, Error> {
    #[derive(Deserialize)]
    struct Intoto {
        content: Inner,
    }
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Inner {
        envelope: Signatures,
        payload_hash: HexHash,
    }
    #[derive(Deserialize)]
    struct Signatures {
        signatures: Vec<One>,
    }
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct One {
        public_key: Bytes,
        sig: Bytes,
    }
    let spec: Intoto = read(spec)?;
    let (hash, digest) = spec.content.payload_hash.read()?;
    let signatures = spec
        .content
        .envelope
        .signatures
        .into_iter()
        .map(|it| {
            // The signature is in base64 twice.
            let sig = std::str::from_utf8(&it.sig.0).ok().and_then(Bytes::decode);
            let sig = sig.ok_or_else(|| broken("a signature that is not base64"))?;
            Ok((Some(sig.0), Verifier::from_pem(&it.public_key.0)?))
        })
        .collect::<Result<_, Error>>()?;
    Ok(Parts { subject: Subject::Payload, hash, digest, signatures })
}

#[derive(Deserialize)]
struct RawBytes {
    #[serde(rename = "rawBytes")]
    raw_bytes: Bytes,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct SignatureV2 {
    content: Bytes,
    verifier: VerifierV2,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct VerifierV2 {
    #[serde(rename = "keyDetails")]
    _key_details: String,
    x509_certificate: Option<RawBytes>,
    public_key: Option<RawBytes>,
}

impl SignatureV2 {
    fn read(self) -> Result<(Option<Vec<u8>>, Verifier), Error> {
        let signer = match (self.verifier.x509_certificate, self.verifier.public_key) {
            (Some(certificate), None) => Verifier::Certificate(certificate.raw_bytes.0),
            (None, Some(key)) => Verifier::Key(key.raw_bytes.0),
            _ => return Err(broken("a signer that is not one certificate or key")),
        };
        Ok((Some(self.content.0), signer))
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct DigestV2 {
    algorithm: String,
    digest: Bytes,
}

impl DigestV2 {
    fn read(self) -> Result<(HashAlgorithm, Vec<u8>), Error> {
        let hash = HashAlgorithm::named(&self.algorithm)
            .ok_or_else(|| Error::unsupported("hash function", self.algorithm))?;
        Ok((hash, self.digest.0))
    }
}

fn hashedrekord_v2(spec: Value) -> Result<Parts, Error> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Spec {
        #[serde(rename = "hashedRekordV002")]
        inner: Inner,
    }
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Inner {
        data: DigestV2,
        signature: SignatureV2,
    }
    let Spec { inner } = read(spec)?;
    let (hash, digest) = inner.data.read()?;
    let signatures = vec![inner.signature.read()?];
    Ok(Parts { subject: Subject::Signed, hash, digest, signatures })
}

fn dsse_v2(spec: Value) -> Result<Parts, Error> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Spec {
        #[serde(rename = "dsseV002")]
        inner: Inner,
    }
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase", deny_unknown_fields)]
    struct Inner {
        payload_hash: DigestV2,
        signatures: Vec<SignatureV2>,
    }
    let Spec { inner } = read(spec)?;
    let (hash, digest) = inner.payload_hash.read()?;
    let signatures =
        inner.signatures.into_iter().map(SignatureV2::read).collect::<Result<_, _>>()?;
    Ok(Parts { subject: Subject::Payload, hash, digest, signatures })
}

fn broken(why: impl Into<String>) -> Error {
    Error::malformed("log entry", why)
}
