//! Severity, which OSV's publishers write in five places.

use plimsoll_model::{EcosystemName, Rating, RatingKind, Severity};
use serde_json::Value;

use super::record::{AffectedRecord, Record, SeverityRecord};
use crate::feeds::rating;

/// Who rates: the publisher, whom the id begins with.
fn source(id: &str) -> String {
    let prefix = id.split(['-', ':']).next().unwrap_or(id).to_ascii_lowercase();
    match prefix.as_str() {
        "bit" => "bitnami",
        "cve" => "nvd",
        "dsa" | "dla" | "dtsa" => "debian",
        "usn" | "lsn" => "ubuntu",
        "alsa" | "alba" | "alea" => "almalinux",
        "rlsa" | "rxsa" | "rlba" | "rlea" => "rocky",
        "rhsa" | "rhba" | "rhea" => "redhat",
        "pysec" => "pypa",
        "mal" => "ossf",
        other => other,
    }
    .to_owned()
}

/// Ratings of the whole record.
pub(super) fn of_record(record: &Record) -> Vec<Rating> {
    let source = source(&record.id);
    let mut ratings: Vec<Rating> =
        record.severity.iter().map(|severity| one(&source, severity)).collect();
    let scores = [
        ("cvss_v4_score", RatingKind::CvssV4),
        ("cvss_v3_score", RatingKind::CvssV3),
        ("cvss_v2_score", RatingKind::CvssV2),
    ];
    for (key, kind) in scores {
        let score = record.database_specific.get(key).and_then(Value::as_f64);
        ratings.extend(score.and_then(|score| rating::from_score(&source, kind, score)));
    }
    for key in ["severity", "severity_label"] {
        ratings.extend(record.specific(key).map(|word| rating::from_word(&source, word)));
    }
    if record.id.starts_with("MAL-") {
        ratings.push(rating::from_label(&source, "malicious", Severity::Critical));
    }
    ratings
}

/// Ratings for one package.
pub(super) fn of_affected(
    record: &Record,
    affected: &AffectedRecord,
    ecosystem: EcosystemName,
) -> Vec<Rating> {
    let source = source(&record.id);
    let mut ratings: Vec<Rating> =
        affected.severity.iter().map(|severity| one(&source, severity)).collect();
    let word = |key: &str| affected.specific(key);
    match ecosystem {
        // `end-of-life` is no rating, and the tracker marks its own guesses with `**`.
        EcosystemName::Debian => ratings.extend(
            word("urgency")
                .filter(|word| !matches!(*word, "end-of-life" | "not yet assigned"))
                .map(|word| rating::from_word(&source, word.trim_end_matches('*'))),
        ),
        EcosystemName::Ubuntu => {
            ratings.extend(word("ubuntu_priority").map(|word| rating::from_word(&source, word)));
        }
        // Crates that nobody maintains any more: no weakness by itself.
        EcosystemName::CratesIo => ratings.extend(word("informational").map(|kind| {
            let severity = match kind {
                "unmaintained" | "notice" => Severity::Negligible,
                _ => Severity::Unknown,
            };
            rating::from_label(&source, kind, severity)
        })),
        _ => {
            ratings.extend(word("severity").map(|word| rating::from_word(&source, word)));
        }
    }
    ratings
}

/// The rating that counts, newest CVSS first, and the others.
pub(super) fn best_first(mut ratings: Vec<Rating>) -> Option<(Rating, Vec<Rating>)> {
    let rank = |rating: &Rating| match rating.kind {
        RatingKind::CvssV4 => 0,
        RatingKind::CvssV3 => 1,
        RatingKind::Label => 2,
        _ => 3,
    };
    ratings.sort_by_key(rank);
    if ratings.is_empty() {
        return None;
    }
    let best = ratings.remove(0);
    Some((best, ratings))
}

/// A vector that cannot be scored is kept as it is, with no level.
fn one(source: &str, severity: &SeverityRecord) -> Rating {
    let kind = match severity.kind.as_str() {
        "CVSS_V2" => RatingKind::CvssV2,
        "CVSS_V3" => RatingKind::CvssV3,
        "CVSS_V4" => RatingKind::CvssV4,
        // `Ubuntu` and whatever comes after it give a word.
        _ => return rating::from_word(source, &severity.score),
    };
    rating::from_vector(source, &severity.score).unwrap_or_else(|| Rating {
        kind,
        ..rating::from_label(source, &severity.score, Severity::Unknown)
    })
}
