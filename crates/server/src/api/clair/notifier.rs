//! `/notifier/api/v1`: what a change of the advisories did to images that were indexed, page by page.
//!
//! The id of a notification says where in its set it is: bytes 9 to 11 are the place of the finding, the
//! last four the number of the image. So is `next`, which is the id of the last one of a page.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, Query, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use uuid::{Builder, Uuid};

use super::Fault;
use super::matcher::word;
use super::packages::{ClairPackage, Distribution};
use super::v1::record;
use crate::api::Actor;
use crate::app::App;
use crate::error::{Error, Result as Done};
use crate::store::findings::{self, severity_of};
use crate::store::{audit, clair, components, images};

/// How many notifications a page has where nobody says.
const PAGE: usize = 500;

/// How many it has at most.
const MOST: usize = 1_000;

/// Which page.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Paging {
    page_size: Option<String>,
    next: Option<String>,
}

#[derive(Debug, Serialize)]
struct Notifications {
    page: Page,
    notifications: Vec<Notification>,
}

#[derive(Debug, Serialize)]
struct Page {
    size: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
}

#[derive(Debug, Serialize)]
struct Notification {
    id: String,
    manifest: String,
    reason: String,
    vulnerability: Arc<Summary>,
}

/// As claircore writes it, and the level under the name that the schema has for it.
#[derive(Debug, Serialize)]
struct Summary {
    name: String,
    description: String,
    package: ClairPackage,
    arch_op: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    distribution: Option<Distribution>,
    severity: &'static str,
    normalized_severity: &'static str,
    fixed_in_version: String,
    links: String,
}

fn id_of(set: &Uuid, place: i64, image: u32) -> Uuid {
    let mut bytes = *set.as_bytes();
    let place = u32::try_from(place).unwrap_or(u32::MAX).to_be_bytes();
    let image = image.to_be_bytes();
    for (to, from) in bytes.iter_mut().skip(9).zip(place.iter().skip(1).chain(&image)) {
        *to = *from;
    }
    // A form of its own, which says nothing about how it was made.
    Builder::from_custom_bytes(bytes).into_uuid()
}

/// The place and the image of a notification.
fn place_of(id: &Uuid) -> (i64, u32) {
    let number = id.as_u128();
    let place = i64::try_from((number >> 32) & 0x00ff_ffff).unwrap_or(0);
    (place, u32::try_from(number & u128::from(u32::MAX)).unwrap_or(0))
}

fn uuid(text: &str, what: &str) -> Result<Uuid, Fault> {
    text.parse().map_err(|error| Fault::bad_request(format!("could not parse {what}: {error}")))
}

pub(super) async fn page(
    State(app): State<Arc<App>>,
    Path(text): Path<String>,
    Query(paging): Query<Paging>,
) -> Result<Response, Fault> {
    let set = uuid(&text, "notification id")?;
    let size = match paging.page_size.as_deref() {
        None | Some("" | "0") => PAGE,
        Some(text) => text.parse::<usize>().map(|it| it.min(MOST)).map_err(|_| {
            Fault::bad_request("could not parse \"page_size\" query param into integer")
        })?,
    };
    let after = match paging.next.as_deref() {
        None | Some("") => None,
        Some(text) => Some(uuid(text, "next")?).filter(|it| !it.is_nil()),
    };
    let after = after.map(|it| place_of(&it));
    let (mut found, is_last) = found(&app, &set, after, size).await?;
    found.truncate(size);
    let next = found.last().filter(|_| !is_last);
    let next = next.map(|it| id_of(&set, it.place, it.image).to_string());
    let notifications = shown(&app, &set, found).await?;
    let kind = [(header::CONTENT_TYPE, "application/vnd.clair.notification_page.v1+json")];
    Ok((kind, Json(Notifications { page: Page { size, next }, notifications })).into_response())
}

/// A notification as it is stored.
#[derive(Debug)]
struct Found {
    place: i64,
    reason: String,
    finding: i64,
    image: u32,
}

/// What comes after a notification, and whether that is all.
async fn found(
    app: &App,
    set: &Uuid,
    after: Option<(i64, u32)>,
    size: usize,
) -> Done<(Vec<Found>, bool)> {
    let mut read = app.store.read().await?;
    let mut found = Vec::new();
    let mut from = after.map_or(0, |it| it.0);
    loop {
        // A few at a time: each may be about very many images.
        let parts = clair::parts(&mut read, &set.to_string(), from, 8).await?;
        let Some(last) = parts.last() else { return Ok((found, true)) };
        from = last.place.saturating_add(1);
        for part in parts {
            let was = |image: &u32| after.is_some_and(|it| (part.place, *image) <= it);
            for image in part.images.iter().skip_while(was) {
                if found.len() == size {
                    return Ok((found, false));
                }
                let reason = part.reason.clone();
                found.push(Found { place: part.place, reason, finding: part.finding, image });
            }
        }
    }
}

/// With what is known of images and findings now; what is gone is left out.
async fn shown(app: &App, set: &Uuid, found: Vec<Found>) -> Done<Vec<Notification>> {
    let mut read = app.store.read().await?;
    let numbers: Vec<i64> = found.iter().map(|it| it.image.into()).collect();
    let digests: HashMap<i64, String> = images::by_ids(&mut read, &numbers)
        .await?
        .into_iter()
        .map(|image| (image.id, image.digest))
        .collect();
    let mut summaries: HashMap<i64, Option<Arc<Summary>>> = HashMap::new();
    for it in &found {
        if let Entry::Vacant(place) = summaries.entry(it.finding) {
            let finding = findings::by_id(&mut read, it.finding).await?;
            let summary = match &finding {
                Some(finding) => summary(app, &mut read, finding).await?,
                None => None,
            };
            place.insert(summary.map(Arc::new));
        }
    }
    let one = |it: Found| {
        Some(Notification {
            id: id_of(set, it.place, it.image).to_string(),
            manifest: digests.get(&it.image.into())?.clone(),
            reason: it.reason,
            vulnerability: Arc::clone(summaries.get(&it.finding)?.as_ref()?),
        })
    };
    Ok(found.into_iter().filter_map(one).collect())
}

async fn summary(
    app: &App,
    read: &mut crate::store::Connection,
    finding: &findings::Stored,
) -> Done<Option<Summary>> {
    let stored = components::load(read, &[finding.component]).await?;
    let Some(component) = stored.into_iter().next().map(|it| it.component) else {
        return Ok(None);
    };
    let record = record(app, &finding.weakness);
    let details = record.as_ref().map_or("", |it| {
        if it.details.is_empty() { it.summary.as_str() } else { it.details.as_str() }
    });
    let links: Vec<&str> =
        record.iter().flat_map(|it| &it.references).map(|it| it.url.as_str()).collect();
    let number = usize::try_from(finding.component).map_err(|_| Error::Damaged("a number"))?;
    let severity = word(severity_of(finding.severity));
    Ok(Some(Summary {
        name: finding.weakness.clone(),
        description: if details.is_empty() { finding.title.clone() } else { details.to_owned() },
        package: ClairPackage::of(number, &component.package()),
        arch_op: "equals",
        distribution: component.distro().as_ref().map(Distribution::of),
        severity,
        normalized_severity: severity,
        fixed_in_version: finding.fixed_in.clone(),
        links: links.join(" "),
    }))
}

/// Clair answers 200 whether there was anything or not.
pub(super) async fn delete(
    State(app): State<Arc<App>>,
    actor: Actor,
    Path(text): Path<String>,
) -> Result<StatusCode, Fault> {
    let set = uuid(&text, "notification id")?.to_string();
    let mut write = app.store.write().await?;
    if clair::remove(&mut write, &set).await? {
        audit::note(&mut write, &actor.name, "forget notification", &set, "clair").await?;
    }
    write.commit().await.map_err(Error::from)?;
    Ok(StatusCode::OK)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_id_of_a_notification_says_where_it_is() {
        let set = Uuid::new_v5(&Uuid::NAMESPACE_URL, b"a set");
        for (place, image) in [(0, 0), (0, 1), (7, u32::MAX), (0x00ff_ffff, 0x8000_0000)] {
            let id = id_of(&set, place, image);
            assert_eq!(place_of(&id), (place, image));
            assert_eq!(id.to_string().parse::<Uuid>().unwrap(), id);
            assert_eq!(id.get_version_num(), 8);
        }
        assert_ne!(id_of(&set, 0, 1), id_of(&Uuid::nil(), 0, 1));
    }
}
