//! Whether the server is well, by parts.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use super::Problem;
use crate::app::App;
use crate::health::{self, Part};
use crate::metrics::Format;
use crate::store::settings;

#[derive(Debug, Serialize)]
struct Answer {
    status: &'static str,
    store: &'static str,
    blobs: &'static str,
    folder: &'static str,
    queue: &'static str,
    clock: &'static str,
    advisories: &'static str,
    /// Edition of the advisories that are used.
    edition: String,
    /// What is not well: for those alone who watch the server.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    problems: Vec<health::Problem>,
}

async fn answer(app: &App, with_problems: bool) -> Response {
    let current = app.advisories.current();
    let answers = app.store.answers().await;
    let is_matched = async {
        let mut read = app.store.read().await.ok()?;
        settings::value(&mut read, settings::MATCHED).await.ok().flatten()
    };
    let is_matched = answers && is_matched.await.as_ref() == Some(&current.edition);
    let advisories = match (current.database.data().starter, is_matched) {
        (true, _) => "starter",
        (false, true) => "ready",
        (false, false) => "matching",
    };
    let state = |part: Part| app.health.state(part);
    let problems = app.health.problems();
    let answer = Answer {
        status: match (answers, problems.is_empty()) {
            (false, _) => "failing",
            (true, false) => "degraded",
            (true, true) => "ok",
        },
        store: if answers { state(Part::Store).unwrap_or("ready") } else { "unreachable" },
        blobs: state(Part::Blobs).unwrap_or("ready"),
        folder: state(Part::Folder).unwrap_or("ready"),
        queue: state(Part::Queue).unwrap_or("ready"),
        clock: state(Part::Clock).unwrap_or("ready"),
        advisories: state(Part::Advisories).unwrap_or(advisories),
        edition: current.edition.clone(),
        problems: if with_problems { problems } else { Vec::new() },
    };
    let status = if answers { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, Json(answer)).into_response()
}

/// 200 where requests can be answered, 503 otherwise. `advisories` is `starter` where only the built-in
/// set is there, `matching` while findings are being brought to new ones, else `ready`; what stands in
/// the way of a part is its state.
pub(super) async fn healthz(State(app): State<Arc<App>>) -> Response {
    answer(&app, false).await
}

/// The same, with what was said.
pub(super) async fn watched(State(app): State<Arc<App>>) -> Response {
    answer(&app, true).await
}

fn format(headers: &HeaderMap) -> Format {
    let accept = headers.get(header::ACCEPT).and_then(|it| it.to_str().ok());
    Format::of(accept.unwrap_or_default())
}

pub(super) async fn metrics(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
) -> Result<impl IntoResponse, Problem> {
    let format = format(&headers);
    let text = app.metrics.text(&app, format).await?;
    Ok(([(header::CONTENT_TYPE, format.media_type())], text))
}

/// What runs, under the names that trivy-operator has for it.
pub(super) async fn trivy_operator(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
) -> Result<impl IntoResponse, Problem> {
    let format = format(&headers);
    let text = app.metrics.trivy_operator(&app, format).await?;
    Ok(([(header::CONTENT_TYPE, format.media_type())], text))
}
