//! The labels of all namespaces, kept up to date: listed once, then watched.

use std::collections::{BTreeMap, HashMap};
use std::io::{BufRead, BufReader, Read};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use plimsoll_admission::Cluster;
use serde_json::Value;

use super::client::{Client, Failure};
use crate::exit::tell;

type Labels = BTreeMap<String, String>;

const PATH: &str = "/api/v1/namespaces";

/// How many are asked for at a time.
const PAGE: u32 = 500;

/// The longest line of what is told.
const MAX_LINE: u64 = 16 << 20;

/// How long nobody is asked after something went wrong.
const PAUSE: Duration = Duration::from_secs(2);

/// The labels of all namespaces.
pub(crate) struct Namespaces {
    client: Arc<Client>,
    known: RwLock<HashMap<String, Labels>>,
    is_ready: AtomicBool,
}

impl Namespaces {
    /// Begins to list and watch, in a thread of its own.
    pub(crate) fn follow(client: Arc<Client>) -> Arc<Self> {
        let own =
            Arc::new(Self { client, known: RwLock::default(), is_ready: AtomicBool::new(false) });
        let thread = Arc::clone(&own);
        std::thread::spawn(move || {
            loop {
                if let Err(error) = thread.round() {
                    tell(&format!("namespaces: {error}"));
                    std::thread::sleep(PAUSE);
                }
            }
        });
        own
    }

    /// Lists all, and takes over what is told until the API server has enough.
    fn round(&self) -> Result<(), Failure> {
        let (all, mut version) = self.list()?;
        *self.known.write().unwrap_or_else(PoisonError::into_inner) = all;
        self.is_ready.store(true, Ordering::Relaxed);
        loop {
            let path = format!(
                "{PATH}?watch=true&allowWatchBookmarks=true&timeoutSeconds=240&resourceVersion={version}"
            );
            let response = match self.client.watch(&path) {
                Ok(response) => response,
                // What changed meanwhile is no longer known there.
                Err(Failure::Said(410, _)) => return Ok(()),
                Err(error) => return Err(error),
            };
            let mut lines = BufReader::new(response);
            loop {
                let mut line = Vec::new();
                let mut bounded = lines.by_ref().take(MAX_LINE);
                match bounded.read_until(b'\n', &mut line) {
                    // Nothing was told for a while, or the time is over.
                    Ok(0) | Err(_) => break,
                    Ok(_) => {}
                }
                let Ok(event) = serde_json::from_slice::<Value>(&line) else { break };
                match self.take(&event) {
                    Some(newer) => version = newer,
                    None => return Ok(()),
                }
            }
        }
    }

    /// Takes an event over: its version; none where all has to be listed anew.
    fn take(&self, event: &Value) -> Option<String> {
        let object = event.get("object")?;
        let (name, labels, version) = read(object)?;
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        match event.get("type")?.as_str()? {
            "ADDED" | "MODIFIED" => drop(known.insert(name, labels)),
            "DELETED" => drop(known.remove(&name)),
            "BOOKMARK" => {}
            _ => return None,
        }
        Some(version)
    }

    fn list(&self) -> Result<(HashMap<String, Labels>, String), Failure> {
        let mut all = HashMap::new();
        let mut next = String::new();
        loop {
            let page = self.client.get_json(&format!("{PATH}?limit={PAGE}{next}"))?;
            let items = page.get("items").and_then(Value::as_array);
            for item in items.into_iter().flatten() {
                if let Some((name, labels, _)) = read(item) {
                    all.insert(name, labels);
                }
            }
            let text = |name: &str| {
                let value =
                    page.get("metadata").and_then(|it| it.get(name)).and_then(Value::as_str);
                value.unwrap_or_default().to_owned()
            };
            match text("continue") {
                more if more.is_empty() => return Ok((all, text("resourceVersion"))),
                more => next = format!("&continue={more}"),
            }
        }
    }
}

impl Cluster for Namespaces {
    fn labels(&self, namespace: &str) -> Result<Labels, String> {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(labels) = known.get(namespace) {
            return Ok(labels.clone());
        }
        drop(known);
        // It may be newer than what we were told.
        if !is_name(namespace) {
            return Err(format!("{namespace:?} is no name of a namespace"));
        }
        let found = self.client.get_json(&format!("{PATH}/{namespace}"));
        let found = found.map_err(|error| error.to_string())?;
        read(&found).map(|(_, labels, _)| labels).ok_or_else(|| "it is no namespace".to_owned())
    }

    fn pods(&self, namespace: &str) -> Result<Vec<u8>, String> {
        if !is_name(namespace) {
            return Err(format!("{namespace:?} is no name of a namespace"));
        }
        let path = format!("{PATH}/{namespace}/pods?resourceVersion=0");
        self.client.get(&path).map_err(|error| error.to_string())
    }

    fn is_ready(&self) -> bool {
        self.is_ready.load(Ordering::Relaxed)
    }
}

/// A label of RFC 1123, so that it cannot be a path.
pub(crate) fn is_name(text: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    !text.is_empty() && text.len() <= 63 && text.bytes().all(fits)
}

/// A name of RFC 1123 with points in it, as nodes have.
pub(crate) fn is_subdomain(text: &str) -> bool {
    text.len() <= 253 && text.split('.').all(is_name)
}

/// The name, the labels and the version of an object.
fn read(object: &Value) -> Option<(String, Labels, String)> {
    let metadata = object.get("metadata")?;
    let text = |name: &str| metadata.get(name).and_then(Value::as_str).unwrap_or_default();
    let labels = metadata.get("labels").and_then(Value::as_object);
    let labels = labels.into_iter().flatten();
    let labels =
        labels.filter_map(|(name, value)| Some((name.clone(), value.as_str()?.to_owned())));
    Some((text("name").to_owned(), labels.collect(), text("resourceVersion").to_owned()))
}
