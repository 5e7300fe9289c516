//! Timestamps of RFC 3161: a service's word that a signature existed at a time.
//!
//! A response holds CMS signed data around a `TSTInfo`. Its signer's certificate is in the
//! response or in the trusted root; either way it must lead to the root's authority at the time
//! that the timestamp states. Source: RFC 3161, RFC 5652, RFC 5816.

use plimsoll_model::Timestamp;

use crate::certificate::{self, Certificate, Purpose};
use crate::cms::{SignedData, SignerInfo};
use crate::der::{self, Reader, Value};
use crate::error::Error;
use crate::hash::HashAlgorithm;
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
    signer: SignerInfo,
}

/// The largest response that is read, in bytes.
const MAX_BYTES: usize = 128 * 1024;

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
        let data = SignedData::read(token, "timestamp")?;
        // RFC 5652, section 5.1: version 3, because the content is not plain data.
        if data.version != 3 {
            return Err(broken("signed data of a version that is not 3"));
        }
        if data.content_type != TST_INFO {
            return Err(broken("the signed data is no timestamp"));
        }
        let content = data.content.ok_or_else(|| broken("no content"))?;
        let SignedData { certificates, signer, .. } = data;
        let Info { time, accuracy, imprint_hash, imprint } = read_info(&content)?;
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
        self.signer.check_content(&self.content)?;
        self.signer.check_signature(signer)?;
        Ok(path)
    }

    /// The certificate of the signer; where the trusted root names one, no other will do.
    fn signer_certificate<'a>(
        &'a self,
        authority: &'a TrustedAuthority,
    ) -> Result<&'a Certificate, Error> {
        let is_signer = |certificate: &&Certificate| self.signer.is(certificate);
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

const TST_INFO: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x10, 0x01, 0x04];
/// 0.4.0.2023.1.1
const BASELINE_POLICY: &[u8] = &[0x04, 0x00, 0x8f, 0x67, 0x01, 0x01];

fn broken(why: impl Into<String>) -> Error {
    Error::malformed("timestamp", why)
}
