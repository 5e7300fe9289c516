//! What stands and is no change of a finding: alerts of sensors that go on, findings whose time runs out,
//! registries that cannot be looked at.
//!
//! ```text
//! what stands now − what a notifier was told of → one message each
//! what a notifier was told of − what stands now → one message that it is over
//! ```
//! A new one is one file with a unit struct that implements [`Concern`], and one line in [`ALL`]; its
//! topic is what notifiers choose it by.

mod alerts;
mod deadlines;
mod registries;

use std::collections::BTreeSet;

use async_trait::async_trait;

use super::Message;
use super::round::{MOST, is_silent, many};
use crate::app::App;
use crate::error::{Error, Result};
use crate::jobs;
use crate::store::notifiers::{self, Notifier};

/// Something that stands until it is over.
#[async_trait]
pub trait Concern: Send + Sync + std::fmt::Debug {
    /// What notifiers choose it by, and what the keys of its messages begin with.
    fn topic(&self) -> &'static str;

    /// What stands now, worst first, for a notifier: a message each, whose key is [`key`].
    async fn standing(&self, app: &App, notifier: &Notifier) -> Result<Vec<Message>>;

    /// What to say when something is over, by what its key has behind the topic.
    fn over(&self, what: &str) -> String;
}

/// The registry.
pub const ALL: &[&dyn Concern] = &[&alerts::Alerts, &deadlines::Deadlines, &registries::Registries];

/// The topic of findings, which [`super::round`] tells.
pub const FINDINGS: &str = "findings";

/// All topics, that of findings first.
pub fn topics() -> Vec<&'static str> {
    let mut all = vec![FINDINGS];
    all.extend(ALL.iter().map(|concern| concern.topic()));
    all
}

/// The concern of a topic.
pub fn concern(topic: &str) -> Result<&'static dyn Concern> {
    let found = ALL.iter().copied().find(|it| it.topic() == topic);
    found.ok_or_else(|| Error::Refused(format!("there is no topic `{topic}`")))
}

/// The longest part of a key that comes from outside.
const LONGEST: usize = 300;

/// The key of something in a topic.
fn key(topic: &str, what: &str) -> String {
    let plain = what.chars().map(|it| if it.is_control() { ' ' } else { it });
    format!("{topic} {}", plain.take(LONGEST).collect::<String>())
}

/// Pushes a job for each thing of a concern that a notifier was not told of, and for each that is over;
/// says how many.
pub async fn tell(app: &App, notifier: &Notifier, concern: &dyn Concern) -> Result<usize> {
    let topic = concern.topic();
    let takes_it = super::channel(&notifier.kind)?.takes_messages() && notifier.hears_of(topic);
    if !takes_it || is_silent(notifier)? {
        return Ok(0);
    }
    let mut told: BTreeSet<String> =
        notifiers::told_of(&mut *app.store.read().await?, notifier.id, topic).await?;
    let mut news = Vec::new();
    for message in concern.standing(app, notifier).await? {
        if !told.remove(&message.key) {
            news.push(message);
        }
    }
    news.extend(told.into_iter().map(|key| over(app, concern, key)));
    if news.is_empty() {
        return Ok(0);
    }
    let rest = news.split_off(news.len().min(MOST));
    for message in &news {
        app.push(jobs::notify_concern(notifier.id, topic, message)?).await?;
    }
    if let Some(first) = rest.first() {
        let many = many(app, rest.len(), topic, &first.key);
        app.push(jobs::notify(notifier.id, &many)?).await?;
    }
    let mut write = app.store.write().await?;
    for message in news.iter().chain(&rest) {
        notifiers::note(&mut write, notifier.id, &message.key, message.is_open).await?;
    }
    write.commit().await?;
    Ok(news.len() + usize::from(!rest.is_empty()))
}

fn over(app: &App, concern: &dyn Concern, key: String) -> Message {
    let what = key.split_once(' ').map_or("", |(_, it)| it);
    let title = concern.over(what);
    Message {
        key,
        is_open: false,
        title,
        summary: String::new(),
        ..Message::test(&app.web.link("/"))
    }
}

/// What is to be said of a message that had to wait: nothing where it is true no more.
pub async fn as_of_now(
    app: &App,
    notifier: &Notifier,
    topic: &str,
    message: Message,
) -> Result<Option<Message>> {
    let standing = concern(topic)?.standing(app, notifier).await?;
    let found = standing.into_iter().find(|it| it.key == message.key);
    Ok(match (found, message.is_open) {
        (Some(fresh), true) => Some(fresh),
        (None, false) => Some(message),
        (Some(_), false) | (None, true) => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn topics_stand_once_and_keys_are_one_line() {
        let mut all = topics();
        all.sort_unstable();
        all.dedup();
        assert_eq!(all.len(), ALL.len() + 1);
        assert_eq!(key("alerts", "a\r\nb"), "alerts a  b");
        assert_eq!(key("alerts", &"ü".repeat(9_999)).chars().count(), LONGEST + 7);
        assert!(concern("findings").is_err() && concern("alerts").is_ok());
    }
}
