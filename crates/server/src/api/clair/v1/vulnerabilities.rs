//! `/v1/namespaces` and `/v1/notifications`. What advisories say is read only; the list of a namespace has
//! what the estate has of it.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse, Response};
use plimsoll_model::Advisory;
use serde::Deserialize;
use serde_json::json;

use super::super::matcher::word;
use super::fault::Fault;
use super::namespace;
use super::shown::{Feature, Vulnerability};
use crate::app::App;
use crate::store::findings::severity_of;
use crate::store::namespaces::{self as stored, InNamespace};

/// The most that one page has.
const MOST: i64 = 1_000;

/// How far a page is, and how long it may be.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Paging {
    limit: Option<String>,
    page: Option<String>,
    #[serde(rename = "fixedIn")]
    fixed_in: Option<String>,
}

impl Paging {
    fn limit(&self) -> Result<i64, Fault> {
        let text = self.limit.as_deref();
        let text = text.ok_or_else(|| Fault::bad_request("must provide limit query parameter"))?;
        let limit: i64 = text
            .parse()
            .map_err(|error| Fault::bad_request(format!("invalid limit format: {error}")))?;
        if limit < 0 {
            return Err(Fault::bad_request("limit value should not be less than zero"));
        }
        Ok(limit.min(MOST))
    }
}

/// Namespaces that the advisories of now speak of.
pub(super) async fn namespaces(State(app): State<Arc<App>>) -> Response {
    let current = app.advisories.current();
    let all: BTreeMap<String, &'static str> =
        current.database.ecosystems().filter_map(|it| namespace::of_ecosystem(&it)).collect();
    let shown: Vec<_> = all
        .into_iter()
        .map(|(name, format)| match format {
            "" => json!({"Name": name}),
            _ => json!({"Name": name, "VersionFormat": format}),
        })
        .collect();
    Json(json!({"Namespaces": shown})).into_response()
}

/// The record of a weakness that says most.
pub(crate) fn record(app: &App, id: &str) -> Option<Advisory> {
    let current = app.advisories.current();
    let all = current.database.by_id(id).into_iter().take(20);
    let records = all.filter_map(|index| current.database.advisory(index).ok());
    records.max_by_key(|it| it.details.len().max(it.summary.len()))
}

fn vulnerability(app: &App, namespace: &str, found: &InNamespace) -> Vulnerability {
    let record = record(app, &found.weakness);
    let text = record.as_ref().map_or("", |it| {
        if it.details.is_empty() { it.summary.as_str() } else { it.details.as_str() }
    });
    Vulnerability {
        name: found.weakness.clone(),
        namespace_name: namespace.to_owned(),
        description: if text.is_empty() { found.title.clone() } else { text.to_owned() },
        link: record
            .as_ref()
            .and_then(|it| it.references.first())
            .map(|link| link.url.clone())
            .unwrap_or_default(),
        severity: word(severity_of(found.severity)).to_owned(),
        ..Vulnerability::default()
    }
}

pub(super) async fn list(
    State(app): State<Arc<App>>,
    Path(namespace): Path<String>,
    Query(paging): Query<Paging>,
) -> Result<Response, Fault> {
    let limit = paging.limit()?;
    let after = paging.page.as_deref().unwrap_or_default();
    let mut read = app.store.read().await?;
    let mut found = stored::weaknesses(&mut read, &namespace, after, "", limit + 1).await?;
    drop(read);
    let count = usize::try_from(limit).unwrap_or(0);
    let more = found.len() > count;
    found.truncate(count);
    let next = found.last().filter(|_| more).map(|it| it.weakness.clone());
    let shown: Vec<Vulnerability> =
        found.iter().map(|it| vulnerability(&app, &namespace, it)).collect();
    let mut body = json!({"Vulnerabilities": shown});
    if let (Some(next), Some(body)) = (next, body.as_object_mut()) {
        body.insert("NextPage".into(), next.into());
    }
    Ok(Json(body).into_response())
}

/// A weakness in a namespace: as the estate has it, else as the advisories do.
async fn find(
    app: &App,
    namespace: &str,
    name: &str,
) -> Result<(Vulnerability, Vec<Feature>), Fault> {
    let mut read = app.store.read().await?;
    let found = stored::weaknesses(&mut read, namespace, "", name, 1).await?;
    let fixes = stored::fixes(&mut read, namespace, name).await?;
    drop(read);
    let fixes =
        fixes.iter().map(|(feature, version)| Feature::fix(feature, namespace, version)).collect();
    if let Some(found) = found.first() {
        return Ok((vulnerability(app, namespace, found), fixes));
    }
    let current = app.advisories.current();
    let mut spaces = current.database.ecosystems().filter_map(|it| namespace::of_ecosystem(&it));
    let record = record(app, name).filter(|_| spaces.any(|(it, _)| it == namespace));
    let record = record.ok_or_else(Fault::not_found)?;
    let worst = record.ratings.iter().map(|it| it.severity).max().unwrap_or_default();
    let about = InNamespace {
        weakness: name.to_owned(),
        title: record.summary,
        severity: crate::store::findings::severity_number(worst),
    };
    Ok((vulnerability(app, namespace, &about), fixes))
}

pub(super) async fn one(
    State(app): State<Arc<App>>,
    Path((namespace, name)): Path<(String, String)>,
    Query(paging): Query<Paging>,
) -> Result<Response, Fault> {
    let (mut found, fixes) = find(&app, &namespace, &name).await?;
    if paging.fixed_in.is_some() {
        found.fixed_in = fixes;
    }
    Ok(Json(json!({"Vulnerability": found})).into_response())
}

pub(super) async fn fixes(
    State(app): State<Arc<App>>,
    Path((namespace, name)): Path<(String, String)>,
) -> Result<Response, Fault> {
    let (_, fixes) = find(&app, &namespace, &name).await?;
    Ok(Json(json!({"Features": fixes})).into_response())
}

/// Nothing is ever notified this way.
pub(super) async fn notification(Query(paging): Query<Paging>) -> Result<Response, Fault> {
    paging.limit()?;
    Err(Fault::not_found())
}

pub(super) async fn forget_notification() -> Fault {
    Fault::not_found()
}
