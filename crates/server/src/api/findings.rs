//! Findings of the whole estate, each once however many images have it.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use plimsoll_model::{Severity, Timestamp};
use roaring::RoaringBitmap;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::routes;

use super::images::Summary;
use super::problem::Asked;
use super::{Actor, Module, Page, Paging, Problem, Routes, cursor, parse_cursor};
use crate::app::App;
use crate::auth::reach;
use crate::moment;
use crate::store::components::{self, Shown};
use crate::store::findings::{self, Stored, Wanted};
use crate::store::{lists, postings};

pub(super) const MODULE: Module = Module { name: "findings", routes };

fn routes() -> Routes {
    Routes::new().routes(routes!(list)).routes(routes!(one)).routes(routes!(images))
}

/// A weakness of a component.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(super) struct Finding {
    /// Its number.
    id: i64,
    /// The CVE, else the advisory's own id.
    weakness: String,
    /// Other ids.
    aliases: Vec<String>,
    /// `critical`, `high`, `medium`, `low`, `negligible` or `unknown`.
    severity: String,
    /// Whose rating that is.
    severity_source: String,
    /// `fixed`, `not_fixed`, `will_not_fix`, `deferred`, `under_investigation` or `end_of_life`.
    fix_state: String,
    /// The version to go to.
    fixed_in: Option<String>,
    /// One line.
    title: String,
    /// Listed by CISA as exploited.
    exploited: bool,
    /// The component.
    component: Component,
    /// `open` or `resolved`.
    state: &'static str,
    /// When it was opened first.
    #[schema(value_type = String, format = DateTime)]
    opened_at: Timestamp,
    /// When it was changed last.
    #[schema(value_type = String, format = DateTime)]
    changed_at: Timestamp,
    /// How often it came back.
    reopened: i64,
    /// First published.
    #[schema(value_type = Option<String>, format = DateTime)]
    published: Option<Timestamp>,
}

/// What a finding is about.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(super) struct Component {
    /// Package URL.
    purl: String,
    /// Type of the package.
    kind: String,
    /// Name.
    name: String,
    /// Version.
    version: String,
    /// How many images have it.
    images: i64,
}

impl Component {
    pub(super) fn of(shown: &Shown) -> Self {
        Self {
            purl: shown.purl.clone(),
            kind: shown.kind.clone(),
            name: shown.name.clone(),
            version: shown.version.clone(),
            images: shown.images,
        }
    }
}

impl Finding {
    pub(super) fn of(stored: Stored, shown: &Shown) -> Self {
        Self {
            id: stored.id,
            weakness: stored.weakness,
            aliases: stored.aliases.lines().map(str::to_owned).collect(),
            severity: findings::severity_of(stored.severity).name().to_owned(),
            severity_source: stored.severity_source,
            fix_state: stored.fix_state,
            fixed_in: Some(stored.fixed_in).filter(|version| !version.is_empty()),
            title: stored.title,
            exploited: stored.kev,
            component: Component::of(shown),
            state: if stored.is_open { "open" } else { "resolved" },
            opened_at: moment::timestamp(stored.opened_at),
            changed_at: moment::timestamp(stored.changed_at),
            reopened: stored.reopened,
            published: stored.published.map(moment::timestamp),
        }
    }
}

/// Findings as they are shown, in the order given.
pub(super) async fn shown(app: &App, stored: Vec<Stored>) -> Result<Vec<Finding>, Problem> {
    let mut ids: Vec<i64> = stored.iter().map(|it| it.component).collect();
    ids.sort_unstable();
    ids.dedup();
    let about = components::shown(&mut *app.store.read().await?, &ids).await?;
    let one = |it: Stored| about.get(&it.component).map(|shown| Finding::of(it, shown));
    Ok(stored.into_iter().filter_map(one).collect())
}

/// Which findings.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct Query {
    /// At least this severe.
    #[serde(default)]
    severity: Option<String>,
    /// In this state of repair.
    #[serde(default)]
    fix_state: Option<String>,
    /// About this CVE or advisory.
    #[serde(default)]
    weakness: Option<String>,
    /// Of components of this name.
    #[serde(default)]
    component: Option<String>,
    /// `open` (the default) or `resolved`.
    #[serde(default)]
    state: Option<String>,
    /// For which a decision of this owner holds.
    #[serde(default)]
    owner: Option<String>,
    /// For which a decision with this label holds.
    #[serde(default)]
    label: Option<String>,
    /// `next` of the page before.
    #[serde(default)]
    after: Option<String>,
    /// How many entries, at most 500.
    #[serde(default)]
    #[param(minimum = 1, maximum = 500, default = 50)]
    limit: Option<i64>,
}

/// Findings, worst first
#[utoipa::path(get, path = "/api/v1/findings", tag = "findings", params(Query), responses(
    (status = 200, body = Page<Finding>),
    (status = 400, description = "What is asked for makes no sense", body = Problem,
        content_type = "application/problem+json"),
))]
async fn list(
    State(app): State<Arc<App>>,
    actor: Actor,
    Asked(query): Asked<Query>,
) -> Result<Json<Page<Finding>>, Problem> {
    let limit = Paging { after: None, limit: query.limit }.limit()?;
    let severity = query.severity.as_deref().map(str::parse::<Severity>).transpose();
    let severity = severity.map_err(Problem::bad_request)?;
    let resolved = match query.state.as_deref() {
        None | Some("open") => false,
        Some("resolved") => true,
        Some(other) => {
            let why = format!("`state` is `{other}`: expected `open` or `resolved`");
            return Err(Problem::bad_request(why));
        }
    };
    let after = query.after.as_deref().map(parse_cursor::<2>).transpose()?;
    let wanted = Wanted {
        after: after.map(|[severity, id]| (severity, id)),
        severity: severity.map_or(0, findings::severity_number),
        fix_state: query.fix_state.unwrap_or_default(),
        weakness: query.weakness.unwrap_or_default(),
        name: query.component.unwrap_or_default(),
        resolved,
    };
    let (owner, label) = (query.owner.unwrap_or_default(), query.label.unwrap_or_default());
    let found = match reach::sight(&app, &actor).await? {
        sight if !owner.is_empty() || !label.is_empty() => {
            let wanted = lists::Findings {
                only: sight.map(|it| it.components.clone()),
                after: wanted.after,
                least: wanted.severity,
                fix_state: wanted.fix_state,
                weakness: wanted.weakness,
                component: wanted.name,
                resolved: wanted.resolved,
                owner,
                label,
                ..lists::Findings::default()
            };
            lists::findings(&mut *app.store.read().await?, &wanted, limit + 1).await?
        }
        Some(sight) => of_sight(&app, &sight.components, wanted, limit + 1).await?,
        None => findings::page(&mut *app.store.read().await?, &wanted, limit + 1).await?,
    };
    let page = Page::of(found, limit, |it| cursor(&[it.severity, it.id]));
    Ok(Json(Page { items: shown(&app, page.items).await?, next: page.next }))
}

/// The first findings of these components.
async fn of_sight(
    app: &App,
    components: &RoaringBitmap,
    mut wanted: Wanted,
    limit: i64,
) -> Result<Vec<Stored>, Problem> {
    const PART: i64 = 1000;
    let most = usize::try_from(limit).unwrap_or(0);
    let mut found = Vec::new();
    loop {
        let part = findings::page(&mut *app.store.read().await?, &wanted, PART).await?;
        let is_last = i64::try_from(part.len()).unwrap_or(i64::MAX) < PART;
        wanted.after = part.last().map(|it| (it.severity, it.id));
        let is_seen =
            |it: &Stored| u32::try_from(it.component).is_ok_and(|id| components.contains(id));
        found.extend(part.into_iter().filter(is_seen));
        if is_last || found.len() >= most {
            break;
        }
    }
    found.truncate(most);
    Ok(found)
}

/// A finding and its life.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = FindingDetail)]
struct Detail {
    #[serde(flatten)]
    finding: Finding,
    /// `id` and `feed` of the advisories that say so; the first decided.
    advisories: Vec<Advisory>,
    /// What befell it, in the order of happening.
    events: Vec<Event>,
}

/// An advisory of a finding.
#[derive(Debug, Clone, Serialize, ToSchema)]
struct Advisory {
    /// Its id.
    id: String,
    /// Name of its feed.
    feed: String,
}

/// Something that befell a finding.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[allow(clippy::struct_field_names, reason = "it is what clients read")]
struct Event {
    /// When.
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
    /// `opened`, `changed`, `resolved` or `reopened`.
    event: String,
    /// Why.
    cause: String,
    /// What exactly.
    detail: String,
}

/// A finding and its life
#[utoipa::path(get, path = "/api/v1/findings/{id}", tag = "findings",
    params(("id" = i64, Path, description = "Its number")), responses(
    (status = 200, body = Detail),
    (status = 404, description = "There is none", body = Problem,
        content_type = "application/problem+json"),
))]
async fn one(
    State(app): State<Arc<App>>,
    actor: Actor,
    Path(id): Path<String>,
) -> Result<Json<Detail>, Problem> {
    let stored = find(&app, &actor, &id).await?;
    let events = findings::events(&mut *app.store.read().await?, stored.id).await?;
    let advisory = |line: &str| {
        let (id, feed) = line.split_once(' ').unwrap_or((line, ""));
        Advisory { id: id.to_owned(), feed: feed.to_owned() }
    };
    let advisories = stored.advisories.lines().map(advisory).collect();
    let finding = shown(&app, vec![stored]).await?.into_iter().next();
    let finding = finding.ok_or_else(|| Problem::not_found("finding of this number"))?;
    let event = |it: findings::Noted| Event {
        at: moment::timestamp(it.at),
        event: it.event,
        cause: it.cause,
        detail: it.detail,
    };
    Ok(Json(Detail { finding, advisories, events: events.into_iter().map(event).collect() }))
}

async fn find(app: &App, actor: &Actor, id: &str) -> Result<Stored, Problem> {
    let none = || Problem::not_found("finding of this number");
    let id: i64 = id.parse().map_err(|_| none())?;
    let found = findings::by_id(&mut *app.store.read().await?, id).await?.ok_or_else(none)?;
    let component = u32::try_from(found.component).map_err(|_| none())?;
    match reach::sight(app, actor).await? {
        Some(sight) if !sight.components.contains(component) => Err(none()),
        _ => Ok(found),
    }
}

/// Images that have a finding, newest first
#[utoipa::path(get, path = "/api/v1/findings/{id}/images", tag = "findings",
    params(("id" = i64, Path, description = "Its number"), Paging), responses(
    (status = 200, body = Page<Summary>),
    (status = 404, description = "There is none", body = Problem,
        content_type = "application/problem+json"),
))]
async fn images(
    State(app): State<Arc<App>>,
    actor: Actor,
    Path(id): Path<String>,
    Asked(paging): Asked<Paging>,
) -> Result<Json<Page<Summary>>, Problem> {
    let limit = paging.limit()?;
    let stored = find(&app, &actor, &id).await?;
    let mut images = postings::union(&mut *app.store.read().await?, &[stored.component]).await?;
    if let Some(sight) = reach::sight(&app, &actor).await? {
        images &= &sight.images;
    }
    let before = paging.after.as_deref().map(parse_cursor::<1>).transpose()?;
    let before = before.map_or(u32::MAX, |[id]| u32::try_from(id).unwrap_or(u32::MAX));
    super::images::of_set(&app, &below(&images, before, limit), limit).await.map(Json)
}

/// The highest numbers below one, one more than asked for.
fn below(images: &RoaringBitmap, before: u32, limit: i64) -> Vec<i64> {
    let count = usize::try_from(limit).unwrap_or(0).saturating_add(1);
    images.iter().rev().skip_while(|id| *id >= before).take(count).map(i64::from).collect()
}
