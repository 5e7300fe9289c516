//! A service that is asked over HTTP: `plimsoll serve`, or another that speaks as it does.

use std::io::Read;
use std::time::Duration;

use anyhow::{Context as _, bail};
use plimsoll_image::sources::registry::is_loopback;
use reqwest::Url;
use reqwest::blocking::{Client, RequestBuilder};
use serde_json::Value;

use crate::exit::Usage;

/// The largest answer that is read: 256 MiB.
const MAX_ANSWER: u64 = 256 << 20;

/// How long the other side may take to be there.
const TO_CONNECT: Duration = Duration::from_secs(10);

/// How long an answer may take: an image is read meanwhile.
const TO_ANSWER: Duration = Duration::from_mins(2);

/// The variable with a key of `plimsoll serve`.
pub(crate) const KEY: &str = "PLIMSOLL_SERVER_KEY";

/// A service at an address.
pub(crate) struct Service {
    client: Client,
    base: Url,
    key: Option<String>,
}

/// What it said.
#[derive(Debug)]
pub(crate) struct Answer {
    /// The status.
    pub(crate) status: u16,
    /// The body; null where it is no JSON.
    pub(crate) body: Value,
}

/// Nothing is there that answers.
#[derive(Debug, thiserror::Error)]
#[error("nothing answers at {0}: {1}")]
pub(crate) struct Silent(pub(crate) String, String);

impl Service {
    /// A service that is not asked yet. A key in the variable is sent to it; one in the address
    /// (`http://x:KEY@host`) goes before.
    pub(crate) fn at(address: &str, key: Option<String>) -> anyhow::Result<Self> {
        let wrong = |why: &str| Usage(format!("`{}`: {why}", shown(address).escape_debug()));
        let base = Url::parse(address).map_err(|error| wrong(&error.to_string()))?;
        if !matches!(base.scheme(), "http" | "https") || base.host_str().is_none() {
            return Err(wrong("it is no address that begins with http:// or https://").into());
        }
        // Somebody else in this process may have chosen one, which serves as well.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = Client::builder()
            .user_agent(concat!("plimsoll/", env!("CARGO_PKG_VERSION")))
            // A key goes nowhere but where it was meant to go.
            .redirect(reqwest::redirect::Policy::none())
            .connect_timeout(TO_CONNECT)
            .timeout(TO_ANSWER)
            .build()
            .context("no client can be made")?;
        let key = key.or_else(|| std::env::var(KEY).ok()).filter(|key| !key.is_empty());
        let key = key.filter(|_| base.password().is_none());
        Ok(Self { client, base, key })
    }

    /// The address without what is secret in it.
    pub(crate) fn shown(&self) -> String {
        shown(self.base.as_str()).trim_end_matches('/').to_owned()
    }

    /// Whether it is on this machine.
    pub(crate) fn is_here(&self) -> bool {
        is_loopback(self.base.host_str().unwrap_or_default())
    }

    /// Asks for something.
    pub(crate) fn get(&self, path: &str) -> anyhow::Result<Answer> {
        let url = self.url(path)?;
        self.send(self.client.get(url))
    }

    /// Hands it a JSON document.
    pub(crate) fn post(&self, path: &str, body: Vec<u8>) -> anyhow::Result<Answer> {
        let url = self.url(path)?;
        self.send(self.client.post(url).header("content-type", "application/json").body(body))
    }

    fn url(&self, path: &str) -> anyhow::Result<Url> {
        let base = self.base.as_str().trim_end_matches('/');
        Url::parse(&format!("{base}{path}")).context("the address makes no sense")
    }

    fn send(&self, request: RequestBuilder) -> anyhow::Result<Answer> {
        let request = match &self.key {
            Some(key) => request.bearer_auth(key),
            None => request,
        };
        let response = request.send().map_err(|error| {
            let error = error.without_url();
            let chain = crate::exit::chain(&anyhow::Error::from(error));
            Silent(self.shown(), chain)
        })?;
        let status = response.status().as_u16();
        let mut bytes = Vec::new();
        let read = response.take(MAX_ANSWER.saturating_add(1)).read_to_end(&mut bytes);
        read.with_context(|| format!("{} broke off its answer", self.shown()))?;
        if bytes.len() as u64 > MAX_ANSWER {
            bail!("the answer of {} has more than {MAX_ANSWER} bytes", self.shown());
        }
        Ok(Answer { status, body: serde_json::from_slice(&bytes).unwrap_or_default() })
    }
}

impl Answer {
    /// Whether it is what was asked for.
    pub(crate) fn is_good(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// Why it is not, in its own words where there are any.
    pub(crate) fn why(&self) -> String {
        let said = ["detail", "message", "title", "error"]
            .iter()
            .find_map(|name| self.body.get(name)?.as_str())
            .unwrap_or_default();
        let said: String = said.chars().filter(|it| !it.is_control()).take(500).collect();
        match (self.status, said.as_str()) {
            (401 | 403, _) => format!("it answers {}: {said} (a key goes into {KEY})", self.status),
            (status, "") => format!("it answers {status}"),
            (status, said) => format!("it answers {status}: {said}"),
        }
    }
}

fn shown(address: &str) -> String {
    match Url::parse(address) {
        Ok(mut url) => {
            let _ = url.set_password(None);
            let _ = url.set_username("");
            url.to_string()
        }
        Err(_) => address.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_of_addresses_are_not_shown_and_other_schemes_are_refused() {
        let service = Service::at("http://x:secret@localhost:6060/", None).unwrap();
        assert_eq!(service.shown(), "http://localhost:6060");
        assert!(service.is_here() && service.key.is_none());
        assert!(!Service::at("https://plimsoll.example", None).unwrap().is_here());
        for wrong in ["localhost:6060", "file:///etc/passwd", ""] {
            assert!(Service::at(wrong, None).is_err(), "{wrong}");
        }
    }
}
