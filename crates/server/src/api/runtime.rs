//! Runtime alerts: as Falco, Falcosidekick and `plimsoll watch` send them, and what API servers of
//! Kubernetes tell of themselves.

use std::sync::Arc;

use axum::Json;
use axum::body::Body;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use plimsoll_model::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::routes;

use super::peer;
use super::problem::{Asked, Body as JsonBody};
use super::{Actor, Module, Page, Paging, Problem, Routes, cursor, parse_cursor};
use crate::app::App;
use crate::error::Error;
use crate::intake::{self, Auditor, MAX_BODY, Retention, accept};
use crate::moment;
use crate::store;
use crate::store::alerts::{self, Stored, Wanted};

pub(super) const MODULE: Module = Module { name: "runtime", routes };

fn routes() -> Routes {
    Routes::new()
        .routes(routes!(list, create))
        .routes(routes!(audit))
        .routes(routes!(retention, keep_for))
        .route("/falco", post(create))
        .layer(DefaultBodyLimit::max(MAX_BODY))
}

/// What was accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
struct Accepted {
    /// How many alerts are kept.
    accepted: usize,
    /// How many were none.
    refused: usize,
}

fn overloaded(app: &App, detail: &str) -> Response {
    app.metrics.estate.saw(0, &[("overload", 1)]);
    let problem = Problem::new(StatusCode::SERVICE_UNAVAILABLE, detail);
    ([(header::RETRY_AFTER, "1")], problem).into_response()
}

/// Reads a body when it is its turn, and does something with it.
async fn with_body<F: Future<Output = Result<Response, Problem>>>(
    app: &App,
    headers: &HeaderMap,
    body: Body,
    then: impl FnOnce(bytes::Bytes) -> F,
) -> Result<Response, Problem> {
    let length = peer::header(headers, "content-length").and_then(|it| it.parse().ok());
    let Some(_turn) = app.intake.turn(length.unwrap_or(MAX_BODY)).await else {
        return Ok(overloaded(app, "too many alerts at a time"));
    };
    let most = length.unwrap_or(MAX_BODY).min(MAX_BODY);
    let body = axum::body::to_bytes(body, most).await.map_err(|_| {
        app.metrics.estate.saw(0, &[("too_large", 1)]);
        let why = format!("the body is larger than {MAX_BODY} bytes, or ended early");
        Problem::new(StatusCode::PAYLOAD_TOO_LARGE, why)
    })?;
    then(body).await
}

async fn keep(app: &App, lines: Vec<u8>, done: Accepted) -> Result<Response, Problem> {
    match app.intake.take(lines).await {
        Ok(()) => Ok((StatusCode::ACCEPTED, Json(done)).into_response()),
        Err(Error::Spool(why)) => Ok(overloaded(app, &why)),
        Err(other) => Err(other.into()),
    }
}

/// Send runtime alerts
///
/// In Falco's JSON: one alert, one a line, or a list. What is accepted is on disk.
#[utoipa::path(post, path = "/api/v1/runtime/alerts", tag = "runtime",
    request_body(content = serde_json::Value, content_type = "application/json"), responses(
    (status = 202, description = "They are kept", body = Accepted),
    (status = 400, description = "None of them is an alert", body = Problem,
        content_type = "application/problem+json"),
    (status = 413, description = "It is too large", body = Problem,
        content_type = "application/problem+json"),
    (status = 503, description = "There are too many; `Retry-After` says when to come again",
        body = Problem, content_type = "application/problem+json"),
))]
async fn create(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    with_body(&app, &headers, body, |body| async {
        let found = accept(&body);
        drop(body);
        if found.refused > 0 {
            app.metrics.estate.saw(0, &[("malformed", found.refused as u64)]);
        }
        if found.count == 0 {
            let why = found.why.unwrap_or_else(|| "the body is empty".into());
            return Err(Problem::bad_request(why));
        }
        let done = Accepted { accepted: found.count, refused: found.refused };
        keep(&app, found.lines, done).await
    })
    .await
}

/// Send audit events of a Kubernetes API server
///
/// As its audit webhook does: `EventList` of `audit.k8s.io/v1`. They are judged by rules, and what
/// breaks one becomes an alert.
#[utoipa::path(post, path = "/api/v1/runtime/k8s-audit", tag = "runtime",
    request_body(content = serde_json::Value, content_type = "application/json"), responses(
    (status = 202, description = "They were judged", body = Accepted),
    (status = 400, description = "There is no event", body = Problem,
        content_type = "application/problem+json"),
    (status = 413, description = "It is too large", body = Problem,
        content_type = "application/problem+json"),
    (status = 503, description = "There are too many; `Retry-After` says when to come again",
        body = Problem, content_type = "application/problem+json"),
))]
async fn audit(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    with_body(&app, &headers, body, |body| async {
        let judging = move || (Auditor::judge(&body, "kube-apiserver"), intake::admitted(&body));
        let judged = tokio::task::spawn_blocking(judging).await.map_err(Error::from)?;
        let (found, decisions) = (judged.0?, judged.1);
        app.metrics.estate.saw(found.events as u64, &[]);
        for (decided, count) in decisions {
            app.metrics.estate.decided(decided.decision, &decided.reason, count);
        }
        if found.skipped > 0 {
            app.metrics.estate.saw(0, &[("malformed", found.skipped as u64)]);
        }
        if found.events == 0 && found.skipped > 0 {
            return Err(Problem::bad_request(found.why.unwrap_or_default()));
        }
        let done = Accepted { accepted: found.alerts, refused: found.skipped };
        keep(&app, found.lines, done).await
    })
    .await
}

/// How long runtime alerts are kept
#[utoipa::path(get, path = "/api/v1/runtime/retention", tag = "runtime", responses(
    (status = 200, body = Retention),
))]
async fn retention(State(app): State<Arc<App>>) -> Result<Json<Retention>, Problem> {
    Ok(Json(Retention::load(&mut *app.store.read().await?).await?))
}

/// Keep runtime alerts for longer, or not as long
#[utoipa::path(put, path = "/api/v1/runtime/retention", tag = "runtime", request_body = Retention,
    security(("role" = ["admin"])), responses(
    (status = 200, body = Retention),
    (status = 422, description = "So long they are not kept", body = Problem,
        content_type = "application/problem+json"),
))]
async fn keep_for(
    State(app): State<Arc<App>>,
    actor: Actor,
    JsonBody(wanted): JsonBody<Retention>,
) -> Result<Json<Retention>, Problem> {
    let mut write = app.store.write().await?;
    wanted.store(&mut write).await?;
    let detail = wanted.days.map_or_else(|| "for ever".to_owned(), |days| format!("{days} days"));
    store::audit::note(&mut write, &actor.name, "keep runtime alerts", &detail, "").await?;
    write.commit().await.map_err(Error::from)?;
    Ok(Json(wanted))
}

/// A runtime alert.
#[derive(Debug, Clone, Serialize, ToSchema)]
struct RuntimeAlert {
    /// Its number.
    id: i64,
    /// When the event was.
    #[schema(value_type = String, format = DateTime)]
    time: Timestamp,
    /// Name of the rule.
    rule: String,
    /// One of Falco's words.
    priority: String,
    /// `syscall`, `k8s_audit` …
    source: String,
    /// The machine.
    hostname: String,
    /// The image, where it was one.
    image: Option<String>,
    /// What the rule says of the event.
    output: String,
    /// The rule's tags.
    tags: Vec<String>,
    /// The fields.
    #[schema(value_type = Object)]
    output_fields: serde_json::Value,
}

impl RuntimeAlert {
    fn of(stored: Stored) -> Self {
        Self {
            id: stored.id,
            time: moment::timestamp(stored.at),
            rule: stored.rule,
            priority: stored.priority,
            source: stored.source,
            hostname: stored.hostname,
            image: Some(stored.image).filter(|image| !image.is_empty()),
            output: stored.output,
            tags: stored.tags.lines().map(str::to_owned).collect(),
            output_fields: serde_json::from_str(&stored.fields).unwrap_or_default(),
        }
    }
}

#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct Query {
    /// Those of this rule.
    #[serde(default)]
    rule: Option<String>,
    /// Those of this priority, in Falco's words.
    #[serde(default)]
    priority: Option<String>,
    /// Those of this machine.
    #[serde(default)]
    hostname: Option<String>,
    /// Those of this source: `syscall`, `k8s_audit` …
    #[serde(default)]
    source: Option<String>,
    /// `next` of the page before.
    #[serde(default)]
    after: Option<String>,
    /// How many entries, at most 500.
    #[serde(default)]
    #[param(minimum = 1, maximum = 500, default = 50)]
    limit: Option<i64>,
}

/// Runtime alerts, newest first
#[utoipa::path(get, path = "/api/v1/runtime/alerts", tag = "runtime", params(Query), responses(
    (status = 200, body = Page<RuntimeAlert>),
    (status = 400, description = "What is asked for makes no sense", body = Problem,
        content_type = "application/problem+json"),
))]
async fn list(
    State(app): State<Arc<App>>,
    Asked(query): Asked<Query>,
) -> Result<Json<Page<RuntimeAlert>>, Problem> {
    let limit = Paging { after: None, limit: query.limit }.limit()?;
    let before = query.after.as_deref().map(parse_cursor::<1>).transpose()?;
    let wanted = Wanted {
        rule: query.rule.unwrap_or_default(),
        priorities: query.priority.into_iter().collect(),
        hostname: query.hostname.unwrap_or_default(),
        source: query.source.unwrap_or_default(),
        before: before.map(|[id]| id),
        since: None,
    };
    let found = alerts::page(&mut *app.store.read().await?, &wanted, limit + 1).await?;
    let page = Page::of(found, limit, |alert| cursor(&[alert.id]));
    let items = page.items.into_iter().map(RuntimeAlert::of).collect();
    Ok(Json(Page { items, next: page.next }))
}
