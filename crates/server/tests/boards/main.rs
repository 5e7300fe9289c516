//! Grafana's boards are generated from one description, and every query of theirs finds something.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test stops at the first surprise"
)]

mod description;
mod grafana;
mod links;
mod prometheus;

use std::path::{Path, PathBuf};
use std::process::Command;

fn deploy() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../deploy")
}

/// `UPDATE=1` writes them.
#[test]
fn the_files_are_what_the_description_says() {
    let folder = deploy().join("grafana/dashboards");
    let is_update = std::env::var_os("UPDATE").is_some_and(|it| it == "1");
    for board in description::all() {
        let path = folder.join(format!("{}.json", board.file));
        let text = board.json();
        if is_update {
            std::fs::write(&path, &text).unwrap();
        }
        let written = std::fs::read_to_string(&path).unwrap_or_default();
        // The order of names depends on what else is built.
        let read = |text: &str| serde_json::from_str::<serde_json::Value>(text).ok();
        assert!(
            read(&written) == read(&text),
            "`{}` is not what is described: UPDATE=1 cargo test -p plimsoll-server --test boards",
            path.display()
        );
    }
    assert_eq!(std::fs::read_dir(&folder).unwrap().count(), description::all().len());
}

#[test]
fn panels_do_not_overlap_and_have_a_meaning_each() {
    for board in description::all() {
        let json: serde_json::Value = serde_json::from_str(&board.json()).unwrap();
        let panels = json["panels"].as_array().unwrap();
        let mut taken = std::collections::HashSet::new();
        for panel in panels {
            let place = |name: &str| panel["gridPos"][name].as_u64().unwrap();
            assert!(place("x") + place("w") <= 24, "{}", panel["title"]);
            for x in place("x")..place("x") + place("w") {
                for y in place("y")..place("y") + place("h") {
                    assert!(taken.insert((x, y)), "{}: {}", board.file, panel["title"]);
                }
            }
            assert!(!panel["description"].as_str().unwrap().is_empty(), "{}", panel["title"]);
        }
        assert!(board.json().contains("Open in Plimsoll"), "{} leads nowhere", board.file);
    }
}

#[test]
fn boards_are_valid_by_the_types_that_grafana_publishes() {
    let all = std::fs::read_dir(deploy().join("grafana/dashboards")).unwrap();
    let all: Vec<PathBuf> = all.map(|it| it.unwrap().path()).collect();
    let Ok(output) = Command::new("grafana-schema").args(&all).output() else {
        eprintln!("skipped: no grafana-schema here (make sign-peers brings it)");
        return;
    };
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}");
    // It does find what is wrong.
    let folder = tempfile::tempdir().unwrap();
    let text = std::fs::read_to_string(&all[0]).unwrap();
    for (good, bad) in
        [("\"title\"", "\"titel\""), ("\"schemaVersion\": 39", "\"schemaVersion\": \"39\"")]
    {
        let file = folder.path().join("bad.json");
        std::fs::write(&file, text.replacen(good, bad, 1)).unwrap();
        let output = Command::new("grafana-schema").arg(&file).output().unwrap();
        assert!(!output.status.success(), "{bad} is taken");
    }
}

#[test]
fn every_alert_has_a_unit_test() {
    let read =
        |name: &str| std::fs::read_to_string(deploy().join("prometheus").join(name)).unwrap();
    let (rules, tests) = (read("plimsoll.rules.yaml"), read("plimsoll.rules.test.yaml"));
    let alerts: Vec<&str> =
        rules.lines().filter_map(|line| line.trim().strip_prefix("- alert: ")).collect();
    assert!(alerts.len() > 12);
    for alert in alerts {
        assert!(tests.contains(&format!("alertname: {alert}\n")), "{alert}");
    }
}

#[test]
fn alert_rules_hold_in_their_unit_tests() {
    let Ok(found) = Command::new("promtool").arg("--version").output() else {
        eprintln!("skipped: no promtool here");
        return;
    };
    assert!(found.status.success());
    let folder = deploy().join("prometheus");
    for arguments in [
        &["check", "config", "prometheus.yaml"][..],
        &["test", "rules", "plimsoll.rules.test.yaml"],
    ] {
        let output =
            Command::new("promtool").args(arguments).current_dir(&folder).output().unwrap();
        let said = String::from_utf8_lossy(&output.stdout).into_owned()
            + &String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{said}");
    }
}
