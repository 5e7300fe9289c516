//! The starter set: famous advisories, written as facts in TOML and built into the program, so
//! that a machine without a network shows a real result.

use std::collections::BTreeMap;
use std::fmt::Display;

use plimsoll_model::{
    Advisory, Affected, Ecosystem, EcosystemName, Event, Kev, Link, LinkKind, Range, RangeKind,
    Severity, Timestamp,
};
use serde::Deserialize;

use super::rating;
use crate::database::{DatabaseError, Enrichment};

/// Name of the feed.
/// Name of the feed that the starter set is.
pub const FEED: &str = "starter";

/// Every file of `starter/`, one line each.
const FILES: &[(&str, &str)] = &[
    ("almalinux.toml", include_str!("../../starter/almalinux.toml")),
    ("alpine.toml", include_str!("../../starter/alpine.toml")),
    ("crates.toml", include_str!("../../starter/crates.toml")),
    ("debian.toml", include_str!("../../starter/debian.toml")),
    ("go.toml", include_str!("../../starter/go.toml")),
    ("maven.toml", include_str!("../../starter/maven.toml")),
    ("npm.toml", include_str!("../../starter/npm.toml")),
    ("packagist.toml", include_str!("../../starter/packagist.toml")),
    ("pypi.toml", include_str!("../../starter/pypi.toml")),
    ("redhat.toml", include_str!("../../starter/redhat.toml")),
    ("rocky.toml", include_str!("../../starter/rocky.toml")),
    ("rubygems.toml", include_str!("../../starter/rubygems.toml")),
    ("ubuntu.toml", include_str!("../../starter/ubuntu.toml")),
];

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Facts {
    ecosystem: String,
    #[serde(default)]
    advisory: Vec<Fact>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Fact {
    id: String,
    #[serde(default)]
    aliases: Vec<String>,
    summary: String,
    severity: Option<String>,
    cvss: Option<String>,
    published: Option<String>,
    modified: Option<String>,
    #[serde(default)]
    references: Vec<String>,
    #[serde(default)]
    kev: bool,
    affected: Vec<AffectedFact>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct AffectedFact {
    package: String,
    release: Option<String>,
    introduced: Option<String>,
    fixed: Option<String>,
    last_affected: Option<String>,
}

/// All records of the starter set, and what is known beside them.
pub fn starter() -> Result<(Vec<Advisory>, Enrichment), DatabaseError> {
    let mut records = Vec::new();
    let mut kev = BTreeMap::new();
    for &(file, text) in FILES {
        read(text, &mut records, &mut kev).map_err(|why| DatabaseError::Starter { file, why })?;
    }
    Ok((records, Enrichment { kev, starter: true, ..Enrichment::default() }))
}

fn read(
    text: &str,
    records: &mut Vec<Advisory>,
    kev: &mut BTreeMap<String, Kev>,
) -> Result<(), String> {
    let facts: Facts = toml::from_str(text).map_err(|error| error.to_string())?;
    let ecosystem: Ecosystem = facts.ecosystem.parse().map_err(|e| format!("{e}"))?;
    for fact in &facts.advisory {
        let advisory =
            advisory(fact, ecosystem.name()).map_err(|why| format!("{}: {why}", fact.id))?;
        if fact.kev {
            // The day of listing is no fact of the set; that of publication is the earliest.
            let added = advisory.published.unwrap_or(Timestamp::from_unix(0));
            for cve in [&fact.id].into_iter().chain(&fact.aliases) {
                kev.insert(cve.clone(), Kev { added, due: None, ransomware: false });
            }
        }
        records.push(advisory);
    }
    Ok(())
}

fn advisory(fact: &Fact, ecosystem: EcosystemName) -> Result<Advisory, String> {
    let say = |error: &dyn Display| error.to_string();
    let time = |text: &Option<String>| {
        text.as_deref().map(str::parse::<Timestamp>).transpose().map_err(|e| say(&e))
    };
    let mut advisory = Advisory::new(fact.id.clone(), FEED);
    advisory.aliases.clone_from(&fact.aliases);
    advisory.summary.clone_from(&fact.summary);
    advisory.published = time(&fact.published)?;
    advisory.modified = time(&fact.modified)?.or(advisory.published);
    if let Some(vector) = &fact.cvss {
        let rated = rating::from_vector(FEED, vector);
        advisory.ratings.push(rated.ok_or_else(|| format!("`{vector}` is no CVSS vector"))?);
    }
    if let Some(word) = &fact.severity {
        word.parse::<Severity>()?;
        advisory.ratings.push(rating::from_word(FEED, word));
    }
    for url in &fact.references {
        advisory.references.push(Link { kind: LinkKind::Web, url: url.clone() });
    }
    for affected in &fact.affected {
        let ecosystem = match &affected.release {
            Some(release) => Ecosystem::with_release(ecosystem, release.clone()),
            None => Ecosystem::new(ecosystem),
        };
        let range = range(affected)?;
        let same = |known: &&mut Affected| {
            known.ecosystem == ecosystem && known.package == affected.package
        };
        match advisory.affected.iter_mut().find(same) {
            Some(known) => known.ranges.push(range),
            None => advisory.affected.push(Affected::in_ranges(
                ecosystem,
                &affected.package,
                vec![range],
            )),
        }
    }
    Ok(advisory)
}

fn range(fact: &AffectedFact) -> Result<Range, String> {
    let introduced = fact.introduced.clone().unwrap_or_else(|| "0".into());
    let mut events = vec![Event::Introduced(introduced)];
    match (&fact.fixed, &fact.last_affected) {
        (Some(_), Some(_)) => {
            return Err(format!("`{}` has both fixed and last_affected", fact.package));
        }
        (Some(fixed), None) => events.push(Event::Fixed(fixed.clone())),
        (None, Some(last)) => events.push(Event::LastAffected(last.clone())),
        (None, None) => {}
    }
    Ok(Range { kind: RangeKind::Ecosystem, events, constraint: String::new() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::database::Database;

    #[test]
    fn every_file_is_readable_and_log4j_is_in_it() {
        let database = Database::starter().unwrap();
        assert!(database.data().starter);
        let maven = Ecosystem::new(EcosystemName::Maven);
        let mut entries = database.affected(&maven, "org.apache.logging.log4j:log4j-core");
        assert!(entries.any(|entry| entry.id() == "CVE-2021-44228" && entry.ranges().count() >= 2));
        assert!(database.kev("CVE-2021-44228").is_some());
    }

    #[test]
    fn a_fact_that_makes_no_sense_is_named() {
        let wrong = |text: &str| read(text, &mut Vec::new(), &mut BTreeMap::new()).unwrap_err();
        let head = "ecosystem = \"npm\"\n[[advisory]]\nid = \"CVE-1\"\nsummary = \"s\"\n";
        assert_eq!(
            wrong(&format!("{head}cvss = \"CVSS:3.1/AV:N\"\naffected = []")),
            "CVE-1: `CVSS:3.1/AV:N` is no CVSS vector"
        );
        assert_eq!(
            wrong(&format!(
                "{head}affected = [{{ package = \"p\", fixed = \"1\", last_affected = \"1\" }}]"
            )),
            "CVE-1: `p` has both fixed and last_affected"
        );
        assert!(wrong(&format!("{head}afected = []")).contains("unknown field"));
        assert_eq!(wrong("ecosystem = \"Nowhere\""), "unknown ecosystem `Nowhere`");
    }
}
