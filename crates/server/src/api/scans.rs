//! Images to be read.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use axum::response::sse::{Event, KeepAlive, Sse};
use futures_util::stream;
use plimsoll_model::{Platform, Reference, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::routes;

use super::peer::Peer;
use super::problem::{Asked, Body};
use super::{Actor, Module, Page, Paging, Problem, Routes, cursor, parse_cursor};
use crate::app::App;
use crate::auth::reach;
use crate::jobs;
use crate::moment;
use crate::queue::{State as JobState, Status};
use crate::store;

pub(super) const MODULE: Module = Module { name: "scans", routes };

fn routes() -> Routes {
    Routes::new()
        .routes(routes!(create, list))
        .routes(routes!(one, cancel))
        .routes(routes!(retry))
        .routes(routes!(progress))
}

/// What is to be read.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewScan)]
struct New {
    /// As `plimsoll scan` takes it: `nginx:1.27`, `registry:…`, `oci-dir:…`.
    reference: String,
    /// Which image of several, as `linux/arm64`.
    #[serde(default)]
    platform: Option<String>,
    /// Higher goes first; -10 to 10, else 0.
    #[serde(default)]
    priority: i64,
    /// Whether it is read even where its digest is given and was read already.
    #[serde(default)]
    again: bool,
}

/// Something that is read, was read or will be.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(super) struct Scan {
    /// Its number.
    id: i64,
    /// What is read.
    reference: String,
    /// `waiting`, `running`, `done`, `failed` or `cancelled`.
    state: &'static str,
    /// How often it was begun.
    attempt: i64,
    /// Since when it has been waiting.
    #[schema(value_type = String, format = DateTime)]
    created: Timestamp,
    /// When it ended.
    #[schema(value_type = Option<String>, format = DateTime)]
    finished: Option<Timestamp>,
    /// What went wrong last.
    error: Option<String>,
    /// Digest of the image, where it is done.
    digest: Option<String>,
    /// How many components it has, where it is done.
    components: Option<u64>,
}

impl Scan {
    pub(super) fn of(status: Status) -> Self {
        let done: Option<jobs::Done> = serde_json::from_str(&status.result).ok();
        let is_done = status.state == JobState::Done;
        Self {
            id: status.job.id,
            reference: status.job.key,
            state: status.state.name(),
            attempt: status.job.attempt,
            created: moment::timestamp(status.job.created),
            finished: status.finished.map(moment::timestamp),
            error: Some(status.error).filter(|error| !error.is_empty() && !is_done),
            components: done.as_ref().map(|done| done.components),
            digest: done.map(|done| done.digest),
        }
    }
}

/// The answer to whoever gave a job.
pub(super) async fn accepted(
    app: &App,
    id: i64,
    is_new: bool,
) -> Result<impl IntoResponse + use<>, Problem> {
    let status = app.queue.status(id).await?;
    let status = status.ok_or_else(|| Problem::not_found("scan of this number"))?;
    let code = if is_new { StatusCode::ACCEPTED } else { StatusCode::OK };
    Ok((code, [(header::LOCATION, format!("/api/v1/scans/{id}"))], Json(Scan::of(status))))
}

/// Read an image
///
/// The same image is read once at a time: 200 says that it was being read already. One that is given by
/// its digest and was read from a registry before is not read a second time, unless `again` asks for it.
#[utoipa::path(post, path = "/api/v1/scans", tag = "scans", request_body = New, responses(
    (status = 202, description = "It will be read", body = Scan),
    (status = 200, description = "It is being read already", body = Scan),
    (status = 422, description = "It cannot be read", body = Problem,
        content_type = "application/problem+json"),
))]
async fn create(
    State(app): State<Arc<App>>,
    actor: Actor,
    peer: Peer,
    Body(new): Body<New>,
) -> Result<impl IntoResponse, Problem> {
    let refuse = |why: String| Problem::new(StatusCode::UNPROCESSABLE_ENTITY, why);
    let reference = new.reference.parse::<Reference>();
    let reference = reference.map_err(|error| refuse(format!("`reference`: {error}")))?;
    reach::may_read(&actor, &reference)?;
    if let Some(platform) = &new.platform {
        platform.parse::<Platform>().map_err(|error| refuse(format!("`platform`: {error}")))?;
    }
    if !(-10..=10).contains(&new.priority) {
        return Err(refuse(format!("`priority` is {}, and may be -10 to 10", new.priority)));
    }
    let outward = app.outward.and_to(peer.0);
    let going = move || jobs::may_go(&outward, &reference);
    tokio::task::spawn_blocking(going).await.map_err(crate::Error::from)??;
    let request = jobs::Request {
        reference: new.reference,
        platform: new.platform,
        client: peer.0,
        again: new.again,
    };
    let (id, is_new) = app.push(jobs::scan(&request, new.priority)?).await?;
    let mut write = app.store.write().await?;
    store::audit::note(&mut write, &actor.name, "scan", &request.reference, "").await?;
    write.commit().await.map_err(crate::Error::from)?;
    accepted(&app, id, is_new).await
}

/// Which scans.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct Query {
    /// `waiting`, `running`, `done`, `failed` or `cancelled`. Those that failed for good are `failed`.
    #[serde(default)]
    state: Option<String>,
    /// `next` of the page before.
    #[serde(default)]
    after: Option<String>,
    /// How many entries, at most 500.
    #[serde(default)]
    #[param(minimum = 1, maximum = 500, default = 50)]
    limit: Option<i64>,
}

/// What was read, newest first
#[utoipa::path(get, path = "/api/v1/scans", tag = "scans", params(Query), responses(
    (status = 200, body = Page<Scan>),
    (status = 400, description = "What is asked for makes no sense", body = Problem,
        content_type = "application/problem+json"),
))]
async fn list(
    State(app): State<Arc<App>>,
    actor: Actor,
    Asked(query): Asked<Query>,
) -> Result<Json<Page<Scan>>, Problem> {
    let limit = Paging { after: None, limit: query.limit }.limit()?;
    let wanted = store::ended::Wanted {
        kind: jobs::SCAN.into(),
        state: super::jobs::state(query.state.as_deref())?,
        before: query.after.as_deref().map(parse_cursor::<1>).transpose()?.map(|[id]| id),
    };
    let found = store::ended::page(&mut *app.store.read().await?, &wanted, limit + 1).await?;
    let mut page = Page::of(found, limit, |status| cursor(&[status.job.id]));
    // A page may be short of what somebody does not see; the next one goes on behind it.
    page.items.retain(|status| reach::sees(&actor, &status.job.key));
    Ok(Json(Page { items: page.items.into_iter().map(Scan::of).collect(), next: page.next }))
}

async fn find(app: &App, actor: &Actor, id: &str) -> Result<Status, Problem> {
    let none = || Problem::not_found("scan of this number");
    let id: i64 = id.parse().map_err(|_| none())?;
    let status = app.queue.status(id).await?.ok_or_else(none)?;
    let is_ours = matches!(status.job.kind.as_str(), jobs::SCAN | jobs::SBOM);
    if is_ours && reach::sees(actor, &status.job.key) { Ok(status) } else { Err(none()) }
}

/// How a scan stands
#[utoipa::path(get, path = "/api/v1/scans/{id}", tag = "scans",
    params(("id" = i64, Path, description = "Its number")), responses(
    (status = 200, body = Scan),
    (status = 404, description = "There is none", body = Problem,
        content_type = "application/problem+json"),
))]
async fn one(
    State(app): State<Arc<App>>,
    actor: Actor,
    Path(id): Path<String>,
) -> Result<Json<Scan>, Problem> {
    Ok(Json(Scan::of(find(&app, &actor, &id).await?)))
}

/// How often a scan is looked at for whoever follows it.
const LOOK: Duration = Duration::from_millis(250);

/// Follow a scan until it ends
///
/// As server-sent events: `state`, with the scan as it stands whenever that has changed. The last one
/// says how it ended, and the stream ends after it.
#[utoipa::path(get, path = "/api/v1/scans/{id}/events", tag = "scans",
    params(("id" = i64, Path, description = "Its number")), responses(
    (status = 200, description = "As it goes on", body = String, content_type = "text/event-stream"),
    (status = 404, description = "There is none", body = Problem,
        content_type = "application/problem+json"),
))]
async fn progress(
    State(app): State<Arc<App>>,
    actor: Actor,
    Path(id): Path<String>,
) -> Result<impl IntoResponse, Problem> {
    let number = find(&app, &actor, &id).await?.job.id;
    let begun = (app, number, String::new(), false);
    let states = stream::unfold(begun, |(app, number, told, is_over)| async move {
        if is_over {
            return None;
        }
        loop {
            // A store that does not answer now may later; a scan that is forgotten says no more.
            if let Ok(status) = app.queue.status(number).await {
                let status = status?;
                let is_over = !matches!(status.state, JobState::Waiting | JobState::Running);
                let now = serde_json::to_string(&Scan::of(status)).ok()?;
                if now != told {
                    let event = Event::default().event("state").data(&now);
                    return Some((Ok::<_, Infallible>(event), (app, number, now, is_over)));
                }
            }
            tokio::time::sleep(LOOK).await;
        }
    });
    Ok(Sse::new(states).keep_alive(KeepAlive::default()))
}

/// Cancel a scan
#[utoipa::path(delete, path = "/api/v1/scans/{id}", tag = "scans",
    params(("id" = i64, Path, description = "Its number")), responses(
    (status = 200, description = "It is cancelled", body = Scan),
    (status = 404, description = "There is none", body = Problem,
        content_type = "application/problem+json"),
    (status = 409, description = "It has ended", body = Problem,
        content_type = "application/problem+json"),
))]
async fn cancel(
    State(app): State<Arc<App>>,
    actor: Actor,
    Path(id): Path<String>,
) -> Result<Json<Scan>, Problem> {
    let status = find(&app, &actor, &id).await?;
    if !app.queue.cancel(status.job.id).await? {
        return Err(Problem::new(StatusCode::CONFLICT, "the scan has ended"));
    }
    let mut write = app.store.write().await?;
    store::audit::note(&mut write, &actor.name, "cancel scan", &status.job.key, "").await?;
    write.commit().await.map_err(crate::Error::from)?;
    Ok(Json(Scan::of(find(&app, &actor, &id).await?)))
}

/// Read once more what could not be read
///
/// Of a scan that failed for good: it is read under another number, with all its attempts.
#[utoipa::path(post, path = "/api/v1/scans/{id}/retry", tag = "scans",
    params(("id" = i64, Path, description = "Its number")), responses(
    (status = 202, description = "It will be read", body = Scan),
    (status = 200, description = "It is being read already", body = Scan),
    (status = 404, description = "There is none", body = Problem,
        content_type = "application/problem+json"),
    (status = 409, description = "It has not failed", body = Problem,
        content_type = "application/problem+json"),
))]
async fn retry(
    State(app): State<Arc<App>>,
    actor: Actor,
    Path(id): Path<String>,
) -> Result<impl IntoResponse, Problem> {
    let status = find(&app, &actor, &id).await?;
    let (id, is_new) = super::jobs::put_back(&app, &actor, &status).await?;
    accepted(&app, id, is_new).await
}
