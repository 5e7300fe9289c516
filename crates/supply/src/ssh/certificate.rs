//! Certificates of OpenSSH: an authority says who a key belongs to, and for how long.
//!
//! Source: OpenSSH's `PROTOCOL.certkeys`.

use super::key::Key;
use super::wire::Reader;
use crate::error::Error;

const WHAT: &str = "SSH certificate";

/// The most names in one certificate, as in OpenSSH.
const MAX_PRINCIPALS: usize = 256;

/// What a certificate says, with the authority's signature checked.
#[derive(Debug, Clone)]
pub struct Certificate {
    /// The authority's number for it.
    pub serial: u64,
    /// What the authority calls it.
    pub key_id: String,
    /// Whose key it is. A certificate without names is for nobody.
    pub principals: Vec<String>,
    /// Seconds since the epoch.
    valid_after: u64,
    /// Seconds since the epoch; not valid at this one any more.
    valid_before: u64,
    is_for_users: bool,
    pub(super) demands_verified_user: bool,
    authority: Key,
}

impl Certificate {
    /// Reads what stands behind the key, to the end of `whole`.
    pub(super) fn read(whole: &[u8], fields: &mut Reader<'_>) -> Result<Self, Error> {
        let serial = fields.u64()?;
        let kind = fields.u32()?;
        let key_id = fields.text()?.to_owned();
        let principals = principals(fields.string()?)?;
        let (valid_after, valid_before) = (fields.u64()?, fields.u64()?);
        let demands_verified_user = critical_options(fields.string()?)?;
        // Extensions permit what a session may do, and mean nothing here.
        fields.string()?;
        fields.string()?;
        let authority = fields.string()?;
        let signed = whole.get(..whole.len() - fields.rest().len()).unwrap_or_default();
        let signature = fields.string()?;
        if is_certificate(authority)? {
            return Err(Error::malformed(WHAT, "its authority is itself a certificate"));
        }
        let authority = Key::from_blob(authority)?;
        authority
            .verify(signed, signature)
            .map_err(|error| Error::malformed(WHAT, format!("the authority's: {error}")))?;
        let is_for_users = match kind {
            1 => true,
            2 => false,
            other => return Err(Error::malformed(WHAT, format!("it is of the type {other}"))),
        };
        Ok(Self {
            serial,
            key_id,
            principals,
            valid_after,
            valid_before,
            is_for_users,
            demands_verified_user,
            authority,
        })
    }

    /// The key that signed it.
    pub fn authority(&self) -> &Key {
        &self.authority
    }

    /// Says why it is not one of a person that counts at `time`, in seconds since the epoch.
    pub(super) fn check(&self, time: u64) -> Result<(), &'static str> {
        match () {
            () if !self.is_for_users => Err("the certificate is one of a host"),
            () if time < self.valid_after => Err("the certificate is not valid yet"),
            () if time >= self.valid_before => Err("the certificate has expired"),
            () if self.principals.is_empty() => Err("the certificate names nobody"),
            () => Ok(()),
        }
    }
}

/// Whether a key is one with a certificate; certificates are not nested, so that reading ends.
fn is_certificate(blob: &[u8]) -> Result<bool, Error> {
    Ok(Reader::new(WHAT, blob).text()?.contains("-cert-"))
}

fn principals(list: &[u8]) -> Result<Vec<String>, Error> {
    let mut fields = Reader::new(WHAT, list);
    let mut found = Vec::new();
    while !fields.is_empty() {
        if found.len() == MAX_PRINCIPALS {
            return Err(Error::malformed(WHAT, format!("more than {MAX_PRINCIPALS} names")));
        }
        found.push(fields.text()?.to_owned());
    }
    Ok(found)
}

/// Reads the options that must be understood. Those about sessions do not bear on signatures;
/// one of them says that a FIDO device must verify its user.
fn critical_options(list: &[u8]) -> Result<bool, Error> {
    let mut fields = Reader::new(WHAT, list);
    let mut demands_verified_user = false;
    while !fields.is_empty() {
        match (fields.text()?, fields.string()?) {
            ("force-command" | "source-address", _) => {}
            ("verify-required", _) => demands_verified_user = true,
            (other, _) => {
                return Err(Error::unsupported(WHAT, format!("the critical option `{other}`")));
            }
        }
    }
    Ok(demands_verified_user)
}
