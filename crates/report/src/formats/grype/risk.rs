//! Grype's number for how urgent a match is, 0 to 100: how likely it is exploited, times how bad that is.
//!
//! Source: <https://github.com/anchore/grype/blob/main/grype/vulnerability/metadata.go>.

use plimsoll_model::{Finding, RatingKind, Severity};

/// The number for a finding.
pub(super) fn of(finding: &Finding) -> f64 {
    let (threat, weight) = match (&finding.kev, &finding.epss) {
        (Some(kev), _) => (1.0, if kev.ransomware { 1.1 } else { 1.05 }),
        (None, Some(epss)) => (f64::from(epss.score), 1.0),
        (None, None) => (0.0, 1.0),
    };
    let scores: Vec<f64> = finding
        .ratings
        .iter()
        .filter(|rating| rating.kind != RatingKind::Label)
        .filter_map(|rating| rating.score)
        .filter(|score| *score > 0.0 && *score <= 10.0)
        .map(f64::from)
        .collect();
    let word = level(finding.severity);
    let count = u32::try_from(scores.len()).unwrap_or(u32::MAX);
    let bad = if scores.is_empty() {
        word
    } else {
        f64::midpoint(word, scores.iter().sum::<f64>() / f64::from(count))
    };
    let risk = (threat * bad / 10.0 * weight).min(1.0) * 100.0;
    (risk * 1000.0).round() / 1000.0
}

/// The middle of what a word stands for, of 10.
fn level(severity: Severity) -> f64 {
    match severity {
        Severity::Negligible => 0.5,
        Severity::Low => 3.0,
        Severity::Medium | Severity::Unknown => 5.0,
        Severity::High => 7.5,
        Severity::Critical => 9.0,
    }
}
