//! Public keys as SSH writes them, and the signatures that they check.
//!
//! Source: RFC 8709 (Ed25519), RFC 5656 (ECDSA), RFC 4253 and RFC 8332 (RSA), OpenSSH's
//! `PROTOCOL.u2f` (keys on FIDO devices).

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};

use super::certificate::Certificate;
use super::wire::Reader;
use crate::der;
use crate::error::Error;
use crate::hash::{HashAlgorithm, sha256};
use crate::key::{Curve, PublicKey, RsaPadding, Scheme};

/// What a message about a key calls it.
const WHAT: &str = "SSH key";

/// The end of a certificate's type.
const CERTIFICATE: &str = "-cert-v01@openssh.com";

/// A public key, perhaps with a certificate.
#[derive(Debug, Clone)]
pub struct Key {
    /// The key without its certificate, as SSH writes it.
    plain: Vec<u8>,
    kind: Kind,
    verifier: PublicKey,
    /// The application of a key on a FIDO device.
    application: Option<Vec<u8>>,
    certificate: Option<Box<Certificate>>,
}

/// What a key's type says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Ed25519,
    Ecdsa(Curve),
    Rsa,
    SkEd25519,
    SkEcdsa,
}

/// Types, what people call them, and what they are.
const KINDS: &[(&str, &str, Kind)] = &[
    ("ssh-ed25519", "ED25519", Kind::Ed25519),
    ("ecdsa-sha2-nistp256", "ECDSA", Kind::Ecdsa(Curve::P256)),
    ("ecdsa-sha2-nistp384", "ECDSA", Kind::Ecdsa(Curve::P384)),
    ("ecdsa-sha2-nistp521", "ECDSA", Kind::Ecdsa(Curve::P521)),
    ("ssh-rsa", "RSA", Kind::Rsa),
    ("sk-ssh-ed25519@openssh.com", "ED25519-SK", Kind::SkEd25519),
    ("sk-ecdsa-sha2-nistp256@openssh.com", "ECDSA-SK", Kind::SkEcdsa),
];

/// A person touched the device, and it knew him.
const USER_VERIFIED: u8 = 0x04;

impl Key {
    /// Reads a key or a certificate.
    pub fn from_blob(blob: &[u8]) -> Result<Self, Error> {
        let mut fields = Reader::new(WHAT, blob);
        let name = fields.text()?;
        let (is_certificate, base) = match name.strip_suffix(CERTIFICATE) {
            None => (false, name.to_owned()),
            // The types of FIDO keys have the domain once, at the end.
            Some(base) if base.starts_with("sk-") => (true, format!("{base}@openssh.com")),
            Some(base) => (true, base.to_owned()),
        };
        let unknown = || Error::unsupported(WHAT, format!("type `{name}`"));
        let (_, _, kind) = KINDS.iter().find(|(it, ..)| *it == base).ok_or_else(unknown)?;
        if is_certificate {
            // A nonce, so that the authority does not sign what somebody else chose.
            fields.string()?;
        }
        let before = fields.rest();
        let verifier = read_verifier(*kind, &mut fields)?;
        let application = match kind {
            Kind::SkEd25519 | Kind::SkEcdsa => Some(fields.string()?.to_vec()),
            _ => None,
        };
        let own = before.get(..before.len() - fields.rest().len()).unwrap_or_default();
        let mut plain = Vec::new();
        super::wire::put(&mut plain, base.as_bytes());
        plain.extend_from_slice(own);
        let certificate = if is_certificate {
            Some(Box::new(Certificate::read(blob, &mut fields)?))
        } else {
            None
        };
        fields.end()?;
        Ok(Self { plain, kind: *kind, verifier, application, certificate })
    }

    /// Reads `TYPE BASE64` and perhaps a comment.
    pub fn from_line(line: &str) -> Result<Self, Error> {
        let mut words = line.split_ascii_whitespace();
        let (name, blob) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
        let blob = STANDARD
            .decode(blob)
            .map_err(|error| Error::malformed(WHAT, format!("it is no base64: {error}")))?;
        if Reader::new(WHAT, &blob).text()? != name {
            return Err(Error::malformed(WHAT, "it is not of the type in front of it"));
        }
        Self::from_blob(&blob)
    }

    /// The certificate, if there is one.
    pub fn certificate(&self) -> Option<&Certificate> {
        self.certificate.as_deref()
    }

    /// Whether both are the same key, whatever certificates they have.
    pub fn is_same_key(&self, other: &Self) -> bool {
        self.plain == other.plain
    }

    /// The key as people recognise it, such as `ED25519 SHA256:…`, in the form of `ssh-keygen -l`.
    pub fn describe(&self) -> String {
        let name = KINDS.iter().find(|(.., it)| *it == self.kind).map_or("", |(_, name, _)| name);
        format!("{name} SHA256:{}", STANDARD_NO_PAD.encode(sha256(&self.plain)))
    }

    /// Checks `signature`, with its type in front, over `message`.
    pub(super) fn verify(&self, message: &[u8], signature: &[u8]) -> Result<(), Error> {
        let mut fields = Reader::new("SSH signature", signature);
        let name = fields.text()?;
        let blob = fields.string()?;
        let device = match self.kind {
            Kind::SkEd25519 | Kind::SkEcdsa => Some((fields.byte()?, fields.take(4)?)),
            _ => None,
        };
        fields.end()?;
        let scheme = self.scheme(name)?;
        let bare = match scheme {
            Scheme::Ecdsa(_) => numbers(blob)?,
            Scheme::Rsa(..) => {
                let length = self.verifier.rsa_bits().unwrap_or_default().div_ceil(8);
                let zeros = length.checked_sub(blob.len()).ok_or(Error::BadSignature)?;
                [&vec![0; zeros], blob].concat()
            }
            _ => blob.to_vec(),
        };
        let (Some((flags, counter)), Some(application)) = (device, &self.application) else {
            return self.verifier.verify_with(scheme, message, &bare);
        };
        let demands = self.certificate.as_ref().is_some_and(|it| it.demands_verified_user);
        if demands && flags & USER_VERIFIED == 0 {
            return Err(Error::malformed("SSH signature", "the device did not verify its user"));
        }
        let said = [&sha256(application)[..], &[flags], counter, &sha256(message)].concat();
        self.verifier.verify_with(scheme, &said, &bare)
    }

    /// What a signature of type `name` is under this key. SHA-1 is never one.
    fn scheme(&self, name: &str) -> Result<Scheme, Error> {
        use HashAlgorithm::{Sha256, Sha384, Sha512};
        let own = KINDS.iter().any(|(it, _, kind)| *it == name && *kind == self.kind);
        match (self.kind, name) {
            (Kind::Rsa, "rsa-sha2-256") => Ok(Scheme::Rsa(RsaPadding::Pkcs1v15, Sha256)),
            (Kind::Rsa, "rsa-sha2-512") => Ok(Scheme::Rsa(RsaPadding::Pkcs1v15, Sha512)),
            (Kind::Ed25519 | Kind::SkEd25519, _) if own => Ok(Scheme::Ed25519),
            (Kind::Ecdsa(Curve::P256) | Kind::SkEcdsa, _) if own => Ok(Scheme::Ecdsa(Sha256)),
            (Kind::Ecdsa(Curve::P384), _) if own => Ok(Scheme::Ecdsa(Sha384)),
            (Kind::Ecdsa(Curve::P521), _) if own => Ok(Scheme::Ecdsa(Sha512)),
            _ => Err(Error::unsupported("SSH signature", format!("`{name}` by such a key"))),
        }
    }
}

fn read_verifier(kind: Kind, fields: &mut Reader<'_>) -> Result<PublicKey, Error> {
    let (curve, name) = match kind {
        Kind::Ed25519 | Kind::SkEd25519 => return PublicKey::from_ed25519(fields.string()?),
        Kind::Rsa => {
            let (exponent, modulus) = (fields.positive()?, fields.positive()?);
            let numbers = [der::unsigned(modulus), der::unsigned(exponent)];
            let [modulus, exponent] = &numbers;
            return PublicKey::from_pkcs1_der(&der::encode(der::SEQUENCE, &[modulus, exponent]));
        }
        Kind::SkEcdsa | Kind::Ecdsa(Curve::P256) => (Curve::P256, "nistp256"),
        Kind::Ecdsa(Curve::P384) => (Curve::P384, "nistp384"),
        Kind::Ecdsa(Curve::P521) => (Curve::P521, "nistp521"),
    };
    if fields.text()? != name {
        return Err(Error::malformed(WHAT, "its curve is not that of its type"));
    }
    PublicKey::from_point(curve, fields.string()?)
}

/// The two numbers of an ECDSA signature, in DER.
fn numbers(blob: &[u8]) -> Result<Vec<u8>, Error> {
    let mut fields = Reader::new("SSH signature", blob);
    let (r, s) = (der::unsigned(fields.positive()?), der::unsigned(fields.positive()?));
    fields.end()?;
    Ok(der::encode(der::SEQUENCE, &[&r, &s]))
}
