//! Requests to one repository: tokens, retries, and what a refusal means.
//!
//! Source: <https://github.com/opencontainers/distribution-spec/blob/main/spec.md>.

use std::io::Read;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use plimsoll_model::ImageName;
use reqwest::blocking::Response;
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE};
use reqwest::{Method, Url};
use serde::Deserialize;

use super::challenge::Challenge;
use super::credentials::{Credentials, Secret};
use super::transport::{Failure, Transport};
use super::{Pace, RegistryOptions};
use crate::error::ImageError;

/// How often a request is sent at most.
const MAX_TRIES: u32 = 4;

/// How often a document is asked for that breaks off.
const MAX_DOCUMENT_TRIES: u32 = 3;

/// The wait before the second try; it doubles with each.
const FIRST_WAIT: Duration = Duration::from_millis(250);

/// The longest `Retry-After` that is honoured; more is for the user to decide.
const MAX_WAIT: Duration = Duration::from_secs(30);

/// Bytes of an error's body that are looked at.
const MAX_ERROR_BODY: u64 = 64 << 10;

/// The largest answer of a token server: 1 MiB.
const MAX_TOKEN: u64 = 1 << 20;

/// A registry: the connections to it, and what was learnt of it.
pub(crate) struct Host {
    transport: Transport,
    /// Where it answers; differs from its name for Docker's own.
    address: String,
    scheme: OnceLock<&'static str>,
    /// Whether it answered that it keeps no lists of referrers.
    lists_nothing: AtomicBool,
    pace: Option<Arc<Pace>>,
}

impl Host {
    /// The host of the registry that users call `registry`.
    pub(crate) fn new(registry: &str, options: &RegistryOptions) -> Result<Self, ImageError> {
        let host = if registry == "docker.io" { "registry-1.docker.io" } else { registry };
        Ok(Self {
            transport: Transport::new(host, options)?,
            address: host.to_owned(),
            scheme: OnceLock::new(),
            lists_nothing: AtomicBool::new(false),
            pace: options.pace.clone(),
        })
    }

    /// Whether it is known to keep no lists of referrers.
    pub(crate) fn lists_nothing(&self) -> bool {
        self.lists_nothing.load(Ordering::Relaxed)
    }

    /// Remembers that it keeps none.
    pub(crate) fn found_without_lists(&self) {
        self.lists_nothing.store(true, Ordering::Relaxed);
    }
}

/// A repository on a registry.
pub(crate) struct Client {
    host: Arc<Host>,
    /// As the user writes it.
    registry: String,
    repository: String,
    credentials: Credentials,
    authorization: Mutex<Option<HeaderValue>>,
}

#[derive(Deserialize)]
struct Token {
    token: Option<String>,
    access_token: Option<String>,
}

#[derive(Deserialize)]
struct Errors {
    errors: Vec<ErrorEntry>,
}

#[derive(Deserialize)]
struct ErrorEntry {
    #[serde(default)]
    code: String,
    #[serde(default)]
    message: String,
}

impl Client {
    pub(crate) fn new(name: &ImageName, options: &RegistryOptions) -> Result<Self, ImageError> {
        Ok(Self::on(Arc::new(Host::new(name.registry(), options)?), name, options))
    }

    /// A repository on a host that others use as well.
    pub(crate) fn on(host: Arc<Host>, name: &ImageName, options: &RegistryOptions) -> Self {
        let registry = name.registry().to_owned();
        let credentials = Credentials::find(&registry, name.repository(), options);
        Self::with(host, registry, name.repository().to_owned(), credentials)
    }

    /// What a server of Notary has of a repository, which it calls by its whole name. As in
    /// Docker, the registry's credentials are shown there.
    pub(super) fn on_trust_server(
        server: &str,
        name: &ImageName,
        options: &RegistryOptions,
    ) -> Result<Self, ImageError> {
        let host = Arc::new(Host::new(server, options)?);
        let credentials = Credentials::find(name.registry(), name.repository(), options);
        let repository = format!("{}/{}", name.registry(), name.repository());
        Ok(Self::with(host, server.to_owned(), repository, credentials))
    }

    fn with(
        host: Arc<Host>,
        registry: String,
        repository: String,
        credentials: Credentials,
    ) -> Self {
        let authorization = match &credentials.secret {
            Some(Secret::Bearer(token)) => header("Bearer", token),
            _ => None,
        };
        Self { host, registry, repository, credentials, authorization: Mutex::new(authorization) }
    }

    /// The registry's host.
    pub(crate) fn host(&self) -> &Host {
        &self.host
    }

    /// The registry, as the user writes it.
    pub(crate) fn registry(&self) -> &str {
        &self.registry
    }

    /// Gets `/v2/REPOSITORY/PATH`; only a response that has what was asked for comes back.
    pub(crate) fn get(
        &self,
        path: &str,
        headers: &HeaderMap,
        what: &str,
    ) -> Result<Response, ImageError> {
        self.call(&Call { method: Method::GET, path, headers, body: None }, what)
    }

    /// A whole document, up to one byte more than `most`, and the headers that came with it. One
    /// that breaks off is asked for again.
    pub(super) fn document(
        &self,
        path: &str,
        headers: &HeaderMap,
        what: &str,
        most: u64,
    ) -> Result<(HeaderMap, Vec<u8>), ImageError> {
        let mut tries = 0;
        loop {
            tries += 1;
            let response = self.get(path, headers, what)?;
            let said = response.headers().clone();
            let mut bytes = Vec::new();
            match response.take(most.saturating_add(1)).read_to_end(&mut bytes) {
                Ok(_) => return Ok((said, bytes)),
                Err(_) if tries < MAX_DOCUMENT_TRIES => {}
                Err(error) => {
                    return Err(ImageError::Network {
                        host: self.registry().into(),
                        what: what.into(),
                        message: super::transport::causes(&error),
                    });
                }
            }
        }
    }

    /// Makes a request; only a response that says that it was carried out comes back.
    pub(crate) fn call(&self, call: &Call<'_>, what: &str) -> Result<Response, ImageError> {
        let writes = !matches!(call.method, Method::GET | Method::HEAD);
        let asked = Asked { what, hint: NOT_FOUND_HINT, writes };
        let mut has_answered = false;
        loop {
            let sent = self.authorization.lock().unwrap_or_else(PoisonError::into_inner).clone();
            let response = self.retrying(&asked, || self.send(call, sent.as_ref()))?;
            if response.status().as_u16() != 401 || (has_answered && writes) {
                return self.accepted(response, &asked);
            }
            let challenges: Vec<HeaderValue> =
                response.headers().get_all(WWW_AUTHENTICATE).iter().cloned().collect();
            if has_answered {
                return Err(self.unauthorized(what, &said(response)));
            }
            has_answered = true;
            self.authorize(&challenges, what, response)?;
        }
    }

    /// Whether the registry may send us to `place` with what we upload.
    pub(crate) fn may_send_to(&self, place: &Url, what: &str) -> Result<(), ImageError> {
        let scheme = self.host.scheme.get().copied().unwrap_or("https");
        let home = Url::parse(&format!("{scheme}://{}", self.host.address));
        let home = home.map_err(|error| Failure::Wrong(error.to_string()));
        let judged = home.and_then(|home| self.host.transport.may_follow(&home, place));
        judged.map_err(|failure| failure.into_error(&self.registry, what))
    }

    /// Over TLS; for hosts that the user called insecure also without, where TLS fails.
    fn send(
        &self,
        call: &Call<'_>,
        authorization: Option<&HeaderValue>,
    ) -> Result<Response, Failure> {
        let send = |scheme: &'static str| {
            let base = format!("{scheme}://{}/v2/{}/", self.host.address, self.repository);
            let url = Url::parse(&base).and_then(|base| match call.path {
                // A place that the registry itself named.
                path if is_location(path) => base.join(path),
                path => Url::parse(&format!("{base}{path}")),
            });
            let url = url.map_err(|error| Failure::Wrong(error.to_string()))?;
            let home = format!("{scheme}://{}", self.host.address);
            let at_home = Url::parse(&home).is_ok_and(|home| home.origin() == url.origin());
            let authorization = authorization.filter(|_| at_home);
            self.host.transport.send(&call.method, &url, call.headers, authorization, call.body)
        };
        if let Some(scheme) = self.host.scheme.get() {
            return send(scheme);
        }
        let scheme = match send("https") {
            Err(Failure::Tls(_) | Failure::Broken(_) | Failure::Silent(_))
                if self.host.transport.is_insecure(&self.host.address) =>
            {
                "http"
            }
            outcome => {
                if outcome.is_ok() {
                    let _ = self.host.scheme.set("https");
                }
                return outcome;
            }
        };
        let outcome = send(scheme);
        if outcome.is_ok() {
            let _ = self.host.scheme.set(scheme);
        }
        outcome
    }

    /// Sends until there is an answer that another try would not better.
    fn retrying(
        &self,
        asked: &Asked<'_>,
        send: impl Fn() -> Result<Response, Failure>,
    ) -> Result<Response, ImageError> {
        let mut tries = 0;
        let mut wait = FIRST_WAIT;
        loop {
            tries += 1;
            if let Some(pace) = &self.host.pace {
                pace.wait();
            }
            match send() {
                Ok(response) if response.status().as_u16() == 429 => {
                    let retry_after = retry_after(&response);
                    let wanted = retry_after.unwrap_or(wait);
                    if tries >= MAX_TRIES || wanted > MAX_WAIT {
                        return Err(ImageError::RateLimited {
                            registry: self.registry.clone(),
                            what: asked.what.into(),
                            retry_after,
                        });
                    }
                    wait = wanted.max(wait);
                }
                Ok(response)
                    if tries < MAX_TRIES
                        && matches!(response.status().as_u16(), 408 | 500 | 502..=504) => {}
                Ok(response) => return Ok(response),
                Err(Failure::Broken(_)) if tries < MAX_TRIES => {}
                // Waiting out a silence twice is as much as a person bears.
                Err(Failure::Silent(_)) if tries < 2 => {}
                Err(failure) => return Err(failure.into_error(&self.registry, asked.what)),
            }
            std::thread::sleep(wait);
            wait = wait.saturating_mul(2).min(MAX_WAIT);
        }
    }

    /// Sorts out what is no success.
    fn accepted(&self, response: Response, asked: &Asked<'_>) -> Result<Response, ImageError> {
        let status = response.status();
        if status.is_success() {
            return Ok(response);
        }
        let (registry, what) = (self.registry.clone(), asked.what.to_owned());
        let said = said(response);
        Err(match status.as_u16() {
            401 | 403 if asked.writes => ImageError::NoPush { registry, what, said },
            401 => return Err(self.unauthorized(&what, &said)),
            403 => ImageError::Forbidden { registry, what, said },
            404 => ImageError::NotFound { source_name: registry, what, said, hint: asked.hint },
            status => ImageError::Registry { registry, what, status, said },
        })
    }

    fn unauthorized(&self, what: &str, said: &str) -> ImageError {
        let ours = match &self.credentials.secret {
            None => "no credentials for it are known",
            Some(Secret::Password { .. }) => "the user or password is not accepted",
            Some(Secret::Identity(_) | Secret::Bearer(_)) => "the stored token is not accepted",
        };
        let trouble = self.credentials.trouble.iter().map(|trouble| format!("; {trouble}"));
        ImageError::Unauthorized {
            registry: self.registry.clone(),
            what: what.into(),
            said: format!("{said} ({ours}{})", trouble.collect::<String>()),
        }
    }

    /// Answers a challenge, so that the next request is let in.
    fn authorize(
        &self,
        challenges: &[HeaderValue],
        what: &str,
        refusal: Response,
    ) -> Result<(), ImageError> {
        let texts = challenges.iter().filter_map(|value| value.to_str().ok());
        let authorization = match Challenge::choose(texts) {
            Some(Challenge::Bearer { realm, service, scope }) => {
                let origin = refusal.url().clone();
                let token = self.token(&realm, service.as_deref(), scope, &origin, what)?;
                header("Bearer", &token)
            }
            Some(Challenge::Basic) => match &self.credentials.secret {
                Some(Secret::Password { user, password }) => basic(user, password),
                _ => return Err(self.unauthorized(what, &said(refusal))),
            },
            None => return Err(self.unauthorized(what, &said(refusal))),
        };
        *self.authorization.lock().unwrap_or_else(PoisonError::into_inner) = authorization;
        Ok(())
    }

    /// Fetches a token for reading this repository.
    fn token(
        &self,
        realm: &str,
        service: Option<&str>,
        scope: Option<String>,
        registry: &Url,
        what: &str,
    ) -> Result<String, ImageError> {
        let failed = |message: &str| ImageError::Network {
            host: self.registry.clone(),
            what: what.into(),
            message: format!("its token server `{}`: {message}", plain(realm)),
        };
        let mut url = registry.join(realm).map_err(|_| failed("no URL"))?;
        let host = super::transport::host_of(&url);
        let is_plain = url.scheme() != "https";
        if is_plain && registry.scheme() == "https" && !self.host.transport.is_insecure(&host) {
            return Err(failed("credentials are not sent without TLS"));
        }
        // Where the token server is, is the registry's word, as is a redirect.
        let judged = self.host.transport.may_follow(registry, &url);
        judged.map_err(|failure| failure.into_error(&self.registry, what))?;
        let scope = scope.unwrap_or_else(|| format!("repository:{}:pull", self.repository));
        let mut headers = HeaderMap::new();
        let (mut method, mut body, mut authorization) = (Method::GET, None, None);
        if let Some(Secret::Identity(token)) = &self.credentials.secret {
            method = Method::POST;
            let mut form = url.clone();
            form.query_pairs_mut()
                .clear()
                .append_pair("grant_type", "refresh_token")
                .append_pair("service", service.unwrap_or_default())
                .append_pair("client_id", "plimsoll")
                .append_pair("scope", &scope)
                .append_pair("refresh_token", token);
            body = form.query().map(str::to_owned);
            headers.insert(
                CONTENT_TYPE,
                HeaderValue::from_static("application/x-www-form-urlencoded"),
            );
        } else {
            let mut query = url.query_pairs_mut();
            if let Some(service) = service {
                query.append_pair("service", service);
            }
            query.append_pair("scope", &scope);
            if let Some(Secret::Password { user, password }) = &self.credentials.secret {
                query.append_pair("account", user);
                authorization = basic(user, password);
            }
        }
        let hint = "the registry names a token server that has no such page";
        let asked = Asked { what, hint, writes: false };
        let response = self.retrying(&asked, || {
            self.host.transport.send(
                &method,
                &url,
                &headers,
                authorization.as_ref(),
                body.as_deref().map(str::as_bytes),
            )
        })?;
        let mut text = Vec::new();
        self.accepted(response, &asked)?
            .take(MAX_TOKEN)
            .read_to_end(&mut text)
            .map_err(|error| failed(&super::transport::causes(&error)))?;
        let token: Token =
            serde_json::from_slice(&text).map_err(|_| failed("it answers no JSON"))?;
        let filled = |token: Option<String>| token.filter(|token| !token.is_empty());
        filled(token.token)
            .or_else(|| filled(token.access_token))
            .ok_or_else(|| failed("its answer has no token"))
    }
}

/// A request to the repository.
pub(crate) struct Call<'a> {
    /// What is to be done.
    pub(crate) method: Method,
    /// Behind `/v2/REPOSITORY/`, or a `Location` of the registry: with a slash or scheme in front.
    pub(crate) path: &'a str,
    /// Header fields beside the authorization.
    pub(crate) headers: &'a HeaderMap,
    /// What is sent.
    pub(crate) body: Option<&'a [u8]>,
}

/// What a request is for.
struct Asked<'a> {
    what: &'a str,
    /// What to do where it is not there.
    hint: &'static str,
    /// Whether it changes something.
    writes: bool,
}

/// Whether a path is one that the registry gave, and not one below the repository.
fn is_location(path: &str) -> bool {
    path.starts_with('/') || path.starts_with("https://") || path.starts_with("http://")
}

const NOT_FOUND_HINT: &str = "check name and tag; a private repository may look as if it were \
                              missing to whom is not logged in";

fn header(scheme: &str, secret: &str) -> Option<HeaderValue> {
    let mut value = HeaderValue::from_str(&format!("{scheme} {secret}")).ok()?;
    value.set_sensitive(true);
    Some(value)
}

fn basic(user: &str, password: &str) -> Option<HeaderValue> {
    header("Basic", &STANDARD.encode(format!("{user}:{password}")))
}

/// `Retry-After` in seconds; a date is as good as none, because we know no exact time.
fn retry_after(response: &Response) -> Option<Duration> {
    let value = response.headers().get(RETRY_AFTER)?.to_str().ok()?;
    value.trim().parse().ok().map(Duration::from_secs)
}

/// The words of an error's body, or the name of its status.
fn said(response: Response) -> String {
    let status = response.status();
    let mut body = Vec::new();
    // The status alone says enough where the body cannot be read.
    let _ = response.take(MAX_ERROR_BODY).read_to_end(&mut body);
    let errors: Result<Errors, _> = serde_json::from_slice(&body);
    let first = errors.ok().and_then(|errors| errors.errors.into_iter().next());
    let words = first.map(|error| {
        let parts = [error.message, error.code.to_ascii_lowercase().replace('_', " ")];
        parts.into_iter().find(|part| !part.is_empty()).unwrap_or_default()
    });
    let words = words.filter(|words| !words.is_empty());
    plain(
        &words
            .unwrap_or_else(|| status.canonical_reason().unwrap_or("refused").to_ascii_lowercase()),
    )
}

/// Words of a stranger, fit for a terminal: one line, no control characters, not too long.
pub(in crate::sources) fn plain(words: &str) -> String {
    const MAX: usize = 300;
    let cleaned: String =
        words.trim().chars().take(MAX).map(|c| if c.is_control() { ' ' } else { c }).collect();
    if words.trim().chars().nth(MAX).is_some() { cleaned + "…" } else { cleaned }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_strangers_words_stay_on_one_line_and_give_no_orders_to_the_terminal() {
        assert_eq!(plain(" a\n\u{1b}[31mb "), "a  [31mb");
        assert_eq!(plain(&"x".repeat(400)).chars().count(), 301);
    }
}
