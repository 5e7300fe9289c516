//! A service that takes alerts by POST, such as Falcosidekick.

use std::error::Error as _;
use std::fs;
use std::time::Duration;

use plimsoll_runtime::alert::Alert;
use reqwest::blocking::Client;
use reqwest::{Certificate, Identity, Url};

use crate::settings::HttpSettings;
use crate::{Channel, OutputError};

/// A service.
#[derive(Debug)]
pub(crate) struct Http {
    client: Client,
    url: Url,
    /// The address as it may be told to anybody.
    shown: String,
    content: &'static str,
    again: u32,
    /// The last alert got no answer: the next is tried once.
    is_silent: bool,
}

fn wrong(why: impl Into<String>) -> OutputError {
    OutputError::Settings(why.into())
}

fn file(path: &str) -> Result<Vec<u8>, OutputError> {
    fs::read(path).map_err(OutputError::io(format!("`{path}`")))
}

impl Http {
    pub(crate) fn new(
        settings: &HttpSettings,
        json: bool,
        patience: Duration,
    ) -> Result<Self, OutputError> {
        if settings.insecure {
            let why = "`http_output.insecure` takes any certificate: name the service's own in \
                       `http_output.ca_cert` instead";
            return Err(wrong(why));
        }
        let given = settings.url.trim_matches(['"', '\'']);
        let url = Url::parse(given).ok().filter(|url| matches!(url.scheme(), "http" | "https"));
        let Some(url) = url else {
            // A key may stand in it.
            return Err(wrong(
                "`http_output.url` is no address that begins with http:// or https://",
            ));
        };
        // Somebody else in this process may have chosen one, which serves as well.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let mut builder = Client::builder()
            .user_agent(&settings.user_agent)
            .redirect(reqwest::redirect::Policy::none())
            .connect_timeout(patience)
            .timeout(patience);
        for path in [&settings.ca_cert, &settings.ca_bundle] {
            if !path.is_empty() {
                let trusted = Certificate::from_pem_bundle(&file(path)?).ok();
                let trusted = trusted.filter(|trusted| !trusted.is_empty()).ok_or_else(|| {
                    wrong(format!("`{path}` has no certificate that can be read"))
                })?;
                builder = builder.tls_certs_only(trusted);
                break;
            }
        }
        if settings.mtls {
            let mut both = file(&settings.client_cert)?;
            both.push(b'\n');
            both.extend(file(&settings.client_key)?);
            let identity = Identity::from_pem(&both).map_err(|_| {
                let (cert, key) = (&settings.client_cert, &settings.client_key);
                wrong(format!("`{cert}` and `{key}` are no certificate with its key"))
            })?;
            builder = builder.identity(identity);
        }
        let client = builder.build().map_err(|error| wrong(innermost(&error)))?;
        let content = if json { "application/json" } else { "text/plain" };
        let shown = without_keys(&url);
        let again = settings.max_consecutive_timeouts.min(100);
        Ok(Self { client, url, shown, content, again, is_silent: false })
    }

    fn post(&self, line: &str) -> Result<(), (bool, String)> {
        let request = self.client.post(self.url.clone());
        let request =
            request.header(reqwest::header::CONTENT_TYPE, self.content).body(line.to_owned());
        let answer = request.send().map_err(|error| {
            let error = error.without_url();
            (error.is_timeout(), format!("does not answer: {}", innermost(&error)))
        })?;
        if answer.status().is_success() {
            return Ok(());
        }
        Err((false, format!("answers {}", answer.status())))
    }
}

impl Channel for Http {
    fn name(&self) -> &'static str {
        "http"
    }

    fn send(&mut self, _: &Alert, line: &str) -> Result<(), OutputError> {
        let mut left = if self.is_silent { 0 } else { self.again };
        loop {
            let posted = self.post(line);
            self.is_silent = matches!(posted, Err((true, _)));
            match posted {
                Ok(()) => return Ok(()),
                Err((true, _)) if left > 0 => left = left.saturating_sub(1),
                Err((_, said)) => {
                    return Err(OutputError::Refused { url: self.shown.clone(), said });
                }
            }
        }
    }
}

/// An address as it may be told to anybody: services are given keys in all parts of it but the host.
fn without_keys(url: &Url) -> String {
    let has_more = !matches!(url.path(), "" | "/") || url.query().is_some();
    format!("{}{}", url.origin().ascii_serialization(), if has_more { "/…" } else { "" })
}

/// The cause below all others, which says most.
fn innermost(error: &reqwest::Error) -> String {
    let mut cause = error.source();
    let mut text = error.to_string();
    while let Some(next) = cause {
        text = next.to_string();
        cause = next.source();
    }
    text
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_shown_without_its_keys() {
        let shown = |url: &str| without_keys(&Url::parse(url).unwrap());
        assert_eq!(shown("http://x:SECRET@h:7/"), "http://h:7");
        assert_eq!(shown("https://SECRET@h/services/SECRET"), "https://h/…");
        assert_eq!(shown("https://h/?key=SECRET#SECRET"), "https://h/…");
    }
}
