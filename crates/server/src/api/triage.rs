//! Decisions about weaknesses, and what follows from them.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use plimsoll_model::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::routes;

use super::findings::Finding;
use super::problem::{Asked, Body};
use super::{Actor, Module, Page, Paging, Problem, Routes, cursor, parse_cursor};
use crate::app::App;
use crate::auth::reach;
use crate::moment;
use crate::store::{components, findings, images, lists, triage as stored};
use crate::triage::{self, Format, JUSTIFICATIONS, Sla};
use crate::{Error, store};

pub(super) const MODULE: Module = Module { name: "triage", routes };

/// Members of teams read what holds for theirs. A decision holds for all images that have a component, and
/// is nobody's but who sees all.
pub(super) const BY_TEAM: &[&str] = &[
    "GET /api/v1/triage",
    "GET /api/v1/triage/{id}",
    "GET /api/v1/findings/{id}/triage",
    "GET /api/v1/sla",
    "GET /api/v1/vex",
];

/// The components that somebody sees; `None` is all.
type Seen = Option<Arc<reach::Sight>>;

/// Whether somebody sees a component.
fn sees(seen: &Seen, component: i64) -> bool {
    seen.as_ref().is_none_or(|sight| sight.has_component(component))
}

/// Whether something that somebody sees has, or had, a weakness.
async fn concerns(
    read: &mut store::Connection,
    seen: &Seen,
    weakness: &str,
) -> Result<bool, Error> {
    if seen.is_none() {
        return Ok(true);
    }
    let all = lists::of_weakness(read, weakness).await?;
    Ok(all.iter().any(|it| sees(seen, it.component)))
}

fn routes() -> Routes {
    Routes::new()
        .routes(routes!(list, decide))
        .routes(routes!(one, take_back))
        .routes(routes!(of_finding))
        .routes(routes!(sla, agree))
        .routes(routes!(as_of))
        .routes(routes!(vex))
}

/// A decision to be made.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewDecision)]
struct New {
    /// What it is about: a CVE, or the id of an advisory.
    weakness: String,
    /// Where: everywhere where nothing is said, else the name of a package or the package URL of a
    /// component.
    #[serde(default)]
    scope: String,
    /// `not_affected`, `in_triage`, `affected`, `fixed` or `accepted`.
    state: String,
    /// Why it does no harm, for `not_affected`, in OpenVEX's words.
    #[serde(default)]
    justification: String,
    /// The same in own words.
    #[serde(default)]
    statement: String,
    /// Whose it is.
    #[serde(default)]
    owner: String,
    /// Words to find it by.
    #[serde(default)]
    labels: Vec<String>,
    /// When it ends by itself.
    #[serde(default)]
    #[schema(value_type = Option<String>, format = DateTime)]
    until: Option<Timestamp>,
}

/// A decision.
#[derive(Debug, Clone, Serialize, ToSchema)]
struct Decision {
    /// Its number.
    id: i64,
    /// What it is about.
    weakness: String,
    /// Where; empty is everywhere.
    scope: String,
    /// `not_affected`, `in_triage`, `affected`, `fixed` or `accepted`.
    state: String,
    /// Why it does no harm.
    justification: Option<String>,
    /// The same in own words.
    statement: String,
    /// Whose it is.
    owner: String,
    /// Words to find it by.
    labels: Vec<String>,
    /// When it ends by itself.
    #[schema(value_type = Option<String>, format = DateTime)]
    until: Option<Timestamp>,
    /// Who decided.
    actor: String,
    /// When that was first.
    #[schema(value_type = String, format = DateTime)]
    created: Timestamp,
    /// When it was changed last.
    #[schema(value_type = String, format = DateTime)]
    changed: Timestamp,
}

impl From<stored::Decision> for Decision {
    fn from(it: stored::Decision) -> Self {
        Self {
            id: it.id,
            weakness: it.weakness,
            scope: it.scope,
            state: it.state,
            justification: Some(it.justification).filter(|it| !it.is_empty()),
            statement: it.statement,
            owner: it.owner,
            labels: it.labels.lines().map(str::to_owned).collect(),
            until: it.until.map(moment::timestamp),
            actor: it.actor,
            created: moment::timestamp(it.created),
            changed: moment::timestamp(it.changed),
        }
    }
}

/// The longest text of a decision.
const LONGEST: usize = 10_000;

fn checked(new: New, actor: &Actor) -> Result<stored::Decision, Error> {
    let refuse = |why: String| Err(Error::Refused(why));
    let state = triage::State::parse(&new.state)?;
    if new.weakness.is_empty() || new.weakness.len() > 200 {
        return refuse("`weakness` is empty, or longer than 200 bytes".into());
    }
    let known = JUSTIFICATIONS.iter().any(|(name, _)| *name == new.justification);
    if !new.justification.is_empty() && (!known || state != triage::State::NotAffected) {
        let all: Vec<&str> = JUSTIFICATIONS.iter().map(|(name, _)| *name).collect();
        return refuse(format!(
            "`justification` is `{}`: only `not_affected` has one, which is one of {}",
            new.justification,
            all.join(", ")
        ));
    }
    if state == triage::State::NotAffected
        && new.justification.is_empty()
        && new.statement.is_empty()
    {
        return refuse("`not_affected` needs a `justification` or a `statement`".into());
    }
    let labels = new.labels.join("\n");
    if [&new.scope, &new.statement, &new.owner, &labels].iter().any(|it| it.len() > LONGEST) {
        return refuse(format!("a text is longer than {LONGEST} bytes"));
    }
    Ok(stored::Decision {
        weakness: new.weakness,
        scope: new.scope,
        state: state.name().into(),
        justification: new.justification,
        statement: new.statement,
        owner: new.owner,
        labels,
        until: new.until.map(moment::of),
        actor: actor.name.clone(),
        ..stored::Decision::default()
    })
}

/// Which decisions.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct Query {
    /// About this CVE or advisory.
    #[serde(default)]
    weakness: Option<String>,
    /// `next` of the page before.
    #[serde(default)]
    after: Option<String>,
    /// How many entries, at most 500.
    #[serde(default)]
    #[param(minimum = 1, maximum = 500, default = 50)]
    limit: Option<i64>,
}

/// Decisions, oldest first
#[utoipa::path(get, path = "/api/v1/triage", tag = "triage", params(Query), responses(
    (status = 200, body = Page<Decision>),
    (status = 400, description = "What is asked for makes no sense", body = Problem,
        content_type = "application/problem+json"),
))]
async fn list(
    State(app): State<Arc<App>>,
    actor: Actor,
    Asked(query): Asked<Query>,
) -> Result<Json<Page<Decision>>, Problem> {
    let seen = reach::sight(&app, &actor).await?;
    let limit = Paging { after: None, limit: query.limit }.limit()?;
    let after = query.after.as_deref().map(parse_cursor::<1>).transpose()?;
    let weakness = query.weakness.unwrap_or_default();
    let mut read = app.store.read().await?;
    let found = stored::page(&mut read, after.map_or(0, |[id]| id), &weakness, limit + 1).await?;
    let page = Page::of(found, limit, |it| cursor(&[it.id]));
    let mut items = Vec::with_capacity(page.items.len());
    for it in page.items {
        if concerns(&mut read, &seen, &it.weakness).await? {
            items.push(Decision::from(it));
        }
    }
    Ok(Json(Page { items, next: page.next }))
}

/// Decide about a weakness
///
/// A decision about the same weakness and scope is replaced.
#[utoipa::path(post, path = "/api/v1/triage", tag = "triage", request_body = New, responses(
    (status = 200, body = Decision),
    (status = 422, description = "That cannot be decided", body = Problem,
        content_type = "application/problem+json"),
))]
async fn decide(
    State(app): State<Arc<App>>,
    actor: Actor,
    Body(new): Body<New>,
) -> Result<Json<Decision>, Problem> {
    let decision = checked(new, &actor)?;
    let mut write = app.store.write().await?;
    let id = stored::put(&mut write, &decision).await?;
    let what = format!("{} by {}", decision.state, actor.name);
    stored::tell(&mut write, &decision.weakness, &decision.scope, &what).await?;
    let detail = format!("{} {}", decision.state, decision.scope);
    store::audit::note(&mut write, &actor.name, "decide", &decision.weakness, detail.trim_end())
        .await?;
    write.commit().await.map_err(Error::from)?;
    find(&app, &id.to_string()).await.map(|it| Json(it.into()))
}

async fn find(app: &App, id: &str) -> Result<stored::Decision, Problem> {
    let none = || Problem::not_found("decision of this number");
    let id: i64 = id.parse().map_err(|_| none())?;
    stored::by_id(&mut *app.store.read().await?, id).await?.ok_or_else(none)
}

/// A decision
#[utoipa::path(get, path = "/api/v1/triage/{id}", tag = "triage",
    params(("id" = i64, Path, description = "Its number")), responses(
    (status = 200, body = Decision),
    (status = 404, description = "There is none", body = Problem,
        content_type = "application/problem+json"),
))]
async fn one(
    State(app): State<Arc<App>>,
    actor: Actor,
    Path(id): Path<String>,
) -> Result<Json<Decision>, Problem> {
    let found = find(&app, &id).await?;
    let seen = reach::sight(&app, &actor).await?;
    if !concerns(&mut *app.store.read().await?, &seen, &found.weakness).await? {
        return Err(Problem::not_found("decision of this number"));
    }
    Ok(Json(found.into()))
}

/// Take a decision back
#[utoipa::path(delete, path = "/api/v1/triage/{id}", tag = "triage",
    params(("id" = i64, Path, description = "Its number")), responses(
    (status = 204, description = "It is taken back"),
    (status = 404, description = "There is none", body = Problem,
        content_type = "application/problem+json"),
))]
async fn take_back(
    State(app): State<Arc<App>>,
    actor: Actor,
    Path(id): Path<String>,
) -> Result<StatusCode, Problem> {
    let decision = find(&app, &id).await?;
    let mut write = app.store.write().await?;
    stored::remove(&mut write, decision.id).await?;
    let what = format!("taken back by {}", actor.name);
    stored::tell(&mut write, &decision.weakness, &decision.scope, &what).await?;
    store::audit::note(
        &mut write,
        &actor.name,
        "take decision back",
        &decision.weakness,
        &decision.scope,
    )
    .await?;
    write.commit().await.map_err(Error::from)?;
    Ok(StatusCode::NO_CONTENT)
}

/// What holds for a finding.
#[derive(Debug, Clone, Serialize, ToSchema)]
struct Standing {
    /// The decision that holds; none where nobody decided.
    decision: Option<Decision>,
    /// When it should be mended.
    #[schema(value_type = Option<String>, format = DateTime)]
    due: Option<Timestamp>,
    /// Whether that is over.
    overdue: bool,
}

/// What holds for a finding
#[utoipa::path(get, path = "/api/v1/findings/{id}/triage", tag = "triage",
    params(("id" = i64, Path, description = "Its number")), responses(
    (status = 200, body = Standing),
    (status = 404, description = "There is none", body = Problem,
        content_type = "application/problem+json"),
))]
async fn of_finding(
    State(app): State<Arc<App>>,
    actor: Actor,
    Path(id): Path<String>,
) -> Result<Json<Standing>, Problem> {
    let none = || Problem::not_found("finding of this number");
    let id: i64 = id.parse().map_err(|_| none())?;
    let seen = reach::sight(&app, &actor).await?;
    let mut read = app.store.read().await?;
    let finding = findings::by_id(&mut read, id).await?.ok_or_else(none)?;
    if !sees(&seen, finding.component) {
        return Err(none());
    }
    let about = components::shown(&mut read, &[finding.component]).await?;
    let about = about.get(&finding.component).ok_or_else(none)?;
    let decision =
        stored::effective(&mut read, &finding.weakness, &about.name, &about.purl).await?;
    let sla = Sla::load(&mut read).await?;
    let due = sla.end(findings::severity_of(finding.severity), finding.opened_at);
    let settled = decision
        .as_ref()
        .is_some_and(|it| matches!(it.state.as_str(), "not_affected" | "fixed" | "accepted"));
    Ok(Json(Standing {
        overdue: finding.is_open && !settled && due.is_some_and(|due| due < moment::now()),
        decision: decision.map(Decision::from),
        due: due.map(moment::timestamp),
    }))
}

/// How long findings may stay open, in days
#[utoipa::path(get, path = "/api/v1/sla", tag = "triage", responses((status = 200, body = Sla)))]
async fn sla(State(app): State<Arc<App>>) -> Result<Json<Sla>, Problem> {
    Ok(Json(Sla::load(&mut *app.store.read().await?).await?))
}

/// Agree on how long findings may stay open
#[utoipa::path(put, path = "/api/v1/sla", tag = "triage", request_body = Sla, responses(
    (status = 200, body = Sla),
))]
async fn agree(
    State(app): State<Arc<App>>,
    actor: Actor,
    Body(new): Body<Sla>,
) -> Result<Json<Sla>, Problem> {
    let mut write = app.store.write().await?;
    new.store(&mut write).await?;
    let detail = serde_json::to_string(&new).unwrap_or_default();
    store::audit::note(&mut write, &actor.name, "agree", "sla", &detail).await?;
    write.commit().await.map_err(Error::from)?;
    Ok(Json(new))
}

/// When.
#[derive(Debug, Clone, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[allow(clippy::struct_field_names, reason = "it is what clients send")]
struct At {
    /// A time as `2026-11-01T00:00:00Z`, or a day as `2026-11-01`, whose end is meant.
    at: String,
    /// `next` of the page before.
    #[serde(default)]
    after: Option<String>,
    /// How many entries, at most 500.
    #[serde(default)]
    #[param(minimum = 1, maximum = 500, default = 50)]
    limit: Option<i64>,
}

/// Findings that were open at a time, as they were then
#[utoipa::path(get, path = "/api/v1/history/findings", tag = "triage", params(At), responses(
    (status = 200, body = Page<Finding>),
    (status = 400, description = "What is asked for makes no sense", body = Problem,
        content_type = "application/problem+json"),
))]
async fn as_of(
    State(app): State<Arc<App>>,
    Asked(query): Asked<At>,
) -> Result<Json<Page<Finding>>, Problem> {
    let limit = Paging { after: None, limit: query.limit }.limit()?;
    let after = query.after.as_deref().map(parse_cursor::<1>).transpose()?;
    let day = format!("{}T23:59:59Z", query.at);
    let at: Timestamp = query.at.parse().or_else(|_| day.parse()).map_err(|_| {
        Problem::bad_request(format!("`at` is `{}`: expected a time or a day", query.at))
    })?;
    let at = moment::of(at).saturating_add(999);
    let mut read = app.store.read().await?;
    let found = triage::as_of(&mut read, at, after.map_or(0, |[id]| id), limit).await?;
    drop(read);
    let items = super::findings::shown(&app, found.findings).await?;
    Ok(Json(Page { items, next: found.next.map(|id| cursor(&[id])) }))
}

/// Of what, and in which form.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct Document {
    /// `openvex` or `cyclonedx`.
    #[serde(default)]
    format: Option<String>,
    /// Digest of the image that it is about; the whole estate where nothing is said.
    #[serde(default)]
    image: Option<String>,
}

/// Decisions as a VEX document
#[utoipa::path(get, path = "/api/v1/vex", tag = "triage", params(Document), responses(
    (status = 200, description = "OpenVEX 0.2.0 or CycloneDX 1.6", body = Object),
    (status = 400, description = "What is asked for makes no sense", body = Problem,
        content_type = "application/problem+json"),
    (status = 404, description = "There is no such image", body = Problem,
        content_type = "application/problem+json"),
))]
async fn vex(
    State(app): State<Arc<App>>,
    actor: Actor,
    Asked(query): Asked<Document>,
) -> Result<Json<Value>, Problem> {
    let format = match query.format.as_deref() {
        None | Some("openvex") => Format::OpenVex,
        Some("cyclonedx") => Format::CycloneDx,
        Some(other) => {
            let why = format!("`format` is `{other}`: expected `openvex` or `cyclonedx`");
            return Err(Problem::bad_request(why));
        }
    };
    let seen = reach::sight(&app, &actor).await?;
    let mut read = app.store.read().await?;
    let mut statements = stored::statements(&mut read).await?;
    statements.retain(|it| sees(&seen, it.component));
    let mut product = None;
    if let Some(digest) = query.image {
        let image = images::by_digest(&mut read, &digest).await?;
        let is_seen = |it: &images::Image| seen.as_ref().is_none_or(|sight| sight.has_image(it.id));
        let image =
            image.filter(is_seen).ok_or_else(|| Problem::not_found("image of this digest"))?;
        let sets = images::sets(&mut read, &[image.set]).await?;
        statements.retain(|it| {
            let component = u32::try_from(it.component).unwrap_or(u32::MAX);
            sets.values().any(|set| set.contains(component))
        });
        product =
            Some(format!("pkg:oci/{}@{}", name(&image.reference), digest.replace(':', "%3A")));
    }
    drop(read);
    Ok(Json(triage::export(format, &statements, product.as_deref())))
}

/// The last part of a reference, as a package URL may have it.
fn name(reference: &str) -> String {
    let bare = reference.split('@').next().unwrap_or(reference);
    let last = bare.rsplit('/').next().unwrap_or(bare);
    let name = last.split(':').next().unwrap_or(last);
    let fits = |c: &char| c.is_ascii_alphanumeric() || "-_.".contains(*c);
    let name: String = name.chars().filter(fits).collect();
    if name.is_empty() { "image".into() } else { name.to_ascii_lowercase() }
}
