//! Timestamps of RFC 3161: a service's word that a signature existed at a time.
//!
//! A response holds CMS signed data around a `TSTInfo`. Its signer's certificate is in the
//! response or in the trusted root; either way it must lead to the root's authority at the time
//! that the timestamp states. Source: RFC 3161, RFC 5652, RFC 5816.

use plimsoll_model::Timestamp;

use crate::certificate::{self, Certificate, Purpose};
use crate::der::{self, Reader, Value};
use crate::error::Error;
use crate::hash::HashAlgorithm;
use crate::key::{KeyKind, Scheme};
use crate::trust::TrustedAuthority;

/// A timestamp whose structure was read and whose signature was not checked.
#[derive(Debug, Clone)]
pub struct TimestampResponse {
    /// The moment that the service states.
    pub time: Timestamp,
    /// How far off it may be in either direction, in seconds, rounded up.
    pub accuracy: u32,
    imprint_hash: HashAlgorithm,
    imprint: Vec<u8>,
    /// The `TSTInfo` as it was signed.
    content: Vec<u8>,
    certificates: Vec<Certificate>,
    signer: Signer,
}

#[derive(Debug, Clone)]
struct Signer {
    id: SignerId,
    hash: HashAlgorithm,
    /// The signed attributes' content, which is signed under the tag of a set.
    attributes: Vec<u8>,
    content_digest: Vec<u8>,
    algorithm: Vec<u8>,
    signature: Vec<u8>,
}

#[derive(Debug, Clone)]
enum SignerId {
    Issued { issuer: Vec<u8>, serial: Vec<u8> },
    Key(Vec<u8>),
}

/// The largest response that is read, in bytes.
const MAX_BYTES: usize = 128 * 1024;

/// The most certificates that a response may hold.
const MAX_CERTIFICATES: usize = 16;

impl TimestampResponse {
    /// Reads a `TimeStampResp`.
    pub fn from_der(bytes: &[u8]) -> Result<Self, Error> {
        if bytes.len() > MAX_BYTES {
            return Err(broken(format!("{} bytes, more than {MAX_BYTES}", bytes.len())));
        }
        let mut response = Reader::only(bytes, der::SEQUENCE)?.reader();
        let status = response.expect(der::SEQUENCE)?.reader().small()?;
        if status > 1 {
            return Err(broken(format!("the service refused: status {status}")));
        }
        let token = response.expect(der::SEQUENCE)?;
        response.end()?;
        Self::from_token(token)
    }

    /// Reads the `ContentInfo` alone, as countersignatures keep it.
    pub fn from_token_der(bytes: &[u8]) -> Result<Self, Error> {
        if bytes.len() > MAX_BYTES {
            return Err(broken(format!("{} bytes, more than {MAX_BYTES}", bytes.len())));
        }
        Self::from_token(Reader::only(bytes, der::SEQUENCE)?)
    }

    /// Reads the `ContentInfo` inside a response.
    fn from_token(token: Value<'_>) -> Result<Self, Error> {
        let mut fields = token.reader();
        if fields.expect(der::OID)?.content != SIGNED_DATA {
            return Err(broken("no signed data"));
        }
        let mut wrapped = fields.expect(der::context(0))?.reader();
        let mut data = wrapped.expect(der::SEQUENCE)?.reader();
        wrapped.end()?;
        fields.end()?;
        // RFC 5652, section 5.1: version 3, because the content is not plain data.
        if data.small()? != 3 {
            return Err(broken("signed data of a version that is not 3"));
        }
        let digests = data.expect(der::SET)?;

        let mut inner = data.expect(der::SEQUENCE)?.reader();
        if inner.expect(der::OID)?.content != TST_INFO {
            return Err(broken("the signed data is no timestamp"));
        }
        let mut wrapped = inner.expect(der::context(0))?.reader();
        let content = wrapped.expect(der::OCTET_STRING)?.content;
        wrapped.end()?;
        inner.end()?;

        let certificates = match data.optional(der::context(0))? {
            Some(set) => read_certificates(set)?,
            None => Vec::new(),
        };
        data.optional(der::context(1))?;
        let mut signers = data.expect(der::SET)?.reader();
        let signer = read_signer(signers.expect(der::SEQUENCE)?, digests)?;
        signers.end()?;
        data.end()?;
        let Info { time, accuracy, imprint_hash, imprint } = read_info(content)?;
        let content = content.to_vec();
        Ok(Self { time, accuracy, imprint_hash, imprint, content, certificates, signer })
    }

    /// Whether the timestamp is one of `signature`, whoever made it.
    pub fn is_about(&self, signature: &[u8]) -> bool {
        self.imprint == self.imprint_hash.digest(signature)
    }

    /// Checks that `authority` made this timestamp for `signature`.
    pub fn verify(
        &self,
        signature: &[u8],
        authority: &TrustedAuthority,
    ) -> Result<Timestamp, Error> {
        self.path(signature, authority).map(|_| self.time)
    }

    /// Checks the same, and returns the path from the service's certificate to the root.
    pub(crate) fn path(
        &self,
        signature: &[u8],
        authority: &TrustedAuthority,
    ) -> Result<Vec<Certificate>, Error> {
        if self.imprint != self.imprint_hash.digest(signature) {
            return Err(broken("it is for another signature: the imprint does not match"));
        }
        let signer = self.signer_certificate(authority)?;
        if signer.authority()?.issues() {
            return Err(broken("the signer is an authority, not a service"));
        }
        check_purpose(signer)?;
        let authorities = &authority.authority;
        let path =
            authorities.path(signer, &self.certificates, self.time, Purpose::TimeStamping)?;
        if !authority.span.contains(self.time) {
            return Err(broken(format!(
                "made at {}, while the service counts from {}",
                self.time, authority.span
            )));
        }
        self.check_signature(signer)?;
        Ok(path)
    }

    /// The certificate of the signer; where the trusted root names one, no other will do.
    fn signer_certificate<'a>(
        &'a self,
        authority: &'a TrustedAuthority,
    ) -> Result<&'a Certificate, Error> {
        let is_signer = |certificate: &&Certificate| match &self.signer.id {
            SignerId::Issued { issuer, serial } => {
                certificate.issuer_der() == issuer && certificate.serial() == serial
            }
            SignerId::Key(id) => certificate.subject_key_id() == Some(id),
        };
        let embedded = self.certificates.iter().find(is_signer);
        match (&authority.leaf, embedded) {
            (Some(leaf), Some(embedded)) if leaf != embedded => {
                Err(broken("the certificate in it is not the one of the trusted root"))
            }
            (Some(leaf), _) if is_signer(&leaf) && self.certificates.is_empty() => Ok(leaf),
            (Some(leaf), Some(_)) => Ok(leaf),
            (None, Some(embedded)) => Ok(embedded),
            _ => Err(broken("the signer's certificate is not known")),
        }
    }

    fn check_signature(&self, signer: &Certificate) -> Result<(), Error> {
        if self.signer.content_digest != self.signer.hash.digest(&self.content) {
            return Err(broken("the message digest does not match the content"));
        }
        let key = signer.public_key()?;
        let scheme = self.scheme(key.kind())?;
        let message = der::encode(der::SET, &[&self.signer.attributes]);
        key.verify_with(scheme, &message, &self.signer.signature)
    }

    /// The scheme of the signature. Some services name the key's algorithm alone, and their
    /// digest algorithm completes it.
    fn scheme(&self, key: KeyKind) -> Result<Scheme, Error> {
        let hash = self.signer.hash;
        let mut fields = Reader::only(&self.signer.algorithm, der::SEQUENCE)?.reader();
        let bare = match fields.expect(der::OID)?.content {
            EC_PUBLIC_KEY => Some(Scheme::Ecdsa(hash)),
            RSA_ENCRYPTION => Some(Scheme::Rsa(crate::key::RsaPadding::Pkcs1v15, hash)),
            _ => None,
        };
        match bare {
            Some(scheme) => Ok(scheme),
            None => certificate::signature_scheme(&self.signer.algorithm, key),
        }
    }
}

/// RFC 3161, section 2.3: time stamping is the only purpose, and critical.
fn check_purpose(signer: &Certificate) -> Result<(), Error> {
    let critical = signer
        .extension(certificate::oid::EXTENDED_KEY_USAGE)
        .is_some_and(|extension| extension.critical);
    match signer.extended_key_usage()?.as_deref() {
        Some([only]) if critical && only == certificate::oid::TIME_STAMPING => Ok(()),
        _ => Err(broken("time stamping is not the signer's one critical purpose")),
    }
}

fn read_certificates(set: Value<'_>) -> Result<Vec<Certificate>, Error> {
    let mut items = set.reader();
    let mut found = Vec::new();
    while !items.is_empty() {
        if found.len() == MAX_CERTIFICATES {
            return Err(broken(format!("more than {MAX_CERTIFICATES} certificates")));
        }
        found.push(Certificate::from_der(items.next()?.whole)?);
    }
    Ok(found)
}

fn read_signer(info: Value<'_>, digests: Value<'_>) -> Result<Signer, Error> {
    let mut fields = info.reader();
    let version = fields.small()?;
    let id = match fields.next()? {
        name if name.tag == der::SEQUENCE => {
            let mut parts = name.reader();
            let issuer = parts.expect(der::SEQUENCE)?.whole.to_vec();
            let serial = parts.expect(der::INTEGER)?.content.to_vec();
            SignerId::Issued { issuer, serial }
        }
        key if key.tag == 0x80 => SignerId::Key(key.content.to_vec()),
        _ => return Err(broken("a signer without a name")),
    };
    // RFC 5652, section 5.3: the version tells how the signer is named.
    if version != (if matches!(id, SignerId::Key(_)) { 3 } else { 1 }) {
        return Err(broken(format!("a signer of version {version}")));
    }
    let algorithm = fields.expect(der::SEQUENCE)?;
    let hash = certificate::hash_algorithm(algorithm.whole)?;
    if !announces(digests, hash)? {
        return Err(broken("the signer's hash function is not announced"));
    }
    let attributes = fields.expect(der::context(0))?;
    let algorithm = fields.expect(der::SEQUENCE)?.whole.to_vec();
    let signature = fields.expect(der::OCTET_STRING)?.content.to_vec();
    fields.optional(der::context(1))?;
    fields.end()?;
    let content_digest = signed_digest(attributes)?;
    let attributes = attributes.content.to_vec();
    Ok(Signer { id, hash, attributes, content_digest, algorithm, signature })
}

/// Whether the set of hash functions in front holds `hash`.
fn announces(digests: Value<'_>, hash: HashAlgorithm) -> Result<bool, Error> {
    let mut items = digests.reader();
    while !items.is_empty() {
        let item = items.expect(der::SEQUENCE)?;
        if certificate::hash_algorithm(item.whole).is_ok_and(|other| other == hash) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// The digest among the signed attributes, which must also say that a timestamp is signed.
fn signed_digest(attributes: Value<'_>) -> Result<Vec<u8>, Error> {
    let (mut kind, mut digest) = (None, None);
    let mut items = attributes.reader();
    while !items.is_empty() {
        let mut attribute = items.expect(der::SEQUENCE)?.reader();
        let oid = attribute.expect(der::OID)?.content;
        let mut values = attribute.expect(der::SET)?.reader();
        let slot = match oid {
            CONTENT_TYPE => &mut kind,
            MESSAGE_DIGEST => &mut digest,
            _ => continue,
        };
        if slot.replace(values.next()?).is_some() || !values.is_empty() {
            return Err(broken("a signed attribute is there twice"));
        }
    }
    match (kind, digest) {
        (Some(kind), Some(digest))
            if kind.tag == der::OID
                && kind.content == TST_INFO
                && digest.tag == der::OCTET_STRING =>
        {
            Ok(digest.content.to_vec())
        }
        _ => Err(broken("no signed content type and message digest")),
    }
}

struct Info {
    time: Timestamp,
    accuracy: u32,
    imprint_hash: HashAlgorithm,
    imprint: Vec<u8>,
}

/// Time and imprint of a `TSTInfo`.
fn read_info(content: &[u8]) -> Result<Info, Error> {
    let mut info = Reader::only(content, der::SEQUENCE)?.reader();
    if info.small()? != 1 {
        return Err(broken("a version that is not 1"));
    }
    let policy = info.expect(der::OID)?.content;
    let mut parts = info.expect(der::SEQUENCE)?.reader();
    let imprint_hash = certificate::hash_algorithm(parts.expect(der::SEQUENCE)?.whole)?;
    let imprint = parts.expect(der::OCTET_STRING)?.content.to_vec();
    parts.end()?;
    info.expect(der::INTEGER)?;
    let time = certificate::time(info.expect(der::GENERALIZED_TIME)?)?;
    let accuracy = match info.optional(der::SEQUENCE)? {
        Some(accuracy) => read_accuracy(accuracy)?,
        None => 0,
    };
    // ETSI EN 319 422: a service of this policy that states none is exact to a second.
    let accuracy = if policy == BASELINE_POLICY { accuracy.max(1) } else { accuracy };
    // Order, nonce, name and extensions are the service's own and do not count here.
    while !info.is_empty() {
        info.next()?;
    }
    Ok(Info { time, accuracy, imprint_hash, imprint })
}

/// Seconds, and one more for any part of one.
fn read_accuracy(accuracy: Value<'_>) -> Result<u32, Error> {
    let mut fields = accuracy.reader();
    let mut seconds = 0_u64;
    while !fields.is_empty() {
        let field = fields.next()?;
        if field.tag == der::INTEGER {
            seconds = Reader::new(field.whole).small()?.saturating_add(seconds);
        } else if field.content.iter().any(|byte| *byte != 0) {
            seconds = seconds.saturating_add(1);
        }
    }
    u32::try_from(seconds).map_err(|_| broken("an accuracy of over a hundred years"))
}

const SIGNED_DATA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x02];
const TST_INFO: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x10, 0x01, 0x04];
/// 0.4.0.2023.1.1
const BASELINE_POLICY: &[u8] = &[0x04, 0x00, 0x8f, 0x67, 0x01, 0x01];
const CONTENT_TYPE: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x03];
const MESSAGE_DIGEST: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x04];
const EC_PUBLIC_KEY: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01];
const RSA_ENCRYPTION: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01];

fn broken(why: impl Into<String>) -> Error {
    Error::malformed("timestamp", why)
}
