//! The webhook of Clair's notifier: where a set of notifications can be fetched, for each change of the
//! advisories that is about images which a client of Clair had indexed.
//!
//! ```text
//! events of a change → worst finding of each indexed image, added and removed → a set with an id
//!   → one job → {"notification_id", "callback"} → the client fetches pages, and deletes the set
//! ```
//! Source: quay/clair, `Documentation/concepts/notifications.md`, `notifier/processor.go`,
//! `notifier/webhook/deliverer.go`.

use async_trait::async_trait;
use reqwest::header::{AUTHORIZATION, HeaderMap, HeaderValue};
use roaring::RoaringBitmap;
use serde_json::{Value, json};
use uuid::Uuid;

use super::round::is_silent;
use super::{Channel, Message, Setting, Web, text};
use crate::app::App;
use crate::catalogue::post::post;
use crate::error::{Error, Result};
use crate::jobs;
use crate::moment::now;
use crate::store::clair::{self, Happened, Part, Reason};
use crate::store::notifiers::{self, Notifier};
use crate::store::{postings, settings};

/// What the kind is called.
const KIND: &str = "clair";

/// Where sets can be fetched, behind the address of the server.
const PLACE: &str = "/notifier/api/v1/notification";

/// A set has at most so many parts: their places are part of the ids of notifications.
const MOST: usize = 1 << 24;

/// The channel.
#[derive(Debug)]
pub(super) struct Clair;

#[async_trait]
impl Channel for Clair {
    fn kind(&self) -> &'static str {
        KIND
    }

    fn settings(&self) -> &'static [Setting] {
        const {
            &[
                Setting::needed("url"),
                Setting::optional("callback"),
                Setting::optional_secret("authorization"),
            ]
        }
    }

    fn takes_messages(&self) -> bool {
        false
    }

    async fn send(&self, web: &Web, settings: &Value, message: &Message) -> Result<()> {
        let given = text(settings, "callback").trim_end_matches('/');
        let place = if given.is_empty() { web.link(PLACE) } else { given.to_owned() };
        if !place.starts_with("http://") && !place.starts_with("https://") {
            return Err(Error::Refused(
                "nobody knows where notifications can be fetched: give the notifier a `callback`, or the \
                 server a PLIMSOLL_PUBLIC_URL"
                    .into(),
            ));
        }
        // What tells of no set is a test: of one that is empty.
        let id = message.key.strip_prefix("clair ").map_or_else(
            || Uuid::new_v5(&Uuid::NAMESPACE_URL, &now().to_le_bytes()).to_string(),
            str::to_owned,
        );
        let body = json!({"notification_id": id, "callback": format!("{place}/{id}")});
        let mut headers = HeaderMap::new();
        let secret = text(settings, "authorization");
        if !secret.is_empty() {
            let mut value = HeaderValue::from_str(secret)
                .map_err(|_| Error::Refused("`authorization` cannot be sent".into()))?;
            value.set_sensitive(true);
            headers.insert(AUTHORIZATION, value);
        }
        web.post(text(settings, "url"), headers, "application/json", body.to_string()).await
    }

    /// Makes a set for each change of the advisories that a notifier was not told of, and a job for each set;
    /// says how many.
    async fn round(&self, app: &App, notifier: &Notifier) -> Result<usize> {
        if is_silent(notifier)? {
            return Ok(0);
        }
        let mut read = app.store.read().await?;
        let last = notifiers::last_event(&mut read).await?;
        if last > notifier.told {
            // A change that is being made is told of when it was made.
            let edition = settings::value(&mut read, settings::EDITION).await?;
            let is_made = settings::value(&mut read, settings::MATCHED).await? == edition;
            drop(read);
            if is_made {
                make(app, notifier, last).await?;
            }
            read = app.store.read().await?;
        }
        let unsent = clair::unsent(&mut read, notifier.id).await?;
        drop(read);
        for id in &unsent {
            let message = Message { key: format!("{KIND} {id}"), ..Message::test("") };
            app.push(jobs::notify(notifier.id, &message)?).await?;
            let mut write = app.store.write().await?;
            clair::sent(&mut write, id).await?;
            write.commit().await?;
        }
        Ok(unsent.len())
    }
}

/// Makes the sets of what happened up to an event.
async fn make(app: &App, notifier: &Notifier, last: i64) -> Result<()> {
    // Images of a moment ago are in no set before they are posted.
    post(app).await?;
    let mut sets = Vec::new();
    let mut read = app.store.read().await?;
    let span = (notifier.told, last);
    let causes = clair::causes(&mut read, notifier.told, last).await?;
    let indexed =
        if causes.is_empty() { RoaringBitmap::new() } else { clair::indexed(&mut read).await? };
    for cause in causes.into_iter().filter(|_| !indexed.is_empty()) {
        let mut all = clair::happened(&mut read, span, &cause, notifier.severity).await?;
        // The worst first: each image is told the first one that it has.
        all.sort_unstable_by_key(|it| std::cmp::Reverse((it.severity, it.finding)));
        let mut parts = Vec::new();
        for reason in [Reason::Added, Reason::Removed] {
            let of_reason: Vec<Happened> =
                all.iter().filter(|it| it.reason == reason).copied().collect();
            let mut left = indexed.clone();
            for it in of_reason {
                if left.is_empty() || parts.len() >= MOST {
                    break;
                }
                let images = postings::union(&mut read, &[it.component]).await? & &left;
                if images.is_empty() {
                    continue;
                }
                left -= &images;
                parts.push(Part {
                    place: i64::try_from(parts.len()).unwrap_or(i64::MAX),
                    reason: reason.name().to_owned(),
                    finding: it.finding,
                    images,
                });
            }
        }
        if !parts.is_empty() {
            let name = format!("{} {} {cause} {last}", notifier.id, notifier.created);
            let id = Uuid::new_v5(&Uuid::NAMESPACE_URL, name.as_bytes());
            sets.push((id.to_string(), cause, parts));
        }
    }
    drop(read);
    let mut write = app.store.write().await?;
    // Another server may have made them meanwhile.
    if notifiers::told_since(&mut write, notifier.id, notifier.told, last).await? {
        for (id, cause, parts) in &sets {
            clair::add(&mut write, id, notifier.id, cause, parts).await?;
        }
        write.commit().await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use plimsoll_testkit::{Reply, Server};

    use super::*;

    #[tokio::test]
    async fn a_webhook_says_where_the_set_is_as_clairs_does() {
        let server = Server::start(|_| Reply::new(200, ""));
        let web = Web::default();
        web.allow(&server.host());
        let url = format!("http://{}/hook", server.host());
        let message = Message { key: "clair 1234".into(), ..Message::test("") };
        let settings = json!({"url": url});
        let refused = Clair.send(&web, &settings, &message).await.unwrap_err().to_string();
        assert!(refused.contains("PLIMSOLL_PUBLIC_URL"), "{refused}");
        let callback = "https://clair.example/notifier/api/v1/notification/";
        let settings = json!({"url": url, "callback": callback, "authorization": "Bearer x"});
        Clair.send(&web, &settings, &message).await.unwrap();
        Clair.send(&web, &settings, &Message::test("")).await.unwrap();
        let sent = server.requests();
        assert_eq!(sent[0].header("authorization"), Some("Bearer x"));
        assert_eq!(sent[0].header("content-type"), Some("application/json"));
        let body: Value = serde_json::from_str(&sent[0].body).unwrap();
        assert_eq!(body, json!({"notification_id": "1234", "callback": format!("{callback}1234")}));
        let tested: Value = serde_json::from_str(&sent[1].body).unwrap();
        assert!(tested["notification_id"].as_str().unwrap().parse::<Uuid>().is_ok());
    }
}
