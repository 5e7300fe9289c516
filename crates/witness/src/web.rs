//! One request and its answer.

use std::error::Error as _;
use std::io::Read;
use std::time::Duration;

use reqwest::blocking::{Client, RequestBuilder};
use reqwest::{StatusCode, Url};
use serde::de::DeserializeOwned;

/// The largest answer: 4 MiB. A log's is a few kilobytes.
const MAX_ANSWER: u64 = 4 << 20;

/// How long a service may be silent.
const PATIENCE: Duration = Duration::from_secs(30);

/// Why a service did not vouch.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WitnessError {
    /// An address that is not spoken to.
    #[error("`{url}` is no address of a service: {why}")]
    Address {
        /// As it was given.
        url: String,
        /// What is wrong with it.
        why: String,
    },
    /// No answer.
    #[error("{url} does not answer: {why}")]
    Unreachable {
        /// Which address.
        url: String,
        /// The cause.
        why: String,
    },
    /// An answer that says no.
    #[error("{url} refused with status {status}: {said}")]
    Refused {
        /// Which address.
        url: String,
        /// HTTP status.
        status: u16,
        /// The service's words.
        said: String,
    },
    /// An answer that is none to what was asked.
    #[error("{url} answered what cannot be used: {why}")]
    Answer {
        /// Which address.
        url: String,
        /// What is wrong with it.
        why: String,
    },
    /// A key in a server that cannot be used, before or beside its answer.
    #[error("{0}")]
    Transit(String),
    /// A token that tells nobody who is signing.
    #[error("the identity token is of no use: {0}")]
    Token(String),
    /// A key that cannot take part.
    #[error(transparent)]
    Key(#[from] plimsoll_supply::Error),
}

/// Connections to services.
pub struct Web {
    client: Client,
}

/// What came back.
pub(crate) struct Answer {
    pub(crate) url: String,
    pub(crate) status: StatusCode,
    pub(crate) location: Option<String>,
    pub(crate) body: Vec<u8>,
}

impl Web {
    /// Connections with the system's certificates.
    pub fn new() -> Result<Self, WitnessError> {
        Self::with(Vec::new())
    }

    /// Connections with the system's certificates and those in `pem`.
    pub fn trusting(pem: &[u8]) -> Result<Self, WitnessError> {
        let more = reqwest::Certificate::from_pem_bundle(pem);
        let more = more.ok().filter(|it| !it.is_empty()).ok_or_else(|| {
            plimsoll_supply::Error::malformed("certificates of an authority", "no PEM of any")
        })?;
        Self::with(more)
    }

    fn with(more: Vec<reqwest::Certificate>) -> Result<Self, WitnessError> {
        // Somebody else in this process may have chosen one, which serves as well.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = Client::builder()
            .user_agent(concat!("plimsoll/", env!("CARGO_PKG_VERSION")))
            .redirect(reqwest::redirect::Policy::none())
            .connect_timeout(PATIENCE)
            .timeout(PATIENCE)
            .tls_certs_merge(more)
            .build();
        let client = client.map_err(|error| WitnessError::Unreachable {
            url: "any service".into(),
            why: innermost(&error),
        })?;
        Ok(Self { client })
    }

    pub(crate) fn post(&self, url: &Url) -> RequestBuilder {
        self.client.post(url.clone())
    }

    pub(crate) fn get(&self, url: &Url) -> RequestBuilder {
        self.client.get(url.clone())
    }

    /// What is at `url`, of at most `most` bytes and one more, so that the caller notices; `None`
    /// where there is nothing. Stores of objects say 403 for what is not there.
    pub(crate) fn bytes(&self, url: &Url, most: u64) -> Result<Option<Vec<u8>>, WitnessError> {
        let unreachable = |why| WitnessError::Unreachable { url: url.to_string(), why };
        let response = self.get(url).send().map_err(|error| unreachable(innermost(&error)))?;
        match response.status() {
            StatusCode::NOT_FOUND | StatusCode::FORBIDDEN => return Ok(None),
            status if !status.is_success() => {
                let (url, status) = (url.to_string(), status.as_u16());
                return Err(WitnessError::Refused { url, status, said: String::new() });
            }
            _ => {}
        }
        let mut body = Vec::new();
        response
            .take(most.saturating_add(1))
            .read_to_end(&mut body)
            .map_err(|error| unreachable(error.to_string()))?;
        Ok(Some(body))
    }

    /// Sends a request; any status is an answer.
    pub(crate) fn send(url: &Url, request: RequestBuilder) -> Result<Answer, WitnessError> {
        let unreachable = |why| WitnessError::Unreachable { url: url.to_string(), why };
        let response = request.send().map_err(|error| unreachable(innermost(&error)))?;
        let status = response.status();
        let location = response.headers().get(reqwest::header::LOCATION);
        let location = location.and_then(|it| it.to_str().ok()).map(str::to_owned);
        let mut body = Vec::new();
        response
            .take(MAX_ANSWER + 1)
            .read_to_end(&mut body)
            .map_err(|error| unreachable(error.to_string()))?;
        if body.len() as u64 > MAX_ANSWER {
            let why = format!("more than {MAX_ANSWER} bytes");
            return Err(WitnessError::Answer { url: url.to_string(), why });
        }
        Ok(Answer { url: url.to_string(), status, location, body })
    }
}

impl Answer {
    /// The body, if the service said yes.
    pub(crate) fn accepted(self) -> Result<Self, WitnessError> {
        if self.status.is_success() {
            return Ok(self);
        }
        let said: String = String::from_utf8_lossy(&self.body)
            .chars()
            .take(300)
            .map(|letter| if letter.is_control() { ' ' } else { letter })
            .collect();
        Err(WitnessError::Refused { url: self.url, status: self.status.as_u16(), said })
    }

    /// The body as JSON.
    pub(crate) fn json<T: DeserializeOwned>(&self) -> Result<T, WitnessError> {
        serde_json::from_slice(&self.body).map_err(|error| self.useless(&error.to_string()))
    }

    pub(crate) fn useless(&self, why: &str) -> WitnessError {
        WitnessError::Answer { url: self.url.clone(), why: why.to_owned() }
    }
}

/// The address of a service with `path` behind it. Without TLS only this machine is spoken to.
pub(crate) fn address(base: &str, path: &str) -> Result<Url, WitnessError> {
    let wrong = |why: &str| WitnessError::Address { url: base.to_owned(), why: why.to_owned() };
    let url = Url::parse(&format!("{}{path}", base.trim_end_matches('/')));
    let url = url.map_err(|error| wrong(&error.to_string()))?;
    match (url.scheme(), url.host_str()) {
        ("https", Some(_)) => Ok(url),
        ("http", Some(host)) if is_here(host) => Ok(url),
        ("http", _) => Err(wrong("without TLS only this machine is spoken to")),
        _ => Err(wrong("expected https://HOST")),
    }
}

fn is_here(host: &str) -> bool {
    let address = host.trim_matches(['[', ']']).parse::<std::net::IpAddr>();
    host == "localhost" || address.is_ok_and(|address| address.is_loopback())
}

pub(crate) fn innermost(error: &reqwest::Error) -> String {
    let mut last: &dyn std::error::Error = error;
    while let Some(next) = last.source() {
        last = next;
    }
    match error.source() {
        Some(_) => last.to_string(),
        None => error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::address;

    #[test]
    fn only_this_machine_is_spoken_to_without_tls() {
        assert!(address("https://log.example", "/api").is_ok());
        assert!(address("http://127.0.0.1:3000/", "/api").is_ok());
        assert!(address("http://[::1]:3000", "/api").is_ok());
        for bad in ["http://log.example", "ftp://localhost", "log.example", "http://localhost.evil"]
        {
            assert!(address(bad, "/api").is_err(), "{bad}");
        }
    }
}
