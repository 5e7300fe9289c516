//! Names to addresses, and which of them may lead into a private network.
//!
//! A name that a registry outside sent us to is judged where its connection is made, by the addresses
//! that the connection then goes to: a server of names that gives a public address to a check and
//! another to the connection gains nothing.

use std::collections::{HashMap, HashSet};
use std::io;
use std::net::{IpAddr, SocketAddr, ToSocketAddrs as _};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use reqwest::Url;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};

use super::address::is_public;

/// Asks for the addresses of a name.
type Lookup = dyn Fn(&str) -> io::Result<Vec<IpAddr>> + Send + Sync;

/// The addresses of one reading's hosts.
pub(super) struct Resolver {
    lookup: Box<Lookup>,
    names: Mutex<Names>,
}

#[derive(Default)]
struct Names {
    /// Where the last connection to a name could go.
    last: HashMap<String, Vec<IpAddr>>,
    /// Names that must be outside.
    outside: HashSet<String>,
}

impl Resolver {
    /// Asks the operating system.
    pub(super) fn system() -> Arc<Self> {
        Self::with(|name| Ok((name, 0).to_socket_addrs()?.map(|address| address.ip()).collect()))
    }

    pub(super) fn with(
        lookup: impl Fn(&str) -> io::Result<Vec<IpAddr>> + Send + Sync + 'static,
    ) -> Arc<Self> {
        Arc::new(Self { lookup: Box::new(lookup), names: Mutex::default() })
    }

    /// Whether a URL leads to this machine or into a private network. Where a connection to its
    /// host was made, its addresses count. A name that is not known here leads nowhere.
    pub(super) fn is_private(&self, url: &Url) -> bool {
        let Some(host) = url.host_str() else { return true };
        if let Some(address) = literal(host) {
            return !is_public(address);
        }
        let last = self.names().last.get(&key(host)).cloned();
        let addresses = last.or_else(|| (self.lookup)(host).ok()).unwrap_or_default();
        addresses.iter().any(|address| !is_public(*address))
    }

    /// From now on, no connection to this host goes into a private network.
    pub(super) fn keep_outside(&self, url: &Url) {
        if let Some(host) = url.host_str().filter(|host| literal(host).is_none()) {
            self.names().outside.insert(key(host));
        }
    }

    /// The addresses that a connection to `name` may go to.
    fn addresses(&self, name: &str) -> io::Result<Vec<IpAddr>> {
        let found = (self.lookup)(name)?;
        let mut names = self.names();
        if names.outside.contains(&key(name)) && found.iter().any(|it| !is_public(*it)) {
            let why = format!("`{name}` is now an address of a private network");
            return Err(io::Error::new(io::ErrorKind::PermissionDenied, why));
        }
        names.last.insert(key(name), found.clone());
        Ok(found)
    }

    fn names(&self) -> MutexGuard<'_, Names> {
        self.names.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What reqwest asks, which takes it as a whole.
pub(super) struct Shared(pub(super) Arc<Resolver>);

impl Resolve for Shared {
    fn resolve(&self, name: Name) -> Resolving {
        let resolver = Arc::clone(&self.0);
        Box::pin(async move {
            // The operating system makes us wait, which the other transfers need not.
            let found = tokio::task::spawn_blocking(move || resolver.addresses(name.as_str()));
            let found = found.await??;
            let addresses: Addrs =
                Box::new(found.into_iter().map(|address| SocketAddr::new(address, 0)));
            Ok(addresses)
        })
    }
}

fn literal(host: &str) -> Option<IpAddr> {
    host.trim_matches(['[', ']']).parse().ok()
}

/// A name however it is written.
fn key(host: &str) -> String {
    host.trim_end_matches('.').to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_that_was_connected_to_is_where_the_connection_went() {
        let answers = Mutex::new(vec!["10.0.0.1", "1.1.1.1"]);
        let resolver = Resolver::with(move |_| {
            let next = answers.lock().unwrap().pop();
            next.map(|it| vec![it.parse().unwrap()]).ok_or(io::ErrorKind::NotFound.into())
        });
        let url = Url::parse("https://registry.example/v2/").unwrap();
        assert_eq!(resolver.addresses("Registry.example.").unwrap().len(), 1);
        // Another answer since then would make it one of the inside, from where more is allowed.
        assert!(!resolver.is_private(&url));
        assert!(!resolver.is_private(&url));
    }
}
