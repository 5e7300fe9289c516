//! The real clair-scanner, as the guides call it: today's, which speaks version 4 of Clair's API, and release
//! 12, which speaks version 1.

use std::path::{Path, PathBuf};
use std::process::Command;

use plimsoll_testkit::{Compression, Reply, Server, layers_port};
use serde_json::Value;

use crate::Running;
use crate::running::image;

/// Where it is, if it is there.
pub(crate) fn program(name: &str) -> Option<PathBuf> {
    let paths = std::env::var_os("PATH").unwrap_or_default();
    let given = std::env::var_os("PLIMSOLL_PEERS").map(PathBuf::from);
    let found =
        std::env::split_paths(&paths).chain(given).map(|it| it.join(name)).find(|it| it.is_file());
    if found.is_none() {
        eprintln!("skipped: there is no {name} in PATH or PLIMSOLL_PEERS");
    }
    found
}

/// What `docker save` writes of a folder: with entries for folders, which it makes them by.
fn packed(folder: &Path) -> Vec<u8> {
    let names = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name());
    let output = Command::new("tar").arg("-C").arg(folder).args(["-cf", "-"]).args(names).output();
    output.unwrap().stdout
}

/// Scans what a daemon saves, and gives what was reported; nothing where it cannot serve layers.
fn scanned(program: &Path, running: &Running, saved: Vec<u8>) -> Option<Value> {
    let _port = layers_port()?;
    let folder = tempfile::tempdir().unwrap();
    let socket = folder.path().join("docker.sock");
    let _docker = Server::start_unix(&socket, move |request| {
        if request.path.contains("/images/get") {
            Reply::new(200, saved.clone()).header("Content-Type", "application/x-tar")
        } else {
            Reply::new(200, "OK")
        }
    });
    let report = folder.path().join("report.json");
    let output = Command::new(program)
        .env("DOCKER_HOST", format!("unix://{}", socket.display()))
        .arg(format!("--clair=http://{}", running.address))
        .args(["--ip=127.0.0.1", "--report"])
        .arg(&report)
        .arg("nginx:latest")
        .output()
        .unwrap();
    let said = format!(
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    assert_eq!(output.status.code(), Some(1), "unapproved weaknesses: {said}");
    assert!(said.contains("CVE-2019-10744"), "{said}");
    Some(serde_json::from_slice(&std::fs::read(report).unwrap()).unwrap())
}

fn pollution(report: &Value) -> Value {
    let found = report["vulnerabilities"].as_array().unwrap();
    found.iter().find(|it| it["vulnerability"] == "CVE-2019-10744").unwrap().clone()
}

#[test]
fn clair_scanner_scans_an_image_of_a_docker_daemon() {
    let Some(program) = program("clair-scanner") else { return };
    let running = Running::start();
    let folder = tempfile::tempdir().unwrap();
    // Docker since 25 saves images as OCI layouts, which is what it reads.
    image().write_oci_dir(Compression::None, folder.path());
    let Some(report) = scanned(&program, &running, packed(folder.path())) else { return };
    let one = pollution(&report);
    assert_eq!((&one["featurename"], &one["featureversion"]), (&"lodash".into(), &"4.17.4".into()));
    assert_eq!((&one["fixedby"], &one["severity"]), (&"4.17.12".into(), &"Critical".into()));
}

#[test]
fn an_older_clair_scanner_does_layer_by_layer() {
    let Some(program) = program("clair-scanner-v12") else { return };
    let running = Running::start();
    let folder = tempfile::tempdir().unwrap();
    let saved = folder.path().join("saved.tar");
    std::fs::write(&saved, image().docker_archive(Compression::None)).unwrap();
    let unpacked = folder.path().join("unpacked");
    std::fs::create_dir(&unpacked).unwrap();
    let status = Command::new("tar").arg("-C").arg(&unpacked).arg("-xf").arg(&saved).status();
    assert!(status.unwrap().success());
    let Some(report) = scanned(&program, &running, packed(&unpacked)) else { return };
    let one = pollution(&report);
    assert_eq!((&one["featurename"], &one["featureversion"]), (&"lodash".into(), &"4.17.4".into()));
    assert_eq!((&one["fixedby"], &one["severity"]), (&"4.17.12".into(), &"Critical".into()));
    assert_eq!(one["namespace"], "npm");
}
