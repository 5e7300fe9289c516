//! `clair-scanner` against `plimsoll serve`, beside the real one where it is there.

use std::fs::File;
use std::process::Command;

use plimsoll_testkit::{Compression, DockerRegistry, Reply, Server, layers_port};
use serde_json::Value;

use crate::machine::Machine;
use crate::peers::peer;
use crate::sample;
use crate::serving::Serving;

/// A machine with advisories, a server beside it, and the image in a registry.
struct Place {
    machine: Machine,
    serving: Serving,
    image: String,
    _registry: DockerRegistry,
    _port: File,
}

fn place() -> Option<Place> {
    let port = layers_port()?;
    let registry = match DockerRegistry::start(None, None) {
        Ok(registry) => registry,
        Err(why) => {
            println!("skipped: {why}");
            return None;
        }
    };
    let machine = sample::machine();
    sample::image().write_oci_dir(Compression::None, &machine.path("layout"));
    registry.push(&machine.path("layout"), "example/app:1").unwrap();
    let serving = Serving::on(&machine);
    let image = format!("{}/example/app:1", registry.host());
    Some(Place { machine, serving, image, _registry: registry, _port: port })
}

/// Weakness, package and severity of each.
fn rows(report: &Value) -> Vec<String> {
    let all = report["vulnerabilities"].as_array().unwrap();
    let mut rows: Vec<String> = all
        .iter()
        .map(|it| {
            let text = |name: &str| it[name].as_str().unwrap();
            let names = [
                "vulnerability",
                "featurename",
                "featureversion",
                "severity",
                "namespace",
                "fixedby",
            ];
            names.map(text).join(" ")
        })
        .collect();
    rows.sort();
    rows
}

#[test]
fn unapproved_weaknesses_end_with_one_and_are_reported() {
    let Some(Place { machine, serving, image, .. }) = &place() else { return };
    // As the guide has it: a name that only Docker's own containers know.
    let words = format!(
        "as clair-scanner --clair={} --ip=host.docker.internal -r report.json {image}",
        serving.url()
    );
    let ran = machine.run(&words).ended(1);
    assert!(ran.err.contains("they are offered at 127.0.0.1"), "{}", ran.err);
    assert!(ran.out.contains("| Unapproved | Critical CVE-2025-1001 "), "{}", ran.out);
    assert!(ran.err.contains("unapproved vulnerabilities"), "{}", ran.err);
    let report = machine.json("report.json");
    assert_eq!(report["image"], image.as_str());
    let rows = rows(&report);
    let openssl = "CVE-2025-1001 libssl3 3.0.11-1~deb12u2 Critical debian 3.0.13-1~deb12u1";
    assert!(rows.iter().any(|row| row == openssl), "{rows:?}");
    assert_eq!(report["unapproved"].as_array().unwrap().len(), rows.len());
}

#[test]
fn what_is_listed_or_below_the_threshold_is_approved() {
    let Some(Place { machine, serving, image, .. }) = &place() else { return };
    let all = ["CVE-2025-1001", "CVE-2025-1002", "CVE-2025-1004", "GHSA-aaaa-bbbb-cccc"];
    let list: String = all.iter().map(|id| format!("  {id}: known\n")).collect();
    machine.write("all.yaml", format!("generalwhitelist:\n{list}images:\n  other:\n    X: y\n"));
    let run = |more: &str| {
        machine
            .run_with(&[("CLAIR_URL", &serving.url())], &format!("as clair-scanner {more} {image}"))
    };
    let ran = run("-w all.yaml").ended(0);
    assert!(ran.err.contains("contains NO unapproved"), "{}", ran.err);
    assert!(ran.out.contains("| Approved "), "{}", ran.out);
    assert_eq!(run("-w all.yaml --all=false").ended(0).out, "");
    assert_eq!(run("-q --threshold High").ended(1).out, "");
    let medium = run("-t Medium --all=false").ended(1).out.matches("Unapproved").count();
    let critical = run("-t Critical --all=false").ended(1).out.matches("Unapproved").count();
    assert!(medium > critical, "{medium} and {critical}");
    run("-t Terrible").ended(1);
    run("-w missing.yaml").ended(1);
}

#[test]
fn where_no_clair_answers_one_line_says_so() {
    let machine = sample::machine();
    let ran = machine.run("as clair-scanner --clair=http://127.0.0.1:1 nginx:latest").ended(1);
    assert!(ran.err.contains("nothing answers at http://127.0.0.1:1"), "{}", ran.err);
    assert!(ran.err.contains("start `plimsoll serve`"), "{}", ran.err);
    assert_eq!(ran.err.lines().count(), 1, "{}", ran.err);
    let other = Server::start(|_| Reply::new(404, "no"));
    let words = format!("as clair-scanner --clair=http://{} nginx:latest", other.host());
    let ran = machine.run(&words).ended(1);
    assert!(ran.err.contains("is no Clair of version 4"), "{}", ran.err);
}

#[test]
fn clair_scanner_itself_reports_the_same() {
    let Some(program) = peer("clair-scanner") else { return };
    let Some(Place { machine, serving, image, .. }) = &place() else { return };
    let ours = format!("as clair-scanner -q --clair={} -r ours.json {image}", serving.url());
    machine.run(&ours).ended(1);
    // Docker since 25 saves images as OCI layouts, which is what it reads.
    let saved = Command::new("tar")
        .arg("-C")
        .arg(machine.path("layout"))
        .args(["-cf", "-", "blobs", "index.json"])
        .output()
        .unwrap()
        .stdout;
    let socket = machine.path("docker.sock");
    let _docker = Server::start_unix(&socket, move |request| {
        if request.path.contains("/images/get") {
            Reply::new(200, saved.clone()).header("Content-Type", "application/x-tar")
        } else {
            Reply::new(200, "OK")
        }
    });
    let output = Command::new(program)
        .current_dir(machine.path("."))
        .env("DOCKER_HOST", format!("unix://{}", socket.display()))
        .arg(format!("--clair={}", serving.url()))
        .args(["--ip=127.0.0.1", "-q", "-r", "theirs.json", image])
        .output()
        .unwrap();
    // It ends with 1 where it fails, too; then there is no report.
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(machine.path("theirs.json").is_file(), "{said}");
    let (ours, theirs) = (machine.json("ours.json"), machine.json("theirs.json"));
    assert_eq!(rows(&ours), rows(&theirs));
    let ids = |report: &Value| {
        let mut ids: Vec<String> = report["unapproved"]
            .as_array()
            .unwrap()
            .iter()
            .map(|id| id.as_str().unwrap().to_owned())
            .collect();
        ids.sort();
        ids
    };
    assert_eq!(ids(&ours), ids(&theirs));
}
