//! `plimsoll lint`: what it reads, prints, mends, and how it ends.

use plimsoll_testkit::{Compression, DockerRegistry, Image};

use crate::machine::Machine;

const FAULTY: &str =
    "FROM debian:latest\nRUN apt-get update && apt-get install -y curl=7.88.1-10\n";

#[test]
fn a_file_on_stdin_is_judged_in_the_fields_that_hadolint_writes() {
    let ran = Machine::new().run_with_stdin("lint -f json -", FAULTY).ended(1);
    let all = ran.json();
    let latest = all.as_array().unwrap().iter().find(|one| one["code"] == "DL3007").unwrap();
    assert_eq!(
        (&latest["file"], &latest["line"], &latest["level"]),
        (&"-".into(), &1.into(), &"warning".into())
    );
    assert_eq!(latest["span"]["start"]["column"], 6);
}

#[test]
fn a_folder_is_searched_for_dockerfiles() {
    let machine = Machine::new();
    machine.write("a/Dockerfile", FAULTY);
    machine.write("b/web.Dockerfile", FAULTY);
    machine.write("b/notes.md", "FROM nothing\n");
    let out = machine.run("lint -f text").ended(1).out;
    assert!(out.contains("a/Dockerfile:1 DL3007 warning: "), "{out}");
    assert!(out.contains("b/web.Dockerfile:1 DL3007 warning: "), "{out}");
    let none = Machine::new().run("lint").ended(2);
    assert!(none.err.contains("there is no Dockerfile in `.`"), "{}", none.err);
}

#[test]
fn the_exit_code_follows_the_threshold() {
    let machine = Machine::new();
    machine.write("Dockerfile", FAULTY);
    machine.run("lint --ignore DL3007 -t error Dockerfile").ended(0);
    machine.run("lint --error DL3007 -t error Dockerfile").ended(1);
    machine.run("lint --no-fail Dockerfile").ended(0);
    machine.run("lint -t loud Dockerfile").ended(2);
    machine.run("lint absent").ended(3);
    machine.write("Dockerfile", "FROM alpine:3.20\nRUNN x\n");
    let broken = machine.run("lint -f text Dockerfile").ended(2);
    assert!(broken.out.contains("unknown instruction: RUNN (did you mean RUN?)"), "{}", broken.out);
}

#[test]
fn a_hadolint_configuration_is_found_and_read_as_it_is() {
    let machine = Machine::new();
    machine.write("Dockerfile", FAULTY);
    machine.write(".hadolint.yaml", "ignored:\n  - DL3007\noverride:\n  error: [DL3015]\n");
    let out = machine.run("lint -f text Dockerfile").ended(1).out;
    assert!(!out.contains("DL3007"), "{out}");
    assert!(out.contains("DL3015 error: "), "{out}");
    machine.write("odd.yaml", "override:\n  loud: [DL3015]\n");
    let wrong = machine.run("lint -c odd.yaml Dockerfile").ended(2);
    assert!(wrong.err.contains("odd.yaml"), "{}", wrong.err);
    let by_variable = machine.run_with(&[("HADOLINT_IGNORE", "DL3015")], "lint -f text Dockerfile");
    assert!(!by_variable.out.contains("DL3015"), "{}", by_variable.out);
}

#[test]
fn the_lint_table_of_plimsoll_toml_is_found() {
    let machine = Machine::new();
    machine.write("Dockerfile", FAULTY);
    machine.write("plimsoll.toml", "[lint]\nignored = [\"DL3007\"]\n");
    let out = machine.run("lint -f text Dockerfile").ended(1).out;
    assert!(!out.contains("DL3007"), "{out}");
    machine.write("plimsoll.toml", "[lint]\nignord = []\n");
    let wrong = machine.run("lint Dockerfile").ended(2);
    assert!(wrong.err.contains("plimsoll.toml") && wrong.err.contains("ignord"), "{}", wrong.err);
}

#[test]
fn what_is_mended_is_written_and_told() {
    let machine = Machine::new();
    machine.write("Dockerfile", FAULTY);
    let shown = machine.run("lint --fix --unsafe-fixes --diff Dockerfile");
    assert!(shown.out.contains("+RUN apt-get update && apt-get install"), "{}", shown.out);
    assert_eq!(machine.read("Dockerfile"), FAULTY);
    let mended = machine.run("lint --fix --unsafe-fixes -f text Dockerfile");
    assert!(
        mended.err.contains("Dockerfile:2 DL3015: add --no-install-recommends"),
        "{}",
        mended.err
    );
    assert!(machine.read("Dockerfile").contains("--no-install-recommends"));
    assert!(!mended.out.contains("DL3015"), "{}", mended.out);
    let piped = machine.run_with_stdin("lint --fix --unsafe-fixes -", FAULTY);
    assert_eq!(piped.out, machine.read("Dockerfile"));
}

#[test]
fn a_rule_is_explained_by_any_of_its_names() {
    let machine = Machine::new();
    let page = machine.run("lint --explain ds-0029").ended(0).out;
    assert!(page.starts_with("DL3015 (info): Install with `--no-install-recommends`."), "{page}");
    machine.run("lint --explain DL9999").ended(2);
    assert!(machine.run("lint --list-rules").ended(0).out.contains("DL3007"));
}

#[test]
fn a_tag_is_pinned_to_the_digest_that_its_registry_has() {
    let registry = match DockerRegistry::start(None, None) {
        Ok(registry) => registry,
        Err(why) => {
            println!("skipped: {why}");
            return;
        }
    };
    let machine = Machine::new();
    let layout = machine.path("layout");
    Image::new()
        .layer("ADD base", &[("etc/os-release", "ID=test\n")])
        .write_oci_dir(Compression::Gzip, &layout);
    registry.push(&layout, "base:1").unwrap();
    let host = registry.host();
    machine.write(
        "Dockerfile",
        format!("FROM {host}/base:1 AS base\nFROM base\nFROM {host}/gone:1\n"),
    );
    let pin = format!("lint --fix --pin --no-fail -f text --insecure-registry {host} Dockerfile");
    let ran = machine.run(&pin);
    let text = machine.read("Dockerfile");
    assert!(text.starts_with(&format!("FROM {host}/base:1@sha256:")), "{text}{}", ran.said());
    assert!(text.contains("\nFROM base\n"), "{text}");
    assert!(ran.err.contains("/gone:1` is not pinned"), "{}", ran.err);
    machine.run(&pin);
    assert_eq!(machine.read("Dockerfile"), text);
}

const ONE_STAGE: &str = "# the api\nFROM golang:1.22\nWORKDIR /app\nCOPY . .\nRUN go build -o api .\n\
                         EXPOSE 8080\nCMD [\"./api\"]\n";

#[test]
fn a_proposal_is_written_to_stdout_and_its_reasons_to_stderr() {
    let machine = Machine::new();
    machine.write("Dockerfile", ONE_STAGE);
    let ran = machine.run("lint --propose Dockerfile").ended(0);
    assert!(ran.out.starts_with("# the api\nFROM golang:1.22 AS build\n"), "{}", ran.out);
    assert!(ran.out.contains("\nCOPY --from=build /app/api /usr/local/bin/api\n"), "{}", ran.out);
    assert!(ran.err.contains("  1. stage: `build` compiles `/app/api`"), "{}", ran.err);
    let diff = machine.run("lint --propose --diff Dockerfile").ended(0).out;
    assert!(diff.contains("\n-FROM golang:1.22\n+FROM golang:1.22 AS build\n"), "{diff}");
    let json = machine.run("lint --propose -f json Dockerfile").ended(0).json();
    assert_eq!(json[0]["proposal"]["text"], ran.out.as_str());
    assert_eq!(json[0]["proposal"]["reasons"][0]["kind"], "stage");
    // What is proposed is never written by `--fix`.
    assert_eq!(machine.read("Dockerfile"), ONE_STAGE);
}

#[test]
fn a_file_without_a_proposal_says_why_and_is_no_failure() {
    let machine = Machine::new();
    machine.write("Dockerfile", "FROM debian:12 AS a\nFROM a\n");
    let ran = machine.run("lint --propose Dockerfile").ended(0);
    assert_eq!(ran.out, "");
    assert!(ran.err.contains("Dockerfile: no proposal: it has 2 stages already"), "{}", ran.err);
    let json = machine.run("lint --propose -f json Dockerfile").ended(0).json();
    assert_eq!(json[0]["declined"], "it has 2 stages already");
    let sarif = machine.run("lint --propose -f sarif Dockerfile").ended(2);
    assert!(sarif.err.contains("--propose has the formats tty and json"), "{}", sarif.err);
    machine.run("lint --propose --fix Dockerfile").ended(2);
    machine.run("lint --diff Dockerfile").ended(2);
}

#[test]
fn what_cannot_be_parsed_ends_with_2_and_its_place() {
    let machine = Machine::new();
    let cases: [(&str, Vec<u8>, &str); 7] = [
        ("binary", (0..=255).cycle().take(100_000).collect(), "this is not UTF-8 text"),
        ("long", [b"FROM a:1\nRUN ", "x".repeat(5 << 20).as_bytes()].concat(), "longer than"),
        ("heredoc", b"FROM a:1\nRUN <<EOF\necho\n".to_vec(), "there is no line `EOF`"),
        ("keyword", b"FROM a:1\nCPOY a /b\n".to_vec(), "CPOY (did you mean COPY?)"),
        ("stage", b"FROM a:1 AS 1\n".to_vec(), "`1` is no name of a stage"),
        ("array", b"FROM a:1\nCMD [1, 2]\n".to_vec(), "holds strings only"),
        ("empty", b"".to_vec(), "there is no instruction"),
    ];
    for (name, bytes, told) in cases {
        machine.write(name, bytes);
        let ran = machine.run(&format!("lint -f text {name}")).ended(2);
        let line = ran.out.lines().find(|line| line.contains(told));
        assert!(line.is_some_and(|line| line.starts_with(&format!("{name}:"))), "{}", ran.said());
        assert!(line.is_some_and(|line| line.contains(" DL1000 error: ")), "{}", ran.said());
    }
}
