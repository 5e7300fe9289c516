//! The token that a machine has for whoever runs on it, without a person.
//!
//! Sources: the manuals of GitHub Actions and GitLab on `OpenID` Connect, and `pkg/providers` of
//! sigstore/cosign.

use std::env;
use std::fs;
use std::path::Path;

use serde::Deserialize;
use zeroize::Zeroizing;

use super::{CLIENT, Token};
use crate::web::{Web, WitnessError, address};

/// Where a machine keeps what it has for us.
pub struct Surroundings<'a> {
    /// The value of a variable.
    pub variable: &'a dyn Fn(&str) -> Option<String>,
    /// Where Kubernetes puts a projected token.
    pub projected: &'a Path,
}

/// The token that this machine has for us, if it has one.
pub fn ambient(web: &Web) -> Result<Option<Token>, WitnessError> {
    Surroundings {
        variable: &|name| env::var(name).ok(),
        projected: Path::new("/var/run/sigstore/cosign/oidc-token"),
    }
    .token(web)
}

impl Surroundings<'_> {
    /// `SIGSTORE_ID_TOKEN` (GitLab, and whoever sets it), what GitHub Actions gives on request, or a
    /// token that Kubernetes projects into a file. A pipeline that has none because it was not
    /// asked for one is an error that says how.
    pub fn token(&self, web: &Web) -> Result<Option<Token>, WitnessError> {
        if let Some(token) = self.set("SIGSTORE_ID_TOKEN") {
            return Token::parse(&token).map(Some);
        }
        let url = self.set("ACTIONS_ID_TOKEN_REQUEST_URL");
        if let (Some(url), Some(token)) = (url, self.set("ACTIONS_ID_TOKEN_REQUEST_TOKEN")) {
            return github(web, &url, &token).map(Some);
        }
        if let Ok(text) = fs::read_to_string(self.projected).map(Zeroizing::new) {
            return Token::parse(&text).map(Some);
        }
        let lacks = |what: &str| Err(WitnessError::Token(format!("there is none: {what}")));
        if self.set("GITHUB_ACTIONS").is_some() {
            return lacks("the job needs `permissions: id-token: write`");
        }
        if self.set("GITLAB_CI").is_some() {
            return lacks("the job needs `id_tokens: SIGSTORE_ID_TOKEN: aud: sigstore`");
        }
        Ok(None)
    }

    fn set(&self, name: &str) -> Option<Zeroizing<String>> {
        (self.variable)(name).filter(|text| !text.is_empty()).map(Zeroizing::new)
    }
}

fn github(web: &Web, url: &str, token: &str) -> Result<Token, WitnessError> {
    #[derive(Deserialize)]
    struct Given {
        value: Zeroizing<String>,
    }
    let mut url = address(url, "")?;
    url.query_pairs_mut().append_pair("audience", CLIENT);
    let answer = Web::send(&url, web.get(&url).bearer_auth(token))?.accepted()?;
    Token::parse(&answer.json::<Given>()?.value)
}
