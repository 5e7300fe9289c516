//! What is asked of the provider: where its endpoints and keys are, and the tokens for a code.

use std::time::{Duration, Instant};

use jsonwebtoken::jwk::JwkSet;
use reqwest::{Client, RequestBuilder};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use tokio::sync::Mutex;

use super::{Settings, token};
use crate::address::encode_value;
use crate::error::{Error, Result};

/// An answer may have so many bytes.
const MOST: usize = 1 << 20;

const PATIENCE: Duration = Duration::from_secs(10);

/// How long what it says of itself is taken for true.
const KEPT: Duration = Duration::from_mins(10);

/// A key that is not known has the keys fetched again, but not more often.
const PAUSE: Duration = Duration::from_secs(30);

/// What it says of itself. Source: OpenID Connect Discovery 1.0, section 3.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Metadata {
    issuer: String,
    pub(super) authorization_endpoint: String,
    token_endpoint: String,
    jwks_uri: String,
    #[serde(default)]
    token_endpoint_auth_methods_supported: Vec<String>,
}

/// Someone who vouches for people.
#[derive(Debug)]
pub struct Provider {
    pub(super) settings: Settings,
    client: Client,
    metadata: Mutex<Option<(Instant, Metadata)>>,
    keys: Mutex<Option<(Instant, JwkSet)>>,
}

#[derive(Deserialize)]
struct Tokens {
    id_token: String,
}

impl Provider {
    /// With these settings; nothing is asked yet.
    pub fn new(settings: Settings) -> Result<Self> {
        for address in [&settings.issuer, &settings.public_address] {
            is_safe(address).map_err(Error::Refused)?;
        }
        // Somebody else may have installed one already.
        let _ = rustls::crypto::ring::default_provider().install_default();
        token::install();
        let client = Client::builder()
            .timeout(PATIENCE)
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .map_err(|error| Error::Refused(format!("no client of HTTP: {error}")))?;
        Ok(Self { settings, client, metadata: Mutex::default(), keys: Mutex::default() })
    }

    /// Where browsers come back to.
    pub(super) fn callback(&self) -> String {
        format!("{}/sign-in/oidc/callback", self.settings.public_address.trim_end_matches('/'))
    }

    /// What it says of itself.
    pub(super) async fn metadata(&self) -> std::result::Result<Metadata, String> {
        let mut kept = self.metadata.lock().await;
        if let Some((at, metadata)) = &*kept
            && at.elapsed() < KEPT
        {
            return Ok(metadata.clone());
        }
        let issuer = self.settings.issuer.trim_end_matches('/');
        let address = format!("{issuer}/.well-known/openid-configuration");
        let metadata: Metadata = ask(self.client.get(&address), &address).await?;
        if metadata.issuer != self.settings.issuer {
            return Err(format!(
                "`{address}` says that its issuer is `{}`: --oidc-issuer has to be just that",
                metadata.issuer
            ));
        }
        for address in
            [&metadata.authorization_endpoint, &metadata.token_endpoint, &metadata.jwks_uri]
        {
            is_safe(address)?;
        }
        *kept = Some((Instant::now(), metadata.clone()));
        Ok(metadata)
    }

    /// The ID token for a code.
    pub(super) async fn exchange(
        &self,
        code: &str,
        verifier: &str,
    ) -> std::result::Result<String, String> {
        let metadata = self.metadata().await?;
        let callback = self.callback();
        let mut form = vec![
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", &callback),
            ("code_verifier", verifier),
        ];
        let mut request = self.client.post(&metadata.token_endpoint);
        let methods = &metadata.token_endpoint_auth_methods_supported;
        let is_in_form = methods.iter().any(|method| method == "client_secret_post")
            && !methods.iter().any(|method| method == "client_secret_basic");
        match &self.settings.client_secret {
            // RFC 6749, section 2.3.1: both parts are form-encoded first.
            Some(secret) if !is_in_form => {
                let encoded = encode_value(secret);
                request = request.basic_auth(encode_value(&self.settings.client_id), Some(encoded));
            }
            Some(secret) => {
                form.push(("client_id", &self.settings.client_id));
                form.push(("client_secret", secret));
            }
            None => form.push(("client_id", &self.settings.client_id)),
        }
        let fields: Vec<String> =
            form.iter().map(|(name, value)| format!("{name}={}", encode_value(value))).collect();
        let request = request
            .header("content-type", "application/x-www-form-urlencoded")
            .body(fields.join("&"));
        let tokens: Tokens = ask(request, &metadata.token_endpoint).await?;
        Ok(tokens.id_token)
    }

    /// The claims of an ID token that is for us, from it, and good now.
    pub(super) async fn verified(
        &self,
        id_token: &str,
    ) -> std::result::Result<Map<String, Value>, String> {
        let keys = self.keys(None).await?;
        let key = if let Some(key) = token::key(id_token, &keys) {
            key.clone()
        } else {
            let keys = self.keys(Some(PAUSE)).await?;
            let key = token::key(id_token, &keys).cloned();
            key.ok_or("the ID token is signed by none of its keys")?
        };
        token::verified(id_token, &key, &self.settings.issuer, &self.settings.client_id)
    }

    /// Its keys, at most this old.
    async fn keys(&self, age: Option<Duration>) -> std::result::Result<JwkSet, String> {
        let metadata = self.metadata().await?;
        let mut kept = self.keys.lock().await;
        if let Some((at, keys)) = &*kept
            && at.elapsed() < age.unwrap_or(KEPT)
        {
            return Ok(keys.clone());
        }
        let keys: JwkSet = ask(self.client.get(&metadata.jwks_uri), &metadata.jwks_uri).await?;
        *kept = Some((Instant::now(), keys.clone()));
        Ok(keys)
    }
}

/// Addresses of a provider are of TLS, but on this machine.
fn is_safe(address: &str) -> std::result::Result<(), String> {
    let url = reqwest::Url::parse(address).map_err(|error| format!("`{address}`: {error}"))?;
    let is_here = match url.host_str() {
        Some("localhost") => true,
        Some(host) => host
            .trim_matches(['[', ']'])
            .parse::<std::net::IpAddr>()
            .is_ok_and(|address| address.is_loopback()),
        None => false,
    };
    if url.scheme() == "https" || (url.scheme() == "http" && is_here) {
        Ok(())
    } else {
        Err(format!("`{address}`: signing in needs https"))
    }
}

async fn ask<T: DeserializeOwned>(
    request: RequestBuilder,
    address: &str,
) -> std::result::Result<T, String> {
    let failed = |error: reqwest::Error| {
        // Without the address, which may have secrets in it.
        format!("`{address}` cannot be asked: {}", error.without_url())
    };
    let mut response = request.header("accept", "application/json").send().await.map_err(failed)?;
    let status = response.status();
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(failed)? {
        if body.len() + chunk.len() > MOST {
            return Err(format!("`{address}` answers with more than {MOST} bytes"));
        }
        body.extend_from_slice(&chunk);
    }
    if !status.is_success() {
        let said: String = String::from_utf8_lossy(&body).chars().take(300).collect();
        return Err(format!("`{address}` answers {status}: {said}"));
    }
    serde_json::from_slice(&body).map_err(|error| format!("`{address}` answers with: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_secret_goes_without_tls_but_to_this_machine() {
        assert!(is_safe("https://id.example/realm").is_ok());
        assert!(is_safe("http://127.0.0.1:4444").is_ok() && is_safe("http://localhost").is_ok());
        for bad in ["http://id.example", "ftp://localhost", "id.example", "file:///etc/passwd"] {
            assert!(is_safe(bad).is_err(), "{bad}");
        }
    }
}
