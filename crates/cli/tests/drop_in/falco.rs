//! `falco`.

use crate::machine::Machine;

const RULES: &str = "- rule: Secret read
  desc: Somebody reads secrets
  source: k8s_audit
  condition: ka.verb = get and ka.target.resource = secrets
  output: Secret read (user=%ka.user.name target=%ka.target.name)
  priority: WARNING
  tags: [k8s]
";

const EVENT: &str = r#"{"kind":"Event","apiVersion":"audit.k8s.io/v1","auditID":"1","verb":"get","user":{"username":"eve"},"objectRef":{"resource":"secrets","name":"db"},"stageTimestamp":"2024-05-01T10:20:01.123456Z"}"#;

fn machine() -> Machine {
    let machine = Machine::new();
    machine.write("rules.yaml", RULES);
    machine.write("audit.log", EVENT);
    machine
}

#[test]
fn alerts_of_a_capture_are_told_as_settings_say() {
    let machine = machine();
    for capture in ["-e audit.log", "-o engine.kind=replay -o engine.replay.capture_file=audit.log"]
    {
        let ran =
            machine.run(&format!("as falco -r rules.yaml -o json_output=true -M 5 {capture}"));
        assert_eq!(ran.ended(0).json()["rule"], "Secret read");
    }
    let ran = machine.run("as falco -r rules.yaml -T k8s -e audit.log");
    assert!(!ran.out.contains("Secret read"));
}

#[test]
fn rules_are_validated_and_listed_and_fields_too() {
    let machine = machine();
    machine.run("as falco -V rules.yaml").ended(0);
    machine.write("bad.yaml", RULES.replace("ka.verb = get", "no_such_macro"));
    machine.run("as falco -V bad.yaml").ended(1);
    machine.run("as falco -r bad.yaml -e audit.log").ended(1);
    assert!(machine.run("as falco -r rules.yaml -L").ended(0).out.contains("Secret read"));
    assert!(machine.run("as falco --list").ended(0).out.contains("proc.name"));
    let ran = machine.run("as falco --list=k8s_audit").ended(0);
    assert!(ran.out.contains("ka.verb"), "{}", ran.out);
}
