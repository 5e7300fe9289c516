//! What is answered under which path.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};

use super::Shared;
use crate::engine::{Question, Reply};
use crate::review::Malformed;

pub(super) fn router(shared: Arc<Shared>) -> Router {
    Router::new()
        .route("/validate", post(validate))
        .route("/mutate", post(mutate))
        .route("/healthz", get(healthz))
        .route("/readyz", get(readyz))
        .route("/metrics", get(metrics))
        .with_state(shared)
}

async fn healthz() -> &'static str {
    "ok\n"
}

async fn readyz(State(shared): State<Arc<Shared>>) -> (StatusCode, &'static str) {
    if shared.is_leaving.load(Ordering::Relaxed) {
        (StatusCode::SERVICE_UNAVAILABLE, "leaving\n")
    } else if !shared.engine.is_ready() {
        (StatusCode::SERVICE_UNAVAILABLE, "the namespaces are not known yet\n")
    } else if !shared.certificates.is_there() {
        (StatusCode::SERVICE_UNAVAILABLE, "there is no certificate yet\n")
    } else {
        (StatusCode::OK, "ok\n")
    }
}

async fn metrics(State(shared): State<Arc<Shared>>) -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4")], shared.engine.metrics_text())
}

async fn validate(State(shared): State<Arc<Shared>>, request: Request) -> Response {
    answer(shared, Question::Validate, request).await
}

async fn mutate(State(shared): State<Arc<Shared>>, request: Request) -> Response {
    answer(shared, Question::Mutate, request).await
}

async fn answer(shared: Arc<Shared>, question: Question, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let asked = parts.uri.query().and_then(timeout);
    let time = shared.engine.time(asked);
    let until = Instant::now().checked_add(time).unwrap_or_else(Instant::now);
    let refuse = |reason: &'static str, code: StatusCode, why: String| {
        let error = Malformed { uid: None, api_version: None, why };
        response(&shared.engine.refuse(reason, &error, code.as_u16()))
    };
    if let Err(found) = is_json(&parts.headers) {
        let why = format!("contentType={found}, expected application/json");
        return refuse("content-type", StatusCode::UNSUPPORTED_MEDIA_TYPE, why);
    }
    let limit = shared.limits.body;
    let length = parts.headers.get(header::CONTENT_LENGTH);
    let length = length.and_then(|it| it.to_str().ok()?.parse::<usize>().ok());
    let too_large = || format!("request entity is too large; limit is {limit} bytes");
    if length.is_some_and(|length| length > limit) {
        return refuse("too-large", StatusCode::PAYLOAD_TOO_LARGE, too_large());
    }
    let room = u32::try_from(length.unwrap_or(limit).div_ceil(1024)).unwrap_or(u32::MAX);
    let read = async {
        let room = shared.bodies.acquire_many(room).await.ok()?;
        Some((room, whole(body, limit).await))
    };
    let (room, body) = match tokio::time::timeout_at(until.into(), read).await {
        Ok(Some((room, Ok(body)))) => (room, body),
        Ok(Some((_, Err(Cut::TooLarge)))) => {
            return refuse("too-large", StatusCode::PAYLOAD_TOO_LARGE, too_large());
        }
        Ok(Some((_, Err(Cut::Broken))) | None) => {
            let why = "unable to read the body from the incoming request".to_owned();
            return refuse("broken", StatusCode::BAD_REQUEST, why);
        }
        Err(_) => {
            let why = format!("the body did not come within {} ms", time.as_millis());
            return refuse("slow", StatusCode::REQUEST_TIMEOUT, why);
        }
    };
    if body.is_empty() {
        return refuse("empty", StatusCode::BAD_REQUEST, "request body is empty".to_owned());
    }
    let reply = shared.engine.answer(question, body, until).await;
    drop(room);
    response(&reply)
}

fn response(reply: &Reply) -> Response {
    let code = StatusCode::from_u16(reply.code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let text = reply.body.to_string();
    (code, [(header::CONTENT_TYPE, "application/json")], text).into_response()
}

/// Whether the body says that it is JSON; else what it says.
fn is_json(headers: &HeaderMap) -> Result<(), String> {
    let said =
        headers.get(header::CONTENT_TYPE).and_then(|it| it.to_str().ok()).unwrap_or_default();
    let kind = said.split(';').next().unwrap_or_default().trim();
    if kind.eq_ignore_ascii_case("application/json") { Ok(()) } else { Err(said.to_owned()) }
}

enum Cut {
    TooLarge,
    Broken,
}

/// The whole body, of at most `limit` bytes.
async fn whole(body: Body, limit: usize) -> Result<Vec<u8>, Cut> {
    match axum::body::to_bytes(body, limit).await {
        Ok(bytes) => Ok(Bytes::into(bytes)),
        Err(error) => {
            let mut cause: Option<&dyn std::error::Error> = Some(&error);
            while let Some(one) = cause {
                if one.to_string().contains("length limit") {
                    return Err(Cut::TooLarge);
                }
                cause = one.source();
            }
            Err(Cut::Broken)
        }
    }
}

/// `timeout` of a query, as Go writes a duration: `10s`, `1m30s`, `500ms`.
fn timeout(query: &str) -> Option<Duration> {
    let value = query.split('&').find_map(|pair| pair.strip_prefix("timeout="))?;
    let mut rest = value;
    let mut total = Duration::ZERO;
    while !rest.is_empty() {
        let digits = rest.find(|one: char| !one.is_ascii_digit())?;
        let number: u64 = rest.get(..digits)?.parse().ok()?;
        let unit = rest.get(digits..)?;
        let end = unit.find(|one: char| one.is_ascii_digit()).unwrap_or(unit.len());
        let milliseconds = match unit.get(..end)? {
            "ms" => 1,
            "s" => 1000,
            "m" => 60_000,
            "h" => 3_600_000,
            _ => return None,
        };
        total = total.checked_add(Duration::from_millis(number.checked_mul(milliseconds)?))?;
        rest = unit.get(end..)?;
    }
    (!total.is_zero()).then_some(total)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_that_the_api_server_gives_is_read_as_go_writes_it() {
        let of = |query: &str| timeout(query).map(|it| it.as_millis());
        assert_eq!(of("timeout=10s"), Some(10_000));
        assert_eq!(of("a=b&timeout=1m30s"), Some(90_000));
        assert_eq!(of("timeout=500ms"), Some(500));
        for wrong in ["", "timeout=", "timeout=0s", "timeout=soon", "timeout=10", "timeout=1é"] {
            assert_eq!(of(wrong), None, "{wrong}");
        }
    }
}
