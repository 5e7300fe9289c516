//! A result: a weakness in one package, at the place where the package was found.

use std::collections::{BTreeSet, HashMap};

use plimsoll_model::{Finding, FixState, Scan, Severity};
use serde::Serialize;
use uuid::Uuid;

use crate::escape;
use crate::{instruction, text};

/// GitHub reads so many locations of a result and no more.
const LOCATIONS: usize = 100;

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct SarifResult {
    rule_id: String,
    rule_index: usize,
    level: &'static str,
    message: Message,
    locations: Vec<Place>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    related_locations: Vec<Place>,
    partial_fingerprints: PartialFingerprints,
    suppressions: Vec<Suppression>,
    properties: Properties,
}

#[derive(Debug, Serialize)]
pub(super) struct Message {
    text: String,
}

impl Message {
    /// A text that is shown as it is.
    pub(super) fn plain(text: &str) -> Self {
        Self { text: escape::message(text) }
    }
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Place {
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<usize>,
    physical_location: PhysicalLocation,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<Message>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct PhysicalLocation {
    artifact_location: ArtifactLocation,
    region: Region,
}

#[derive(Debug, Serialize)]
struct ArtifactLocation {
    uri: String,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Region {
    start_line: u32,
}

impl Place {
    /// A file in the target; GitHub wants a line, so a file without lines gets its first.
    pub(super) fn new(path: &str, line: Option<u32>) -> Self {
        Self {
            id: None,
            physical_location: PhysicalLocation {
                artifact_location: ArtifactLocation { uri: escape::uri(path) },
                region: Region { start_line: line.unwrap_or(1).max(1) },
            },
            message: None,
        }
    }
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct PartialFingerprints {
    primary_location_line_hash: String,
}

#[derive(Debug, Serialize)]
struct Suppression {
    kind: &'static str,
    status: &'static str,
    justification: String,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Properties {
    severity: &'static str,
    purl: String,
    installed_version: String,
    fixed_versions: Vec<String>,
    aliases: Vec<String>,
    exploited: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    epss: Option<f32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    layer: Option<String>,
}

/// Hashes given out so far: where two results would have the same, the second is numbered.
#[derive(Debug, Default)]
pub(super) struct Fingerprints(HashMap<Uuid, usize>);

impl Fingerprints {
    fn of(&mut self, finding: &Finding, path: &str) -> String {
        let package = &finding.package;
        let identity = [&finding.id, package.kind.purl_type(), &package.name, path].join("\0");
        let hash = Uuid::new_v5(&Uuid::NAMESPACE_URL, identity.as_bytes());
        let times = self.0.entry(hash).or_insert(0);
        *times += 1;
        let hex = hash.simple().to_string();
        format!("{}:{times}", hex.get(..16).unwrap_or(&hex))
    }
}

impl SarifResult {
    pub(super) fn of(
        finding: &Finding,
        rule_index: usize,
        scan: &Scan,
        fingerprints: &mut Fingerprints,
    ) -> Self {
        let artifact = &scan.inventory.artifact;
        let package = &finding.package;
        // A result without a location is refused, so it stands at the target as a whole.
        let target = artifact.names.first().unwrap_or(&artifact.reference);
        let target = if target.is_empty() { "target" } else { target };
        let mut seen = BTreeSet::new();
        let mut places: Vec<(&str, Option<u32>)> = package
            .locations
            .iter()
            .map(|place| (place.path.as_str(), place.line))
            .filter(|place| seen.insert(*place))
            .take(LOCATIONS)
            .collect();
        if places.is_empty() {
            places.push((target, None));
        }
        let first = places.first().map_or(target, |(path, _)| path);
        let mut places = places.iter().map(|(path, line)| Place::new(path, *line));
        let mut location = places.next();
        if let Some(place) = &mut location {
            let what = format!("{} {}", package.name, package.version);
            place.message = Some(Message::plain(&text::one_line(&what)));
        }
        let related = (1..).zip(places).map(|(id, place)| Place { id: Some(id), ..place });
        Self {
            rule_id: text::one_line(&finding.id),
            rule_index,
            level: level(finding.severity),
            message: Message::plain(&says(finding)),
            locations: location.into_iter().collect(),
            related_locations: related.collect(),
            partial_fingerprints: PartialFingerprints {
                primary_location_line_hash: fingerprints.of(finding, first),
            },
            suppressions: finding.suppressed.iter().map(|reason| suppression(reason)).collect(),
            properties: properties(finding, scan),
        }
    }
}

/// SARIF's own levels, of which there are three.
pub(super) fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical | Severity::High => "error",
        Severity::Medium => "warning",
        _ => "note",
    }
}

fn says(finding: &Finding) -> String {
    let package = &finding.package;
    let title = text::one_line(&finding.title);
    let title = if title.is_empty() { String::new() } else { format!(": {title}") };
    let (_, fix) = fix(&finding.fix);
    text::one_line(&format!(
        "{} {} has {} ({}){}. {fix}.",
        package.name,
        package.version,
        finding.id,
        finding.severity,
        title.trim_end_matches('.')
    ))
}

/// What can be done, in few words and in a sentence.
pub(super) fn fix(fix: &FixState) -> (String, String) {
    let words = match fix {
        FixState::Fixed(versions) if !versions.is_empty() => {
            let versions: Vec<String> = versions.iter().map(|v| text::one_line(v)).collect();
            let versions = versions.join(", ");
            return (versions.clone(), format!("Fixed in {versions}"));
        }
        FixState::WillNotFix => ("will not fix", "The vendor will not fix it"),
        FixState::Deferred => ("deferred", "The vendor puts the fix off"),
        FixState::UnderInvestigation => ("investigated", "The vendor is still looking into it"),
        FixState::EndOfLife => ("end of life", "The release has ended and gets no fix"),
        _ => ("no fix", "No fix is published"),
    };
    (words.0.into(), words.1.into())
}

fn suppression(reason: &str) -> Suppression {
    Suppression { kind: "external", status: "accepted", justification: text::lines(reason) }
}

fn properties(finding: &Finding, scan: &Scan) -> Properties {
    let place = finding.package.locations.first();
    let layer = place.and_then(|place| place.layer).map(|at| {
        let layer = usize::try_from(at).ok().and_then(|at| scan.inventory.layers.get(at));
        let made_by = layer.map(|layer| instruction::of(&layer.created_by)).unwrap_or_default();
        format!("#{at} {made_by}").trim_end().to_owned()
    });
    let fixed: &[String] = match &finding.fix {
        FixState::Fixed(versions) => versions,
        _ => &[],
    };
    Properties {
        severity: finding.severity.name(),
        purl: text::one_line(&finding.package.purl),
        installed_version: text::one_line(&finding.package.version),
        fixed_versions: fixed.iter().map(|version| text::one_line(version)).collect(),
        aliases: finding.aliases.iter().map(|id| text::one_line(id)).collect(),
        exploited: finding.kev.is_some(),
        epss: finding.epss.map(|epss| epss.score).filter(|score| (0.0..=1.0).contains(score)),
        layer,
    }
}
