//! dockle on three images: JSON, SARIF, and its list.

use std::collections::BTreeMap;

use serde_json::Value;

use super::differences::{Comparison, Differences};
use super::{text, theirs};
use crate::dockle::{details, machine};
use crate::peers::peer;

const PAGE: &str = "from-dockle.md";

const COMPARISON: Comparison = Comparison {
    known_by: &[
        ("details", |it| text(&it["code"])),
        ("runs[].results", |it| text(&it["ruleId"])),
        ("runs[].results[].locations", |it| {
            text(&it["physicalLocation"]["artifactLocation"]["uri"])
        }),
        ("runs[].tool.driver.rules", |it| text(&it["id"])),
    ],
    kinds: &[
        ("details", |it| text(&it["code"])),
        ("runs[].results", |it| text(&it["ruleId"])),
        ("runs[].tool.driver.rules", |it| text(&it["id"])),
    ],
    left_out: &["runs[].results[].ruleIndex"],
    told: &["details[].level", "details[].title", "runs[].results[].level"],
};

/// Level and number of alerts by code, of what could be asked.
fn asked(document: &Value) -> BTreeMap<String, (String, usize)> {
    details(document).into_iter().filter(|(_, (level, _))| level != "SKIP").collect()
}

/// Lines that are no alert.
fn heads(list: &str) -> Vec<&str> {
    list.lines().filter(|line| !line.starts_with("\t*")).collect()
}

#[test]
fn dockles_layouts_are_ours() {
    let Some(dockle) = peer("dockle") else { return };
    let machine = machine();
    let (mut json, mut sarif) = (Differences::default(), Differences::default());
    for file in ["bad.tar", "good.tar", "scratch.tar"] {
        for more in ["", "-ak DB_PASSWORD", "-i CIS-DI-0008"] {
            let ran = |words: &str| {
                let words = format!("{words} {more} --input {file}");
                let real = theirs(&dockle, &machine, &[], &words);
                let ours = machine.run(&format!("as dockle {words}"));
                assert_eq!(ours.code, real.code, "{words}: {}{}", real.said(), ours.said());
                (real, ours)
            };
            let input = format!("{file} {more}");
            let (real, ours) = ran("-f json");
            assert_eq!(asked(&ours.json()), asked(&real.json()), "{input}");
            json.compare(&COMPARISON, &input, &real.json(), &ours.json());
            let (real, ours) = ran("-f sarif");
            sarif.compare(&COMPARISON, &input, &real.json(), &ours.json());
            let (real, ours) = ran("--no-color");
            assert_eq!(heads(&ours.out), heads(&real.out), "{input}");
            for words in ["--exit-code 3", "--exit-code 3 --exit-level fatal", "-c 3 -l info"] {
                ran(words);
            }
        }
    }
    json.are_those_of(PAGE, "## Its JSON, field by field", true);
    sarif.are_those_of(PAGE, "## Its SARIF, field by field", true);
}

#[test]
fn dockle_and_ours_refuse_the_same() {
    let Some(dockle) = peer("dockle") else { return };
    let machine = machine();
    for words in ["--input missing.tar", "", "--nosuch x", "-f json -o out.json --input good.tar"] {
        let real = theirs(&dockle, &machine, &[], words);
        let ours = machine.run(&format!("as dockle {words}"));
        assert_eq!(ours.code, real.code, "{words}: {}{}", real.said(), ours.said());
    }
    let kept: Value = machine.json("out.json");
    assert!(kept["summary"].is_object());
}
