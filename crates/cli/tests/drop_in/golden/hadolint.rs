//! hadolint on real Dockerfiles, in its formats.

use std::collections::{BTreeMap, BTreeSet};

use plimsoll_testkit::shared_records;
use serde_json::{Value, json};

use super::differences::{Comparison, Differences};
use super::{text, theirs};
use crate::machine::Machine;
use crate::peers::peer;

const PAGE: &str = "from-hadolint.md";

/// A few lines that several rules have something to say of.
const SMALL: &str = "\
FROM debian:latest\nMAINTAINER a@example.org\nRUN sudo apt-get update\nRUN cd /tmp && ls $x\nADD a.txt /a\n";

/// Rule and line.
fn found(one: &Value) -> String {
    format!("{} {} {}", text(&one["file"]), one["line"], text(&one["code"]))
}

/// The first of each rule in each instruction; hadolint says a rule once of an instruction.
fn once(all: &Value, unread: &BTreeSet<String>) -> (Value, BTreeMap<String, usize>) {
    let mut counts = BTreeMap::new();
    let mut kept = Vec::new();
    for one in all.as_array().unwrap() {
        if unread.contains(&text(&one["file"])) {
            continue;
        }
        let count = counts.entry(found(one)).or_insert(0);
        if *count == 0 {
            kept.push(one.clone());
        }
        *count += 1;
    }
    (Value::Array(kept), counts)
}

#[test]
fn json_of_real_dockerfiles_is_hadolints() {
    let Some(hadolint) = peer("hadolint") else { return };
    let machine = Machine::new();
    let mut files = Vec::new();
    for record in shared_records("lint/real-dockerfiles.jsonl") {
        let name = format!("{}.Dockerfile", record["id"].as_str().unwrap());
        machine.write(&name, record["dockerfile"].as_str().unwrap());
        files.push(name);
    }
    let compared_all = !files.is_empty();
    machine.write("Dockerfile", SMALL);
    files.push("Dockerfile".to_owned());
    let words = format!("-f json {}", files.join(" "));
    let theirs: Value =
        serde_json::from_str(&theirs(&hadolint, &machine, &[], &words).out).unwrap();
    let ours = machine.run(&format!("as hadolint {words}")).ended(1).json();
    // Where it gives a file up, it says nothing else of it.
    let of = |all: &Value| all.as_array().unwrap().clone();
    let unread: BTreeSet<String> = of(&theirs)
        .iter()
        .filter(|it| it["code"] == "DL1000")
        .map(|it| text(&it["file"]))
        .collect();
    let ((theirs, one), (ours, other)) = (once(&theirs, &unread), once(&ours, &unread));
    let mut differences = Differences::default();
    let how = Comparison {
        known_by: &[("", found)],
        kinds: &[("", |it| text(&it["code"]))],
        ..Comparison::default()
    };
    let strip = |all: &Value| {
        let all = of(all).into_iter().map(|mut it| {
            // Titles are one thing for all rules; what stands behind them is compared by the eye.
            it["message"] = json!(text(&it["message"]));
            it
        });
        Value::Array(all.collect())
    };
    differences.compare(&how, "real Dockerfiles", &strip(&theirs), &strip(&ours));
    let counts = |all: &BTreeMap<String, usize>, of: &BTreeMap<String, usize>| {
        let several = all.iter().filter(|(key, count)| of.get(*key).is_some_and(|it| it < *count));
        json!({ "findings of an instruction": several.map(|(key, _)| key.clone()).collect::<Vec<_>>() })
    };
    differences.compare(&how, "counts", &counts(&one, &other), &counts(&other, &one));
    differences.are_those_of(PAGE, "## Its JSON, field by field", compared_all);
}
