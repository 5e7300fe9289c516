//! What a common guide to container security does in its own Dockerfiles, and the rules that say
//! so.
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a test stops at the first surprise")]

use std::collections::BTreeSet;

use plimsoll_build::syntax::Dockerfile;
use plimsoll_build::{Config, Environment, Safety, Source, fix, lint};
use plimsoll_testkit::shared;

fn guide() -> Option<String> {
    shared("../guide/container-security-guide.txt")
        .map(|path| std::fs::read_to_string(path).unwrap())
}

/// The Dockerfiles of the guide: its blocks of text that have a `FROM`, in order.
fn dockerfiles() -> Vec<String> {
    let Some(text) = guide() else { return Vec::new() };
    let build = text.split_once("Secure Dockerfiles").map_or("", |(_, rest)| rest);
    let build = build.split_once("Image Scanning").map_or(build, |(before, _)| before);
    // A title stands between two of them.
    build
        .split("\nBest Practices\n")
        .flat_map(|part| part.split("\nMulti-Stage Builds\n"))
        .flat_map(|part| part.split("\nSecurity Hardening\n"))
        .map(|part| part.trim().to_owned())
        .filter(|part| part.contains("RUN "))
        .collect()
}

fn found(text: &str) -> BTreeSet<(String, u32)> {
    let file = Dockerfile::parse(Source::new(text));
    let found = lint(&file, &Config::default(), &Environment::default()).findings;
    found.into_iter().map(|one| (one.rule.id.to_owned(), one.line)).collect()
}

/// The number of the line that begins with a text.
fn line(text: &str, start: &str) -> u32 {
    let at = text.lines().position(|line| line.starts_with(start)).unwrap();
    u32::try_from(at).unwrap() + 1
}

#[test]
fn the_guide_has_three_dockerfiles() {
    let files = dockerfiles();
    println!("{} Dockerfiles", files.len());
    assert!(files.is_empty() || files.len() == 3, "{files:#?}");
}

#[test]
fn production_flags_of_the_guide_are_dated_and_mended_safely() {
    for text in dockerfiles().iter().filter(|text| text.contains("--only=production")) {
        let at = line(text, "RUN npm ci --only=production");
        assert!(found(text).contains(&("PL1221".to_owned(), at)), "{:#?}", found(text));
        let fixed = fix(text, &Config::default(), &Environment::default(), Safety::Safe).text;
        assert!(fixed.contains("npm ci --omit=dev") && !fixed.contains("--only"), "{fixed}");
    }
}

#[test]
fn the_guide_installs_over_the_modules_that_it_copied() {
    for text in dockerfiles().iter().filter(|text| text.contains("AS builder")) {
        let at = line(text, "COPY --from=builder /app/node_modules");
        assert!(found(text).contains(&("PL1223".to_owned(), at)), "{:#?}", found(text));
        let fixed = fix(text, &Config::default(), &Environment::default(), Safety::Unsafe).text;
        assert!(!fixed.contains("--from=builder /app/node_modules"), "{fixed}");
        assert!(fixed.contains("--from=builder /app/dist"), "{fixed}");
    }
}

#[test]
fn the_guide_keeps_its_own_rules_where_it_does() {
    for text in dockerfiles().iter().filter(|text| text.contains("HEALTHCHECK")) {
        let found = found(text);
        let ids: Vec<&str> = found.iter().map(|(id, _)| id.as_str()).collect();
        for kept in ["PL1201", "PL1203", "PL1204", "PL1210", "PL1236", "DL3007"] {
            assert!(!ids.contains(&kept), "{kept}: {found:#?}");
        }
    }
}

#[test]
fn the_tags_that_the_guide_pulls_move() {
    let Some(text) = guide() else { return };
    let pulled: BTreeSet<&str> = text
        .split_whitespace()
        .filter(|word| {
            word.ends_with(":latest") && word.starts_with(|one: char| one.is_alphabetic())
        })
        .filter(|word| !word.contains("://") && !word.starts_with("docker:"))
        .collect();
    assert!(pulled.contains("nginx:latest"), "{pulled:?}");
    for image in pulled {
        let found = found(&format!("FROM {image}\n"));
        assert!(found.contains(&("DL3007".to_owned(), 1)), "{image}: {found:?}");
    }
}
