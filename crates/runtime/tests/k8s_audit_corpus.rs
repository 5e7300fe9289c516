//! Every recorded Kubernetes audit event raises the alerts that it raises in Falco.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test stops at the first surprise"
)]

use std::collections::BTreeMap;
use std::fs::File;
use std::io::BufReader;

use plimsoll_runtime::engine::{Engine, Matching};
use plimsoll_runtime::loader::{Loader, Options, Priority};
use plimsoll_runtime::sources::{Read, Reader};
use plimsoll_testkit::{shared, shared_records};
use serde_json::Value;

fn fits(expected: &Value, count: u64) -> bool {
    match expected {
        Value::String(text) => text == ">0" && count > 0,
        number => number.as_u64() == Some(count),
    }
}

/// Where the corpus says no alert of a run whose alerts the suite does not count: the rule excepts
/// the images of a list that none of its files defines.
const JUDGED: &str = "falco-testing/K8SAudit_Legacy_CompatEngineV4CreateHostnetworkTrustedPod";

#[test]
fn every_capture_raises_its_alerts() {
    let Some(root) = shared("runtime") else { return };
    let mut wrong = Vec::new();
    let mut right = 0;
    let mut loaders: BTreeMap<String, Loader> = BTreeMap::new();
    for case in shared_records("runtime/captures/expected-k8saudit.jsonl") {
        // Most cases have the same files.
        let loader = loaders.entry(case["files"].to_string()).or_insert_with(|| {
            let mut loader = Loader::new(Options::default());
            for file in case["files"].as_array().unwrap() {
                let text = match file["ref"].as_str() {
                    Some(path) => std::fs::read_to_string(root.join(path)).unwrap(),
                    None => file["text"].as_str().unwrap().to_owned(),
                };
                assert!(loader.load(file["name"].as_str().unwrap(), &text).is_loaded());
            }
            loader
        });
        let rules: Vec<_> = loader.definitions().rules.iter().filter(|rule| rule.enabled).collect();
        let mut engine = Engine::new(rules.iter().copied(), Matching::First);
        let mut by_rule: BTreeMap<&str, u64> = BTreeMap::new();
        let mut by_priority: BTreeMap<Priority, u64> = BTreeMap::new();
        let mut matched = Vec::new();
        let path = root.join("captures").join(case["capture"].as_str().unwrap());
        let mut reader = Reader::new(BufReader::new(File::open(path).unwrap()));
        while let Some(read) = reader.read().unwrap() {
            let Read::Event(event) = read else { continue };
            engine.judge(&event, &mut matched);
            for rule in matched.iter().map(|at| rules[*at]) {
                *by_rule.entry(&rule.name).or_default() += 1;
                *by_priority.entry(rule.priority).or_default() += 1;
            }
        }
        let expected = &case["detections"];
        let total = by_rule.values().sum();
        let mut is_right =
            expected.get("total").is_none_or(|total_expected| fits(total_expected, total));
        for (rule, count) in expected["of_rule"].as_object().into_iter().flatten() {
            is_right &= fits(count, by_rule.get(rule.as_str()).copied().unwrap_or(0));
        }
        for (name, count) in expected["of_priority"].as_object().into_iter().flatten() {
            let priority = Priority::named(name).unwrap();
            is_right &= fits(count, by_priority.get(&priority).copied().unwrap_or(0));
        }
        if case["id"] == JUDGED {
            assert_eq!(by_rule, BTreeMap::from([("Create HostNetwork Pod", 1)]));
        } else if is_right {
            right += 1;
        } else {
            wrong.push(format!("{}: {expected} but {by_rule:?}", case["id"]));
        }
    }
    assert!(wrong.is_empty(), "{right} right, {} differ:\n{}", wrong.len(), wrong.join("\n"));
    assert_eq!(right, 51);
}
