//! `plimsoll profile`: documents of least privilege from a capture, and what is said of their proof.

use std::fs;

use serde_json::Value;

use crate::machine::Machine;

fn machine(capture: &str) -> Option<Machine> {
    let path = plimsoll_testkit::shared("runtime/captures")?.join(capture);
    let machine = Machine::new();
    machine.write("trace.scap", fs::read(path).unwrap());
    Some(machine)
}

#[test]
fn a_run_of_curl_may_do_what_it_did_and_nothing_else() {
    let Some(machine) = machine("libs/curl_google.scap") else { return };
    let curl = "profile trace.scap --where proc.name=curl --name curl";
    let ran = machine.run(&format!("{curl} --dir curl")).ended(0);
    assert_eq!(ran.out.lines().count(), 6, "{}", ran.out);
    let proven = "proven: nothing denied, no grant to spare";
    assert!(ran.out.lines().all(|line| line.ends_with(proven)), "{}", ran.out);

    let seccomp = machine.json("curl/seccomp.json");
    assert_eq!(seccomp["defaultAction"], "SCMP_ACT_ERRNO");
    let names = seccomp["syscalls"][0]["names"].as_array().unwrap();
    let has = |name: &str| names.iter().any(|it| it == name);
    assert!(has("connect") && has("execve") && has("exit_group") && has("rt_sigaction"));
    assert!(!has("bind") && !has("ptrace") && !has("switch"));
    let policy = machine.read("curl/networkpolicy.yaml");
    assert!(policy.contains("cidr: \"2607:f8b0:4004:802::2004/128\""), "{policy}");
    assert!(machine.read("curl/apparmor.profile").contains("  \"/etc/resolv.conf\" r,\n"));

    // The rules load, are silent on the run itself and fire on a run of something else.
    machine.run("rules check curl/falco_rules.yaml").ended(0);
    let watch = "watch -r curl/falco_rules.yaml --fail-on warning --replay trace.scap";
    machine.run(watch).ended(0);
    let rules = machine.read("curl/falco_rules.yaml").replace("\"53\"", "\"54\"");
    machine.write("curl/falco_rules.yaml", rules);
    let ran = machine.run(watch).ended(1);
    assert!(
        ran.out.contains("Unobserved connection (to=2001:4860:4860::8888 port=53"),
        "{}",
        ran.out
    );

    let ran = machine.run(&format!("{curl} --dir curl -o json --kind seccomp")).ended(0);
    let document = &ran.json()["documents"][0];
    assert_eq!(document["proven"], true);
    assert_eq!(document["grants"], names.len());
    assert_eq!(document["unneeded"], Value::Array(Vec::new()));
    let ran = machine.run(&format!("{curl} --kind seccomp")).ended(0);
    assert_eq!(serde_json::from_str::<Value>(&ran.out).unwrap(), seccomp);
}

/// The log of a shop's image, in which programs connect whose sockets it does not tell of.
#[test]
fn a_connection_is_granted_to_apparmor_whoever_made_its_socket() {
    let log = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/samples/image/events.jsonl");
    let machine = Machine::new();
    machine.write("events.jsonl", fs::read(log).unwrap());
    let curl = "profile events.jsonl --where proc.name=curl --name curl";
    let ran = machine.run(&format!("{curl} --kind apparmor")).ended(0);
    assert!(ran.out.contains("\n  network inet stream,\n"), "{}", ran.out);
    machine.write("curl.profile", &ran.out);
    // What reads such profiles reads it; nothing is loaded.
    let path = machine.path("curl.profile");
    let read =
        std::process::Command::new("apparmor_parser").args(["-Q", "-K", "-S"]).arg(path).output();
    match read {
        Ok(read) => {
            assert!(read.status.success(), "{}", String::from_utf8_lossy(&read.stderr));
            assert!(!read.stdout.is_empty());
        }
        Err(_) => println!("skipped: apparmor_parser is not installed"),
    }
}

#[test]
fn what_cannot_be_profiled_is_told() {
    let Some(machine) = machine("connect_localhost.scap") else { return };
    let said = |arguments: &str, code: i32, what: &str| {
        let ran = machine.run(arguments).ended(code);
        assert!(ran.err.contains(what), "{arguments}: {}", ran.err);
    };
    said("profile trace.scap", 2, "name a folder with --dir, or one --kind");
    said("profile trace.scap --kind seccomp --where proc.nam=x", 2, "--where: ");
    said("profile trace.scap --kind seccomp --where proc.name=nobody", 2, "nothing was observed");
    said("profile trace.scap --kind seccomp --name ../x", 2, "a name has letters");
    said("profile trace.scap --kind nothing", 2, "seccomp, falco, network");
    said("profile none.scap --kind seccomp", 3, "cannot read `none.scap`");
    said("profile - --kind seccomp", 2, "has to be a file");
    machine.write("audit.log", r#"{"kind":"Event","auditID":"1","verb":"get"}"#);
    said("profile audit.log --kind seccomp", 2, "no capture of system calls");
}
