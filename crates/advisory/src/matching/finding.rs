//! A finding, written out of a group of matching records.

use plimsoll_model::{
    Advisory, AdvisoryRef, AffectedStatus, Distro, EvidenceStep, Finding, FixState, PackageMatch,
    Purl, Rating,
};

use super::group::Group;
use super::hit::Hit;
use super::severity;
use super::subject::Subject;
use crate::database::{Database, DatabaseError};

/// Records about the same CVE in other feeds that are looked at where the matching ones are
/// silent on a severity or a title.
const MAX_LENDERS: usize = 16;

/// Writes the finding of a group; `index` is the package's place in the inventory.
pub(super) fn finding(
    group: &Group<'_, '_>,
    subject: &Subject<'_>,
    index: u32,
    distro: Option<&Distro>,
    database: &Database,
) -> Result<Finding, DatabaseError> {
    let records: Vec<Advisory> = group
        .hits
        .iter()
        .map(|hit| database.advisory(hit.advisory))
        .collect::<Result<_, DatabaseError>>()?;
    let id = group.id().to_owned();
    let mut ratings: Vec<Rating> = group.hits.iter().filter_map(|hit| hit.rating.clone()).collect();
    ratings.extend(records.iter().flat_map(|record| record.ratings.clone()));
    let mut title = records.iter().map(title).find(|title| !title.is_empty());
    let mut description = records.iter().map(|r| r.details.clone()).find(|text| !text.is_empty());
    let (mut severity, mut source) = severity::choose(&ratings, subject.is_os);
    let mut lent = None;
    if source.is_empty() || title.is_none() {
        let lenders = lenders(group, database)?;
        if source.is_empty() {
            let borrowed: Vec<Rating> =
                lenders.iter().flat_map(|record| record.ratings.clone()).collect();
            (severity, source) = severity::choose(&borrowed, false);
            lent = (!source.is_empty()).then(|| source.clone());
            ratings.extend(borrowed);
        }
        title = title.or_else(|| lenders.iter().map(self::title).find(|t| !t.is_empty()));
        description =
            description.or_else(|| lenders.into_iter().map(|r| r.details).find(|t| !t.is_empty()));
    }
    ratings.sort_by(|a, b| (&a.source, &a.value).cmp(&(&b.source, &b.value)));
    ratings.dedup();
    let mut references: Vec<_> = records.iter().flat_map(|r| r.references.clone()).collect();
    references.sort_by(|a, b| (a.kind as u8, &a.url).cmp(&(b.kind as u8, &b.url)));
    references.dedup();
    let cves = || group.ids.iter().filter(|id| id.starts_with("CVE-"));
    let package = subject.package;
    let mut finding = Finding {
        aliases: group.ids.iter().filter(|other| **other != id).cloned().collect(),
        package: PackageMatch {
            index,
            kind: package.kind,
            name: package.name.clone(),
            version: package.version.clone(),
            purl: Purl::of(package, distro).to_string(),
            locations: package.locations.clone(),
        },
        severity,
        severity_source: source,
        ratings,
        fix: fix(&group.hits, subject),
        title: title.unwrap_or_default(),
        description: description.unwrap_or_default(),
        published: records.iter().filter_map(|record| record.published).min(),
        modified: records.iter().filter_map(|record| record.modified).max(),
        references,
        advisories: group
            .hits
            .iter()
            .zip(&records)
            .map(|(hit, record)| AdvisoryRef {
                id: hit.id.to_owned(),
                feed: hit.feed.to_owned(),
                modified: record.modified,
            })
            .collect(),
        kev: cves().find_map(|cve| database.kev(cve)),
        epss: cves().find_map(|cve| database.epss(cve)),
        evidence: Vec::new(),
        suppressed: None,
        loaded: None,
        id,
    };
    finding.evidence = evidence(&finding, group, subject, distro, lent.as_deref());
    Ok(finding)
}

/// Other feeds' records of the same CVEs, which may know a severity or a title.
fn lenders(group: &Group<'_, '_>, database: &Database) -> Result<Vec<Advisory>, DatabaseError> {
    let matched = |index: &u32| group.hits.iter().any(|hit| hit.advisory == *index);
    let mut indexes: Vec<u32> = group
        .ids
        .iter()
        .filter(|id| id.starts_with("CVE-"))
        .flat_map(|cve| database.by_id(cve))
        .filter(|index| !matched(index))
        .collect();
    indexes.sort_unstable();
    indexes.dedup();
    indexes.into_iter().take(MAX_LENDERS).map(|index| database.advisory(index)).collect()
}

/// The summary, or the first sentence of the details.
fn title(record: &Advisory) -> String {
    /// Longer ones are no titles any more.
    const LONGEST: usize = 200;
    let text = if record.summary.is_empty() { &record.details } else { &record.summary };
    let line = text.lines().map(|l| l.trim_start_matches('#').trim()).find(|l| !l.is_empty());
    let line = line.unwrap_or_default();
    let sentence = line.split_once(". ").map_or(line, |(first, _)| first).trim_end_matches('.');
    match sentence.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", sentence.get(..end).unwrap_or_default().trim_end()),
        None => sentence.to_owned(),
    }
}

/// The version that all matching records call repaired: the newest of what each asks for.
fn fix(hits: &[&Hit<'_>], subject: &Subject<'_>) -> FixState {
    let order = |a: &String, b: &String| subject.scheme.compare(a, b).unwrap_or_else(|_| a.cmp(b));
    let own: Vec<&&Hit<'_>> = hits.iter().filter(|hit| !hit.subscribers).collect();
    if let Some(nearest) = own.iter().filter_map(|hit| hit.fixed.first()).max_by(|a, b| order(a, b))
    {
        let later = own
            .iter()
            .flat_map(|hit| hit.fixed.iter().skip(1))
            .filter(|version| order(version, nearest).is_gt());
        // Inserted one by one: not all orders are transitive, and sorting would notice.
        let mut versions: Vec<String> = vec![nearest.clone()];
        for version in later {
            let at = versions.partition_point(|known| order(known, version).is_lt());
            if versions.get(at) != Some(version) {
                versions.insert(at, version.clone());
            }
        }
        return FixState::Fixed(versions);
    }
    let said = own.iter().map(|hit| hit.status).find(|s| *s != AffectedStatus::ByRange);
    match said {
        Some(AffectedStatus::WillNotFix) => FixState::WillNotFix,
        Some(AffectedStatus::Deferred) => FixState::Deferred,
        Some(AffectedStatus::UnderInvestigation) => FixState::UnderInvestigation,
        Some(AffectedStatus::EndOfLife) => FixState::EndOfLife,
        _ => FixState::NotFixed,
    }
}

/// How it came about, in the order in which it was decided.
fn evidence(
    finding: &Finding,
    group: &Group<'_, '_>,
    subject: &Subject<'_>,
    distro: Option<&Distro>,
    lent: Option<&str>,
) -> Vec<EvidenceStep> {
    let mut steps = Vec::new();
    let mut say = |step: &str, says: String| steps.push(EvidenceStep { step: step.into(), says });
    let package = subject.package;
    let place = package.locations.first().map_or(String::new(), |location| {
        let line = location.line.map(|line| format!(":{line}")).unwrap_or_default();
        let layer = location.layer.map(|layer| format!(" in layer #{layer}")).unwrap_or_default();
        format!(", stated by `{}{line}`{layer}", location.path)
    });
    say("package", format!("`{} {}` is installed{place}", package.name, package.version));
    if let Some(distro) = distro.filter(|_| subject.is_os) {
        let name = if distro.name.is_empty() { &distro.id } else { &distro.name };
        say("distribution", format!("it is a package of {name}, whose own word counts"));
    }
    for hit in &group.hits {
        let rebuilt = if hit.name == package.name {
            String::new()
        } else {
            format!(", the source that `{}` is built from", package.name)
        };
        say(
            "advisory",
            format!(
                "{} of {} is about `{}` in {}{rebuilt}",
                hit.id, hit.feed, hit.name, hit.ecosystem
            ),
        );
        say("comparison", format!("{} (order of {})", hit.comparison, subject.scheme.name()));
        if hit.subscribers {
            let fixed = hit.fixed.first().map_or("a later version", String::as_str);
            say(
                "subscription",
                format!("{} has the fix in {fixed}, for subscribers only", hit.ecosystem),
            );
        }
    }
    match (lent, finding.severity_source.as_str()) {
        (_, "") => say("severity", "no feed rates it".into()),
        (Some(source), _) => say(
            "severity",
            format!(
                "{}, by {source}'s record of {}: the matching records have no rating",
                finding.severity, finding.id
            ),
        ),
        (None, source) => say("severity", format!("{}, by {source}", finding.severity)),
    }
    steps
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_title_is_the_summary_or_the_first_sentence() {
        let mut record = Advisory::new("A-1", "osv/npm");
        record.details = "### Summary\nA bug. It is bad.".into();
        assert_eq!(title(&record), "Summary");
        record.details = "A bug. It is bad.".into();
        assert_eq!(title(&record), "A bug");
        record.summary = "x".repeat(300);
        assert_eq!(title(&record).chars().count(), 201);
    }
}
