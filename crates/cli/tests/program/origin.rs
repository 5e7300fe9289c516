//! `plimsoll watch --explain --inventory`: an alert tells the package, the layer, the line of the
//! Dockerfile and the signature of the program that it is about.

use plimsoll_testkit::{Compression, Image};
use serde_json::Value;

use crate::drift::capture;
use crate::machine::Machine;

const STATUS: &str = "Package: app
Status: install ok installed
Architecture: amd64
Version: 1.2-3

";
const RULES: &str = "
- rule: Runs
  desc: A program is run
  condition: evt.type in (execve, execveat) and evt.res = SUCCESS
  output: Runs (%proc.exepath)
  priority: NOTICE
";
const DOCKERFILE: &str = "# syntax=docker/dockerfile:1
FROM debian:13
RUN apt-get update && \\
    apt-get install -y app
COPY --chmod=755 tool /usr/bin/tool
";

fn machine() -> Machine {
    let machine = Machine::new();
    Image::new()
        .layer("/bin/sh -c #(nop) ADD file:4b1be1de in / ", &[("usr/bin/env", "base")])
        .layer(
            "RUN /bin/sh -c apt-get update && apt-get install -y app # buildkit",
            &[
                ("var/lib/dpkg/status", STATUS),
                ("var/lib/dpkg/info/app.list", "/usr/bin/app\n"),
                ("usr/bin/app", "a program"),
            ],
        )
        .layer("COPY --chmod=755 tool /usr/bin/tool # buildkit", &[("usr/bin/tool", "mine")])
        .write_oci_dir(Compression::Gzip, &machine.path("layout"));
    machine.write("trace.scap", capture(&[(100, "/usr/bin/app", 0), (100, "/usr/bin/tool", 0)]));
    machine.write("rules.yaml", RULES);
    machine.write("Dockerfile", DOCKERFILE);
    for key in ["plimsoll", "other"] {
        with_password(&machine, &format!("key generate --type ed25519 --output {key}"));
    }
    machine
}

fn with_password(machine: &Machine, arguments: &str) {
    machine.run_with(&[("PLIMSOLL_KEY_PASSWORD", "pass")], arguments).ended(0);
}

/// The origins that the alerts tell of.
fn origins(machine: &Machine, more: &str) -> Vec<Value> {
    let watch = "watch --rules rules.yaml --replay trace.scap --inventory oci-dir:layout --explain";
    let ran = machine.run(&format!("{watch} -o json {more}")).ended(0);
    let origin = |line: &str| {
        let mut alert: Value = serde_json::from_str(line).unwrap();
        alert["explanation"]["origin"].take()
    };
    ran.out.lines().map(origin).collect()
}

#[test]
fn an_alert_tells_the_package_the_layer_and_the_dockerfiles_line_of_its_program() {
    let [app, tool] = &origins(&machine(), "--dockerfile Dockerfile")[..] else { panic!() };
    assert_eq!(app["program"], "/usr/bin/app");
    assert_eq!(app["layer"], 1);
    let package = app["package"].as_str().unwrap();
    assert!(package.starts_with("pkg:deb/") && package.contains("app@1.2-3"), "{package}");
    assert_eq!(app["dockerfile"], "Dockerfile:3");
    assert_eq!(app["signature"], "not asked");
    assert_eq!(tool["program"], "/usr/bin/tool");
    assert_eq!(tool["package"], Value::Null);
}

#[test]
fn an_alert_tells_whether_the_image_is_signed_with_the_key() {
    let machine = machine();
    let state = |machine: &Machine| {
        origins(machine, "--signed-with plimsoll.pub")[0]["signature"].as_str().unwrap().to_owned()
    };
    assert_eq!(state(&machine), "unsigned, asked for `plimsoll.pub`");
    with_password(&machine, "sign --key other.key oci-dir:layout");
    assert_eq!(state(&machine), "signed, but not with `plimsoll.pub`");
    with_password(&machine, "sign --key plimsoll.key oci-dir:layout");
    assert_eq!(state(&machine), "verified with `plimsoll.pub`");
}
