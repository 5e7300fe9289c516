//! Users.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use plimsoll_model::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::api::{Actor, Asked, Body, Page, Paging, Problem, cursor, parse_cursor};
use crate::app::App;
use crate::auth::{Role, name, password};
use crate::moment;
use crate::store::access::{sessions, teams, users};
use crate::store::{Connection, audit};

/// A user.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(super) struct User {
    /// What they are called.
    name: String,
    /// What they may.
    role: Role,
    /// Teams that they are in; who is in none sees everything.
    teams: Vec<String>,
    /// They may nothing.
    disabled: bool,
    /// They sign in with a password.
    password: bool,
    /// Another service vouches for them.
    sso: bool,
    /// Since when they are known.
    #[schema(value_type = String, format = DateTime)]
    created: Timestamp,
}

async fn shown(connection: &mut Connection, user: users::User) -> Result<User, Problem> {
    let teams = teams::of_user(connection, user.id).await?;
    Ok(User {
        teams: teams.into_iter().map(|team| team.name).collect(),
        role: user.role,
        disabled: user.disabled,
        password: !user.password.is_empty(),
        sso: !user.subject.is_empty(),
        created: moment::timestamp(user.created),
        name: user.name,
    })
}

/// Users, oldest first
#[utoipa::path(get, path = "/api/v1/users", tag = "access", params(Paging), responses(
    (status = 200, body = Page<User>),
    (status = 400, description = "What is asked for makes no sense", body = Problem,
        content_type = "application/problem+json"),
))]
pub(super) async fn list(
    State(app): State<Arc<App>>,
    Asked(paging): Asked<Paging>,
) -> Result<Json<Page<User>>, Problem> {
    let limit = paging.limit()?;
    let after = paging.after.as_deref().map(parse_cursor::<1>).transpose()?;
    let mut read = app.store.read().await?;
    let found = users::page(&mut read, after.map_or(0, |[id]| id), limit + 1).await?;
    let page = Page::of(found, limit, |user| cursor(&[user.id]));
    let mut items = Vec::with_capacity(page.items.len());
    for user in page.items {
        items.push(shown(&mut read, user).await?);
    }
    Ok(Json(Page { items, next: page.next }))
}

/// A user to be.
#[derive(Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewUser)]
pub(super) struct New {
    /// Letters, digits and `._@-`.
    name: String,
    /// At least 12 characters; none for whoever signs in elsewhere.
    #[serde(default)]
    password: Option<String>,
    /// What they may.
    role: Role,
    /// Teams that they are in.
    #[serde(default)]
    teams: Vec<String>,
}

/// Add a user
#[utoipa::path(post, path = "/api/v1/users", tag = "access", request_body = New,
    security(("role" = ["admin", "once"])), responses(
    (status = 201, description = "They may sign in", body = User),
    (status = 400, description = "Name or password is not taken", body = Problem,
        content_type = "application/problem+json"),
    (status = 409, description = "There is one of this name", body = Problem,
        content_type = "application/problem+json"),
    (status = 415, description = "It is no JSON", body = Problem,
        content_type = "application/problem+json"),
    (status = 422, description = "It is no user", body = Problem,
        content_type = "application/problem+json"),
))]
pub(super) async fn create(
    State(app): State<Arc<App>>,
    actor: Actor,
    Body(new): Body<New>,
) -> Result<(StatusCode, Json<User>), Problem> {
    name::checked("user", &new.name)?;
    let hash = match &new.password {
        Some(password) => {
            password::checked(password, &new.name)?;
            app.auth.hash_password(password).await?
        }
        None => String::new(),
    };
    let mut write = app.store.write().await?;
    let teams = ids(&mut write, &new.teams).await?;
    let id = users::add(&mut write, &new.name, &hash, new.role, "").await?;
    let id = id.ok_or_else(|| Problem::taken("user", &new.name))?;
    teams::join(&mut write, id, &teams).await?;
    let detail = format!("role {}, teams {}", new.role, new.teams.join(" "));
    audit::note(&mut write, &actor.name, "add user", &new.name, &detail).await?;
    let user = find_in(&mut write, &new.name).await?;
    let user = shown(&mut write, user).await?;
    write.commit().await.map_err(crate::Error::from)?;
    Ok((StatusCode::CREATED, Json(user)))
}

/// A user
#[utoipa::path(get, path = "/api/v1/users/{name}", tag = "access",
    params(("name" = String, Path, description = "Their name")), responses(
    (status = 200, body = User),
    (status = 404, description = "There is none", body = Problem,
        content_type = "application/problem+json"),
))]
pub(super) async fn one(
    State(app): State<Arc<App>>,
    Path(name): Path<String>,
) -> Result<Json<User>, Problem> {
    let mut read = app.store.read().await?;
    let user = find_in(&mut read, &name).await?;
    Ok(Json(shown(&mut read, user).await?))
}

/// What is to be different.
#[derive(Clone, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
#[schema(as = ChangeOfUser)]
pub(super) struct Change {
    /// Another password; ends all sessions.
    password: Option<String>,
    /// Another role.
    role: Option<Role>,
    /// All teams that they are in from now on.
    teams: Option<Vec<String>>,
    /// Whether they may nothing; ends all sessions, and no key of theirs counts.
    disabled: Option<bool>,
}

/// Change a user
#[utoipa::path(patch, path = "/api/v1/users/{name}", tag = "access", request_body = Change,
    params(("name" = String, Path, description = "Their name")), responses(
    (status = 200, description = "As they are now", body = User),
    (status = 400, description = "The password is not taken", body = Problem,
        content_type = "application/problem+json"),
    (status = 404, description = "There is none", body = Problem,
        content_type = "application/problem+json"),
    (status = 409, description = "They are the last admin", body = Problem,
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
) -> Result<Json<User>, Problem> {
    let hash = match &change.password {
        Some(password) => {
            password::checked(password, &name)?;
            Some(app.auth.hash_password(password).await?)
        }
        None => None,
    };
    let mut write = app.store.write().await?;
    let mut user = find_in(&mut write, &name).await?;
    let mut told = Vec::new();
    if let Some(role) = change.role {
        told.push(format!("role {} to {role}", user.role));
        user.role = role;
    }
    if let Some(disabled) = change.disabled {
        told.push(if disabled { "disabled".into() } else { "enabled".into() });
        user.disabled = disabled;
    }
    if let Some(hash) = hash {
        told.push("password".into());
        user.password = hash;
    }
    if user.disabled || user.role != Role::Admin {
        stays_with_an_admin(&mut write, &user).await?;
    }
    users::put(&mut write, &user).await?;
    if let Some(teams) = &change.teams {
        told.push(format!("teams {}", teams.join(" ")));
        let teams = ids(&mut write, teams).await?;
        teams::join(&mut write, user.id, &teams).await?;
    }
    if change.password.is_some() || user.disabled {
        sessions::end_all(&mut write, user.id).await?;
    }
    audit::note(&mut write, &actor.name, "change user", &name, &told.join(", ")).await?;
    let user = shown(&mut write, user).await?;
    write.commit().await.map_err(crate::Error::from)?;
    Ok(Json(user))
}

/// Remove a user, with keys and sessions
#[utoipa::path(delete, path = "/api/v1/users/{name}", tag = "access",
    params(("name" = String, Path, description = "Their name")), responses(
    (status = 204, description = "They are gone"),
    (status = 404, description = "There is none", body = Problem,
        content_type = "application/problem+json"),
    (status = 409, description = "They are the last admin", body = Problem,
        content_type = "application/problem+json"),
))]
pub(super) async fn remove(
    State(app): State<Arc<App>>,
    actor: Actor,
    Path(name): Path<String>,
) -> Result<StatusCode, Problem> {
    let mut write = app.store.write().await?;
    let user = find_in(&mut write, &name).await?;
    stays_with_an_admin(&mut write, &user).await?;
    users::remove(&mut write, user.id).await?;
    audit::note(&mut write, &actor.name, "remove user", &name, "").await?;
    write.commit().await.map_err(crate::Error::from)?;
    Ok(StatusCode::NO_CONTENT)
}

async fn stays_with_an_admin(
    connection: &mut Connection,
    user: &users::User,
) -> Result<(), Problem> {
    let was = users::by_id(connection, user.id).await?;
    let was_admin = was.is_some_and(|was| was.role == Role::Admin && !was.disabled);
    if was_admin && users::other_admins(connection, user.id).await? == 0 {
        return Err(Problem::new(
            StatusCode::CONFLICT,
            "they are the last admin: make another one first",
        ));
    }
    Ok(())
}

async fn find_in(connection: &mut Connection, name: &str) -> Result<users::User, Problem> {
    let found = users::by_name(connection, name).await?;
    found.ok_or_else(|| Problem::not_found("user of this name"))
}

/// The numbers of teams.
pub(super) async fn ids(
    connection: &mut Connection,
    names: &[String],
) -> Result<Vec<i64>, Problem> {
    let mut ids = Vec::with_capacity(names.len());
    for name in names.iter().take(1000) {
        let team = teams::by_name(connection, name).await?;
        let team = team.ok_or_else(|| {
            let name: String = name.escape_debug().take(64).collect();
            Problem::bad_request(format!("there is no team `{name}`"))
        })?;
        ids.push(team.id);
    }
    ids.sort_unstable();
    ids.dedup();
    Ok(ids)
}
