//! `/api/v1/project`.
#![allow(clippy::indexing_slicing, reason = "fields of an object that is made right here")]

use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Fault, uuid_of};
use crate::api::Actor;
use crate::app::App;
use crate::store::audit;
use crate::store::projects::{self, Project};

/// How many a page has, at most.
const MOST: i64 = 500;

pub(super) fn told(project: &Project) -> Value {
    let mut value = json!({
        "uuid": project.uuid,
        "name": project.name,
        "classifier": "APPLICATION",
        "active": true,
        "isLatest": false,
        "properties": [],
        "tags": [],
    });
    if !project.version.is_empty() {
        value["version"] = project.version.clone().into();
    }
    if project.uploaded > 0 {
        value["lastBomImport"] = project.uploaded.into();
    }
    value
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Asked {
    #[serde(default)]
    name: Option<String>,
    #[serde(default)]
    version: Option<String>,
    #[serde(default)]
    page_number: Option<i64>,
    #[serde(default)]
    page_size: Option<i64>,
    #[serde(default)]
    offset: Option<i64>,
    #[serde(default)]
    limit: Option<i64>,
}

pub(super) async fn list(
    State(app): State<Arc<App>>,
    Query(asked): Query<Asked>,
) -> Result<Response, Fault> {
    let limit = asked.page_size.or(asked.limit).unwrap_or(100).clamp(1, MOST);
    let page = asked.page_number.unwrap_or(1).clamp(1, 1_000_000);
    let skip = asked.offset.unwrap_or((page - 1).saturating_mul(limit)).max(0);
    let name = asked.name.unwrap_or_default();
    let mut read = app.store.read().await?;
    let found = projects::page(&mut read, &name, skip, limit).await?;
    let count = projects::count(&mut read, &name).await?;
    let found: Vec<Value> = found.iter().map(told).collect();
    Ok(([("x-total-count", count.to_string())], Json(found)).into_response())
}

pub(super) async fn lookup(
    State(app): State<Arc<App>>,
    Query(asked): Query<Asked>,
) -> Result<Response, Fault> {
    let (name, version) = (asked.name.unwrap_or_default(), asked.version.unwrap_or_default());
    let found = projects::by_name(&mut *app.store.read().await?, &name, &version).await?;
    Ok(Json(told(&found.ok_or_else(Fault::not_found)?)).into_response())
}

pub(super) async fn find(app: &App, uuid: &str) -> Result<Project, Fault> {
    let found = projects::by_uuid(&mut *app.store.read().await?, uuid).await?;
    found.ok_or_else(Fault::not_found)
}

pub(super) async fn one(
    State(app): State<Arc<App>>,
    Path(uuid): Path<String>,
) -> Result<Response, Fault> {
    Ok(Json(told(&find(&app, &uuid).await?)).into_response())
}

#[derive(Debug, Deserialize)]
struct New {
    name: String,
    #[serde(default)]
    version: Option<String>,
}

pub(super) async fn create(
    State(app): State<Arc<App>>,
    actor: Actor,
    body: Bytes,
) -> Result<Response, Fault> {
    let new: New =
        serde_json::from_slice(&body).map_err(|error| Fault::bad_request(error.to_string()))?;
    let version = new.version.unwrap_or_default();
    if new.name.is_empty() || new.name.len() > 255 || version.len() > 255 {
        return Err(Fault::bad_request("a name has 1 to 255 bytes, and a version at most 255"));
    }
    let uuid = uuid_of(&new.name, &version);
    let mut write = app.store.write().await?;
    let is_new = projects::add(&mut write, &uuid, &new.name, &version).await?;
    audit::note(&mut write, &actor.name, "project", &new.name, "dependency-track").await?;
    write.commit().await?;
    if !is_new {
        let why = "A project with the specified name already exists.";
        return Err(Fault(StatusCode::CONFLICT, why.into()));
    }
    Ok((StatusCode::CREATED, Json(told(&find(&app, &uuid).await?))).into_response())
}

pub(super) async fn delete(
    State(app): State<Arc<App>>,
    actor: Actor,
    Path(uuid): Path<String>,
) -> Result<StatusCode, Fault> {
    let mut write = app.store.write().await?;
    let was_there = projects::forget(&mut write, &uuid).await?;
    audit::note(&mut write, &actor.name, "delete project", &uuid, "dependency-track").await?;
    write.commit().await?;
    if was_there { Ok(StatusCode::NO_CONTENT) } else { Err(Fault::not_found()) }
}
