//! Images and what they have.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use plimsoll_model::{Severity, Timestamp};
use roaring::RoaringBitmap;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::routes;

use super::findings::{Component, Finding};
use super::problem::Asked;
use super::{Actor, Module, Page, Paging, Problem, Routes, cursor, parse_cursor};
use crate::app::App;
use crate::auth::reach::{self, Sight};
use crate::moment;
use crate::store::images::{self, Image};
use crate::store::{components, findings};

pub(super) const MODULE: Module = Module { name: "images", routes };

fn routes() -> Routes {
    Routes::new()
        .routes(routes!(list))
        .routes(routes!(one))
        .routes(routes!(image_findings))
        .routes(routes!(image_components))
}

/// An image in a list.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(super) struct Summary {
    /// Digest of its manifest, or what stands for one.
    digest: String,
    /// How it was asked for the last time.
    reference: String,
    /// Which source answered.
    source: String,
    /// Its distribution.
    distro: Option<String>,
    /// Operating system and architecture.
    platform: Option<String>,
    /// When it was built.
    #[schema(value_type = Option<String>, format = DateTime)]
    created: Option<Timestamp>,
    /// Bytes of its layers as stored.
    size: i64,
    /// Whether something of it could not be read.
    partial: bool,
    /// How many components it has.
    components: u64,
    /// Open findings by severity.
    findings: Counts,
    /// When it was read first.
    #[schema(value_type = String, format = DateTime)]
    first_seen: Timestamp,
    /// When it was read last.
    #[schema(value_type = String, format = DateTime)]
    last_seen: Timestamp,
}

/// Open findings by severity.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, ToSchema)]
pub(super) struct Counts {
    critical: i64,
    high: i64,
    medium: i64,
    low: i64,
    negligible: i64,
    unknown: i64,
}

impl Counts {
    fn add(&mut self, severity: i64, count: i64) {
        let place = match findings::severity_of(severity) {
            Severity::Critical => &mut self.critical,
            Severity::High => &mut self.high,
            Severity::Medium => &mut self.medium,
            Severity::Low => &mut self.low,
            Severity::Negligible => &mut self.negligible,
            Severity::Unknown => &mut self.unknown,
        };
        *place = place.saturating_add(count);
    }
}

/// Images as they are shown, in the order given.
async fn summaries(app: &App, images: Vec<Image>) -> Result<Vec<Summary>, Problem> {
    let mut ids: Vec<i64> = images.iter().map(|image| image.set).collect();
    ids.sort_unstable();
    ids.dedup();
    let mut read = app.store.read().await?;
    let sets = images::sets(&mut read, &ids).await?;
    let counts = app.counted.of_sets(&mut read, app.store.dialect(), &sets).await?;
    drop(read);
    let summary = |image: Image| {
        let components = sets.get(&image.set).map_or(0, RoaringBitmap::len);
        let mut findings = Counts::default();
        for (severity, count) in (0_i64..).zip(counts.get(&image.set).copied().unwrap_or_default())
        {
            findings.add(severity, count.into());
        }
        let text = |text: String| Some(text).filter(|text| !text.is_empty());
        Summary {
            digest: image.digest,
            reference: image.reference,
            source: image.source,
            distro: text(image.distro),
            platform: text(image.platform),
            created: image.created.map(moment::timestamp),
            size: image.size,
            partial: image.partial,
            components,
            findings,
            first_seen: moment::timestamp(image.first_seen),
            last_seen: moment::timestamp(image.last_seen),
        }
    };
    Ok(images.into_iter().map(summary).collect())
}

/// A page of the images of these numbers, of which one more was looked up than asked for; newest first.
pub(super) async fn of_set(app: &App, ids: &[i64], limit: i64) -> Result<Page<Summary>, Problem> {
    let mut found = images::by_ids(&mut *app.store.read().await?, ids).await?;
    found.reverse();
    let page = Page::of(found, limit, |image| cursor(&[image.id]));
    Ok(Page { items: summaries(app, page.items).await?, next: page.next })
}

#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct Query {
    /// Those whose reference contains this.
    #[serde(default)]
    q: Option<String>,
    /// `next` of the page before.
    #[serde(default)]
    after: Option<String>,
    /// How many entries, at most 500.
    #[serde(default)]
    #[param(minimum = 1, maximum = 500, default = 50)]
    limit: Option<i64>,
}

/// Images, newest first
#[utoipa::path(get, path = "/api/v1/images", tag = "images", params(Query), responses(
    (status = 200, body = Page<Summary>),
    (status = 400, description = "What is asked for makes no sense", body = Problem,
        content_type = "application/problem+json"),
))]
async fn list(
    State(app): State<Arc<App>>,
    actor: Actor,
    Asked(query): Asked<Query>,
) -> Result<Json<Page<Summary>>, Problem> {
    let limit = Paging { after: None, limit: query.limit }.limit()?;
    let before = query.after.as_deref().map(parse_cursor::<1>).transpose()?;
    let before = before.map_or(i64::MAX, |[id]| id);
    let containing = query.q.unwrap_or_default();
    let found = if let Some(sight) = reach::sight(&app, &actor).await? {
        of_sight(&app, &sight, before, &containing, limit + 1).await?
    } else {
        let mut read = app.store.read().await?;
        images::page(&mut read, app.store.dialect(), before, &containing, limit + 1).await?
    };
    let page = Page::of(found, limit, |image| cursor(&[image.id]));
    Ok(Json(Page { items: summaries(&app, page.items).await?, next: page.next }))
}

/// A page of what somebody sees, newest first.
async fn of_sight(
    app: &App,
    sight: &Sight,
    before: i64,
    containing: &str,
    limit: i64,
) -> Result<Vec<Image>, Problem> {
    let wanted = usize::try_from(limit).unwrap_or(0);
    let containing = containing.to_ascii_lowercase();
    let below = sight.images.iter().rev().map(i64::from).filter(|id| *id < before);
    let ids: Vec<i64> = below.collect();
    let mut found = Vec::new();
    for part in ids.chunks(500) {
        let mut images = images::by_ids(&mut *app.store.read().await?, part).await?;
        images.reverse();
        images.retain(|image| image.reference.to_ascii_lowercase().contains(&containing));
        found.extend(images);
        if found.len() >= wanted {
            break;
        }
    }
    found.truncate(wanted);
    Ok(found)
}

async fn find(app: &App, actor: &Actor, digest: &str) -> Result<Image, Problem> {
    let found = images::by_digest(&mut *app.store.read().await?, digest).await?;
    let sight = reach::sight(app, actor).await?;
    let is_seen = |image: &Image| {
        let id = u32::try_from(image.id).unwrap_or(u32::MAX);
        sight.as_ref().is_none_or(|sight| sight.images.contains(id))
    };
    let found = found.filter(is_seen);
    found.ok_or_else(|| Problem::not_found("image of this digest; `POST /api/v1/scans` reads one"))
}

/// The numbers of an image's components.
async fn component_ids(app: &App, image: &Image) -> Result<Vec<i64>, Problem> {
    let sets = images::sets(&mut *app.store.read().await?, &[image.set]).await?;
    Ok(sets.values().flat_map(|set| set.iter().map(i64::from)).collect())
}

/// An image.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = ImageDetail)]
struct Detail {
    #[serde(flatten)]
    summary: Summary,
    /// Names that led to it, newest first.
    names: Vec<String>,
    /// Its layers, bottom first.
    layers: Vec<Layer>,
    /// What of it could not be read as it should have been.
    problems: Vec<String>,
    /// What could not be decided.
    undecided: Vec<Undecided>,
}

/// A layer of an image.
#[derive(Debug, Clone, Serialize, ToSchema)]
struct Layer {
    /// Its digest as stored.
    digest: Option<String>,
    /// The instruction that made it.
    created_by: String,
    /// Bytes as stored.
    size: u64,
}

/// An advisory of which nobody can say whether it applies.
#[derive(Debug, Clone, Serialize, ToSchema)]
struct Undecided {
    /// Package URL of the component.
    purl: String,
    /// The advisory.
    advisory: String,
    /// Why not.
    why: String,
}

/// An image
#[utoipa::path(get, path = "/api/v1/images/{digest}", tag = "images",
    params(("digest" = String, Path, description = "Its digest")), responses(
    (status = 200, body = Detail),
    (status = 404, description = "There is none", body = Problem,
        content_type = "application/problem+json"),
))]
async fn one(
    State(app): State<Arc<App>>,
    actor: Actor,
    Path(digest): Path<String>,
) -> Result<Json<Detail>, Problem> {
    let image = find(&app, &actor, &digest).await?;
    let ids = component_ids(&app, &image).await?;
    let inventory = crate::catalogue::inventory(&app, &image.inventory).await?;
    let mut read = app.store.read().await?;
    let mut names = images::names(&mut read, &digest).await?;
    names.retain(|(repository, _)| actor.sees(repository));
    let undecided = findings::undecided_of(&mut read, &ids).await?;
    let about: Vec<i64> = undecided.iter().map(|it| it.0).collect();
    let about = components::shown(&mut read, &about).await?;
    drop(read);
    let name = |(repository, tag): (String, String)| {
        if tag.is_empty() { repository } else { format!("{repository}:{tag}") }
    };
    let layer = |layer: plimsoll_model::Layer| Layer {
        digest: layer.digest.map(|digest| digest.to_string()),
        created_by: layer.created_by,
        size: layer.size,
    };
    let problem = |problem: plimsoll_model::Problem| {
        if problem.path.is_empty() {
            problem.message
        } else {
            format!("{}: {}", problem.path, problem.message)
        }
    };
    let undecided = undecided.into_iter().filter_map(|(component, advisory, why)| {
        Some(Undecided { purl: about.get(&component)?.purl.clone(), advisory, why })
    });
    let undecided: Vec<Undecided> = undecided.collect();
    let summary = summaries(&app, vec![image]).await?.into_iter().next();
    Ok(Json(Detail {
        summary: summary.ok_or_else(|| Problem::not_found("image of this digest"))?,
        names: names.into_iter().map(name).collect(),
        layers: inventory.layers.into_iter().map(layer).collect(),
        problems: inventory.problems.into_iter().map(problem).collect(),
        undecided,
    }))
}

/// Open findings of an image, worst first
#[utoipa::path(get, path = "/api/v1/images/{digest}/findings", tag = "images",
    params(("digest" = String, Path, description = "Its digest"), Paging), responses(
    (status = 200, body = Page<Finding>),
    (status = 400, description = "What is asked for makes no sense", body = Problem,
        content_type = "application/problem+json"),
    (status = 404, description = "There is none", body = Problem,
        content_type = "application/problem+json"),
))]
async fn image_findings(
    State(app): State<Arc<App>>,
    actor: Actor,
    Path(digest): Path<String>,
    Asked(paging): Asked<Paging>,
) -> Result<Json<Page<Finding>>, Problem> {
    let image = find(&app, &actor, &digest).await?;
    let ids = component_ids(&app, &image).await?;
    let mut read = app.store.read().await?;
    let mut found = findings::places(&mut read, &ids).await?;
    let key = |(severity, weakness, id): &findings::Place| (-severity, weakness.clone(), *id);
    found.sort_by_cached_key(key);
    let page = Page::cut(found, &paging, key)?;
    let ids: Vec<i64> = page.items.iter().map(|it| it.2).collect();
    let found = findings::by_ids(&mut read, &ids).await?;
    drop(read);
    let items = super::findings::shown(&app, found).await?;
    Ok(Json(Page { items, next: page.next }))
}

/// Components of an image, by name
#[utoipa::path(get, path = "/api/v1/images/{digest}/components", tag = "images",
    params(("digest" = String, Path, description = "Its digest"), Paging), responses(
    (status = 200, body = Page<Component>),
    (status = 400, description = "What is asked for makes no sense", body = Problem,
        content_type = "application/problem+json"),
    (status = 404, description = "There is none", body = Problem,
        content_type = "application/problem+json"),
))]
async fn image_components(
    State(app): State<Arc<App>>,
    actor: Actor,
    Path(digest): Path<String>,
    Asked(paging): Asked<Paging>,
) -> Result<Json<Page<Component>>, Problem> {
    let image = find(&app, &actor, &digest).await?;
    let ids = component_ids(&app, &image).await?;
    let found = components::shown(&mut *app.store.read().await?, &ids).await?;
    let mut found: Vec<_> = found.into_values().collect();
    let key = |it: &components::Shown| (it.name.clone(), it.version.clone(), it.id);
    found.sort_by_cached_key(key);
    Ok(Json(Page::cut(found, &paging, key)?.map(|it| Component::of(&it))))
}
