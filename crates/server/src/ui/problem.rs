//! What went wrong before a page was reached, as a page.

use axum::body::to_bytes;
use axum::extract::Request;
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::Response;
use maud::html;
use serde_json::Value;

use super::layout;

/// A problem is never longer.
const LONGEST: usize = 1 << 16;

/// Shows a browser the problem as a page, with the status and the headers that it has.
pub async fn as_pages(request: Request, next: Next) -> Response {
    let is_page = wants_page(&request);
    let path = request.uri().path_and_query().map(ToString::to_string).unwrap_or_default();
    let response = next.run(request).await;
    let kind = response.headers().get(header::CONTENT_TYPE);
    if !is_page || kind.is_none_or(|kind| *kind != "application/problem+json") {
        return response;
    }
    let (mut parts, body) = response.into_parts();
    let body = to_bytes(body, LONGEST).await.unwrap_or_default();
    let problem: Value = serde_json::from_slice(&body).unwrap_or_default();
    let detail = problem.get("detail").and_then(Value::as_str).unwrap_or_default();
    let page = page(parts.status, detail, &path);
    parts.headers.remove(header::CONTENT_LENGTH);
    let html = HeaderValue::from_static("text/html; charset=utf-8");
    parts.headers.insert(header::CONTENT_TYPE, html);
    Response::from_parts(parts, page.into_body())
}

/// Whether a browser asks, for what it shows in its window. Of all clients only browsers ask for
/// XHTML; programs in Java ask for `text/html` where they mean anything.
fn wants_page(request: &Request) -> bool {
    let accept = request.headers().get(header::ACCEPT).and_then(|it| it.to_str().ok());
    accept.is_some_and(|accept| accept.contains("application/xhtml+xml"))
        && !request.uri().path().starts_with("/api/")
}

/// What a status is called.
pub(super) fn title(status: StatusCode) -> &'static str {
    match status {
        StatusCode::NOT_FOUND => "Not here",
        StatusCode::BAD_REQUEST | StatusCode::UNPROCESSABLE_ENTITY => "This makes no sense",
        StatusCode::UNAUTHORIZED => "Not signed in",
        StatusCode::FORBIDDEN => "Not for you",
        StatusCode::TOO_MANY_REQUESTS => "Too often",
        StatusCode::SERVICE_UNAVAILABLE | StatusCode::BAD_GATEWAY => "Not now",
        _ => "Something failed",
    }
}

fn page(status: StatusCode, detail: &str, path: &str) -> Response {
    let first = detail.chars().next().map(|it| it.to_uppercase().to_string()).unwrap_or_default();
    let rest = detail.chars().skip(1).collect::<String>();
    let end = if detail.is_empty() || detail.ends_with(['.', '…']) { "" } else { "." };
    let is_in = !matches!(status, StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN);
    let next = crate::address::encode(path);
    let body = html! {
        p.what { (first) (rest) (end) }
        p {
            @if is_in { a.button href="/" { "Overview" } } @else {
                a.button href=(format!("/sign-in?next={next}")) { "Sign in" }
                @if status == StatusCode::FORBIDDEN { " " a.button.quiet href="/" { "Overview" } }
            }
        }
    };
    layout::outside(status, title(status), &html! {}, &body)
}
