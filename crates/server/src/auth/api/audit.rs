//! Who did what.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use plimsoll_model::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::routes;

use crate::api::{Asked, Module, Page, Paging, Problem, Routes, cursor, parse_cursor};
use crate::app::App;
use crate::moment;
use crate::store::audit::{self, Wanted};

/// The part.
pub const MODULE: Module = Module { name: "audit", routes };

fn routes() -> Routes {
    Routes::new().routes(routes!(list))
}

/// Something that was done.
#[derive(Debug, Clone, Serialize, ToSchema)]
struct Entry {
    /// Its number.
    id: i64,
    /// When.
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
    /// By whom.
    actor: String,
    /// What.
    action: String,
    /// To what.
    target: String,
    /// How exactly.
    detail: String,
}

#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct Query {
    /// By this actor.
    #[serde(default)]
    actor: Option<String>,
    /// Of this kind, as `add user`.
    #[serde(default)]
    action: Option<String>,
    /// `next` of the page before.
    #[serde(default)]
    after: Option<String>,
    /// How many entries, at most 500.
    #[serde(default)]
    #[param(minimum = 1, maximum = 500, default = 50)]
    limit: Option<i64>,
}

/// What was done, newest first
#[utoipa::path(get, path = "/api/v1/audit", tag = "audit", params(Query), responses(
    (status = 200, body = Page<Entry>),
    (status = 400, description = "What is asked for makes no sense", body = Problem,
        content_type = "application/problem+json"),
))]
async fn list(
    State(app): State<Arc<App>>,
    Asked(query): Asked<Query>,
) -> Result<Json<Page<Entry>>, Problem> {
    let limit = Paging { after: None, limit: query.limit }.limit()?;
    let before = query.after.as_deref().map(parse_cursor::<1>).transpose()?;
    let wanted = Wanted {
        before: before.map_or(i64::MAX, |[id]| id),
        actor: query.actor.unwrap_or_default(),
        action: query.action.unwrap_or_default(),
        since: 0,
    };
    let found = audit::page(&mut *app.store.read().await?, &wanted, limit + 1).await?;
    let page = Page::of(found, limit, |entry| cursor(&[entry.id]));
    let one = |entry: audit::Entry| Entry {
        id: entry.id,
        at: moment::timestamp(entry.at),
        actor: entry.actor,
        action: entry.action,
        target: entry.target,
        detail: entry.detail,
    };
    Ok(Json(Page { items: page.items.into_iter().map(one).collect(), next: page.next }))
}
