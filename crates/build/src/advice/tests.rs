//! Moves between bases, judged by facts and by findings.

use std::fmt::Write as _;

use plimsoll_model::Timestamp;
use proptest::prelude::*;

use super::{Advice, Candidate, FindingCounts, Scope, advise, offers};
use crate::bases::known;

fn today() -> Timestamp {
    "2026-11-25".parse().unwrap()
}

fn candidate(reference: &str) -> Candidate {
    Candidate::new(known(reference).unwrap())
}

/// Candidates by facts, the best move and its traps.
fn advice(reference: &str) -> String {
    let current = candidate(reference);
    let candidates: Vec<Candidate> = offers(reference, today())
        .into_iter()
        .filter_map(|offer| {
            let base = known(&offer.reference)?;
            Some(Candidate { scope: offer.scope, ..Candidate::new(base) })
        })
        .collect();
    let advice = advise(&current, &candidates, today());
    let mut text = format!("{reference}\n");
    for way in &advice.moves {
        let name = &candidates[way.to].base.name;
        let chosen = if advice.recommended.as_ref() == Some(way) { ">" } else { " " };
        let _ = writeln!(
            text,
            "{chosen} {name}: removes {}%, cost {}, {} points",
            way.removed, way.cost, way.points
        );
    }
    for trap in advice.recommended.iter().flat_map(|way| &way.traps) {
        let _ = writeln!(text, "    {trap}");
    }
    text
}

#[test]
fn moves_of_official_images_by_facts_alone() {
    let references = [
        "node:20",
        "node:24-bookworm",
        "node:24-alpine3.19",
        "python:3.12",
        "python:3.8-slim-bullseye",
        "golang:1.26",
        "rust:1.90",
        "eclipse-temurin:21-jdk-jammy",
        "nginx:1.30",
        "debian:10",
        "debian:trixie",
        "ubuntu:20.04",
        "alpine:3.19",
        "postgres:16",
        "php:8.3-apache",
        "scratch",
    ];
    insta::assert_snapshot!(references.map(advice).join("\n"));
}

fn with(reference: &str, critical: u64, high: u64) -> Candidate {
    let findings = FindingCounts { critical, high, ..FindingCounts::default() };
    Candidate { findings: Some(findings), ..candidate(reference) }
}

fn best(advice: &Advice) -> Option<usize> {
    advice.recommended.as_ref().map(|way| way.to)
}

#[test]
fn findings_decide_where_they_are_known() {
    let current = with("node:24-bookworm", 10, 50);
    let slim = with("node:24-bookworm-slim", 1, 5);
    let alpine = with("node:24-alpine", 0, 0);
    assert_eq!(best(&advise(&current, &[alpine.clone(), slim.clone()], today())), Some(1));
    // The small change is not worth it where it removes nothing.
    let no_better = with("node:24-bookworm-slim", 10, 50);
    assert_eq!(best(&advise(&current, &[alpine, no_better], today())), Some(0));
}

#[test]
fn a_base_without_findings_is_not_left() {
    let current = with("alpine:3.24", 0, 0);
    let advice = advise(&current, &[with("debian:trixie-slim", 0, 10)], today());
    assert_eq!(advice.recommended, None);
    assert_eq!(advice.moves[0].removed, -100);
}

#[test]
fn an_ended_release_is_never_recommended_over_a_supported_one() {
    let current = candidate("alpine:3.18");
    let candidates = ["alpine:3.19", "alpine:3.24"].map(candidate);
    assert_eq!(best(&advise(&current, &candidates, today())), Some(1));
}

#[test]
fn an_earlier_release_is_recommended_to_nobody() {
    let current = with("alpine:3.24", 0, 9);
    assert_eq!(best(&advise(&current, &[with("alpine:3.22", 0, 0)], today())), None);
}

#[test]
fn few_findings_of_an_ended_release_do_not_keep_anybody_there() {
    let current = with("alpine:3.12", 0, 1);
    assert_eq!(best(&advise(&current, &[with("alpine:3.24", 0, 9)], today())), Some(0));
}

#[test]
fn a_last_stage_is_told_from_a_base_to_build_on() {
    let of_go = offers("golang:1.26", today());
    let scratch = of_go.iter().find(|offer| offer.reference == "scratch").unwrap();
    assert_eq!(scratch.scope, Scope::FinalStage);
}

proptest! {
    #[test]
    fn no_reference_panics(reference: String, tag in "[a-z0-9.-]{0,20}") {
        offers(&reference, today());
        for repository in ["node", "python", "debian", "php", "eclipse-temurin"] {
            offers(&format!("{repository}:{tag}"), today());
        }
    }
}
