//! One request and its redirects, with certificates verified and credentials kept at home.

use std::error::Error;
use std::io;
use std::sync::{Arc, OnceLock};

use reqwest::blocking::{Client, ClientBuilder, Request, Response};
use reqwest::header::{HeaderMap, HeaderValue, LOCATION};
use reqwest::{Certificate, Method, StatusCode, Url};

use super::RegistryOptions;
use super::client::plain;
use super::resolver::{Resolver, Shared};
use crate::error::ImageError;

/// Redirects of one request; blob stores need one, sometimes two.
const MAX_REDIRECTS: usize = 5;

/// The largest file with certificates: 8 MiB.
const MAX_CA_FILE: u64 = 8 << 20;

/// What is told where a host speaks no TLS or shows a certificate that proves nothing.
const TLS_HINT: &str = "give the certificate of its authority with `--ca-file FILE`, or, where \
                        nobody else can reach this network, allow the host with \
                        `--insecure-registry HOST`";

/// Why a request got no response.
#[derive(Debug)]
pub(super) enum Failure {
    /// Worth another try.
    Broken(String),
    /// Nothing came within the time-out.
    Silent(String),
    /// No trusted connection; the text says why.
    Tls(String),
    /// Not worth another try.
    Wrong(String),
}

impl Failure {
    /// The error for whoever asked `host` for `what`.
    pub(super) fn into_error(self, host: &str, what: &str) -> ImageError {
        match self {
            Self::Tls(message) => ImageError::Tls { host: host.into(), message, hint: TLS_HINT },
            Self::Broken(message) | Self::Silent(message) | Self::Wrong(message) => {
                // Where it is the registry itself that failed, it is named already.
                let own = message.strip_prefix(host).and_then(|rest| rest.strip_prefix(": "));
                let message = own.unwrap_or(&message).to_owned();
                ImageError::Network { host: host.into(), what: what.into(), message }
            }
        }
    }
}

/// Connections of one reading.
pub(super) struct Transport {
    strict: Client,
    /// Verifies nothing; for hosts that the user named only.
    lax: OnceLock<Client>,
    /// The registry is on this machine.
    is_here: bool,
    resolver: Arc<Resolver>,
    options: RegistryOptions,
}

impl Transport {
    /// Connections to `host` and to where it sends us. One that is this very machine is spoken
    /// to directly, whatever proxy the environment names.
    pub(super) fn new(host: &str, options: &RegistryOptions) -> Result<Self, ImageError> {
        Self::with(host, options, Resolver::system())
    }

    fn with(
        host: &str,
        options: &RegistryOptions,
        resolver: Arc<Resolver>,
    ) -> Result<Self, ImageError> {
        // Somebody else in this process may have chosen one, which serves as well.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let is_here = is_loopback(host);
        let mut builder = builder(options, is_here, &resolver);
        for path in &options.ca_files {
            let pem = read_bounded(path).map_err(ImageError::io(path))?;
            let parsed = Certificate::from_pem_bundle(&pem).map_err(|error| error.to_string());
            let certificates = match parsed {
                Ok(certificates) if !certificates.is_empty() => certificates,
                other => {
                    let why = other.err().unwrap_or_else(|| "there is none".into());
                    return Err(ImageError::Malformed {
                        path: path.clone(),
                        what: "PEM certificate".into(),
                        message: why,
                    });
                }
            };
            builder = builder.tls_certs_merge(certificates);
        }
        let strict = builder.build().map_err(|error| ImageError::Tls {
            host: "any registry".into(),
            message: causes(&error),
            hint: "install the system's certificates (package `ca-certificates`), or give some \
                   with `--ca-file FILE`",
        })?;
        let (lax, options) = (OnceLock::new(), options.clone());
        Ok(Self { strict, lax, is_here, resolver, options })
    }

    /// Whether the user allows `host` to speak without TLS or with any certificate.
    pub(super) fn is_insecure(&self, host: &str) -> bool {
        self.options.insecure.iter().any(|allowed| allowed == host)
    }

    /// Sends a request and follows redirects. `authorization` goes to the origin of `url` and to
    /// no other.
    pub(super) fn send(
        &self,
        method: &Method,
        url: &Url,
        headers: &HeaderMap,
        authorization: Option<&HeaderValue>,
        body: Option<&[u8]>,
    ) -> Result<Response, Failure> {
        let mut at = url.clone();
        for _ in 0..=MAX_REDIRECTS {
            let mut request = Request::new(method.clone(), at.clone());
            request.headers_mut().clone_from(headers);
            if let Some(value) = authorization.filter(|_| at.origin() == url.origin()) {
                request.headers_mut().insert(reqwest::header::AUTHORIZATION, value.clone());
            }
            *request.body_mut() = body.map(|bytes| bytes.to_vec().into());
            let client = if self.is_insecure(&host_of(&at)) { self.lax()? } else { &self.strict };
            let response = client.execute(request).map_err(|error| failure(&error, &at))?;
            if !is_redirect(response.status()) {
                return Ok(response);
            }
            let location = response.headers().get(LOCATION).and_then(|value| value.to_str().ok());
            let next = location.and_then(|location| at.join(location).ok());
            let Some(next) = next.filter(|next| matches!(next.scheme(), "http" | "https")) else {
                return Err(Failure::Wrong("a redirect leads nowhere".into()));
            };
            self.may_follow(&at, &next)?;
            at = next;
        }
        Err(Failure::Wrong(format!("more than {MAX_REDIRECTS} redirects")))
    }

    /// Whether we may let ourselves be sent from `at` to `next`: never from TLS to none, and not
    /// by a registry outside to machines that only we can reach.
    pub(super) fn may_follow(&self, at: &Url, next: &Url) -> Result<(), Failure> {
        let (from, to) = (host_of(at), host_of(next));
        if self.is_insecure(&to) {
            return Ok(());
        }
        if at.scheme() == "https" && next.scheme() == "http" {
            return Err(Failure::Tls(format!("it redirects to {to} without TLS")));
        }
        if from != to && !self.resolver.is_private(at) {
            if self.resolver.is_private(next) {
                let message = format!("it redirects to {to}, an address of a private network");
                return Err(Failure::Wrong(message));
            }
            // What its name stands for may be another thing when the connection is made.
            self.resolver.keep_outside(next);
        }
        Ok(())
    }

    fn lax(&self) -> Result<&Client, Failure> {
        if let Some(client) = self.lax.get() {
            return Ok(client);
        }
        let client = builder(&self.options, self.is_here, &self.resolver)
            .tls_danger_accept_invalid_certs(true)
            .build()
            .map_err(|error| Failure::Wrong(causes(&error)))?;
        Ok(self.lax.get_or_init(|| client))
    }
}

fn builder(options: &RegistryOptions, is_here: bool, resolver: &Arc<Resolver>) -> ClientBuilder {
    let builder = Client::builder()
        .user_agent(concat!("plimsoll/", env!("CARGO_PKG_VERSION")))
        .redirect(reqwest::redirect::Policy::none())
        .referer(false)
        .dns_resolver(Arc::new(Shared(Arc::clone(resolver))))
        .connect_timeout(options.timeout)
        // In the blocking client this bounds the wait for a response and each read of its body,
        // not the whole transfer.
        .timeout(options.timeout);
    if is_here { builder.no_proxy() } else { builder }
}

/// Whether a host, with or without a port, is this machine.
pub fn is_loopback(host: &str) -> bool {
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|b| b.is_ascii_digit()) => name,
        _ => host,
    };
    let address = name.trim_matches(['[', ']']).parse::<std::net::IpAddr>();
    name == "localhost" || address.is_ok_and(|address| address.is_loopback())
}

fn read_bounded(path: &std::path::Path) -> io::Result<Vec<u8>> {
    use std::io::Read;
    let mut bytes = Vec::new();
    std::fs::File::open(path)?.take(MAX_CA_FILE).read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn is_redirect(status: StatusCode) -> bool {
    matches!(status.as_u16(), 301 | 302 | 303 | 307 | 308)
}

/// Host, and the port where it is not the scheme's own, as users write it.
pub(super) fn host_of(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
}

/// What a failed request was.
fn failure(error: &reqwest::Error, url: &Url) -> Failure {
    if let Some(tls) = tls_error(error) {
        return Failure::Tls(tls_message(tls, &host_of(url)));
    }
    let message = format!("{}: {}", host_of(url), causes(error));
    match () {
        () if is_forbidden(error) => Failure::Wrong(message),
        () if error.is_timeout() => Failure::Silent(message),
        () if error.is_builder() => Failure::Wrong(message),
        () => Failure::Broken(message),
    }
}

/// The innermost cause: the outer ones only say that a request failed, and repeat its URL.
pub(super) fn causes(error: &dyn Error) -> String {
    let mut last = error;
    while let Some(next) = last.source() {
        last = next;
    }
    plain(&last.to_string())
}

/// Whether our own resolver forbade the connection.
fn is_forbidden(error: &(dyn Error + 'static)) -> bool {
    let denied = |it: &io::Error| it.kind() == io::ErrorKind::PermissionDenied;
    error.downcast_ref::<io::Error>().is_some_and(denied)
        || error.source().is_some_and(is_forbidden)
}

/// The error of TLS among the causes.
fn tls_error<'e>(error: &'e (dyn Error + 'static)) -> Option<&'e rustls::Error> {
    if let Some(tls) = error.downcast_ref::<rustls::Error>() {
        return Some(tls);
    }
    // An `io::Error` hides what it wraps from `source`, and some wrap another.
    if let Some(inner) = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
        return tls_error(inner);
    }
    tls_error(error.source()?)
}

fn tls_message(error: &rustls::Error, host: &str) -> String {
    use rustls::CertificateError as Bad;
    match error {
        rustls::Error::InvalidCertificate(bad) => match bad {
            Bad::UnknownIssuer => "its certificate is of an authority that is not trusted".into(),
            Bad::Expired | Bad::ExpiredContext { .. } => "its certificate has expired".into(),
            Bad::NotValidYet | Bad::NotValidYetContext { .. } => {
                "its certificate is not valid yet".into()
            }
            Bad::NotValidForName | Bad::NotValidForNameContext { .. } => {
                format!("its certificate is not for `{host}`")
            }
            Bad::Revoked => "its certificate was revoked".into(),
            bad => plain(&format!("its certificate is not accepted: {bad}")),
        },
        rustls::Error::InvalidMessage(_) => "it speaks no TLS".into(),
        error => plain(&error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use plimsoll_testkit::{Reply, Server};

    use super::*;

    #[test]
    fn a_registry_outside_may_not_send_us_into_a_private_network() {
        let mut options = RegistryOptions::anonymous();
        options.insecure.push("10.0.0.2".into());
        let transport = Transport::new("1.1.1.1", &options).unwrap();
        let may = |from: &str, to: &str| {
            let (from, to) = (Url::parse(from).unwrap(), Url::parse(to).unwrap());
            transport.may_follow(&from, &to).is_ok()
        };
        assert!(may("https://1.1.1.1/v2/", "https://8.8.8.8/blob"));
        assert!(!may("https://1.1.1.1/v2/", "https://10.0.0.1/blob"));
        assert!(!may("https://1.1.1.1/v2/", "https://169.254.169.254/latest"));
        assert!(!may("https://1.1.1.1/v2/", "http://8.8.8.8/blob"));
        assert!(may("https://1.1.1.1/v2/", "https://10.0.0.2/blob"), "allowed by name");
        assert!(may("https://10.0.0.9/v2/", "https://10.0.0.1/blob"), "itself inside");
    }

    #[test]
    fn this_machine_is_told_by_its_names() {
        for host in ["localhost", "localhost:5000", "127.0.0.1:1", "[::1]:5000"] {
            assert!(is_loopback(host), "{host}");
        }
        for host in ["localhost.example", "10.0.0.1:5000", "quay.io"] {
            assert!(!is_loopback(host), "{host}");
        }
    }

    #[test]
    fn a_name_that_leads_inside_only_once_it_was_checked_is_not_connected_to() {
        let served = Server::start(|_| Reply::new(200, "secret"));
        let port = served.host().rsplit_once(':').unwrap().1.to_owned();
        let asked = Mutex::new(0);
        let resolver = Resolver::with(move |name| {
            let mut asked = asked.lock().unwrap();
            *asked += usize::from(name == "rebound.example");
            let is_first = *asked == 1 && name == "rebound.example";
            Ok(vec![if is_first { [1, 1, 1, 1] } else { [127, 0, 0, 1] }.into()])
        });
        let options = RegistryOptions::anonymous();
        let transport = Transport::with("1.1.1.1", &options, resolver).unwrap();
        let url = |name: &str| Url::parse(&format!("http://{name}:{port}/blob")).unwrap();
        let send =
            |url| transport.send(&Method::GET, &url, &HeaderMap::new(), None, None).map(drop);
        let outside = Url::parse("http://1.1.1.1/v2/").unwrap();
        assert!(transport.may_follow(&outside, &url("rebound.example")).is_ok());
        let refused = send(url("rebound.example")).unwrap_err();
        assert!(matches!(&refused, Failure::Wrong(why) if why.contains("private")), "{refused:?}");
        assert!(served.requests().is_empty());
        // Names that nobody was sent to, such as the registry's own, lead wherever they lead.
        assert!(send(url("registry.example")).is_ok());
        assert_eq!(served.requests().len(), 1);
        assert!(transport.may_follow(&outside, &url("registry.example")).is_err());
    }
}
