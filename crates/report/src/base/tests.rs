//! Comparisons as they are written.

use plimsoll_build::advice::{Candidate, FindingCounts, advise, offers};
use plimsoll_build::bases::known;

use super::{BaseFormat, Comparison};
use crate::Style;

fn comparison(reference: &str) -> Comparison {
    let today = "2026-11-25".parse().unwrap();
    let current = Candidate::new(known(reference).unwrap());
    let candidates: Vec<Candidate> = offers(reference, today)
        .into_iter()
        .filter_map(|offer| {
            let base = known(&offer.reference)?;
            Some(Candidate { scope: offer.scope, ..Candidate::new(base) })
        })
        .collect();
    let advice = advise(&current, &candidates, today);
    Comparison { current, candidates, advice, today }
}

fn written(format: &str, comparison: Comparison, style: &Style) -> String {
    let mut out = Vec::new();
    (BaseFormat::named(format).unwrap().write)(&[comparison], style, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

#[test]
fn a_table_of_facts_says_whose_they_are_and_what_may_break() {
    insta::assert_snapshot!(written("table", comparison("node:20"), &Style::default()));
}

#[test]
fn findings_are_counted_where_they_are_known() {
    let mut comparison = comparison("debian:trixie");
    comparison.current.findings =
        Some(FindingCounts { critical: 2, high: 10, medium: 30, low: 5, other: 9 });
    for candidate in &mut comparison.candidates {
        candidate.findings = Some(FindingCounts::default());
    }
    let today = comparison.today;
    comparison.advice = advise(&comparison.current, &comparison.candidates, today);
    insta::assert_snapshot!(written("table", comparison, &Style::default()));
}

#[test]
fn a_narrow_terminal_loses_columns_and_keeps_the_rest_whole() {
    let style = Style { width: Some(80), colour: false };
    let text = written("table", comparison("nginx:stable"), &style);
    assert!(text.lines().all(|line| crate::text::width(line) <= 80), "{text}");
    assert!(text.contains("facts of"));
}

#[test]
fn json_leaves_out_what_is_not_known() {
    let text = written("json", comparison("node:20"), &Style::default());
    let document: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(document["schema"], "plimsoll.base/v1");
    let compared = &document["comparisons"][0];
    assert_eq!(compared["current"]["known_by"], "facts");
    assert_eq!(compared["current"]["ended"], true);
    assert!(compared["current"].get("findings").is_none());
    assert_eq!(compared["recommended"], "node:22-slim");
}

#[test]
fn names_cannot_move_the_cursor() {
    let mut comparison = comparison("alpine:3.19");
    comparison.current.base.name = "a\u{1b}[2J\nb".into();
    let text = written("table", comparison, &Style::default());
    assert!(!text.contains('\u{1b}'));
}
