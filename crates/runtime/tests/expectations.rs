//! Every recorded capture of system calls raises the alerts that it raises in Falco.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test stops at the first surprise"
)]

use std::collections::BTreeMap;
use std::fs::File;

use plimsoll_runtime::engine::{Engine, Matching};
use plimsoll_runtime::loader::{Loader, Options, Priority, Rule};
use plimsoll_runtime::scap::Limits;
use plimsoll_runtime::syscall::Capture;
use plimsoll_testkit::{shared, shared_records};
use serde_json::Value;

fn fits(expected: &Value, count: u64) -> bool {
    match expected {
        Value::String(text) => text == ">0" && count > 0,
        number => number.as_u64() == Some(count),
    }
}

/// Whether the run's options leave a rule on.
fn is_on(rule: &Rule, case: &Value) -> bool {
    let texts = |key: &str| -> Vec<String> {
        let all = case[key].as_array().into_iter().flatten();
        all.filter_map(Value::as_str).map(str::to_owned).collect()
    };
    let tagged = |tags: &[String]| rule.tags.iter().any(|tag| tags.contains(tag));
    let enabled = texts("enabled_tags");
    // Tags that are asked for turn all other rules off.
    let mut on = if enabled.is_empty() { rule.enabled } else { tagged(&enabled) };
    on &= !tagged(&texts("disabled_tags"));
    on &= !texts("disabled_rules").iter().any(|part| rule.name.contains(part.as_str()));
    if let Some(least) = case["min_priority"].as_str() {
        on &= rule.priority <= Priority::named(&least.to_lowercase()).unwrap();
    }
    on
}

#[test]
fn every_capture_raises_its_alerts() {
    let Some(root) = shared("runtime") else { return };
    let mut wrong = Vec::new();
    let mut right = 0;
    let mut without = Vec::new();
    for case in shared_records("runtime/captures/expected.jsonl") {
        let mut loader = Loader::new(Options::default());
        for file in case["files"].as_array().unwrap() {
            let text = match file["ref"].as_str() {
                Some(path) => std::fs::read_to_string(root.join(path)).unwrap(),
                None => file["text"].as_str().unwrap().to_owned(),
            };
            assert!(
                loader.load(file["name"].as_str().unwrap(), &text).is_loaded(),
                "{}",
                case["id"]
            );
        }
        // One case lacks the file that its rule is in.
        let named = case["detections"]["of_rule"].as_object().into_iter().flatten();
        let known = |name: &String| loader.definitions().rules.iter().any(|it| it.name == *name);
        if let Some((name, _)) = named.into_iter().find(|(name, _)| !known(name)) {
            without.push(name.clone());
            continue;
        }
        let rules: Vec<_> =
            loader.definitions().rules.iter().filter(|rule| is_on(rule, &case)).collect();
        let mut engine = Engine::new(rules.iter().copied(), Matching::First);
        let mut by_rule: BTreeMap<&str, u64> = BTreeMap::new();
        let mut by_priority: BTreeMap<Priority, u64> = BTreeMap::new();
        let mut matched = Vec::new();
        let path = root.join("captures").join(case["capture"].as_str().unwrap());
        let mut capture = Capture::new(File::open(path).unwrap(), Limits::default()).unwrap();
        while let Some(call) = capture.next() {
            engine.judge(&call, &mut matched);
            for rule in matched.iter().map(|at| rules[*at]) {
                *by_rule.entry(&rule.name).or_default() += 1;
                *by_priority.entry(rule.priority).or_default() += 1;
            }
        }
        assert_eq!(capture.problems(), []);
        let expected = &case["detections"];
        let total = by_rule.values().sum();
        let mut is_right = expected.get("total").is_none_or(|wanted| fits(wanted, total));
        for (rule, count) in expected["of_rule"].as_object().into_iter().flatten() {
            is_right &= fits(count, by_rule.get(rule.as_str()).copied().unwrap_or(0));
        }
        for (name, count) in expected["of_priority"].as_object().into_iter().flatten() {
            let priority = Priority::named(&name.to_lowercase()).unwrap();
            is_right &= fits(count, by_priority.get(&priority).copied().unwrap_or(0));
        }
        if is_right {
            right += 1;
        } else {
            wrong.push(format!("{}: {expected} but {by_rule:?}", case["id"]));
        }
    }
    assert!(wrong.is_empty(), "{right} right, {} differ:\n{}", wrong.len(), wrong.join("\n"));
    assert_eq!(without, ["Open From Cat ($\\.*+?()[]{}|^)"]);
    assert_eq!(right, 58);
}
