//! Signed certificate timestamps: a log's promise to publish a certificate.
//!
//! Fulcio embeds them. What was signed is the certificate without them, so it is rebuilt from the
//! parts of the one at hand. Source: RFC 6962, sections 3.2 and 3.3.

use plimsoll_model::Timestamp;

use crate::certificate::{Certificate, oid};
use crate::der::{self, Reader};
use crate::error::Error;
use crate::hash::{HashAlgorithm, sha256};
use crate::key::{RsaPadding, Scheme};
use crate::trust::TrustedLog;

/// One promise.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedCertificateTimestamp {
    /// Which log made it.
    pub log_id: Vec<u8>,
    /// When, in milliseconds since 1970.
    pub millis: u64,
    extensions: Vec<u8>,
    scheme: Scheme,
    signature: Vec<u8>,
}

/// The most promises that are read from one certificate.
const MAX_SCTS: usize = 16;

impl SignedCertificateTimestamp {
    /// Every promise that is embedded in `certificate`.
    pub fn embedded_in(certificate: &Certificate) -> Result<Vec<Self>, Error> {
        let Some(extension) = certificate.extension(oid::SCT_LIST) else { return Ok(Vec::new()) };
        let list = Reader::only(&extension.value, der::OCTET_STRING)?.content;
        let mut bytes = Tls(list);
        let mut items = Tls(bytes.vector16()?);
        bytes.end()?;
        let mut found = Vec::new();
        while !items.0.is_empty() {
            if found.len() == MAX_SCTS {
                return Err(broken(format!("more than {MAX_SCTS}")));
            }
            found.push(Self::read(items.vector16()?)?);
        }
        Ok(found)
    }

    fn read(item: &[u8]) -> Result<Self, Error> {
        let mut bytes = Tls(item);
        if bytes.take(1)? != [0] {
            return Err(broken("a version that is not 1"));
        }
        let log_id = bytes.take(32)?.to_vec();
        let millis = bytes.take(8)?.iter().fold(0, |sum, byte| sum << 8 | u64::from(*byte));
        let extensions = bytes.vector16()?.to_vec();
        let scheme = match bytes.take(2)? {
            [4, 1] => Scheme::Rsa(RsaPadding::Pkcs1v15, HashAlgorithm::Sha256),
            [4, 3] => Scheme::Ecdsa(HashAlgorithm::Sha256),
            other => return Err(Error::unsupported("SCT", format!("algorithms {other:?}"))),
        };
        let signature = bytes.vector16()?.to_vec();
        bytes.end()?;
        Ok(Self { log_id, millis, extensions, scheme, signature })
    }

    /// When the promise was made.
    pub fn time(&self) -> Timestamp {
        Timestamp::from_unix(i64::try_from(self.millis / 1000).unwrap_or(i64::MAX))
    }

    /// Checks the promise of `log` for `leaf`, which `issuer` issued.
    pub fn verify(
        &self,
        leaf: &Certificate,
        issuer: &Certificate,
        log: &TrustedLog,
    ) -> Result<(), Error> {
        if !log.span.contains(self.time()) {
            return Err(broken(format!(
                "made at {}, while the log's key counts from {}",
                self.time(),
                log.span
            )));
        }
        let message = self.signed(leaf, issuer)?;
        log.key.verify_with(self.scheme, &message, &self.signature)
    }

    /// The `digitally-signed` structure for a precertificate.
    fn signed(&self, leaf: &Certificate, issuer: &Certificate) -> Result<Vec<u8>, Error> {
        let tbs = without_scts(leaf)?;
        let mut message = vec![0, 0];
        message.extend_from_slice(&self.millis.to_be_bytes());
        message.extend_from_slice(&[0, 1]);
        message.extend_from_slice(&sha256(issuer.spki_der()));
        let length = u32::try_from(tbs.len()).unwrap_or(u32::MAX).to_be_bytes();
        message.extend_from_slice(length.get(1..).unwrap_or_default());
        message.extend_from_slice(&tbs);
        let length = u16::try_from(self.extensions.len()).unwrap_or(u16::MAX);
        message.extend_from_slice(&length.to_be_bytes());
        message.extend_from_slice(&self.extensions);
        Ok(message)
    }
}

/// What the issuer signs of `leaf`, without the extension that holds the promises.
fn without_scts(leaf: &Certificate) -> Result<Vec<u8>, Error> {
    let kept: Vec<&[u8]> = leaf
        .extensions()
        .iter()
        .filter(|extension| extension.oid != oid::SCT_LIST)
        .map(|extension| extension.whole.as_slice())
        .collect();
    let list = der::encode(der::SEQUENCE, &kept);
    let list = der::encode(der::context(3), &[&list]);
    let mut parts: Vec<&[u8]> = Vec::new();
    let mut fields = Reader::only(leaf.tbs(), der::SEQUENCE)?.reader();
    while !fields.is_empty() {
        let field = fields.next()?;
        parts.push(if field.tag == der::context(3) { &list } else { field.whole });
    }
    Ok(der::encode(der::SEQUENCE, &parts))
}

/// Bytes in the presentation language of TLS.
struct Tls<'a>(&'a [u8]);

impl<'a> Tls<'a> {
    fn take(&mut self, count: usize) -> Result<&'a [u8], Error> {
        let (taken, rest) =
            self.0.split_at_checked(count).ok_or_else(|| broken("the list is cut off"))?;
        self.0 = rest;
        Ok(taken)
    }

    fn vector16(&mut self) -> Result<&'a [u8], Error> {
        let length = self.take(2)?.iter().fold(0, |sum, byte| sum << 8 | usize::from(*byte));
        self.take(length)
    }

    fn end(&self) -> Result<(), Error> {
        if self.0.is_empty() { Ok(()) } else { Err(broken("bytes after the end")) }
    }
}

fn broken(why: impl Into<String>) -> Error {
    Error::malformed("SCT", why)
}
