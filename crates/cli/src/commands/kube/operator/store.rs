//! The objects of a cluster as far as anything here is judged by them, kept up to date.
//!
//! What changes all the time and says nothing, such as heartbeats and who owns which field, is cut off,
//! so that it neither fills the memory nor has all judged anew. Of pods that something known made their
//! images are kept alone: memory grows with workloads, and little with pods.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use plimsoll_kube::Config;
use plimsoll_kube::assessment::{Assessment, Surroundings};
use plimsoll_kube::manifest::Manifest;
use plimsoll_model::text::Source;
use serde_json::{Map, Value, json};

use super::signal::Signal;
use crate::cluster::{Failure, Kind, Seen, Stage};

/// What makes pods whose own text then need not be kept.
pub(super) const MAKERS: [&str; 5] =
    ["ReplicaSet", "StatefulSet", "DaemonSet", "Job", "ReplicationController"];

/// Namespace and name.
type Key = (String, String);

/// All objects that are looked at.
pub(super) struct Store {
    pub(super) shelves: Vec<Arc<Shelf>>,
    only: Option<String>,
}

/// The objects of a kind.
pub(super) struct Shelf {
    pub(super) kind: &'static Kind,
    signal: Arc<Signal>,
    inner: Mutex<Inner>,
}

#[derive(Default)]
struct Inner {
    objects: BTreeMap<Key, Kept>,
    /// The number of the list that is read, or was last.
    round: u64,
    /// Whether a list was read to its end.
    is_there: bool,
    /// Why the last one was not.
    problem: Option<String>,
}

struct Kept {
    text: Box<str>,
    round: u64,
}

impl Store {
    pub(super) fn new(only: Option<&str>, signal: &Arc<Signal>) -> Self {
        let shelf =
            |kind| Arc::new(Shelf { kind, signal: Arc::clone(signal), inner: Mutex::default() });
        Self { shelves: Kind::ALL.iter().map(shelf).collect(), only: only.map(str::to_owned) }
    }

    /// What could not be listed, each in a sentence.
    pub(super) fn missing(&self) -> Vec<String> {
        let problem = |shelf: &Arc<Shelf>| {
            let inner = shelf.inner();
            let why = match (&inner.problem, inner.is_there) {
                (Some(why), _) => why.clone(),
                (None, true) => return None,
                (None, false) => "not listed yet".to_owned(),
            };
            Some(format!("{} of {}: {why}", shelf.kind.plural, shelf.kind.api_version))
        };
        self.shelves.iter().filter_map(problem).collect()
    }

    /// Whether every kind was listed, or cannot be.
    pub(super) fn is_ready(&self) -> bool {
        self.shelves.iter().all(|shelf| {
            let inner = shelf.inner();
            inner.is_there || inner.problem.is_some()
        })
    }

    /// Whether an object is there.
    pub(super) fn has(&self, kind: &str, namespace: &str, name: &str) -> bool {
        let found = self.shelves.iter().find(|one| one.kind.kind == kind);
        let key = (namespace.to_owned(), name.to_owned());
        found.is_some_and(|shelf| shelf.inner().objects.contains_key(&key))
    }

    /// How many objects there are, and how many bytes of them are kept.
    pub(super) fn size(&self) -> (usize, usize) {
        let one = |shelf: &Arc<Shelf>| {
            let inner = shelf.inner();
            let bytes = inner.objects.values().map(|kept| kept.text.len()).sum::<usize>();
            (inner.objects.len(), bytes)
        };
        let all = self.shelves.iter().map(one);
        all.fold((0, 0), |(count, sum), (objects, bytes)| {
            (count.saturating_add(objects), sum.saturating_add(bytes))
        })
    }

    /// All of it, judged.
    pub(super) fn assess(&self, config: Config) -> Assessment {
        let mut around = Surroundings::new(config, self.only.as_deref()).complete();
        self.each(Stage::Surroundings, &mut |kind, one| {
            around.add(kind.plural, Arc::new(one));
        });
        let mut judge = around.finish();
        self.each(Stage::Controllers, &mut |kind, one| judge.controller(kind.plural, &one));
        self.each(Stage::Pods, &mut |kind, one| judge.pod(kind.plural, &one));
        judge.finish()
    }

    /// The pods of manifests on nodes, as the API server shows them.
    pub(super) fn mirrored(&self) -> Vec<Manifest> {
        let pods = self.shelves.iter().filter(|shelf| shelf.kind.stage == Stage::Pods);
        pods.flat_map(|shelf| {
            let inner = shelf.inner();
            let own = inner.objects.values();
            let own = own.filter(|kept| kept.text.contains("\"kubernetes.io/config.mirror\""));
            own.map(|kept| kept.text.clone()).collect::<Vec<_>>()
        })
        .filter_map(|text| Manifest::of_json(Source::new(text)).ok())
        .collect()
    }

    /// Every object of a stage.
    pub(super) fn each(&self, stage: Stage, take: &mut dyn FnMut(&'static Kind, Manifest)) {
        for shelf in self.shelves.iter().filter(|shelf| shelf.kind.stage == stage) {
            // A change may come in between: nobody waits for a whole kind to be judged.
            let keys: Vec<Key> = shelf.inner().objects.keys().cloned().collect();
            for key in keys {
                let text = shelf.inner().objects.get(&key).map(|kept| kept.text.clone());
                let read = text.map(|text| Manifest::of_json(Source::new(text)));
                if let Some(Ok(manifest)) = read {
                    take(shelf.kind, manifest);
                }
            }
        }
    }
}

impl Shelf {
    fn inner(&self) -> std::sync::MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Seen for Shelf {
    fn begin(&self) {
        let mut inner = self.inner();
        inner.round = inner.round.saturating_add(1);
    }

    fn object(&self, object: Value) {
        let Some((key, text)) = kept(object, self.kind) else { return };
        let mut inner = self.inner();
        let round = inner.round;
        let known = inner.objects.get(&key);
        let same = inner.is_there && known.is_some_and(|known| known.text == text);
        inner.objects.insert(key, Kept { text, round });
        drop(inner);
        if !same {
            self.signal.raise();
        }
    }

    fn end(&self) {
        let mut inner = self.inner();
        let round = inner.round;
        let before = inner.objects.len();
        inner.objects.retain(|_, kept| kept.round == round);
        let changed = inner.objects.len() != before || !inner.is_there || inner.problem.is_some();
        inner.is_there = true;
        inner.problem = None;
        drop(inner);
        if changed {
            self.signal.raise();
        }
    }

    fn gone(&self, object: &Value) {
        let text = |pointer: &str| object.pointer(pointer).and_then(Value::as_str);
        let namespace = text("/metadata/namespace").unwrap_or_default().to_owned();
        let name = text("/metadata/name").unwrap_or_default().to_owned();
        if self.inner().objects.remove(&(namespace, name)).is_some() {
            self.signal.raise();
        }
    }

    fn failed(&self, why: &Failure) {
        let mut inner = self.inner();
        // A cluster need not have it.
        if matches!(why, Failure::Said(404, _)) && self.kind.is_optional {
            inner.is_there = true;
            inner.problem = None;
        } else {
            inner.problem = Some(why.to_string());
        }
        drop(inner);
        self.signal.raise();
    }
}

/// Of an object its key and what is kept of it.
fn kept(object: Value, kind: &Kind) -> Option<(Key, Box<str>)> {
    let Value::Object(mut object) = object else { return None };
    object.insert("apiVersion".into(), kind.api_version.into());
    object.insert("kind".into(), kind.kind.into());
    let status = object.remove("status");
    let status = status.as_ref().and_then(|status| match kind.kind {
        "Node" => {
            let version = status.pointer("/nodeInfo/kubeletVersion")?;
            Some(json!({ "nodeInfo": { "kubeletVersion": version } }))
        }
        "Pod" => Some(images(status)),
        _ => None,
    });
    if let Some(status) = status {
        object.insert("status".into(), status);
    }
    let Some(Value::Object(metadata)) = object.get_mut("metadata") else { return None };
    for name in ["managedFields", "resourceVersion", "generation", "creationTimestamp"] {
        metadata.remove(name);
    }
    if let Some(Value::Object(notes)) = metadata.get_mut("annotations") {
        notes.remove("kubectl.kubernetes.io/last-applied-configuration");
    }
    let text = |name: &str| metadata.get(name).and_then(Value::as_str).unwrap_or_default();
    let key = (text("namespace").to_owned(), text("name").to_owned());
    if kind.kind == "Pod" && is_made(metadata) {
        for name in ["annotations", "labels", "generateName", "uid"] {
            metadata.remove(name);
        }
        if let Some(spec) = object.get_mut("spec") {
            *spec = containers(spec);
        }
    }
    Some((key, Value::Object(object).to_string().into_boxed_str()))
}

/// Whether something known made it, so that it is not judged itself.
fn is_made(metadata: &Map<String, Value>) -> bool {
    let owners = metadata.get("ownerReferences").and_then(Value::as_array);
    owners.into_iter().flatten().any(|owner| {
        let kind = owner.get("kind").and_then(Value::as_str).unwrap_or_default();
        owner.get("controller").and_then(Value::as_bool) == Some(true) && MAKERS.contains(&kind)
    })
}

/// Of the containers of a spec the names and images.
fn containers(spec: &Value) -> Value {
    parts(spec, &["initContainers", "containers", "ephemeralContainers"], &["name", "image"])
}

/// Of the containers of a status the names and what runs.
fn images(status: &Value) -> Value {
    let lists = ["initContainerStatuses", "containerStatuses", "ephemeralContainerStatuses"];
    parts(status, &lists, &["name", "imageID"])
}

fn parts(from: &Value, lists: &[&str], names: &[&str]) -> Value {
    let of_one = |one: &Value| -> Value {
        let fields = names.iter().filter_map(|name| Some(((*name).to_owned(), one.get(name)?)));
        fields.map(|(name, value)| (name, value.clone())).collect::<Map<_, _>>().into()
    };
    let of_list = |list: &&str| {
        let all = from.get(*list)?.as_array()?;
        Some(((*list).to_owned(), all.iter().map(of_one).collect::<Vec<_>>().into()))
    };
    lists.iter().filter_map(of_list).collect::<Map<String, Value>>().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shelf(kind: &str) -> (Shelf, Arc<Signal>) {
        let signal = Arc::new(Signal::default());
        let kind = Kind::ALL.iter().find(|one| one.kind == kind).unwrap();
        (Shelf { kind, signal: Arc::clone(&signal), inner: Mutex::default() }, signal)
    }

    fn pod(version: &str, image: &str) -> Value {
        json!({"metadata": {"name": "a", "namespace": "n", "resourceVersion": version,
            "ownerReferences": [{"kind": "ReplicaSet", "name": "r", "controller": true}]},
            "spec": {"nodeName": "x", "containers": [{"name": "c", "image": "i", "env": []}]},
            "status": {"phase": version, "containerStatuses": [{"name": "c", "imageID": image,
                "restartCount": 1}]}})
    }

    #[test]
    fn a_heartbeat_is_no_change_and_another_image_is_one() {
        let (shelf, signal) = shelf("Pod");
        shelf.begin();
        shelf.object(pod("1", "r@sha256:aa"));
        shelf.end();
        assert!(signal.take());
        shelf.object(pod("2", "r@sha256:aa"));
        assert!(!signal.take());
        shelf.object(pod("3", "r@sha256:bb"));
        assert!(signal.take());
        let text = shelf.inner().objects.values().next().unwrap().text.to_string();
        assert!(text.contains("r@sha256:bb") && !text.contains("nodeName"), "{text}");
    }

    #[test]
    fn what_a_new_list_does_not_have_is_gone_and_a_broken_list_takes_nothing_away() {
        let (shelf, signal) = shelf("Pod");
        shelf.begin();
        shelf.object(pod("1", "x"));
        shelf.end();
        signal.take();
        shelf.begin();
        shelf.failed(&Failure::Said(500, "no".into()));
        assert_eq!(shelf.inner().objects.len(), 1);
        assert!(shelf.inner().problem.is_some());
        shelf.begin();
        shelf.end();
        assert!(shelf.inner().objects.is_empty() && signal.take());
    }
}
