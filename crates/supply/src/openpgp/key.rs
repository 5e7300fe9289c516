//! Keys of version 4, and whether they may sign now.
//!
//! A key counts only by its own signatures: a user's name or the key itself must be certified by it,
//! a subkey bound, and one that signs must bind itself as well. Its newest signature says how long
//! it counts. Source: RFC 4880, sections 5.2.4, 5.5 and 11.

use plimsoll_model::Timestamp;

use super::packet::{self, Cursor, Packet, broken};
use super::signature::{self, Signature};
use crate::der;
use crate::error::Error;
use crate::key::{Curve, KeyKind, PublicKey as Verifier, RsaPadding, Scheme};

/// A public key with what is needed to check signatures by it.
#[derive(Debug, Clone)]
pub(super) struct Key {
    body: Vec<u8>,
    created: u64,
    algorithm: u8,
    pub(super) fingerprint: Vec<u8>,
    verifier: Verifier,
}

impl Key {
    fn read(body: &[u8]) -> Result<Self, Error> {
        let mut fields = Cursor { rest: body };
        let version = fields.byte()?;
        if version != 4 {
            return Err(Error::unsupported("OpenPGP key", format!("version {version}")));
        }
        let created = fields.number(4)? as u64;
        let algorithm = fields.byte()?;
        let verifier = match algorithm {
            1 | 3 => {
                let numbers = [der::unsigned(fields.integer()?), der::unsigned(fields.integer()?)];
                let [modulus, exponent] = &numbers;
                Verifier::from_pkcs1_der(&der::encode(der::SEQUENCE, &[modulus, exponent]))?
            }
            19 => {
                let length = usize::from(fields.byte()?);
                let curve = match fields.take(length)? {
                    [0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07] => Curve::P256,
                    [0x2b, 0x81, 0x04, 0x00, 0x22] => Curve::P384,
                    [0x2b, 0x81, 0x04, 0x00, 0x23] => Curve::P521,
                    _ => return Err(Error::unsupported("OpenPGP key", "a curve")),
                };
                Verifier::from_point(curve, fields.integer()?)?
            }
            22 => {
                let length = usize::from(fields.byte()?);
                let curve = fields.take(length)?;
                match (curve, fields.integer()?) {
                    (ED25519_LEGACY, [0x40, key @ ..]) => Verifier::from_ed25519(key)?,
                    _ => return Err(Error::unsupported("OpenPGP key", "a curve")),
                }
            }
            27 => Verifier::from_ed25519(fields.take(32)?)?,
            other => return Err(Error::unsupported("OpenPGP key", format!("algorithm {other}"))),
        };
        let fingerprint =
            ring::digest::digest(&ring::digest::SHA1_FOR_LEGACY_USE_ONLY, &framed(body));
        let fingerprint = fingerprint.as_ref().to_vec();
        Ok(Self { body: body.to_vec(), created, algorithm, fingerprint, verifier })
    }

    fn id(&self) -> Option<[u8; 8]> {
        self.fingerprint.get(12..)?.try_into().ok()
    }

    /// Whether a signature says that this key made it.
    pub(super) fn is_issuer_of(&self, signature: &Signature) -> bool {
        match &signature.fingerprint {
            Some(fingerprint) => *fingerprint == self.fingerprint,
            None => signature.issuer.is_some() && signature.issuer == self.id(),
        }
    }

    /// Checks a signature over `content`.
    pub(super) fn verify(&self, signature: &Signature, content: &[u8]) -> Result<(), Error> {
        let same = match (self.algorithm, signature.algorithm) {
            (1 | 3, 1 | 3) => true,
            (key, other) => key == other,
        };
        if !same || signature.created < self.created {
            return Err(Error::BadSignature);
        }
        let message = [content, &signature.trailer].concat();
        let mut material = Cursor { rest: &signature.material };
        match self.verifier.kind() {
            KeyKind::Rsa => {
                let length = self.verifier.rsa_bits().unwrap_or_default().div_ceil(8);
                let bare = padded(material.integer()?, length)?;
                let scheme = Scheme::Rsa(RsaPadding::Pkcs1v15, signature.hash);
                self.verifier.verify_with(scheme, &message, &bare)
            }
            KeyKind::Ecdsa(_) => {
                let numbers =
                    [der::unsigned(material.integer()?), der::unsigned(material.integer()?)];
                let [r, s] = &numbers;
                let bare = der::encode(der::SEQUENCE, &[r, s]);
                self.verifier.verify_with(Scheme::Ecdsa(signature.hash), &message, &bare)
            }
            KeyKind::Ed25519 => {
                let bare = if self.algorithm == 27 {
                    material.take(64)?.to_vec()
                } else {
                    [padded(material.integer()?, 32)?, padded(material.integer()?, 32)?].concat()
                };
                let digest = signature.hash.digest(&message);
                self.verifier.verify_with(Scheme::Ed25519, &digest, &bare)
            }
        }
    }

    /// Whether a newest signature's span of this key has not ended.
    fn counts(&self, span: Option<u64>, now: Timestamp) -> bool {
        let now = u64::try_from(now.as_unix()).unwrap_or_default();
        self.created <= now && span.is_none_or(|span| now < self.created.saturating_add(span))
    }
}

/// 1.3.6.1.4.1.11591.15.1
const ED25519_LEGACY: &[u8] = &[0x2b, 0x06, 0x01, 0x04, 0x01, 0xda, 0x47, 0x0f, 0x01];

/// A number with leading zeros up to `length` bytes.
fn padded(digits: &[u8], length: usize) -> Result<Vec<u8>, Error> {
    let zeros = length.checked_sub(digits.len()).ok_or(Error::BadSignature)?;
    let mut bytes = vec![0; zeros];
    bytes.extend_from_slice(digits);
    Ok(bytes)
}

/// A key as it is hashed.
fn framed(body: &[u8]) -> Vec<u8> {
    let length = u16::try_from(body.len()).unwrap_or(u16::MAX).to_be_bytes();
    [&[0x99], &length[..], body].concat()
}

/// A user's name as it is hashed.
fn framed_name(tag: u8, body: &[u8]) -> Vec<u8> {
    let prefix = if tag == packet::USER_ID { 0xb4 } else { 0xd1 };
    let length = u32::try_from(body.len()).unwrap_or(u32::MAX).to_be_bytes();
    [&[prefix], &length[..], body].concat()
}

/// A primary key and its subkeys.
#[derive(Debug, Clone)]
pub struct Certificate {
    primary: Key,
    names: Vec<String>,
    /// What may sign, or why it may not, with the key's own signatures checked.
    signers: Vec<(Key, Result<Span, String>)>,
}

/// Until when a key counts, in seconds after it was made.
#[derive(Debug, Clone, Copy)]
struct Span {
    primary: Option<u64>,
    own: Option<u64>,
}

/// The key may sign data.
const MAY_SIGN: u8 = 0x02;

impl Certificate {
    /// The primary key's fingerprint in upper-case hexadecimal, as gpg shows it.
    pub fn fingerprint(&self) -> String {
        crate::hash::hex(&self.primary.fingerprint).to_uppercase()
    }

    /// The users' names that the key certified.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// The key that made `signature`, if it may sign at `now`.
    pub(super) fn signer(
        &self,
        signature: &Signature,
        now: Timestamp,
    ) -> Option<Result<&Key, String>> {
        let (key, standing) = self.signers.iter().find(|(it, _)| it.is_issuer_of(signature))?;
        Some(match standing {
            Err(why) => Err(why.clone()),
            Ok(span) => {
                if self.primary.counts(span.primary, now) && key.counts(span.own, now) {
                    Ok(key)
                } else {
                    Err(format!("the key {} has expired", self.fingerprint()))
                }
            }
        })
    }

    /// Reads a key and everything behind it up to the next one.
    pub(super) fn read(packets: &[Packet<'_>]) -> Result<Self, Error> {
        let Some((first, rest)) = packets.split_first() else { return Err(broken("no key")) };
        let primary = Key::read(&first.body)?;
        let content = framed(&primary.body);
        let parts = parts(rest);
        let mut state = Standing::default();
        for part in &parts {
            match part.owner {
                None => state.of_key(&primary, &content, &part.signatures),
                Some(owner) if owner.tag != packet::PUBLIC_SUBKEY => {
                    state.of_name(&primary, &content, owner, &part.signatures);
                }
                Some(_) => {}
            }
        }
        let standing = state.conclude();
        let mut signers = vec![(primary.clone(), primary_standing(&standing))];
        for part in &parts {
            let Some(owner) = part.owner.filter(|it| it.tag == packet::PUBLIC_SUBKEY) else {
                continue;
            };
            // A subkey of an unknown kind, such as one for encryption, signs nothing.
            let Ok(subkey) = Key::read(&owner.body) else { continue };
            let bound = subkey_standing(&primary, &subkey, &part.signatures);
            let bound = standing
                .as_ref()
                .map_err(Clone::clone)
                .and_then(|primary| bound.map(|own| Span { primary: primary.key_expires, own }));
            signers.push((subkey, bound));
        }
        Ok(Self { primary, names: state.names, signers })
    }
}

/// A name or a subkey, and the signatures behind it; the first is of the key itself.
struct Part<'a> {
    owner: Option<&'a Packet<'a>>,
    signatures: Vec<Signature>,
}

fn parts<'a>(packets: &'a [Packet<'a>]) -> Vec<Part<'a>> {
    let mut found = vec![Part { owner: None, signatures: Vec::new() }];
    for packet in packets {
        match packet.tag {
            packet::SIGNATURE => {
                // One that is not read, such as with SHA-1, certifies nothing.
                if let (Some(part), Ok(signature)) =
                    (found.last_mut(), Signature::read(&packet.body))
                {
                    part.signatures.push(signature);
                }
            }
            packet::USER_ID | packet::USER_ATTRIBUTE | packet::PUBLIC_SUBKEY => {
                found.push(Part { owner: Some(packet), signatures: Vec::new() });
            }
            _ => {}
        }
    }
    found
}

/// What a primary key says of itself.
#[derive(Default)]
struct Standing {
    revoked: bool,
    newest: Option<Signature>,
    names: Vec<String>,
}

impl Standing {
    fn of_key(&mut self, primary: &Key, content: &[u8], signatures: &[Signature]) {
        for it in signatures.iter().filter(|it| primary.verify(it, content).is_ok()) {
            match it.kind {
                signature::KEY_REVOCATION => self.revoked = true,
                signature::DIRECT => self.offer(it),
                _ => {}
            }
        }
    }

    fn of_name(
        &mut self,
        primary: &Key,
        content: &[u8],
        owner: &Packet<'_>,
        signatures: &[Signature],
    ) {
        let content = [content, &framed_name(owner.tag, &owner.body)].concat();
        let own: Vec<&Signature> =
            signatures.iter().filter(|it| primary.verify(it, &content).is_ok()).collect();
        if own.iter().any(|it| it.kind == signature::CERTIFICATION_REVOCATION) {
            return;
        }
        let own = own.into_iter().filter(|it| signature::CERTIFICATIONS.contains(&it.kind));
        if let Some(newest) = own.max_by_key(|it| it.created) {
            self.names.push(String::from_utf8_lossy(&owner.body).into_owned());
            self.offer(newest);
        }
    }

    fn offer(&mut self, signature: &Signature) {
        if self.newest.as_ref().is_none_or(|newest| newest.created < signature.created) {
            self.newest = Some(signature.clone());
        }
    }

    fn conclude(&self) -> Result<Signature, String> {
        match &self.newest {
            _ if self.revoked => Err("the key was revoked".into()),
            Some(newest) => Ok(newest.clone()),
            None => Err("the key certifies neither a name nor itself".into()),
        }
    }
}

fn primary_standing(standing: &Result<Signature, String>) -> Result<Span, String> {
    let newest = standing.as_ref().map_err(Clone::clone)?;
    if newest.key_flags.is_some_and(|flags| flags & MAY_SIGN == 0) {
        return Err("the key is not for signing".into());
    }
    Ok(Span { primary: newest.key_expires, own: newest.key_expires })
}

/// How long a subkey counts.
fn subkey_standing(
    primary: &Key,
    subkey: &Key,
    signatures: &[Signature],
) -> Result<Option<u64>, String> {
    let content = [framed(&primary.body), framed(&subkey.body)].concat();
    let own: Vec<&Signature> =
        signatures.iter().filter(|it| primary.verify(it, &content).is_ok()).collect();
    if own.iter().any(|it| it.kind == signature::SUBKEY_REVOCATION) {
        return Err("the subkey was revoked".into());
    }
    let bindings = own.into_iter().filter(|it| it.kind == signature::SUBKEY_BINDING);
    let newest = bindings.max_by_key(|it| it.created).ok_or("the subkey is not bound")?;
    if newest.key_flags.is_some_and(|flags| flags & MAY_SIGN == 0) {
        return Err("the subkey is not for signing".into());
    }
    let back = newest.embedded.as_deref().map(Signature::read);
    let back = back.and_then(Result::ok).filter(|it| it.kind == signature::PRIMARY_BINDING);
    match back.map(|back| subkey.verify(&back, &content)) {
        Some(Ok(())) => Ok(newest.key_expires),
        _ => Err("the subkey does not bind itself to its key".into()),
    }
}
