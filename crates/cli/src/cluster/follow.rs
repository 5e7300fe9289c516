//! Objects of a kind kept up to date: listed once, then watched, and listed anew where the API server
//! no longer knows what changed meanwhile.
//!
//! <https://kubernetes.io/docs/reference/using-api/api-concepts/#efficient-detection-of-changes>

use std::io::{BufRead, BufReader, Read};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use serde_json::Value;

use super::client::{Client, Failure, METADATA, METADATA_LIST, WHOLE};

/// The longest line of what is told.
const MAX_LINE: u64 = 16 << 20;

/// How long the API server tells before it ends by itself; shorter than the silence after which a
/// connection counts as dead, so that it tells its version before.
const TELLS: u32 = 25;

/// How long nobody is asked after something went wrong, at first and at most.
const PAUSE: Duration = Duration::from_secs(1);
const MAX_PAUSE: Duration = Duration::from_mins(1);

/// What is followed.
#[derive(Debug, Clone)]
pub(crate) struct Followed {
    /// Where it is listed; ends so that a parameter may follow.
    pub(crate) path: String,
    /// Whether the metadata of objects are enough.
    pub(crate) is_metadata: bool,
}

/// Who is told.
pub(crate) trait Seen {
    /// A list begins: what it does not have is no longer there.
    fn begin(&self);
    /// An object of a list, or one that is new or changed.
    fn object(&self, object: Value);
    /// A list was read to its end.
    fn end(&self);
    /// An object is no longer there.
    fn gone(&self, object: &Value);
    /// It could not be listed or watched.
    fn failed(&self, why: &Failure);
}

/// Lists all objects; the version that they are of.
pub(crate) fn list(client: &Client, what: &Followed, seen: &dyn Seen) -> Result<String, Failure> {
    seen.begin();
    let form = if what.is_metadata { METADATA_LIST } else { WHOLE };
    let (_, version) = client.items(&what.path, form, &mut |batch| {
        for item in batch {
            let object = serde_json::from_slice(&item.bytes)
                .map_err(|error| Failure::Other(error.to_string()))?;
            seen.object(object);
        }
        Ok(())
    })?;
    seen.end();
    Ok(version)
}

/// Lists and watches until `stop`.
pub(crate) fn follow(client: &Client, what: &Followed, seen: &dyn Seen, stop: &AtomicBool) {
    let mut pause = PAUSE;
    while !stop.load(Ordering::Relaxed) {
        match round(client, what, seen, stop, &mut pause) {
            Ok(()) => pause = PAUSE,
            Err(why) => {
                seen.failed(&why);
                std::thread::sleep(pause);
                pause = pause.saturating_mul(2).min(MAX_PAUSE);
            }
        }
    }
}

/// Lists once, and watches until all has to be listed anew.
fn round(
    client: &Client,
    what: &Followed,
    seen: &dyn Seen,
    stop: &AtomicBool,
    pause: &mut Duration,
) -> Result<(), Failure> {
    let mut version = list(client, what, seen)?;
    *pause = PAUSE;
    while !stop.load(Ordering::Relaxed) {
        let path = format!(
            "{}watch=true&allowWatchBookmarks=true&timeoutSeconds={TELLS}&resourceVersion={version}",
            what.path
        );
        let form = if what.is_metadata { METADATA } else { WHOLE };
        let response = match client.watch_as(&path, form) {
            Ok(response) => response,
            // What changed meanwhile is no longer known there.
            Err(Failure::Said(410, _)) => return Ok(()),
            Err(error) => return Err(error),
        };
        let mut lines = BufReader::new(response);
        while !stop.load(Ordering::Relaxed) {
            let mut line = Vec::new();
            match lines.by_ref().take(MAX_LINE).read_until(b'\n', &mut line) {
                // Nothing was told for a while, or the time is over.
                Ok(0) | Err(_) => break,
                Ok(_) => {}
            }
            let Ok(event) = serde_json::from_slice::<Value>(&line) else { break };
            match take(event, seen) {
                Told::Version(newer) => version = newer,
                Told::Expired => return Ok(()),
                Told::Odd(why) => return Err(Failure::Other(why)),
            }
        }
    }
    Ok(())
}

/// What an event came to.
enum Told {
    Version(String),
    Expired,
    Odd(String),
}

fn take(mut event: Value, seen: &dyn Seen) -> Told {
    let Some(object) = event.get_mut("object").map(Value::take) else {
        return Told::Odd("an event without an object".into());
    };
    let version = object.pointer("/metadata/resourceVersion").and_then(Value::as_str);
    let version = version.map(str::to_owned);
    match (event.get("type").and_then(Value::as_str).unwrap_or_default(), version) {
        ("ADDED" | "MODIFIED", Some(version)) => {
            seen.object(object);
            Told::Version(version)
        }
        ("DELETED", Some(version)) => {
            seen.gone(&object);
            Told::Version(version)
        }
        ("BOOKMARK", Some(version)) => Told::Version(version),
        _ if object.get("code").and_then(Value::as_u64) == Some(410) => Told::Expired,
        (kind, _) => {
            let why = object.get("message").and_then(Value::as_str).unwrap_or_default();
            Told::Odd(format!("an event of type `{kind}`: {why}"))
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;
    use std::sync::atomic::AtomicUsize;

    use plimsoll_testkit::{Reply, Server};
    use serde_json::json;

    use super::*;
    use crate::cluster::Access;

    /// Everything that was told, in words.
    #[derive(Default)]
    struct Told(Mutex<Vec<String>>);

    impl Told {
        fn say(&self, what: &str, object: &Value) {
            let name = object.pointer("/metadata/name").and_then(Value::as_str).unwrap_or_default();
            self.0.lock().unwrap().push(format!("{what}{name}"));
        }
    }

    impl Seen for Told {
        fn begin(&self) {
            self.say("list", &Value::Null);
        }
        fn object(&self, object: Value) {
            self.say("+", &object);
        }
        fn end(&self) {
            self.say("end", &Value::Null);
        }
        fn gone(&self, object: &Value) {
            self.say("-", object);
        }
        fn failed(&self, why: &Failure) {
            self.say(&format!("failed {why}"), &Value::Null);
        }
    }

    fn object(name: &str, version: &str) -> Value {
        json!({"metadata": {"name": name, "resourceVersion": version}})
    }

    fn event(kind: &str, object: &Value) -> String {
        format!("{}\n", json!({"type": kind, "object": object}))
    }

    #[test]
    fn what_the_server_forgot_is_listed_anew_and_bookmarks_move_on() {
        let stop = std::sync::Arc::new(AtomicBool::new(false));
        let (watches, lists) = (AtomicUsize::new(0), AtomicUsize::new(0));
        let ends = std::sync::Arc::clone(&stop);
        let server = Server::start(move |request| {
            let since = request.path.rsplit_once("resourceVersion=").map(|(_, it)| it.to_owned());
            let Some(since) = since else {
                let items = match lists.fetch_add(1, Ordering::SeqCst) {
                    0 => vec![object("a", "9")],
                    _ => vec![object("b", "11")],
                };
                let version = if items[0] == object("a", "9") { "10" } else { "30" };
                let list = json!({"kind": "PodList", "metadata": {"resourceVersion": version},
                    "items": items});
                return Reply::new(200, list.to_string());
            };
            let expired = json!({"kind": "Status", "code": 410, "message": "too old"});
            match (watches.fetch_add(1, Ordering::SeqCst), since.as_str()) {
                (0, "10") => Reply::new(
                    200,
                    event("ADDED", &object("b", "11"))
                        + &event("DELETED", &object("a", "12"))
                        + &event("BOOKMARK", &object("", "20")),
                ),
                (1, "20") => Reply::new(200, event("ERROR", &expired)),
                (2, "30") => Reply::new(410, expired.to_string()),
                (3, "30") => {
                    ends.store(true, Ordering::SeqCst);
                    Reply::new(200, "")
                }
                odd => panic!("{odd:?}"),
            }
        });
        let access = Access { server: format!("http://{}", server.host()), ..Access::default() };
        let client = Client::new(access).unwrap();
        let told = Told::default();
        let what = Followed { path: "/api/v1/pods?".into(), is_metadata: false };
        follow(&client, &what, &told, &stop);
        let told = told.0.into_inner().unwrap().join(" ");
        assert_eq!(told, "list +a end +b -a list +b end list +b end");
    }
}
