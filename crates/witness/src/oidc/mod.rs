//! Identity tokens: who is signing, in the words of somebody whom a certificate authority trusts.
//!
//! A token is a secret. It is kept out of messages and wiped when it is dropped.
//! Sources: `OpenID` Connect Core 1.0 and Discovery 1.0, RFC 7519 (JWT).

mod ambient;
mod browser;
mod device;

use std::fmt;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use plimsoll_supply::hash::sha256;
use ring::rand::{SecureRandom, SystemRandom};
use serde::Deserialize;
use zeroize::Zeroizing;

use crate::web::{Answer, Web, WitnessError, address};

pub use self::ambient::{Surroundings, ambient};
pub use self::browser::browser;
pub use self::device::device;

/// Sigstore's public identity provider.
pub const PUBLIC_GOOD: &str = "https://oauth2.sigstore.dev/auth";

/// For whom a token is, and as whom we ask for one.
pub const CLIENT: &str = "sigstore";

/// How long a person has to confirm.
const PATIENCE: Duration = Duration::from_mins(5);

/// A token and what it says of its bearer. Only a certificate authority verifies it.
pub struct Token {
    secret: Zeroizing<String>,
    subject: String,
    issuer: String,
    nonce: Option<String>,
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Token")
            .field("subject", &self.subject)
            .field("issuer", &self.issuer)
            .finish_non_exhaustive()
    }
}

#[derive(Deserialize)]
struct Claims {
    iss: String,
    sub: String,
    email: Option<String>,
    email_verified: Option<serde_json::Value>,
    nonce: Option<String>,
}

impl Token {
    /// Reads a JSON web token.
    pub fn parse(text: &str) -> Result<Self, WitnessError> {
        let wrong = |why: &str| WitnessError::Token(why.to_owned());
        let mut parts = text.trim().split('.');
        let (Some(_), Some(claims), Some(_), None) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(wrong("expected three parts with dots between"));
        };
        let claims = URL_SAFE_NO_PAD
            .decode(claims.trim_end_matches('='))
            .map_err(|_| wrong("its claims are no base64"))?;
        let claims: Claims =
            serde_json::from_slice(&claims).map_err(|_| wrong("its claims lack `iss` or `sub`"))?;
        let verified = claims.email_verified.map(|it| it == true || it == "true");
        let subject = match (claims.email.filter(|email| !email.is_empty()), verified) {
            (Some(_), Some(false) | None) => {
                return Err(wrong("its provider has not verified the address of mail in it"));
            }
            (Some(email), Some(true)) => email,
            (None, _) => claims.sub,
        };
        let secret = Zeroizing::new(text.trim().to_owned());
        Ok(Self { secret, subject, issuer: claims.iss, nonce: claims.nonce })
    }

    /// Who the bearer is: an address of mail or a subject.
    pub fn subject(&self) -> &str {
        &self.subject
    }

    /// Who says so.
    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    pub(crate) fn secret(&self) -> &str {
        &self.secret
    }
}

/// What a provider says of itself.
#[derive(Deserialize)]
struct Provider {
    issuer: String,
    authorization_endpoint: Option<String>,
    device_authorization_endpoint: Option<String>,
    token_endpoint: String,
}

impl Provider {
    /// Asks `issuer` for its addresses; it must be the one that it says to be.
    fn discover(web: &Web, issuer: &str) -> Result<(Self, Answer), WitnessError> {
        let url = address(issuer, "/.well-known/openid-configuration")?;
        let answer = Web::send(&url, web.get(&url))?.accepted()?;
        let provider: Self = answer.json()?;
        if provider.issuer.trim_end_matches('/') != issuer.trim_end_matches('/') {
            return Err(answer.useless(&format!("it says to be `{}`", provider.issuer)));
        }
        Ok((provider, answer))
    }

    /// A token, if it is one of this provider.
    fn token(&self, text: &str) -> Result<Token, WitnessError> {
        let token = Token::parse(text)?;
        if token.issuer == self.issuer {
            return Ok(token);
        }
        let why = format!("`{}` gave one of `{}`", self.issuer, token.issuer);
        Err(WitnessError::Token(why))
    }
}

/// What the token endpoint answers.
#[derive(Deserialize)]
struct Granted {
    id_token: Option<Zeroizing<String>>,
    error: Option<String>,
}

fn denied() -> WitnessError {
    WitnessError::Token("the provider granted none".into())
}

/// A secret that nobody can guess, and its SHA-256 digest that may be shown first: RFC 7636.
struct Proof {
    verifier: Zeroizing<String>,
    challenge: String,
}

impl Proof {
    fn new() -> Result<Self, WitnessError> {
        let verifier = random()?;
        let challenge = URL_SAFE_NO_PAD.encode(sha256(verifier.as_bytes()));
        Ok(Self { verifier, challenge })
    }
}

/// 256 bits in base64.
fn random() -> Result<Zeroizing<String>, WitnessError> {
    let mut bytes = Zeroizing::new([0; 32]);
    SystemRandom::new().fill(&mut *bytes).map_err(|_| plimsoll_supply::Error::NoRandomness)?;
    Ok(Zeroizing::new(URL_SAFE_NO_PAD.encode(*bytes)))
}

fn post_form(web: &Web, url: &str, fields: &[(&str, &str)]) -> Result<Answer, WitnessError> {
    let url = address(url, "")?;
    let mut form = url.clone();
    form.query_pairs_mut().clear().extend_pairs(fields);
    let body = form.query().unwrap_or_default().to_owned();
    let request = web
        .post(&url)
        .header("Content-Type", "application/x-www-form-urlencoded")
        .header("Accept", "application/json")
        .body(body);
    Web::send(&url, request)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token(claims: &str) -> Result<Token, WitnessError> {
        Token::parse(&format!("e30.{}.c2ln", URL_SAFE_NO_PAD.encode(claims)))
    }

    #[test]
    fn the_subject_is_a_verified_address_or_else_the_subject() {
        let of = |claims| token(claims).map(|token| token.subject().to_owned()).ok();
        assert_eq!(of(r#"{"iss":"i","sub":"s"}"#).as_deref(), Some("s"));
        let verified = r#"{"iss":"i","sub":"s","email":"a@b","email_verified":true}"#;
        assert_eq!(of(verified).as_deref(), Some("a@b"));
        assert_eq!(of(r#"{"iss":"i","sub":"s","email":"a@b","email_verified":false}"#), None);
        assert_eq!(of(r#"{"iss":"i","sub":"s","email":"a@b"}"#), None);
        assert_eq!(of("{}"), None);
        assert!(Token::parse("a.b").is_err());
    }

    #[test]
    fn a_token_is_never_printed() {
        let token = token(r#"{"iss":"i","sub":"s"}"#).expect("token");
        assert!(!format!("{token:?}").contains("c2ln"));
    }
}
