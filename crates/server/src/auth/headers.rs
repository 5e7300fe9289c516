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

const ALL: &[(HeaderName, &str)] = &[
    (header::CONTENT_SECURITY_POLICY, POLICY),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::X_FRAME_OPTIONS, "DENY"),
    (header::REFERRER_POLICY, "same-origin"),
    (header::CACHE_CONTROL, "no-store"),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    (
        HeaderName::from_static("permissions-policy"),
        "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    ),
];

const YEAR: &str = "max-age=31536000";

/// Adds them.
pub async fn add(request: Request, next: Next) -> Response {
    let is_tls = request.extensions().get::<Peer>().is_some_and(|peer| peer.is_tls);
    let mut response = if is_odd(&request) { odd() } else { next.run(request).await };
    let headers = response.headers_mut();
    for (name, value) in ALL {
        if !headers.contains_key(name) {
            headers.insert(name.clone(), HeaderValue::from_static(value));
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
