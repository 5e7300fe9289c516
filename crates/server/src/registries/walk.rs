//! One look at a registry.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::hash::BuildHasher;

use plimsoll_image::{ImageError, Listing, Options, Tags};

use super::patterns::Patterns;
use crate::error::Result;
use crate::moment::{self, Millis, now};
use crate::store::registries::{ATTESTATION, BILL, Registry, SIGNATURE, Tag};

/// How many repositories of a registry, and tags of a repository, are looked at.
const MOST: usize = 200_000;

/// How many problems are told.
const MOST_PROBLEMS: usize = 100;

const DAY: Millis = 24 * 60 * 60 * 1000;

/// What was seen, as far as it is not what was known.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Seen {
    /// Repositories that were looked at.
    pub repositories: usize,
    /// Tags that are there and wanted.
    pub tags: usize,
    /// Tags that are new, lead elsewhere, or have other evidence.
    pub changed: Vec<Tag>,
    /// Repositories and tags that are gone.
    pub gone: Vec<(String, String)>,
    /// New `ETag`s by repository.
    pub lists: Vec<(String, String)>,
    /// What could not be looked at: it stays as it was known.
    pub problems: Vec<String>,
}

/// Looks at a registry, of which `known` and `lists` were known; takes as long as the registry does.
pub fn walk(
    registry: &Registry,
    known: &[Tag],
    lists: &HashMap<String, String, impl BuildHasher>,
    options: &Options,
) -> Result<Seen> {
    let repositories = Patterns::parse("repositories", &registry.repositories)?;
    let wanted = Patterns::parse("tags", &registry.tags)?;
    let listing = Listing::new(&registry.host, &options.registry)?;
    let names: Vec<String> = if let Some(names) = repositories.literal() {
        names.into_iter().map(str::to_owned).collect()
    } else {
        let mut all = listing.repositories(MOST)?;
        all.retain(|name| repositories.fit(name));
        all
    };
    let mut before: BTreeMap<&str, Vec<&Tag>> = BTreeMap::new();
    for tag in known {
        before.entry(&tag.repository).or_default().push(tag);
    }
    let mut walk = Walk { registry, listing, wanted, options, seen: Seen::default() };
    for name in &names {
        walk.seen.repositories += 1;
        let known = before.remove(name.as_str()).unwrap_or_default();
        if let Err(error) = walk.repository(name, &known, lists.get(name)) {
            walk.problem(&error);
        }
    }
    // Repositories that are there or wanted no more.
    for tag in before.into_values().flatten() {
        walk.gone(tag);
    }
    Ok(walk.seen)
}

struct Walk<'w> {
    registry: &'w Registry,
    listing: Listing,
    wanted: Patterns,
    options: &'w Options,
    seen: Seen,
}

impl Walk<'_> {
    fn problem(&mut self, error: &ImageError) {
        if self.seen.problems.len() < MOST_PROBLEMS {
            self.seen.problems.push(error.to_string());
        }
    }

    fn gone(&mut self, tag: &Tag) {
        self.seen.gone.push((tag.repository.clone(), tag.tag.clone()));
    }

    fn repository(
        &mut self,
        name: &str,
        known: &[&Tag],
        etag: Option<&String>,
    ) -> std::result::Result<(), ImageError> {
        let listed = match self.listing.tags(name, etag.map(String::as_str), MOST) {
            Err(ImageError::NotFound { .. }) => Tags::All(Vec::new(), None),
            listed => listed?,
        };
        let known: BTreeMap<&str, &Tag> = known.iter().map(|it| (it.tag.as_str(), *it)).collect();
        let tags: Vec<String> = match listed {
            Tags::Same => known.keys().map(ToString::to_string).collect(),
            Tags::All(tags, etag) => {
                self.seen.lists.extend(etag.map(|etag| (name.to_owned(), etag)));
                tags
            }
        };
        let hanging: HashSet<&str> =
            tags.iter().map(String::as_str).filter(|tag| hangs_on_another(tag)).collect();
        let mut there: HashSet<&str> = HashSet::new();
        for tag in &tags {
            if hanging.contains(tag.as_str()) || !self.wanted.fit(tag) {
                continue;
            }
            there.insert(tag);
            self.seen.tags += 1;
            let before = known.get(tag.as_str()).copied();
            match self.tag(name, tag, before, &hanging) {
                Ok(changed) => self.seen.changed.extend(changed),
                // It went between the list and now.
                Err(ImageError::NotFound { .. }) => {
                    there.remove(tag.as_str());
                }
                Err(error) => self.problem(&error),
            }
        }
        for (tag, before) in &known {
            if !there.contains(tag) {
                self.gone(before);
            }
        }
        Ok(())
    }

    /// What is new about a tag.
    fn tag(
        &self,
        repository: &str,
        tag: &str,
        before: Option<&Tag>,
        hanging: &HashSet<&str>,
    ) -> std::result::Result<Option<Tag>, ImageError> {
        let digest = self.listing.digest(repository, tag)?;
        let text = digest.to_string();
        let has =
            |kind: &str| hanging.contains(format!("{}.{kind}", text.replace(':', "-")).as_str());
        let mut evidence = 0;
        for (kind, bit) in [("sig", SIGNATURE), ("att", ATTESTATION), ("sbom", BILL)] {
            evidence |= if has(kind) { bit } else { 0 };
        }
        match before.filter(|it| it.digest == text && it.evidence != 0) {
            // What hung on it hangs on it still.
            Some(before) => evidence |= before.evidence,
            None => {
                for kind in self.listing.referrers(repository, &digest)? {
                    evidence |= evidence_of(&kind);
                }
            }
        }
        if let Some(before) = before.filter(|it| it.digest == text) {
            // Where no age is asked for any more, none is too old.
            let selected = before.selected || self.registry.max_age_days.is_none();
            let changed = Tag { evidence, selected, ..before.clone() };
            return Ok((changed != *before).then_some(changed));
        }
        let selected = match self.registry.max_age_days {
            None => true,
            Some(days) => {
                let created = self.listing.created(repository, &digest, &self.options.platform)?;
                // Reproducible builds say 1970: nobody knows how old these are.
                let created = created.map(moment::of).filter(|at| *at > 0);
                created.is_none_or(|at| now().saturating_sub(at) <= days.saturating_mul(DAY))
            }
        };
        Ok(Some(Tag {
            repository: repository.to_owned(),
            tag: tag.to_owned(),
            digest: text,
            moved: now(),
            evidence,
            selected,
        }))
    }
}

/// What a type of artifact, or of a statement in it, is evidence of.
fn evidence_of(kind: &str) -> i64 {
    let has = |part: &str| kind.contains(part);
    if has("spdx") || has("cyclonedx") {
        BILL
    } else if has("notary.signature") || has("cosign.artifact.sig") || has("cosign/sign") {
        SIGNATURE
    } else if has("in-toto") || has("slsa.dev") || has("attestation") {
        ATTESTATION
    } else {
        0
    }
}

/// Whether a tag is how signatures and other evidence hang on an image: `sha256-….sig`.
///
/// Source: <https://github.com/sigstore/cosign/blob/main/specs/SIGNATURE_SPEC.md>; the OCI
/// distribution specification calls it the referrers tag schema.
fn hangs_on_another(tag: &str) -> bool {
    let hex = |text: &str, length: usize| {
        text.len() == length && text.bytes().all(|byte| byte.is_ascii_hexdigit())
    };
    let stem = tag.rsplit_once('.').map_or(tag, |(stem, _)| stem);
    stem.strip_prefix("sha256-").is_some_and(|rest| hex(rest, 64))
        || stem.strip_prefix("sha512-").is_some_and(|rest| hex(rest, 128))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn evidence_is_told_by_its_type() {
        for (kind, bit) in [
            ("application/vnd.cncf.notary.signature", SIGNATURE),
            ("https://sigstore.dev/cosign/sign/v1", SIGNATURE),
            ("https://slsa.dev/provenance/v1", ATTESTATION),
            ("application/spdx+json", BILL),
            ("https://cyclonedx.org/bom", BILL),
            ("application/vnd.cncf.helm.config.v1+json", 0),
        ] {
            assert_eq!(evidence_of(kind), bit, "{kind}");
        }
    }

    #[test]
    fn evidence_is_no_image() {
        let digest = "ab".repeat(32);
        for tag in [format!("sha256-{digest}.sig"), format!("sha256-{digest}")] {
            assert!(hangs_on_another(&tag), "{tag}");
        }
        for tag in ["latest", "sha256-abc.sig", "1.2.sig"] {
            assert!(!hangs_on_another(tag), "{tag}");
        }
    }
}
