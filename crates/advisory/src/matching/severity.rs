//! Which of several ratings counts.
//!
//! A distribution knows what its build of a package is exposed to, so its own word outranks a
//! score; of scores the newest system counts. What was not chosen stays in the finding.

use plimsoll_model::{Rating, RatingKind, Severity};

/// The level and whose it is, from ratings in the order of how close their source is to the
/// package: the first source that says anything decides.
pub(super) fn choose(ratings: &[Rating], is_os: bool) -> (Severity, String) {
    let says = |rating: &&Rating| rating.severity != Severity::Unknown;
    let Some(first) = ratings.iter().find(says) else {
        return (Severity::Unknown, String::new());
    };
    let of_source = ratings.iter().filter(says).filter(|rating| rating.source == first.source);
    // `max_by_key` would take the last of equals: the nearest to the package is the first.
    let chosen = of_source.rev().max_by_key(|rating| rank(rating.kind, is_os)).unwrap_or(first);
    (chosen.severity, chosen.source.clone())
}

fn rank(kind: RatingKind, is_os: bool) -> u8 {
    match kind {
        RatingKind::Label if is_os => 4,
        RatingKind::CvssV4 => 3,
        RatingKind::CvssV3 => 2,
        RatingKind::Label => 1,
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rating(source: &str, kind: RatingKind, severity: Severity) -> Rating {
        Rating { source: source.into(), kind, value: String::new(), score: None, severity }
    }

    #[test]
    fn a_distribution_s_word_outranks_a_score() {
        let ratings = [
            rating("debian", RatingKind::CvssV3, Severity::Critical),
            rating("debian", RatingKind::Label, Severity::Low),
        ];
        assert_eq!(choose(&ratings, true), (Severity::Low, "debian".into()));
        assert_eq!(choose(&ratings, false), (Severity::Critical, "debian".into()));
    }

    #[test]
    fn the_first_source_that_says_anything_decides() {
        let ratings = [
            rating("alpine", RatingKind::Label, Severity::Unknown),
            rating("ghsa", RatingKind::CvssV3, Severity::High),
            rating("nvd", RatingKind::CvssV4, Severity::Critical),
        ];
        assert_eq!(choose(&ratings, true), (Severity::High, "ghsa".into()));
        assert_eq!(choose(&[], true), (Severity::Unknown, String::new()));
    }
}
