//! What is written for programs, and the pages that are made of the rules themselves.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use jsonschema::Validator;
use quick_xml::Reader;
use quick_xml::events::Event;
use serde_json::Value;

use crate::images::with_image;
use crate::machine::Machine;

fn docs(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs").join(name)
}

/// Compares a page with what the program says, and writes it anew where that is asked for.
fn is_as_written(name: &str, text: &str) {
    let path = docs(name);
    if std::env::var_os("UPDATE_DOCS").is_some() {
        fs::write(&path, text).unwrap();
    }
    let written = fs::read_to_string(&path).unwrap_or_default();
    assert!(written == text, "`docs/{name}` says something else: run with `UPDATE_DOCS=1`");
}

fn schema(name: &str) -> Validator {
    let text = fs::read_to_string(docs(&format!("schema/{name}"))).unwrap();
    jsonschema::validator_for(&serde_json::from_str(&text).unwrap()).unwrap()
}

fn decision() -> (Machine, String) {
    let machine = with_image();
    machine.write("Dockerfile", "FROM node:latest\nCMD node x\n");
    let exception = "[[gate.exceptions]]\nrule = \"dockerfile.*\"\nid = \"DL3007\"\nowner = \"a\"\n\
                     reason = \"b\"\nexpires = 2026-03-01\n";
    machine.write("plimsoll.toml", exception);
    (machine, "gate oci-dir:layout Dockerfile -o".to_owned())
}

#[test]
fn the_schema_of_policies_is_made_of_the_judges() {
    let machine = Machine::new();
    let text = machine.run("gate --schema").ended(0).out;
    is_as_written("schema/plimsoll-toml-v1.schema.json", &text);
    jsonschema::validator_for(&serde_json::from_str(&text).unwrap()).unwrap();
}

#[test]
fn the_page_of_rules_is_made_of_the_judges() {
    let machine = Machine::new();
    let mut page = String::from(
        "# Rules of the gate\n\nEvery rule of `plimsoll gate`, as `--explain=RULE` prints it. This page \
         is written by the tests\n(`UPDATE_DOCS=1 cargo test -p plimsoll-cli --test gate`), which fail \
         where it says something else.\n\n| rule | by default | asks to |\n| --- | --- | --- |\n",
    );
    let list = machine.run("gate --list-rules").ended(0).out;
    let rules: Vec<&str> = list.lines().filter_map(|line| line.split_whitespace().next()).collect();
    for line in list.lines() {
        let mut words = line.splitn(2, ' ');
        let rule = words.next().unwrap();
        let (effect, title) = words.next().unwrap().trim_start().split_once(' ').unwrap();
        let _ = writeln!(page, "| `{rule}` | {effect} | {} |", title.trim());
    }
    for rule in rules {
        let text = machine.run(&format!("gate --explain={rule}")).ended(0).out;
        let _ = write!(page, "\n#{text}");
    }
    is_as_written("gate-rules.md", &page);
}

#[test]
fn json_is_as_its_schema_says() {
    let (machine, gate) = decision();
    let document = machine.run(&format!("{gate} json")).ended(5).json();
    let schema = schema("gate-v1.schema.json");
    let wrong: Vec<String> = schema.iter_errors(&document).map(|it| it.to_string()).collect();
    assert_eq!(wrong, [""; 0]);
    assert!(document["exceptions"][0]["covers"].as_u64().unwrap() > 0, "{document:#}");
}

#[test]
fn sarif_is_as_its_schema_says() {
    let (machine, gate) = decision();
    let document = machine.run(&format!("{gate} sarif")).ended(5).json();
    assert!(document["runs"][0]["results"].as_array().unwrap().len() > 3);
    let Some(path) = std::env::var_os("PLIMSOLL_SARIF_SCHEMA") else {
        println!("skipped: PLIMSOLL_SARIF_SCHEMA names no sarif-schema-2.1.0.json");
        return;
    };
    let schema: Value = serde_json::from_slice(&fs::read(path).unwrap()).unwrap();
    let schema = jsonschema::validator_for(&schema).unwrap();
    let wrong: Vec<String> = schema.iter_errors(&document).map(|it| it.to_string()).collect();
    assert_eq!(wrong, [""; 0]);
}

#[test]
fn the_counts_of_junit_are_those_of_its_tests() {
    let (machine, gate) = decision();
    let text = machine.run(&format!("{gate} junit")).ended(5).out;
    let mut reader = Reader::from_str(&text);
    let (mut told, mut found) = ([0_usize; 4], [0_usize; 4]);
    loop {
        let (start, name) = match reader.read_event().unwrap() {
            Event::Start(start) | Event::Empty(start) => {
                let name: String = start.name().as_ref().to_owned();
                (start.into_owned(), name)
            }
            Event::Eof => break,
            _ => continue,
        };
        let names = ["tests", "failures", "errors", "skipped"];
        match name.as_str() {
            "testsuite" => {
                for (sum, name) in told.iter_mut().zip(names) {
                    let value = start.try_get_attribute(name).unwrap().unwrap().value;
                    *sum += value.parse::<usize>().unwrap();
                }
            }
            "testcase" => found[0] += 1,
            "failure" => found[1] += 1,
            "error" => found[2] += 1,
            "skipped" => found[3] += 1,
            _ => {}
        }
    }
    assert_eq!(told, found);
    assert!(found[1] > 1, "{text}");
}
