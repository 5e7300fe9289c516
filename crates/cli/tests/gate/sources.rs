//! Folders with sources: Dockerfiles, manifests, lock files and rules, judged before there is an image.

use crate::feeds::{HIGH, known_as, osv, record};
use crate::machine::Machine;
use crate::{GOOD, POD};

/// The Dockerfile of many a tutorial.
const TUTORIAL: &str = "\
FROM node:latest
ADD . /app
ENV DB_PASSWORD=hunter2
RUN curl https://example.com/install.sh | sh
CMD node server.js
";

fn states(machine: &Machine, arguments: &str, code: i32) -> Vec<(String, String)> {
    let ran = machine.run(&format!("gate -o json {arguments}")).ended(code);
    let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
    let rulings = ran.json()["rulings"].as_array().unwrap().clone();
    rulings.iter().map(|one| (text(&one["rule"]), text(&one["state"]))).collect()
}

fn state(all: &[(String, String)], rule: &str) -> String {
    all.iter().find(|(id, _)| id == rule).map_or_else(String::new, |(_, state)| state.clone())
}

#[test]
fn sources_in_order_pass_without_a_policy() {
    let machine = Machine::new();
    machine.write("app/Dockerfile", GOOD);
    machine.write("deploy/web.yaml", POD);
    let all = states(&machine, "--rule findings.fresh=off .", 0);
    for rule in ["dockerfile.pinned", "dockerfile.user", "runtime.pod-security", "network.isolated"]
    {
        assert_eq!(state(&all, rule), "pass", "{all:?}");
    }
    assert!(!all.iter().any(|(rule, _)| rule.starts_with("signature.")), "{all:?}");
}

#[test]
fn a_tutorials_dockerfile_is_denied_by_what_is_wrong_with_it() {
    let machine = Machine::new();
    machine.write("Dockerfile", TUTORIAL);
    let all = states(&machine, "Dockerfile", 5);
    for rule in ["pinned", "user", "secrets", "downloads", "command"] {
        assert_eq!(state(&all, &format!("dockerfile.{rule}")), "deny", "{rule}: {all:?}");
    }
    assert_eq!(state(&all, "dockerfile.valid"), "pass");
    let table = machine.run("gate Dockerfile").ended(5);
    insta::assert_snapshot!(table.out);
    assert!(!table.out.contains("hunter2"), "a secret is not told: {}", table.out);
}

#[test]
fn a_privileged_pod_that_nobody_isolates_is_denied_where_it_stands() {
    let machine = Machine::new();
    let pod = "apiVersion: v1\nkind: Pod\nmetadata:\n  name: web\nspec:\n  hostPID: true\n  \
               containers:\n    - name: web\n      image: nginx\n";
    machine.write("pod.yaml", pod);
    let ran = machine.run("gate -o json pod.yaml").ended(5).json();
    let rulings = ran["rulings"].as_array().unwrap();
    let of = |rule: &str| rulings.iter().find(|one| one["rule"] == rule).unwrap();
    let places = of("runtime.pod-security")["violations"].as_array().unwrap();
    assert!(places.iter().any(|one| one["id"] == "hostNamespaces" && one["place"]["line"] == 6));
    assert_eq!(of("runtime.image")["violations"][0]["id"], "PK1001");
    assert_eq!(of("network.isolated")["state"], "deny");
    let open = of("network.isolated")["violations"][0]["message"].as_str().unwrap();
    assert_eq!(open, "no policy isolates `default/web` in ingress and egress");
}

#[test]
fn the_policy_says_how_much_pods_may() {
    let machine = Machine::new();
    let pod = POD.replace("allowPrivilegeEscalation: false", "allowPrivilegeEscalation: true");
    machine.write("pod.yaml", pod);
    assert_eq!(state(&states(&machine, "pod.yaml", 5), "runtime.pod-security"), "deny");
    machine.write("plimsoll.toml", "[gate.runtime]\npod-security = \"baseline\"\n");
    assert_eq!(state(&states(&machine, "pod.yaml", 0), "runtime.pod-security"), "pass");
}

#[test]
fn manifests_that_an_api_server_would_refuse_are_denied() {
    let machine = Machine::new();
    machine.write("pod.yaml", "apiVersion: v1\nkind: Pod\n  metadata: [\n");
    let all = states(&machine, "pod.yaml", 5);
    assert_eq!(state(&all, "runtime.valid"), "deny", "{all:?}");
}

#[test]
fn what_a_policy_names_is_judged_wherever_it_is() {
    let machine = Machine::new();
    machine.write("src/Dockerfile", GOOD);
    machine.write("other/app.Dockerfile", TUTORIAL);
    machine.write(
        "policy/plimsoll.toml",
        "[gate.dockerfile]\nfiles = [\"../other/app.Dockerfile\"]\n",
    );
    let rules = "--only dockerfile -f policy/plimsoll.toml";
    assert_eq!(state(&states(&machine, &format!("{rules} src"), 5), "dockerfile.pinned"), "deny");
    assert_eq!(state(&states(&machine, "--only dockerfile src", 0), "dockerfile.pinned"), "pass");
    // A folder without any, beside one with.
    std::fs::create_dir(machine.path("empty")).unwrap();
    machine.write(
        "policy/plimsoll.toml",
        "[gate.dockerfile]\nfiles = [\"../empty\", \"../other/app.Dockerfile\"]\n\
         [gate.runtime]\nfiles = [\"../empty\", \"../deploy\"]\n",
    );
    assert_eq!(state(&states(&machine, &format!("{rules} src"), 5), "dockerfile.pinned"), "deny");
    machine
        .write("deploy/pod.yaml", POD.replace("readOnlyRootFilesystem: true", "privileged: true"));
    let all = states(&machine, "--only runtime -f policy/plimsoll.toml src", 5);
    assert_eq!(state(&all, "runtime.pod-security"), "deny", "{all:?}");
}

#[test]
fn lock_files_are_scanned_and_their_findings_stand_in_the_file() {
    let machine = Machine::new();
    let lock = r#"{"name": "a", "lockfileVersion": 3, "packages": {"": {"name": "a"},
        "node_modules/lodash": {"version": "4.17.10"}}}"#;
    machine.write("package-lock.json", lock);
    let cve = "CVE-2019-10744";
    let lodash = record("GHSA-jf85-cpcp-j695", "npm", "lodash", Some("4.17.12"), HIGH);
    osv(&machine, "npm", &[known_as(lodash, &[cve])]);
    machine.update("mirror").ended(0);
    let ran = machine.run("gate --only findings -o json .").ended(5).json();
    let rulings = ran["rulings"].as_array().unwrap();
    let of = |rule: &str| rulings.iter().find(|one| one["rule"] == rule).unwrap();
    let found = &of("findings.severity")["violations"][0];
    assert_eq!(found["id"], "CVE-2019-10744", "{ran:#}");
    assert_eq!(found["fix"], "update lodash to 4.17.12");
    assert_eq!(found["place"]["file"], "package-lock.json");
    assert_eq!(of("findings.overdue")["state"], "warn");
    assert_eq!(of("findings.fresh")["state"], "deny", "the newest advisory is a month old");
    let stale = machine.run("gate --only findings --rule findings.severity=off .").ended(4);
    assert!(stale.out.contains("not decided: the advisories are too old"), "{}", stale.out);
    machine.write("plimsoll.toml", "[gate.findings]\nmax-data-age = \"90d\"\n");
    machine.run("gate --only findings --rule findings.severity=off .").ended(0);
}

#[test]
fn rules_of_falco_that_do_not_load_are_denied() {
    let machine = Machine::new();
    machine.write(
        "falco/rules.yaml",
        "- rule: a\n  desc: b\n  condition: evt.typ = open\n  output: c\n  priority: ERROR\n",
    );
    machine
        .write("plimsoll.toml", "[gate.detection]\nrules = [\"default\", \"falco/rules.yaml\"]\n");
    let all = states(&machine, "--only detection .", 5);
    assert_eq!(state(&all, "detection.loads"), "deny", "{all:?}");
    machine.write("falco/rules.yaml", "- rule: a\n  desc: b\n  condition: evt.type = open and fd.name = /x\n  output: c\n  priority: ERROR\n");
    let all = states(&machine, "--only detection .", 0);
    assert_eq!(state(&all, "detection.loads"), "pass", "{all:?}");
}

#[test]
fn a_base_that_gets_no_fixes_any_more_is_denied() {
    let machine = Machine::new();
    machine.write("Dockerfile", "FROM debian:8\nUSER 1\nCMD [\"a\"]\n");
    let all = states(&machine, "--only base Dockerfile", 5);
    assert_eq!(state(&all, "base.supported"), "deny", "{all:?}");
}
