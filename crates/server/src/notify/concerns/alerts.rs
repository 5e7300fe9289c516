//! Alerts of sensors: one message for a rule and an image, however often it fires; it is over when it did
//! not for an hour.

use async_trait::async_trait;
use plimsoll_model::Severity;

use super::{Concern, key};
use crate::app::App;
use crate::error::Result;
use crate::moment::{Millis, now};
use crate::notify::Message;
use crate::store::alerts::{self, Group};
use crate::store::findings::severity_number;
use crate::store::notifiers::Notifier;

/// After how long without another one it is over.
const CALM: Millis = 60 * 60 * 1000;

/// How many are told apart.
const MOST_GROUPS: i64 = 1_000;

/// How much of an alert is told.
const LONGEST: usize = 500;

/// The concern.
#[derive(Debug)]
pub(super) struct Alerts;

/// Falco's priorities as severities.
const PRIORITIES: [(&str, Severity); 8] = [
    ("Emergency", Severity::Critical),
    ("Alert", Severity::Critical),
    ("Critical", Severity::Critical),
    ("Error", Severity::High),
    ("Warning", Severity::Medium),
    ("Notice", Severity::Low),
    ("Informational", Severity::Negligible),
    ("Debug", Severity::Negligible),
];

fn severity(priority: &str) -> Severity {
    PRIORITIES.iter().find(|it| it.0 == priority).map_or(Severity::Unknown, |it| it.1)
}

#[async_trait]
impl Concern for Alerts {
    fn topic(&self) -> &'static str {
        "alerts"
    }

    async fn standing(&self, app: &App, notifier: &Notifier) -> Result<Vec<Message>> {
        let wanted: Vec<&str> = PRIORITIES
            .iter()
            .filter(|it| severity_number(it.1) >= notifier.severity)
            .map(|it| it.0)
            .collect();
        let since = now().saturating_sub(CALM).max(notifier.created);
        let mut read = app.store.read().await?;
        let mut groups = alerts::groups(&mut read, since, &wanted, MOST_GROUPS).await?;
        drop(read);
        groups.sort_by_key(|it| (std::cmp::Reverse(severity(&it.priority)), it.rule.clone()));
        Ok(groups.iter().map(|group| message(app, group)).collect())
    }

    fn over(&self, what: &str) -> String {
        format!("{what}: no such alert for an hour")
    }
}

fn message(app: &App, group: &Group) -> Message {
    let place = if group.image.is_empty() { &group.hostname } else { &group.image };
    let what =
        if place.is_empty() { group.rule.clone() } else { format!("{} in {place}", group.rule) };
    let said: String = group.output.chars().take(LONGEST).collect();
    Message {
        key: key("alerts", &what),
        severity: severity(&group.priority),
        title: format!("{}: {what}", group.priority),
        summary: format!("{} in the last hour, the last one: {said}", group.count),
        images: u64::from(!group.image.is_empty()),
        examples: Some(group.image.clone()).filter(|it| !it.is_empty()).into_iter().collect(),
        ..Message::test(&app.web.link("/runtime"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn priorities_are_severities() {
        assert_eq!(severity("Error"), Severity::High);
        assert_eq!(severity("loud"), Severity::Unknown);
    }
}
