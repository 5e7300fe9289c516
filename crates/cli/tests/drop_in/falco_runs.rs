//! `falco` as Falco's own tests of recorded captures run it: the same arguments, and what has to come of
//! them: how it ends, which alerts of which rule and priority there are, what stands on standard output.

use std::collections::BTreeMap;
use std::io::Write;
use std::process::{Command, Stdio};

use plimsoll_testkit::{shared, shared_records};
use serde_json::Value;

use crate::machine::Machine;

/// Runs whose settings are not in the corpus: what `syscall_event_drops` of a file says.
const OTHER_SETTINGS: &str = "Drops";
/// A run without the file that its rule is in.
const WITHOUT_RULE: &str = "falco-testing/Falco_Legacy_RuleNamesWithRegexChars";

fn texts<'c>(case: &'c Value, key: &str) -> Vec<&'c str> {
    case[key].as_array().into_iter().flatten().filter_map(Value::as_str).collect()
}

fn fits(expected: &Value, count: u64) -> bool {
    match expected {
        Value::String(text) => text == ">0" && count > 0,
        number => number.as_u64() == Some(count),
    }
}

/// Whether a text has a part that fits a regular expression, as `grep` judges.
fn is_found(pattern: &str, text: &str) -> bool {
    let mut grep =
        Command::new("grep").args(["-Pq", "--", pattern]).stdin(Stdio::piped()).spawn().unwrap();
    // It may have found it before all was written.
    let _ = grep.stdin.take().unwrap().write_all(text.as_bytes());
    grep.wait().unwrap().success()
}

/// The words of a run's command line.
fn words(case: &Value, machine: &Machine, root: &std::path::Path) -> Vec<String> {
    let mut words = vec!["as".to_owned(), "falco".to_owned()];
    words.extend(["-o", "json_output=true"].map(str::to_owned));
    for (at, file) in case["files"].as_array().unwrap().iter().enumerate() {
        let path = if let Some(path) = file["ref"].as_str() {
            root.join(path).display().to_string()
        } else {
            let name = format!("{at}-{}", file["name"].as_str().unwrap());
            machine.write(&name, file["text"].as_str().unwrap());
            name
        };
        words.extend(["-r".to_owned(), path]);
    }
    let mut add = |option: &str, values: Vec<&str>| {
        words.extend(values.into_iter().flat_map(|value| [option.to_owned(), value.to_owned()]));
    };
    add("-t", texts(case, "enabled_tags"));
    add("-T", texts(case, "disabled_tags"));
    add("-D", texts(case, "disabled_rules"));
    if let Some(least) = case["min_priority"].as_str() {
        words.extend(["-o".to_owned(), format!("priority={least}")]);
    }
    if case["all_events"] == true {
        words.push("-A".to_owned());
    }
    words.extend(texts(case, "args").into_iter().map(str::to_owned));
    let capture = root.join("captures").join(case["capture"].as_str().unwrap());
    words.extend(["-e".to_owned(), capture.display().to_string()]);
    words
}

/// What differs in a run.
fn differences(case: &Value, out: &str, code: Option<i32>) -> Vec<String> {
    let mut wrong = Vec::new();
    if code.map(i64::from) != case["exit_code"].as_i64() {
        wrong.push(format!("it ended with {code:?}"));
    }
    for expected in case["stdout_matches"].as_array().into_iter().flatten() {
        let pattern = expected[1].as_str().unwrap();
        if is_found(pattern, out) != expected[0].as_bool().unwrap() {
            wrong.push(format!("`{pattern}` and standard output"));
        }
    }
    let alerts = out.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let (mut total, mut rules, mut priorities) = (0, BTreeMap::new(), BTreeMap::new());
    for alert in alerts {
        total += 1;
        *rules.entry(alert["rule"].as_str().unwrap().to_owned()).or_insert(0) += 1;
        let priority = alert["priority"].as_str().unwrap().to_lowercase();
        *priorities.entry(priority).or_insert(0) += 1;
    }
    let expected = &case["detections"];
    if expected.get("total").is_some_and(|wanted| !fits(wanted, total)) {
        wrong.push(format!("{total} alerts"));
    }
    for (rule, wanted) in expected["of_rule"].as_object().into_iter().flatten() {
        let count = rules.get(rule).copied().unwrap_or(0);
        if !fits(wanted, count) {
            wrong.push(format!("{count} alerts of `{rule}` and not {wanted}"));
        }
    }
    for (priority, wanted) in expected["of_priority"].as_object().into_iter().flatten() {
        let name = if priority == "INFO" { "informational" } else { &priority.to_lowercase() };
        let count = priorities.get(name).copied().unwrap_or(0);
        if !fits(wanted, count) {
            wrong.push(format!("{count} alerts of {priority} and not {wanted}"));
        }
    }
    wrong
}

#[test]
fn every_recorded_run_ends_as_in_falco() {
    let Some(root) = shared("runtime") else { return };
    let (mut right, mut passed_over, mut wrong) = (0, 0, Vec::new());
    for case in shared_records("runtime/captures/expected.jsonl") {
        let of_config = case["config"].as_str().is_some_and(|it| it.starts_with(OTHER_SETTINGS));
        if of_config || case["id"] == WITHOUT_RULE {
            passed_over += 1;
            continue;
        }
        let machine = Machine::new();
        let words = words(&case, &machine, &root);
        let ran = machine.command().args(&words).env("TZ", "UTC").output().unwrap();
        let out = String::from_utf8(ran.stdout).unwrap();
        let differences = differences(&case, &out, ran.status.code());
        if differences.is_empty() {
            right += 1;
        } else {
            let err = String::from_utf8_lossy(&ran.stderr).into_owned();
            wrong.push(format!("{}: {}\n{err}", case["id"], differences.join(", ")));
        }
    }
    assert!(wrong.is_empty(), "{right} right, {} differ:\n{}", wrong.len(), wrong.join("\n"));
    assert_eq!((right, passed_over), (54, 5));
}
