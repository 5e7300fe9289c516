//! Records in OSV's format, in one zip archive for each ecosystem.
//!
//! Format: <https://ossf.github.io/osv-schema/>. Ranges over commits say nothing of packages and
//! are passed over. `related` is not read, but for the notices of AlmaLinux, which name their
//! CVEs nowhere else.

mod record;
mod severity;

use plimsoll_model::{
    Advisory, Affected, AffectedStatus, Ecosystem, EcosystemName, Event, Link, LinkKind, Range,
    RangeKind, Timestamp,
};

use crate::database::Enrichment;

use super::{Feed, FeedError, FeedFile, Intake, Source, archive};
use record::{AffectedRecord, EventRecord, RangeRecord, Record};

const URL: &str = "https://storage.googleapis.com/osv-vulnerabilities";

/// Reads every ecosystem that Plimsoll knows.
#[derive(Debug)]
pub(super) struct Osv;

impl Feed for Osv {
    fn sources(&self) -> Vec<Source> {
        let source = |name: &EcosystemName| {
            let name = name.as_str();
            let path = format!("osv/{name}/all.zip");
            Source::single(format!("osv/{name}"), path, format!("{URL}/{name}/all.zip"))
        };
        EcosystemName::ALL.iter().map(source).collect()
    }

    fn read(&self, files: &[FeedFile], intake: &mut Intake<'_>) -> Result<(), FeedError> {
        for file in files {
            archive::each_file(file, |name, content| {
                let name = name.strip_suffix(".json").unwrap_or(name);
                match content {
                    Ok(json) => one(name, json, intake),
                    Err(why) => intake.reject(name, &why),
                }
            })?;
            if intake.seen() == 0 {
                return Err(file.broken(&"no record in it"));
            }
        }
        Ok(())
    }
}

/// Reads one record that stands by itself; `None` where it is broken.
///
/// ```
/// let json = br#"{"id":"GHSA-1","modified":"2024-01-02T03:04:05Z"}"#;
/// assert!(plimsoll_advisory::feeds::osv_record(json).is_some_and(|record| record.id == "GHSA-1"));
/// ```
pub fn record(json: &[u8]) -> Option<Advisory> {
    let mut found = None;
    let mut keep = |advisory| {
        found = Some(advisory);
        Ok(())
    };
    let mut enrichment = Enrichment::default();
    one("record", json, &mut Intake::new("osv", &mut enrichment, &mut keep));
    found
}

/// Reads one record of an archive.
fn one(name: &str, json: &[u8], intake: &mut Intake<'_>) {
    let record: Record = match serde_json::from_slice(json) {
        Ok(record) => record,
        Err(error) => {
            let id = serde_json::from_slice::<record::OnlyId>(json).ok().map(|only| only.id);
            return intake.reject(id.as_deref().unwrap_or(name), &error);
        }
    };
    let id = record.id.clone();
    match advisory(record, intake) {
        Ok(advisory) => intake.advisory(advisory),
        Err(why) => intake.reject(if id.is_empty() { name } else { &id }, &why),
    }
}

/// Brings a record into the model's form, or says what is broken.
fn advisory(record: Record, intake: &mut Intake<'_>) -> Result<Advisory, String> {
    if record.id.is_empty() {
        return Err("no id".into());
    }
    if let Some(version) = record.schema_version.as_deref().filter(|v| !v.starts_with("1.")) {
        return Err(format!("schema version `{version}` is not known"));
    }
    let mut advisory = Advisory::new(record.id.clone(), intake.name());
    let time = |text: &Option<String>| text.as_deref()?.parse::<Timestamp>().ok();
    advisory.published = time(&record.published);
    advisory.modified = time(&record.modified);
    if record.withdrawn.is_some() {
        // Taken back is taken back, whenever it was.
        let unknown = advisory.modified.unwrap_or(Timestamp::from_unix(0));
        advisory.withdrawn = Some(time(&record.withdrawn).unwrap_or(unknown));
    }
    advisory.ratings = severity::of_record(&record);
    for affected in &record.affected {
        if let Some(affected) = self::affected(&record, affected, intake)? {
            let ratings = severity::of_affected(&record, affected.1, affected.2);
            let mut model = affected.0;
            if let Some((best, others)) = severity::best_first(ratings) {
                model.rating = Some(best);
                let new = |rating: &_| !advisory.ratings.contains(rating);
                let others: Vec<_> = others.into_iter().filter(new).collect();
                advisory.ratings.extend(others);
            }
            advisory.affected.push(model);
        }
    }
    let named = record.aliases.iter().chain(&record.upstream).next().is_some();
    advisory.upstream =
        if named { record.upstream } else { related_cves(&advisory, record.related) };
    advisory.aliases = record.aliases;
    advisory.summary = record.summary;
    advisory.details = record.details;
    advisory.references = record
        .references
        .into_iter()
        .map(|link| Link { kind: link_kind(&link.kind), url: link.url })
        .collect();
    Ok(advisory)
}

type Described<'r> = (Affected, &'r AffectedRecord, EcosystemName);

/// The module stream of a notice whose fixed versions are a module's. The rpm distributions say
/// it in the title alone (`Important: nginx:1.16 security update`); where that names none or
/// several, nothing is claimed.
///
/// Source: <https://docs.fedoraproject.org/en-US/modularity/>.
fn modular_stream(summary: &str, ranges: &[Range]) -> Option<String> {
    let is_modular = |event: &Event| matches!(event, Event::Fixed(version) if version.contains(".module_el") || version.contains(".module+el"));
    if !ranges.iter().flat_map(|range| &range.events).any(is_modular) {
        return None;
    }
    let is_stream = |word: &&str| {
        word.split_once(':').is_some_and(|(name, stream)| !name.is_empty() && !stream.is_empty())
    };
    let words = summary.split([' ', ',']).map(|word| word.trim_matches(['(', ')', '.']));
    let mut streams = words.filter(is_stream);
    let stream = streams.next()?;
    streams.next().is_none().then(|| stream.to_owned())
}

fn affected<'r>(
    record: &Record,
    affected: &'r AffectedRecord,
    intake: &mut Intake<'_>,
) -> Result<Option<Described<'r>>, String> {
    // A record may be about commits alone.
    let Some(package) = &affected.package else { return Ok(None) };
    let Ok(ecosystem) = package.ecosystem.parse::<Ecosystem>() else {
        let name = package.ecosystem.split(':').next().unwrap_or_default();
        intake.unknown_ecosystem(name);
        return Ok(None);
    };
    if package.name.is_empty() {
        return Err("a package without a name".into());
    }
    let mut ranges = Vec::new();
    for range in &affected.ranges {
        ranges.extend(
            self::range(range).map_err(|why| format!("range of `{}`: {why}", package.name))?,
        );
    }
    if affected.versions.iter().any(String::is_empty) {
        return Err(format!("`{}`: an empty version", package.name));
    }
    let status = match affected.specific("urgency") {
        Some("end-of-life") => AffectedStatus::EndOfLife,
        _ => AffectedStatus::ByRange,
    };
    if ranges.is_empty() && affected.versions.is_empty() && status == AffectedStatus::ByRange {
        return Ok(None);
    }
    let name = ecosystem.name();
    let binary = matches!(name, EcosystemName::AlmaLinux | EcosystemName::RedHat)
        || record.specific("package_names") == Some("binary");
    let module = modular_stream(&record.summary, &ranges);
    let model = Affected {
        ecosystem,
        package: package.name.clone(),
        binary,
        ranges,
        versions: affected.versions.clone(),
        status,
        module,
        arches: Vec::new(),
        rating: None,
    };
    Ok(Some((model, affected, name)))
}

fn range(range: &RangeRecord) -> Result<Option<Range>, String> {
    let kind = match range.kind.as_str() {
        "SEMVER" => RangeKind::Semver,
        "ECOSYSTEM" => RangeKind::Ecosystem,
        "GIT" => return Ok(None),
        other => return Err(format!("type `{other}` is not known")),
    };
    let mut events = Vec::with_capacity(range.events.len());
    for record in &range.events {
        event(record, &mut events)?;
    }
    if !events.iter().any(|event| matches!(event, Event::Introduced(_))) {
        return Err("no `introduced` in it".into());
    }
    Ok(Some(Range { kind, events, constraint: String::new() }))
}

fn event(record: &EventRecord, events: &mut Vec<Event>) -> Result<(), String> {
    let before = events.len();
    let mut add = |version: &Option<String>, make: fn(String) -> Event| match version.as_deref() {
        Some("") => Err("an empty version".to_owned()),
        Some(version) => {
            events.push(make(version.to_owned()));
            Ok(())
        }
        None => Ok(()),
    };
    add(&record.introduced, Event::Introduced)?;
    add(&record.fixed, Event::Fixed)?;
    add(&record.last_affected, Event::LastAffected)?;
    // A limit of `*` is none.
    add(&record.limit.clone().filter(|limit| limit != "*"), Event::Limit)?;
    if events.len() == before && record.limit.is_none() {
        return Err("an event that says nothing".into());
    }
    Ok(())
}

/// A distribution's notice that names its CVEs as related ones only.
fn related_cves(advisory: &Advisory, related: Vec<String>) -> Vec<String> {
    let is_notice = |affected: &Affected| affected.ecosystem.name() == EcosystemName::AlmaLinux;
    if advisory.affected.first().is_some_and(is_notice) {
        related.into_iter().filter(|id| id.starts_with("CVE-")).collect()
    } else {
        Vec::new()
    }
}

fn link_kind(kind: &str) -> LinkKind {
    match kind {
        "ADVISORY" => LinkKind::Advisory,
        "FIX" => LinkKind::Fix,
        "REPORT" | "DISCUSSION" => LinkKind::Report,
        "EVIDENCE" | "DETECTION" => LinkKind::Evidence,
        "PACKAGE" => LinkKind::Package,
        _ => LinkKind::Web,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_modular_notice_says_its_stream_in_its_title() {
        let fixed = |version: &str| Range {
            kind: RangeKind::Ecosystem,
            events: vec![Event::Fixed(version.into())],
            constraint: String::new(),
        };
        let modular = [fixed("1:1.16.1-2.module_el8.4.0+2479+17f33a01")];
        let stream = |summary: &str| modular_stream(summary, &modular);
        assert_eq!(stream("Important: nginx:1.16 security update").as_deref(), Some("nginx:1.16"));
        assert_eq!(stream("Important: nginx security update"), None);
        assert_eq!(stream("Moderate: php:7.3 and php:7.4 security update"), None);
        assert_eq!(modular_stream("Important: nginx:1.16 update", &[fixed("1.16-2.el8")]), None);
    }

    proptest::proptest! {
        #[test]
        fn no_bytes_panic(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..300)) {
            record(&bytes);
        }
    }
}
