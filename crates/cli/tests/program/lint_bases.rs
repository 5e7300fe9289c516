//! `plimsoll lint --base-image`: judged by what is in the image itself.

use std::os::unix::fs::{PermissionsExt, symlink};

use plimsoll_testkit::{Compression, Image, shared};

use crate::machine::Machine;
use crate::sample;

/// An image of one's own, of which no facts are shipped: Debian with a user and without a shell of
/// its own choice.
fn ours() -> Image {
    let passwd = "root:x:0:0:root:/root:/bin/sh\nweb:x:1234:1234::/srv:/bin/sh\n";
    Image::new().layer(
        "ADD rootfs.tar /",
        &[
            ("etc/os-release", sample::DEBIAN),
            ("etc/passwd", passwd),
            ("etc/group", "root:x:0:\nweb:x:1234:\n"),
            ("usr/bin/dash", "x"),
            ("usr/bin/useradd", "x"),
            ("bin/sh", "x"),
        ],
    )
}

const FILE: &str = "ARG BASE=ours/app:1\nFROM ${BASE}\nRUN useradd -u 1234 app\n\
                    HEALTHCHECK CMD [\"curl\", \"-f\", \"http://localhost\"]\nUSER other\n";

/// The findings of the rules about layers, stages and bases, on a line each.
fn ours_of(out: &str) -> String {
    let lines = out.lines().filter(|line| line.contains(" PL11"));
    lines.collect::<Vec<_>>().join("\n")
}

#[test]
fn an_image_of_ones_own_is_known_by_what_is_in_it() {
    let machine = Machine::new();
    machine.write("app.tar", ours().docker_archive(Compression::Gzip));
    machine.write("Dockerfile", FILE);
    assert_eq!(ours_of(&machine.run("lint -f text Dockerfile").out), "", "nothing is known");

    let by_name = machine
        .run("lint -f text --base-image docker.io/ours/app:1=docker-archive:app.tar Dockerfile")
        .ended(1);
    insta::assert_snapshot!(ours_of(&by_name.out), @r"
    Dockerfile:3 PL1105 warning: useradd fails: ours/app:1 has the user web with number 1234; run as web (USER web), or take another number
    Dockerfile:4 PL1110 warning: curl is not in ours/app:1 and nothing installs it
    Dockerfile:5 PL1106 warning: there is no user other, neither in ours/app:1 nor made by a line above
    ");
    let alone = machine.run("lint -f text --base-image docker-archive:app.tar Dockerfile");
    assert_eq!(alone.ended(1).out, by_name.out);
}

#[test]
fn an_image_of_another_platform_than_asked_for_is_told() {
    let machine = Machine::new();
    machine.write("app.tar", ours().docker_archive(Compression::Gzip));
    machine.write("Dockerfile", "FROM --platform=linux/s390x ours/app:1\n");
    let ran = machine.run("lint -f text --base-image docker-archive:app.tar Dockerfile").ended(1);
    let message = "InvalidBaseImagePlatform warning: Base image ours/app:1 was pulled with \
                   platform \"linux/amd64\", expected \"linux/s390x\" for current build";
    assert!(ran.out.contains(message), "{}", ran.out);
    machine.write("Dockerfile", "FROM --platform=linux/amd64 ours/app:1\n");
    let ran = machine.run("lint -f text --base-image docker-archive:app.tar Dockerfile");
    assert!(!ran.out.contains("InvalidBaseImagePlatform"), "{}", ran.out);
}

#[test]
fn a_base_that_cannot_be_told_or_read_is_no_judgement() {
    let machine = Machine::new();
    machine.write("app.tar", ours().docker_archive(Compression::Gzip));
    machine.write("Dockerfile", "FROM a:1\nFROM b:1\n");
    let ran = machine.run("lint --base-image docker-archive:app.tar Dockerfile").ended(2);
    assert!(ran.err.contains("write --base-image NAME=docker-archive:app.tar"), "{}", ran.err);
    assert!(ran.err.contains("`a:1`, `b:1`"), "{}", ran.err);
    let ran = machine.run("lint --base-image c:1=docker-archive:app.tar Dockerfile").ended(2);
    assert!(ran.err.contains("no FROM names `c:1`"), "{}", ran.err);
    machine.run("lint --base-image a:1=docker-archive:none.tar Dockerfile").ended(3);
}

#[test]
fn a_real_root_says_what_it_has() {
    let Some(roots) = shared("roots") else { return };
    let machine = Machine::new();
    let root = roots.join("alpine-3.20.3");
    // The root has its databases and no programs; a shell is enough to build on.
    machine.write("root/bin/busybox", "x");
    let program = machine.path("root/bin/busybox");
    std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
    for file in ["lib/apk/db/installed", "etc/passwd", "etc/group", "etc/os-release"] {
        if let Ok(content) = std::fs::read(root.join(file)) {
            machine.write(&format!("root/{file}"), content);
        }
    }
    symlink("busybox", machine.path("root/bin/sh")).unwrap();
    machine.write("root/sbin/apk", "x");
    let apk = machine.path("root/sbin/apk");
    std::fs::set_permissions(&apk, std::fs::Permissions::from_mode(0o755)).unwrap();
    machine.write("Dockerfile", "FROM ours/alpine:1\nRUN apk del wget scanelf .deps\n");
    let out = machine.run("lint -f text --base-image rootfs:root Dockerfile").ended(1).out;
    insta::assert_snapshot!(ours_of(&out), @r"
    Dockerfile:2 PL1104 warning: wget was never installed, neither by a line above nor in ours/alpine:1: apk del fails or does nothing
    Dockerfile:2 PL1104 warning: .deps was never installed, neither by a line above nor in ours/alpine:1: apk del fails
    ");
}
