//! Requests that a client makes us send: not to machines that only we can reach.
//!
//! An address of a private network is refused unless the server's settings allow its network, or it is
//! the client's own. Names are judged by the addresses that the connection then goes to, and every
//! redirect is judged anew. No proxy is used: it would choose the address for us.

use std::io::{self, Read};
use std::net::{IpAddr, SocketAddr, ToSocketAddrs as _};
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use plimsoll_image::sources::registry::is_public;
use reqwest::Url;
use reqwest::blocking::{Client, Response};
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::header::{HeaderMap, LOCATION};

use crate::error::{Error, Result};

/// How often we let ourselves be sent elsewhere.
const MAX_REDIRECTS: usize = 5;

/// How long the other side may be silent.
const PATIENCE: Duration = Duration::from_secs(30);

/// Addresses that begin alike: `10.0.0.0/8`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Network {
    base: IpAddr,
    bits: u32,
}

impl Network {
    fn has(&self, address: IpAddr) -> bool {
        let same = |a: u128, b: u128, width: u32| {
            width
                .checked_sub(self.bits)
                .is_some_and(|rest| rest >= width || a.checked_shr(rest) == b.checked_shr(rest))
        };
        match (self.base, address.to_canonical()) {
            (IpAddr::V4(a), IpAddr::V4(b)) => same(a.to_bits().into(), b.to_bits().into(), 32),
            (IpAddr::V6(a), IpAddr::V6(b)) => same(a.to_bits(), b.to_bits(), 128),
            _ => false,
        }
    }
}

impl FromStr for Network {
    type Err = String;

    fn from_str(text: &str) -> std::result::Result<Self, String> {
        let wrong = || format!("`{text}` is no network: expected `10.0.0.0/8` or an address");
        let (base, bits) = match text.split_once('/') {
            Some((base, bits)) => (base, Some(bits.parse::<u32>().map_err(|_| wrong())?)),
            None => (text, None),
        };
        let base: IpAddr = base.parse().map_err(|_| wrong())?;
        let width = if base.is_ipv4() { 32 } else { 128 };
        let bits = bits.unwrap_or(width);
        if bits > width { Err(wrong()) } else { Ok(Self { base, bits }) }
    }
}

/// Where requests may go besides the whole internet.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Outward {
    networks: Vec<Network>,
    own: Option<IpAddr>,
}

impl Outward {
    /// Into these networks.
    pub fn new(networks: Vec<Network>) -> Self {
        Self { networks, own: None }
    }

    /// And to the client's own address, where it is known.
    #[must_use]
    pub fn and_to(&self, client: Option<IpAddr>) -> Self {
        Self { own: client.map(|it| it.to_canonical()), ..self.clone() }
    }

    fn allows(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        let is_own = self
            .own
            .is_some_and(|own| own == address || (own.is_loopback() && address.is_loopback()));
        is_public(address) || is_own || self.networks.iter().any(|network| network.has(address))
    }

    /// Whether a request may go to a host.
    ///
    /// # Errors
    /// [`Error::Refused`] where it may not, and where the name leads nowhere.
    pub fn check(&self, host: &str) -> Result<()> {
        let found = self.addresses(host).map_err(|error| Error::Refused(error.to_string()))?;
        if found.is_empty() {
            return Err(Error::Refused(format!("`{host}` has no address")));
        }
        Ok(())
    }

    /// The same, but that a name which is not known now may be known later.
    ///
    /// # Errors
    /// [`Error::Refused`] where a request may not go there.
    pub fn check_known(&self, host: &str) -> Result<()> {
        match self.addresses(host) {
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
                Err(Error::Refused(error.to_string()))
            }
            _ => Ok(()),
        }
    }

    fn addresses(&self, host: &str) -> io::Result<Vec<IpAddr>> {
        let name = host.trim_matches(['[', ']']);
        let found: Vec<IpAddr> = match name.parse() {
            Ok(address) => vec![address],
            Err(_) => {
                (name, 0).to_socket_addrs().map_err(|_| unknown(host))?.map(|it| it.ip()).collect()
            }
        };
        match found.iter().find(|address| !self.allows(**address)) {
            Some(address) => Err(io::Error::new(
                io::ErrorKind::PermissionDenied,
                format!(
                    "`{host}` is {address}, an address of a private network: allow it by \
                     `--allow-network {address}`"
                ),
            )),
            None => Ok(found),
        }
    }

    /// Something that sends requests where they may go. It waits, and is for threads that may.
    pub fn client(&self) -> Result<Sender> {
        // Somebody else in this process may have chosen one, which serves as well.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = Client::builder()
            .user_agent(concat!("plimsoll/", env!("CARGO_PKG_VERSION")))
            .redirect(reqwest::redirect::Policy::none())
            .referer(false)
            .no_proxy()
            .dns_resolver(Arc::new(Judging(Arc::new(self.clone()))))
            .connect_timeout(PATIENCE)
            .timeout(PATIENCE)
            .build()
            .map_err(|error| Error::Refused(format!("no request can be sent: {error}")))?;
        Ok(Sender { client, outward: self.clone() })
    }
}

/// A host without its port.
pub(crate) fn host_name(host: &str) -> &str {
    match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    }
}

fn unknown(host: &str) -> io::Error {
    io::Error::new(io::ErrorKind::NotFound, format!("`{host}` is not known here"))
}

/// Sends requests where they may go.
#[derive(Debug, Clone)]
pub struct Sender {
    client: Client,
    outward: Outward,
}

impl Sender {
    /// What is there, of at most `most` bytes. `headers` go to the origin of `url` and to no other.
    ///
    /// # Errors
    /// In words, without anything of what was answered.
    pub fn fetch(
        &self,
        url: &str,
        headers: &HeaderMap,
        most: u64,
    ) -> std::result::Result<Bounded, String> {
        let start = Url::parse(url).map_err(|error| format!("it is no address: {error}"))?;
        let mut at = start.clone();
        for _ in 0..=MAX_REDIRECTS {
            let host = at.host_str().filter(|_| matches!(at.scheme(), "http" | "https"));
            let host = host.ok_or("only http and https are spoken")?;
            self.outward.addresses(host).map_err(|error| error.to_string())?;
            let mut request = self.client.get(at.clone());
            if at.origin() == start.origin() {
                request = request.headers(headers.clone());
            }
            let response = request.send().map_err(|error| innermost(&error))?;
            let status = response.status();
            if status.is_success() {
                return match response.content_length() {
                    Some(length) if length > most => {
                        Err(format!("it has {length} bytes, and may have {most}"))
                    }
                    _ => Ok(Bounded { response, left: most }),
                };
            }
            if !status.is_redirection() {
                return Err(format!("it answers {status}"));
            }
            let location = response.headers().get(LOCATION).and_then(|value| value.to_str().ok());
            let next = location.and_then(|location| at.join(location).ok());
            let next = next.ok_or("it redirects nowhere")?;
            if at.scheme() == "https" && next.scheme() == "http" {
                return Err("it redirects from TLS to none".into());
            }
            at = next;
        }
        Err(format!("it redirects more than {MAX_REDIRECTS} times"))
    }
}

fn innermost(error: &reqwest::Error) -> String {
    let mut last: &dyn std::error::Error = error;
    while let Some(next) = last.source() {
        last = next;
    }
    last.to_string()
}

/// An answer that ends in an error where it is too large.
#[derive(Debug)]
pub struct Bounded {
    response: Response,
    left: u64,
}

impl Read for Bounded {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.response.read(buffer)?;
        let left = self.left.checked_sub(read as u64);
        self.left = left.ok_or_else(|| io::Error::other("it is larger than it may be"))?;
        Ok(read)
    }
}

/// What reqwest asks for addresses.
struct Judging(Arc<Outward>);

impl Resolve for Judging {
    fn resolve(&self, name: Name) -> Resolving {
        let outward = Arc::clone(&self.0);
        Box::pin(async move {
            let found = tokio::task::spawn_blocking(move || outward.addresses(name.as_str()));
            let found = found.await??;
            let found: Addrs =
                Box::new(found.into_iter().map(|address| SocketAddr::new(address, 0)));
            Ok(found)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refuses(outward: &Outward, host: &str) -> bool {
        outward.check(host).is_err()
    }

    #[test]
    fn private_addresses_are_refused_unless_they_are_allowed_or_the_clients_own() {
        let none = Outward::default();
        for host in
            ["10.1.2.3", "127.0.0.1", "169.254.169.254", "[::1]", "::ffff:10.0.0.1", "0.0.0.0"]
        {
            assert!(refuses(&none, host) && none.check_known(host).is_err(), "{host}");
        }
        assert!(!refuses(&none, "1.1.1.1"));
        assert!(refuses(&none, "nowhere.invalid") && none.check_known("nowhere.invalid").is_ok());
        for host in ["64:ff9b::7f00:1", "2002:a00:1::", "::127.0.0.1", "198.18.0.1", "240.0.0.1"] {
            assert!(refuses(&none, host), "{host}: an address inside in another form");
        }
        let own = none.and_to("10.1.2.3".parse().ok());
        assert!(!refuses(&own, "10.1.2.3"));
        assert!(refuses(&own, "10.1.2.4"));
        let local = none.and_to("::ffff:127.0.0.1".parse().ok());
        assert!(!refuses(&local, "127.0.0.1") && !refuses(&local, "::1"));
        let allowed =
            Outward::new(vec!["10.0.0.0/8".parse().unwrap(), "fd00::/8".parse().unwrap()]);
        assert!(!refuses(&allowed, "10.200.0.1") && !refuses(&allowed, "fd12::1"));
        assert!(refuses(&allowed, "192.168.0.1"));
    }

    #[test]
    fn a_network_is_an_address_and_how_much_of_it_counts() {
        assert!("0.0.0.0/0".parse::<Network>().unwrap().has("9.9.9.9".parse().unwrap()));
        assert!("10.1.2.3".parse::<Network>().unwrap().has("10.1.2.3".parse().unwrap()));
        for wrong in ["", "10.0.0.0/33", "::/129", "ten/8", "10.0.0.0/x"] {
            assert!(wrong.parse::<Network>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_redirect_to_an_address_that_is_not_allowed_is_not_followed() {
        use plimsoll_testkit::{Reply, Server};
        let server = Server::start(|request| match request.path.as_str() {
            "/away" => Reply::new(302, "").header("Location", "http://127.0.0.2:1/"),
            "/round" => Reply::new(302, "").header("Location", "/round"),
            _ => Reply::new(200, "eleven bytes"),
        });
        let at = |path: &str| format!("http://{}{path}", server.host());
        let sender = Outward::new(vec!["127.0.0.1".parse().unwrap()]).client().unwrap();
        let fetch = |path: &str, most| sender.fetch(&at(path), &HeaderMap::new(), most);
        let refused = fetch("/away", 99).unwrap_err();
        assert!(refused.contains("--allow-network 127.0.0.2"), "{refused}");
        assert!(fetch("/round", 99).unwrap_err().contains("more than 5"));
        assert!(fetch("/", 3).unwrap_err().contains("may have 3"));
        let mut text = String::new();
        fetch("/", 99).unwrap().read_to_string(&mut text).unwrap();
        assert_eq!(text, "eleven bytes");
        let none = Outward::default().client().unwrap();
        assert!(none.fetch(&at("/"), &HeaderMap::new(), 99).is_err());
    }
}
