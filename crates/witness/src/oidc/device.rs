//! A token that a person grants in a browser on whichever machine, by typing a code there.
//!
//! Sources: RFC 8628 (device flow), RFC 7636 (PKCE).

use std::time::{Duration, Instant};

use serde::Deserialize;
use zeroize::Zeroizing;

use super::{Granted, PATIENCE, Proof, Provider, Token, denied, post_form};
use crate::web::{Web, WitnessError};

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

/// Asks `issuer` for a token that a person grants in a browser. `show` tells the person where, and
/// the code.
pub fn device(
    web: &Web,
    issuer: &str,
    client: &str,
    show: impl FnOnce(&str, &str),
) -> Result<Token, WitnessError> {
    let (provider, answer) = Provider::discover(web, issuer)?;
    let endpoint = provider.device_authorization_endpoint.as_deref().ok_or_else(|| {
        answer.useless("the provider has no device flow: give a token with `--identity-token`")
    })?;
    let proof = Proof::new()?;
    let form = [
        ("client_id", client),
        ("scope", "openid email"),
        ("code_challenge_method", "S256"),
        ("code_challenge", &proof.challenge),
    ];
    let answer = post_form(web, endpoint, &form)?.accepted()?;
    let device: Device = answer.json()?;
    let place = device.verification_uri_complete.as_ref().unwrap_or(&device.verification_uri);
    show(place, &device.user_code);

    let form = [
        ("grant_type", "urn:ietf:params:oauth:grant-type:device_code"),
        ("client_id", client),
        ("scope", "openid email"),
        ("device_code", &device.code),
        ("code_verifier", &proof.verifier),
    ];
    let begun = Instant::now();
    let patience = device.expires_in.map_or(PATIENCE, Duration::from_secs).min(PATIENCE);
    let mut wait = Duration::from_secs(device.interval.clamp(1, 30));
    while begun.elapsed() < patience {
        std::thread::sleep(wait);
        let answer = post_form(web, &provider.token_endpoint, &form)?;
        let granted: Granted = answer.json()?;
        match (granted.id_token, granted.error.as_deref()) {
            (Some(token), _) => return provider.token(&token),
            (None, Some("authorization_pending")) => {}
            (None, Some("slow_down")) => wait += Duration::from_secs(5),
            (None, _) => return Err(answer.accepted().err().unwrap_or_else(denied)),
        }
    }
    Err(WitnessError::Token("nobody confirmed in time".into()))
}
