//! By which whoever gets a webhook knows that it is ours.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::error::{Error, Result};

/// `sha256=` and HMAC-SHA-256 in hexadecimal of the time, a dot and the body: a body that somebody
/// repeats later has an old time.
pub fn signature(secret: &str, time: &str, body: &str) -> Result<String> {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes())
        .map_err(|_| Error::Refused("the secret cannot be a key".into()))?;
    mac.update(time.as_bytes());
    mac.update(b".");
    mac.update(body.as_bytes());
    let hex = plimsoll_supply::hash::hex(&mac.finalize().into_bytes());
    Ok(format!("sha256={hex}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_what_openssl_says() {
        // printf '1700000000.{"a":1}' | openssl dgst -sha256 -hmac secret
        let signed = signature("secret", "1700000000", "{\"a\":1}").unwrap();
        assert_eq!(
            signed,
            "sha256=49f24e537407743fa4a0242bb63b94b9a47ee99cbbe071ccd8a22550ae411686"
        );
        assert_ne!(signed, signature("secret", "1700000001", "{\"a\":1}").unwrap());
        assert_ne!(signed, signature("other", "1700000000", "{\"a\":1}").unwrap());
    }
}
