//! Signed messages of `OpenPGP`, as far as signatures on images need them.
//!
//! Keys and signatures are of version 4: RSA, ECDSA on NIST's curves, Ed25519 in both forms, with
//! SHA-2. Nothing is decrypted, no key server is asked, and who certified whom does not count.
//! Source: RFC 4880; RFC 6637 and RFC 9580 for the curves.

mod key;
mod packet;
mod signature;

use std::borrow::Cow;
use std::io::Read;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use plimsoll_model::Timestamp;

pub use key::Certificate;
use packet::{Cursor, Packet, broken};
use signature::Signature;

use crate::error::Error;

/// The largest keyring or message, inflated, in bytes: 16 MiB.
const MAX_BYTES: usize = 16 << 20;

/// The most keys in one ring.
const MAX_KEYS: usize = 1000;

/// Keys that are trusted.
#[derive(Debug, Clone, Default)]
pub struct Keyring {
    keys: Vec<Certificate>,
    /// Keys that were passed over, and why.
    pub skipped: Vec<String>,
}

/// A message whose signature holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signed {
    /// What was signed.
    pub content: Vec<u8>,
    /// The fingerprint of the primary key, as [`Certificate::fingerprint`].
    pub fingerprint: String,
    /// The first name that the key certified.
    pub name: Option<String>,
}

impl Keyring {
    /// Adds the keys of a ring, armoured or not.
    pub fn add(&mut self, bytes: &[u8]) -> Result<(), Error> {
        let bytes = unarmoured(bytes)?;
        let packets = packet::read(&bytes)?;
        let starts: Vec<usize> = packets
            .iter()
            .enumerate()
            .filter_map(|(at, it)| (it.tag == packet::PUBLIC_KEY).then_some(at))
            .collect();
        if starts.first() != Some(&0) {
            return Err(broken("a ring that does not begin with a public key"));
        }
        for (at, start) in starts.iter().enumerate() {
            let end = starts.get(at + 1).copied().unwrap_or(packets.len());
            let Some(block) = packets.get(*start..end) else { continue };
            if self.keys.len() == MAX_KEYS {
                return Err(broken(format!("more than {MAX_KEYS} keys")));
            }
            match Certificate::read(block) {
                Ok(key) => self.keys.push(key),
                Err(error) => self.skipped.push(error.to_string()),
            }
        }
        Ok(())
    }

    /// The keys.
    pub fn keys(&self) -> &[Certificate] {
        &self.keys
    }

    /// Checks that `message` is signed once, by a key of this ring that may sign at `now`.
    pub fn verify(&self, message: &[u8], now: Timestamp) -> Result<Signed, Error> {
        let packets = packet::read(message)?;
        let inflated;
        let packets = match packets.as_slice() {
            [only] if only.tag == packet::COMPRESSED => {
                inflated = inflate(&only.body)?;
                packet::read(&inflated)?
            }
            _ => packets,
        };
        let ignored = [packet::MARKER, packet::TRUST, packet::ONE_PASS];
        let parts: Vec<&Packet<'_>> =
            packets.iter().filter(|it| !ignored.contains(&it.tag)).collect();
        let (literal, signature) = match parts.as_slice() {
            [one, other] if one.tag == packet::LITERAL && other.tag == packet::SIGNATURE => {
                (one, other)
            }
            [one, other] if one.tag == packet::SIGNATURE && other.tag == packet::LITERAL => {
                (other, one)
            }
            _ => return Err(broken("not one text with one signature")),
        };
        let content = literal_content(&literal.body)?;
        let signature = Signature::read(&signature.body)?;
        if signature.kind != signature::BINARY {
            return Err(broken("a signature that is none of bytes"));
        }
        let now_seconds = u64::try_from(now.as_unix()).unwrap_or_default();
        if signature
            .expires
            .is_some_and(|span| now_seconds > signature.created.saturating_add(span))
        {
            return Err(broken("the signature has expired"));
        }
        let standing = self.keys.iter().find_map(|it| Some((it, it.signer(&signature, now)?)));
        let Some((owner, standing)) = standing else {
            return Err(broken(format!("signed by a key that is not trusted{}", who(&signature))));
        };
        let key = standing.map_err(broken)?;
        key.verify(&signature, content)?;
        Ok(Signed {
            content: content.to_vec(),
            fingerprint: owner.fingerprint(),
            name: owner.names().first().cloned(),
        })
    }
}

fn who(signature: &Signature) -> String {
    let id =
        signature.fingerprint.as_deref().or(signature.issuer.as_ref().map(<[u8; 8]>::as_slice));
    id.map(|id| format!(": {}", crate::hash::hex(id).to_uppercase())).unwrap_or_default()
}

/// What stands behind the format, the name of a file and a date.
fn literal_content(body: &[u8]) -> Result<&[u8], Error> {
    let mut fields = Cursor { rest: body };
    fields.byte()?;
    let name = usize::from(fields.byte()?);
    fields.take(name + 4)?;
    Ok(fields.rest)
}

fn inflate(body: &[u8]) -> Result<Vec<u8>, Error> {
    let Some((kind, body)) = body.split_first() else { return Err(broken("nothing compressed")) };
    let mut bytes = Vec::new();
    let limit = MAX_BYTES as u64 + 1;
    let read = match kind {
        0 => return Ok(body.to_vec()),
        1 => flate2::read::DeflateDecoder::new(body).take(limit).read_to_end(&mut bytes),
        2 => flate2::read::ZlibDecoder::new(body).take(limit).read_to_end(&mut bytes),
        other => return Err(Error::unsupported("OpenPGP", format!("compression {other}"))),
    };
    read.map_err(|error| broken(format!("compressed data: {error}")))?;
    if bytes.len() > MAX_BYTES {
        return Err(broken(format!("more than {MAX_BYTES} bytes, inflated")));
    }
    Ok(bytes)
}

/// A document without its armour: headers, base64 lines, and a checksum that is not looked at.
fn unarmoured(bytes: &[u8]) -> Result<Cow<'_, [u8]>, Error> {
    if bytes.len() > MAX_BYTES {
        return Err(broken(format!("{} bytes, more than {MAX_BYTES}", bytes.len())));
    }
    let Some(text) = std::str::from_utf8(bytes).ok().filter(|it| it.contains("-----BEGIN PGP "))
    else {
        return Ok(Cow::Borrowed(bytes));
    };
    let mut lines = text.lines().map(str::trim).skip_while(|it| !it.starts_with("-----BEGIN PGP "));
    lines.next();
    let mut all = Vec::new();
    let mut in_body = false;
    let mut body = String::new();
    for line in lines {
        if line.starts_with("-----END PGP ") {
            let decoded =
                STANDARD.decode(&body).map_err(|error| broken(format!("armour: {error}")))?;
            all.extend(decoded);
            body.clear();
            in_body = false;
        } else if in_body {
            if !line.starts_with('=') {
                body.push_str(line);
            }
        } else if line.is_empty() {
            in_body = true;
        }
    }
    Ok(Cow::Owned(all))
}
