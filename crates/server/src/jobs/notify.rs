//! Tells somebody something.

use std::sync::Arc;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use super::Handler;
use crate::address::encode;
use crate::app::App;
use crate::error::{Error, Result};
use crate::notify::{self, Cause, Message, concerns};
use crate::queue::{Job, NewJob};
use crate::store::{findings, images, notifiers, postings, triage};

const KIND: &str = "notify";

/// How many images are told by name.
const EXAMPLES: usize = 5;

/// How often a cause is looked at whose images are not known yet.
const LOOKS: i64 = 3;

/// The handler.
#[derive(Debug)]
pub(super) struct Notify;

#[derive(Debug, Serialize, Deserialize)]
struct Payload {
    notifier: i64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    cause: Option<Cause>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    message: Option<Message>,
    /// The topic of a message that is looked at again before it is sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    topic: Option<String>,
}

fn job(key: String, payload: &Payload) -> Result<NewJob> {
    let payload = serde_json::to_string(payload).map_err(|_| Error::Damaged("a message"))?;
    Ok(NewJob { priority: 20, attempts: 10, ..NewJob::new(KIND, key, payload) })
}

/// A job that tells a notifier how a cause stands when the job is done.
pub fn notify_of(notifier: i64, cause: &Cause, event: i64) -> Result<NewJob> {
    let payload = Payload { notifier, cause: Some(cause.clone()), message: None, topic: None };
    job(format!("{notifier} {event} {}", cause.key()), &payload)
}

/// A job that sends a notifier a message.
pub fn notify(notifier: i64, message: &Message) -> Result<NewJob> {
    let payload = Payload { notifier, cause: None, message: Some(message.clone()), topic: None };
    job(format!("{notifier} {}", message.key), &payload)
}

/// A job that sends a notifier a message of a topic, where it is still true.
pub fn notify_concern(notifier: i64, topic: &str, message: &Message) -> Result<NewJob> {
    let stage = if message.is_open { "open" } else { "over" };
    let payload = Payload {
        notifier,
        cause: None,
        message: Some(message.clone()),
        topic: Some(topic.to_owned()),
    };
    job(format!("{notifier} {stage} {}", message.key), &payload)
}

#[async_trait]
impl Handler for Notify {
    fn kind(&self) -> &'static str {
        KIND
    }

    async fn run(&self, app: &Arc<App>, job: &Job) -> Result<()> {
        let payload: Payload = serde_json::from_str(&job.payload)
            .map_err(|error| Error::Refused(format!("the job makes no sense: {error}")))?;
        let found = notifiers::by_id(&mut *app.store.read().await?, payload.notifier).await?;
        let notifier = found.ok_or_else(|| Error::Refused("the notifier is gone".into()))?;
        let mut untrue = None;
        let (message, cause) = match (payload.message, payload.cause) {
            (Some(message), _) => {
                let (key, was_open) = (message.key.clone(), message.is_open);
                let message = match &payload.topic {
                    Some(topic) => concerns::as_of_now(app, &notifier, topic, message).await?,
                    None => Some(message),
                };
                untrue = message.is_none().then_some((key, !was_open));
                (message, None)
            }
            (None, Some(cause)) => (standing(app, &notifier, &cause, job).await?, Some(cause)),
            (None, None) => (None, None),
        };
        if let Some(message) = &message {
            let channel = notify::channel(&notifier.kind)?;
            let settings = notify::opened(channel, &app.auth.seal, &notifier.settings)?;
            let sent = channel.send(&app.web, &settings, message).await;
            app.metrics.estate.notified(&notifier.kind, sent.is_ok());
            sent?;
        }
        let mut write = app.store.write().await?;
        if let Some((key, is_open)) = untrue {
            notifiers::note(&mut write, notifier.id, &key, is_open).await?;
        }
        if let (Some(message), Some(cause)) = (&message, &cause) {
            notifiers::note(&mut write, notifier.id, &cause.key(), message.is_open).await?;
        }
        let result = if message.is_some() { "{\"sent\":1}" } else { "{\"sent\":0}" };
        app.queue.complete(&mut write, job, result).await?;
        write.commit().await?;
        Ok(())
    }
}

/// How a cause stands; `None` where the notifier knows that already.
async fn standing(
    app: &App,
    notifier: &notifiers::Notifier,
    cause: &Cause,
    job: &Job,
) -> Result<Option<Message>> {
    let mut read = app.store.read().await?;
    let known = notifiers::is_open(&mut read, notifier.id, &cause.key()).await?;
    let mut found =
        notifiers::findings(&mut read, &cause.weakness, &cause.kind, &cause.package).await?;
    found.retain(|it| Cause::of(&cause.weakness, &cause.kind, &cause.package, &it.purl) == *cause);
    let mut open = Vec::new();
    for it in found.iter().filter(|it| it.is_open && it.severity >= notifier.severity) {
        let decided =
            triage::effective(&mut read, &cause.weakness, &cause.package, &it.purl).await?;
        let is_settled = decided
            .is_some_and(|it| matches!(it.state.as_str(), "not_affected" | "fixed" | "accepted"));
        if !is_settled {
            open.push(it);
        }
    }
    let components: Vec<i64> = open.iter().map(|it| it.component).collect();
    let having = postings::union(&mut read, &components).await?;
    if !open.is_empty() && having.is_empty() && job.attempt < LOOKS {
        // The image was read a moment ago, and is not posted yet.
        return Err(Error::Notice("its images are not posted yet".into()));
    }
    let stands = !having.is_empty();
    if stands == known.unwrap_or(false) {
        return Ok(None);
    }
    let ids: Vec<i64> = having.iter().rev().take(EXAMPLES).map(i64::from).collect();
    let named = images::by_ids(&mut read, &ids).await?;
    drop(read);
    // The worst of them speaks for all.
    let Some(worst) = found.iter().max_by_key(|it| (it.is_open, it.severity, it.id)) else {
        return Ok(None);
    };
    let place = if cause.base.is_empty() {
        cause.package.clone()
    } else {
        format!("{} of {}", cause.package, cause.base)
    };
    let severity = findings::severity_of(worst.severity);
    let title = if stands {
        format!("{} in {place}: {}, {} images", cause.weakness, severity.name(), having.len())
    } else {
        format!("{} in {place} is over", cause.weakness)
    };
    Ok(Some(Message {
        key: cause.key(),
        is_open: stands,
        severity,
        cause: Some(cause.clone()),
        title,
        summary: worst.title.clone(),
        fixed_in: worst.fixed_in.clone(),
        exploited: worst.kev,
        images: having.len(),
        examples: named.into_iter().map(|image| image.reference).collect(),
        link: app.web.link(&format!("/weaknesses/{}", encode(&cause.weakness))),
    }))
}
