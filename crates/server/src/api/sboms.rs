//! Bills of materials that somebody else wrote.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::StatusCode;
use axum::response::IntoResponse;
use plimsoll_supply::document::MAX_DOCUMENT;
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_axum::routes;

use super::problem::Asked;
use super::scans::{Scan, accepted};
use super::{Actor, Module, Problem, Routes};
use crate::app::App;
use crate::auth::reach;
use crate::jobs;

pub(super) const MODULE: Module = Module { name: "sboms", routes };

fn routes() -> Routes {
    Routes::new().routes(routes!(create)).layer(DefaultBodyLimit::max(MAX_DOCUMENT))
}

#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct Query {
    /// What it is called, where the document is not to say.
    #[serde(default)]
    name: Option<String>,
}

/// Store a bill of materials
///
/// CycloneDX or SPDX 2 in JSON, up to 64 MiB.
#[utoipa::path(post, path = "/api/v1/sboms", tag = "sboms", params(Query),
    request_body(content = serde_json::Value, content_type = "application/json"), responses(
    (status = 202, description = "It will be read", body = Scan),
    (status = 200, description = "It is being read already", body = Scan),
    (status = 413, description = "It is too large", body = Problem,
        content_type = "application/problem+json"),
    (status = 422, description = "It cannot be read", body = Problem,
        content_type = "application/problem+json"),
))]
async fn create(
    State(app): State<Arc<App>>,
    actor: Actor,
    Asked(query): Asked<Query>,
    body: Result<Bytes, BytesRejection>,
) -> Result<impl IntoResponse, Problem> {
    let name = query.name.unwrap_or_default();
    if !reach::sees(&actor, &name) {
        let why =
            "`name` is to be an image of your teams' repositories, as `registry/team/app:1.0`";
        return Err(Problem::new(StatusCode::FORBIDDEN, why));
    }
    let claim = match actor.repositories {
        None => jobs::Claim::Heard,
        Some(_) => jobs::Claim::NameAlone,
    };
    let taken = jobs::take(&app, &body?, &name, claim, Some(&actor.name)).await?;
    accepted(&app, taken.job, taken.is_new).await
}
