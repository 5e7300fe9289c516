//! Signing in where one's organisation knows one: OpenID Connect, authorization code with PKCE.
//!
//! ```text
//! /sign-in/oidc → provider → /sign-in/oidc/callback?code&state → token → ID token → user, session
//! ```
//!
//! `state` leads back to a row of the store that is taken out at once; a cookie of this browser has to
//! belong to it, `nonce` has to stand in the ID token, and the code is only good with the secret of
//! PKCE. Source: OpenID Connect Core 1.0, section 3.1; RFC 7636; RFC 9207.

mod people;
mod provider;
pub mod token;

use std::sync::Arc;
use std::time::Duration;

use axum::http::{HeaderMap, StatusCode};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;
use sha2::{Digest, Sha256};
use utoipa::IntoParams;

use super::sign_in::{Answer, welcome};
use super::{Role, credential, secret};
use crate::address::encode_value;
use crate::api::Problem;
use crate::app::App;
use crate::error::Error;
use crate::moment::{millis, now};
use crate::store::access::flows::{self, Flow};

pub use provider::Provider;

/// Whoever went there has so long to come back.
const PATIENCE: Duration = Duration::from_mins(10);

/// So many may be there at a time.
const MOST: i64 = 10_000;

/// The cookie that binds a sign-in to a browser. It is sent with the navigation that comes back from
/// elsewhere, which `SameSite=Strict` would not be.
const COOKIE: &str = "__Host-plimsoll-oidc";

/// Who vouches for people, and for what.
#[derive(Clone, PartialEq, Eq)]
pub struct Settings {
    /// Its address, as it says itself in its tokens.
    pub issuer: String,
    /// What the server is called there.
    pub client_id: String,
    /// Its secret there; none for a public client.
    pub client_secret: Option<String>,
    /// Where browsers reach this server, as `https://plimsoll.example`.
    pub public_address: String,
    /// What is asked for beside `openid`.
    pub scopes: Vec<String>,
    /// The claim that has one's groups.
    pub groups_claim: String,
    /// The claim that has one's name.
    pub name_claim: String,
    /// What groups may; whoever is in none of them is not let in.
    pub groups: Vec<Group>,
}

impl std::fmt::Debug for Settings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Settings")
            .field("issuer", &self.issuer)
            .field("client_id", &self.client_id)
            .finish_non_exhaustive()
    }
}

/// What a group may: `GROUP=ROLE` or `GROUP=ROLE:TEAM`; the group `*` is everybody.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    /// What it is called there.
    pub name: String,
    /// What its members may.
    pub role: Role,
    /// The team that they are in; none sees everything.
    pub team: Option<String>,
}

impl std::str::FromStr for Group {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("`{text}` is no group: expected `GROUP=ROLE` or `GROUP=ROLE:TEAM`");
        let (name, rest) = text.rsplit_once('=').ok_or_else(wrong)?;
        let (role, team) = match rest.split_once(':') {
            Some((role, team)) => (role, Some(team.to_owned())),
            None => (rest, None),
        };
        if name.is_empty() || team.as_deref() == Some("") {
            return Err(wrong());
        }
        Ok(Self { name: name.to_owned(), role: role.parse()?, team })
    }
}

/// Why nobody signed in.
#[derive(Debug)]
pub(super) enum Refusal {
    /// Whoever asks can be told.
    Problem(Problem),
    /// The provider did not answer as it should; whoever runs the server is told.
    Provider(String),
}

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        Self::Problem(error.into())
    }
}

/// A sign-in that has begun.
pub(super) struct Begun {
    /// Where the browser goes.
    pub(super) to: String,
    /// What it has to bring back.
    pub(super) cookie: String,
}

/// A sign-in that went well.
pub(super) struct Signed {
    /// Token of the session.
    pub(super) token: String,
    /// Where the browser goes then.
    pub(super) next: String,
}

/// What the provider sends the browser back with.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Answered {
    /// What is changed for tokens.
    #[serde(default)]
    code: String,
    /// Which sign-in it is.
    #[serde(default)]
    state: String,
    /// Who answers.
    #[serde(default)]
    iss: Option<String>,
    /// Why not.
    #[serde(default)]
    error: Option<String>,
}

fn provider(app: &App) -> Result<&Provider, Refusal> {
    app.auth.oidc.as_ref().ok_or_else(|| {
        Refusal::Problem(Problem::new(StatusCode::NOT_FOUND, "no organisation is set"))
    })
}

/// Begins one that goes on at `next`.
pub(super) async fn begin(app: &App, next: &str) -> Result<Begun, Refusal> {
    let provider = provider(app)?;
    let found = provider.metadata().await.map_err(Refusal::Provider)?;
    let (browser, verifier) = (secret::token()?, secret::token()?);
    let flow = Flow {
        state: secret::token()?,
        browser: secret::hash(&browser),
        nonce: secret::token()?,
        verifier,
        next: next.to_owned(),
        expires: now().saturating_add(millis(PATIENCE)),
    };
    let mut write = app.store.write().await?;
    if flows::forget(&mut write, now()).await? >= MOST {
        return Err(Refusal::Problem(Problem::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "too many sign in at the moment",
        )));
    }
    flows::add(&mut write, &flow).await?;
    write.commit().await.map_err(Error::from)?;
    let settings = &provider.settings;
    let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(&flow.verifier));
    let scope = format!("openid {}", settings.scopes.join(" "));
    let query = [
        ("response_type", "code"),
        ("client_id", &settings.client_id),
        ("redirect_uri", &provider.callback()),
        ("scope", scope.trim()),
        ("state", &flow.state),
        ("nonce", &flow.nonce),
        ("code_challenge", &challenge),
        ("code_challenge_method", "S256"),
    ];
    let query: Vec<String> =
        query.iter().map(|(name, value)| format!("{name}={}", encode_value(value))).collect();
    let joint = if found.authorization_endpoint.contains('?') { '&' } else { '?' };
    let age = PATIENCE.as_secs();
    Ok(Begun {
        to: format!("{}{joint}{}", found.authorization_endpoint, query.join("&")),
        cookie: format!(
            "{COOKIE}={browser}; Path=/; Max-Age={age}; Secure; HttpOnly; SameSite=Lax"
        ),
    })
}

/// What this browser brings back.
pub(super) fn browser(headers: &HeaderMap) -> Option<String> {
    credential::cookie(headers, COOKIE)
}

/// The cookie that removes it.
pub(super) fn no_cookie() -> String {
    format!("{COOKIE}=; Path=/; Max-Age=0; Secure; HttpOnly; SameSite=Lax")
}

/// Ends one.
pub(super) async fn end(
    app: &Arc<App>,
    answered: &Answered,
    browser: Option<&str>,
) -> Result<Signed, Refusal> {
    let provider = provider(app)?;
    let refused = |why: &str| Refusal::Problem(Problem::new(StatusCode::FORBIDDEN, why));
    let stale = || refused("this sign-in is over, or another browser's: begin again");
    let mut write = app.store.write().await?;
    let flow = flows::take(&mut write, &answered.state, now()).await?;
    write.commit().await.map_err(Error::from)?;
    let flow = flow.ok_or_else(stale)?;
    if !browser.is_some_and(|browser| secret::is_same(&secret::hash(browser), &flow.browser)) {
        return Err(stale());
    }
    if answered.iss.as_ref().is_some_and(|issuer| *issuer != provider.settings.issuer) {
        return Err(Refusal::Provider("another issuer answered".into()));
    }
    if let Some(error) = &answered.error {
        return Err(Refusal::Provider(format!("it says `{error}`")));
    }
    let id_token = provider.exchange(&answered.code, &flow.verifier).await;
    let id_token = id_token.map_err(Refusal::Provider)?;
    let claims = provider.verified(&id_token).await.map_err(Refusal::Provider)?;
    let nonce = claims.get("nonce").and_then(|nonce| nonce.as_str()).unwrap_or_default();
    if !secret::is_same(nonce, &flow.nonce) {
        return Err(Refusal::Provider("the ID token is of another sign-in".into()));
    }
    let person = people::Person::of(&provider.settings, &claims).map_err(|why| refused(&why))?;
    let user = people::known(app, &person).await?;
    match welcome(app, Some(user), &person.name, "oidc", None).await? {
        Answer::In(token) => Ok(Signed { token, next: flow.next }),
        _ => Err(stale()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_group_has_a_role_and_may_have_a_team() {
        let group = |text: &str| text.parse::<Group>();
        let shop = group("cn=shop,dc=example=scanner:shop").unwrap();
        assert_eq!(shop.name, "cn=shop,dc=example");
        assert_eq!((shop.role, shop.team.as_deref()), (Role::Scanner, Some("shop")));
        assert_eq!(group("*=viewer").unwrap().team, None);
        for wrong in ["", "a", "a=", "=viewer", "a=boss", "a=viewer:"] {
            assert!(group(wrong).is_err(), "{wrong}");
        }
    }
}
