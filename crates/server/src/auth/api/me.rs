//! Oneself.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::routes;

use crate::api::{Actor, Body, Module, Problem, Routes};
use crate::app::App;
use crate::auth::{Role, Via, password};
use crate::store::access::{sessions, users};
use crate::store::audit;

/// The part.
pub const MODULE: Module = Module { name: "me", routes };

fn routes() -> Routes {
    Routes::new().routes(routes!(me)).routes(routes!(change))
}

/// Who you are.
#[derive(Debug, Clone, Serialize, ToSchema)]
struct Me {
    /// What the audit calls you.
    name: String,
    /// What you may.
    role: Option<Role>,
    /// Patterns of the repositories that you see; `null` is all of them.
    repositories: Option<Vec<String>>,
    /// What `X-CSRF-Token` has to be; only in a session.
    csrf: Option<String>,
}

/// Who you are
#[utoipa::path(get, path = "/api/v1/me", tag = "me", responses((status = 200, body = Me)))]
async fn me(actor: Actor) -> Json<Me> {
    Json(Me {
        csrf: Some(actor.csrf().to_owned()).filter(|csrf| !csrf.is_empty()),
        repositories: actor.repositories.map(|patterns| patterns.to_vec()),
        name: actor.name,
        role: actor.role,
    })
}

/// Another password.
#[derive(Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = ChangeOfPassword)]
struct Change {
    /// That of now.
    old: String,
    /// At least 12 characters.
    new: String,
}

/// Change one's password
///
/// Ends all sessions.
#[utoipa::path(post, path = "/api/v1/me/password", tag = "me", request_body = Change, responses(
    (status = 204, description = "It is changed"),
    (status = 400, description = "The new one is not taken", body = Problem,
        content_type = "application/problem+json"),
    (status = 415, description = "It is no JSON", body = Problem,
        content_type = "application/problem+json"),
    (status = 422, description = "It is no change", body = Problem,
        content_type = "application/problem+json"),
))]
async fn change(
    State(app): State<Arc<App>>,
    actor: Actor,
    Body(change): Body<Change>,
) -> Result<StatusCode, Problem> {
    let refused = |why: &str| Problem::new(StatusCode::FORBIDDEN, why);
    let Via::Session { user: Some(id), .. } = actor.via else {
        return Err(refused("only users who signed in have a password"));
    };
    password::checked(&change.new, &actor.name)?;
    let user = users::by_id(&mut *app.store.read().await?, id).await?;
    let mut user = user.ok_or_else(|| Problem::not_found("such user"))?;
    if !app.auth.is_password(&change.old, Some(&user.password)).await? {
        return Err(refused("the password of now is another"));
    }
    user.password = app.auth.hash_password(&change.new).await?;
    let mut write = app.store.write().await?;
    users::put(&mut write, &user).await?;
    sessions::end_all(&mut write, id).await?;
    audit::note(&mut write, &actor.name, "change password", &actor.name, "").await?;
    write.commit().await.map_err(crate::Error::from)?;
    Ok(StatusCode::NO_CONTENT)
}
