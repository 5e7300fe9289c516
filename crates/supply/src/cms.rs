//! Signed data of the Cryptographic Message Syntax: one signer, whose attributes are signed.
//!
//! Source: RFC 5652, sections 5 and 11.

use crate::certificate::{self, Certificate};
use crate::der::{self, Reader, Value};
use crate::error::Error;
use crate::hash::HashAlgorithm;
use crate::key::{KeyKind, RsaPadding, Scheme};

/// Signed data whose structure was read and whose signature was not checked.
#[derive(Debug, Clone)]
pub(crate) struct SignedData {
    pub(crate) version: u64,
    /// What kind of content is signed: an identifier's content.
    pub(crate) content_type: Vec<u8>,
    /// The content, where it is not kept elsewhere.
    pub(crate) content: Option<Vec<u8>>,
    pub(crate) certificates: Vec<Certificate>,
    pub(crate) signer: SignerInfo,
}

/// The one who signed, and how.
#[derive(Debug, Clone)]
pub(crate) struct SignerInfo {
    what: &'static str,
    id: SignerId,
    hash: HashAlgorithm,
    /// The signed attributes' content, which is signed under the tag of a set.
    attributes: Vec<u8>,
    content_digest: Vec<u8>,
    algorithm: Vec<u8>,
    pub(crate) signature: Vec<u8>,
    /// The content of the attributes that nobody signed.
    unsigned: Vec<u8>,
}

#[derive(Debug, Clone)]
enum SignerId {
    Issued { issuer: Vec<u8>, serial: Vec<u8> },
    Key(Vec<u8>),
}

/// The most certificates that may be with a signature.
const MAX_CERTIFICATES: usize = 16;

impl SignedData {
    /// Reads a `ContentInfo` with signed data; `what` is what errors speak of.
    pub(crate) fn read(info: Value<'_>, what: &'static str) -> Result<Self, Error> {
        let broken = |why: &str| Error::malformed(what, why);
        let mut fields = info.reader();
        if fields.expect(der::OID)?.content != SIGNED_DATA {
            return Err(broken("no signed data"));
        }
        let mut wrapped = fields.expect(der::context(0))?.reader();
        let mut data = wrapped.expect(der::SEQUENCE)?.reader();
        wrapped.end()?;
        fields.end()?;
        let version = data.small()?;
        let digests = data.expect(der::SET)?;

        let mut inner = data.expect(der::SEQUENCE)?.reader();
        let content_type = inner.expect(der::OID)?.content.to_vec();
        let content = match inner.optional(der::context(0))? {
            None => None,
            Some(wrapped) => {
                let mut wrapped = wrapped.reader();
                let content = wrapped.expect(der::OCTET_STRING)?.content.to_vec();
                wrapped.end()?;
                Some(content)
            }
        };
        inner.end()?;

        let certificates = match data.optional(der::context(0))? {
            Some(set) => read_certificates(set, what)?,
            None => Vec::new(),
        };
        data.optional(der::context(1))?;
        let mut signers = data.expect(der::SET)?.reader();
        let signer = signers.expect(der::SEQUENCE)?;
        let signer = SignerInfo::read(signer, digests, &content_type, what)?;
        signers.end()?;
        data.end()?;
        Ok(Self { version, content_type, content, certificates, signer })
    }
}

impl SignerInfo {
    fn read(
        info: Value<'_>,
        digests: Value<'_>,
        content_type: &[u8],
        what: &'static str,
    ) -> Result<Self, Error> {
        let broken = |why: &str| Error::malformed(what, why);
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
        // Section 5.3: the version tells how the signer is named.
        if version != (if matches!(id, SignerId::Key(_)) { 3 } else { 1 }) {
            return Err(broken(&format!("a signer of version {version}")));
        }
        let algorithm = fields.expect(der::SEQUENCE)?;
        let hash = certificate::hash_algorithm(algorithm.whole)?;
        if !announces(digests, hash)? {
            return Err(broken("the signer's hash function is not announced"));
        }
        let attributes = fields.expect(der::context(0))?;
        let algorithm = fields.expect(der::SEQUENCE)?.whole.to_vec();
        let signature = fields.expect(der::OCTET_STRING)?.content.to_vec();
        let unsigned = fields.optional(der::context(1))?;
        fields.end()?;
        let content_digest = signed_digest(attributes, content_type, what)?;
        Ok(Self {
            what,
            id,
            hash,
            attributes: attributes.content.to_vec(),
            content_digest,
            algorithm,
            signature,
            unsigned: unsigned.map(|it| it.content.to_vec()).unwrap_or_default(),
        })
    }

    /// Whether this is the certificate of the signer.
    pub(crate) fn is(&self, certificate: &Certificate) -> bool {
        match &self.id {
            SignerId::Issued { issuer, serial } => {
                certificate.issuer_der() == issuer && certificate.serial() == serial
            }
            SignerId::Key(id) => certificate.subject_key_id() == Some(id),
        }
    }

    /// What the signature is over: the attributes, which hold the digest of the content.
    pub(crate) fn message(&self) -> Vec<u8> {
        der::encode(der::SET, &[&self.attributes])
    }

    /// Checks that the attributes are about `content`.
    pub(crate) fn check_content(&self, content: &[u8]) -> Result<(), Error> {
        if self.content_digest == self.hash.digest(content) {
            return Ok(());
        }
        Err(Error::malformed(self.what, "the message digest does not match the content"))
    }

    /// Checks that the holder of a certificate signed the attributes.
    pub(crate) fn check_signature(&self, signer: &Certificate) -> Result<(), Error> {
        let key = signer.public_key()?;
        let scheme = self.scheme(key.kind())?;
        key.verify_with(scheme, &self.message(), &self.signature)
    }

    /// The scheme of the signature. Some name the key's algorithm alone, and their digest algorithm
    /// completes it.
    fn scheme(&self, key: KeyKind) -> Result<Scheme, Error> {
        let hash = self.hash;
        let mut fields = Reader::only(&self.algorithm, der::SEQUENCE)?.reader();
        let bare = match fields.expect(der::OID)?.content {
            EC_PUBLIC_KEY => Some(Scheme::Ecdsa(hash)),
            RSA_ENCRYPTION => Some(Scheme::Rsa(RsaPadding::Pkcs1v15, hash)),
            _ => None,
        };
        match bare {
            Some(scheme) => Ok(scheme),
            None => certificate::signature_scheme(&self.algorithm, key),
        }
    }

    /// The one value of an attribute that nobody signed; none where it is not there.
    pub(crate) fn unsigned_attribute(&self, oid: &[u8]) -> Result<Option<Value<'_>>, Error> {
        let mut found = None;
        let mut items = Reader::new(&self.unsigned);
        while !items.is_empty() {
            let mut attribute = items.expect(der::SEQUENCE)?.reader();
            if attribute.expect(der::OID)?.content != oid {
                continue;
            }
            let mut values = attribute.expect(der::SET)?.reader();
            if found.replace(values.next()?).is_some() || !values.is_empty() {
                return Err(Error::malformed(self.what, "an attribute is there twice"));
            }
        }
        Ok(found)
    }
}

fn read_certificates(set: Value<'_>, what: &'static str) -> Result<Vec<Certificate>, Error> {
    let mut items = set.reader();
    let mut found = Vec::new();
    while !items.is_empty() {
        if found.len() == MAX_CERTIFICATES {
            let why = format!("more than {MAX_CERTIFICATES} certificates");
            return Err(Error::malformed(what, why));
        }
        found.push(Certificate::from_der(items.next()?.whole)?);
    }
    Ok(found)
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

/// The digest among the signed attributes, which must also say what kind of content is signed.
fn signed_digest(
    attributes: Value<'_>,
    content_type: &[u8],
    what: &'static str,
) -> Result<Vec<u8>, Error> {
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
            return Err(Error::malformed(what, "a signed attribute is there twice"));
        }
    }
    match (kind, digest) {
        (Some(kind), Some(digest))
            if kind.tag == der::OID
                && kind.content == content_type
                && digest.tag == der::OCTET_STRING =>
        {
            Ok(digest.content.to_vec())
        }
        _ => Err(Error::malformed(what, "no signed content type and message digest")),
    }
}

const SIGNED_DATA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x02];
const CONTENT_TYPE: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x03];
const MESSAGE_DIGEST: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x04];
const EC_PUBLIC_KEY: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01];
const RSA_ENCRYPTION: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01];
