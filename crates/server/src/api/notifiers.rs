//! Whom to tell.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use plimsoll_model::Severity;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;
use utoipa_axum::routes;

use super::problem::{Asked, Body};
use super::{Actor, Module, Page, Paging, Problem, Routes};
use crate::Error;
use crate::app::App;
use crate::auth::seal::Seal;
use crate::notify::{self, Message, Quiet};
use crate::store::{self, findings, notifiers as stored};

pub(super) const MODULE: Module = Module { name: "notifiers", routes };

fn routes() -> Routes {
    Routes::new()
        .routes(routes!(list, create))
        .routes(routes!(one, change, remove))
        .routes(routes!(test))
}

/// Somebody to tell.
#[derive(Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewNotifier)]
struct New {
    /// What people call it.
    name: String,
    /// `alertmanager`, `email`, `pagerduty`, `slack`, `syslog`, `teams` or `webhook`.
    kind: String,
    /// What the kind needs.
    #[schema(value_type = Object)]
    settings: Value,
    /// The least severity that it is told of; `high` where nothing is said.
    #[serde(default = "high")]
    severity: String,
    /// Hours in which it is told nothing, as `22:00-07:00`.
    #[serde(default)]
    quiet: String,
    /// The time zone of those; UTC where nothing is said.
    #[serde(default)]
    zone: String,
    /// Whether it is told anything.
    #[serde(default = "yes")]
    enabled: bool,
    /// What it is told of: `findings`, `alerts`, `deadlines`, `registries`. Everything where nothing is
    /// said.
    #[serde(default)]
    topics: Vec<String>,
}

fn high() -> String {
    "high".into()
}

fn yes() -> bool {
    true
}

impl New {
    fn stored(
        self,
        seal: &Seal,
        known: Option<&stored::Notifier>,
    ) -> Result<stored::Notifier, Error> {
        if self.name.is_empty() || self.name.len() > 100 {
            return Err(Error::Refused("`name` is empty, or longer than 100 bytes".into()));
        }
        let channel = notify::channel(&self.kind)?;
        let before = known
            .filter(|it| it.kind == self.kind)
            .and_then(|it| serde_json::from_str::<Value>(&it.settings).ok());
        notify::check(channel, &self.settings)?;
        let settings = notify::sealed(channel, seal, self.settings, before.as_ref())?;
        let known_topics = notify::concerns::topics();
        if let Some(odd) = self.topics.iter().find(|it| !known_topics.contains(&it.as_str())) {
            let odd: String = odd.escape_debug().take(40).collect();
            let all = known_topics.join(", ");
            return Err(Error::Refused(format!("`topics` has `{odd}`: expected some of {all}")));
        }
        Quiet::parse(&self.quiet, &self.zone)?;
        let severity: Severity = self.severity.parse().map_err(|error| {
            Error::Refused(format!("`severity` is `{}`: {error}", self.severity))
        })?;
        Ok(stored::Notifier {
            id: known.map_or(0, |it| it.id),
            name: self.name,
            kind: self.kind,
            settings: settings.to_string(),
            severity: findings::severity_number(severity),
            quiet: self.quiet,
            zone: self.zone,
            enabled: self.enabled,
            topics: self.topics.join("\n"),
            ..stored::Notifier::default()
        })
    }
}

/// Somebody who is told.
#[derive(Debug, Clone, Serialize, ToSchema)]
struct Notifier {
    /// Its number.
    id: i64,
    /// What people call it.
    name: String,
    /// What it is.
    kind: String,
    /// What the kind needs, without what is secret.
    #[schema(value_type = Object)]
    settings: Value,
    /// The least severity that it is told of.
    severity: String,
    /// Hours in which it is told nothing.
    quiet: String,
    /// The time zone of those.
    zone: String,
    /// Whether it is told anything.
    enabled: bool,
    /// What it is told of; everything where there is nothing.
    topics: Vec<String>,
}

impl Notifier {
    fn of(it: stored::Notifier) -> Result<Self, Error> {
        let settings =
            serde_json::from_str(&it.settings).map_err(|_| Error::Damaged("a notifier"))?;
        Ok(Self {
            id: it.id,
            name: it.name,
            settings: notify::without_secrets(notify::channel(&it.kind)?, &settings),
            kind: it.kind,
            severity: findings::severity_of(it.severity).name().to_owned(),
            quiet: it.quiet,
            zone: it.zone,
            enabled: it.enabled,
            topics: it.topics.lines().map(str::to_owned).collect(),
        })
    }
}

async fn find(app: &App, id: &str) -> Result<stored::Notifier, Problem> {
    let none = || Problem::not_found("notifier of this number");
    let id: i64 = id.parse().map_err(|_| none())?;
    stored::by_id(&mut *app.store.read().await?, id).await?.ok_or_else(none)
}

/// Whom to tell
#[utoipa::path(get, path = "/api/v1/notifiers", tag = "notifiers", params(Paging), responses(
    (status = 200, body = Page<Notifier>),
    (status = 400, description = "What is asked for makes no sense", body = Problem,
        content_type = "application/problem+json"),
))]
async fn list(
    State(app): State<Arc<App>>,
    Asked(paging): Asked<Paging>,
) -> Result<Json<Page<Notifier>>, Problem> {
    let all = stored::all(&mut *app.store.read().await?).await?;
    let page = Page::cut(all, &paging, |it| it.id)?;
    let items = page.items.into_iter().map(Notifier::of).collect::<Result<_, _>>()?;
    Ok(Json(Page { items, next: page.next }))
}

/// Tell somebody else
///
/// It is told of what happens from now on.
#[utoipa::path(post, path = "/api/v1/notifiers", tag = "notifiers", request_body = New, responses(
    (status = 201, body = Notifier),
    (status = 409, description = "Another one has this name", body = Problem,
        content_type = "application/problem+json"),
    (status = 422, description = "It cannot be told so", body = Problem,
        content_type = "application/problem+json"),
))]
async fn create(
    State(app): State<Arc<App>>,
    actor: Actor,
    Body(new): Body<New>,
) -> Result<impl IntoResponse, Problem> {
    let notifier = new.stored(&app.auth.seal, None)?;
    let mut write = app.store.write().await?;
    let id = stored::add(&mut write, &notifier).await?;
    let id = id.ok_or_else(|| Problem::taken("notifier", &notifier.name))?;
    store::audit::note(&mut write, &actor.name, "add notifier", &notifier.name, &notifier.kind)
        .await?;
    write.commit().await.map_err(Error::from)?;
    let shown = Notifier::of(find(&app, &id.to_string()).await?)?;
    let location = format!("/api/v1/notifiers/{id}");
    Ok((StatusCode::CREATED, [(header::LOCATION, location)], Json(shown)))
}

/// Somebody who is told
#[utoipa::path(get, path = "/api/v1/notifiers/{id}", tag = "notifiers",
    params(("id" = i64, Path, description = "Its number")), responses(
    (status = 200, body = Notifier),
    (status = 404, description = "There is none", body = Problem,
        content_type = "application/problem+json"),
))]
async fn one(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
) -> Result<Json<Notifier>, Problem> {
    Ok(Json(Notifier::of(find(&app, &id).await?)?))
}

/// Tell somebody in another way
///
/// A secret that comes back as it was shown stays as it is.
#[utoipa::path(put, path = "/api/v1/notifiers/{id}", tag = "notifiers", request_body = New,
    params(("id" = i64, Path, description = "Its number")), responses(
    (status = 200, body = Notifier),
    (status = 404, description = "There is none", body = Problem,
        content_type = "application/problem+json"),
    (status = 409, description = "Another one has this name", body = Problem,
        content_type = "application/problem+json"),
    (status = 422, description = "It cannot be told so", body = Problem,
        content_type = "application/problem+json"),
))]
async fn change(
    State(app): State<Arc<App>>,
    actor: Actor,
    Path(id): Path<String>,
    Body(new): Body<New>,
) -> Result<Json<Notifier>, Problem> {
    let known = find(&app, &id).await?;
    let notifier = new.stored(&app.auth.seal, Some(&known))?;
    let mut write = app.store.write().await?;
    let others = stored::all(&mut write).await?;
    if others.iter().any(|it| it.id != notifier.id && it.name == notifier.name) {
        return Err(Problem::taken("notifier", &notifier.name));
    }
    stored::change(&mut write, &notifier).await?;
    store::audit::note(&mut write, &actor.name, "change notifier", &notifier.name, "").await?;
    write.commit().await.map_err(Error::from)?;
    Ok(Json(Notifier::of(notifier)?))
}

/// Tell somebody no more
#[utoipa::path(delete, path = "/api/v1/notifiers/{id}", tag = "notifiers",
    params(("id" = i64, Path, description = "Its number")), responses(
    (status = 204, description = "It is told no more"),
    (status = 404, description = "There is none", body = Problem,
        content_type = "application/problem+json"),
))]
async fn remove(
    State(app): State<Arc<App>>,
    actor: Actor,
    Path(id): Path<String>,
) -> Result<StatusCode, Problem> {
    let notifier = find(&app, &id).await?;
    let mut write = app.store.write().await?;
    stored::remove(&mut write, notifier.id).await?;
    store::audit::note(&mut write, &actor.name, "remove notifier", &notifier.name, "").await?;
    write.commit().await.map_err(Error::from)?;
    Ok(StatusCode::NO_CONTENT)
}

/// Send a test message, and wait for what comes of it
#[utoipa::path(post, path = "/api/v1/notifiers/{id}/test", tag = "notifiers",
    params(("id" = i64, Path, description = "Its number")), responses(
    (status = 204, description = "It was taken"),
    (status = 404, description = "There is none", body = Problem,
        content_type = "application/problem+json"),
    (status = 502, description = "It was not taken", body = Problem,
        content_type = "application/problem+json"),
))]
async fn test(
    State(app): State<Arc<App>>,
    actor: Actor,
    Path(id): Path<String>,
) -> Result<StatusCode, Problem> {
    let notifier = find(&app, &id).await?;
    let channel = notify::channel(&notifier.kind)?;
    let settings = notify::opened(channel, &app.auth.seal, &notifier.settings)?;
    let mut write = app.store.write().await?;
    store::audit::note(&mut write, &actor.name, "test notifier", &notifier.name, "").await?;
    write.commit().await.map_err(Error::from)?;
    let sent = channel.send(&app.web, &settings, &Message::test(&app.web.link("/"))).await;
    app.metrics.estate.notified(&notifier.kind, sent.is_ok());
    match sent {
        Ok(()) => Ok(StatusCode::NO_CONTENT),
        Err(error) => Err(Problem::new(StatusCode::BAD_GATEWAY, error.to_string())),
    }
}
