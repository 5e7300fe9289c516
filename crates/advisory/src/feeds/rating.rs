//! Ratings of severity: CVSS vectors are scored, vendors' words brought to one scale.

use cvss::{v2, v3, v4};
use plimsoll_model::{Rating, RatingKind, Severity};

/// A rating from a CVSS vector of any version, `None` where it is none.
///
/// The score is the base score of 2.0 and 3.x, and the whole one of 4.0, where threat metrics are
/// part of the vector that a publisher gives.
pub(super) fn from_vector(source: &str, vector: &str) -> Option<Rating> {
    // The specification asks for no more than about 250 characters.
    const LONGEST: usize = 1024;
    if vector.len() > LONGEST {
        return None;
    }
    let (kind, score) = if vector.starts_with("CVSS:4") {
        (RatingKind::CvssV4, vector.parse::<v4::Vector>().ok()?.score().value())
    } else if vector.starts_with("CVSS:3") {
        (RatingKind::CvssV3, v3_base(vector)?)
    } else {
        (RatingKind::CvssV2, vector.parse::<v2::Vector>().ok()?.score().value())
    };
    let severity = severity_of(kind, score);
    Some(Rating {
        source: source.into(),
        kind,
        value: vector.into(),
        score: Some(to_f32(score)),
        severity,
    })
}

/// A rating of which only the score is known.
pub(super) fn from_score(source: &str, kind: RatingKind, score: f64) -> Option<Rating> {
    (0.0..=10.0).contains(&score).then(|| Rating {
        source: source.into(),
        kind,
        value: String::new(),
        score: Some(to_f32(score)),
        severity: severity_of(kind, score),
    })
}

/// A rating by a vendor's word, which is kept even where it is on no known scale.
pub(super) fn from_word(source: &str, word: &str) -> Rating {
    Rating {
        source: source.into(),
        kind: RatingKind::Label,
        value: word.into(),
        score: None,
        severity: word.parse().unwrap_or_default(),
    }
}

/// A rating by a word that is on no scale, with the level that it stands for.
pub(super) fn from_label(source: &str, label: &str, severity: Severity) -> Rating {
    Rating { severity, ..from_word(source, label) }
}

/// A base score, for which all base metrics must be there: the parser does without.
fn v3_base(vector: &str) -> Option<f64> {
    let parsed = vector.parse::<v3::Vector>().ok()?;
    let all = parsed.av.is_some()
        && parsed.ac.is_some()
        && parsed.pr.is_some()
        && parsed.ui.is_some()
        && parsed.s.is_some()
        && parsed.c.is_some()
        && parsed.i.is_some()
        && parsed.a.is_some();
    all.then(|| parsed.base_score().value())
}

/// CVSS 2.0 has no critical: <https://nvd.nist.gov/vuln-metrics/cvss>.
fn severity_of(kind: RatingKind, score: f64) -> Severity {
    match (kind, Severity::from_score(score)) {
        (RatingKind::CvssV2, Severity::Critical) => Severity::High,
        (_, severity) => severity,
    }
}

#[allow(clippy::cast_possible_truncation, reason = "scores have one decimal and are below 11")]
fn to_f32(score: f64) -> f32 {
    score as f32
}
