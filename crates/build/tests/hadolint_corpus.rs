//! Agreement with hadolint 2.15.1: on its own cases, and on real Dockerfiles.
//!
//! A case that differs on purpose is listed with the reason.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a test stops at the first surprise and says what it measured"
)]

use plimsoll_build::syntax::Dockerfile;
use plimsoll_build::{Config, Environment, Source, lint};
use plimsoll_testkit::shared_records;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// Cases that differ on purpose: the id, and why ours is right.
const ON_PURPOSE: [(&str, &str); 1] = [(
    "DL3033/ok-with-version-as-arg-different-stages/1",
    "an ARG ends with its stage: the variable is empty in the next one, and nothing is pinned",
)];

/// Findings in real files that differ on purpose: the file, the code, the line, and why.
const REAL_ON_PURPOSE: [(&str, &str, u32, &str); 6] = [
    ("424c2bad5ead7535", "DL3009", 18, DIST_CLEAN),
    ("dca144a8c6552a77", "DL3009", 18, DIST_CLEAN),
    ("92887d71dc1110b9", "DL3009", 18, DIST_CLEAN),
    ("89477b635a00c6a1", "DL3009", 13, DIST_CLEAN),
    ("aee86186b46f28de", "DL3009", 13, DIST_CLEAN),
    ("338a6394d51bf109", "DL3060", 45, "nothing cleans what `yarn install` left there"),
];

const DIST_CLEAN: &str = "`apt-get dist-clean` removes the lists";

fn corpus(name: &str) -> Vec<Value> {
    shared_records(&format!("lint/{name}"))
}

fn found(text: &str, config: &Config) -> BTreeSet<(String, u32)> {
    let file = Dockerfile::parse(Source::new(text));
    let found = lint(&file, config, &Environment::default()).findings;
    found.into_iter().map(|one| (one.rule.id.to_owned(), one.line)).collect()
}

#[test]
fn the_cases_of_hadolint_are_judged_as_hadolint_judges_them() {
    let mut per_rule: BTreeMap<String, (u32, u32)> = BTreeMap::new();
    let mut different = Vec::new();
    for case in corpus("cases.jsonl") {
        let id = case["id"].as_str().unwrap();
        let rule = case["rule"].as_str().unwrap();
        let config = Config::from_hadolint(&case["config"].to_string()).unwrap();
        let ours: BTreeSet<u32> = found(case["dockerfile"].as_str().unwrap(), &config)
            .into_iter()
            .filter(|(code, _)| code == rule || rule == "SC*" && code.starts_with("SC"))
            .map(|(_, line)| line)
            .collect();
        let theirs: BTreeSet<u32> = case["lines"]
            .as_array()
            .unwrap()
            .iter()
            .map(|line| u32::try_from(line.as_u64().unwrap()).unwrap())
            .collect();
        let counts = per_rule.entry(rule.to_owned()).or_default();
        counts.1 += 1;
        if ours == theirs {
            counts.0 += 1;
        } else if !ON_PURPOSE.iter().any(|(known, _)| *known == id) {
            different.push(format!("{id}: ours {ours:?}, hadolint {theirs:?}"));
        }
    }
    for (rule, (same, all)) in &per_rule {
        println!("{rule}: {same} of {all}");
    }
    let (same, all) = per_rule.values().fold((0, 0), |sum, one| (sum.0 + one.0, sum.1 + one.1));
    println!("cases: {same} of {all}");
    assert!(different.is_empty(), "{}", different.join("\n"));
}

#[test]
fn real_files_have_the_findings_that_hadolint_has() {
    let mut per_code: BTreeMap<String, [u32; 3]> = BTreeMap::new();
    let mut different = Vec::new();
    for case in corpus("real-dockerfiles.jsonl") {
        let id = case["id"].as_str().unwrap();
        let text = case["dockerfile"].as_str().unwrap();
        let theirs: BTreeSet<(String, u32)> = case["findings"]
            .as_array()
            .unwrap()
            .iter()
            .map(|one| {
                let line = u32::try_from(one[1].as_u64().unwrap()).unwrap();
                (one[0].as_str().unwrap().to_owned(), line)
            })
            .collect();
        let ours = found(text, &Config::default());
        if theirs.iter().any(|(code, _)| code == "DL1000") {
            let unread = ours.iter().find(|(code, _)| code == "DL1000");
            different.extend(unread.map(|one| format!("{id}: not read: {one:?}")));
            continue;
        }
        for (code, line) in ours.union(&theirs) {
            if !code.starts_with("DL") && !code.starts_with("SC") {
                continue;
            }
            let counts = per_code.entry(code.clone()).or_default();
            let key = (code.clone(), *line);
            let (mine, other) = (ours.contains(&key), theirs.contains(&key));
            counts[usize::from(!mine) + 2 * usize::from(!other)] += 1;
            let known = |one: &(&str, &str, u32, &str)| (one.0, one.1, one.2) == (id, code, *line);
            // hadolint reads the commands of a `SHELL ["powershell", …]` as those of sh.
            let powershell = matches!(code.as_str(), "SC1065" | "SC1088");
            if mine != other && !powershell && !REAL_ON_PURPOSE.iter().any(known) {
                let whose = if mine { "ours only" } else { "hadolint only" };
                different.push(format!("{id}: {code} in line {line}: {whose}"));
            }
        }
    }
    for (code, [both, theirs, ours]) in &per_code {
        println!("{code}: {both} agreed, {ours} ours only, {theirs} hadolint only");
    }
    let all = per_code.values().fold([0; 3], |sum, one| [0, 1, 2].map(|at| sum[at] + one[at]));
    println!("real files: {all:?}");
    assert!(different.is_empty(), "{}", different.join("\n"));
}
