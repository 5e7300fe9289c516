//! Which keys begin the chain of roots of a repository that is known beforehand.
//!
//! An anchor is what a root says of itself: its version, its keys, its threshold. The root of that
//! version is fetched like every later one and must be signed by the anchor's keys.

use std::collections::BTreeMap;

use plimsoll_model::Timestamp;
use serde::Deserialize;

use super::TufError;
use super::key::{RawKey, Signers};
use super::metadata::{Expiry, Root};

/// Where a chain of roots begins.
#[derive(Debug, Clone)]
pub struct Anchor {
    /// What the repository is called, such as `sigstore`.
    pub name: String,
    /// Where it is.
    pub url: String,
    root: Root,
}

#[derive(Deserialize)]
struct Facts {
    name: String,
    url: String,
    version: u64,
    threshold: usize,
    keys: BTreeMap<String, RawKey>,
}

/// The facts of each repository that is known.
const ALL: &[(&str, &str)] = &[
    ("sigstore", include_str!("../../trust/sigstore-anchor.json")),
    ("github", include_str!("../../trust/github-anchor.json")),
];

impl Anchor {
    /// The repository that is called `name`: `sigstore` or `github`.
    pub fn named(name: &str) -> Option<Result<Self, TufError>> {
        let (_, facts) = ALL.iter().find(|(known, _)| *known == name)?;
        Some(Self::read(facts.as_bytes()))
    }

    /// The names that are known.
    pub fn names() -> impl Iterator<Item = &'static str> {
        ALL.iter().map(|(name, _)| *name)
    }

    fn read(facts: &[u8]) -> Result<Self, TufError> {
        let facts: Facts = serde_json::from_slice(facts)
            .map_err(|error| TufError::malformed(error.to_string()).of("anchor"))?;
        let signers =
            Signers { key_ids: facts.keys.keys().cloned().collect(), threshold: facts.threshold };
        signers.check("anchor")?;
        let root = Root {
            version: facts.version.saturating_sub(1),
            // Only the root that follows counts, and that says itself when it ends.
            expires: Expiry(Some(Timestamp::from_unix(0))),
            consistent_snapshot: true,
            keys: facts.keys,
            roles: BTreeMap::from([("root".to_owned(), signers)]),
        };
        Ok(Self { name: facts.name, url: facts.url, root })
    }

    /// The version of the root that the anchor is taken from.
    pub fn version(&self) -> u64 {
        self.root.version + 1
    }

    /// A stand-in for the root before, which hands over to the anchor's keys.
    pub(super) fn root(&self) -> Root {
        self.root.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::Anchor;

    #[test]
    fn every_anchor_is_whole() {
        for name in Anchor::names() {
            let anchor = Anchor::named(name).expect("known").expect("read");
            assert_eq!(anchor.name, name);
            assert!(anchor.url.starts_with("https://"));
            assert!(anchor.root.roles["root"].threshold >= 3, "{name}");
        }
    }
}
