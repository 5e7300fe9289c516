//! Teams: which repositories their members see.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::api::{Actor, Asked, Body, Page, Paging, Problem};
use crate::app::App;
use crate::auth::{name, pattern};
use crate::store::access::teams;
use crate::store::{Connection, audit};

/// A team.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Team {
    /// Letters, digits and `._@-`.
    name: String,
    /// Patterns of its repositories, as `registry.example/shop/*`.
    repositories: Vec<String>,
}

/// Teams, by name
#[utoipa::path(get, path = "/api/v1/teams", tag = "access", params(Paging), responses(
    (status = 200, body = Page<Team>),
    (status = 400, description = "What is asked for makes no sense", body = Problem,
        content_type = "application/problem+json"),
))]
pub(super) async fn list(
    State(app): State<Arc<App>>,
    Asked(paging): Asked<Paging>,
) -> Result<Json<Page<Team>>, Problem> {
    let mut all = teams::all(&mut *app.store.read().await?).await?;
    // Databases order letters in their own ways.
    all.sort_by(|a, b| a.name.cmp(&b.name));
    let page = Page::cut(all, &paging, |team| team.name.clone())?;
    Ok(Json(page.map(|team| Team { name: team.name, repositories: team.repositories })))
}

/// Add a team
#[utoipa::path(post, path = "/api/v1/teams", tag = "access", request_body = Team, responses(
    (status = 201, description = "It is there", body = Team),
    (status = 400, description = "Name or patterns are not taken", body = Problem,
        content_type = "application/problem+json"),
    (status = 409, description = "There is one of this name", body = Problem,
        content_type = "application/problem+json"),
    (status = 415, description = "It is no JSON", body = Problem,
        content_type = "application/problem+json"),
    (status = 422, description = "It is no team", body = Problem,
        content_type = "application/problem+json"),
))]
pub(super) async fn create(
    State(app): State<Arc<App>>,
    actor: Actor,
    Body(team): Body<Team>,
) -> Result<(StatusCode, Json<Team>), Problem> {
    name::checked("team", &team.name)?;
    checked(&team.repositories)?;
    let mut write = app.store.write().await?;
    if !teams::add(&mut write, &team.name, &team.repositories).await? {
        return Err(Problem::taken("team", &team.name));
    }
    let detail = team.repositories.join(" ");
    audit::note(&mut write, &actor.name, "add team", &team.name, &detail).await?;
    write.commit().await.map_err(crate::Error::from)?;
    Ok((StatusCode::CREATED, Json(team)))
}

/// What is to be different.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = ChangeOfTeam)]
pub(super) struct Change {
    /// All patterns from now on.
    repositories: Vec<String>,
}

/// Give a team other repositories
#[utoipa::path(patch, path = "/api/v1/teams/{name}", tag = "access", request_body = Change,
    params(("name" = String, Path, description = "Its name")), responses(
    (status = 200, description = "As it is now", body = Team),
    (status = 400, description = "The patterns are not taken", body = Problem,
        content_type = "application/problem+json"),
    (status = 404, description = "There is none", body = Problem,
        content_type = "application/problem+json"),
    (status = 415, description = "It is no JSON", body = Problem,
        content_type = "application/problem+json"),
    (status = 422, description = "It is no change", body = Problem,
        content_type = "application/problem+json"),
))]
pub(super) async fn change(
    State(app): State<Arc<App>>,
    actor: Actor,
    Path(name): Path<String>,
    Body(change): Body<Change>,
) -> Result<Json<Team>, Problem> {
    checked(&change.repositories)?;
    let mut write = app.store.write().await?;
    let team = find_in(&mut write, &name).await?;
    teams::put(&mut write, team.id, &change.repositories).await?;
    let detail = change.repositories.join(" ");
    audit::note(&mut write, &actor.name, "change team", &name, &detail).await?;
    write.commit().await.map_err(crate::Error::from)?;
    Ok(Json(Team { name, repositories: change.repositories }))
}

/// Remove a team that nobody is in
#[utoipa::path(delete, path = "/api/v1/teams/{name}", tag = "access",
    params(("name" = String, Path, description = "Its name")), responses(
    (status = 204, description = "It is gone"),
    (status = 404, description = "There is none", body = Problem,
        content_type = "application/problem+json"),
    (status = 409, description = "Somebody is in it, or a key is of it", body = Problem,
        content_type = "application/problem+json"),
))]
pub(super) async fn remove(
    State(app): State<Arc<App>>,
    actor: Actor,
    Path(name): Path<String>,
) -> Result<StatusCode, Problem> {
    let mut write = app.store.write().await?;
    let team = find_in(&mut write, &name).await?;
    if !teams::remove(&mut write, team.id).await? {
        return Err(Problem::new(
            StatusCode::CONFLICT,
            "somebody is in it, or a key is of it: who is in no team sees everything, so move them \
             first",
        ));
    }
    audit::note(&mut write, &actor.name, "remove team", &name, "").await?;
    write.commit().await.map_err(crate::Error::from)?;
    Ok(StatusCode::NO_CONTENT)
}

fn checked(patterns: &[String]) -> Result<(), Problem> {
    if patterns.len() > 100 {
        return Err(Problem::bad_request("a team has at most 100 patterns"));
    }
    match patterns.iter().find_map(|pattern| pattern::refused(pattern)) {
        Some(why) => Err(Problem::bad_request(why)),
        None => Ok(()),
    }
}

async fn find_in(connection: &mut Connection, name: &str) -> Result<teams::Team, Problem> {
    let found = teams::by_name(connection, name).await?;
    found.ok_or_else(|| Problem::not_found("team of this name"))
}
