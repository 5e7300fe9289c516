//! Keys in a token, which never leave it: PKCS#11.
//!
//! A key is named by a URI of RFC 7512, with the module that speaks to the token:
//! `pkcs11:token=NAME;object=LABEL?module-path=/usr/lib/softhsm/libsofthsm2.so`. The PIN comes from
//! whoever opens it, never from the URI, which ends in logs and in the history of shells.
//! Source: PKCS#11 3.1.

use std::fmt;

use cryptoki::context::{CInitializeArgs, CInitializeFlags, Pkcs11};
use cryptoki::mechanism::Mechanism;
use cryptoki::mechanism::eddsa::{EddsaParams, EddsaSignatureScheme};
use cryptoki::object::{Attribute, AttributeType, KeyType, ObjectClass, ObjectHandle};
use cryptoki::session::{Session, UserType};
use cryptoki::types::AuthPin;

use super::public::{KeyKind, PublicKey, RsaPadding, Scheme, oid};
use crate::der::{self, Reader};
use crate::error::Error;
use crate::hash::HashAlgorithm;
use crate::sign::Signer;

/// Where a key is.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TokenUri {
    module: String,
    token: Option<String>,
    object: Option<String>,
    id: Option<Vec<u8>>,
}

impl TokenUri {
    /// Reads a `pkcs11:` URI; attributes that choose nothing here are passed over.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let rest = text.strip_prefix("pkcs11:").ok_or_else(|| broken("no `pkcs11:` in front"))?;
        let mut uri = Self::default();
        for part in rest.split(['?', '&', ';']).filter(|part| !part.is_empty()) {
            let (name, value) = part.split_once('=').ok_or_else(|| broken("a part without `=`"))?;
            let bytes = decoded(value).ok_or_else(|| broken("a `%` without two digits"))?;
            let text = || {
                String::from_utf8(bytes.clone()).map_err(|_| broken("a value that is not UTF-8"))
            };
            match name {
                "token" => uri.token = Some(text()?),
                "object" => uri.object = Some(text()?),
                "id" => uri.id = Some(bytes),
                "module-path" => uri.module = text()?,
                "pin-value" => {
                    return Err(broken("a PIN, which does not belong there: it is asked for"));
                }
                _ => {}
            }
        }
        if uri.module.is_empty() {
            return Err(broken("no `module-path=FILE` behind a `?`"));
        }
        if uri.object.is_none() && uri.id.is_none() {
            return Err(broken("neither `object` nor `id`"));
        }
        Ok(uri)
    }
}

/// A key in a token, with an open session.
pub struct TokenKey {
    session: Session,
    key: ObjectHandle,
    public: PublicKey,
}

impl fmt::Debug for TokenKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenKey").field("public", &self.public.describe()).finish_non_exhaustive()
    }
}

impl TokenKey {
    /// Opens the key that `uri` names, logged in with `pin`.
    pub fn open(uri: &TokenUri, pin: &[u8]) -> Result<Self, Error> {
        let module = Pkcs11::new(&uri.module).map_err(said)?;
        module.initialize(CInitializeArgs::new(CInitializeFlags::OS_LOCKING_OK)).map_err(said)?;
        let pin = std::str::from_utf8(pin).map_err(|_| broken("a PIN that is not UTF-8"))?;
        let pin = AuthPin::from(pin.to_owned());
        for slot in module.get_slots_with_token().map_err(said)? {
            let info = module.get_token_info(slot).map_err(said)?;
            let is_another =
                uri.token.as_ref().is_some_and(|wanted| wanted != info.label().trim_end());
            if is_another || !info.token_initialized() {
                continue;
            }
            let session = module.open_ro_session(slot).map_err(said)?;
            session.login(UserType::User, Some(&pin)).map_err(said)?;
            let find = |class| session.find_objects(&template(uri, class)).map_err(said);
            let (private, public) =
                (find(ObjectClass::PRIVATE_KEY)?, find(ObjectClass::PUBLIC_KEY)?);
            match (private.as_slice(), public.as_slice()) {
                ([], _) => {}
                (&[key], &[half, ..]) => {
                    let public = public_half(&session, half)?;
                    return Ok(Self { session, key, public });
                }
                ([_], []) => return Err(broken("a key whose public half is not in the token")),
                (several, _) => {
                    return Err(broken(&format!("{} keys: name one by `id`", several.len())));
                }
            }
        }
        Err(broken("no such key in any token of this module"))
    }
}

impl Signer for TokenKey {
    fn public(&self) -> &PublicKey {
        &self.public
    }

    fn sign(&self, scheme: Scheme, message: &[u8]) -> Result<Vec<u8>, Error> {
        let mechanism = match (self.public.kind(), scheme) {
            (KeyKind::Rsa, Scheme::Rsa(RsaPadding::Pkcs1v15, HashAlgorithm::Sha256)) => {
                Mechanism::Sha256RsaPkcs
            }
            (KeyKind::Ed25519, Scheme::Ed25519) => {
                Mechanism::Eddsa(EddsaParams::new(EddsaSignatureScheme::Pure))
            }
            (KeyKind::Ecdsa(_), Scheme::Ecdsa(hash)) => {
                return self.sign_digest(scheme, &hash.digest(message));
            }
            _ => return Err(self.misfit(scheme)),
        };
        self.session.sign(&mechanism, self.key, message).map_err(said)
    }

    fn sign_digest(&self, scheme: Scheme, digest: &[u8]) -> Result<Vec<u8>, Error> {
        match (self.public.kind(), scheme) {
            (KeyKind::Ecdsa(_), Scheme::Ecdsa(hash)) if hash.len_bytes() == digest.len() => {
                let raw = self.session.sign(&Mechanism::Ecdsa, self.key, digest).map_err(said)?;
                Ok(ecdsa_der(&raw))
            }
            _ => Err(self.misfit(scheme)),
        }
    }

    fn signs_digests(&self, scheme: Scheme) -> bool {
        matches!(scheme, Scheme::Ecdsa(_))
    }
}

impl TokenKey {
    fn misfit(&self, scheme: Scheme) -> Error {
        let kind = self.public.kind().name();
        Error::unsupported("signature", format!("{scheme:?} by an {kind} key in a token"))
    }
}

fn template(uri: &TokenUri, class: ObjectClass) -> Vec<Attribute> {
    let mut template = vec![Attribute::Class(class)];
    template.extend(uri.object.iter().map(|label| Attribute::Label(label.as_bytes().to_vec())));
    template.extend(uri.id.iter().map(|id| Attribute::Id(id.clone())));
    template
}

fn public_half(session: &Session, half: ObjectHandle) -> Result<PublicKey, Error> {
    let wanted = [
        AttributeType::KeyType,
        AttributeType::EcParams,
        AttributeType::EcPoint,
        AttributeType::Modulus,
        AttributeType::PublicExponent,
    ];
    let (mut kind, mut params, mut point) = (None, Vec::new(), Vec::new());
    let (mut modulus, mut exponent) = (Vec::new(), Vec::new());
    for attribute in session.get_attributes(half, &wanted).map_err(said)? {
        match attribute {
            Attribute::KeyType(found) => kind = Some(found),
            Attribute::EcParams(bytes) => params = bytes,
            Attribute::EcPoint(bytes) => point = bytes,
            Attribute::Modulus(bytes) => modulus = bytes,
            Attribute::PublicExponent(bytes) => exponent = bytes,
            _ => {}
        }
    }
    if kind == Some(KeyType::RSA) {
        let pkcs1 = der::encode(der::SEQUENCE, &[&unsigned(&modulus), &unsigned(&exponent)]);
        return PublicKey::from_pkcs1_der(&pkcs1);
    }
    // The point is inside an octet string; some old tokens leave that out.
    let point = Reader::only(&point, der::OCTET_STRING).map_or(point.as_slice(), |it| it.content);
    let algorithm = match kind {
        Some(KeyType::EC) => [oid::EC_PUBLIC_KEY, &params].concat(),
        Some(KeyType::EC_EDWARDS) => oid::ED25519.to_vec(),
        _ => return Err(Error::unsupported("key in a token", "neither ECDSA, Ed25519 nor RSA")),
    };
    let algorithm = der::encode(der::SEQUENCE, &[&algorithm]);
    let bits = der::encode(der::BIT_STRING, &[&[0], point]);
    PublicKey::from_spki_der(&der::encode(der::SEQUENCE, &[&algorithm, &bits]))
}

/// `r` and `s`, each half of `raw`, as two integers in a sequence.
fn ecdsa_der(raw: &[u8]) -> Vec<u8> {
    let (r, s) = raw.split_at(raw.len() / 2);
    der::encode(der::SEQUENCE, &[&unsigned(r), &unsigned(s)])
}

/// A whole number that is not negative, in DER.
fn unsigned(magnitude: &[u8]) -> Vec<u8> {
    let zeros = magnitude.iter().take_while(|byte| **byte == 0).count();
    let digits = magnitude.get(zeros..).unwrap_or_default();
    let sign: &[u8] = if digits.first().is_none_or(|first| first & 0x80 != 0) { &[0] } else { &[] };
    der::encode(der::INTEGER, &[sign, digits])
}

/// The bytes of a value in which others stand as `%` and two digits.
fn decoded(value: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    let mut rest = value.as_bytes();
    while let Some((&first, after)) = rest.split_first() {
        if first != b'%' {
            bytes.push(first);
            rest = after;
            continue;
        }
        let (digits, after) = after.split_at_checked(2)?;
        bytes.extend(crate::hash::from_hex(std::str::from_utf8(digits).ok()?)?);
        rest = after;
    }
    Some(bytes)
}

#[allow(clippy::needless_pass_by_value, reason = "for `map_err`")]
fn said(error: cryptoki::error::Error) -> Error {
    Error::malformed("PKCS#11 token", error.to_string())
}

fn broken(why: &str) -> Error {
    Error::malformed("PKCS#11 key", why)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_uri_names_module_token_and_key_and_no_pin() {
        let uri = TokenUri::parse("pkcs11:token=My%20token;object=key;id=%01%ff?module-path=/m.so");
        let uri = uri.expect("URI");
        assert_eq!(uri.token.as_deref(), Some("My token"));
        assert_eq!(uri.id, Some(vec![1, 0xff]));
        for bad in [
            "pkcs11:object=key",
            "pkcs11:token=t?module-path=/m.so",
            "pkcs11:object=key?module-path=/m.so&pin-value=1234",
            "pkcs11:object=%0?module-path=/m.so",
        ] {
            assert!(TokenUri::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn halves_become_the_shortest_integers() {
        assert_eq!(ecdsa_der(&[0, 1, 0x80, 2]), [0x30, 8, 2, 1, 1, 2, 3, 0, 0x80, 2]);
    }
}
