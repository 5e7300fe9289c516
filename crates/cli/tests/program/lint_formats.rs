//! What `plimsoll lint` writes for other programs, read as they read it.
//!
//! hadolint is the oracle where it is installed: what reads its output must find the same fields in
//! ours. `PLIMSOLL_SARIF_SCHEMA` names the official schema, which is not ours to distribute.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::process::Command;

use quick_xml::Reader;
use quick_xml::events::Event;
use serde_json::Value;

use crate::machine::Machine;

const FAULTY: &str = "FROM debian:latest\nRUN apt-get update && apt-get install -y curl\n\
                      ADD app.py /x\nRUN cd /tmp && echo $foo\nCMD python app.py\n";
/// A name, and arguments, that would leave the place they are written to.
const EVIL_NAME: &str = "a,b::c%0A\"<&>'\u{1b}[2J\n\u{e9}.Dockerfile";
const EVIL: &str = "FROM a:1\nADD 100%,\"<b>&'::error\u{1b}[2J /x\n";

fn faulty(format: &str) -> String {
    let machine = Machine::new();
    machine.write("Dockerfile", FAULTY);
    machine.run(&format!("lint --no-fail -f {format} Dockerfile")).ended(0).out
}

fn evil(format: &str) -> String {
    let machine = Machine::new();
    machine.write(EVIL_NAME, EVIL);
    let output =
        machine.command().args(["lint", "--no-fail", "-f", format, EVIL_NAME]).output().unwrap();
    String::from_utf8(output.stdout).unwrap()
}

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

/// The names of all fields, each with those it is in: `issues.primaryLocation.message`.
fn fields(value: &Value, path: &str, found: &mut BTreeSet<String>) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| fields(item, path, found)),
        Value::Object(members) => {
            for (name, member) in members {
                let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
                fields(member, &path, found);
                found.insert(path);
            }
        }
        _ => {}
    }
}

/// The documents of a stream, whatever stands between them.
fn documents(text: &str) -> Value {
    let text = text.replace('\0', "\n");
    serde_json::Deserializer::from_str(&text).into_iter::<Value>().map(Result::unwrap).collect()
}

/// Elements and attributes of XML, as [`fields`] names them.
fn elements(xml: &str) -> BTreeSet<String> {
    let mut reader = Reader::from_str(xml);
    let mut found = BTreeSet::new();
    loop {
        match reader.read_event().unwrap_or_else(|error| panic!("{error}: {xml}")) {
            Event::Eof => return found,
            Event::Start(element) | Event::Empty(element) => {
                let name = element.name().as_ref().to_owned();
                for attribute in element.attributes() {
                    let key = attribute.unwrap().key;
                    found.insert(format!("{name}.{}", key.as_ref()));
                }
                found.insert(name);
            }
            _ => {}
        }
    }
}

#[test]
fn what_reads_hadolint_s_formats_finds_its_fields_in_ours() {
    let version = Command::new("hadolint").arg("--version").output();
    if !version.is_ok_and(|output| output.status.success()) {
        println!("skipped: there is no hadolint");
        return;
    }
    let machine = Machine::new();
    machine.write("Dockerfile", FAULTY);
    let theirs = |format: &str| {
        let output = Command::new("hadolint")
            .args(["--no-fail", "-f", format, "Dockerfile"])
            .current_dir(machine.path(""))
            .output()
            .unwrap();
        String::from_utf8(output.stdout).unwrap()
    };
    for format in ["json", "codeclimate", "gitlab_codeclimate", "codacy", "sonarqube", "sarif"] {
        let of = |text: &str| {
            let mut found = BTreeSet::new();
            fields(&documents(text), "", &mut found);
            found
        };
        let ours = of(&faulty(format));
        let missing: Vec<String> = of(&theirs(format))
            .into_iter()
            .filter(|field| !ours.contains(field))
            // We say once for the whole run which language it is, and have no one download.
            .filter(|field| !field.ends_with(".sourceLanguage") && !field.ends_with(".downloadUri"))
            .collect();
        assert_eq!(missing, [""; 0], "{format}");
    }
    assert!(elements(&theirs("checkstyle")).is_subset(&elements(&faulty("checkstyle"))));
    let lines = |text: &str| -> BTreeSet<String> {
        let place = |line: &str| line.split(": ").next().unwrap().replace("hadolint:", "");
        let line = |line: &str| place(line).split(['.', '-']).next().unwrap().to_owned();
        text.lines().filter(|one| !one.is_empty()).map(line).collect()
    };
    assert_eq!(lines(&theirs("gnu")), lines(&faulty("gnu")));
}

#[test]
fn sarif_has_what_its_standard_and_code_scanning_ask_for() {
    for text in [faulty("sarif"), evil("sarif")] {
        let log = json(&text);
        assert_eq!(log["version"], "2.1.0");
        let run = &log["runs"][0];
        let rules = run["tool"]["driver"]["rules"].as_array().unwrap();
        let results = run["results"].as_array().unwrap();
        assert!(!results.is_empty());
        for result in results {
            let rule = &rules[usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap()];
            assert_eq!(rule["id"], result["ruleId"]);
            assert!(["error", "warning", "note"].contains(&result["level"].as_str().unwrap()));
            assert!(!result["message"]["text"].as_str().unwrap().is_empty());
            let place = &result["locations"][0]["physicalLocation"];
            let uri = place["artifactLocation"]["uri"].as_str().unwrap();
            assert!(uri.bytes().all(|byte| byte.is_ascii_graphic()), "{uri}");
            let region = &place["region"];
            let number = |name: &str| region[name].as_u64().unwrap();
            assert!(number("startLine") >= 1 && number("startColumn") >= 1);
            assert!(
                (number("startLine"), number("startColumn"))
                    <= (number("endLine"), number("endColumn"))
            );
        }
        for rule in rules {
            assert!(rule["help"]["markdown"].is_string() && rule["shortDescription"].is_object());
            assert!(rule["properties"]["tags"].as_array().unwrap().len() <= 10);
        }
        let Some(path) = std::env::var_os("PLIMSOLL_SARIF_SCHEMA").map(PathBuf::from) else {
            println!("skipped: PLIMSOLL_SARIF_SCHEMA names no sarif-schema-2.1.0.json");
            continue;
        };
        let schema = json(&std::fs::read_to_string(path).unwrap());
        let validator = jsonschema::validator_for(&schema).unwrap();
        let wrong: Vec<String> = validator.iter_errors(&log).map(|one| one.to_string()).collect();
        assert_eq!(wrong, [""; 0]);
    }
}

#[test]
fn sarif_holds_what_code_scanning_takes_and_says_what_it_leaves_out() {
    let machine = Machine::new();
    let many = format!("FROM a:1\n{}", "ADD x /y\n".repeat(9_000));
    for name in ["a.Dockerfile", "b.Dockerfile", "c.Dockerfile"] {
        machine.write(name, &many);
    }
    let log = machine.run("lint --no-fail -f sarif").ended(0).json();
    let run = &log["runs"][0];
    assert_eq!(run["results"].as_array().unwrap().len(), 25_000);
    let notes = run["invocations"][0]["toolExecutionNotifications"].as_array().unwrap();
    let text = notes[0]["message"]["text"].as_str().unwrap();
    assert!(text.contains("are left out"), "{text}");
    assert!(
        json(&faulty("sarif"))["runs"][0]["invocations"][0]["toolExecutionNotifications"]
            .as_array()
            .unwrap()
            .is_empty()
    );
}

#[test]
fn checkstyle_is_well_formed_whatever_a_file_is_called() {
    for text in [faulty("checkstyle"), evil("checkstyle")] {
        let known = ["checkstyle", "file", "error"];
        let found = elements(&text);
        assert!(found.iter().all(|one| known.contains(&one.split('.').next().unwrap())));
        for field in
            ["error.line", "error.column", "error.severity", "error.message", "error.source"]
        {
            assert!(found.contains(field), "{field} is missing");
        }
        let forbidden = |one: char| one.is_control() && one != '\n';
        assert!(!text.contains(forbidden), "{text:?}");
    }
}

#[test]
fn annotations_are_one_command_a_line_whatever_a_file_is_called() {
    let text = evil("github");
    for line in text.lines() {
        let (command, message) = line.strip_prefix("::").unwrap().split_once("::").unwrap();
        let (level, properties) = command.split_once(' ').unwrap();
        assert!(["error", "warning", "notice"].contains(&level), "{line}");
        for property in properties.split(',') {
            let name = property.split_once('=').unwrap().0;
            assert!(
                ["file", "line", "endLine", "col", "endColumn", "title"].contains(&name),
                "{line}"
            );
        }
        assert!(properties.contains("file=a%2Cb%3A%3Ac%250A"), "{properties}");
        assert!(!message.replace("%25", "").replace("%0A", "").contains('%'), "{message}");
    }
    assert!(text.contains("100%25,"), "{text}");
}

#[test]
fn gitlab_gets_its_fields_and_fingerprints_that_stay() {
    let prints = |text: &str| -> Vec<String> {
        let machine = Machine::new();
        machine.write("Dockerfile", text);
        let all = machine.run("lint --no-fail -f gitlab Dockerfile").ended(0).json();
        let all = all.as_array().unwrap().clone();
        all.iter()
            .map(|one| {
                assert!(one["description"].is_string() && one["check_name"].is_string());
                let known = ["info", "minor", "major", "critical", "blocker"];
                assert!(known.contains(&one["severity"].as_str().unwrap()));
                assert_eq!(one["location"]["path"], "Dockerfile");
                assert!(one["location"]["lines"]["begin"].as_u64().unwrap() >= 1);
                one["fingerprint"].as_str().unwrap().to_owned()
            })
            .collect()
    };
    let twice = format!("{FAULTY}ADD app.py /x\n");
    let before = prints(&twice);
    let distinct: BTreeSet<&String> = before.iter().collect();
    assert_eq!(distinct.len(), before.len(), "GitLab shows one of those that are alike");
    assert_eq!(prints(&format!("# a line more\n{twice}")), before);
}

#[test]
fn sonarqube_gets_rules_and_what_older_versions_ask_of_an_issue() {
    for text in [faulty("sonarqube"), evil("sonarqube")] {
        let report = json(&text);
        let rules = report["rules"].as_array().unwrap();
        for rule in rules {
            for field in ["id", "name", "description", "engineId", "cleanCodeAttribute"] {
                assert!(rule[field].is_string(), "{rule}");
            }
            assert_eq!(rule["impacts"][0]["softwareQuality"], "MAINTAINABILITY");
        }
        for issue in report["issues"].as_array().unwrap() {
            assert!(rules.iter().any(|rule| rule["id"] == issue["ruleId"]), "{issue}");
            let known = ["BLOCKER", "CRITICAL", "MAJOR", "MINOR", "INFO"];
            assert!(known.contains(&issue["severity"].as_str().unwrap()));
            assert_eq!(
                (&issue["engineId"], &issue["type"]),
                (&"plimsoll".into(), &"CODE_SMELL".into())
            );
            let place = &issue["primaryLocation"];
            assert!(place["message"].is_string() && place["filePath"].is_string());
            let range = &place["textRange"];
            let line = range["startLine"].as_u64().unwrap();
            if let (Some(start), Some(end)) =
                (range["startColumn"].as_u64(), range["endColumn"].as_u64())
            {
                assert!((line, start) < (range["endLine"].as_u64().unwrap(), end), "{issue}");
            }
        }
    }
}

#[test]
fn code_climate_ends_each_issue_with_a_nul_and_lines_stay_lines() {
    let text = faulty("codeclimate");
    let issues: Vec<&str> = text.split_terminator('\0').collect();
    assert!(text.ends_with('\0') && issues.iter().all(|issue| json(issue)["type"] == "issue"));
    for format in ["gnu", "text", "codacy"] {
        let count = json(&evil("json")).as_array().unwrap().len();
        let text = evil(format);
        assert_eq!(text.lines().count(), count, "{format}: {text:?}");
        assert!(!text.contains('\u{1b}'), "{format}: {text:?}");
    }
}
