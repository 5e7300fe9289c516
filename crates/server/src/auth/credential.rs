//! What a request brings to show who it is from.

use axum::http::{HeaderMap, header};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// Name of the cookie of a session. The prefix has browsers refuse it from elsewhere, for other paths
/// and without TLS (they take `localhost` for that).
pub(super) const COOKIE: &str = "__Host-plimsoll";

/// What a request brings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Credential {
    /// A key, or something that should be one.
    Key(String),
    /// Token of a session.
    Session(String),
    /// Nothing.
    None,
}

impl Credential {
    /// From a request's headers: `Authorization: Bearer KEY`, the password of `Basic`, `X-Api-Key` (as
    /// clients of Dependency-Track send it), `X-ScannerAdapter-API-Key` (as Harbor does), `Trivy-Token`
    /// (as Trivy does); else the cookie.
    pub fn of(headers: &HeaderMap) -> Self {
        if let Some(value) = headers.get(header::AUTHORIZATION) {
            return Self::Key(value.to_str().ok().and_then(authorization).unwrap_or_default());
        }
        for name in ["x-api-key", "x-scanneradapter-api-key", "trivy-token"] {
            if let Some(value) = headers.get(name) {
                return Self::Key(value.to_str().unwrap_or_default().trim().to_owned());
            }
        }
        match cookie(headers, COOKIE) {
            Some(token) => Self::Session(token),
            None => Self::None,
        }
    }
}

fn authorization(value: &str) -> Option<String> {
    let (scheme, rest) = value.trim().split_once(' ')?;
    let rest = rest.trim();
    if scheme.eq_ignore_ascii_case("bearer") {
        return Some(rest.to_owned());
    }
    if scheme.eq_ignore_ascii_case("basic") {
        let both = String::from_utf8(STANDARD.decode(rest).ok()?).ok()?;
        return Some(both.split_once(':')?.1.to_owned());
    }
    None
}

/// The value of a cookie; `None` where it is there twice: one of them is somebody else's.
pub(super) fn cookie(headers: &HeaderMap, name: &str) -> Option<String> {
    let all = headers.get_all(header::COOKIE);
    let pairs = all.iter().filter_map(|value| value.to_str().ok()).flat_map(|it| it.split(';'));
    let mut found = pairs.filter_map(|pair| {
        let (key, value) = pair.split_once('=')?;
        (key.trim() == name).then(|| value.trim().to_owned())
    });
    let first = found.next()?;
    found.next().is_none().then_some(first)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(pairs: &[(&'static str, &str)]) -> Credential {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.append(*name, value.parse().unwrap());
        }
        Credential::of(&headers)
    }

    #[test]
    fn keys_come_in_the_headers_that_clients_send() {
        let key = Credential::Key("k".into());
        assert_eq!(of(&[("authorization", "Bearer k")]), key);
        assert_eq!(of(&[("authorization", "basic dXNlcjpr")]), key);
        assert_eq!(of(&[("x-api-key", "k")]), key);
        assert_eq!(of(&[("x-scanneradapter-api-key", "k")]), key);
        assert_eq!(of(&[("trivy-token", "k")]), key);
        assert_eq!(of(&[]), Credential::None);
        for broken in ["Bearer", "Basic !!", "Basic dXNlcg==", "Digest k"] {
            assert_eq!(
                of(&[("authorization", broken)]),
                Credential::Key(String::new()),
                "{broken}"
            );
        }
    }

    #[test]
    fn a_cookie_counts_where_it_is_there_once_and_no_header_is() {
        let cookie = |value: &str| of(&[("cookie", value)]);
        let token = Credential::Session("t".into());
        assert_eq!(cookie("a=b; __Host-plimsoll=t; c=d"), token);
        assert_eq!(cookie("__Host-plimsoll=t; __Host-plimsoll=u"), Credential::None);
        assert_eq!(cookie("plimsoll=t"), Credential::None);
        let both = of(&[("cookie", "__Host-plimsoll=t"), ("x-api-key", "k")]);
        assert_eq!(both, Credential::Key("k".into()));
    }

    proptest::proptest! {
        #[test]
        fn no_header_panics(
            name in "authorization|x-api-key|x-scanneradapter-api-key|trivy-token|cookie",
            value in r"(Bearer |Basic |__Host-plimsoll=)?[ -~]{0,60}",
        ) {
            let mut headers = HeaderMap::new();
            let name = axum::http::HeaderName::from_bytes(name.as_bytes()).unwrap();
            headers.append(name, value.parse().unwrap());
            let _ = Credential::of(&headers);
        }
    }
}
