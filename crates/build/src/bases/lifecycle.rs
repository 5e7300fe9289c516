//! When releases end: of distributions, languages and servers that bases are of.
//!
//! The table is `facts/lifecycle.toml`, from <https://endoflife.date/>. A scan with an advisory
//! database has newer dates of distributions; these are for what is known without one.

use std::collections::{BTreeMap, HashMap};
use std::sync::{LazyLock, OnceLock};

use plimsoll_model::Timestamp;
use serde::Deserialize;

use super::Lifetime;
use super::name::compare_versions;

/// All products.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Lifecycles {
    /// The day of the table.
    pub as_of: Option<Timestamp>,
    /// Its source.
    pub source: String,
    /// Products by id: an `ID` of os-release, or a name of the facts' own.
    #[serde(rename = "product")]
    pub products: BTreeMap<String, Product>,
}

/// A product and its releases.
#[derive(Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Product {
    /// For people.
    pub name: String,
    /// Releases by cycle: `12`, `3.20`.
    #[serde(rename = "release", default)]
    pub releases: BTreeMap<String, Release>,
}

/// A release.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Release {
    /// First day.
    pub from: Option<Timestamp>,
    /// Last day of regular support; absent while its maker has named none.
    pub end: Option<Timestamp>,
    /// Last day of support that costs nothing and needs no other package source.
    pub extended: Option<Timestamp>,
    /// From when it is one of long support.
    pub lts: Option<Timestamp>,
    /// `bookworm`, `noble`, `krypton`.
    pub codename: Option<String>,
}

impl Release {
    /// Whether it is out and not ended on `today`; one without an end is open.
    pub fn is_supported(&self, today: Timestamp) -> bool {
        self.from.is_none_or(|from| from <= today) && self.end.is_none_or(|end| end >= today)
    }
}

const TEXT: &str = include_str!("facts/lifecycle.toml");

/// The shipped table.
pub fn lifecycles() -> &'static Lifecycles {
    static TABLE: LazyLock<Lifecycles> = LazyLock::new(|| toml::from_str(TEXT).unwrap_or_default());
    &TABLE
}

/// A product of the shipped table. Of the table only its part is read: who judges one file asks for
/// one or two.
pub(super) fn product(id: &str) -> Option<&'static Product> {
    type Part = (&'static str, OnceLock<Option<Product>>);
    static PARTS: LazyLock<HashMap<&'static str, Part>> = LazyLock::new(|| {
        let parts = TEXT.split("\n[product.").skip(1);
        parts
            .filter_map(|part| part.split_once("]\n"))
            .map(|(id, part)| (id.trim_matches('"'), (part, OnceLock::new())))
            .collect()
    });
    let (part, read) = PARTS.get(id)?;
    read.get_or_init(|| toml::from_str(part).ok()).as_ref()
}

/// When fixes end for a version of a product.
pub(super) fn lifetime(id: &str, version: &str) -> Option<Lifetime> {
    let product = product(id)?;
    let (cycle, release) = product.release(version)?;
    Some(Lifetime {
        of: format!("{} {cycle}", product.name),
        end: release.end?,
        extended: release.extended,
    })
}

impl Product {
    /// The release that a version or code name is of: the longest cycle that it starts with.
    pub fn release(&self, version: &str) -> Option<(&str, &Release)> {
        let by_cycle = self
            .releases
            .iter()
            .filter(|(cycle, _)| is_in_cycle(version, cycle))
            .max_by_key(|(cycle, _)| cycle.len());
        let by_name = || {
            self.releases.iter().find(|(_, release)| release.codename.as_deref() == Some(version))
        };
        by_cycle.or_else(by_name).map(|(cycle, release)| (cycle.as_str(), release))
    }

    /// Releases from the oldest to the newest.
    pub fn in_order(&self) -> Vec<(&str, &Release)> {
        let mut releases: Vec<_> =
            self.releases.iter().map(|(cycle, release)| (cycle.as_str(), release)).collect();
        releases.sort_by(|left, right| compare_versions(left.0, right.0));
        releases
    }
}

/// `3.20.3` is in the cycle `3.20`, and `3.2` is not in `3.20`.
fn is_in_cycle(version: &str, cycle: &str) -> bool {
    version.strip_prefix(cycle).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '_']))
}

#[cfg(test)]
mod tests {
    use super::{lifecycles, product};

    #[test]
    fn the_table_is_well_formed() {
        let table: super::Lifecycles =
            toml::from_str(include_str!("facts/lifecycle.toml")).unwrap();
        assert!(table.products.len() > 15 && table.as_of.is_some());
        for (id, product) in &table.products {
            assert!(!product.releases.is_empty(), "{id} has no releases");
            for (cycle, release) in &product.releases {
                if let (Some(from), Some(end)) = (release.from, release.end) {
                    assert!(from < end, "{id} {cycle} ends before it starts");
                }
            }
        }
    }

    #[test]
    fn a_product_read_alone_is_the_one_of_the_table() {
        assert!(!lifecycles().products.is_empty());
        for (id, whole) in &lifecycles().products {
            assert_eq!(product(id), Some(whole), "{id}");
        }
    }

    #[test]
    fn a_cycle_is_found_by_version_and_by_code_name() {
        let debian = &lifecycles().products["debian"];
        assert_eq!(debian.release("12.15").unwrap().0, "12");
        assert_eq!(debian.release("bookworm").unwrap().0, "12");
        assert!(debian.release("1").is_none());
        let alpine = &lifecycles().products["alpine"];
        assert!(alpine.release("3.2").is_none_or(|(cycle, _)| cycle != "3.20"));
    }

    #[test]
    fn dates_are_those_of_the_public_feed() {
        let Some(feed) = plimsoll_testkit::shared("mirror/endoflife/api") else { return };
        let files = [
            ("alpine", "alpine"),
            ("debian", "debian"),
            ("ubuntu", "ubuntu"),
            ("nodejs", "nodejs"),
            ("python", "python"),
            ("go", "go"),
            ("amzn", "amazon-linux"),
            ("rhel", "rhel"),
            ("php", "php"),
            ("postgresql", "postgresql"),
        ];
        for (id, file) in files {
            let text = std::fs::read_to_string(feed.join(format!("{file}.json"))).unwrap();
            let cycles: serde_json::Value = serde_json::from_str(&text).unwrap();
            for cycle in cycles.as_array().unwrap() {
                let name = cycle["cycle"].as_str().unwrap();
                let Some(release) = lifecycles().products[id].releases.get(name) else { continue };
                let ours = release.end.map(plimsoll_model::Timestamp::date);
                assert_eq!(ours.as_deref(), cycle["eol"].as_str(), "{id} {name}");
            }
        }
    }
}
