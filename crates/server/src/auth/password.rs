//! Passwords of users: argon2id with the parameters of RFC 9106's second choice scaled by the crate's
//! defaults (19 MiB, two passes), a salt each.

use std::sync::{Arc, OnceLock};

use argon2::Argon2;
use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};

use super::Auth;
use crate::api::Problem;
use crate::error::{Error, Result};

/// Shorter ones are guessed.
const LEAST: usize = 12;

/// Longer ones only take time.
const MOST: usize = 1024;

/// Why a password is not taken.
pub(super) fn checked(password: &str, name: &str) -> std::result::Result<(), Problem> {
    let length = password.chars().count();
    if length < LEAST || password.len() > MOST {
        return Err(Problem::bad_request(format!(
            "a password has {LEAST} characters or more, and at most {MOST} bytes"
        )));
    }
    let plain = password.to_lowercase();
    let first = plain.chars().next();
    if plain.chars().all(|it| Some(it) == first) || plain.contains(&name.to_lowercase()) {
        return Err(Problem::bad_request("that password is guessed first: choose another"));
    }
    Ok(())
}

fn hash(password: &str) -> Result<String> {
    let hash = Argon2::default().hash_password(password.as_bytes());
    let hash = hash.map_err(|_| Error::Refused("the password cannot be hashed".into()))?;
    Ok(hash.to_string())
}

fn fits(password: &str, hash: &str) -> bool {
    let Ok(hash) = PasswordHash::new(hash) else { return false };
    Argon2::default().verify_password(password.as_bytes(), &hash).is_ok()
}

/// A hash that no password has, so that a name nobody has takes as long as one that somebody has.
fn nobody() -> &'static str {
    static NOBODY: OnceLock<String> = OnceLock::new();
    NOBODY.get_or_init(|| {
        let random = super::secret::token().unwrap_or_default();
        hash(&random).unwrap_or_default()
    })
}

impl Auth {
    /// The hash of a password.
    pub async fn hash_password(&self, password: &str) -> Result<String> {
        let password = password.to_owned();
        let _place = Arc::clone(&self.hashing).acquire_owned().await;
        tokio::task::spawn_blocking(move || hash(&password)).await?
    }

    /// Whether it is the password of this hash; takes as long where there is none.
    pub async fn is_password(&self, password: &str, hash: Option<&str>) -> Result<bool> {
        if password.len() > MOST {
            return Ok(false);
        }
        let (password, hash) = (password.to_owned(), hash.map(str::to_owned));
        let _place = Arc::clone(&self.hashing).acquire_owned().await;
        let check = move || {
            if let Some(hash) = hash.as_deref().filter(|hash| !hash.is_empty()) {
                fits(&password, hash)
            } else {
                fits(&password, nobody());
                false
            }
        };
        Ok(tokio::task::spawn_blocking(check).await?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_is_of_one_password_and_salted() {
        let one = hash("correct horse battery").unwrap();
        assert!(one.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{one}");
        assert_ne!(one, hash("correct horse battery").unwrap());
        assert!(fits("correct horse battery", &one) && !fits("correct horse batterz", &one));
        assert!(!fits("anything", "$argon2id$broken"));
    }

    #[test]
    fn short_uniform_and_named_passwords_are_refused() {
        for password in ["short", "aaaaaaaaaaaaaaaa", "Alice-in-2026-winter"] {
            assert!(checked(password, "alice").is_err(), "{password}");
        }
        assert!(checked("plain blue teapot", "alice").is_ok());
    }
}
