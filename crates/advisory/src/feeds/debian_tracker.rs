//! The Debian security tracker: what is fixed, open, or will stay open, in each release.
//!
//! Format: <https://security-tracker.debian.org/tracker/data/json>, source package → issue →
//! release. It says more than advisories do: issues without a fix, those that the security team
//! leaves to a point release or ignores (`nodsa`), and those that do not matter (`unimportant`).
//! Releases without a number (`sid`, `experimental`) are passed over.

use std::collections::BTreeMap;
use std::fmt;
use std::io::BufReader;

use plimsoll_model::{
    Advisory, Affected, AffectedStatus, Ecosystem, EcosystemName, Event, Range, RangeKind,
};
use serde::de::{DeserializeSeed, IgnoredAny, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::Value;

use super::{Feed, FeedError, FeedFile, Intake, Source, rating};

const NAME: &str = "debian";
const URL: &str = "https://security-tracker.debian.org/tracker/data/json";

/// Code names of releases: <https://www.debian.org/releases/>.
const RELEASES: &[(&str, &str)] = &[
    ("wheezy", "7"),
    ("jessie", "8"),
    ("stretch", "9"),
    ("buster", "10"),
    ("bullseye", "11"),
    ("bookworm", "12"),
    ("trixie", "13"),
    ("forky", "14"),
    ("duke", "15"),
];

/// Reads the tracker's whole data, a package at a time.
#[derive(Debug)]
pub(super) struct DebianTracker;

#[derive(Deserialize)]
struct Issue {
    description: Option<String>,
    releases: BTreeMap<String, Release>,
}

#[derive(Deserialize)]
struct Release {
    status: String,
    fixed_version: Option<String>,
    urgency: Option<String>,
    nodsa_reason: Option<String>,
    nodsa: Option<String>,
}

impl Feed for DebianTracker {
    fn sources(&self) -> Vec<Source> {
        vec![Source::single(NAME, "debian/json", URL)]
    }

    fn read(&self, files: &[FeedFile], intake: &mut Intake<'_>) -> Result<(), FeedError> {
        for file in files {
            // Known to be whole before the first record is taken.
            let _: IgnoredAny = serde_json::from_reader(BufReader::new(file.open()?))
                .map_err(|error| file.broken(&error))?;
            let mut reader = serde_json::Deserializer::from_reader(BufReader::new(file.open()?));
            Packages(intake).deserialize(&mut reader).map_err(|error| file.broken(&error))?;
        }
        Ok(())
    }
}

/// Takes packages as they come, so that never all of them are in memory.
struct Packages<'p, 'i>(&'p mut Intake<'i>);

impl<'de> DeserializeSeed<'de> for Packages<'_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Packages<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("issues by source package")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some((package, issues)) = map.next_entry::<String, Value>()? {
            let Value::Object(issues) = issues else {
                self.0.reject(&package, &"no issues by id");
                continue;
            };
            for (id, issue) in issues {
                match Issue::deserialize(issue) {
                    Ok(issue) => add(&package, id, &issue, self.0),
                    Err(error) => self.0.reject(&format!("{package} {id}"), &error),
                }
            }
        }
        Ok(())
    }
}

fn add(package: &str, id: String, issue: &Issue, intake: &mut Intake<'_>) {
    let mut advisory = Advisory::new(id, NAME);
    advisory.details = issue.description.clone().unwrap_or_default();
    for (name, release) in &issue.releases {
        let Some((_, number)) = RELEASES.iter().find(|(known, _)| known == name) else { continue };
        match affected(package, number, release) {
            Ok(affected) => advisory.affected.push(affected),
            Err(why) => {
                return intake
                    .reject(&format!("{package} {}", advisory.id), &format!("{name}: {why}"));
            }
        }
    }
    intake.advisory(advisory);
}

fn affected(package: &str, number: &str, release: &Release) -> Result<Affected, String> {
    let urgency = release.urgency.as_deref().unwrap_or_default();
    let fixed = release.fixed_version.as_deref().filter(|version| !version.is_empty());
    let mut events = vec![Event::Introduced("0".into())];
    let status = match (release.status.as_str(), fixed) {
        ("resolved", Some("0")) => AffectedStatus::NotAffected,
        ("resolved", Some(version)) => {
            events.push(Event::Fixed(version.into()));
            AffectedStatus::ByRange
        }
        ("resolved", None) => return Err("resolved in no version".into()),
        ("undetermined", _) => AffectedStatus::UnderInvestigation,
        ("open", _) if urgency == "end-of-life" => AffectedStatus::EndOfLife,
        ("open", _) => match (release.nodsa_reason.as_deref(), &release.nodsa) {
            (Some("ignored"), _) => AffectedStatus::WillNotFix,
            (Some("postponed"), _) | (_, Some(_)) => AffectedStatus::Deferred,
            _ => AffectedStatus::Affected,
        },
        (other, _) => return Err(format!("status `{other}` is not known")),
    };
    let ranges = match status {
        AffectedStatus::NotAffected => Vec::new(),
        _ => vec![Range { kind: RangeKind::Ecosystem, events, constraint: String::new() }],
    };
    let word = urgency.trim_end_matches('*');
    let rated = !matches!(word, "" | "end-of-life" | "not yet assigned");
    Ok(Affected {
        ecosystem: Ecosystem::with_release(EcosystemName::Debian, number),
        package: package.into(),
        binary: false,
        ranges,
        versions: Vec::new(),
        status,
        module: None,
        arches: Vec::new(),
        rating: rated.then(|| rating::from_word(NAME, word)),
    })
}
