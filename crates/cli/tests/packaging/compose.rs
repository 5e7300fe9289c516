//! The compose file: what it starts, the program takes; what it mounts is there; what it configures is valid.

use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::machine::Machine;
use crate::pipelines::yaml;
use crate::{at, is_there, said};

const FILE: &str = "deploy/compose.yaml";

fn texts(value: &Value) -> Vec<String> {
    let all = value.as_array().into_iter().flatten();
    all.map(|it| it.as_str().unwrap().to_owned()).collect()
}

/// Fields of a service, with those of what it is merged from.
fn service(name: &str) -> Value {
    let document = &yaml(FILE)[0];
    let own = document["services"][name].as_object().unwrap_or_else(|| panic!("no `{name}`"));
    let mut all = own.clone();
    if let Some(base) = all.remove("<<") {
        for (name, value) in base.as_object().unwrap() {
            all.entry(name.clone()).or_insert_with(|| value.clone());
        }
    }
    Value::Object(all)
}

fn services() -> Vec<String> {
    yaml(FILE)[0]["services"].as_object().unwrap().keys().cloned().collect()
}

#[test]
fn what_is_started_of_ours_the_program_takes() {
    let machine = Machine::new();
    let mut ours = Vec::new();
    for name in services() {
        let it = service(&name);
        if !it["image"].as_str().unwrap().contains("plimsoll") {
            continue;
        }
        // Flags before it are judged before it is obeyed.
        let ran = machine.command().args(texts(&it["command"])).arg("--help").output().unwrap();
        said(&ran);
        assert_eq!(it["read_only"], true, "{name}");
        assert_eq!(it["cap_drop"][0], "ALL", "{name}");
        ours.push(name);
    }
    ours.sort();
    assert_eq!(ours, ["advisories", "server", "worker"]);
}

#[test]
fn nothing_listens_beyond_this_machine_and_nothing_gains_rights() {
    for name in services() {
        let it = service(&name);
        for port in texts(&it["ports"]) {
            assert!(port.starts_with("127.0.0.1:"), "{name}: {port}");
        }
        assert_eq!(it["security_opt"][0], "no-new-privileges:true", "{name}");
    }
}

#[test]
fn what_is_mounted_is_there() {
    let document = &yaml(FILE)[0];
    let folder = at(FILE).parent().unwrap().to_owned();
    let mut files = 0;
    for name in services() {
        let it = service(&name);
        for volume in texts(&it["volumes"]) {
            let (from, _) = volume.split_once(':').unwrap();
            if from.starts_with('.') {
                assert!(folder.join(from).exists(), "{name}: {volume}");
                files += 1;
            } else {
                assert!(document["volumes"].get(from).is_some(), "{name}: {volume}");
            }
        }
        for config in it["configs"].as_array().into_iter().flatten() {
            let source = config["source"].as_str().unwrap();
            assert!(document["configs"].get(source).is_some(), "{name}: {source}");
        }
        for other in it["depends_on"].as_object().into_iter().flatten() {
            assert!(services().contains(other.0), "{name}: {}", other.0);
        }
    }
    assert_eq!(files, 3, "rules, boards, and where the boards are");
}

#[test]
fn prometheus_reads_what_it_is_given_and_asks_the_server() {
    let document = &yaml(FILE)[0];
    let settings = document["configs"]["prometheus"]["content"].as_str().unwrap();
    let port = texts(&service("server")["command"])
        .iter()
        .find_map(|word| word.strip_prefix("--introspection=0.0.0.0:").map(str::to_owned))
        .unwrap();
    assert!(settings.contains(&format!("- targets: [server:{port}]")), "{settings}");
    if !is_there("promtool", "--version") {
        return;
    }
    let machine = Machine::new();
    machine.write("prometheus.yml", settings);
    let rules = at("deploy/prometheus/plimsoll.rules.yaml");
    std::fs::copy(rules, machine.path("plimsoll.rules.yaml")).unwrap();
    let mut check = Command::new("promtool");
    said(&check.args(["check", "config"]).arg(machine.path("prometheus.yml")).output().unwrap());
}

#[test]
fn grafana_finds_the_boards_and_asks_prometheus() {
    let document = &yaml(FILE)[0];
    let source = document["configs"]["datasource"]["content"].as_str().unwrap();
    assert!(source.contains("url: http://prometheus:9090"), "{source}");
    let grafana = service("grafana");
    let boards = texts(&grafana["volumes"]);
    let board = boards.iter().find(|it| it.contains("dashboards/plimsoll")).unwrap();
    let (_, inside) = board.trim_end_matches(":ro").split_once(':').unwrap();
    let provider = at("deploy/grafana/provisioning/dashboards");
    let mut said = String::new();
    for entry in std::fs::read_dir(provider).unwrap() {
        said += &std::fs::read_to_string(entry.unwrap().path()).unwrap();
    }
    let parent = Path::new(inside).parent().unwrap().display().to_string();
    assert!(said.contains(inside) || said.contains(&parent), "{inside} is not in: {said}");
}
