//! Looks what a notifier has to be told.

use std::collections::BTreeSet;

use plimsoll_model::Severity;

use super::concerns::FINDINGS;
use super::{Cause, Message, Quiet};
use crate::app::App;
use crate::error::Result;
use crate::jobs;
use crate::moment::now;
use crate::store::notifiers::{self, Notifier};

/// How many events are looked at, at a time.
const BATCH: i64 = 20_000;

/// How many causes are told one by one; more come together, in one message.
pub(super) const MOST: usize = 25;

/// Pushes a job for each thing that a notifier has to be told of; says how many.
pub async fn round(app: &App, notifier: &Notifier) -> Result<usize> {
    super::channel(&notifier.kind)?.round(app, notifier).await
}

/// Pushes a job for each cause.
pub(super) async fn of_causes(app: &App, notifier: &Notifier) -> Result<usize> {
    if is_silent(notifier)? {
        return Ok(0);
    }
    let mut read = app.store.read().await?;
    let last = notifiers::last_event(&mut read).await?;
    if last <= notifier.told {
        return Ok(0);
    }
    if !notifier.hears_of(FINDINGS) {
        drop(read);
        let mut write = app.store.write().await?;
        notifiers::told(&mut write, notifier.id, last).await?;
        write.commit().await?;
        return Ok(0);
    }
    let happened = notifiers::happened(&mut read, notifier.told, notifier.severity, BATCH).await?;
    drop(read);
    let is_all = i64::try_from(happened.len()).unwrap_or(BATCH) < BATCH;
    let told = if is_all { last } else { happened.last().map_or(last, |it| it.event) };
    let cause = |it: &notifiers::Happened| Cause::of(&it.weakness, &it.kind, &it.package, &it.purl);
    let causes: BTreeSet<Cause> = happened.iter().map(cause).collect();
    let (single, rest): (Vec<_>, Vec<_>) =
        causes.into_iter().enumerate().partition(|(at, _)| *at < MOST);
    for (_, cause) in &single {
        app.push(jobs::notify_of(notifier.id, cause, told)?).await?;
    }
    if !rest.is_empty() {
        app.push(jobs::notify(notifier.id, &many(app, rest.len(), FINDINGS, &told.to_string()))?)
            .await?;
    }
    let mut write = app.store.write().await?;
    for (_, cause) in &rest {
        notifiers::note(&mut write, notifier.id, &cause.key(), true).await?;
    }
    notifiers::told(&mut write, notifier.id, told).await?;
    write.commit().await?;
    Ok(single.len() + usize::from(!rest.is_empty()))
}

/// Whether a notifier is told nothing now.
pub(super) fn is_silent(notifier: &Notifier) -> Result<bool> {
    Ok(!notifier.enabled || Quiet::parse(&notifier.quiet, &notifier.zone)?.is_at(now()))
}

/// One message instead of very many of a topic; `mark` tells it from others.
pub(super) fn many(app: &App, causes: usize, topic: &str, mark: &str) -> Message {
    Message {
        key: format!("many {topic} {mark}"),
        severity: Severity::High,
        title: format!("Plimsoll: {causes} more causes of {topic} changed"),
        summary: "They are too many to be told one by one.".into(),
        ..Message::test(&app.web.link("/findings"))
    }
}
