//! Requests that may come again: a POST with an `Idempotency-Key` is done once, and whoever sends it again
//! within a day is told what came of it.
//!
//! Source: draft-ietf-httpapi-idempotency-key-header-07. A key is of who asks and of the address; the same
//! key with another body is refused, and one whose first request is being done still is put off.

use std::sync::Arc;

use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::{Actor, Problem};
use crate::app::App;
use crate::auth::Via;
use crate::error::{Error, Result};
use crate::moment::{Millis, now};
use crate::store::repeats::{self, Repeat};

const KEY: &str = "idempotency-key";

/// Says that an answer is one of before.
const REPLAYED: &str = "idempotency-replayed";

/// The longest key.
const MAX_KEY: usize = 255;

/// The largest body of a request; routes that take less say so themselves.
const MAX_REQUEST: usize = 64 << 20;

/// The largest answer that is kept.
const MAX_ANSWER: usize = 1 << 20;

/// After how long a request that never ended is done again: longer than any answer may take.
const ABANDONED: Millis = 2 * 60 * 1000;

/// How long an answer is kept.
pub(crate) const KEPT: Millis = 24 * 60 * 60 * 1000;

/// What is kept of an answer.
#[derive(Debug, Serialize, Deserialize)]
struct Answer {
    headers: Vec<(String, String)>,
    body: String,
}

/// Has a request done once.
pub(super) async fn once(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    let is_ours = *request.method() == Method::POST && request.uri().path().starts_with("/api/");
    let key = request.headers().get(KEY).cloned();
    // Whoever is nobody is answered by the gate, and nothing is kept for them.
    let actor = request.extensions().get::<Actor>().filter(|it| it.role.is_some()).cloned();
    let (Some(key), Some(actor), true) = (key, actor, is_ours) else {
        return next.run(request).await;
    };
    match done(&app, &key, &actor, request, next).await {
        Ok(response) => response,
        Err(problem) => problem.into_response(),
    }
}

/// Who asks, so that nobody gets the answer to somebody else.
fn who(actor: &Actor) -> String {
    match &actor.via {
        Via::Key { id, .. } => format!("key {id}"),
        Via::Session { user: Some(user), .. } => format!("user {user}"),
        Via::Session { id, user: None, .. } => format!("session {id}"),
        Via::Here => "here".to_owned(),
        Via::Nothing => "anybody".to_owned(),
    }
}

fn hash(parts: &[&[u8]]) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_le_bytes());
        hash.update(part);
    }
    plimsoll_supply::hash::hex(&hash.finalize())
}

async fn done(
    app: &App,
    key: &HeaderValue,
    actor: &Actor,
    request: Request,
    next: Next,
) -> std::result::Result<Response, Problem> {
    if key.is_empty() || key.len() > MAX_KEY {
        return Err(Problem::bad_request(format!(
            "`Idempotency-Key` may have 1 to {MAX_KEY} bytes"
        )));
    }
    let (parts, body) = request.into_parts();
    let body = to_bytes(body, MAX_REQUEST).await.map_err(|_| {
        let why = format!("a body with `Idempotency-Key` has at most {MAX_REQUEST} bytes");
        Problem::new(StatusCode::PAYLOAD_TOO_LARGE, why)
    })?;
    let place = parts.uri.path_and_query().map_or("/", |it| it.as_str()).to_owned();
    let name = hash(&[who(actor).as_bytes(), place.as_bytes(), key.as_bytes()]);
    let asked = hash(&[&body]);
    if let Some(before) = take(app, &name, &asked).await? {
        return again(app, &name, &asked, &before);
    }
    let response = next.run(Request::from_parts(parts, Body::from(body))).await;
    let status = response.status();
    // What did not go well for a reason of ours, or for who it is, may go well the next time.
    let is_final = !status.is_server_error()
        && !matches!(status.as_u16(), 401 | 403 | 408 | 409 | 413 | 425 | 429);
    let (parts, body) = response.into_parts();
    let body = to_bytes(body, MAX_REQUEST).await.unwrap_or_default();
    let kept = if is_final && body.len() <= MAX_ANSWER {
        keep(app, &name, status, &parts.headers, &body).await
    } else {
        release(app, &name).await
    };
    if let Err(error) = kept {
        app.tell(&format!("the answer to a request that may come again is not kept: {error}"));
    }
    Ok(Response::from_parts(parts, Body::from(body)))
}

async fn take(app: &App, name: &str, asked: &str) -> Result<Option<Repeat>> {
    let mut write = app.store.write().await?;
    let mut found = repeats::take(&mut write, name, asked).await?;
    let is_old = |it: &Repeat| {
        let age = now().saturating_sub(it.at);
        age > KEPT || (it.status == 0 && age > ABANDONED)
    };
    if found.as_ref().is_some_and(is_old) {
        repeats::release(&mut write, name).await?;
        found = repeats::take(&mut write, name, asked).await?;
    }
    write.commit().await?;
    Ok(found)
}

fn purpose(name: &str) -> String {
    format!("repeat {name}")
}

/// The answer of before.
fn again(
    app: &App,
    name: &str,
    asked: &str,
    before: &Repeat,
) -> std::result::Result<Response, Problem> {
    if before.request != asked {
        return Err(Problem::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            "this `Idempotency-Key` was sent with another body: take another key",
        ));
    }
    if before.status == 0 {
        return Err(Problem::new(
            StatusCode::CONFLICT,
            "the request with this `Idempotency-Key` is being done still: send it again later",
        ));
    }
    let damaged = || Error::Damaged("an answer");
    let answer = app.auth.seal.unseal(&purpose(name), &before.answer)?;
    let answer: Answer = serde_json::from_str(&answer).map_err(|_| damaged())?;
    let status = u16::try_from(before.status).ok().and_then(|it| StatusCode::from_u16(it).ok());
    let body = STANDARD.decode(answer.body).map_err(|_| damaged())?;
    let mut response = (status.ok_or_else(damaged)?, body).into_response();
    response.headers_mut().remove(header::CONTENT_TYPE);
    for (name, value) in answer.headers {
        let pair = (HeaderName::from_bytes(name.as_bytes()), HeaderValue::from_str(&value));
        if let (Ok(name), Ok(value)) = pair {
            response.headers_mut().insert(name, value);
        }
    }
    response.headers_mut().insert(REPLAYED, HeaderValue::from_static("true"));
    Ok(response)
}

async fn keep(
    app: &App,
    name: &str,
    status: StatusCode,
    headers: &HeaderMap,
    body: &Bytes,
) -> Result<()> {
    let kept = [header::CONTENT_TYPE, header::LOCATION, header::ETAG];
    let headers = kept
        .iter()
        .filter_map(|name| Some((name.to_string(), headers.get(name)?.to_str().ok()?.to_owned())));
    let answer = Answer { headers: headers.collect(), body: STANDARD.encode(body) };
    let answer = serde_json::to_string(&answer).map_err(|_| Error::Damaged("an answer"))?;
    // A key that was made is shown once, and lies nowhere as it is.
    let sealed = app.auth.seal.seal(&purpose(name), &answer)?;
    let mut write = app.store.write().await?;
    repeats::keep(&mut write, name, status.as_u16(), &sealed).await?;
    Ok(write.commit().await?)
}

async fn release(app: &App, name: &str) -> Result<()> {
    let mut write = app.store.write().await?;
    repeats::release(&mut write, name).await?;
    Ok(write.commit().await?)
}
