//! Headers of every answer, by which browsers are strict with it. An answer that has one of its own keeps
//! it.

use axum::extract::Request;
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::Peer;
use crate::api::Problem;

/// Nothing from elsewhere, no script in a page, no frame.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; \
     font-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// Names are as they are sent, in small letters.
const ALL: &[(&str, &str)] = &[
    ("content-security-policy", POLICY),
    ("x-content-type-options", "nosniff"),
    ("x-frame-options", "DENY"),
    ("referrer-policy", "same-origin"),
    ("cache-control", "no-store"),
    ("cross-origin-opener-policy", "same-origin"),
    ("cross-origin-resource-policy", "same-origin"),
    ("permissions-policy", "camera=(), geolocation=(), microphone=(), payment=(), usb=()"),
];

const YEAR: &str = "max-age=31536000";

/// Adds them.
pub async fn add(request: Request, next: Next) -> Response {
    let is_tls = request.extensions().get::<Peer>().is_some_and(|peer| peer.is_tls);
    let mut response = if is_odd(&request) { odd() } else { next.run(request).await };
    let headers = response.headers_mut();
    for (name, value) in ALL {
        if !headers.contains_key(*name) {
            headers.insert(HeaderName::from_static(name), HeaderValue::from_static(value));
        }
    }
    if is_tls {
        headers.insert(header::STRICT_TRANSPORT_SECURITY, HeaderValue::from_static(YEAR));
    }
    response
}

/// No name has a NUL in it, and PostgreSQL stores none.
fn is_odd(request: &Request) -> bool {
    let target = request.uri().path_and_query().map_or("", |it| it.as_str());
    target.contains("%00")
}

fn odd() -> Response {
    Problem::new(StatusCode::BAD_REQUEST, "the address has a NUL in it").into_response()
}
