//! From where a request came.

use std::convert::Infallible;
use std::net::IpAddr;

use axum::extract::FromRequestParts;
use axum::http::HeaderMap;
use axum::http::request::Parts;

use crate::auth;

/// What a proxy says of those whom it speaks for.
const FORWARDED: [&str; 4] = ["forwarded", "x-forwarded-for", "x-real-ip", "via"];

/// Address of the client, where it speaks for itself. A proxy's own address is nobody's.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Peer(pub(super) Option<IpAddr>);

impl<S: Sync> FromRequestParts<S> for Peer {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        let is_forwarded = FORWARDED.iter().any(|name| parts.headers.contains_key(*name));
        let peer = parts.extensions.get::<auth::Peer>();
        Ok(Self(peer.filter(|_| !is_forwarded).map(|peer| peer.address.ip())))
    }
}

/// A header in text.
pub(super) fn header<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

#[cfg(test)]
mod tests {
    use axum::http::Request;

    use super::*;

    fn peer(name: &'static str) -> Option<IpAddr> {
        let (mut parts, ()) =
            Request::builder().header(name, "127.0.0.1").body(()).unwrap().into_parts();
        let address = "192.0.2.7:4000".parse().unwrap();
        parts.extensions.insert(auth::Peer { address, is_tls: false });
        let found = Peer::from_request_parts(&mut parts, &());
        tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(found).unwrap().0
    }

    #[test]
    fn who_is_spoken_for_by_a_proxy_has_no_address_of_its_own() {
        assert_eq!(peer("accept"), Some("192.0.2.7".parse().unwrap()));
        for name in FORWARDED {
            assert_eq!(peer(name), None, "{name}");
        }
    }
}
