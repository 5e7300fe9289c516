//! The client's way through a repository: root, timestamp, snapshot, targets, delegations.
//!
//! Source: `client/tufclient.go` and `tuf/builder.go` of theupdateframework/notary.

use serde::de::DeserializeOwned;

use super::lookup::{Loaded, RELEASES, Roles, is_released};
use super::metadata::{
    Delegation, Document, FileMeta, Kind, Role, Snapshot, TARGETS, Targets, TimestampRole,
};
use super::roots::Newest;
use super::{Request, RoleKeys, Source, Store, Target, Unavailable, Verdict, step};
use crate::hash::hex;
use crate::verify::{Report, Status, Step, step as common};

/// The largest timestamp and snapshot, in bytes.
const MAX_TIMESTAMP: u64 = 1 << 20;
const MAX_SNAPSHOT: u64 = 16 << 20;

/// The most bytes of all roles that list targets.
const MAX_TARGETS: u64 = 64 << 20;

/// The most roles that list targets.
const MAX_ROLES: usize = 512;

/// Why a run ends before all was checked.
pub(super) enum Stop {
    Refused(Box<Step>),
    Unavailable(Unavailable),
}

/// One run.
pub(super) struct Run<'r> {
    pub(super) request: &'r Request<'r>,
    source: &'r mut dyn Source,
    store: &'r mut dyn Store,
    steps: Vec<Step>,
    pub(super) keys: Vec<RoleKeys>,
}

/// Verifies what is signed about a tag. What proved true is remembered in `store` at once: a root
/// or a version that was seen stays seen, whatever fails behind it.
pub fn verify(
    request: &Request<'_>,
    source: &mut dyn Source,
    store: &mut dyn Store,
) -> Result<Verdict, Unavailable> {
    let mut run = Run { request, source, store, steps: Vec::new(), keys: Vec::new() };
    let target = match run.target() {
        Ok(target) => Some(target),
        Err(Stop::Refused(step)) => {
            run.steps.push(*step);
            None
        }
        Err(Stop::Unavailable(why)) => return Err(why),
    };
    let report = Report { verified: target.is_some(), steps: run.steps, ..Report::default() };
    Ok(Verdict { report, target, keys: run.keys })
}

impl Run<'_> {
    fn target(&mut self) -> Result<Target, Stop> {
        let newest = self.newest_root()?;
        let snapshot = self.snapshot(&newest)?;
        let (roles, passed_over) = self.roles(&newest, &snapshot)?;
        self.look_up(&roles, &passed_over)
    }

    /// The timestamp, and the snapshot that it names.
    fn snapshot(&mut self, newest: &Newest) -> Result<Snapshot, Stop> {
        let root = &newest.root.signed;
        let bytes = self.fetch("timestamp", None, MAX_TIMESTAMP)?;
        let timestamp: TimestampRole =
            self.verified("timestamp", &bytes, &root.role("timestamp"))?;
        self.save("timestamp", &bytes)?;
        let none =
            || Self::failed(step::HASH, "the snapshot's digest", "none".into(), "timestamp.json");
        let listed = timestamp.0.meta.get("snapshot").ok_or_else(none)?;
        let bytes = self.listed("snapshot", listed, MAX_SNAPSHOT)?;
        let snapshot: Snapshot = self.verified("snapshot", &bytes, &root.role("snapshot"))?;
        self.save("snapshot", &bytes)?;
        // The parts of two states do not mix.
        let none = || Self::failed(step::HASH, "the root's digest", "none".into(), "snapshot.json");
        let listed = snapshot.0.meta.get("root").ok_or_else(none)?;
        self.is_listed(listed, &newest.bytes, "root.json")?;
        Ok(snapshot)
    }

    /// Every role that lists targets, parents first. One that a parent hands on to and that too
    /// few signed, or that has expired, is passed over and costs no other.
    fn roles(
        &mut self,
        newest: &Newest,
        snapshot: &Snapshot,
    ) -> Result<(Roles, Vec<String>), Stop> {
        let (mut roles, mut passed_over) = (Roles::default(), Vec::new());
        let mut waiting = vec![Delegation::top()];
        let mut left = MAX_TARGETS;
        while let Some(role) = waiting.pop() {
            let name = role.name.clone();
            let Some(listed) = snapshot.0.meta.get(&name) else { continue };
            if roles.0.len() == MAX_ROLES {
                let most = format!("at most {MAX_ROLES} roles");
                return Err(Self::failed(step::DELEGATION, &most, "more".into(), "snapshot.json"));
            }
            let bytes = self.listed(&name, listed, left)?;
            left = left.saturating_sub(listed.length);
            let targets: Targets = if name == TARGETS {
                self.verified(&name, &bytes, &newest.root.signed.role(TARGETS))?
            } else {
                self.canonical_keys_of(&role);
                let before = self.steps.len();
                match self.verified(&name, &bytes, &role.role()) {
                    Ok(targets) => targets,
                    Err(Stop::Refused(mut why)) if is_tolerable(&why) => {
                        self.steps.truncate(before);
                        why.status = Status::Ignored;
                        passed_over.push(format!("`{name}` does not count: {}", why.found));
                        self.steps.push(*why);
                        continue;
                    }
                    Err(stop) => return Err(stop),
                }
            };
            self.save(&name, &bytes)?;
            waiting.extend(targets.delegations(&role).into_iter().rev());
            roles.0.insert(name, Loaded { role, targets });
        }
        Ok((roles, passed_over))
    }

    fn canonical_keys_of(&mut self, role: &Delegation) {
        let (name, signers) = (&role.name, role.role());
        self.keys.push(RoleKeys {
            role: name.clone(),
            threshold: signers.threshold,
            keys: signers.keys.iter().map(|(_, key)| key.canonical_id()).collect(),
        });
    }

    fn look_up(&mut self, roles: &Roles, passed_over: &[String]) -> Result<Target, Stop> {
        let tag = self.request.tag;
        let as_docker = self.request.roles.is_empty();
        let asked: Vec<&str> = if as_docker {
            vec![RELEASES, TARGETS]
        } else {
            self.request.roles.iter().map(String::as_str).collect()
        };
        let expected = format!("`{tag}` in {}", asked.join(", else in "));
        let place = roles.find(tag, &asked);
        let found = match place {
            Some((role, _)) if as_docker && !is_released(role) => {
                Err(format!("only `{role}` lists it, so that it is not released"))
            }
            Some((role, file)) => match file.sha256().and_then(|it| it.try_into().ok()) {
                Some(sha256) => Ok((role, sha256, file.length)),
                None => Err(format!("`{role}` lists it without a SHA-256 digest")),
            },
            None => {
                let beyond = roles.presumptuous(tag).into_iter();
                let beyond =
                    beyond.map(|role| format!("`{role}` lists it and may not speak for it"));
                let all: Vec<String> = beyond.chain(passed_over.iter().cloned()).collect();
                Err(if all.is_empty() { "no role lists it".into() } else { all.join("; ") })
            }
        };
        let (role, sha256, length): (&str, [u8; 32], u64) =
            found.map_err(|why| Self::failed(step::TAG, &expected, why, &asked.join(", ")))?;
        let same = roles.all(tag).into_iter().filter(|(other, file)| {
            !is_released(other) && file.sha256() == Some(sha256.as_slice())
        });
        let signers: Vec<String> = same
            .map(|(role, _)| role.strip_prefix("targets/").unwrap_or(role).to_owned())
            .collect();
        let found = format!("sha256:{} in `{role}`", hex(&sha256));
        self.judged(step::TAG, expected, Ok(found), &format!("{role}.json"))?;
        Ok(Target { sha256, length, role: role.to_owned(), signers })
    }

    /// Metadata whose length and digest other metadata lists.
    fn listed(&mut self, name: &str, listed: &FileMeta, most: u64) -> Result<Vec<u8>, Stop> {
        let sha256 = listed.sha256().map(hex);
        if listed.length > most {
            let place = format!("{name}.json");
            let expected = format!("at most {most} bytes");
            let found = format!("{} bytes", listed.length);
            return Err(Self::failed(step::METADATA, &expected, found, &place));
        }
        let bytes = self.fetch(name, sha256.as_deref(), listed.length)?;
        self.is_listed(listed, &bytes, &format!("{name}.json"))?;
        Ok(bytes)
    }

    fn is_listed(&mut self, listed: &FileMeta, bytes: &[u8], place: &str) -> Result<(), Stop> {
        let sha256 = listed.sha256().map_or_else(|| "a SHA-256 digest".into(), hex);
        let expected = format!("{} bytes, sha256:{sha256}", listed.length);
        self.judged(step::HASH, expected, listed.check(bytes), place)
    }

    /// Reads a document that the holders of `role` must have signed, that must not have expired,
    /// and that must not be older than what was seen.
    fn verified<T: DeserializeOwned + Kind>(
        &mut self,
        name: &str,
        bytes: &[u8],
        role: &Role<'_>,
    ) -> Result<T, Stop> {
        let place = format!("{name}.json");
        let document: Document<T> = self.document(name, bytes)?;
        let expected = format!("{} of {} keys", role.threshold, role.keys.len());
        self.judged(common::SIGNATURE, expected, role.signed(&document), &place)?;
        // What was kept counts where the present keys signed it: new keys take back what a thief
        // of the old ones did with versions.
        let kept = self.load(name)?.and_then(|bytes| Document::<T>::parse(name, &bytes).ok());
        if let Some(kept) = kept.filter(|kept| role.signed(kept).is_ok()) {
            let (seen, found) = (kept.signed.version(), document.signed.version());
            let result = format!("version {found}");
            let result = if found >= seen { Ok(result) } else { Err(result) };
            let expected = format!("version {seen}, which was seen, or newer");
            self.judged(step::VERSION, expected, result, &place)?;
        }
        self.in_time(&document.signed, &place)?;
        Ok(document.signed)
    }

    /// Reads a document of the role `name`.
    pub(super) fn document<T: DeserializeOwned + Kind>(
        &mut self,
        name: &str,
        bytes: &[u8],
    ) -> Result<Document<T>, Stop> {
        let read = Document::<T>::parse(name, bytes);
        let found = match &read {
            Ok(document) => Ok(format!("version {}", document.signed.version())),
            Err(why) => Err(why.clone()),
        };
        let place = format!("{name}.json");
        self.judged(step::METADATA, format!("metadata of type `{}`", T::NAME), found, &place)?;
        read.map_err(|why| Self::failed(step::METADATA, "metadata", why, &place))
    }

    pub(super) fn in_time(&mut self, metadata: &impl Kind, place: &str) -> Result<(), Stop> {
        let (expires, now) = (metadata.expires(), self.request.now);
        let found = format!("it expires at {expires}");
        let found = if now < expires { Ok(found) } else { Err(format!("it expired at {expires}")) };
        self.judged(step::EXPIRY, format!("valid at {now}"), found, place)
    }

    /// Fetches a document that must be there.
    pub(super) fn fetch(
        &mut self,
        name: &str,
        sha256: Option<&str>,
        most: u64,
    ) -> Result<Vec<u8>, Stop> {
        let place = format!("{name}.json");
        let found = self.fetch_any(name, sha256, most)?;
        let none = || {
            let found = "the repository has none: nothing is signed, or something is kept away";
            Self::failed(step::METADATA, &format!("`{place}`"), found.into(), &place)
        };
        found.ok_or_else(none)
    }

    pub(super) fn fetch_any(
        &mut self,
        name: &str,
        sha256: Option<&str>,
        most: u64,
    ) -> Result<Option<Vec<u8>>, Stop> {
        let found = self.source.fetch(name, sha256, most);
        let found = found
            .map_err(|why| Stop::Unavailable(Unavailable { what: format!("{name}.json"), why }))?;
        if found.as_ref().is_some_and(|bytes| bytes.len() as u64 > most) {
            let (expected, place) = (format!("at most {most} bytes"), format!("{name}.json"));
            return Err(Self::failed(step::METADATA, &expected, "more".into(), &place));
        }
        Ok(found)
    }

    /// Adds a check to the report, and ends the run where it did not hold.
    pub(super) fn judged(
        &mut self,
        name: &'static str,
        expected: impl Into<String>,
        found: Result<String, String>,
        place: &str,
    ) -> Result<(), Stop> {
        let expected = expected.into();
        match found {
            Err(why) => Err(Self::failed(name, &expected, why, place)),
            Ok(found) => {
                let place = place.to_owned();
                self.steps.push(Step { name, status: Status::Passed, expected, found, place });
                Ok(())
            }
        }
    }

    /// A check that did not hold.
    pub(super) fn failed(name: &'static str, expected: &str, found: String, place: &str) -> Stop {
        let (expected, place) = (expected.to_owned(), place.to_owned());
        Stop::Refused(Box::new(Step { name, status: Status::Failed, expected, found, place }))
    }

    pub(super) fn load(&self, name: &str) -> Result<Option<Vec<u8>>, Stop> {
        let what = stored(name);
        self.store.load(&what).map_err(|why| Stop::Unavailable(Unavailable { what, why }))
    }

    pub(super) fn save(&mut self, name: &str, bytes: &[u8]) -> Result<(), Stop> {
        let what = stored(name);
        self.store.save(&what, bytes).map_err(|why| Stop::Unavailable(Unavailable { what, why }))
    }
}

/// The name of a file for a role: all letters of a role's name can be in one but the slash.
fn stored(role: &str) -> String {
    format!("{}.json", role.replace('/', "%2F"))
}

/// Whether a role may be passed over for that, as notary does.
fn is_tolerable(step: &Step) -> bool {
    [step::EXPIRY, common::SIGNATURE].contains(&step.name)
}
