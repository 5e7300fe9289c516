//! Whether the server is well, by parts.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use super::Problem;
use crate::app::App;
use crate::metrics::Format;
use crate::store::settings;

#[derive(Debug, Serialize)]
struct Health {
    status: &'static str,
    store: &'static str,
    advisories: &'static str,
    /// Edition of the advisories that are used.
    edition: String,
}

/// 200 where requests can be answered, 503 otherwise. `advisories` is `starter` where only the built-in
/// set is there, `matching` while findings are being brought to new ones, else `ready`.
pub(super) async fn healthz(State(app): State<Arc<App>>) -> Response {
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
    let health = Health {
        status: if answers { "ok" } else { "failing" },
        store: if answers { "ready" } else { "unreachable" },
        advisories,
        edition: current.edition.clone(),
    };
    let status = if answers { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, Json(health)).into_response()
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
