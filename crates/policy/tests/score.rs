//! Whoever mends a thing never lowers the score of an image.
#![allow(clippy::indexing_slicing, reason = "a test stops at the first surprise")]

use plimsoll_model::Severity;
use plimsoll_policy::{Evidence, Facts, Score, Weight};
use proptest::prelude::*;

fn weight() -> impl Strategy<Value = Weight> {
    (0..Severity::ALL.len(), any::<[bool; 3]>()).prop_map(|(at, flags)| {
        let [exploited, fixable, never_loaded] = flags;
        Weight { severity: Severity::ALL[at], exploited, fixable, never_loaded }
    })
}

fn evidence() -> impl Strategy<Value = Evidence> {
    prop::sample::select(vec![
        Evidence::Unknown,
        Evidence::Missing,
        Evidence::Attached,
        Evidence::Verified,
    ])
}

fn facts() -> impl Strategy<Value = Facts> {
    let vulnerabilities = prop::collection::vec((weight(), 0_u64..1_000_000), 0..8);
    let known = (any::<[Option<bool>; 2]>(), [evidence(), evidence()]);
    (vulnerabilities, any::<u64>(), known, any::<bool>(), any::<Option<u64>>()).prop_map(
        |(vulnerabilities, secrets, known, end_of_life, age_days)| {
            let ([runs_as_root, sbom], [signature, provenance]) = known;
            Facts {
                vulnerabilities,
                secrets,
                runs_as_root,
                end_of_life,
                age_days,
                signature,
                provenance,
                sbom,
            }
        },
    )
}

fn better(evidence: Evidence) -> Evidence {
    match evidence {
        Evidence::Unknown | Evidence::Missing => Evidence::Attached,
        Evidence::Attached | Evidence::Verified => Evidence::Verified,
    }
}

/// The facts with one thing mended.
fn mended(facts: &Facts, which: usize, at: usize) -> Facts {
    let mut mended = facts.clone();
    match which {
        0 => {
            if !mended.vulnerabilities.is_empty() {
                let at = at % mended.vulnerabilities.len();
                let (_, count) = &mut mended.vulnerabilities[at];
                *count = count.saturating_sub(1);
            }
        }
        1 => mended.secrets = mended.secrets.saturating_sub(1),
        2 => mended.runs_as_root = Some(false),
        3 => mended.end_of_life = false,
        4 => mended.age_days = Some(mended.age_days.unwrap_or(u64::MAX) / 2),
        5 => mended.signature = better(mended.signature),
        6 => mended.provenance = better(mended.provenance),
        _ => mended.sbom = Some(true),
    }
    mended
}

proptest! {
    #[test]
    fn mending_a_thing_never_lowers_the_score(facts in facts(), which in 0..8_usize, at: usize) {
        let (before, after) = (Score::of(&facts), Score::of(&mended(&facts, which, at)));
        prop_assert!(after.value >= before.value, "{before:?} {after:?}");
        for (before, after) in before.parts.iter().zip(&after.parts) {
            prop_assert!(after.lost <= before.lost, "{before:?} {after:?}");
        }
    }

    #[test]
    fn no_part_costs_more_than_it_may_and_all_of_them_explain_the_value(facts in facts()) {
        let score = Score::of(&facts);
        prop_assert!(score.parts.iter().all(|part| part.lost <= part.of));
        prop_assert_eq!(score.parts.iter().map(|part| part.of).sum::<u64>(), 1000);
        let lost: u64 = score.parts.iter().map(|part| part.lost).sum();
        prop_assert_eq!(u64::from(score.value), (1000 - lost) / 10);
        for part in &score.parts {
            prop_assert!((part.lost > 0) <= !part.reasons.is_empty(), "{:?}", part);
        }
    }
}
