//! One of several: whoever holds a lease works, the others wait.
//!
//! The rules are those of client-go: a lease counts as abandoned when nobody has renewed it for its
//! duration *as seen from here*, so that clocks need not agree.
//! <https://kubernetes.io/docs/concepts/architecture/leases/>

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use plimsoll_model::Timestamp;
use reqwest::Method;
use serde_json::{Value, json};

use super::client::{Client, Failure};

/// How long a lease counts without being renewed.
const DURATION: Duration = Duration::from_secs(15);

/// How long before that whoever holds it stops to rely on it.
const MARGIN: Duration = Duration::from_secs(5);

/// A lease and what is known of it.
pub(crate) struct Lease {
    namespace: String,
    name: String,
    /// Who we are.
    identity: String,
    known: Mutex<Known>,
}

#[derive(Default)]
struct Known {
    /// The last version that was seen, and since when.
    seen: Option<(String, Instant)>,
    /// Since when we hold it for sure.
    renewed: Option<Instant>,
}

impl Lease {
    pub(crate) fn new(namespace: &str, name: &str, identity: String) -> Self {
        let (namespace, name) = (namespace.to_owned(), name.to_owned());
        Self { namespace, name, identity, known: Mutex::default() }
    }

    /// How long to wait between two attempts.
    pub(crate) const EVERY: Duration = Duration::from_secs(3);

    /// Whether we hold it, for some seconds more at least.
    pub(crate) fn is_held(&self) -> bool {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.renewed.is_some_and(|at| at.elapsed() < DURATION.saturating_sub(MARGIN))
    }

    fn path(&self) -> String {
        format!("/apis/coordination.k8s.io/v1/namespaces/{}/leases", self.namespace)
    }

    /// Takes it where it is free, renews it where it is ours.
    pub(crate) fn attempt(&self, client: &Client, now: Timestamp) -> Result<(), Failure> {
        let began = Instant::now();
        let found = match client.get_json(&format!("{}/{}", self.path(), self.name)) {
            Ok(found) => Some(found),
            Err(Failure::Said(404, _)) => None,
            Err(error) => return Err(error),
        };
        let text = |pointer: &str| {
            let value = found.as_ref().and_then(|it| it.pointer(pointer)).and_then(Value::as_str);
            value.unwrap_or_default().to_owned()
        };
        let (holder, version) = (text("/spec/holderIdentity"), text("/metadata/resourceVersion"));
        let is_ours = holder == self.identity;
        if found.is_some() && !is_ours {
            let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
            known.renewed = None;
            let since = match &known.seen {
                Some((seen, since)) if *seen == version => *since,
                _ => {
                    known.seen = Some((version.clone(), began));
                    began
                }
            };
            if !holder.is_empty() && since.elapsed() < DURATION {
                return Ok(());
            }
        }
        let time = micro(now);
        let changes = found.as_ref().and_then(|it| it.pointer("/spec/leaseTransitions")?.as_u64());
        let changes = changes.unwrap_or(0).saturating_add(u64::from(found.is_some() && !is_ours));
        let acquired = if is_ours { text("/spec/acquireTime") } else { time.clone() };
        let mut body = self.body(&self.identity, &acquired, &time, changes);
        if let Some(metadata) = body.get_mut("metadata").and_then(Value::as_object_mut) {
            metadata.insert("resourceVersion".into(), version.into());
        }
        let sent = if found.is_some() {
            client.send(&Method::PUT, &format!("{}/{}", self.path(), self.name), &body)
        } else {
            if let Some(metadata) = body.get_mut("metadata").and_then(Value::as_object_mut) {
                metadata.remove("resourceVersion");
            }
            client.send(&Method::POST, &self.path(), &body)
        };
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        match sent {
            Ok(_) => {
                known.renewed = Some(began);
                Ok(())
            }
            // Somebody else was faster.
            Err(Failure::Said(409, _)) => {
                known.renewed = None;
                Ok(())
            }
            Err(error) => Err(error),
        }
    }

    /// Gives it back, so that the next need not wait.
    pub(crate) fn release(&self, client: &Client, now: Timestamp) {
        if !self.is_held() {
            return;
        }
        let path = format!("{}/{}", self.path(), self.name);
        let Ok(found) = client.get_json(&path) else { return };
        let text = |pointer: &str| found.pointer(pointer).and_then(Value::as_str);
        if text("/spec/holderIdentity") != Some(&self.identity) {
            return;
        }
        let time = micro(now);
        let changes = found.pointer("/spec/leaseTransitions").and_then(Value::as_u64);
        let mut body = self.body("", &time, &time, changes.unwrap_or(0));
        let version = text("/metadata/resourceVersion").unwrap_or_default();
        if let Some(metadata) = body.get_mut("metadata").and_then(Value::as_object_mut) {
            metadata.insert("resourceVersion".into(), version.into());
        }
        // Where that fails the next one waits for as long as the lease counts.
        let _ = client.send(&Method::PUT, &path, &body);
        self.known.lock().unwrap_or_else(PoisonError::into_inner).renewed = None;
    }

    fn body(&self, holder: &str, acquired: &str, renewed: &str, changes: u64) -> Value {
        json!({
            "apiVersion": "coordination.k8s.io/v1", "kind": "Lease",
            "metadata": { "name": self.name, "namespace": self.namespace },
            "spec": { "holderIdentity": holder, "leaseDurationSeconds": DURATION.as_secs(),
                "acquireTime": acquired, "renewTime": renewed, "leaseTransitions": changes },
        })
    }
}

/// A time as leases have it, with six places.
fn micro(time: Timestamp) -> String {
    time.to_string().replace('Z', ".000000Z")
}
