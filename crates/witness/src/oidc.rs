//! Identity tokens: who is signing, in the words of somebody whom a certificate authority trusts.
//!
//! A token is a secret. It is kept out of messages and wiped when it is dropped.
//! Sources: `OpenID` Connect Core 1.0, RFC 7519 (JWT), RFC 8628 (device flow), RFC 7636 (PKCE).

use std::env;
use std::fmt;
use std::fs;
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use plimsoll_supply::hash::sha256;
use ring::rand::{SecureRandom, SystemRandom};
use serde::Deserialize;
use zeroize::Zeroizing;

use crate::web::{Web, WitnessError, address};

/// Sigstore's public identity provider.
pub const PUBLIC_GOOD: &str = "https://oauth2.sigstore.dev/auth";

/// For whom a token is, and as whom we ask for one.
pub const CLIENT: &str = "sigstore";

/// Where Kubernetes puts a projected token, as cosign looks for it.
const PROJECTED: &str = "/var/run/sigstore/cosign/oidc-token";

/// How long a person has to confirm.
const PATIENCE: Duration = Duration::from_mins(5);

/// A token and what it says of its bearer. Only a certificate authority verifies it.
pub struct Token {
    secret: Zeroizing<String>,
    subject: String,
    issuer: String,
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
        Ok(Self { secret, subject, issuer: claims.iss })
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

/// The token that the machine has for us: `SIGSTORE_ID_TOKEN` (GitLab, and whoever sets it), what
/// GitHub Actions gives on request, or a token that Kubernetes projects into a file.
pub fn ambient(web: &Web) -> Result<Option<Token>, WitnessError> {
    let set = |name: &str| env::var(name).ok().filter(|text| !text.is_empty()).map(Zeroizing::new);
    if let Some(token) = set("SIGSTORE_ID_TOKEN") {
        return Token::parse(&token).map(Some);
    }
    let github = (set("ACTIONS_ID_TOKEN_REQUEST_URL"), set("ACTIONS_ID_TOKEN_REQUEST_TOKEN"));
    if let (Some(url), Some(token)) = github {
        return github_token(web, &url, &token).map(Some);
    }
    match fs::read_to_string(PROJECTED).map(Zeroizing::new) {
        Ok(text) => Token::parse(&text).map(Some),
        Err(_) => Ok(None),
    }
}

fn github_token(web: &Web, url: &str, token: &str) -> Result<Token, WitnessError> {
    #[derive(Deserialize)]
    struct Given {
        value: Zeroizing<String>,
    }
    let mut url = address(url, "")?;
    url.query_pairs_mut().append_pair("audience", CLIENT);
    let answer = Web::send(&url, web.get(&url).bearer_auth(token))?.accepted()?;
    Token::parse(&answer.json::<Given>()?.value)
}

#[derive(Deserialize)]
struct Provider {
    device_authorization_endpoint: Option<String>,
    token_endpoint: String,
}

#[derive(Deserialize)]
struct Device {
    #[serde(rename = "device_code")]
    code: Zeroizing<String>,
    user_code: String,
    verification_uri: String,
    verification_uri_complete: Option<String>,
    #[serde(default = "five")]
    interval: u64,
    expires_in: Option<u64>,
}

fn five() -> u64 {
    5
}

#[derive(Deserialize)]
struct Granted {
    id_token: Option<Zeroizing<String>>,
    error: Option<String>,
}

/// Asks `issuer` for a token that a person grants in a browser, on whichever machine. `show` tells
/// the person where, and the code.
pub fn device(
    web: &Web,
    issuer: &str,
    client: &str,
    show: impl FnOnce(&str, &str),
) -> Result<Token, WitnessError> {
    let url = address(issuer, "/.well-known/openid-configuration")?;
    let answer = Web::send(&url, web.get(&url))?.accepted()?;
    let provider: Provider = answer.json()?;
    let endpoint = provider.device_authorization_endpoint.ok_or_else(|| {
        answer.useless("the provider has no device flow: give a token with `--identity-token`")
    })?;
    let mut random = [0; 32];
    SystemRandom::new().fill(&mut random).map_err(|_| plimsoll_supply::Error::NoRandomness)?;
    let verifier = Zeroizing::new(URL_SAFE_NO_PAD.encode(random));
    let challenge = URL_SAFE_NO_PAD.encode(sha256(verifier.as_bytes()));
    let form = [
        ("client_id", client),
        ("scope", "openid email"),
        ("code_challenge_method", "S256"),
        ("code_challenge", &challenge),
    ];
    let answer = post_form(web, &endpoint, &form)?.accepted()?;
    let device: Device = answer.json()?;
    let place = device.verification_uri_complete.as_ref().unwrap_or(&device.verification_uri);
    show(place, &device.user_code);

    let form = [
        ("grant_type", "urn:ietf:params:oauth:grant-type:device_code"),
        ("client_id", client),
        ("scope", "openid email"),
        ("device_code", &device.code),
        ("code_verifier", &verifier),
    ];
    let begun = Instant::now();
    let patience = device.expires_in.map_or(PATIENCE, Duration::from_secs).min(PATIENCE);
    let mut wait = Duration::from_secs(device.interval.clamp(1, 30));
    while begun.elapsed() < patience {
        std::thread::sleep(wait);
        let answer = post_form(web, &provider.token_endpoint, &form)?;
        let granted: Granted = answer.json()?;
        match (granted.id_token, granted.error.as_deref()) {
            (Some(token), _) => return Token::parse(&token),
            (None, Some("authorization_pending")) => {}
            (None, Some("slow_down")) => wait += Duration::from_secs(5),
            (None, _) => return Err(answer.accepted().err().unwrap_or_else(denied)),
        }
    }
    Err(WitnessError::Token("nobody confirmed in time".into()))
}

fn denied() -> WitnessError {
    WitnessError::Token("the provider granted none".into())
}

fn post_form(
    web: &Web,
    url: &str,
    fields: &[(&str, &str)],
) -> Result<crate::web::Answer, WitnessError> {
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
