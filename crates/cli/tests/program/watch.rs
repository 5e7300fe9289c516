//! `plimsoll watch`: which alerts a log raises, how they are written and where they go.

use std::fs;

use serde_json::Value;

use crate::machine::Machine;

const RULES: &str = "- rule: Secret read
  desc: Somebody reads secrets
  source: k8s_audit
  condition: ka.verb = get and ka.target.resource = secrets
  output: Secret read (user=%ka.user.name target=%ka.target.name reason=%ka.auth.reason)
  priority: WARNING
  tags: [k8s, secrets]

- rule: Anybody
  desc: Somebody does something
  source: k8s_audit
  condition: ka.verb exists
  output: Seen %ka.verb
  priority: INFO
  tags: [k8s]
";

fn event(second: u32, verb: &str, name: &str) -> String {
    format!(
        r#"{{"kind":"Event","apiVersion":"audit.k8s.io/v1","auditID":"{second}","verb":"{verb}","user":{{"username":"eve"}},"objectRef":{{"resource":"secrets","name":"{name}"}},"stageTimestamp":"2024-05-01T10:20:{second:02}.123456Z"}}"#
    )
}

fn machine() -> Machine {
    let machine = Machine::new();
    fs::write(machine.path("rules.yaml"), RULES).unwrap();
    let log = [event(1, "get", "db"), event(2, "list", "db"), event(3, "get", "db")].join("\n");
    fs::write(machine.path("audit.log"), log).unwrap();
    machine
}

#[test]
fn alerts_are_written_as_falco_writes_them() {
    let ran = machine().run("watch --rules rules.yaml --replay audit.log -o json").ended(0);
    let alerts: Vec<Value> =
        ran.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(alerts.len(), 3);
    let first = &alerts[0];
    assert_eq!(first["rule"], "Secret read");
    assert_eq!(first["priority"], "Warning");
    assert_eq!(first["source"], "k8s_audit");
    assert_eq!(first["time"], "2024-05-01T10:20:01.123456000Z");
    assert_eq!(first["tags"], serde_json::json!(["k8s", "secrets"]));
    let output = first["output"].as_str().unwrap();
    assert!(output.ends_with(": Warning Secret read (user=eve target=db reason=<NA>)"), "{output}");
    let fields = serde_json::json!({
        "evt.time": 1_714_558_801_123_456_000_u64,
        "ka.auth.reason": null,
        "ka.target.name": "db",
        "ka.user.name": "eve",
    });
    assert_eq!(first["output_fields"], fields);
    let keys: Vec<&str> = ran.out.lines().next().unwrap().split("\":").collect();
    assert!(keys[0].starts_with("{\"hostname"), "keys are in their order: {keys:?}");
    assert_eq!(alerts[1]["rule"], "Anybody");
    assert!(ran.err.contains("3 events, 2 rules: 3 alerts"), "{}", ran.err);
}

#[test]
fn rules_are_chosen_by_tag_name_and_priority() {
    let machine = machine();
    let count = |more: &str| {
        let ran = machine.run(&format!("watch -r rules.yaml --replay audit.log {more}")).ended(0);
        ran.out.lines().count()
    };
    assert_eq!(count(""), 3);
    assert_eq!(count("--all-matches"), 5);
    assert_eq!(count("-o rule_matching=all"), 5);
    assert_eq!(count("-t secrets"), 2);
    assert_eq!(count("-T secrets"), 3);
    assert_eq!(count("-D Anybody"), 2);
    assert_eq!(count("--min-priority warning"), 2);
    assert_eq!(count("-o priority=warning"), 2);
    assert_eq!(count("-o rules[].disable.rule=Secret*"), 3);
    assert_eq!(count("-t secrets --group 60"), 2);
}

#[test]
fn settings_of_falco_are_obeyed() {
    let machine = machine();
    let config = "rules_files: [rules.yaml, missing.yaml]\njson_output: true\n\
        json_include_tags_property: false\njson_include_message_property: true\n\
        stdout_output: {enabled: false}\nfile_output: {enabled: true, filename: events.txt}\n\
        append_output:\n  - match: {tags: [secrets]}\n    extra_output: at %evt.num\n    \
        extra_fields: [ka.verb, {who: 'by %ka.user.name'}]\n";
    fs::write(machine.path("falco.yaml"), config).unwrap();
    let ran = machine.run("watch -c falco.yaml --replay audit.log").ended(0);
    assert_eq!(ran.out, "");
    let text = fs::read_to_string(machine.path("events.txt")).unwrap();
    let alert: Value = serde_json::from_str(text.lines().next().unwrap()).unwrap();
    let message = "Secret read (user=eve target=db reason=<NA>) at 1";
    assert_eq!(alert["message"], message);
    assert_eq!(alert["output_fields"]["ka.verb"], "get");
    assert_eq!(alert["output_fields"]["who"], "by eve");
    assert_eq!(alert["output_fields"]["evt.num"], 1);
    assert_eq!(alert.get("tags"), None);
}

#[test]
fn the_end_says_what_went_wrong() {
    let machine = machine();
    machine.run("watch -r rules.yaml --replay audit.log --fail-on warning").ended(1);
    machine.run("watch -r rules.yaml --replay audit.log --fail-on critical").ended(0);
    machine.run("watch -r none.yaml --replay audit.log").ended(3);
    machine.run("watch -r rules.yaml --replay none.log").ended(3);
    machine.run("watch --replay audit.log").ended(2);
    machine.run("watch -r rules.yaml --replay audit.log -o nonsense").ended(2);
    machine.run("watch -r rules.yaml --replay audit.log --min-priority loud").ended(2);
    fs::write(machine.path("bad.yaml"), "- rule: x\n").unwrap();
    machine.run("watch -r bad.yaml --replay audit.log").ended(2);
    fs::write(machine.path("noise"), "nothing of use\n").unwrap();
    let ran = machine.run("watch -r rules.yaml --replay noise").ended(3);
    assert!(ran.err.contains("noise: line 1: no JSON"), "{}", ran.err);
    let down = "-o http_output.enabled=true -o http_output.url=http://127.0.0.1:1";
    let ran = machine.run(&format!("watch -r rules.yaml --replay audit.log {down}")).ended(3);
    assert_eq!(ran.out.lines().count(), 3, "one channel that fails does not hold up another");
    assert!(ran.err.contains("http: 3 alerts did not arrive"), "{}", ran.err);
}

#[test]
fn cases_say_which_rules_fire() {
    let machine = machine();
    let cases = "- case: reads and lists
  replay: [audit.log]
  expect: {Secret read: 2, Anybody: 3}
- case: nothing
  expect: {}
- case: an event in the file
  events:
    - {kind: Event, auditID: '1', verb: list, stageTimestamp: '2024-05-01T10:20:01Z'}
  expect: {Anybody: 1}
";
    fs::write(machine.path("cases.yaml"), cases).unwrap();
    let ran = machine.run("rules test cases.yaml --rules rules.yaml --require-coverage").ended(0);
    assert_eq!(ran.out.matches("ok  ").count(), 3, "{}", ran.out);
    fs::write(machine.path("wrong.yaml"), cases.replace("Secret read: 2, ", "")).unwrap();
    let ran = machine.run("rules test wrong.yaml --rules rules.yaml").ended(1);
    let said = "`Secret read` raised 2 alerts and none was expected";
    assert!(ran.out.contains(said), "{}", ran.out);
    fs::write(machine.path("few.yaml"), "- case: none\n").unwrap();
    let ran = machine.run("rules test few.yaml -r rules.yaml --require-coverage").ended(1);
    assert!(ran.err.contains("never: Secret read"), "{}", ran.err);
    fs::write(machine.path("typo.yaml"), "- case: x\n  expect: {Nobody: 1}\n").unwrap();
    machine.run("rules test typo.yaml -r rules.yaml").ended(2);
}
