//! Registries that are watched.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use plimsoll_model::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::routes;

use super::problem::{Asked, Body};
use super::{Actor, Module, Page, Paging, Problem, Routes, key_text, parse_key};
use crate::app::App;
use crate::auth::seal::Seal;
use crate::moment::{self, now};
use crate::notify::HIDDEN;
use crate::outward::host_name;
use crate::schedule::cron::Times;
use crate::store::registries as stored;
use crate::{Error, jobs, registries, store};

pub(super) const MODULE: Module = Module { name: "registries", routes };

fn routes() -> Routes {
    Routes::new()
        .routes(routes!(list, create))
        .routes(routes!(one, change, remove))
        .routes(routes!(tags))
        .routes(routes!(look))
}

/// How a registry is to be watched.
#[derive(Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewRegistry)]
struct New {
    /// What people call it.
    name: String,
    /// Host, and port where it has one: `ghcr.io`, `10.0.0.7:5000`.
    host: String,
    /// Which repositories: `team/**, !team/scratch-*`. All of them where nothing is said.
    #[serde(default)]
    repositories: String,
    /// Which tags: `v*, latest, !*-dev`. All of them where nothing is said.
    #[serde(default)]
    tags: String,
    /// Images that are older are left alone.
    #[serde(default)]
    max_age_days: Option<i64>,
    /// When it is looked at, as cron has it; every hour where nothing is said.
    #[serde(default = "hourly")]
    schedule: String,
    /// The time zone of that; UTC where nothing is said.
    #[serde(default)]
    zone: String,
    /// How many requests a minute it is asked at most; 0 is as many as there are.
    #[serde(default = "often")]
    per_minute: i64,
    /// How many of its images are read at a time; 0 is as many as there are workers.
    #[serde(default = "few")]
    at_once: i64,
    /// Whether it is looked at.
    #[serde(default = "yes")]
    enabled: bool,
    /// By whom it is asked; the server's own credentials where nothing is said.
    #[serde(default)]
    username: String,
    /// Password or token of that user. It is sealed, and shown to nobody.
    #[serde(default)]
    password: String,
}

fn hourly() -> String {
    "0 * * * *".into()
}

fn often() -> i64 {
    600
}

fn few() -> i64 {
    store::hosts::AT_ONCE
}

fn yes() -> bool {
    true
}

impl New {
    fn stored(
        self,
        seal: &Seal,
        known: Option<&stored::Registry>,
        due: i64,
    ) -> Result<stored::Registry, Error> {
        let password = registries::sealed(seal, &self.host, &self.password, known)?;
        let registry = stored::Registry {
            id: known.map_or(0, |it| it.id),
            username: self.username,
            password,
            name: self.name,
            host: self.host,
            repositories: self.repositories,
            tags: self.tags,
            max_age_days: self.max_age_days,
            schedule: self.schedule,
            zone: self.zone,
            per_minute: self.per_minute,
            at_once: self.at_once,
            enabled: self.enabled,
            due,
            ..stored::Registry::default()
        };
        registries::check(&registry)?;
        Ok(registry)
    }
}

/// A registry that is watched.
#[derive(Debug, Clone, Serialize, ToSchema)]
struct Registry {
    /// Its number.
    id: i64,
    /// What people call it.
    name: String,
    /// Host, and port where it has one.
    host: String,
    /// Which repositories.
    repositories: String,
    /// Which tags.
    tags: String,
    /// Images that are older are left alone.
    max_age_days: Option<i64>,
    /// When it is looked at, as cron has it.
    schedule: String,
    /// The time zone of that.
    zone: String,
    /// How many requests a minute it is asked at most.
    per_minute: i64,
    /// How many of its images are read at a time.
    at_once: i64,
    /// Whether it is looked at.
    enabled: bool,
    /// By whom it is asked; empty for the server's own credentials.
    username: String,
    /// `********` where there is a password.
    password: String,
    /// When it is looked at next.
    #[schema(value_type = String, format = DateTime)]
    next: Timestamp,
    /// When it was looked at last.
    #[schema(value_type = Option<String>, format = DateTime)]
    last: Option<Timestamp>,
    /// What went wrong then.
    error: Option<String>,
    /// How many of its repositories were looked at.
    repositories_seen: i64,
    /// How many of its tags are to be read.
    images: i64,
    /// How many of them were read.
    images_read: i64,
}

async fn shown(app: &App, it: stored::Registry) -> Result<Registry, Problem> {
    let (images, images_read) = stored::coverage(&mut *app.store.read().await?, it.id).await?;
    Ok(Registry {
        id: it.id,
        name: it.name,
        host: it.host,
        repositories: it.repositories,
        tags: it.tags,
        max_age_days: it.max_age_days,
        schedule: it.schedule,
        zone: it.zone,
        per_minute: it.per_minute,
        at_once: it.at_once,
        enabled: it.enabled,
        username: it.username,
        password: if it.password.is_empty() { String::new() } else { HIDDEN.to_owned() },
        next: moment::timestamp(it.due),
        last: it.walked.map(moment::timestamp),
        error: Some(it.error).filter(|error| !error.is_empty()),
        repositories_seen: it.repositories_seen,
        images,
        images_read,
    })
}

async fn find(app: &App, id: &str) -> Result<stored::Registry, Problem> {
    let none = || Problem::not_found("registry of this number");
    let id: i64 = id.parse().map_err(|_| none())?;
    stored::by_id(&mut *app.store.read().await?, id).await?.ok_or_else(none)
}

/// Registries that are watched
#[utoipa::path(get, path = "/api/v1/registries", tag = "registries", params(Paging), responses(
    (status = 200, body = Page<Registry>),
    (status = 400, description = "What is asked for makes no sense", body = Problem,
        content_type = "application/problem+json"),
))]
async fn list(
    State(app): State<Arc<App>>,
    Asked(paging): Asked<Paging>,
) -> Result<Json<Page<Registry>>, Problem> {
    let all = stored::all(&mut *app.store.read().await?).await?;
    let page = Page::cut(all, &paging, |it| it.id)?;
    let mut items = Vec::with_capacity(page.items.len());
    for registry in page.items {
        items.push(shown(&app, registry).await?);
    }
    Ok(Json(Page { items, next: page.next }))
}

/// Watch a registry
///
/// It is looked at at once, and then as its schedule says.
#[utoipa::path(post, path = "/api/v1/registries", tag = "registries", request_body = New, responses(
    (status = 201, body = Registry),
    (status = 409, description = "Another one has this name", body = Problem,
        content_type = "application/problem+json"),
    (status = 422, description = "It cannot be watched so", body = Problem,
        content_type = "application/problem+json"),
))]
async fn create(
    State(app): State<Arc<App>>,
    actor: Actor,
    Body(new): Body<New>,
) -> Result<impl IntoResponse, Problem> {
    let registry = new.stored(&app.auth.seal, None, now())?;
    reachable(&app, &registry.host).await?;
    let mut write = app.store.write().await?;
    let id = stored::add(&mut write, &registry).await?;
    let id = id.ok_or_else(|| Problem::taken("registry", &registry.name))?;
    store::audit::note(&mut write, &actor.name, "watch registry", &registry.name, &registry.host)
        .await?;
    write.commit().await.map_err(Error::from)?;
    let registry = shown(&app, find(&app, &id.to_string()).await?).await?;
    let location = format!("/api/v1/registries/{id}");
    Ok((StatusCode::CREATED, [(header::LOCATION, location)], Json(registry)))
}

/// Refuses a host inside the server's own network that nobody allowed; one that does not answer now may
/// later.
async fn reachable(app: &App, host: &str) -> Result<(), Error> {
    let (outward, host) = (app.outward.clone(), host_name(host).to_owned());
    tokio::task::spawn_blocking(move || outward.check_known(&host)).await?
}

/// A registry that is watched
#[utoipa::path(get, path = "/api/v1/registries/{id}", tag = "registries",
    params(("id" = i64, Path, description = "Its number")), responses(
    (status = 200, body = Registry),
    (status = 404, description = "There is none", body = Problem,
        content_type = "application/problem+json"),
))]
async fn one(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
) -> Result<Json<Registry>, Problem> {
    let registry = find(&app, &id).await?;
    shown(&app, registry).await.map(Json)
}

/// Watch a registry in another way
#[utoipa::path(put, path = "/api/v1/registries/{id}", tag = "registries", request_body = New,
    params(("id" = i64, Path, description = "Its number")), responses(
    (status = 200, body = Registry),
    (status = 404, description = "There is none", body = Problem,
        content_type = "application/problem+json"),
    (status = 409, description = "Another one has this name", body = Problem,
        content_type = "application/problem+json"),
    (status = 422, description = "It cannot be watched so", body = Problem,
        content_type = "application/problem+json"),
))]
async fn change(
    State(app): State<Arc<App>>,
    actor: Actor,
    Path(id): Path<String>,
    Body(new): Body<New>,
) -> Result<Json<Registry>, Problem> {
    let known = find(&app, &id).await?;
    let registry = new.stored(&app.auth.seal, Some(&known), known.due)?;
    reachable(&app, &registry.host).await?;
    let next = Times::parse(&registry.schedule, &registry.zone)?.next(now());
    let registry = stored::Registry { due: next.unwrap_or(known.due), ..registry };
    let mut write = app.store.write().await?;
    let others = stored::all(&mut write).await?;
    if others.iter().any(|it| it.id != registry.id && it.name == registry.name) {
        return Err(Problem::taken("registry", &registry.name));
    }
    stored::change(&mut write, &registry).await?;
    store::audit::note(&mut write, &actor.name, "change registry", &registry.name, "").await?;
    write.commit().await.map_err(Error::from)?;
    let registry = find(&app, &id).await?;
    shown(&app, registry).await.map(Json)
}

/// Watch a registry no more
///
/// What was read of it stays.
#[utoipa::path(delete, path = "/api/v1/registries/{id}", tag = "registries",
    params(("id" = i64, Path, description = "Its number")), responses(
    (status = 204, description = "It is watched no more"),
    (status = 404, description = "There is none", body = Problem,
        content_type = "application/problem+json"),
))]
async fn remove(
    State(app): State<Arc<App>>,
    actor: Actor,
    Path(id): Path<String>,
) -> Result<StatusCode, Problem> {
    let registry = find(&app, &id).await?;
    let mut write = app.store.write().await?;
    stored::remove(&mut write, registry.id).await?;
    store::audit::note(&mut write, &actor.name, "forget registry", &registry.name, "").await?;
    write.commit().await.map_err(Error::from)?;
    Ok(StatusCode::NO_CONTENT)
}

/// A tag of a registry.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[allow(
    clippy::struct_field_names,
    clippy::struct_excessive_bools,
    reason = "it is what clients read"
)]
struct Tag {
    /// Repository, without the host.
    repository: String,
    /// The tag.
    tag: String,
    /// What it leads to.
    digest: String,
    /// Since when it has led there.
    #[schema(value_type = String, format = DateTime)]
    since: Timestamp,
    /// Whether it is young enough to be read.
    selected: bool,
    /// A signature hangs on it.
    signed: bool,
    /// An attestation hangs on it.
    attested: bool,
    /// A bill of materials hangs on it.
    sbom: bool,
}

/// Tags of a registry as they were seen last, by repository
#[utoipa::path(get, path = "/api/v1/registries/{id}/tags", tag = "registries",
    params(("id" = i64, Path, description = "Its number"), Paging), responses(
    (status = 200, body = Page<Tag>),
    (status = 400, description = "What is asked for makes no sense", body = Problem,
        content_type = "application/problem+json"),
    (status = 404, description = "There is none", body = Problem,
        content_type = "application/problem+json"),
))]
async fn tags(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
    Asked(paging): Asked<Paging>,
) -> Result<Json<Page<Tag>>, Problem> {
    let registry = find(&app, &id).await?;
    let limit = paging.limit()?;
    let after: Option<(String, String)> = paging.after.as_deref().map(parse_key).transpose()?;
    let (repository, tag) = after.unwrap_or_default();
    let mut read = app.store.read().await?;
    let found = stored::tags_after(&mut read, registry.id, &repository, &tag, limit + 1).await?;
    let page = Page::of(found, limit, |it| key_text(&(&it.repository, &it.tag)));
    let tag = |it: stored::Tag| Tag {
        since: moment::timestamp(it.moved),
        signed: it.evidence & stored::SIGNATURE != 0,
        attested: it.evidence & stored::ATTESTATION != 0,
        sbom: it.evidence & stored::BILL != 0,
        repository: it.repository,
        tag: it.tag,
        digest: it.digest,
        selected: it.selected,
    };
    Ok(Json(page.map(tag)))
}

/// Look at a registry now
#[utoipa::path(post, path = "/api/v1/registries/{id}/look", tag = "registries",
    params(("id" = i64, Path, description = "Its number")), responses(
    (status = 202, description = "It is being looked at"),
    (status = 404, description = "There is none", body = Problem,
        content_type = "application/problem+json"),
))]
async fn look(
    State(app): State<Arc<App>>,
    actor: Actor,
    Path(id): Path<String>,
) -> Result<StatusCode, Problem> {
    let registry = find(&app, &id).await?;
    app.push(jobs::registry(registry.id)).await?;
    let mut write = app.store.write().await?;
    store::audit::note(&mut write, &actor.name, "look at registry", &registry.name, "").await?;
    write.commit().await.map_err(Error::from)?;
    Ok(StatusCode::ACCEPTED)
}
