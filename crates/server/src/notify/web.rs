//! Requests to where notifiers say, which is nobody's way into the network that the server is in:
//! addresses that only this machine or its network can reach are refused, unless whoever runs the
//! server allowed them.

use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, OnceLock, PoisonError, RwLock};
use std::time::Duration;

use plimsoll_image::sources::registry::is_public;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::header::{CONTENT_TYPE, HeaderMap};
use reqwest::{Client, Url};

use crate::error::{Error, Result};

/// How long a channel may take.
const PATIENCE: Duration = Duration::from_secs(15);

/// How much of an answer is told.
const LONGEST: usize = 300;

/// How the world outside is reached.
#[derive(Debug, Default)]
pub struct Web {
    allowed: RwLock<Vec<String>>,
    public: String,
    outside: OnceLock<Client>,
    inside: OnceLock<Client>,
}

impl Web {
    /// With what the environment says: `PLIMSOLL_NOTIFY_ALLOW` lists hosts (`HOST` or `HOST:PORT`)
    /// inside that may be told; `PLIMSOLL_PUBLIC_URL` is where people find the server.
    pub fn from_env() -> Self {
        let text = |name: &str| std::env::var(name).unwrap_or_default();
        let allowed = text("PLIMSOLL_NOTIFY_ALLOW");
        let allowed = allowed.split(',').map(str::trim).filter(|it| !it.is_empty());
        Self {
            allowed: RwLock::new(allowed.map(str::to_owned).collect()),
            public: text("PLIMSOLL_PUBLIC_URL").trim_end_matches('/').to_owned(),
            ..Self::default()
        }
    }

    /// Allows a host inside.
    pub fn allow(&self, host: &str) {
        self.allowed.write().unwrap_or_else(PoisonError::into_inner).push(host.to_owned());
    }

    /// Where people find something of the server; empty where nobody said where it is.
    pub fn link(&self, path: &str) -> String {
        if self.public.is_empty() { String::new() } else { format!("{}{path}", self.public) }
    }

    /// Whether whoever runs the server allowed a host and port inside.
    fn allows(&self, host: &str, port: u16) -> bool {
        let with_port = format!("{host}:{port}");
        let allowed = self.allowed.read().unwrap_or_else(PoisonError::into_inner);
        allowed.iter().any(|it| it == host || *it == with_port)
    }

    /// The addresses of a host that may be told.
    pub(super) async fn addresses(&self, host: &str, port: u16) -> Result<Vec<SocketAddr>> {
        let bare = host.trim_matches(['[', ']']);
        let found: Vec<SocketAddr> = tokio::net::lookup_host((bare, port))
            .await
            .map_err(|error| Error::Notice(format!("`{host}`: {error}")))?
            .collect();
        if self.allows(host, port) {
            return Ok(found);
        }
        let outside: Vec<SocketAddr> = found.into_iter().filter(|it| is_public(it.ip())).collect();
        if outside.is_empty() { Err(inside(host, port)) } else { Ok(outside) }
    }

    /// Posts a body to an address; anything but success is an error with what was answered.
    pub(super) async fn post(
        &self,
        url: &str,
        headers: HeaderMap,
        media_type: &str,
        body: String,
    ) -> Result<()> {
        let refuse = |why: &str| Error::Refused(format!("the address of the notifier {why}"));
        let url: Url = url.parse().map_err(|_| refuse("is none"))?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(refuse("is neither http nor https"));
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(refuse("has a user in it"));
        }
        let host = url.host_str().ok_or_else(|| refuse("has no host"))?.to_owned();
        let port = url.port_or_known_default().unwrap_or(443);
        let is_allowed = self.allows(&host, port);
        if !is_allowed && literal(&host).is_some_and(|it| !is_public(it)) {
            return Err(inside(&host, port));
        }
        if !is_allowed && literal(&host).is_none() {
            // A proxy would ask for the name itself; where no name can be asked for here, it has to.
            let found = tokio::net::lookup_host((host.as_str(), port)).await;
            if found.is_ok_and(|mut all| all.any(|it| !is_public(it.ip()))) {
                return Err(inside(&host, port));
            }
        }
        let client = if is_allowed {
            Self::client(&self.inside, true)?
        } else {
            Self::client(&self.outside, false)?
        };
        let sent = client
            .post(url)
            .headers(headers)
            .header(CONTENT_TYPE, media_type)
            .body(body)
            .send()
            .await
            .map_err(|error| Error::Notice(format!("`{host}`: {}", innermost(&error))))?;
        let status = sent.status();
        if status.is_success() {
            return Ok(());
        }
        let said = said(sent).await;
        let why = format!("`{host}` answered {status}: {said}");
        // What is asked for too often, or of a server that is broken, may go well later.
        let is_passing = status.is_server_error() || matches!(status.as_u16(), 408 | 425 | 429);
        Err(if is_passing { Error::Notice(why) } else { Error::Refused(why) })
    }

    fn client(place: &OnceLock<Client>, is_inside: bool) -> Result<&Client> {
        if let Some(client) = place.get() {
            return Ok(client);
        }
        // Somebody else in this process may have chosen one, which serves as well.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let builder = Client::builder()
            .user_agent(concat!("plimsoll/", env!("CARGO_PKG_VERSION")))
            .redirect(reqwest::redirect::Policy::none())
            .referer(false)
            .timeout(PATIENCE);
        let builder =
            if is_inside { builder.no_proxy() } else { builder.dns_resolver(Arc::new(Outside)) };
        let client = builder.build().map_err(|error| Error::Notice(error.to_string()))?;
        Ok(place.get_or_init(|| client))
    }
}

fn literal(host: &str) -> Option<IpAddr> {
    host.trim_matches(['[', ']']).parse().ok()
}

fn inside(host: &str, port: u16) -> Error {
    Error::Refused(format!(
        "`{host}:{port}` is inside the server's own network: whoever runs the server may allow it \
         by PLIMSOLL_NOTIFY_ALLOW"
    ))
}

/// Resolves names to addresses outside.
#[derive(Debug)]
struct Outside;

impl Resolve for Outside {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            let found: Vec<SocketAddr> =
                tokio::net::lookup_host((name.as_str(), 0)).await?.collect();
            let outside: Vec<SocketAddr> =
                found.into_iter().filter(|it| is_public(it.ip())).collect();
            if outside.is_empty() {
                let why = format!("`{}` leads inside the server's own network", name.as_str());
                return Err(std::io::Error::new(std::io::ErrorKind::PermissionDenied, why).into());
            }
            Ok(Box::new(outside.into_iter()) as Addrs)
        })
    }
}

/// The innermost cause: the outer ones repeat the address, which may be a secret.
fn innermost(error: &dyn std::error::Error) -> String {
    let mut last = error;
    while let Some(next) = last.source() {
        last = next;
    }
    last.to_string()
}

/// The beginning of an answer.
async fn said(mut response: reqwest::Response) -> String {
    let mut bytes = Vec::new();
    while bytes.len() < LONGEST {
        match response.chunk().await {
            Ok(Some(more)) => bytes.extend_from_slice(&more),
            _ => break,
        }
    }
    let text = String::from_utf8_lossy(&bytes);
    text.trim().chars().take(LONGEST).map(|c| if c.is_control() { ' ' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_notifier_leads_nowhere_inside_unless_that_is_allowed() {
        let web = Web::default();
        let post = async |url: &str| {
            web.post(url, HeaderMap::new(), "text/plain", String::new())
                .await
                .unwrap_err()
                .to_string()
        };
        for url in ["http://127.0.0.1:1/", "http://[::1]:1/", "http://169.254.169.254/latest"] {
            assert!(post(url).await.contains("inside the server's own network"), "{url}");
        }
        assert!(post("http://localhost:1/").await.contains("inside the server's own network"));
        assert!(post("file:///etc/passwd").await.contains("neither http nor https"));
        assert!(post("http://me:pw@example.org/").await.contains("has a user in it"));
        web.allow("127.0.0.1:1");
        let refused = post("http://127.0.0.1:1/").await;
        assert!(!refused.contains("inside"), "{refused}");
        assert!(web.addresses("127.0.0.1", 2).await.is_err());
    }
}
