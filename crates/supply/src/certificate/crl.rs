//! Lists of revoked certificates, read in place.
//!
//! Source: RFC 5280, section 5. Which entries count, and that the scope of a list is not looked at,
//! is as `revocation/internal/crl` of notaryproject/notation-core-go has it. Delta lists are not
//! read.

use plimsoll_model::Timestamp;

use super::{Certificate, oid, signature_scheme, time};
use crate::der::{self, Reader, Value};
use crate::error::Error;
use crate::key::pem;

/// A list whose structure was read and whose signature was not checked.
#[derive(Debug, Clone)]
pub struct RevocationList {
    tbs: Vec<u8>,
    issuer: Vec<u8>,
    this_update: Timestamp,
    next_update: Option<Timestamp>,
    /// The entries, one after the other.
    entries: Vec<u8>,
    /// A critical extension that is not known here, or that makes it a delta list.
    strange: Option<String>,
    algorithm: Vec<u8>,
    signature: Vec<u8>,
}

/// The largest list that is read, in bytes: 64 MiB. Those of some authorities have 10.
pub const MAX_BYTES: usize = 64 << 20;

/// The bit of key usage that allows to sign lists.
const CRL_SIGN: u8 = 0x02;

/// 2.5.29.27
const DELTA_INDICATOR: &[u8] = &[0x55, 0x1d, 27];

/// Whether a certificate was revoked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Revocation {
    /// The list says nothing against it.
    Good,
    /// It was revoked at this moment.
    Revoked(Timestamp),
}

impl RevocationList {
    /// Reads PEM with one list, or DER.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, Error> {
        if bytes.len() > MAX_BYTES {
            return Err(broken(format!("{} bytes, more than {MAX_BYTES}", bytes.len())));
        }
        if !bytes.starts_with(&[der::SEQUENCE]) {
            let text = std::str::from_utf8(bytes).map_err(|_| broken("neither PEM nor DER"))?;
            let block = pem::only_block(text)?;
            if block.label != "X509 CRL" {
                return Err(broken(format!("PEM block `{}`", block.label)));
            }
            return Self::read(&block.bytes);
        }
        Self::read(bytes)
    }

    fn read(bytes: &[u8]) -> Result<Self, Error> {
        let mut outer = Reader::only(bytes, der::SEQUENCE)?.reader();
        let tbs = outer.expect(der::SEQUENCE)?;
        let algorithm = outer.expect(der::SEQUENCE)?;
        let signature = outer.bits()?.to_vec();
        outer.end()?;
        let mut fields = tbs.reader();
        if fields.optional(der::INTEGER)?.is_none_or(|version| version.content != [1]) {
            return Err(broken("a version that is not 2"));
        }
        if fields.expect(der::SEQUENCE)?.whole != algorithm.whole {
            return Err(broken("two different signature algorithms"));
        }
        let issuer = fields.expect(der::SEQUENCE)?.whole.to_vec();
        let this_update = time(fields.next()?)?;
        let next_update = match fields.optional(der::UTC_TIME)? {
            Some(value) => Some(time(value)?),
            None => fields.optional(der::GENERALIZED_TIME)?.map(time).transpose()?,
        };
        let entries = fields.optional(der::SEQUENCE)?.map(|list| list.content.to_vec());
        let strange = match fields.optional(der::context(0))? {
            Some(list) => strange(list)?,
            None => None,
        };
        fields.end()?;
        Ok(Self {
            tbs: tbs.whole.to_vec(),
            issuer,
            this_update,
            next_update,
            entries: entries.unwrap_or_default(),
            strange,
            algorithm: algorithm.whole.to_vec(),
            signature,
        })
    }

    /// Whether the list names `certificate`'s issuer as its own.
    pub fn is_about(&self, certificate: &Certificate) -> bool {
        self.issuer == certificate.issuer_der()
    }

    /// Checks that `issuer` made this list and that it counts at `now`.
    pub fn verify(&self, issuer: &Certificate, now: Timestamp) -> Result<(), Error> {
        if self.issuer != issuer.subject_der() {
            return Err(broken(format!("it is not of `{issuer}`")));
        }
        if issuer.key_usage()? & CRL_SIGN == 0 {
            return Err(broken(format!("`{issuer}` may not sign lists: key usage")));
        }
        let key = issuer.public_key()?;
        let scheme = signature_scheme(&self.algorithm, key.kind())?;
        key.verify_with(scheme, &self.tbs, &self.signature)?;
        if let Some(strange) = &self.strange {
            return Err(broken(format!("the critical extension {strange} is not known here")));
        }
        match self.next_update {
            None => Err(broken("it does not say when the next one is due")),
            Some(next) if now > next => Err(broken(format!("it counted until {next}"))),
            Some(_) if now < self.this_update => {
                Err(broken(format!("it counts from {}", self.this_update)))
            }
            Some(_) => Ok(()),
        }
    }

    /// What the list says of `certificate`. An entry whose key was good until after `signed` does
    /// not count; a certificate on hold is revoked.
    pub fn status(
        &self,
        certificate: &Certificate,
        signed: Option<Timestamp>,
    ) -> Result<Revocation, Error> {
        let mut entries = Reader::new(&self.entries);
        let mut last: Option<Entry> = None;
        while !entries.is_empty() {
            let entry = entries.expect(der::SEQUENCE)?;
            let mut fields = entry.reader();
            if fields.expect(der::INTEGER)?.content != certificate.serial() {
                continue;
            }
            let entry = Entry::read(fields)?;
            if let (Some(signed), Some(invalid)) = (signed, entry.invalid_since)
                && signed < invalid
            {
                return Ok(Revocation::Good);
            }
            if entry.is_final() {
                return Ok(Revocation::Revoked(entry.at));
            }
            if last.as_ref().is_none_or(|last| last.at < entry.at) {
                last = Some(entry);
            }
        }
        Ok(match last {
            Some(entry) if entry.reason == ON_HOLD => Revocation::Revoked(entry.at),
            _ => Revocation::Good,
        })
    }
}

struct Entry {
    at: Timestamp,
    reason: u8,
    invalid_since: Option<Timestamp>,
}

const ON_HOLD: u8 = 6;
const REMOVED: u8 = 8;

impl Entry {
    /// Reads what is behind the serial number.
    fn read(mut fields: Reader<'_>) -> Result<Self, Error> {
        let at = time(fields.next()?)?;
        let mut entry = Self { at, reason: 0, invalid_since: None };
        let Some(list) = fields.optional(der::SEQUENCE)? else { return Ok(entry) };
        for extension in super::extension_items(list)? {
            match extension.oid.as_slice() {
                oid::CRL_REASON => {
                    const ENUMERATED: der::Tag = 0x0a;
                    let value = Reader::only(&extension.value, ENUMERATED)?.content;
                    entry.reason = value.first().copied().unwrap_or(0);
                }
                oid::INVALIDITY_DATE => {
                    let value = Reader::only(&extension.value, der::GENERALIZED_TIME)?;
                    entry.invalid_since = Some(time(value)?);
                }
                _ if extension.critical => {
                    let oid = der::dotted(&extension.oid).unwrap_or_default();
                    return Err(broken(format!("an entry with the critical extension {oid}")));
                }
                _ => {}
            }
        }
        Ok(entry)
    }

    fn is_final(&self) -> bool {
        ![ON_HOLD, REMOVED].contains(&self.reason)
    }
}

/// The first extension that forbids to use the list here.
fn strange(list: Value<'_>) -> Result<Option<String>, Error> {
    let mut inside = list.reader();
    let items = inside.expect(der::SEQUENCE)?;
    inside.end()?;
    let found = super::extension_items(items)?.into_iter().find(|it| {
        it.critical && it.oid != oid::ISSUING_DISTRIBUTION_POINT || it.oid == DELTA_INDICATOR
    });
    Ok(found.map(|it| der::dotted(&it.oid).unwrap_or_default()))
}

/// Where a certificate says that its revocation can be looked up.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RevocationSources {
    /// Where lists are.
    pub lists: Vec<String>,
    /// Whether a service answers questions about it.
    pub ocsp: bool,
}

impl RevocationSources {
    /// What `certificate` says.
    pub fn of(certificate: &Certificate) -> Result<Self, Error> {
        let mut found = Self::default();
        if let Some(extension) = certificate.extension(oid::CRL_DISTRIBUTION_POINTS) {
            let mut points = Reader::only(&extension.value, der::SEQUENCE)?.reader();
            while !points.is_empty() {
                let mut fields = points.expect(der::SEQUENCE)?.reader();
                let Some(point) = fields.optional(der::context(0))? else { continue };
                let Some(names) = point.reader().optional(der::context(0))? else { continue };
                found.add_urls(names)?;
            }
        }
        if let Some(extension) = certificate.extension(oid::AUTHORITY_INFO_ACCESS) {
            let mut items = Reader::only(&extension.value, der::SEQUENCE)?.reader();
            while !items.is_empty() {
                let mut fields = items.expect(der::SEQUENCE)?.reader();
                found.ocsp |= fields.expect(der::OID)?.content == oid::OCSP;
            }
        }
        Ok(found)
    }

    fn add_urls(&mut self, names: Value<'_>) -> Result<(), Error> {
        const URI: der::Tag = 0x86;
        let mut names = names.reader();
        while !names.is_empty() {
            let name = names.next()?;
            if name.tag == URI {
                self.lists.push(String::from_utf8_lossy(name.content).into_owned());
            }
        }
        Ok(())
    }
}

fn broken(why: impl Into<String>) -> Error {
    Error::malformed("revocation list", why)
}
