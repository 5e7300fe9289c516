//! Signatures of version 4.
//!
//! Source: RFC 4880, section 5.2.

use super::packet::{Cursor, broken};
use crate::error::Error;
use crate::hash::HashAlgorithm;

/// A signature that was read and not checked.
#[derive(Debug, Clone)]
pub(super) struct Signature {
    pub(super) kind: u8,
    pub(super) algorithm: u8,
    pub(super) hash: HashAlgorithm,
    /// Seconds since the epoch.
    pub(super) created: u64,
    /// Seconds after `created`.
    pub(super) expires: Option<u64>,
    /// Seconds after the key was made.
    pub(super) key_expires: Option<u64>,
    pub(super) key_flags: Option<u8>,
    pub(super) issuer: Option<[u8; 8]>,
    pub(super) fingerprint: Option<Vec<u8>>,
    /// What a subkey that signs says of its primary key.
    pub(super) embedded: Option<Vec<u8>>,
    /// What is hashed behind the content.
    pub(super) trailer: Vec<u8>,
    pub(super) material: Vec<u8>,
}

pub(super) const BINARY: u8 = 0x00;
pub(super) const CERTIFICATIONS: std::ops::RangeInclusive<u8> = 0x10..=0x13;
pub(super) const SUBKEY_BINDING: u8 = 0x18;
pub(super) const PRIMARY_BINDING: u8 = 0x19;
pub(super) const DIRECT: u8 = 0x1f;
pub(super) const KEY_REVOCATION: u8 = 0x20;
pub(super) const SUBKEY_REVOCATION: u8 = 0x28;
pub(super) const CERTIFICATION_REVOCATION: u8 = 0x30;

impl Signature {
    pub(super) fn read(body: &[u8]) -> Result<Self, Error> {
        let mut fields = Cursor { rest: body };
        let version = fields.byte()?;
        if version != 4 {
            return Err(Error::unsupported("OpenPGP signature", format!("version {version}")));
        }
        let (kind, algorithm, hash) = (fields.byte()?, fields.byte()?, fields.byte()?);
        let hash = match hash {
            8 => HashAlgorithm::Sha256,
            9 => HashAlgorithm::Sha384,
            10 => HashAlgorithm::Sha512,
            2 => return Err(Error::unsupported("OpenPGP signature", "SHA-1")),
            other => {
                return Err(Error::unsupported("OpenPGP signature", format!("hash {other}")));
            }
        };
        let length = fields.number(2)?;
        let hashed = fields.take(length)?;
        let signed = body.get(..6 + length).unwrap_or_default();
        let length = fields.number(2)?;
        let unhashed = fields.take(length)?;
        fields.take(2)?;
        let size = u32::try_from(signed.len()).unwrap_or(u32::MAX).to_be_bytes();
        let mut signature = Self {
            kind,
            algorithm,
            hash,
            created: 0,
            expires: None,
            key_expires: None,
            key_flags: None,
            issuer: None,
            fingerprint: None,
            embedded: None,
            trailer: [signed, &[4, 0xff], &size].concat(),
            material: fields.rest.to_vec(),
        };
        signature.subpackets(hashed, true)?;
        signature.subpackets(unhashed, false)?;
        if signature.created == 0 {
            return Err(broken("a signature without its time"));
        }
        Ok(signature)
    }

    fn subpackets(&mut self, list: &[u8], is_signed: bool) -> Result<(), Error> {
        let mut cursor = Cursor { rest: list };
        while !cursor.rest.is_empty() {
            let (kind, critical, body) = cursor.subpacket()?;
            let mut value = Cursor { rest: body };
            match (kind, is_signed) {
                (2, true) => self.created = value.number(4)? as u64,
                (3, true) => self.expires = Some(value.number(4)? as u64).filter(|it| *it > 0),
                (9, true) => self.key_expires = Some(value.number(4)? as u64).filter(|it| *it > 0),
                (27, true) => self.key_flags = Some(body.first().copied().unwrap_or(0)),
                // Who signed is a hint, and what is embedded is signed by itself.
                (16, _) => self.issuer = body.try_into().ok(),
                (33, _) => self.fingerprint = body.get(1..).map(<[u8]>::to_vec),
                (32, _) => self.embedded = Some(body.to_vec()),
                _ if critical && is_signed && !HARMLESS.contains(&kind) => {
                    let why = format!("the critical subpacket {kind}");
                    return Err(Error::unsupported("OpenPGP signature", why));
                }
                _ => {}
            }
        }
        Ok(())
    }
}

/// Preferences, notations that are for people, and reasons: nothing in them limits a signature.
const HARMLESS: [u8; 10] = [4, 11, 21, 22, 23, 24, 25, 28, 29, 30];
