//! Secrets that the server has to read again, as credentials of registries: sealed under a key that is
//! in a file and not in the store.
//!
//! XSalsa20-Poly1305 with a random nonce; what a secret is for is sealed with it, so that one cannot be
//! put in the place of another.

use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use crypto_secretbox::aead::{Aead, KeyInit};
use crypto_secretbox::{Key, Nonce, XSalsa20Poly1305};

use super::secret;
use crate::error::{Error, Result};

const NONCE: usize = 24;
/// What everything sealed begins with.
pub const MARK: &str = "sealed1:";

/// Seals and opens.
#[derive(Clone)]
pub struct Seal {
    cipher: XSalsa20Poly1305,
    /// The key that a change of keys was leading to when it ended early.
    next: Option<XSalsa20Poly1305>,
    path: PathBuf,
}

impl std::fmt::Debug for Seal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Seal").field("path", &self.path).finish_non_exhaustive()
    }
}

impl Seal {
    /// With the key in a file, which is made, readable to its owner alone, where it is not there.
    pub fn open(path: &Path) -> Result<Self> {
        Ok(Self { cipher: kept(path)?, next: key_in(&following(path))?, path: path.to_owned() })
    }

    /// The same with a new key, which lies beside the one of now until [`Seal::settle`] puts it in its
    /// place; one that lies there already goes on.
    pub fn renewed(&self) -> Result<Self> {
        Ok(Self { cipher: kept(&following(&self.path))?, next: None, path: self.path.clone() })
    }

    /// Puts the new key in the place of the old one, which is gone then.
    pub fn settle(&self) -> Result<()> {
        let from = following(&self.path);
        std::fs::rename(&from, &self.path).map_err(|source| Error::Io {
            action: "rename",
            path: from,
            source,
        })
    }

    /// Seals a secret for a purpose, as `registry r.example`.
    pub fn seal(&self, purpose: &str, secret: &str) -> Result<String> {
        let nonce = secret::bytes::<NONCE>()?;
        let plain = format!("{purpose}\0{secret}");
        let sealed = self.cipher.encrypt(&Nonce::from(nonce), plain.as_bytes());
        let sealed = sealed.map_err(|_| Error::Refused("the secret is too large".into()))?;
        Ok(format!("{MARK}{}", URL_SAFE_NO_PAD.encode([&nonce[..], &sealed].concat())))
    }

    /// The secret that was sealed for this purpose.
    pub fn unseal(&self, purpose: &str, sealed: &str) -> Result<String> {
        let open = || {
            let bytes = URL_SAFE_NO_PAD.decode(sealed.strip_prefix(MARK)?).ok()?;
            let (nonce, sealed) = bytes.split_at_checked(NONCE)?;
            let nonce = Nonce::from(<[u8; NONCE]>::try_from(nonce).ok()?);
            let mut ciphers = [Some(&self.cipher), self.next.as_ref()].into_iter().flatten();
            let plain = ciphers.find_map(|cipher| cipher.decrypt(&nonce, sealed).ok())?;
            let plain = String::from_utf8(plain).ok()?;
            Some(plain.strip_prefix(purpose)?.strip_prefix('\0')?.to_owned())
        };
        open().ok_or_else(|| {
            Error::Refused(format!(
                "the secret of `{purpose}` was sealed under another key than that in `{}`: put that \
                 key back, or enter the secret again",
                self.path.display()
            ))
        })
    }
}

/// Where the key lies that a change of keys leads to.
fn following(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".next");
    name.into()
}

/// With the key in a file; `None` where it is not there.
fn key_in(path: &Path) -> Result<Option<XSalsa20Poly1305>> {
    let text = match std::fs::read_to_string(path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        read => read.map_err(|source| Error::Io { action: "read", path: path.into(), source })?,
    };
    let key = URL_SAFE_NO_PAD.decode(text.trim()).ok();
    let key = key.and_then(|key| <[u8; 32]>::try_from(key).ok()).ok_or_else(|| {
        Error::Refused(format!(
            "`{}` is no key of sealed secrets: put the one back that the server was started with, \
             or remove it and enter all credentials again",
            path.display()
        ))
    })?;
    Ok(Some(XSalsa20Poly1305::new(&Key::from(key))))
}

/// With the key in a file, which is made where it is not there.
fn kept(path: &Path) -> Result<XSalsa20Poly1305> {
    if let Some(cipher) = key_in(path)? {
        return Ok(cipher);
    }
    make(path).map_err(|source| Error::Io { action: "make", path: path.into(), source })?;
    key_in(path)?.ok_or(Error::Damaged("the key of sealed secrets"))
}

/// Two servers that start at the same time make one key: whoever is later reads that of the first.
fn make(path: &Path) -> std::io::Result<()> {
    use std::io::Write;
    use std::os::unix::fs::OpenOptionsExt;

    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    let key = secret::token().map_err(std::io::Error::other)?;
    // Not the number of the process: in a container it is always the same, and one that was killed here
    // leaves its draft.
    let draft = path.with_extension(format!(
        "new-{}",
        plimsoll_supply::hash::hex(&secret::bytes::<8>().map_err(std::io::Error::other)?)
    ));
    let mut file =
        std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&draft)?;
    file.write_all(format!("{key}\n").as_bytes())?;
    file.sync_all()?;
    let linked = std::fs::hard_link(&draft, path);
    std::fs::remove_file(&draft)?;
    match linked {
        Err(error) if error.kind() != std::io::ErrorKind::AlreadyExists => Err(error),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn a_secret_comes_back_for_its_purpose_and_under_its_key_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("data").join("secret.key");
        let seal = Seal::open(&path).unwrap();
        let mode = std::fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        let sealed = seal.seal("registry r.example", "hunter2").unwrap();
        assert!(!sealed.contains("hunter2"));
        assert_ne!(sealed, seal.seal("registry r.example", "hunter2").unwrap());
        let again = Seal::open(&path).unwrap();
        assert_eq!(again.unseal("registry r.example", &sealed).unwrap(), "hunter2");
        assert!(again.unseal("registry q.example", &sealed).is_err());
        assert!(again.unseal("registry r", &sealed).is_err());
        let other = Seal::open(&folder.path().join("other.key")).unwrap();
        assert!(other.unseal("registry r.example", &sealed).is_err());
        for bent in ["", "sealed1:", "sealed1:AAAA", &sealed[..sealed.len() - 2]] {
            assert!(seal.unseal("registry r.example", bent).is_err(), "{bent}");
        }
        std::fs::write(&path, "no key").unwrap();
        assert!(Seal::open(&path).is_err());
    }

    #[test]
    fn a_change_of_keys_that_ends_early_leaves_both_readable() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("secret.key");
        let old = Seal::open(&path).unwrap();
        let before = old.seal("p", "one").unwrap();
        let new = old.renewed().unwrap();
        let after = new.seal("p", "two").unwrap();
        assert!(new.unseal("p", &before).is_err());
        let between = Seal::open(&path).unwrap();
        assert_eq!(between.unseal("p", &before).unwrap(), "one");
        assert_eq!(between.unseal("p", &after).unwrap(), "two");
        assert_eq!(old.renewed().unwrap().unseal("p", &after).unwrap(), "two");
        new.settle().unwrap();
        let settled = Seal::open(&path).unwrap();
        assert!(settled.unseal("p", &before).is_err());
        assert_eq!(settled.unseal("p", &after).unwrap(), "two");
    }
}
