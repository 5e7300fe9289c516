//! Components judged again, and what has changed about them.

use std::collections::HashMap;

use plimsoll_advisory::database::Database;

use super::{BATCH, Judged, Outcome, judge};
use crate::app::App;
use crate::error::{Error, Result};
use crate::store::findings::{self, Content, Event};
use crate::store::{Connection, Store, Write, components, postings, presence, settings};

/// Judges components again, and writes what has changed. Of those that no image has nothing is said.
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
        let judged = judge_all(&stored, database)?;
        let mut write = store.write().await?;
        let absent = presence::absent(&mut write, part).await?;
        let present: Vec<i64> = part.iter().copied().filter(|id| !absent.contains(id)).collect();
        let pairs = stored.iter().zip(judged).filter(|(it, _)| !absent.contains(&it.id));
        touched.extend(settle(&mut write, pairs, &present, cause, &mut outcome).await?);
        write.commit().await?;
    }
    touched.sort_unstable();
    touched.dedup();
    outcome.images = postings::union(&mut *store.read().await?, &touched).await?.len();
    Ok(outcome)
}

/// Judges components that an image has again, in the transaction that says so.
///
/// # Errors
/// [`Error::Changed`] where findings follow other advisories than those that are here.
pub async fn returned(app: &App, write: &mut Write, ids: &[i64]) -> Result<()> {
    if ids.is_empty() {
        return Ok(());
    }
    let current = app.advisories.current();
    let held = settings::held(write, app.store.dialect(), settings::EDITION).await?;
    if held.as_ref() != Some(&current.edition) {
        return Err(Error::Changed);
    }
    presence::come_back(write, ids).await?;
    for part in ids.chunks(BATCH) {
        let stored = components::load(write, part).await?;
        let judged = judge_all(&stored, &current.database)?;
        let pairs = stored.iter().zip(judged);
        settle(write, pairs, part, presence::BACK, &mut Outcome::default()).await?;
    }
    Ok(())
}

fn judge_all(stored: &[components::Stored], database: &Database) -> Result<Vec<Judged>> {
    let all: Vec<_> = stored.iter().map(|it| it.component.clone()).collect();
    tokio::task::block_in_place(|| judge(&all, database))
}

/// Writes what is said of components now and was not, or is not any more; gives the components that any of
/// this is about.
async fn settle<'c>(
    write: &mut Connection,
    judged: impl Iterator<Item = (&'c components::Stored, Judged)>,
    ids: &[i64],
    cause: &str,
    outcome: &mut Outcome,
) -> Result<Vec<i64>> {
    let before = findings::of_components(write, ids).await?;
    let mut known: HashMap<(i64, String), findings::Stored> =
        before.into_iter().map(|it| ((it.component, it.weakness.clone()), it)).collect();
    let mut touched: Vec<i64> = Vec::new();
    let mut opened: Vec<(i64, Content)> = Vec::new();
    let mut events: Vec<(i64, Event, String)> = Vec::new();
    let mut undecided: Vec<(i64, String, String)> = Vec::new();
    for (component, judged) in judged {
        undecided.extend(judged.undecided.into_iter().map(|(a, why)| (component.id, a, why)));
        for content in judged.findings {
            match known.remove(&(component.id, content.weakness.clone())) {
                None => opened.push((component.id, content)),
                Some(same) if same.is_open && same.says(&content) => {}
                Some(other) => {
                    let event = if other.is_open { Event::Changed } else { Event::Reopened };
                    findings::change(write, other.id, &content, event).await?;
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
    findings::resolve(write, &resolved).await?;
    events.extend(resolved.iter().map(|id| (*id, Event::Resolved, String::new())));
    outcome.components += ids.len();
    outcome.opened += findings::open(write, &opened, cause).await?.len();
    outcome.resolved += resolved.len();
    let of = |event| events.iter().filter(|it| it.1 == event).count();
    outcome.changed += of(Event::Changed);
    outcome.reopened += of(Event::Reopened);
    findings::note(write, &events, cause).await?;
    findings::undecided(write, ids, &undecided).await?;
    Ok(touched)
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
