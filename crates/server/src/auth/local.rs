//! Whether a request comes from a program on this machine: not through a proxy, and not made by a page
//! that a browser on this machine has open.

use std::net::IpAddr;

use axum::http::{HeaderMap, header};

/// Headers by which proxies say that they are ones.
const PROXIES: &[&str] =
    &["forwarded", "x-forwarded-for", "x-forwarded-host", "x-forwarded-proto", "x-real-ip", "via"];

/// Whether it is from a program on this machine.
pub(super) fn is_local(
    address: Option<IpAddr>,
    headers: &HeaderMap,
    authority: Option<&str>,
) -> bool {
    let is_here = address.is_some_and(|address| address.to_canonical().is_loopback());
    is_here
        && !PROXIES.iter().any(|name| headers.contains_key(*name))
        && names_this_machine(headers, authority)
        && is_own(headers, authority)
}

/// A name that a stranger's page could be of may lead here, too; `localhost` may not.
fn names_this_machine(headers: &HeaderMap, authority: Option<&str>) -> bool {
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok()).or(authority);
    let Some(host) = host else { return false };
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    };
    let bare = name.trim_start_matches('[').trim_end_matches(']');
    name.eq_ignore_ascii_case("localhost")
        || bare.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// Whether no page of another place made it, as far as browsers say.
pub(super) fn is_own(headers: &HeaderMap, authority: Option<&str>) -> bool {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    if let Some(site) = text("sec-fetch-site") {
        return matches!(site, "same-origin" | "none");
    }
    let Some(origin) = text("origin") else { return true };
    let host = text("host").or(authority);
    let of = origin.split_once("://").map(|(_, rest)| rest);
    of.is_some() && of == host
}

#[cfg(test)]
mod tests {
    use super::*;

    fn local(address: &str, pairs: &[(&'static str, &str)]) -> bool {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.append(*name, value.parse().unwrap());
        }
        is_local(Some(address.parse().unwrap()), &headers, None)
    }

    #[test]
    fn programs_here_are_local_and_nobody_else_is() {
        assert!(local("127.0.0.1", &[("host", "localhost:6060")]));
        assert!(local("::1", &[("host", "[::1]:6060")]));
        assert!(local("::ffff:127.0.0.1", &[("host", "127.0.0.1")]));
        assert!(local("127.0.0.1", &[("host", "localhost"), ("origin", "http://localhost")]));
        assert!(!local("10.0.0.7", &[("host", "localhost")]), "another machine");
        assert!(!local("127.0.0.1", &[]), "no name");
        assert!(!local("127.0.0.1", &[("host", "evil.example")]), "a name that leads here");
        assert!(!local("127.0.0.1", &[("host", "localhost"), ("x-forwarded-for", "10.0.0.7")]));
        assert!(!local("127.0.0.1", &[("host", "localhost"), ("via", "1.1 proxy")]));
        assert!(!local("127.0.0.1", &[("host", "localhost"), ("origin", "http://evil.example")]));
        assert!(!local("127.0.0.1", &[("host", "localhost"), ("sec-fetch-site", "cross-site")]));
        assert!(!local("127.0.0.1", &[("host", "localhost"), ("origin", "null")]));
    }
}
