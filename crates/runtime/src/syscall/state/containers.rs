//! What the events of the container plugin say of containers.

use std::collections::{BTreeMap, HashMap};

use foldhash::fast::RandomState;
use serde::Deserialize;

/// The most containers that are kept.
const MOST: usize = 16_384;
/// The longest description of one.
const LONGEST: usize = 1024 * 1024;

/// The containers that are known, by the number that control groups tell.
#[derive(Debug)]
pub(crate) struct Containers {
    all: HashMap<String, Container, RandomState>,
    host: Container,
    /// Of the last event that told of one.
    pub(crate) told: Option<(u64, Box<Container>)>,
}

/// A container as its runtime describes it.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
#[allow(clippy::struct_excessive_bools, reason = "each is a field that rules ask for")]
pub(crate) struct Container {
    pub(crate) id: String,
    pub(crate) full_id: String,
    #[serde(rename = "type")]
    pub(crate) kind: u64,
    pub(crate) name: String,
    pub(crate) image: String,
    pub(crate) imageid: String,
    pub(crate) imagerepo: String,
    pub(crate) imagetag: String,
    pub(crate) imagedigest: String,
    #[serde(rename = "User")]
    pub(crate) user: String,
    pub(crate) cni_json: String,
    pub(crate) ip: String,
    pub(crate) host_pid: bool,
    pub(crate) host_network: bool,
    pub(crate) host_ipc: bool,
    pub(crate) privileged: bool,
    pub(crate) labels: Option<BTreeMap<String, String>>,
    pub(crate) pod_sandbox_id: String,
    pub(crate) pod_sandbox_labels: Option<BTreeMap<String, String>>,
    #[serde(rename = "Mounts")]
    pub(crate) mounts: Option<Vec<Mount>>,
}

/// A folder that a container is given.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub(crate) struct Mount {
    pub(crate) source: String,
    pub(crate) destination: String,
    pub(crate) mode: String,
    #[serde(rename = "RW")]
    pub(crate) writable: bool,
    pub(crate) propagation: String,
}

#[derive(Deserialize)]
struct Described {
    container: Container,
}

/// How many digits of a container's number are shown.
pub(crate) const SHOWN: usize = 12;
const HOST: u64 = 0xfffe;

impl Default for Containers {
    fn default() -> Self {
        let name = || "host".to_owned();
        let host = Container {
            id: name(),
            full_id: name(),
            name: name(),
            kind: HOST,
            ..Container::default()
        };
        Self { all: HashMap::default(), host, told: None }
    }
}

impl Containers {
    /// What a description in JSON says, for the event of this number.
    pub(crate) fn describe(&mut self, json: &[u8], event: u64, removed: bool) {
        let json = json.split(|byte| *byte == 0).next().unwrap_or_default();
        if json.len() > LONGEST {
            return;
        }
        let Ok(Described { container }) = serde_json::from_slice(json) else { return };
        if removed {
            self.all.remove(&container.id);
        } else if self.all.len() < MOST || self.all.contains_key(&container.id) {
            self.all.insert(container.id.clone(), container.clone());
        }
        self.told = Some((event, Box::new(container)));
    }

    /// The container of a number; the machine itself where there is none.
    pub(crate) fn get(&self, id: Option<&str>) -> Option<&Container> {
        match id {
            None => Some(&self.host),
            Some(id) => self.all.get(id),
        }
    }

    /// Whether others share what this one has: it is a pod's, and runs nothing of its own.
    pub(crate) fn holds_others(&self, id: &str) -> bool {
        !id.is_empty()
            && self.all.values().any(|it| it.id != id && it.pod_sandbox_id.starts_with(id))
    }

    /// The container that holds the network of a pod.
    pub(crate) fn sandbox(&self, container: &Container) -> Option<&Container> {
        let id = &container.pod_sandbox_id;
        self.all.get(id.get(..SHOWN).unwrap_or(id))
    }
}

/// The repository, tag and digest of an image's name.
pub fn image_parts(name: &str) -> (&str, &str, &str) {
    let (name, digest) = name.split_once('@').unwrap_or((name, ""));
    match name.rsplit_once(':') {
        Some((repository, tag)) if !tag.contains('/') => (repository, tag, digest),
        _ => (name, "", digest),
    }
}

impl Container {
    pub(crate) fn kind(&self) -> &'static str {
        match self.kind {
            0 => "docker",
            1 => "lxc",
            2 => "libvirt-lxc",
            3 => "mesos",
            4 => "rkt",
            6 => "cri",
            7 => "containerd",
            8 => "cri-o",
            9 => "bpm",
            11 => "podman",
            HOST => "host",
            _ => "",
        }
    }

    pub(crate) fn label(&self, key: &str) -> Option<&str> {
        self.labels.as_ref()?.get(key).map(String::as_str)
    }
}
