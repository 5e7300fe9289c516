//! `plimsoll sbom` as a user meets it: what it prints, where, and with which exit code.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test stops at the first surprise"
)]

use std::path::{Path, PathBuf};
use std::process::Output;

use plimsoll_testkit::{Compression, Image, tar};

const STATUS: &str = "Package: bash\nStatus: install ok installed\nVersion: 5.2-1\nDepends: libc6\n\n\
                      Package: libc6\nStatus: install ok installed\nVersion: 2.36-9\nSource: glibc\n";
const OS: &str = "ID=debian\nVERSION_ID=\"12\"\nPRETTY_NAME=\"Debian GNU/Linux 12 (bookworm)\"\n";

fn plimsoll(folder: &Path, arguments: &[&str]) -> Output {
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_plimsoll"));
    command.current_dir(folder).args(arguments).output().unwrap()
}

fn archive(folder: &Path) -> PathBuf {
    let image = Image::new()
        .layer("FROM debian:12", &[("etc/os-release", OS), ("var/lib/dpkg/status", STATUS)])
        .layer(
            "COPY . /app",
            &[("app/node_modules/lodash/package.json", r#"{"name":"lodash","version":"4.17.4"}"#)],
        );
    let path = folder.join("app.tar");
    std::fs::write(&path, image.docker_archive(Compression::Gzip)).unwrap();
    path
}

#[test]
fn the_table_names_package_layer_and_file() {
    let folder = tempfile::tempdir().unwrap();
    archive(folder.path());
    let output = plimsoll(folder.path(), &["sbom", "docker-archive:app.tar"]);
    assert_eq!(output.status.code(), Some(0));
    assert!(output.stderr.is_empty());
    insta::assert_snapshot!(String::from_utf8(output.stdout).unwrap(), @r"
    NAME    VERSION  TYPE  LAYER  FOUND IN
    bash    5.2-1    deb   #0     var/lib/dpkg/status
    libc6   2.36-9   deb   #0     var/lib/dpkg/status
    lodash  4.17.4   npm   #1     app/node_modules/lodash/package.json

    3 packages · 2 layers read · Debian GNU/Linux 12 (bookworm)
    ");
}

#[test]
fn cyclonedx_has_purls_edges_and_the_same_bytes_each_time() {
    let folder = tempfile::tempdir().unwrap();
    archive(folder.path());
    let arguments =
        ["sbom", "docker-archive:app.tar", "-o", "cyclonedx-json=a.json", "-o", "table"];
    assert_eq!(plimsoll(folder.path(), &arguments).status.code(), Some(0));
    let first = std::fs::read(folder.path().join("a.json")).unwrap();
    plimsoll(folder.path(), &arguments);
    assert_eq!(first, std::fs::read(folder.path().join("a.json")).unwrap());
    let document: serde_json::Value = serde_json::from_slice(&first).unwrap();
    assert_eq!(document["components"][0]["purl"], "pkg:deb/debian/bash@5.2-1?distro=debian-12");
    assert_eq!(document["metadata"]["timestamp"], "2026-01-02T03:04:05Z");
    let edges = document["dependencies"].as_array().unwrap();
    let of_bash = edges.iter().find(|edge| edge["ref"].as_str().unwrap().contains("bash")).unwrap();
    assert!(of_bash["dependsOn"][0].as_str().unwrap().contains("libc6"));
    assert_eq!(document["components"][2]["properties"][2]["value"], "COPY . /app");
}

#[test]
fn every_mistake_has_one_line_and_its_exit_code() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("text.tar"), "not a tar").unwrap();
    let outcome = |arguments: &[&str]| {
        let output = plimsoll(folder.path(), arguments);
        assert!(output.stdout.is_empty());
        format!("{} {}", output.status.code().unwrap(), String::from_utf8(output.stderr).unwrap())
    };
    insta::assert_snapshot!(outcome(&["sbom", "docker-archive:nowhere.tar"]), @"3 error: cannot read `nowhere.tar`: No such file or directory (os error 2)");
    insta::assert_snapshot!(outcome(&["sbom", "docker-archive:text.tar"]), @"3 error: `text.tar` is no readable archive: tar is cut off at byte 9");
    insta::assert_snapshot!(outcome(&["sbom", "dir:text.tar"]), @"3 error: cannot read `text.tar`: not a directory");
    insta::assert_snapshot!(outcome(&["sbom", "dir:.", "-o", "pdf"]), @"2 error: unknown format `pdf`: expected one of cyclonedx-json, json, spdx-json, syft-json, table");
    insta::assert_snapshot!(outcome(&["sbom", "dir:.", "-o", "table=no/such/file"]), @"
    3 note: no package manager's files were recognised; nothing is listed
    error: cannot write `no/such/file`: No such file or directory (os error 2)
    ");
}

#[test]
fn a_partial_result_is_printed_and_exits_3() {
    let folder = tempfile::tempdir().unwrap();
    let whole =
        tar(&[("etc/os-release", OS), ("var/lib/dpkg/status", STATUS), ("big", &"x".repeat(3000))]);
    let image = Image::new().raw_layer("FROM debian:12", whole[..whole.len() - 3000].to_vec());
    std::fs::write(folder.path().join("cut.tar"), image.oci_archive(Compression::None)).unwrap();
    let output = plimsoll(folder.path(), &["sbom", "oci-archive:cut.tar"]);
    assert_eq!(output.status.code(), Some(3));
    assert!(String::from_utf8_lossy(&output.stdout).contains("bash"));
    let talk = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(talk.starts_with("partial: layer is damaged: tar is cut off"), "{talk}");
}
