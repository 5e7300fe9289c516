//! What was observed, each thing once.

use std::collections::{BTreeMap, BTreeSet};

use super::deed::{Access, Deed, Peer};

/// How many different things of one sort are kept.
const MOST: usize = 65_536;

/// What the deeds of a run come to.
#[derive(Debug, Clone, Default)]
pub struct Observed {
    /// What the documents are named after.
    pub name: String,
    /// The condition that tells its events.
    pub selection: Option<String>,
    /// How many events there were.
    pub events: u64,
    /// System calls and how often each happened.
    pub calls: BTreeMap<&'static str, u64>,
    /// Programs that were started.
    pub executables: BTreeSet<String>,
    /// Files and what was done to each.
    pub files: BTreeMap<String, BTreeSet<Access>>,
    /// Other ends of connections.
    pub peers: BTreeSet<Peer>,
    /// Families and types of sockets.
    pub sockets: BTreeSet<(u64, u64)>,
    /// Capabilities, and what took each.
    pub capabilities: BTreeMap<&'static str, BTreeSet<String>>,
    /// There was more than is kept: a document of it would deny what happened.
    pub is_full: bool,
}

impl Observed {
    /// Nothing yet.
    pub fn new(name: impl Into<String>, selection: Option<&str>) -> Self {
        Self { name: name.into(), selection: selection.map(str::to_owned), ..Self::default() }
    }

    /// Notes what an event asked for.
    pub fn note(&mut self, deed: &Deed) {
        self.events = self.events.saturating_add(1);
        if let Some(call) = deed.call {
            let count = self.calls.entry(call).or_default();
            *count = count.saturating_add(1);
        }
        if self.files.len().max(self.peers.len()).max(self.executables.len()) >= MOST {
            self.is_full = true;
            return;
        }
        self.executables.extend(deed.executes.clone());
        for (path, access) in &deed.files {
            self.files.entry(path.clone()).or_default().insert(*access);
        }
        self.peers.extend(deed.peer.clone());
        self.sockets.extend(deed.sockets());
        for (capability, reason) in &deed.capabilities {
            self.capabilities.entry(capability).or_default().insert(reason.clone());
        }
    }

    /// Files that something was done to.
    pub fn files_with(&self, access: Access) -> impl Iterator<Item = &str> {
        let has = move |(_, done): &(&String, &BTreeSet<Access>)| done.contains(&access);
        self.files.iter().filter(has).map(|(path, _)| path.as_str())
    }
}
