//! The real clair-scanner, as the guides call it.

use std::path::PathBuf;
use std::process::Command;

use plimsoll_testkit::{Compression, Reply, Server};
use serde_json::Value;

use crate::Running;
use crate::running::image;

/// Where it is, if it is there.
fn program() -> Option<PathBuf> {
    let paths = std::env::var_os("PATH").unwrap_or_default();
    let given = std::env::var_os("PLIMSOLL_PEERS").map(PathBuf::from);
    std::env::split_paths(&paths)
        .chain(given)
        .map(|it| it.join("clair-scanner"))
        .find(|it| it.is_file())
}

#[test]
fn clair_scanner_scans_an_image_of_a_docker_daemon() {
    let Some(program) = program() else {
        eprintln!("skipped: there is no clair-scanner in PATH or PLIMSOLL_PEERS");
        return;
    };
    let running = Running::start();
    let folder = tempfile::tempdir().unwrap();
    // Docker since 25 saves images as OCI layouts, which is what it reads.
    // It has entries for folders, which `docker save` writes too.
    let layout = folder.path().join("layout");
    image().write_oci_dir(Compression::None, &layout);
    let packed = Command::new("tar")
        .arg("-C")
        .arg(&layout)
        .args(["-cf", "-", "blobs", "index.json"])
        .output();
    let saved = packed.unwrap().stdout;
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
    let report: Value = serde_json::from_slice(&std::fs::read(report).unwrap()).unwrap();
    let found = report["vulnerabilities"].as_array().unwrap();
    let one = found.iter().find(|it| it["vulnerability"] == "CVE-2019-10744").unwrap();
    assert_eq!((&one["featurename"], &one["featureversion"]), (&"lodash".into(), &"4.17.4".into()));
    assert_eq!((&one["fixedby"], &one["severity"]), (&"4.17.12".into(), &"Critical".into()));
}
