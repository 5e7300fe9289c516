//! The chain of roots, from one that is trusted to the newest.
//!
//! Each root is signed by enough keys of the one before and by its own, in certificates for the
//! repository. Source: `trustpinning/certs.go` and `client/tufclient.go` of
//! theupdateframework/notary; that a chain may begin at a root before the newest is
//! `N.root.json`, section 5.3 of the TUF specification.

use std::collections::BTreeMap;

use super::anchor::Anchor;
use super::certificate::{self, RootCertificate, short};
use super::client::{Run, Stop};
use super::metadata::{Document, Kind as _, Role, Root};
use super::step;
use crate::verify::step as common;

/// The largest root, in bytes.
const MAX_ROOT: u64 = 4 << 20;

/// The most roots that one run follows.
const MAX_ROTATIONS: u64 = 256;

/// The newest root, verified.
pub(super) struct Newest {
    pub(super) root: Document<Root>,
    /// As it came, for the snapshot lists its digest.
    pub(super) bytes: Vec<u8>,
}

/// Roots by version, each fetched once.
type Fetched = BTreeMap<u64, Document<Root>>;

impl Run<'_> {
    /// Fetches the newest root, and follows the chain that leads to it.
    pub(super) fn newest_root(&mut self) -> Result<Newest, Stop> {
        const PLACE: &str = "root.json";
        let bytes = self.fetch("root", None, MAX_ROOT)?;
        let root: Document<Root> = self.document("root", &bytes)?;
        self.own_keys_signed(&root, PLACE)?;
        let newest = root.signed.version();
        let mut fetched: Fetched = BTreeMap::from([(newest, root.clone())]);
        let anchor = self.request.anchors.of(self.request.gun);
        let known = self.known_root()?;
        if anchor.names_keys() {
            let start = self.start(anchor, newest, &mut fetched)?;
            self.follow(&start, newest, &mut fetched)?;
        }
        match known {
            Some(known) => {
                let before = known.signed.version();
                let found = format!("version {newest}");
                let holds = if newest >= before { Ok(found) } else { Err(found) };
                self.judged(
                    step::VERSION,
                    format!("version {before}, which was seen, or newer"),
                    holds,
                    PLACE,
                )?;
                if !anchor.names_keys() {
                    let found = Ok(format!("root {before} was trusted before"));
                    self.judged(step::TRUST, "a root that is known", found, PLACE)?;
                }
                self.follow(&known, newest, &mut fetched)?;
            }
            None if anchor.names_keys() => {}
            None => {
                let keys = names(&root.signed);
                let found = match anchor {
                    Anchor::FirstUse => Ok(format!("root {newest} with {keys}, on first use")),
                    Anchor::Unknown { forbidden: true } => {
                        Err(format!("root {newest} with {keys}; `disable_tofu` forbids first use"))
                    }
                    _ => Err(format!("root {newest} with {keys}, never seen before")),
                };
                let expected = "a root by a key that was given or pinned, or one that was seen";
                self.judged(step::TRUST, expected, found, PLACE)?;
            }
        }
        self.in_time(&root.signed, PLACE)?;
        self.save("root", &bytes)?;
        for role in super::metadata::BASE {
            self.keys_of(role, &root.signed.role(role));
        }
        Ok(Newest { root, bytes })
    }

    /// What an earlier run came to trust. It pins the repository, so a broken one is no reason to
    /// begin anew.
    fn known_root(&mut self) -> Result<Option<Document<Root>>, Stop> {
        let Some(bytes) = self.load("root")? else { return Ok(None) };
        match Document::parse("root", &bytes) {
            Ok(root) => Ok(Some(root)),
            Err(why) => {
                let place = "root.json that was kept";
                Err(Run::failed(step::TRUST, "the root that was trusted before", why, place))
            }
        }
    }

    /// The newest root that the trusted keys signed.
    fn start(
        &mut self,
        anchor: Anchor<'_>,
        newest: u64,
        fetched: &mut Fetched,
    ) -> Result<Document<Root>, Stop> {
        let first = newest.saturating_sub(MAX_ROTATIONS).max(1);
        let mut seen = Vec::new();
        for version in (first..=newest).rev() {
            let Some(root) = self.root(version, fetched)? else { break };
            let place = format!("{version}.root.json");
            let trusted = self.certificates(&root, anchor);
            if trusted.is_empty() {
                seen.push(format!("root {version} with {}", names(&root.signed)));
                continue;
            }
            let role = certificate::role(&root.signed, &trusted);
            let signed = role.signed(&root).map(|by| format!("root {version} by {by}"));
            drop(trusted);
            self.judged(step::TRUST, anchor.expected(), signed, &place)?;
            return Ok(root);
        }
        seen.truncate(8);
        Err(Self::failed(step::TRUST, &anchor.expected(), seen.join("; "), "root.json"))
    }

    fn certificates<'d>(
        &self,
        root: &'d Document<Root>,
        anchor: Anchor<'_>,
    ) -> Vec<RootCertificate<'d>> {
        let now = self.request.now;
        let (mut good, _) = certificate::of_root(&root.signed, self.request.gun, Some(now));
        good.retain(|it| anchor.accepts(it, now));
        good
    }

    /// Follows the chain from `start` to the newest root.
    fn follow(
        &mut self,
        start: &Document<Root>,
        newest: u64,
        fetched: &mut Fetched,
    ) -> Result<(), Stop> {
        let mut before = start.clone();
        let first = before.signed.version();
        if newest.saturating_sub(first) > MAX_ROTATIONS {
            let found = format!("roots {first} to {newest}");
            let expected = format!("at most {MAX_ROTATIONS} new roots");
            return Err(Self::failed(step::ROTATION, &expected, found, "root.json"));
        }
        // A root of the same version that is another one must be signed as a successor is.
        for version in (first + 1).min(newest)..=newest {
            let place =
                if version == newest { "root.json".into() } else { format!("{version}.root.json") };
            let expected =
                format!("root {version}, by the keys of root {}", before.signed.version());
            let Some(root) = self.root(version, fetched)? else {
                return Err(Self::failed(
                    step::ROTATION,
                    &expected,
                    "it is not there".into(),
                    &place,
                ));
            };
            if version != newest {
                self.own_keys_signed(&root, &place)?;
            }
            let (trusted, _) = certificate::of_root(&before.signed, self.request.gun, None);
            let signed = certificate::role(&before.signed, &trusted).signed(&root);
            drop(trusted);
            self.judged(
                step::ROTATION,
                expected,
                signed.map(|by| format!("signed by {by}")),
                &place,
            )?;
            before = root;
        }
        Ok(())
    }

    /// The root of that version.
    fn root(
        &mut self,
        version: u64,
        fetched: &mut Fetched,
    ) -> Result<Option<Document<Root>>, Stop> {
        if let Some(root) = fetched.get(&version) {
            return Ok(Some(root.clone()));
        }
        let name = format!("{version}.root");
        let Some(bytes) = self.fetch_any(&name, None, MAX_ROOT)? else { return Ok(None) };
        let place = format!("{name}.json");
        let root: Document<Root> = Document::parse("root", &bytes)
            .map_err(|why| Self::failed(step::METADATA, "a root", why, &place))?;
        let found = root.signed.version();
        if found != version {
            let found = format!("version {found}");
            return Err(Self::failed(step::VERSION, &format!("version {version}"), found, &place));
        }
        fetched.insert(version, root.clone());
        Ok(Some(root))
    }

    /// Checks that a root is for the repository and that enough of its own keys signed it.
    fn own_keys_signed(&mut self, root: &Document<Root>, place: &str) -> Result<(), Stop> {
        let (gun, now) = (self.request.gun, self.request.now);
        let (good, refused) = certificate::of_root(&root.signed, gun, Some(now));
        let found = match good.as_slice() {
            [] if refused.is_empty() => Err("no key".into()),
            [] => Err(refused.join("; ")),
            good => Ok(good
                .iter()
                .map(|it| format!("{} {}", short(it.id), it.leaf))
                .collect::<Vec<_>>()
                .join("; ")),
        };
        let signed = certificate::role(&root.signed, &good).signed(root);
        let threshold = root.signed.role("root").threshold;
        drop(good);
        self.judged(
            step::CERTIFICATE,
            format!("a certificate for `{gun}` that is valid"),
            found,
            place,
        )?;
        self.judged(common::SIGNATURE, format!("{threshold} of the root's own keys"), signed, place)
    }

    /// Notes whose keys count for a role.
    pub(super) fn keys_of(&mut self, name: &str, role: &Role<'_>) {
        self.keys.push(super::RoleKeys {
            role: name.to_owned(),
            threshold: role.threshold,
            keys: role.keys.iter().map(|(id, _)| (*id).to_owned()).collect(),
        });
    }
}

fn names(root: &Root) -> String {
    let keys = root.role("root").keys;
    let names: Vec<&str> = keys.iter().take(8).map(|(id, _)| *id).collect();
    format!("key {}", names.join(", "))
}
