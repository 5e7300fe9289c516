//! A change of the advisories, as operations on sets: no image is opened.
//!
//! ```text
//! fingerprints of two databases → packages of which something else is said
//!   → components under their keys → judged again → findings opened, changed, resolved
//!   → union of their bitmaps → images
//! ```

mod again;
mod judge;

use roaring::RoaringBitmap;

pub use again::{again, returned};
pub use judge::{Judged, judge};

use plimsoll_advisory::database::{Changes, Database, Fingerprint};

use crate::advisories::Current;
use crate::app::App;
use crate::error::{Error, Result};
use crate::store::findings;
use crate::store::{Connection, Store, Write, blobs::Blobs, components, postings, settings};

/// Family of the fingerprints among the blobs.
pub(crate) const FINGERPRINTS: &str = "fingerprints";

/// How many components are judged and written at a time.
const BATCH: usize = 2_000;

/// What a change of the advisories came to.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Outcome {
    /// Records that are new, changed or gone.
    pub advisories: usize,
    /// Components that were judged again.
    pub components: usize,
    /// Findings that are new.
    pub opened: usize,
    /// Findings that say something else.
    pub changed: usize,
    /// Findings that stand no more.
    pub resolved: usize,
    /// Findings that stand again.
    pub reopened: usize,
    /// Images that any of this is about.
    pub images: u64,
}

/// Brings all findings to the advisories that are there now.
pub async fn run(app: &App) -> Result<Outcome> {
    let current = app.advisories.current();
    if is_behind(app, &current, &mut *app.store.read().await?).await? {
        return Err(Error::Elsewhere(current.edition.clone()));
    }
    let before = matched(&app.store, &app.blobs).await?;
    let newer = {
        let current = current.clone();
        tokio::task::spawn_blocking(move || current.database.fingerprint()).await??
    };
    app.blobs.put_named(FINGERPRINTS, &current.edition, &newer.to_bytes()).await?;
    // From here on images are judged by the new advisories, and findings of before are brought up.
    let mut write = app.store.write().await?;
    if is_behind(app, &current, &mut write).await? {
        return Err(Error::Elsewhere(current.edition.clone()));
    }
    follow(&mut write, &current).await?;
    write.commit().await?;
    let affected = match &before {
        Some(before) => {
            let changes = before.changes(&newer);
            let ids = affected(&app.store, &current.database, &changes).await?;
            (ids, changes.advisories.len())
        }
        // Nobody knows what it was before: all are judged again.
        None => (components::judged(&mut *app.store.read().await?).await?, newer.advisories()),
    };
    let mut outcome = again(
        &app.store,
        &current.database,
        &affected.0,
        &format!("advisories {}", current.edition),
    )
    .await?;
    outcome.advisories = affected.1;
    let mut write = app.store.write().await?;
    settings::set(&mut write, settings::MATCHED, &current.edition).await?;
    write.commit().await?;
    Ok(outcome)
}

/// The fingerprint of the advisories that all findings have been brought to.
async fn matched(store: &Store, blobs: &Blobs) -> Result<Option<Fingerprint>> {
    let edition = settings::value(&mut *store.read().await?, settings::MATCHED).await?;
    let Some(edition) = edition else { return Ok(None) };
    let bytes = blobs.fetch(FINGERPRINTS, &edition).await?;
    Ok(bytes.and_then(|bytes| Fingerprint::from_bytes(&bytes)))
}

/// Components that a change of the advisories can touch.
pub async fn affected(store: &Store, database: &Database, changes: &Changes) -> Result<Vec<i64>> {
    let mut read = store.read().await?;
    let keys: Vec<i64> = changes.packages.iter().map(|key| key.cast_signed()).collect();
    let mut ids = components::under_keys(&mut read, &keys).await?;
    // A finding may take its level and title from a record about the same weakness elsewhere.
    let names = database.names_of(&changes.advisories);
    ids.extend(findings::components_of(&mut read, &names).await?);
    ids.sort_unstable();
    ids.dedup();
    Ok(ids)
}

/// The images that have any of these components.
pub async fn images(store: &Store, components: &[i64]) -> Result<RoaringBitmap> {
    postings::union(&mut *store.read().await?, components).await
}

/// Whether the advisories that are there are those that findings have been brought to; pushes a job
/// otherwise.
pub async fn ensure(app: &App) -> Result<()> {
    let current = app.advisories.current();
    let mut write = app.store.write().await?;
    let held = settings::value(&mut write, settings::EDITION).await?;
    if held.is_none() {
        follow(&mut write, &current).await?;
    } else if is_behind(app, &current, &mut write).await? {
        write.commit().await?;
        return Ok(());
    }
    let matched = settings::value(&mut write, settings::MATCHED).await?;
    write.commit().await?;
    if matched.as_ref() != Some(&current.edition) {
        app.push(crate::jobs::rematch(&current.edition)).await?;
    }
    Ok(())
}

/// For whoever has to wait until the advisories of a job are there.
pub(crate) fn is_current(app: &App, edition: &str) -> Result<()> {
    let is_it = app.advisories.current().edition == edition;
    if is_it { Ok(()) } else { Err(Error::Elsewhere(edition.to_owned())) }
}

/// Findings follow these advisories from here on.
async fn follow(write: &mut Write, current: &Current) -> Result<()> {
    settings::set(write, settings::EDITION, &current.edition).await?;
    let compiled = current.compiled.map(|at| at.to_string()).unwrap_or_default();
    settings::set(write, settings::COMPILED, &compiled).await
}

/// Whether findings follow newer advisories than those that are here: another server has them, or the
/// file was put back.
pub async fn is_behind(app: &App, current: &Current, connection: &mut Connection) -> Result<bool> {
    if app.advisories.accepts_older() {
        return Ok(false);
    }
    let Some(held) = settings::value(connection, settings::EDITION).await? else {
        return Ok(false);
    };
    let compiled = settings::value(connection, settings::COMPILED).await?;
    let compiled = compiled.and_then(|text| text.parse().ok());
    Ok(current.is_older(&held, compiled))
}
