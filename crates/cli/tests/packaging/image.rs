//! The image that is built without a daemon: small, not root, and the same bytes each time.
//!
//! A small static program stands for ours, which takes a minute to compress where it is not optimised.

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::machine::{Machine, NOW};
use crate::{at, is_there, said};

const BUSYBOX: &str = "/bin/busybox";

fn build(machine: &Machine, out: &str, more: &[&str]) -> Option<String> {
    if !is_there("python3", "--version") || !Path::new(BUSYBOX).exists() {
        eprintln!("skipped: `make test-tools` installs python3 and busybox-static");
        return None;
    }
    let ran = Command::new("python3")
        .arg(at("packaging/image"))
        .args([BUSYBOX, &machine.path(out).display().to_string(), "--version", "1.2.3"])
        .args(more)
        .env("SOURCE_DATE_EPOCH", NOW)
        .output();
    Some(said(&ran.unwrap()))
}

/// Every file below a folder, with its content.
fn content(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let mut found = Vec::new();
    let mut open = vec![folder.to_owned()];
    while let Some(here) = open.pop() {
        for entry in fs::read_dir(here).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                open.push(path);
            } else {
                let name = path.strip_prefix(folder).unwrap().display().to_string();
                found.push((name, fs::read(path).unwrap()));
            }
        }
    }
    found.sort();
    found
}

fn config(machine: &Machine, layout: &str) -> Value {
    let blob = |descriptor: &Value| {
        let digest = descriptor["digest"].as_str().unwrap().replace(':', "/");
        machine.json(&format!("{layout}/blobs/{digest}"))
    };
    let index = machine.json(&format!("{layout}/index.json"));
    blob(&blob(&index["manifests"][0])["config"])
}

#[test]
fn the_same_program_gives_the_same_bytes() {
    let machine = Machine::new();
    let Some(first) = build(&machine, "one", &[]) else { return };
    let second = build(&machine, "two", &[]).unwrap();
    assert_eq!(first, second);
    assert!(first.starts_with("sha256:"), "{first}");
    assert_eq!(content(&machine.path("one")), content(&machine.path("two")));
}

#[test]
fn it_is_not_root_and_says_what_it_is() {
    let machine = Machine::new();
    if build(&machine, "image", &[]).is_none() {
        return;
    }
    let config = config(&machine, "image");
    assert_eq!(config["config"]["User"], "65532:65532");
    assert_eq!(config["config"]["Entrypoint"][0], "/usr/bin/plimsoll");
    assert_eq!(config["config"]["Healthcheck"]["Test"][0], "CMD");
    assert_eq!(config["config"]["Labels"]["org.opencontainers.image.version"], "1.2.3");
    assert_eq!(config["created"], "2026-01-02T03:04:05Z");
    let bill = machine.run("sbom oci-dir:image -o json").ended(0).json();
    let names: Vec<&str> =
        bill["packages"].as_array().unwrap().iter().filter_map(|it| it["name"].as_str()).collect();
    assert!(names.contains(&"ca-certificates"), "{names:?}");
}

#[test]
fn with_a_shell_it_is_one_for_jobs_that_run_scripts() {
    let machine = Machine::new();
    if build(&machine, "image", &["--shell", BUSYBOX]).is_none() {
        return;
    }
    let config = config(&machine, "image");
    assert_eq!(config["config"]["Entrypoint"], Value::Null);
    assert_eq!(config["config"]["Cmd"][0], "/bin/sh");
    let bill = machine.run("sbom oci-dir:image -o json").ended(0).out;
    assert!(bill.contains("busybox"), "{bill}");
}
