//! `hadolint`.

use crate::machine::Machine;

#[test]
fn findings_end_with_one_in_the_format_asked_for() {
    let machine = Machine::new();
    machine.write("Dockerfile", "FROM debian:latest\n");
    let ran = machine.run("as hadolint -f json Dockerfile").ended(1);
    assert_eq!(ran.json()[0]["code"], "DL3007");
    let ran = machine.run("as hadolint Dockerfile").ended(1);
    assert!(ran.out.starts_with("Dockerfile:1 DL3007"), "{}", ran.out);
    for format in [
        "tty",
        "json",
        "checkstyle",
        "codeclimate",
        "gitlab_codeclimate",
        "gnu",
        "codacy",
        "sonarqube",
        "sarif",
        "junit",
    ] {
        machine.run(&format!("as hadolint --format {format} --no-fail Dockerfile")).ended(0);
    }
    machine.run("as hadolint --ignore DL3007 Dockerfile").ended(0);
    machine.run("as hadolint -t error Dockerfile").ended(0);
    machine.run("as hadolint -t none Dockerfile").ended(0);
    machine.run("as hadolint --error DL3007 -t error Dockerfile").ended(1);
    machine.run("as hadolint missing").ended(1);
    let ran = machine.run_with_stdin("as hadolint -", "FROM debian:latest\n");
    assert!(ran.ended(1).out.starts_with("-:1 DL3007"));
    let words = "as hadolint -f junit -o out.xml --file-path-in-report src/Dockerfile -";
    let ran = machine.run_with_stdin(words, "FROM debian:latest\n").ended(1);
    assert_eq!(ran.out, "");
    let text = machine.read("out.xml");
    assert!(
        text.contains("<failure id=\"DL3007\"") && text.contains("File: src/Dockerfile\n"),
        "{text}"
    );
    // What only Plimsoll's own rules find fails nothing.
    machine.write("Dockerfile", "FROM debian:12\nCOPY . /app\nEXPOSE 22\n");
    assert_eq!(machine.run("as hadolint Dockerfile").ended(0).out, "");
}

#[test]
fn trusted_registries_and_configuration_files_hold() {
    let machine = Machine::new();
    machine.write("Dockerfile", "FROM registry.example/a:1@sha256:0123456789012345678901234567890123456789012345678901234567890123\nUSER 1000\n");
    let ran =
        machine.run("as hadolint --trusted-registry other.example -f json Dockerfile").ended(1);
    assert!(ran.out.contains("DL3026"), "{}", ran.out);
    machine.write("own.yaml", "failure-threshold: error\nignored: [DL3026]\n");
    machine.run("as hadolint -c own.yaml --trusted-registry other.example Dockerfile").ended(0);
}
