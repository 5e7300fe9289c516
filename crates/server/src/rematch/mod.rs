//! A change of the advisories, as operations on sets: no image is opened.
//!
//! ```text
//! fingerprints of two databases → packages of which something else is said
//!   → components under their keys → judged again → findings opened, changed, resolved
//!   → union of their bitmaps → images
//! ```

mod judge;

use std::collections::HashMap;

use roaring::RoaringBitmap;

pub use judge::{Judged, judge};

use plimsoll_advisory::database::{Changes, Database, Fingerprint};

use crate::advisories::Current;
use crate::app::App;
use crate::error::{Error, Result};
use crate::store::findings::{self, Content, Event};
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

/// Judges components again, and writes what has changed.
pub async fn again(
    store: &Store,
    database: &Database,
    ids: &[i64],
    cause: &str,
) -> Result<Outcome> {
    let mut outcome = Outcome::default();
    let mut touched: Vec<i64> = Vec::new();
    for part in ids.chunks(BATCH) {
        let stored = components::load(&mut *store.read().await?, part).await?;
        let all: Vec<_> = stored.iter().map(|it| it.component.clone()).collect();
        let judged = tokio::task::block_in_place(|| judge(&all, database))?;
        let mut write = store.write().await?;
        let before = findings::of_components(&mut write, part).await?;
        let mut known: HashMap<(i64, String), findings::Stored> =
            before.into_iter().map(|it| ((it.component, it.weakness.clone()), it)).collect();
        let mut opened: Vec<(i64, Content)> = Vec::new();
        let mut events: Vec<(i64, Event, String)> = Vec::new();
        let mut undecided: Vec<(i64, String, String)> = Vec::new();
        for (component, judged) in stored.iter().zip(judged) {
            undecided.extend(judged.undecided.into_iter().map(|(a, why)| (component.id, a, why)));
            for content in judged.findings {
                match known.remove(&(component.id, content.weakness.clone())) {
                    None => opened.push((component.id, content)),
                    Some(same) if same.is_open && same.says(&content) => {}
                    Some(other) => {
                        let event = if other.is_open { Event::Changed } else { Event::Reopened };
                        findings::change(&mut write, other.id, &content, event).await?;
                        events.push((other.id, event, difference(&other, &content)));
                        touched.push(component.id);
                    }
                }
            }
        }
        let gone: Vec<&findings::Stored> = known.values().filter(|it| it.is_open).collect();
        let resolved: Vec<i64> = gone.iter().map(|it| it.id).collect();
        touched.extend(gone.iter().map(|it| it.component));
        touched.extend(opened.iter().map(|it| it.0));
        findings::resolve(&mut write, &resolved).await?;
        events.extend(resolved.iter().map(|id| (*id, Event::Resolved, String::new())));
        outcome.opened += findings::open(&mut write, &opened, cause).await?.len();
        outcome.resolved += resolved.len();
        let of = |event| events.iter().filter(|it| it.1 == event).count();
        outcome.changed += of(Event::Changed);
        outcome.reopened += of(Event::Reopened);
        findings::note(&mut write, &events, cause).await?;
        findings::undecided(&mut write, part, &undecided).await?;
        write.commit().await?;
    }
    touched.sort_unstable();
    touched.dedup();
    outcome.components = ids.len();
    outcome.images = postings::union(&mut *store.read().await?, &touched).await?.len();
    Ok(outcome)
}

/// The images that have any of these components.
pub async fn images(store: &Store, components: &[i64]) -> Result<RoaringBitmap> {
    postings::union(&mut *store.read().await?, components).await
}

/// What a finding says now that it did not.
fn difference(before: &findings::Stored, now: &Content) -> String {
    let mut said: Vec<String> = Vec::new();
    let mut say = |what: &str, old: &str, new: &str| {
        if old != new {
            said.push(format!("{what}: {} → {}", word(old), word(new)));
        }
    };
    say(
        "severity",
        findings::severity_of(before.severity).name(),
        findings::severity_of(now.severity).name(),
    );
    say("fix", &before.fix_state, now.fix_state);
    say("fixed in", &before.fixed_in, &now.fixed_in);
    say("exploited", flag(before.kev), flag(now.kev));
    said.join("; ")
}

fn word(text: &str) -> &str {
    if text.is_empty() { "none" } else { text }
}

fn flag(value: bool) -> &'static str {
    if value { "yes" } else { "no" }
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
