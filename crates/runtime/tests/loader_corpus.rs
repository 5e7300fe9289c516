//! Every case of the loader corpus ends as it does in Falco: result, codes, items, messages,
//! compiled conditions and outputs; and the published rule files load.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test stops at the first surprise"
)]

use std::collections::BTreeSet;

use plimsoll_runtime::condition::{DEFAULT_DEPTH, parse};
use plimsoll_runtime::loader::{AddedOutput, Context, Loader, Options, doubts};
use plimsoll_testkit::{shared, shared_records};
use serde_json::Value;

/// What was said, whatever it is.
struct Said<'r> {
    severity: &'static str,
    code: &'static str,
    message: &'r str,
    context: &'r Context,
}

fn text(value: &Value) -> Option<String> {
    match value {
        Value::Object(file) => match file.get("ref").and_then(Value::as_str) {
            Some(path) => {
                let path = shared("runtime").unwrap().join(path);
                Some(std::fs::read_to_string(path).unwrap())
            }
            None => file["text"].as_str().map(str::to_owned),
        },
        _ => None,
    }
}

fn options(case: &Value) -> Options {
    let of = |added: &Value, key: &str| added[key].as_str().unwrap_or_default().to_owned();
    let added = case["engine"].as_array().into_iter().flatten().map(|step| &step["add_output"]);
    let added = added
        .map(|added| AddedOutput {
            format: of(added, "format"),
            source: of(added, "source"),
            rule: of(added, "rule"),
            tags: added["tags"]
                .as_array()
                .into_iter()
                .flatten()
                .map(|tag| tag.as_str().unwrap().to_owned())
                .collect::<BTreeSet<_>>(),
        })
        .collect();
    Options { added, ..Options::default() }
}

fn is_said(expected: &Value, all: &[Said<'_>]) -> bool {
    let fits = |key: &str, is: &dyn Fn(&str) -> bool| expected[key].as_str().is_none_or(is);
    all.iter().any(|said| {
        let item = |is: &dyn Fn(&plimsoll_runtime::loader::Location) -> bool| {
            said.context.locations.iter().any(is)
        };
        fits("severity", &|severity| said.severity == severity)
            && fits("code", &|code| said.code == code)
            && fits("message", &|message| said.message == message)
            && fits("message_contains", &|part| said.message.contains(part))
            && item(&|location| {
                fits("item_type", &|kind| location.item_type.name() == kind)
                    && fits("item_name", &|name| &*location.item_name == name)
            })
    })
}

#[test]
fn every_case_ends_as_in_falco() {
    let mut wrong = Vec::new();
    let cases = shared_records("runtime/rules/loader-cases.jsonl");
    assert_eq!(cases.len(), if shared("runtime").is_some() { 97 } else { 0 });
    for case in cases {
        let id = case["id"].as_str().unwrap();
        let mut loader = Loader::new(options(&case));
        let mut reports = Vec::new();
        for file in case["files"].as_array().unwrap() {
            reports.push(loader.load(file["name"].as_str().unwrap(), &text(file).unwrap()));
        }
        let all: Vec<Said<'_>> = reports
            .iter()
            .flat_map(|report| {
                let errors = report.errors.iter().map(|it| Said {
                    severity: "error",
                    code: it.code.name(),
                    message: &it.message,
                    context: &it.context,
                });
                errors.chain(report.warnings.iter().map(|it| Said {
                    severity: "warning",
                    code: it.code.name(),
                    message: &it.message,
                    context: &it.context,
                }))
            })
            .collect();
        let shown = || {
            let lines =
                all.iter().map(|it| format!("    {} {} {}", it.severity, it.code, it.message));
            lines.collect::<Vec<_>>().join("\n")
        };
        let mut complain = |what: String| wrong.push(format!("{id}: {what}\n{}", shown()));
        let is_good = reports.iter().all(|report| report.errors.is_empty());
        if is_good == (case["expect"] == "error") {
            complain(format!("expected {}", case["expect"]));
        }
        for code in case["codes"].as_array().into_iter().flatten() {
            if !all.iter().any(|said| *code == said.code) {
                complain(format!("no {code}"));
            }
        }
        for expected in case["diagnostics"].as_array().into_iter().flatten() {
            if !is_said(expected, &all) {
                complain(format!("not said: {expected}"));
            }
        }
        for unexpected in case["absent"].as_array().into_iter().flatten() {
            if is_said(unexpected, &all) {
                complain(format!("said: {unexpected}"));
            }
        }
        if let Some(expected) = case["has_warnings"].as_bool()
            && expected != all.iter().any(|said| said.severity == "warning")
        {
            complain(format!("has warnings: {expected}"));
        }
        if let Some(schema) = case["schema"].as_str() {
            let differences: Vec<_> = reports.iter().flat_map(|report| &report.schema).collect();
            if differences.is_empty() != (schema == "ok") {
                complain(format!("schema {schema}: {differences:?}"));
            }
        }
        let rules = &loader.definitions().rules;
        let rule = |name: &String| rules.iter().find(|rule| rule.name == *name);
        for (name, expected) in case["compiled_condition"].as_object().into_iter().flatten() {
            let compiled = rule(name).map(|rule| rule.condition.to_string());
            if compiled.as_deref() != expected.as_str() {
                complain(format!("{name} is {compiled:?} and not {expected}"));
            }
        }
        for (name, expected) in case["compiled_output"].as_object().into_iter().flatten() {
            let output = rule(name).map(|rule| rule.output.as_str());
            if output != expected.as_str() {
                complain(format!("{name} says {output:?} and not {expected}"));
            }
        }
        if let Some(expected) = case["enabled_rules"].as_u64() {
            let enabled = rules.iter().filter(|rule| rule.enabled).count();
            if enabled as u64 != expected {
                complain(format!("{enabled} rules are enabled and not {expected}"));
            }
        }
        let described: Vec<Value> =
            rules.iter().map(plimsoll_runtime::loader::Rule::describe).collect();
        let described = serde_json::json!({ "rules": described });
        for expected in case["describe"].as_array().into_iter().flatten() {
            let value =
                expected["path"].as_array().unwrap().iter().fold(&described, |value, step| {
                    match step {
                        Value::String(key) => &value[key],
                        step => &value[usize::try_from(step.as_u64().unwrap()).unwrap()],
                    }
                });
            if *value != expected["value"] {
                complain(format!("{} is {value} and not {}", expected["path"], expected["value"]));
            }
        }
    }
    assert!(wrong.is_empty(), "{} differ:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn published_rule_files_load_without_an_error() {
    let Some(folder) = shared("runtime/rules/published") else { return };
    for (name, least) in [
        ("falco_rules.yaml", 20),
        ("falco-incubating_rules.yaml", 20),
        ("falco-sandbox_rules.yaml", 20),
        ("k8s_audit_rules.yaml", 20),
        ("legacy-falco_rules.yaml", 50),
        ("archive-application_rules.yaml", 0),
        ("archive-falco-deprecated_rules.yaml", 4),
    ] {
        let text = std::fs::read_to_string(folder.join(name)).unwrap();
        let mut loader = Loader::new(Options::default());
        let report = loader.load(name, &text);
        let said: Vec<_> = report.errors.iter().map(|error| &error.message).collect();
        assert!(report.is_loaded(), "{name}: {said:?}");
        assert!(loader.definitions().rules.len() >= least, "{name}");
        if !name.starts_with("legacy") {
            assert_eq!(report.schema, [""; 0], "{name}");
        }
    }
}

#[test]
fn the_three_files_load_together() {
    let Some(folder) = shared("runtime/rules/published") else { return };
    let mut loader = Loader::new(Options::default());
    for name in ["falco_rules.yaml", "falco-incubating_rules.yaml", "falco-sandbox_rules.yaml"] {
        let text = std::fs::read_to_string(folder.join(name)).unwrap();
        assert!(loader.load(name, &text).is_loaded(), "{name}");
    }
    let definitions = loader.definitions();
    assert!(definitions.rules.len() > 80 && definitions.macros.len() > 150);
    for rule in &definitions.rules {
        assert!(rule.event_types.is_some(), "{} looks at all events", rule.name);
        assert!(!rule.output.contains("%container.info"), "{}", rule.name);
    }
}

#[test]
fn doubtful_comparisons_are_seen_in_the_rows_that_say_so() {
    for row in shared_records("runtime/rules/condition-syntax.jsonl") {
        let expected = match row["expect"].as_str().unwrap() {
            "warn-unsafe-na" => true,
            "no-warning" => false,
            _ => continue,
        };
        let condition = row["condition"].as_str().unwrap();
        let found = doubts(&parse(condition, DEFAULT_DEPTH).unwrap());
        let any = found.unsafe_na || !found.deprecated.is_empty();
        assert_eq!(any, expected, "{condition}: {found:?}");
    }
}
