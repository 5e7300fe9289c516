//! Private keys at rest, as cosign and TUF keep them: a key from the password by scrypt, the
//! PKCS#8 in a `NaCl` secretbox, both described in JSON.
//!
//! Source: <https://github.com/secure-systems-lab/go-securesystemslib/blob/main/encrypted/encrypted.go>.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use crypto_secretbox::aead::{Aead, KeyInit};
use crypto_secretbox::{Key, Nonce, XSalsa20Poly1305};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::random;
use crate::error::Error;

/// Costs that are read: those of the old, the present and the coming standard. Any others could
/// make us spend memory at an attacker's will.
const COSTS: [u32; 3] = [1 << 15, 1 << 16, 1 << 17];

/// The cost that is written.
const COST: u32 = 1 << 16;

#[derive(Serialize, Deserialize)]
struct Sealed {
    kdf: Kdf,
    cipher: Cipher,
    ciphertext: String,
}

#[derive(Serialize, Deserialize)]
struct Kdf {
    name: String,
    params: Params,
    salt: String,
}

#[derive(Serialize, Deserialize)]
struct Params {
    #[serde(rename = "N")]
    n: u32,
    r: u32,
    p: u32,
}

#[derive(Serialize, Deserialize)]
struct Cipher {
    name: String,
    nonce: String,
}

/// Encrypts `plain` under `password`, which may be empty.
pub(super) fn seal(plain: &[u8], password: &[u8]) -> Result<Vec<u8>, Error> {
    let salt = random::bytes::<32>()?;
    let nonce = random::bytes::<24>()?;
    let sealed = secretbox(password, &salt, COST)?
        .encrypt(&Nonce::from(nonce), plain)
        .map_err(|_| Error::malformed("private key", "it cannot be encrypted"))?;
    let sealed = Sealed {
        kdf: Kdf {
            name: "scrypt".into(),
            params: Params { n: COST, r: 8, p: 1 },
            salt: STANDARD.encode(salt),
        },
        cipher: Cipher { name: "nacl/secretbox".into(), nonce: STANDARD.encode(nonce) },
        ciphertext: STANDARD.encode(sealed),
    };
    serde_json::to_vec(&sealed).map_err(|error| broken(&error))
}

/// Decrypts what [`seal`] or cosign encrypted.
pub(super) fn open(sealed: &[u8], password: &[u8]) -> Result<Zeroizing<Vec<u8>>, Error> {
    let sealed: Sealed = serde_json::from_slice(sealed).map_err(|error| broken(&error))?;
    if sealed.kdf.name != "scrypt" || sealed.cipher.name != "nacl/secretbox" {
        let found = format!("encryption with {} and {}", sealed.kdf.name, sealed.cipher.name);
        return Err(Error::unsupported("private key", found));
    }
    let Params { n, r: 8, p: 1 } = sealed.kdf.params else {
        return Err(Error::unsupported("private key", "scrypt with other costs than r=8, p=1"));
    };
    if !COSTS.contains(&n) {
        return Err(Error::unsupported("private key", format!("scrypt with a cost of N={n}")));
    }
    let decode = |text: &str| STANDARD.decode(text).map_err(|error| broken(&error));
    let nonce: [u8; 24] = decode(&sealed.cipher.nonce)?
        .try_into()
        .map_err(|_| Error::malformed("private key", "a nonce of other than 24 bytes"))?;
    secretbox(password, &decode(&sealed.kdf.salt)?, n)?
        .decrypt(&Nonce::from(nonce), decode(&sealed.ciphertext)?.as_slice())
        .map(Zeroizing::new)
        .map_err(|_| Error::WrongPassword)
}

fn secretbox(password: &[u8], salt: &[u8], cost: u32) -> Result<XSalsa20Poly1305, Error> {
    let log_n = u8::try_from(cost.ilog2()).unwrap_or(u8::MAX);
    let params = scrypt::Params::new(log_n, 8, 1).map_err(|error| broken(&error))?;
    let mut key = Zeroizing::new([0; 32]);
    scrypt::scrypt(password, salt, &params, key.as_mut_slice()).map_err(|error| broken(&error))?;
    Ok(XSalsa20Poly1305::new(Key::from_slice(key.as_slice())))
}

fn broken(why: &dyn ToString) -> Error {
    Error::malformed("encrypted private key", why.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_password_opens_what_it_closed() {
        let sealed = seal(b"secret", b"hunter2").expect("sealed");
        assert_eq!(open(&sealed, b"hunter2").expect("open").as_slice(), b"secret");
        assert_eq!(open(&sealed, b"hunter3"), Err(Error::WrongPassword));
        let text = String::from_utf8(sealed).expect("JSON");
        assert!(!text.contains("secret\""), "{text}");
    }

    #[test]
    fn costs_that_nobody_writes_are_refused_before_memory_is_spent() {
        let sealed = seal(b"secret", b"").expect("sealed");
        let text = String::from_utf8(sealed).expect("JSON");
        let costly = text.replace("65536", "1073741824");
        assert!(matches!(open(costly.as_bytes(), b""), Err(Error::Unsupported { .. })));
        let wide = text.replace("\"r\":8", "\"r\":4096");
        assert!(matches!(open(wide.as_bytes(), b""), Err(Error::Unsupported { .. })));
    }
}
