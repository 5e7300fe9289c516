//! Findings whose agreed time runs out in three days, and those whose time is over: one message a cause.

use std::collections::BTreeMap;

use async_trait::async_trait;

use super::{Concern, key};
use crate::address::encode;
use crate::app::App;
use crate::error::Result;
use crate::moment::{self, Millis, now};
use crate::notify::{Cause, Message};
use crate::store::measures::{self, Dated};
use crate::store::notifiers::Notifier;
use crate::store::{findings, postings};
use crate::triage::Sla;

const DAY: Millis = 24 * 60 * 60 * 1000;

/// How long before the end it is told.
const SOON: Millis = 3 * DAY;

/// How many findings are looked at.
const MOST_FINDINGS: i64 = 50_000;

/// How many causes are told at one time, with how many images have them.
const MOST_CAUSES: usize = 1_000;

/// The concern.
#[derive(Debug)]
pub(super) struct Deadlines;

/// A cause, and whether its time is over.
type Stage = (bool, Cause);

#[async_trait]
impl Concern for Deadlines {
    fn topic(&self) -> &'static str {
        "deadlines"
    }

    async fn standing(&self, app: &App, notifier: &Notifier) -> Result<Vec<Message>> {
        let at = now();
        let mut read = app.store.read().await?;
        let sla = Sla::load(&mut read).await?;
        let before = sla.limits(at.saturating_add(SOON), "f.severity");
        let found =
            measures::dated(&mut read, at, &before, notifier.severity, MOST_FINDINGS).await?;
        let mut stages: BTreeMap<Stage, Vec<(Millis, &Dated)>> = BTreeMap::new();
        for it in &found {
            let severity = findings::severity_of(it.severity);
            let Some(end) = sla.end(severity, it.opened_at) else { continue };
            let cause = Cause::of(&it.weakness, &it.kind, &it.package, &it.purl);
            for (is_over, since) in [(false, end.saturating_sub(SOON)), (true, end)] {
                // Whoever is added is told of what happens from then on.
                if since <= at && since > notifier.created {
                    stages.entry((is_over, cause.clone())).or_default().push((end, it));
                }
            }
        }
        let mut messages = Vec::new();
        for ((is_over, cause), all) in stages.into_iter().rev().take(MOST_CAUSES) {
            let components: Vec<i64> = all.iter().map(|it| it.1.component).collect();
            let images = postings::union(&mut read, &components).await?.len();
            messages.extend(message(app, is_over, &cause, &all, images));
        }
        Ok(messages)
    }

    fn over(&self, what: &str) -> String {
        format!("{what} is over")
    }
}

fn message(
    app: &App,
    is_over: bool,
    cause: &Cause,
    all: &[(Millis, &Dated)],
    images: u64,
) -> Option<Message> {
    let (end, _) = all.iter().min_by_key(|it| it.0)?;
    let (_, worst) = all.iter().max_by_key(|it| (it.1.severity, it.1.id))?;
    let severity = findings::severity_of(worst.severity);
    let place = if cause.base.is_empty() {
        cause.package.clone()
    } else {
        format!("{} of {}", cause.package, cause.base)
    };
    let day: String = moment::timestamp(*end).to_string().chars().take(10).collect();
    let word = if is_over { "overdue since" } else { "due on" };
    let stage = if is_over { "overdue" } else { "due" };
    Some(Message {
        key: key("deadlines", &format!("{stage} {}", cause.key())),
        severity,
        cause: Some(cause.clone()),
        title: format!(
            "{} in {place}: {word} {day}, {}, {images} images",
            cause.weakness,
            severity.name()
        ),
        summary: worst.title.clone(),
        fixed_in: worst.fixed_in.clone(),
        exploited: all.iter().any(|it| it.1.kev),
        images,
        ..Message::test(&app.web.link(&format!("/weaknesses/{}", encode(&cause.weakness))))
    })
}
