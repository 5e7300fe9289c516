//! What is missing, empty, of another kind, unreadable or meant to harm.

use std::fs;

use crate::GOOD;
use crate::images::image;
use crate::machine::Machine;
use plimsoll_testkit::Compression;

#[test]
fn a_policy_that_cannot_be_read_is_told_and_never_passed_over() {
    let machine = Machine::new();
    machine.write("Dockerfile", GOOD);
    machine.write("binary.toml", [b'[', b'g', 0xff, 0xfe, b'\n']);
    machine.write("large.toml", "#".repeat(2 << 20));
    machine.write("broken.toml", "[gate\n");
    machine.write("doubled.toml", "[gate.findings]\nseverity = \"high\"\nseverity = \"low\"\n");
    fs::create_dir(machine.path("folder.toml")).unwrap();
    for (file, code, told) in [
        ("missing.toml", 3, "cannot read `missing.toml`"),
        ("folder.toml", 3, "cannot read `folder.toml`"),
        ("large.toml", 3, "more than 1048577 bytes"),
        ("binary.toml", 2, "binary.toml:1: it is not UTF-8"),
        ("broken.toml", 2, "broken.toml:1:"),
        ("doubled.toml", 2, "doubled.toml:3:1:"),
    ] {
        let ran = machine.run(&format!("gate -f {file} Dockerfile")).ended(code);
        assert!(ran.err.contains(told), "{file}: {}", ran.said());
        assert_eq!(ran.out, "", "{file}");
    }
}

#[test]
fn an_empty_policy_is_the_default_one() {
    let machine = Machine::new();
    machine.write("Dockerfile", "FROM node:latest\n");
    machine.write("empty.toml", "");
    let ran = machine.run("gate -f empty.toml --only dockerfile Dockerfile").ended(5);
    assert!(ran.out.contains("denied by empty.toml"), "{}", ran.out);
}

#[test]
fn what_is_no_target_is_refused_with_what_would_be_one() {
    let machine = Machine::new();
    machine.write("app.tar", image().docker_archive(Compression::None));
    machine.write("notes.txt", "hello");
    machine.write("Dockerfile", GOOD);
    for (target, told) in [
        ("./missing", "there is no file or folder `./missing`"),
        ("dir:missing", "missing"),
        ("app.tar", "`docker-archive:app.tar`"),
        ("notes.txt", "neither a folder nor a Dockerfile nor a manifest"),
        ("UPPER:1", "error: "),
        ("Dockerfile Dockerfile", "`Dockerfile` is named twice"),
        ("", "required"),
    ] {
        let ran = machine.run(&format!("gate {target}")).ended(2);
        assert!(ran.err.contains(told), "{target}: {}", ran.said());
    }
}

#[test]
fn an_image_that_cannot_be_read_is_unknown_and_closes_the_gate() {
    let machine = Machine::new();
    machine.write("empty.tar", "");
    machine.write("text.tar", "this is no archive");
    fs::create_dir(machine.path("layout")).unwrap();
    for target in
        ["docker-archive:empty.tar", "docker-archive:text.tar", "oci-dir:layout", "oci-dir:missing"]
    {
        let ran = machine.run(&format!("gate -o json {target}")).ended(3).json();
        assert_eq!(ran["verdict"], "partial", "{target}");
        assert_eq!(ran["totals"]["pass"], 0, "{target}: {ran:#}");
    }
}

#[test]
fn an_empty_folder_has_nothing_to_judge_and_says_so() {
    let machine = Machine::new();
    fs::create_dir(machine.path("empty")).unwrap();
    let ran = machine.run("gate --rule findings.fresh=off -o json empty").ended(0).json();
    assert_eq!(ran["totals"]["pass"], 0);
    assert!(ran["totals"]["not_asked"].as_u64().unwrap() > 10, "{ran:#}");
    let table = machine.run("gate --rule findings.fresh=off empty").ended(0);
    assert!(table.err.contains("no image is named"), "{}", table.err);
}

#[test]
fn a_dockerfile_of_any_bytes_is_judged_or_told() {
    let machine = Machine::new();
    machine
        .write("Dockerfile", [0xff, 0x00, b'F', b'R', b'O', b'M', 0x1b, b'[', b'2', b'J', b'\n']);
    let ran = machine.run("gate --only dockerfile Dockerfile").ended(5);
    assert!(!ran.out.contains('\u{1b}'), "{}", ran.out);
    machine.write("Dockerfile", "");
    machine.run("gate --only dockerfile Dockerfile").ended(5);
}

#[test]
fn names_in_sources_cannot_draw_on_a_terminal_or_leave_their_cell() {
    let machine = Machine::new();
    let name = "a|<b>\u{1b}[2J\n.Dockerfile";
    machine.write(name, "FROM node:latest\n");
    for format in ["table", "markdown", "junit"] {
        let mut command = machine.command();
        command.args(["gate", "--only", "dockerfile", "-o", format, "."]);
        let out = String::from_utf8(command.output().unwrap().stdout).unwrap();
        assert!(out.contains("Dockerfile"), "{format}: {out}");
        assert!(!out.contains('\u{1b}'), "{format}: {out}");
        assert!(format == "table" || !out.contains("<b>"), "{format}: {out}");
    }
}

#[test]
fn two_reports_do_not_share_a_place() {
    let machine = Machine::new();
    machine.write("Dockerfile", GOOD);
    let ran = machine.run("gate -o json -o sarif Dockerfile").ended(2);
    assert!(ran.err.contains("two reports would go to stdout"), "{}", ran.err);
    let formats = "-o table -o json=a.json -o sarif=a.sarif -o junit=a.xml -o markdown=a.md";
    machine.run(&format!("gate --only dockerfile {formats} Dockerfile")).ended(0);
    for file in ["a.json", "a.sarif", "a.xml", "a.md"] {
        assert!(!machine.read(file).is_empty(), "{file}");
    }
}
