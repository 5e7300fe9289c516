//! The client's way through a repository, step by step.
//!
//! Source: section 5 of the TUF specification; where it leaves something open,
//! `tuf/ngclient` of theupdateframework/python-tuf.

use std::collections::{BTreeMap, BTreeSet};

use plimsoll_model::Timestamp;

use super::metadata::{
    Document, Kind, MetaFile, Root, Snapshot, TargetFile, Targets, TimestampRole,
};
use super::{Anchor, Repository, Store, TufError};

/// The most bytes of each kind of metadata whose length nobody announced.
const MAX_ROOT: u64 = 512_000;
const MAX_TIMESTAMP: u64 = 16_384;
const MAX_SNAPSHOT: u64 = 2_000_000;
const MAX_TARGETS: u64 = 5_000_000;

/// The largest target, in bytes.
const MAX_TARGET: u64 = 64 << 20;

/// The most roots that one run follows.
const MAX_ROTATIONS: u64 = 256;

/// The most roles that are asked about one target.
const MAX_VISITED: usize = 32;

/// What a root says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RootSummary {
    /// Its version.
    pub version: u64,
    /// When it ends.
    pub expires: Timestamp,
    /// How many keys may sign the next one.
    pub keys: usize,
    /// How many must.
    pub threshold: usize,
}

/// Checks that `bytes` are a root that its own keys signed; its time is not looked at.
pub fn check_root(bytes: &[u8]) -> Result<RootSummary, TufError> {
    let root = own_root(bytes)?;
    let signers = root.roles.get("root");
    Ok(RootSummary {
        version: root.version,
        expires: root.expires(),
        keys: signers.map_or(0, |it| it.key_ids.len()),
        threshold: signers.map_or(0, |it| it.threshold),
    })
}

fn own_root(bytes: &[u8]) -> Result<Root, TufError> {
    let document: Document<Root> = Document::parse(bytes, "root")?;
    document.signed.verify("root", &document)?;
    Ok(document.signed)
}

/// A repository whose present state was verified.
pub struct Client<'a> {
    repository: &'a mut dyn Repository,
    store: &'a mut dyn Store,
    now: Timestamp,
    root: Root,
    timestamp: TimestampRole,
    snapshot: Snapshot,
    targets: BTreeMap<String, Targets>,
}

impl<'a> Client<'a> {
    /// Brings what `store` trusts up to date with `repository`, at the time `now`. The chain
    /// begins at the stored root, or at `anchor` where that is newer or nothing is stored.
    pub fn refresh(
        repository: &'a mut dyn Repository,
        store: &'a mut dyn Store,
        anchor: Option<&Anchor>,
        now: Timestamp,
    ) -> Result<Self, TufError> {
        let root = latest_root(repository, store, anchor)?;
        in_time("root", &root, now)?;
        let timestamp = latest_timestamp(repository, store, &root, now)?;
        let snapshot = latest_snapshot(repository, store, &root, &timestamp, now)?;
        let targets = BTreeMap::new();
        let mut client = Self { repository, store, now, root, timestamp, snapshot, targets };
        client.role("targets", "root")?;
        Ok(client)
    }

    /// The version of the root.
    pub fn root_version(&self) -> u64 {
        self.root.version
    }

    /// When the first of the roles ends: until then the state is fresh.
    pub fn fresh_until(&self) -> Timestamp {
        let others = [self.root.expires(), self.timestamp.expires(), self.snapshot.expires()];
        let targets = self.targets.get("targets").map(Kind::expires);
        others.into_iter().chain(targets).min().unwrap_or(self.now)
    }

    /// What is signed about the target `path`: the first role that may speak for it and lists it
    /// has the word.
    pub fn find(&mut self, path: &str) -> Result<TargetFile, TufError> {
        let mut visited: BTreeSet<String> = BTreeSet::new();
        let mut stack = vec![("targets".to_owned(), "root".to_owned())];
        while let Some((role, by)) = stack.pop() {
            if visited.contains(&role) {
                continue;
            }
            if visited.len() == MAX_VISITED {
                let most = MAX_VISITED.to_string();
                return Err(TufError::TooMuch { what: format!("roles about `{path}`"), most });
            }
            let targets = self.role(&role, &by)?;
            if let Some(file) = targets.files.get(path) {
                return Ok(file.clone());
            }
            let mut next = Vec::new();
            let delegations = targets.delegations.as_ref();
            for (child, last_word) in delegations.map_or_else(Vec::new, |it| it.roles_for(path)) {
                next.push((child, role.clone()));
                if last_word {
                    stack.clear();
                    break;
                }
            }
            stack.extend(next.into_iter().rev());
            visited.insert(role);
        }
        Err(TufError::UnknownTarget(path.to_owned()))
    }

    /// Fetches the target `path` and checks that it is what is signed.
    pub fn download(&mut self, path: &str) -> Result<Vec<u8>, TufError> {
        let file = self.find(path)?;
        if file.length > MAX_TARGET {
            let most = format!("{MAX_TARGET} bytes");
            return Err(TufError::TooMuch { what: format!("target `{path}`"), most });
        }
        let at = match (self.root.consistent_snapshot, file.prefix()) {
            (true, Some(digest)) => match path.rsplit_once('/') {
                Some((folder, name)) => format!("{folder}/{digest}.{name}"),
                None => format!("{digest}.{path}"),
            },
            _ => path.to_owned(),
        };
        let fetched = self.repository.target(&at, file.length);
        let bytes = fetched
            .map_err(|why| TufError::Fetch { what: at.clone(), why })?
            .ok_or_else(|| TufError::Missing(format!("the target `{at}`")))?;
        file.check(path, &bytes)?;
        Ok(bytes)
    }

    /// The metadata of a role that lists targets, on the word of `by`. It is verified anew for
    /// each role that delegates to it, since each names keys of its own.
    fn role(&mut self, role: &str, by: &str) -> Result<&Targets, TufError> {
        let file = self.snapshot.file(role)?.clone();
        let stored =
            load(self.store, role)?.and_then(|bytes| self.checked(role, by, &file, &bytes).ok());
        let targets = if let Some(targets) = stored {
            targets
        } else {
            let version = self.root.consistent_snapshot.then_some(file.version);
            let most = file.length.unwrap_or(MAX_TARGETS).min(MAX_TARGETS);
            let bytes = fetch(self.repository, role, version, most)?;
            let targets = self.checked(role, by, &file, &bytes)?;
            save(self.store, role, &bytes)?;
            targets
        };
        self.targets.insert(role.to_owned(), targets);
        self.targets.get(role).ok_or_else(|| TufError::Missing(role.to_owned()))
    }

    fn checked(
        &self,
        role: &str,
        by: &str,
        file: &MetaFile,
        bytes: &[u8],
    ) -> Result<Targets, TufError> {
        file.check(role, bytes)?;
        let document: Document<Targets> = Document::parse(bytes, role)?;
        let delegations = self.targets.get(by).and_then(|it| it.delegations.as_ref());
        match delegations {
            None => self.root.verify(role, &document)?,
            Some(delegations) => delegations.verify(role, &document, by)?,
        }
        is_version(role, file.version, document.signed.version)?;
        in_time(role, &document.signed, self.now)?;
        Ok(document.signed)
    }
}

/// Follows the chain of roots to its end; each root is signed by the one before and by itself.
fn latest_root(
    repository: &mut dyn Repository,
    store: &mut dyn Store,
    anchor: Option<&Anchor>,
) -> Result<Root, TufError> {
    let stored = load(store, "root")?.map(|bytes| own_root(&bytes)).transpose()?;
    let mut root = match (stored, anchor) {
        (Some(root), Some(anchor)) if root.version < anchor.version() => anchor.root(),
        (Some(root), _) => root,
        (None, Some(anchor)) => anchor.root(),
        (None, None) => return Err(TufError::Missing("a root to begin with".into())),
    };
    let first = root.version;
    while let Some(bytes) = fetch_root(repository, root.version + 1)? {
        if root.version - first == MAX_ROTATIONS {
            let most = MAX_ROTATIONS.to_string();
            return Err(TufError::TooMuch { what: "new roots at once".into(), most });
        }
        let document: Document<Root> = Document::parse(&bytes, "root")?;
        root.verify("root", &document)?;
        is_version("root", root.version + 1, document.signed.version)?;
        document.signed.verify("root", &document)?;
        save(store, "root", &bytes)?;
        root = document.signed;
    }
    if anchor.is_some_and(|anchor| root.version < anchor.version()) {
        return Err(TufError::Missing(format!("root {}", root.version + 1)));
    }
    Ok(root)
}

fn fetch_root(repository: &mut dyn Repository, version: u64) -> Result<Option<Vec<u8>>, TufError> {
    let name = format!("{version}.root.json");
    bounded(repository.metadata(&name, MAX_ROOT), &name, MAX_ROOT)
}

/// The newest timestamp: never older than the stored one, and not about an older snapshot.
fn latest_timestamp(
    repository: &mut dyn Repository,
    store: &mut dyn Store,
    root: &Root,
    now: Timestamp,
) -> Result<TimestampRole, TufError> {
    let read = |bytes: &[u8]| -> Result<TimestampRole, TufError> {
        let document: Document<TimestampRole> = Document::parse(bytes, "timestamp")?;
        root.verify("timestamp", &document)?;
        Ok(document.signed)
    };
    // A stored one that new keys did not sign counts no more: so a repository recovers from an
    // attacker who went far ahead with its versions.
    let stored = load(store, "timestamp")?.and_then(|bytes| read(&bytes).ok());
    let bytes = fetch(repository, "timestamp", None, MAX_TIMESTAMP)?;
    let offered = read(&bytes)?;
    if let Some(stored) = stored {
        not_older("timestamp", stored.version, offered.version)?;
        if offered.version == stored.version {
            in_time("timestamp", &stored, now)?;
            return Ok(stored);
        }
        if let (Some(before), Some(after)) = (stored.snapshot(), offered.snapshot()) {
            not_older("snapshot", before.version, after.version)?;
        }
    }
    in_time("timestamp", &offered, now)?;
    save(store, "timestamp", &bytes)?;
    Ok(offered)
}

/// The snapshot that the timestamp names: nothing that was listed is gone or older.
fn latest_snapshot(
    repository: &mut dyn Repository,
    store: &mut dyn Store,
    root: &Root,
    timestamp: &TimestampRole,
    now: Timestamp,
) -> Result<Snapshot, TufError> {
    let file = timestamp.snapshot().ok_or_else(|| TufError::Missing("the snapshot".into()))?;
    let read = |bytes: &[u8]| -> Result<Snapshot, TufError> {
        let document: Document<Snapshot> = Document::parse(bytes, "snapshot")?;
        root.verify("snapshot", &document)?;
        Ok(document.signed)
    };
    let stored = load(store, "snapshot")?.and_then(|bytes| read(&bytes).ok());
    if let Some(stored) = stored.as_ref().filter(|it| it.version == file.version) {
        in_time("snapshot", stored, now)?;
        return Ok(stored.clone());
    }
    let version = root.consistent_snapshot.then_some(file.version);
    let most = file.length.unwrap_or(MAX_SNAPSHOT).min(MAX_SNAPSHOT);
    let bytes = fetch(repository, "snapshot", version, most)?;
    file.check("snapshot", &bytes)?;
    let offered = read(&bytes)?;
    is_version("snapshot", file.version, offered.version)?;
    for (name, before) in stored.iter().flat_map(|it| &it.meta) {
        let after = offered.meta.get(name).ok_or_else(|| TufError::Removed(name.clone()))?;
        not_older(name, before.version, after.version)?;
    }
    in_time("snapshot", &offered, now)?;
    save(store, "snapshot", &bytes)?;
    Ok(offered)
}

fn in_time(role: &str, metadata: &impl Kind, now: Timestamp) -> Result<(), TufError> {
    let expires = metadata.expires();
    if now < expires {
        return Ok(());
    }
    Err(TufError::Expired { role: role.to_owned(), version: metadata.version(), expires })
}

fn not_older(role: &str, seen: u64, found: u64) -> Result<(), TufError> {
    if found >= seen {
        return Ok(());
    }
    Err(TufError::Rollback { role: role.to_owned(), seen, found })
}

fn is_version(role: &str, wanted: u64, found: u64) -> Result<(), TufError> {
    if found == wanted {
        return Ok(());
    }
    Err(TufError::Version { role: role.to_owned(), wanted, found })
}

/// A role's name as a part of a path: all but unreserved letters of RFC 3986 are escaped.
fn escaped(role: &str) -> String {
    role.bytes().fold(String::new(), |mut name, byte| {
        use std::fmt::Write as _;
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            name.push(char::from(byte));
        } else {
            // Writing to a `String` cannot fail.
            let _ = write!(name, "%{byte:02X}");
        }
        name
    })
}

fn fetch(
    repository: &mut dyn Repository,
    role: &str,
    version: Option<u64>,
    most: u64,
) -> Result<Vec<u8>, TufError> {
    let role = escaped(role);
    let name = version.map_or_else(|| format!("{role}.json"), |it| format!("{it}.{role}.json"));
    bounded(repository.metadata(&name, most), &name, most)?
        .ok_or_else(|| TufError::Missing(format!("`{name}`")))
}

fn bounded(
    fetched: Result<Option<Vec<u8>>, String>,
    name: &str,
    most: u64,
) -> Result<Option<Vec<u8>>, TufError> {
    let bytes = fetched.map_err(|why| TufError::Fetch { what: name.to_owned(), why })?;
    if bytes.as_ref().is_some_and(|it| it.len() as u64 > most) {
        let most = format!("{most} bytes");
        return Err(TufError::TooMuch { what: format!("`{name}`"), most });
    }
    Ok(bytes)
}

fn load(store: &dyn Store, role: &str) -> Result<Option<Vec<u8>>, TufError> {
    let name = format!("{}.json", escaped(role));
    store.load(&name).map_err(|why| TufError::Store { what: name, why })
}

fn save(store: &mut dyn Store, role: &str, bytes: &[u8]) -> Result<(), TufError> {
    let name = format!("{}.json", escaped(role));
    store.save(&name, bytes).map_err(|why| TufError::Store { what: name, why })
}
