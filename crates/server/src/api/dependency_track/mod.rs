//! What clients of Dependency-Track speak: bills are uploaded for a project, and its findings are asked
//! for.
//!
//! Everything stands below `/dtrack`, and at its usual place too: none of it is in the way of our own API.
//!
//! Source: DependencyTrack/dependency-track, `resources/v1`.

mod findings;
mod projects;
mod upload;

use std::sync::Arc;

use axum::Json;
use axum::extract::{DefaultBodyLimit, FromRequest as _, Path, Request, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, put};
use serde_json::json;
use sha2::{Digest as _, Sha256};

use super::peer;
use super::{Actor, Module, Routes};
use crate::app::App;
use crate::error::Error;
use crate::jobs;
use crate::queue::State as JobState;
use crate::store::{audit, projects as table};

pub use upload::Upload;

pub(super) const MODULE: Module = Module { name: "dependency-track", routes };

/// A document in base64, with what stands around it.
const MAX_BODY: usize = plimsoll_supply::document::MAX_DOCUMENT / 3 * 4 + (1 << 20);

fn routes() -> Routes {
    let mut routes = Routes::new();
    for prefix in ["", "/dtrack"] {
        let at = |path: &str| format!("{prefix}/api/v1{path}");
        routes = routes
            .route(&at("/bom"), put(create).post(create))
            .route(&at("/bom/token/{token}"), get(token))
            .route(&at("/event/token/{token}"), get(token))
            .route(&at("/project"), get(projects::list).put(projects::create))
            .route(&at("/project/lookup"), get(projects::lookup))
            .route(&at("/project/{uuid}"), get(projects::one).delete(projects::delete))
            .route(&at("/finding/project/{uuid}"), get(findings::list))
            .route(&at("/finding/project/{uuid}/export"), get(findings::export))
            .route(&at("/metrics/project/{uuid}/current"), get(findings::metrics))
            .route(&at("/badge/vulns/project/{uuid}"), get(findings::badge));
    }
    routes.route("/dtrack/api/version", get(version)).layer(DefaultBodyLimit::max(MAX_BODY))
}

/// What went wrong, as plain text, which clients print.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Fault(StatusCode, String);

impl Fault {
    fn not_found() -> Self {
        Self(StatusCode::NOT_FOUND, "The project could not be found.".into())
    }

    fn bad_request(why: impl Into<String>) -> Self {
        Self(StatusCode::BAD_REQUEST, why.into())
    }
}

impl From<Error> for Fault {
    fn from(error: Error) -> Self {
        let status = match &error {
            Error::Refused(_) => StatusCode::BAD_REQUEST,
            _ => StatusCode::INTERNAL_SERVER_ERROR,
        };
        Self(status, error.to_string())
    }
}

impl From<sqlx::Error> for Fault {
    fn from(error: sqlx::Error) -> Self {
        Error::from(error).into()
    }
}

impl IntoResponse for Fault {
    fn into_response(self) -> Response {
        (self.0, [(header::CONTENT_TYPE, "text/plain; charset=utf-8")], self.1).into_response()
    }
}

/// As long as a job is remembered, its number is in the token.
fn token_of(job: i64) -> String {
    format!("706c696d-736f-4c6c-8000-{:012x}", job.cast_unsigned() & 0xffff_ffff_ffff)
}

fn job_of(token: &str) -> Option<i64> {
    let job = i64::from_str_radix(token.strip_prefix("706c696d-736f-4c6c-8000-")?, 16).ok()?;
    (token_of(job) == token).then_some(job)
}

/// What a name and a version are known by, always.
fn uuid_of(name: &str, version: &str) -> String {
    let hash = Sha256::digest(format!("{name}\n{version}"));
    let hex = plimsoll_supply::hash::hex(hash.get(..16).unwrap_or_default());
    let part = |from: usize, to: usize| hex.get(from..to).unwrap_or_default().to_owned();
    format!("{}-{}-5{}-8{}-{}", part(0, 8), part(8, 12), part(13, 16), part(17, 20), part(20, 32))
}

async fn create(
    State(app): State<Arc<App>>,
    actor: Actor,
    request: Request,
) -> Result<Response, Fault> {
    let kind = peer::header(request.headers(), "content-type").unwrap_or_default();
    let upload = if kind.starts_with("multipart/form-data") {
        Upload::of_form(request).await
    } else {
        let body = axum::body::Bytes::from_request(request, &()).await;
        Upload::parse(&body.map_err(|error| Fault(error.status(), error.body_text()))?)
    };
    let upload = upload.map_err(Fault::bad_request)?;
    let project = project(&app, &upload).await?;
    let called = match project.version.as_str() {
        "" => project.name.clone(),
        version => format!("{}@{version}", project.name),
    };
    let taken = jobs::take(&app, &upload.bom, &called, jobs::Claim::Heard, None).await?;
    let mut write = app.store.write().await?;
    table::uploaded(&mut write, &project.uuid, taken.job).await?;
    audit::note(&mut write, &actor.name, "bom", &called, "dependency-track").await?;
    write.commit().await?;
    Ok(Json(json!({"token": token_of(taken.job)})).into_response())
}

/// The project that a bill is for.
async fn project(app: &App, upload: &Upload) -> Result<table::Project, Fault> {
    let mut read = app.store.read().await?;
    let found = if upload.project.is_empty() {
        table::by_name(&mut read, &upload.name, &upload.version).await?
    } else {
        table::by_uuid(&mut read, &upload.project).await?
    };
    drop(read);
    match found {
        Some(project) => Ok(project),
        None if upload.auto_create && upload.project.is_empty() => {
            let uuid = uuid_of(&upload.name, &upload.version);
            let mut write = app.store.write().await?;
            table::add(&mut write, &uuid, &upload.name, &upload.version).await?;
            let found = table::by_uuid(&mut write, &uuid).await?;
            write.commit().await?;
            found.ok_or_else(Fault::not_found)
        }
        None => Err(Fault::not_found()),
    }
}

/// Whether a bill is still on its way.
async fn token(State(app): State<Arc<App>>, Path(token): Path<String>) -> Result<Response, Fault> {
    let status = match job_of(&token) {
        Some(job) => app.queue.status(job).await?,
        None => None,
    };
    let is_open = |state| matches!(state, JobState::Waiting | JobState::Running);
    Ok(Json(json!({"processing": status.is_some_and(|it| is_open(it.state))})).into_response())
}

/// Some clients look whether the server is new enough for what they need.
async fn version() -> Response {
    Json(json!({
        "application": "Dependency-Track",
        "version": "4.13.0",
        "framework": {"name": "Plimsoll", "version": env!("CARGO_PKG_VERSION")},
    }))
    .into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_and_names_are_uuids_that_come_back() {
        assert_eq!(job_of(&token_of(77)), Some(77));
        for wrong in ["", "x", "706c696d-736f-4c6c-8000-", "706c696d-736f-4c6c-8000-+0000000004d"] {
            assert_eq!(job_of(wrong), None, "{wrong}");
        }
        let uuid = uuid_of("shop", "1");
        assert_eq!(uuid.len(), 36);
        assert_ne!(uuid, uuid_of("shop\n", "1"));
    }
}
