//! `plimsoll watch`: which alerts a log raises, how they are written and where they go.

use std::fs;
use std::process::Command;

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
    let ran =
        machine().run("watch --rules rules.yaml --replay audit.log -o json --first-match").ended(0);
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
    assert_eq!(count(""), 5);
    assert_eq!(count("--first-match"), 3);
    assert_eq!(count("-o rule_matching=first"), 3);
    assert_eq!(count("-o rule_matching=first --all-matches"), 5);
    assert_eq!(count("-t secrets"), 2);
    assert_eq!(count("-T secrets"), 3);
    assert_eq!(count("-D Anybody"), 2);
    assert_eq!(count("--min-priority warning"), 2);
    assert_eq!(count("-o priority=warning"), 2);
    assert_eq!(count("-o rules[].disable.rule=Secret*"), 3);
    // What Falco says where its settings are read.
    fs::write(machine.path("falco.yaml"), "json_output: false\n").unwrap();
    assert_eq!(count("-c falco.yaml"), 3);
    assert_eq!(count("-c falco.yaml --all-matches"), 5);
    fs::write(machine.path("falco.yaml"), "rule_matching: all\n").unwrap();
    assert_eq!(count("-c falco.yaml"), 5);
    assert_eq!(count("-c falco.yaml --first-match"), 3);
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
    let ran = machine.run("watch --replay audit.log").ended(2);
    assert!(ran.err.contains("`default` for Plimsoll's own"), "{}", ran.err);
    machine.run("watch -r rules.yaml --replay audit.log -o nonsense").ended(2);
    machine.run("watch -r rules.yaml --replay audit.log --min-priority loud").ended(2);
    fs::write(machine.path("bad.yaml"), "- rule: x\n").unwrap();
    machine.run("watch -r bad.yaml --replay audit.log").ended(2);
    fs::write(machine.path("noise"), "nothing of use\n").unwrap();
    let ran = machine.run("watch -r rules.yaml --replay noise").ended(3);
    assert!(ran.err.contains("noise: line 1: no JSON"), "{}", ran.err);
    let down = "--first-match -o http_output.enabled=true -o http_output.url=http://127.0.0.1:1";
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

#[test]
fn system_calls_may_stand_in_cases_by_their_fields_or_as_sensors_tell_them() {
    let machine = Machine::new();
    let rules = "- rule: Shadow
  desc: d
  condition: evt.type in (open, openat) and evt.is_open_read = true and fd.name = /etc/shadow
  output: o
  priority: NOTICE
- rule: Shell
  desc: d
  condition: evt.type in (execve, execveat) and proc.name in (sh, dash)
  output: o
  priority: NOTICE
";
    machine.write("rules.yaml", rules);
    let tetragon = r#"{"process_exec":{"process":{"exec_id":"a","pid":812,"binary":"/usr/bin/dash","arguments":"-c x","start_time":"2026-01-02T03:00:05.001Z"},"parent":{"exec_id":"b","pid":700,"binary":"/usr/bin/python3.11","start_time":"2026-01-02T03:00:00Z"}},"node_name":"n","time":"2026-01-02T03:00:05.001Z"}"#;
    let cases = format!(
        "- case: by fields
  events:
    - {{evt.type: openat, evt.is_open_read: true, fd.name: /etc/shadow, 'proc.aname[2]': sshd}}
    - {{evt.type: openat, evt.is_open_read: false, fd.name: /etc/shadow}}
  expect: {{Shadow: 1}}
- case: an alert of Falco
  events:
    - {{rule: x, priority: Notice, source: syscall, output: x, time: '2024-05-01T10:20:01Z',
       output_fields: {{evt.type: execve, proc.name: sh}}}}
  expect: {{Shell: 1}}
- case: Tetragon and a call
  events:
    - {tetragon}
    - {{evt.type: open, evt.is_open_read: true, fd.name: /etc/shadow}}
  expect: {{Shell: 1, Shadow: 1}}
- case: Linux's audit
  events:
    - 'type=SYSCALL msg=audit(1767322805.001:7): arch=c000003e syscall=257 success=yes exit=3 a0=ffffff9c a1=0 a2=0 a3=0 items=1 ppid=1 pid=9 auid=0 uid=0 gid=0 euid=0 suid=0 fsuid=0 egid=0 sgid=0 fsgid=0 tty=(none) ses=1 comm=\"cat\" exe=\"/usr/bin/cat\" key=(null)'
    - 'type=CWD msg=audit(1767322805.001:7): cwd=\"/root\"'
    - 'type=PATH msg=audit(1767322805.001:7): item=0 name=\"/etc/shadow\" inode=1 dev=08:01 mode=0100640 ouid=0 ogid=42 rdev=00:00 nametype=NORMAL'
  expect: {{Shadow: 1}}
"
    );
    machine.write("cases.yaml", cases);
    let ran = machine.run("rules test cases.yaml --rules rules.yaml").ended(0);
    assert_eq!(ran.out.matches("ok  ").count(), 4, "{}", ran.said());
    machine.write("typo.yaml", "- case: x\n  events: [{evt.type: open, proc.nmae: sh}]\n");
    let ran = machine.run("rules test typo.yaml --rules rules.yaml").ended(2);
    assert!(ran.err.contains("did you mean `proc.name`?"), "{}", ran.err);
    machine.write("text.yaml", "- case: x\n  events: [nonsense]\n");
    let ran = machine.run("rules test text.yaml --rules rules.yaml").ended(2);
    assert!(ran.err.contains("record of Linux's audit"), "{}", ran.err);
}

/// A capture of the corpus that is not compressed, with other texts of the same length in it.
fn capture(name: &str, changes: &[(&[u8], &[u8])]) -> Option<Vec<u8>> {
    let path = plimsoll_testkit::shared("runtime/captures")?.join(name);
    let ran = Command::new("gzip").arg("-dc").arg(path).output().unwrap();
    let mut bytes = ran.stdout;
    for (from, to) in changes {
        assert_eq!(from.len(), to.len());
        let places: Vec<usize> = bytes
            .windows(from.len())
            .enumerate()
            .filter(|it| it.1 == *from)
            .map(|it| it.0)
            .collect();
        assert!(!places.is_empty(), "{}", String::from_utf8_lossy(from));
        for at in places {
            bytes[at..at + to.len()].copy_from_slice(to);
        }
    }
    Some(bytes)
}

const CONNECTED: &str = "- rule: Connected
  desc: A program connected
  condition: evt.type = connect and fd.sport = 80
  output: Connected (connection=%fd.name on=%evt.hostname user=%user.name type=%evt.type)
  priority: NOTICE
  tags: [network]
";

#[test]
fn an_alert_is_explained_below_it_or_within_its_object() {
    let Some(bytes) = capture("libs/curl_google.scap", &[]) else { return };
    let machine = Machine::new();
    machine.write("rules.yaml", CONNECTED);
    machine.write("trace.scap", bytes);
    let watch = "watch --rules rules.yaml --replay trace.scap --explain";
    let ran = machine.run_with(&[("TZ", "UTC")], watch).ended(0);
    let (alert, why) = ran.out.split_once('\n').unwrap();
    assert!(alert.contains(": Notice Connected (connection="), "{alert}");
    assert!(
        why.contains("\n    fd.sport = 80  [fd.sport=80]\n  processes\n    systemd (1)\n"),
        "{why}"
    );
    let ran = machine.run(&format!("{watch} -o json")).ended(0);
    let alert: Value = serde_json::from_str(&ran.out).unwrap();
    let why = &alert["explanation"];
    assert_eq!(why["conditions"][0]["condition"], "evt.type = connect");
    assert_eq!(why["conditions"][1]["values"]["fd.sport"], "80");
    assert_eq!(why["conditions"][1]["holds"], true);
    let ancestry = why["ancestry"].as_array().unwrap();
    assert_eq!(ancestry.last().unwrap()["name"], "systemd");
    assert_eq!(why["container"]["container.id"], "host");

    let ran = self::machine().run("watch -r rules.yaml --replay audit.log --explain").ended(0);
    assert!(ran.out.contains("\n    ka.verb = get  [ka.verb=get]\n"), "{}", ran.out);
    assert!(!ran.out.contains("processes"), "{}", ran.out);
}

#[test]
fn a_capture_of_system_calls_raises_alerts_as_in_falco() {
    let Some(bytes) = capture("connect_localhost.scap", &[]) else { return };
    let machine = Machine::new();
    machine.write("rules.yaml", CONNECTED);
    machine.write("trace.scap", bytes);
    let variables = [("FALCO_HOSTNAME", "node-1"), ("TZ", "UTC")];
    let watch = "watch --rules rules.yaml --replay trace.scap";
    let ran = machine.run_with(&variables, &format!("{watch} -o json")).ended(0);
    // The alert is from this machine, the event from the one that was recorded.
    insta::assert_snapshot!(ran.out, @r##"{"hostname":"node-1","output":"21:27:03.470627540: Notice Connected (connection=127.0.0.1:47192->127.0.0.1:80 on=ubuntu user=<NA> type=connect)","output_fields":{"evt.hostname":"ubuntu","evt.time":1522704423470627540,"evt.type":"connect","fd.name":"127.0.0.1:47192->127.0.0.1:80","user.name":"<NA>"},"priority":"Notice","rule":"Connected","source":"syscall","tags":["network"],"time":"2018-04-02T21:27:03.470627540Z"}"##);
    let ran = machine.run_with(&variables, &format!("{watch} -o text")).ended(0);
    insta::assert_snapshot!(ran.out, @"21:27:03.470627540: Notice Connected (connection=127.0.0.1:47192->127.0.0.1:80 on=ubuntu user=<NA> type=connect)");

    let ran = machine.run_with(&variables, &format!("{watch} --write kept.scap")).ended(0);
    assert!(ran.err.contains("374 events, 1 rules: 1 alerts"), "{}", ran.err);
    let again = "watch --rules rules.yaml --replay kept.scap";
    let again = machine.run_with(&variables, again).ended(0);
    assert_eq!(again.out, ran.out);
    assert!(again.err.contains("1 events, 1 rules: 1 alerts"), "{}", again.err);
}

#[test]
fn a_capture_that_is_cut_short_ends_with_3() {
    let Some(bytes) = capture("connect_localhost.scap", &[]) else { return };
    let machine = Machine::new();
    machine.write("rules.yaml", CONNECTED);
    machine.write("cut.scap", &bytes[..bytes.len() - 7]);
    let ran = machine.run("watch -r rules.yaml -e cut.scap").ended(3);
    assert_eq!(ran.out.lines().count(), 1, "what is before the cut is judged: {}", ran.said());
    assert!(ran.err.contains("error: cut.scap: at byte "), "{}", ran.err);
    machine.write("noise.scap", [&bytes[..4], &[0xff; 64]].concat());
    machine.run("watch -r rules.yaml -e noise.scap").ended(3);
    machine.write("audit.log", event(1, "get", "db"));
    let ran = machine.run("watch -r rules.yaml -e audit.log --write x.scap").ended(3);
    assert!(ran.err.contains("only what tells of system calls can be recorded"), "{}", ran.err);
}

/// What somebody who has just read a guide writes, on the macros of Falco's own files.
const GUIDE: &str = "- rule: Write below binary dir
  desc: Detect writes to binary directories
  condition: >
    bin_dir and evt.dir = < and open_write
  output: >
    File below a known binary directory opened for writing
    (user=%user.name command=%proc.cmdline file=%fd.name)
  priority: ERROR
  tags: [filesystem, mitre_persistence]

- rule: Unexpected network activity
  desc: Detect unexpected network connections
  condition: >
    evt.type = connect and
    container.id != host and
    not fd.sip in (10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16)
  output: >
    Unexpected network connection
    (user=%user.name command=%proc.cmdline connection=%fd.name)
  priority: WARNING
  tags: [network]
";

#[test]
fn rules_of_a_guide_load_and_fire() {
    let Some(published) = plimsoll_testkit::shared("runtime/rules/published") else { return };
    let trace = "libs/curl_google.scap";
    let machine = Machine::new();
    machine.write("guide.yaml", GUIDE);
    machine.write("quiet.scap", capture(trace, &[]).unwrap());
    // The same program in a container, which writes to one of the files that it opens.
    let changes: [(&[u8], &[u8]); 2] = [
        (b"=/user.slice\0", b"=/lxc/webapp\0"),
        (b"/etc/ld.so.cache\0\x01\x10", b"/usr/bin/ldcache\0\x02\x10"),
    ];
    machine.write("loud.scap", capture(trace, &changes).unwrap());
    let falco = ["falco_rules.yaml", "falco-sandbox_rules.yaml"].map(|name| published.join(name));
    let falco = falco.map(|path| path.display().to_string()).join(" ");
    let watch = |name: &str| {
        let rest = format!("--replay {name} -D Excessively");
        machine.run_with(&[("TZ", "UTC")], &format!("watch -r {falco} guide.yaml {rest}")).ended(0)
    };
    let ran = watch("quiet.scap");
    assert_eq!(ran.out, "", "nothing is in a container, nothing is written");
    let ran = watch("loud.scap");
    assert_eq!(ran.out.matches("Unexpected network connection").count(), 8);
    assert_eq!(ran.out.matches("opened for writing").count(), 3);
    let line = "17:35:48.514682170: Error File below a known binary directory opened for writing \
                (user=<NA> command=curl -6 http://www.google.com file=/usr/bin/ldcache)\n";
    assert!(ran.out.starts_with(line), "{}", ran.out);
}

#[test]
fn parts_of_conditions_are_covered_or_named() {
    let machine = machine();
    let cases = "- case: reads\n  replay: [audit.log]\n  others: true\n";
    fs::write(machine.path("cases.yaml"), cases).unwrap();
    let ran = machine.run("rules test cases.yaml --rules rules.yaml --coverage").ended(0);
    insta::assert_snapshot!(ran.err, @r"
    1 cases, 0 failed; 2 of 2 rules fired
    Secret read: 1 of 2 parts seen to hold and to fail
      never failed: ka.target.resource = secrets
    Anybody: 0 of 1 parts seen to hold and to fail
      never failed: ka.verb exists
    ");
}

#[test]
fn each_rule_has_its_cost() {
    let machine = machine();
    let ran = machine.run("rules bench rules.yaml --replay audit.log -o json").ended(0);
    let measured = ran.json();
    assert_eq!(measured["events"], 3);
    let rules = measured["rules"].as_array().unwrap();
    let alerts = |name: &str| rules.iter().find(|it| it["rule"] == name).unwrap()["alerts"].clone();
    assert_eq!((alerts("Secret read"), alerts("Anybody")), (2.into(), 3.into()));
    assert!(rules.iter().all(|rule| rule["ns_per_event"].as_f64().unwrap() > 0.0));
    assert_eq!(measured["types"][0]["events"], 3);
    let ran = machine.run("rules bench rules.yaml --replay audit.log --max-events 1").ended(0);
    assert!(ran.out.starts_with("1 events, 2 rules: "), "{}", ran.out);
    machine.run("rules bench rules.yaml --replay none.log").ended(3);
    fs::write(machine.path("empty.log"), "").unwrap();
    machine.run("rules bench rules.yaml --replay empty.log").ended(3);
}

#[test]
fn rule_files_are_brought_into_form() {
    let machine = Machine::new();
    let rough = "# Mine.\n-   list: shells\n    items: [sh,bash]\n# Why.\n- macro: shell\n  condition: proc.name in (shells)  \n";
    let formed = "# Mine.\n- list: shells\n  items: [sh, bash]\n\n# Why.\n- macro: shell\n  condition: proc.name in (shells)\n";
    machine.write("rules.yaml", rough);
    let ran = machine.run("rules fmt --check rules.yaml").ended(1);
    assert!(ran.out.contains("\n-    items: [sh,bash]\n"), "{}", ran.out);
    assert_eq!(machine.read("rules.yaml"), rough);
    machine.run("rules fmt rules.yaml").ended(0);
    assert_eq!(machine.read("rules.yaml"), formed);
    let ran = machine.run("rules fmt --check rules.yaml").ended(0);
    assert_eq!(ran.out, "");
    machine.write("bad.yaml", "- rule: a\n  desc: b: c\n");
    let ran = machine.run("rules fmt bad.yaml").ended(2);
    assert!(ran.err.contains("`bad.yaml`: line 2: "), "{}", ran.err);
    machine.run("rules fmt none.yaml").ended(3);
}
