//! Signatures over files and messages.
//!
//! Source: OpenSSH's `PROTOCOL.sshsig`.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::key::Key;
use super::wire::{self, Reader};
use crate::error::Error;
use crate::hash::HashAlgorithm;

const WHAT: &str = "SSH signature";

/// The first line of the armour.
pub(crate) const BEGIN: &str = "-----BEGIN SSH SIGNATURE-----";
const END: &str = "-----END SSH SIGNATURE-----";

/// The longest signature in its armour, in bytes: 64 KiB.
const MAX_BYTES: usize = 64 << 10;

const MAGIC: &[u8] = b"SSHSIG";

/// A signature that was read and not checked.
#[derive(Debug, Clone)]
pub struct Signature {
    /// The key that claims to have made it.
    pub key: Key,
    /// What it was made for, such as `git` or `file`.
    pub namespace: String,
    hash: HashAlgorithm,
    made: Vec<u8>,
}

impl Signature {
    /// Reads a signature in its armour, with nothing behind it.
    pub fn from_armour(text: &[u8]) -> Result<Self, Error> {
        if text.len() > MAX_BYTES {
            return Err(Error::malformed(WHAT, format!("more than {MAX_BYTES} bytes")));
        }
        let broken = |why: &str| Error::malformed(WHAT, why);
        let text = std::str::from_utf8(text).map_err(|_| broken("it is not UTF-8"))?;
        let text = text.strip_prefix(BEGIN).and_then(|it| it.strip_prefix('\n'));
        let text = text.ok_or_else(|| broken("its first line is not that of one"))?;
        let (body, rest) = text.split_once(END).ok_or_else(|| broken("it does not end"))?;
        if !matches!(rest, "" | "\n") || !body.ends_with('\n') {
            return Err(broken("something stands behind it that is not signed"));
        }
        let blob = STANDARD
            .decode(body.replace('\n', ""))
            .map_err(|error| broken(&format!("it is no base64: {error}")))?;
        Self::from_blob(&blob)
    }

    /// Reads a signature without armour.
    pub fn from_blob(blob: &[u8]) -> Result<Self, Error> {
        let mut fields = Reader::new(WHAT, blob);
        if fields.take(MAGIC.len())? != MAGIC {
            return Err(Error::malformed(WHAT, "it does not begin with SSHSIG"));
        }
        let version = fields.u32()?;
        if version != 1 {
            return Err(Error::unsupported(WHAT, format!("version {version}")));
        }
        let key = Key::from_blob(fields.string()?)?;
        let namespace = fields.text()?.to_owned();
        if !fields.string()?.is_empty() {
            return Err(Error::unsupported(WHAT, "something in the field that is reserved"));
        }
        let hash = match fields.text()? {
            "sha256" => HashAlgorithm::Sha256,
            "sha512" => HashAlgorithm::Sha512,
            other => return Err(Error::unsupported(WHAT, format!("the hash `{other}`"))),
        };
        let made = fields.string()?.to_vec();
        fields.end()?;
        Ok(Self { key, namespace, hash, made })
    }

    /// Checks that the key in it signed `message` for `namespace`. Whose key it is, is another
    /// question: [`super::AllowedSigners::judge`].
    pub fn verify(&self, namespace: &str, message: &[u8]) -> Result<(), Error> {
        if self.namespace != namespace {
            let why = format!("it is for `{}` and not for `{namespace}`", self.namespace);
            return Err(Error::malformed(WHAT, why));
        }
        let mut said = MAGIC.to_vec();
        wire::put(&mut said, namespace.as_bytes());
        wire::put(&mut said, b"");
        wire::put(&mut said, self.hash.name().as_bytes());
        wire::put(&mut said, &self.hash.digest(message));
        self.key.verify(&said, &self.made)
    }
}
