//! Jobs of all kinds: what waits, what failed for good, and that put back.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::IntoResponse;
use plimsoll_model::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::routes;

use super::problem::Asked;
use super::{Actor, Module, Page, Paging, Problem, Routes, cursor, parse_cursor};
use crate::app::App;
use crate::moment;
use crate::queue::{State as JobState, Status};
use crate::store::{self, ended};

pub(super) const MODULE: Module = Module { name: "jobs", routes };

fn routes() -> Routes {
    Routes::new().routes(routes!(list)).routes(routes!(retry))
}

/// Which jobs.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct Query {
    /// Of this kind.
    #[serde(default)]
    kind: Option<String>,
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

/// A state by its word.
pub(super) fn state(word: Option<&str>) -> Result<Option<JobState>, Problem> {
    word.map(|word| {
        JobState::named(word).ok_or_else(|| {
            Problem::bad_request(
                "`state` is none of `waiting`, `running`, `done`, `failed` and `cancelled`",
            )
        })
    })
    .transpose()
}

/// A job.
#[derive(Debug, Clone, Serialize, ToSchema)]
struct Job {
    /// Its number.
    id: i64,
    /// What is done.
    kind: String,
    /// With what.
    key: String,
    /// `waiting`, `running`, `done`, `failed` or `cancelled`.
    state: &'static str,
    /// How often it was begun.
    attempt: i64,
    /// How often it is begun at most.
    attempts: i64,
    /// Since when it has been waiting.
    #[schema(value_type = String, format = DateTime)]
    created: Timestamp,
    /// When it ended.
    #[schema(value_type = Option<String>, format = DateTime)]
    finished: Option<Timestamp>,
    /// What went wrong last.
    error: Option<String>,
}

impl Job {
    fn of(status: Status) -> Self {
        Self {
            id: status.job.id,
            kind: status.job.kind,
            key: status.job.key,
            state: status.state.name(),
            attempt: status.job.attempt,
            attempts: status.job.attempts,
            created: moment::timestamp(status.job.created),
            finished: status.finished.map(moment::timestamp),
            error: Some(status.error).filter(|error| !error.is_empty()),
        }
    }
}

/// Jobs, newest first
#[utoipa::path(get, path = "/api/v1/jobs", tag = "jobs", params(Query), responses(
    (status = 200, body = Page<Job>),
    (status = 400, description = "What is asked for makes no sense", body = Problem,
        content_type = "application/problem+json"),
))]
async fn list(
    State(app): State<Arc<App>>,
    Asked(query): Asked<Query>,
) -> Result<Json<Page<Job>>, Problem> {
    let limit = Paging { after: None, limit: query.limit }.limit()?;
    let wanted = ended::Wanted {
        kind: query.kind.unwrap_or_default(),
        state: state(query.state.as_deref())?,
        before: query.after.as_deref().map(parse_cursor::<1>).transpose()?.map(|[id]| id),
    };
    let found = ended::page(&mut *app.store.read().await?, &wanted, limit + 1).await?;
    Ok(Json(Page::of(found, limit, |status| cursor(&[status.job.id])).map(Job::of)))
}

/// Puts back a job that failed for good; gives the number of the one that does it, and whether that is new.
pub(super) async fn put_back(
    app: &App,
    actor: &Actor,
    status: &Status,
) -> Result<(i64, bool), Problem> {
    let refused = |why: &str| Err(Problem::new(StatusCode::CONFLICT, why));
    if status.state != JobState::Dead {
        return refused("it has not failed for good");
    }
    if !ended::can_be_put_back(status) {
        return refused("its secrets were forgotten when it failed: ask for it anew");
    }
    let mut write = app.store.write().await?;
    let (id, is_new) = app.queue.push_in(&mut write, &ended::again(status)).await?;
    if !ended::replaced(&mut write, status.job.id, id).await? {
        return refused("it was put back already");
    }
    let what = format!("{} {}", status.job.kind, status.job.key);
    store::audit::note(&mut write, &actor.name, "put back job", &what, "").await?;
    write.commit().await.map_err(crate::Error::from)?;
    app.bell.ring().await;
    Ok((id, is_new))
}

/// Put back a job that failed for good
///
/// It is done anew, under another number, with all its attempts.
#[utoipa::path(post, path = "/api/v1/jobs/{id}/retry", tag = "jobs",
    params(("id" = i64, Path, description = "Its number")), responses(
    (status = 202, description = "It will be done", body = Job),
    (status = 200, description = "The same is being done already", body = Job),
    (status = 404, description = "There is none", body = Problem,
        content_type = "application/problem+json"),
    (status = 409, description = "It has not failed, or its secrets were forgotten", body = Problem,
        content_type = "application/problem+json"),
))]
async fn retry(
    State(app): State<Arc<App>>,
    actor: Actor,
    Path(id): Path<String>,
) -> Result<impl IntoResponse, Problem> {
    let none = || Problem::not_found("job of this number");
    let id: i64 = id.parse().map_err(|_| none())?;
    let status = app.queue.status(id).await?.ok_or_else(none)?;
    let (id, is_new) = put_back(&app, &actor, &status).await?;
    let status = app.queue.status(id).await?.ok_or_else(none)?;
    let code = if is_new { StatusCode::ACCEPTED } else { StatusCode::OK };
    Ok((code, Json(Job::of(status))))
}
