//! `plimsoll base` as a person meets it.

use std::os::unix::fs::{PermissionsExt, symlink};

use plimsoll_testkit::{Compression, Image, shared};

use crate::machine::Machine;
use crate::sample;

#[test]
fn facts_alone_name_the_move_and_its_traps() {
    let ran = Machine::new().run("base --facts node:20").ended(0);
    assert_eq!(ran.err, "");
    insta::assert_snapshot!(ran.out);
}

#[test]
fn an_image_of_which_nothing_is_known_is_an_error() {
    let machine = Machine::new();
    let ran = machine.run("base --facts registry.example/ours/app:1").ended(3);
    assert!(ran.err.contains("nothing is known of `registry.example/ours/app:1`"), "{}", ran.err);
    machine.run("base").ended(2);
    machine.run("base --facts -f nonsense node:20").ended(2);
}

#[test]
fn an_image_that_cannot_be_read_is_judged_by_facts_and_says_so() {
    let machine = Machine::new();
    let ran = machine.run("base docker-archive:missing.tar").ended(3);
    assert!(ran.err.contains("missing.tar"), "{}", ran.err);
    // No daemon and no registry is to be had here under this name.
    let ran = machine.run_with(
        &[("DOCKER_HOST", "unix:///nowhere/docker.sock")],
        "base -f json docker:debian:bookworm-slim",
    );
    let ran = ran.ended(0);
    assert!(ran.err.contains("is judged by facts"), "{}", ran.err);
    let document = ran.json();
    let current = &document["comparisons"][0]["current"];
    assert_eq!(current["known_by"], "facts");
    assert_eq!(current["distribution"], "debian 12");
}

/// A system with a shell, an account and a program that a later layer removes.
fn rooted() -> Image {
    let passwd = "root:x:0:0:root:/root:/bin/sh\napp:x:1000:1000::/home/app:/bin/sh\n";
    Image::new()
        .layer(
            "ADD rootfs.tar /",
            &[
                ("etc/os-release", sample::DEBIAN),
                ("etc/passwd", passwd),
                ("usr/bin/dash", "x"),
                ("usr/bin/apt-get", "x"),
                ("usr/bin/wget", "x"),
                ("bin/sh", "x"),
                ("lib64/ld-linux-x86-64.so.2", "x"),
                ("opt/data", "0123456789"),
            ],
        )
        .layer("RUN rm /usr/bin/wget", &[("usr/bin/.wh.wget", "")])
}

#[test]
fn a_measured_image_says_what_it_is_and_what_is_gone() {
    let machine = Machine::new();
    machine.write("app.tar", rooted().docker_archive(Compression::Gzip));
    let document = machine.run("base -f json docker-archive:app.tar").ended(0).json();
    let current = &document["comparisons"][0]["current"];
    assert_eq!(current["known_by"], "measured");
    assert_eq!(current["distribution"], "debian 12");
    assert_eq!(current["package_manager"], "apt");
    assert_eq!(current["libc"], "glibc");
    assert_eq!(current["user"], "app");
    assert_eq!(current["packages"], 0);
    assert!(current["compressed_bytes"].as_u64().unwrap() > 0);
    assert!(current["unpacked_bytes"].as_u64().unwrap() > 100);
    assert_eq!(current["lifetimes"][0]["of"], "Debian 12");
    // The starter set has too few advisories to count by.
    assert!(current.get("findings").is_none());
}

#[test]
fn findings_are_those_of_a_scan() {
    let machine = sample::machine();
    let scan = machine.run("scan docker-archive:app.tar -o json").ended(0).json();
    let document = machine.run("base -f json docker-archive:app.tar scratch").ended(0).json();
    let findings = &document["comparisons"][0]["current"]["findings"];
    let count = |level: &str| {
        let of = scan["findings"].as_array().unwrap().iter();
        of.filter(|finding| finding["severity"] == level).count()
    };
    for level in ["critical", "high", "medium", "low"] {
        assert_eq!(findings[level], count(level), "{level}");
    }
    assert!(findings["critical"].as_u64().unwrap() > 0);
}

#[test]
fn a_folder_is_measured_with_its_links() {
    let machine = Machine::new();
    machine.write("root/etc/os-release", "ID=alpine\nVERSION_ID=3.19.4\n");
    machine.write("root/etc/passwd", "root:x:0:0:root:/root:/bin/ash\n");
    machine.write("root/bin/busybox", "x");
    machine.write("root/sbin/apk", "x");
    machine.write("root/lib/ld-musl-x86_64.so.1", "x");
    for program in ["root/bin/busybox", "root/lib/ld-musl-x86_64.so.1"] {
        let mode = std::fs::Permissions::from_mode(0o755);
        std::fs::set_permissions(machine.path(program), mode).unwrap();
    }
    symlink("/bin/busybox", machine.path("root/bin/sh")).unwrap();
    let document = machine.run("base -f json rootfs:root alpine:3.24 --facts");
    assert_eq!(document.code, 3, "a folder has no facts");
    let document = machine.run("base -f json rootfs:root").ended(0).json();
    let current = &document["comparisons"][0]["current"];
    assert_eq!(current["shell"], "ash");
    assert_eq!(current["libc"], "musl");
    assert_eq!(current["package_manager"], "apk");
    assert_eq!(current["ended"], true);
    assert!(current.get("user").is_none(), "a folder does not say as whom it runs");
}

#[test]
fn each_image_of_a_dockerfile_is_judged() {
    let machine = Machine::new();
    machine.write(
        "Dockerfile",
        "ARG GO=1.26\nFROM golang:${GO} AS build\nFROM build AS test\nFROM alpine:3.19\n\
         FROM scratch\nCOPY --from=build /a /a\n",
    );
    let document = machine.run("base --facts -f json --dockerfile Dockerfile").ended(0).json();
    let compared = document["comparisons"].as_array().unwrap();
    let names: Vec<&str> =
        compared.iter().map(|one| one["current"]["image"].as_str().unwrap()).collect();
    assert_eq!(names, ["golang:1.26", "alpine:3.19"]);
    assert_eq!(compared[0]["recommended"], "gcr.io/distroless/static-debian13:nonroot");

    machine.write("other", "FROM ours/app:1\n");
    machine.run("base --facts --dockerfile other").ended(3);
    machine.run("base --facts --dockerfile missing").ended(3);
}

#[test]
fn several_images_stand_in_one_table() {
    let ran = Machine::new().run("base --facts debian:12 debian:12-slim alpine:3.24").ended(0);
    insta::assert_snapshot!(ran.out);
}

#[test]
fn real_roots_are_measured() {
    let Some(roots) = shared("roots") else { return };
    let machine = Machine::new();
    let root = |name: &str| format!("rootfs:{}", roots.join(name).display());
    let line = format!("base -f json {} {}", root("alpine-3.19.4"), root("alpine-3.20.3"));
    let document = machine.run(&line).ended(0).json();
    let compared = &document["comparisons"][0];
    assert_eq!(compared["current"]["packages"], 15);
    assert_eq!(compared["candidates"][0]["packages"], 14);
    assert_eq!(compared["candidates"][0]["distribution"], "alpine 3.20.3");
}
