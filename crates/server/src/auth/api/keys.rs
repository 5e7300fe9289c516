//! Keys of the API: everybody's own, and all of them for admins.

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use plimsoll_model::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::routes;

use crate::api::{Actor, Asked, Body, Module, Page, Paging, Problem, Routes, cursor, parse_cursor};
use crate::app::App;
use crate::auth::{Role, Via, name, secret};
use crate::moment::{self, millis, now};
use crate::store::access::{keys, teams};
use crate::store::{Connection, audit};

/// The part.
pub const MODULE: Module = Module { name: "keys", routes };

fn routes() -> Routes {
    Routes::new().routes(routes!(list, create)).routes(routes!(remove))
}

/// A key, without its secret.
#[derive(Debug, Clone, Serialize, ToSchema)]
struct Key {
    /// Its number.
    id: i64,
    /// What the key begins with, after `plimsoll_`.
    prefix: String,
    /// What it is for.
    name: String,
    /// What it may at most.
    role: Role,
    /// Parts of the API that it is for; all where none is named.
    scopes: Vec<String>,
    /// The team whose repositories it sees.
    team: Option<String>,
    /// When it was made.
    #[schema(value_type = String, format = DateTime)]
    created: Timestamp,
    /// Until when it counts.
    #[schema(value_type = Option<String>, format = DateTime)]
    expires: Option<Timestamp>,
    /// When it was used last, to the minute.
    #[schema(value_type = Option<String>, format = DateTime)]
    used: Option<Timestamp>,
}

async fn shown(connection: &mut Connection, key: keys::Key) -> Result<Key, Problem> {
    let team = match key.team {
        Some(team) => teams::by_id(connection, team).await?.map(|team| team.name),
        None => None,
    };
    Ok(Key {
        id: key.id,
        prefix: key.prefix,
        name: key.name,
        role: key.role,
        scopes: key.scopes,
        team,
        created: moment::timestamp(key.created),
        expires: key.expires.map(moment::timestamp),
        used: key.used.map(moment::timestamp),
    })
}

/// Keys that count, oldest first
#[utoipa::path(get, path = "/api/v1/keys", tag = "keys", params(Paging), responses(
    (status = 200, body = Page<Key>),
    (status = 400, description = "What is asked for makes no sense", body = Problem,
        content_type = "application/problem+json"),
))]
async fn list(
    State(app): State<Arc<App>>,
    actor: Actor,
    Asked(paging): Asked<Paging>,
) -> Result<Json<Page<Key>>, Problem> {
    let limit = paging.limit()?;
    let after = paging.after.as_deref().map(parse_cursor::<1>).transpose()?;
    let user = match (actor.may(Role::Admin), actor.user()) {
        (true, _) => None,
        (false, Some(user)) => Some(user),
        (false, None) => return Ok(Json(Page { items: Vec::new(), next: None })),
    };
    let mut read = app.store.read().await?;
    let found = keys::page(&mut read, user, after.map_or(0, |[id]| id), limit + 1).await?;
    let page = Page::of(found, limit, |key| cursor(&[key.id]));
    let mut items = Vec::with_capacity(page.items.len());
    for key in page.items {
        items.push(shown(&mut read, key).await?);
    }
    Ok(Json(Page { items, next: page.next }))
}

/// A key to be.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewKey)]
struct New {
    /// What it is for.
    name: String,
    /// What it may; at most what you may.
    role: Role,
    /// Parts of the API that it is for, as `scans`; all where none is named.
    #[serde(default)]
    scopes: Vec<String>,
    /// The team whose repositories it sees; a key of yours sees what you see.
    #[serde(default)]
    team: Option<String>,
    /// How long it counts; 1 to 3650, else 90.
    #[serde(default)]
    #[schema(minimum = 1, maximum = 3650)]
    days: Option<u64>,
}

/// A key with its secret, which is shown once.
#[derive(Debug, Clone, Serialize, ToSchema)]
struct Made {
    #[serde(flatten)]
    key: Key,
    /// The whole key. It is not kept.
    secret: String,
}

/// Make a key
///
/// Its whole text is shown once. A key cannot make keys, unless it is an admin's.
#[utoipa::path(post, path = "/api/v1/keys", tag = "keys", request_body = New,
    security(("role" = ["viewer", "once"])), responses(
    (status = 201, description = "It counts", body = Made),
    (status = 400, description = "Name, scopes, team or days are not taken", body = Problem,
        content_type = "application/problem+json"),
    (status = 415, description = "It is no JSON", body = Problem,
        content_type = "application/problem+json"),
    (status = 422, description = "It is no key", body = Problem,
        content_type = "application/problem+json"),
))]
async fn create(
    State(app): State<Arc<App>>,
    actor: Actor,
    Body(new): Body<New>,
) -> Result<(StatusCode, Json<Made>), Problem> {
    let refused = |why: &str| Err(Problem::new(StatusCode::FORBIDDEN, why));
    let is_admin = actor.may(Role::Admin);
    if !is_admin && !matches!(actor.via, Via::Session { user: Some(_), .. }) {
        return refused("only admins, and users who signed in, make keys");
    }
    if !actor.may(new.role) {
        return refused("a key may not more than who makes it");
    }
    let made = checked(&new)?;
    let days = new.days.unwrap_or(90);
    let at = now();
    let mut write = app.store.write().await?;
    let team = match &new.team {
        Some(name) => teams::by_name(&mut write, name)
            .await?
            .filter(|team| is_admin || is_within(&actor, team))
            .ok_or_else(|| Problem::bad_request("there is no such team"))
            .map(Some)?,
        None => None,
    };
    let mut key = keys::Key {
        id: 0,
        prefix: made.prefix,
        hash: made.hash,
        name: new.name,
        role: new.role,
        scopes: new.scopes,
        team: team.map(|team| team.id),
        user: actor.user(),
        once: false,
        created: at,
        expires: Some(at.saturating_add(millis(Duration::from_hours(24 * days)))),
        used: None,
        revoked: None,
    };
    key.id = keys::add(&mut write, &key).await?;
    let detail = format!("{}, role {}, {days} days", key.name, key.role);
    audit::note(&mut write, &actor.name, "make key", &key.prefix, &detail).await?;
    let key = shown(&mut write, key).await?;
    write.commit().await.map_err(crate::Error::from)?;
    Ok((StatusCode::CREATED, Json(Made { key, secret: made.shown })))
}

/// Whether somebody is in a team, as far as what they see says.
fn is_within(actor: &Actor, team: &teams::Team) -> bool {
    let sees = |patterns: &Arc<[String]>| {
        team.repositories.iter().all(|pattern| patterns.contains(pattern))
    };
    actor.repositories.as_ref().is_none_or(sees)
}

fn checked(new: &New) -> Result<secret::NewKey, Problem> {
    name::line("the name of a key", &new.name, 100)?;
    if new.name.trim().is_empty() {
        return Err(Problem::bad_request("a key has a name that says what it is for"));
    }
    if new.days.is_some_and(|days| !(1..=3650).contains(&days)) {
        return Err(Problem::bad_request("a key counts for 1 to 3650 days"));
    }
    let parts: Vec<&str> = crate::api::ALL.iter().map(|part| part.module.name).collect();
    if let Some(odd) = new.scopes.iter().find(|scope| !parts.contains(&scope.as_str())) {
        let odd: String = odd.escape_debug().take(40).collect();
        return Err(Problem::bad_request(format!(
            "`{odd}` is no part of the API: expected `{}`",
            parts.join("`, `")
        )));
    }
    Ok(secret::NewKey::new()?)
}

/// Take a key back
#[utoipa::path(delete, path = "/api/v1/keys/{id}", tag = "keys",
    params(("id" = i64, Path, description = "Its number")), responses(
    (status = 204, description = "It does not count any more"),
    (status = 404, description = "There is none", body = Problem,
        content_type = "application/problem+json"),
))]
async fn remove(
    State(app): State<Arc<App>>,
    actor: Actor,
    Path(id): Path<String>,
) -> Result<StatusCode, Problem> {
    let none = || Problem::not_found("key of this number");
    let id: i64 = id.parse().map_err(|_| none())?;
    let mut write = app.store.write().await?;
    let key = keys::by_id(&mut write, id).await?.filter(|key| key.revoked.is_none() && !key.once);
    let is_own = |key: &keys::Key| key.user.is_some() && key.user == actor.user();
    let key = key.filter(|key| actor.may(Role::Admin) || is_own(key)).ok_or_else(none)?;
    keys::revoke(&mut write, id).await?;
    audit::note(&mut write, &actor.name, "take back key", &key.prefix, &key.name).await?;
    write.commit().await.map_err(crate::Error::from)?;
    Ok(StatusCode::NO_CONTENT)
}
