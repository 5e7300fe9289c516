//! X.509 certificates, as far as signing needs them.
//!
//! Source: RFC 5280.

mod chain;
mod constraints;
pub mod crl;
mod identity;

use std::fmt;

use plimsoll_model::Timestamp;

use crate::der::{self, Reader, Tag, Value};
use crate::error::Error;
use crate::hash::{HashAlgorithm, hex, sha256};
use crate::key::{KeyKind, PublicKey, RsaPadding, Scheme, pem};
use crate::moment;

pub(crate) use chain::allows;
pub use chain::{Authority, Purpose};
pub(crate) use identity::fulcio_issuers;
pub use identity::{Extension as FulcioExtension, Identity, SubjectName};

/// A certificate whose structure was read and whose signature was not checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Certificate {
    der: Vec<u8>,
    tbs: Vec<u8>,
    serial: Vec<u8>,
    issuer: Vec<u8>,
    subject: Vec<u8>,
    not_before: Timestamp,
    not_after: Timestamp,
    spki: Vec<u8>,
    extensions: Vec<Extension>,
    signature_algorithm: Vec<u8>,
    signature: Vec<u8>,
}

/// One extension: its identifier's content, and its value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Extension {
    pub(crate) oid: Vec<u8>,
    pub(crate) critical: bool,
    pub(crate) value: Vec<u8>,
    /// The whole extension as it stands in the certificate.
    pub(crate) whole: Vec<u8>,
}

/// Whether a certificate may issue others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum BasicConstraints {
    /// It may not.
    EndEntity,
    /// It may.
    Authority,
    /// It may, with at most so many authorities below it.
    AuthorityAbove(u64),
}

impl BasicConstraints {
    /// Whether the certificate may issue others.
    pub(crate) fn issues(self) -> bool {
        self != Self::EndEntity
    }
}

/// The largest certificate that is read, in bytes.
const MAX_BYTES: usize = 64 * 1024;

/// The most extensions that a certificate may have.
const MAX_EXTENSIONS: usize = 64;

impl Certificate {
    /// Reads PEM with one certificate, or DER.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, Error> {
        if !pem::is_pem(bytes) {
            return Self::from_der(bytes);
        }
        let mut all = Self::all_from_pem(bytes)?;
        match (all.pop(), all.len()) {
            (Some(one), 0) => Ok(one),
            _ => Err(broken("the PEM text does not hold exactly one certificate")),
        }
    }

    /// Reads every `CERTIFICATE` block of a PEM text, the leaf first as is the custom.
    pub fn all_from_pem(bytes: &[u8]) -> Result<Vec<Self>, Error> {
        let text = std::str::from_utf8(bytes).map_err(|_| broken("PEM that is not UTF-8"))?;
        let certificates: Vec<Self> = pem::blocks(text)?
            .iter()
            .filter(|block| block.label == "CERTIFICATE")
            .map(|block| Self::from_der(&block.bytes))
            .collect::<Result<_, _>>()?;
        if certificates.is_empty() {
            return Err(broken("no `CERTIFICATE` block"));
        }
        Ok(certificates)
    }

    /// Reads DER.
    pub fn from_der(bytes: &[u8]) -> Result<Self, Error> {
        if bytes.len() > MAX_BYTES {
            return Err(broken(format!("{} bytes, more than {MAX_BYTES}", bytes.len())));
        }
        Self::read(bytes).map_err(|error| match error {
            Error::Malformed { why, .. } => broken(why),
            other => other,
        })
    }

    fn read(bytes: &[u8]) -> Result<Self, Error> {
        let mut outer = Reader::only(bytes, der::SEQUENCE)?.reader();
        let tbs = outer.expect(der::SEQUENCE)?;
        let algorithm = outer.expect(der::SEQUENCE)?;
        let signature = outer.bits()?;
        outer.end()?;

        let mut fields = tbs.reader();
        let version = match fields.optional(der::context(0))? {
            Some(version) => version.reader().small()?,
            None => 0,
        };
        if version != 2 {
            return Err(broken(format!("version {}, not 3", version.saturating_add(1))));
        }
        let serial = fields.expect(der::INTEGER)?.content;
        if fields.expect(der::SEQUENCE)?.whole != algorithm.whole {
            return Err(broken("two different signature algorithms"));
        }
        let issuer = fields.expect(der::SEQUENCE)?.whole;
        let mut validity = fields.expect(der::SEQUENCE)?.reader();
        let not_before = time(validity.next()?)?;
        let not_after = time(validity.next()?)?;
        validity.end()?;
        let subject = fields.expect(der::SEQUENCE)?.whole;
        let spki = fields.expect(der::SEQUENCE)?.whole;
        for unique_id in [0x81, 0x82] {
            fields.optional(unique_id)?;
        }
        let extensions = match fields.optional(der::context(3))? {
            Some(list) => extensions(list)?,
            None => Vec::new(),
        };
        fields.end()?;
        Ok(Self {
            der: bytes.to_vec(),
            tbs: tbs.whole.to_vec(),
            serial: serial.to_vec(),
            issuer: issuer.to_vec(),
            subject: subject.to_vec(),
            not_before,
            not_after,
            spki: spki.to_vec(),
            extensions,
            signature_algorithm: algorithm.whole.to_vec(),
            signature: signature.to_vec(),
        })
    }

    /// The certificate itself.
    pub fn der(&self) -> &[u8] {
        &self.der
    }

    /// What the issuer signed.
    pub(crate) fn tbs(&self) -> &[u8] {
        &self.tbs
    }

    /// The serial number's content.
    pub(crate) fn serial(&self) -> &[u8] {
        &self.serial
    }

    /// The issuer's name in DER.
    pub(crate) fn issuer_der(&self) -> &[u8] {
        &self.issuer
    }

    /// The subject's name in DER.
    pub(crate) fn subject_der(&self) -> &[u8] {
        &self.subject
    }

    /// The subject's key identifier, where it is stated.
    pub(crate) fn subject_key_id(&self) -> Option<&[u8]> {
        let value = self.extension(oid::SUBJECT_KEY_ID)?;
        Reader::only(&value.value, der::OCTET_STRING).ok().map(|it| it.content)
    }

    /// The extensions, in order.
    pub(crate) fn extensions(&self) -> &[Extension] {
        &self.extensions
    }

    /// The extension with the identifier whose content is `oid`.
    pub(crate) fn extension(&self, oid: &[u8]) -> Option<&Extension> {
        self.extensions.iter().find(|extension| extension.oid == oid)
    }

    /// The first moment at which the certificate counts.
    pub fn not_before(&self) -> Timestamp {
        self.not_before
    }

    /// The last moment at which the certificate counts.
    pub fn not_after(&self) -> Timestamp {
        self.not_after
    }

    /// Whether the certificate counts at `time`; both ends do.
    pub fn is_valid_at(&self, time: Timestamp) -> bool {
        self.not_before <= time && time <= self.not_after
    }

    /// The key that the certificate is about.
    pub fn public_key(&self) -> Result<PublicKey, Error> {
        PublicKey::from_spki_der(&self.spki)
    }

    /// The `SubjectPublicKeyInfo` as it stands in the certificate.
    pub fn spki_der(&self) -> &[u8] {
        &self.spki
    }

    /// The subject as people read it, such as `CN=sigstore,O=sigstore.dev`.
    pub fn subject(&self) -> String {
        name(&self.subject)
    }

    /// The issuer as people read it.
    pub fn issuer(&self) -> String {
        name(&self.issuer)
    }

    /// Whether subject and issuer are the same.
    pub fn is_self_issued(&self) -> bool {
        self.subject == self.issuer
    }

    /// What the basic constraints say.
    pub(crate) fn authority(&self) -> Result<BasicConstraints, Error> {
        let Some(extension) = self.extension(oid::BASIC_CONSTRAINTS) else {
            return Ok(BasicConstraints::EndEntity);
        };
        let mut fields = Reader::only(&extension.value, der::SEQUENCE)?.reader();
        let is_authority = fields.optional_bool()?;
        let path_length = if fields.is_empty() { None } else { Some(fields.small()?) };
        fields.end()?;
        Ok(match (is_authority, path_length) {
            (false, _) => BasicConstraints::EndEntity,
            (true, None) => BasicConstraints::Authority,
            (true, Some(most)) => BasicConstraints::AuthorityAbove(most),
        })
    }

    /// The bits of the key usage extension, the first at the top; all where there is none.
    pub(crate) fn key_usage(&self) -> Result<u8, Error> {
        let Some(extension) = self.extension(oid::KEY_USAGE) else { return Ok(0xff) };
        let bits = Reader::only(&extension.value, der::BIT_STRING)?.content;
        Ok(bits.get(1).copied().unwrap_or(0))
    }

    /// Whether the key usage extension has the one bit that is beyond the first eight:
    /// `decipherOnly`.
    pub(crate) fn key_usage_beyond(&self) -> Result<bool, Error> {
        let Some(extension) = self.extension(oid::KEY_USAGE) else { return Ok(false) };
        let bits = Reader::only(&extension.value, der::BIT_STRING)?.content;
        Ok(bits.get(2).is_some_and(|byte| byte & 0x80 != 0))
    }

    /// The purposes of the extended key usage extension, in DER content; `None` where there is
    /// none.
    pub(crate) fn extended_key_usage(&self) -> Result<Option<Vec<Vec<u8>>>, Error> {
        let Some(extension) = self.extension(oid::EXTENDED_KEY_USAGE) else { return Ok(None) };
        let mut list = Reader::only(&extension.value, der::SEQUENCE)?.reader();
        let mut purposes = Vec::new();
        while !list.is_empty() {
            purposes.push(list.expect(der::OID)?.content.to_vec());
        }
        Ok(Some(purposes))
    }

    /// How this certificate is signed; an error where that is not known here, as SHA-1 is not.
    pub(crate) fn signed_with(&self) -> Result<Scheme, Error> {
        signature_scheme(&self.signature_algorithm, self.public_key()?.kind())
    }

    /// Whether the holder of `key` signed this certificate.
    pub fn is_signed_by(&self, key: &PublicKey) -> Result<(), Error> {
        let scheme = signature_scheme(&self.signature_algorithm, key.kind())?;
        key.verify_with(scheme, &self.tbs, &self.signature)
    }

    /// Checks that this certificate issued itself with its own key.
    pub(crate) fn is_self_signed(&self) -> Result<(), Error> {
        if !self.is_self_issued() {
            return Err(broken(format!("`{self}` was issued by `{}`", self.issuer())));
        }
        self.is_signed_by(&self.public_key()?)
    }

    /// The SHA-256 digest of the certificate in hexadecimal.
    pub fn fingerprint(&self) -> String {
        hex(&sha256(&self.der))
    }
}

impl fmt::Display for Certificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.subject().as_str() {
            "" => write!(f, "certificate sha256:{}", self.fingerprint()),
            subject => f.write_str(subject),
        }
    }
}

/// The scheme that an `AlgorithmIdentifier` names.
///
/// `key` decides where the identifier leaves something open.
pub(crate) fn signature_scheme(algorithm: &[u8], key: KeyKind) -> Result<Scheme, Error> {
    use HashAlgorithm::{Sha256, Sha384, Sha512};
    let mut fields = Reader::only(algorithm, der::SEQUENCE)?.reader();
    let oid = fields.expect(der::OID)?.content;
    let parameters = if fields.is_empty() { None } else { Some(fields.next()?) };
    fields.end()?;
    let null = parameters.is_none_or(|it| it.whole == [0x05, 0x00]);
    match oid {
        [0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, hash @ 2..=4] if parameters.is_none() => {
            Ok(Scheme::Ecdsa(match hash {
                2 => Sha256,
                3 => Sha384,
                _ => Sha512,
            }))
        }
        [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, kind @ (11..=13)] if null => {
            Ok(Scheme::Rsa(
                RsaPadding::Pkcs1v15,
                match kind {
                    11 => Sha256,
                    12 => Sha384,
                    _ => Sha512,
                },
            ))
        }
        [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 10] => {
            Ok(Scheme::Rsa(RsaPadding::Pss, pss_hash(parameters)?))
        }
        // CMS names the key's algorithm alone and leaves the hash function to another field.
        [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 1] if null && key == KeyKind::Rsa => {
            Ok(Scheme::Rsa(RsaPadding::Pkcs1v15, Sha256))
        }
        [0x2b, 0x65, 0x70] if parameters.is_none() => Ok(Scheme::Ed25519),
        other => Err(Error::unsupported(
            "signature algorithm",
            der::dotted(other).unwrap_or_else(|| "an identifier that is cut off".into()),
        )),
    }
}

/// The hash function of RSASSA-PSS parameters, which must be given and no SHA-1.
fn pss_hash(parameters: Option<Value<'_>>) -> Result<HashAlgorithm, Error> {
    let sha1 = || Error::unsupported("signature algorithm", "RSASSA-PSS with SHA-1");
    let mut fields = parameters.filter(|it| it.tag == der::SEQUENCE).ok_or_else(sha1)?.reader();
    let hash = fields.optional(der::context(0))?.ok_or_else(sha1)?;
    hash_algorithm(hash.content)
}

/// The hash function that an `AlgorithmIdentifier` names.
pub(crate) fn hash_algorithm(algorithm: &[u8]) -> Result<HashAlgorithm, Error> {
    let oid = Reader::only(algorithm, der::SEQUENCE)?.reader().expect(der::OID)?.content;
    match oid {
        [0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 1] => Ok(HashAlgorithm::Sha256),
        [0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 2] => Ok(HashAlgorithm::Sha384),
        [0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 3] => Ok(HashAlgorithm::Sha512),
        other => Err(Error::unsupported("hash function", der::dotted(other).unwrap_or_default())),
    }
}

fn extensions(list: Value<'_>) -> Result<Vec<Extension>, Error> {
    let mut inside = list.reader();
    let items = inside.expect(der::SEQUENCE)?;
    inside.end()?;
    extension_items(items)
}

/// The extensions of a sequence of them.
fn extension_items(items: Value<'_>) -> Result<Vec<Extension>, Error> {
    let mut items = items.reader();
    let mut found: Vec<Extension> = Vec::new();
    while !items.is_empty() {
        let item = items.expect(der::SEQUENCE)?;
        let mut fields = item.reader();
        let oid = fields.expect(der::OID)?.content.to_vec();
        let critical = fields.optional_bool()?;
        let value = fields.expect(der::OCTET_STRING)?.content.to_vec();
        fields.end()?;
        if found.iter().any(|other| other.oid == oid) {
            let oid = der::dotted(&oid).unwrap_or_default();
            return Err(broken(format!("extension {oid} is there twice")));
        }
        if found.len() == MAX_EXTENSIONS {
            return Err(broken(format!("more than {MAX_EXTENSIONS} extensions")));
        }
        found.push(Extension { oid, critical, value, whole: item.whole.to_vec() });
    }
    Ok(found)
}

/// A `UTCTime` or `GeneralizedTime` in the form of RFC 5280, section 4.1.2.5.
pub(crate) fn time(value: Value<'_>) -> Result<Timestamp, Error> {
    let bad = || broken("a time that is not `YYMMDDHHMMSSZ` or `YYYYMMDDHHMMSSZ`");
    let text = std::str::from_utf8(value.content).map_err(|_| bad())?;
    let digits = text.strip_suffix('Z').ok_or_else(bad)?;
    // Fractions of a second are in timestamps only, and dropped: RFC 3161, section 2.4.2.
    let digits = match (value.tag, digits.split_once('.')) {
        (der::GENERALIZED_TIME, Some((whole, fraction)))
            if !fraction.is_empty() && fraction.bytes().all(|byte| byte.is_ascii_digit()) =>
        {
            whole
        }
        _ => digits,
    };
    if !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(bad());
    }
    let digits = match (value.tag, digits.len()) {
        (der::UTC_TIME, 12) if digits < "50" => format!("20{digits}"),
        (der::UTC_TIME, 12) => format!("19{digits}"),
        (der::GENERALIZED_TIME, 14) => digits.to_owned(),
        _ => return Err(bad()),
    };
    moment::of_digits(&digits).ok_or_else(bad)
}

/// A distinguished name as RFC 4514 writes it, the last part first.
fn name(bytes: &[u8]) -> String {
    fn parts(bytes: &[u8]) -> Result<Vec<String>, Error> {
        let mut found = Vec::new();
        let mut sets = Reader::only(bytes, der::SEQUENCE)?.reader();
        while !sets.is_empty() {
            let mut set = sets.expect(der::SET)?.reader();
            while !set.is_empty() {
                let mut pair = set.expect(der::SEQUENCE)?.reader();
                let key = match pair.expect(der::OID)?.content {
                    [0x55, 0x04, 0x03] => "CN".to_owned(),
                    [0x55, 0x04, 0x06] => "C".to_owned(),
                    [0x55, 0x04, 0x07] => "L".to_owned(),
                    [0x55, 0x04, 0x08] => "ST".to_owned(),
                    [0x55, 0x04, 0x0a] => "O".to_owned(),
                    [0x55, 0x04, 0x0b] => "OU".to_owned(),
                    other => der::dotted(other).unwrap_or_default(),
                };
                found.push(format!("{key}={}", printable(pair.next()?)));
            }
        }
        Ok(found)
    }
    let mut parts = parts(bytes).unwrap_or_default();
    parts.reverse();
    parts.join(",")
}

fn printable(value: Value<'_>) -> String {
    const TEXTS: &[Tag] = &[der::UTF8_STRING, der::PRINTABLE_STRING, der::IA5_STRING, 0x14];
    if TEXTS.contains(&value.tag) {
        String::from_utf8_lossy(value.content).into_owned()
    } else {
        format!("#{}", hex(value.whole))
    }
}

/// Identifiers of extensions and purposes, in DER content.
pub(crate) mod oid {
    pub(crate) const SUBJECT_KEY_ID: &[u8] = &[0x55, 0x1d, 14];
    pub(crate) const KEY_USAGE: &[u8] = &[0x55, 0x1d, 15];
    pub(crate) const INVALIDITY_DATE: &[u8] = &[0x55, 0x1d, 24];
    pub(crate) const CRL_REASON: &[u8] = &[0x55, 0x1d, 21];
    pub(crate) const ISSUING_DISTRIBUTION_POINT: &[u8] = &[0x55, 0x1d, 28];
    pub(crate) const CRL_DISTRIBUTION_POINTS: &[u8] = &[0x55, 0x1d, 31];
    /// 1.3.6.1.5.5.7.1.1, RFC 5280, section 4.2.2.1.
    pub(crate) const AUTHORITY_INFO_ACCESS: &[u8] = &[0x2b, 6, 1, 5, 5, 7, 1, 1];
    pub(crate) const OCSP: &[u8] = &[0x2b, 6, 1, 5, 5, 7, 48, 1];
    pub(crate) const SERVER_AUTH: &[u8] = &[0x2b, 6, 1, 5, 5, 7, 3, 1];
    pub(crate) const CLIENT_AUTH: &[u8] = &[0x2b, 6, 1, 5, 5, 7, 3, 2];
    pub(crate) const EMAIL_PROTECTION: &[u8] = &[0x2b, 6, 1, 5, 5, 7, 3, 4];
    pub(crate) const OCSP_SIGNING: &[u8] = &[0x2b, 6, 1, 5, 5, 7, 3, 9];
    pub(crate) const SUBJECT_ALT_NAME: &[u8] = &[0x55, 0x1d, 17];
    pub(crate) const BASIC_CONSTRAINTS: &[u8] = &[0x55, 0x1d, 19];
    pub(crate) const NAME_CONSTRAINTS: &[u8] = &[0x55, 0x1d, 30];
    pub(crate) const EXTENDED_KEY_USAGE: &[u8] = &[0x55, 0x1d, 37];
    pub(crate) const CODE_SIGNING: &[u8] = &[0x2b, 6, 1, 5, 5, 7, 3, 3];
    pub(crate) const TIME_STAMPING: &[u8] = &[0x2b, 6, 1, 5, 5, 7, 3, 8];
    pub(crate) const ANY_PURPOSE: &[u8] = &[0x55, 0x1d, 37, 0];
    /// 1.3.6.1.4.1.57264.1, below which Fulcio has its extensions.
    pub(crate) const FULCIO: &[u8] = &[0x2b, 6, 1, 4, 1, 0x83, 0xbf, 0x30, 1];
    /// 1.3.6.1.4.1.11129.2.4.2, RFC 6962.
    pub(crate) const SCT_LIST: &[u8] = &[0x2b, 6, 1, 4, 1, 0xd6, 0x79, 2, 4, 2];
}

fn broken(why: impl Into<String>) -> Error {
    Error::malformed("certificate", why)
}
