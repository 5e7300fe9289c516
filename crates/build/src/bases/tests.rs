//! What is known of references, and what is not.

use plimsoll_model::Timestamp;
use proptest::prelude::*;

use super::{Base, Libc, MeasuredRoot, PackageManager, Shell, known};

fn day(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// One line of what is known, for tables.
fn line(reference: &str) -> String {
    let Some(base) = known(reference) else { return format!("{reference}: unknown") };
    let or = |text: Option<String>| text.unwrap_or_else(|| "?".to_owned());
    format!(
        "{reference}: {} {} {} sh={} user={} end={}",
        or(base.distro.as_ref().map(ToString::to_string)),
        or(base.package_manager.map(|p| p.name().to_owned())),
        or(base.libc.map(|l| l.name().to_owned())),
        or(base.shell.as_ref().map(|s| s.kind.name().to_owned())),
        or(base.user.clone()),
        or(base.end_of_life.map(Timestamp::date)),
    )
}

#[test]
fn references_are_known_for_what_they_are() {
    let references = [
        "alpine",
        "alpine:3.19.4",
        "docker.io/library/alpine:3.20@sha256:0000",
        "debian:bookworm-slim",
        "debian:12.15",
        "debian:trixie",
        "ubuntu:22.04",
        "ubuntu:noble",
        "node:20",
        "node:20-alpine",
        "docker.io/library/node:20-alpine3.20@sha256:abc",
        "node:krypton-bookworm-slim",
        "python:3.12",
        "python:3.9-slim-bullseye",
        "golang:1.22-alpine",
        "golang:1.26-bookworm",
        "eclipse-temurin:21-jre-alpine",
        "eclipse-temurin:17-jdk-jammy",
        "gcr.io/distroless/static-debian12:nonroot",
        "gcr.io/distroless/nodejs20-debian12",
        "gcr.io/distroless/base-debian12:debug",
        "scratch",
        "busybox:musl",
        "nginx:1.27-alpine",
        "nginxinc/nginx-unprivileged:1.29",
        "postgres:16-alpine",
        "postgres:16",
        "mysql:8.4",
        "redis:7-alpine",
        "haproxy:3.2",
        "registry.access.redhat.com/ubi9/ubi-minimal:9.4",
        "registry.access.redhat.com/ubi9/nodejs-20",
        "redhat/ubi8",
        "amazonlinux:2",
        "amazonlinux:2023",
        "rockylinux:9-minimal",
        "fedora:42",
        "oraclelinux:8-slim",
        "archlinux:base-devel",
        "opensuse/leap:15.6",
        "cgr.dev/chainguard/static:latest",
        "mcr.microsoft.com/dotnet/aspnet:8.0",
        "mcr.microsoft.com/dotnet/aspnet:8.0-alpine3.20",
        "mcr.microsoft.com/dotnet/runtime-deps:9.0-noble-chiseled",
        "node:20-windowsservercore-ltsc2022",
        "example.com/ours/app:1",
        "node:${V}",
        "",
    ];
    let table = references.map(line).join("\n");
    insta::assert_snapshot!(table);
}

#[test]
fn node_has_its_user_and_runs_as_root() {
    let base = known("node:20-alpine").unwrap();
    assert_eq!(base.user_with_id(1000).unwrap().name, "node");
    assert_eq!(base.group_named("node").unwrap().id, 1000);
    assert_eq!(base.is_root_by_default(), Some(true));
    assert_eq!(base.entrypoint.unwrap(), ["docker-entrypoint.sh"]);
    assert_eq!(base.lifetimes.len(), 1);
}

#[test]
fn an_image_on_alpine_has_no_other_package_manager() {
    for family in super::all() {
        for repository in family.repositories.iter().filter(|name| !name.ends_with('*')) {
            let base = known(&format!("{repository}:1-alpine3.20")).unwrap();
            let manager = base.package_manager;
            let is_alpine = base.distro.as_ref().is_some_and(|distro| distro.id == "alpine");
            assert!(
                !is_alpine || manager == Some(PackageManager::Apk),
                "{repository}: {manager:?}"
            );
        }
    }
}

#[test]
fn ids_that_are_taken_are_known() {
    let taken = |reference: &str, id: u32| {
        known(reference).unwrap().user_with_id(id).map(|account| account.name.clone())
    };
    assert_eq!(taken("nginx:1.27-alpine", 101).as_deref(), Some("nginx"));
    assert_eq!(taken("redis:7", 999).as_deref(), Some("redis"));
    assert_eq!(taken("postgres:16-alpine", 70).as_deref(), Some("postgres"));
    assert_eq!(taken("postgres:16", 999).as_deref(), Some("postgres"));
    assert_eq!(taken("ubuntu:24.04", 1000).as_deref(), Some("ubuntu"));
    assert_eq!(taken("ubuntu:22.04", 1000), None);
    assert_eq!(taken("gcr.io/distroless/static-debian12", 65532).as_deref(), Some("nonroot"));
    assert_eq!(taken("mariadb:11-noble", 1000), None);
    assert_eq!(taken("mcr.microsoft.com/dotnet/aspnet:8.0", 1654).as_deref(), Some("app"));
}

#[test]
fn commands_are_there_or_not_or_unknown() {
    let asked = [
        ("alpine:3.20", "wget", Some(true)),
        ("alpine:3.20", "curl", Some(false)),
        ("alpine:3.20", "/bin/sh", Some(true)),
        ("alpine:3.20", "bash", Some(false)),
        ("bash:5", "bash", Some(true)),
        ("debian:bookworm-slim", "ps", Some(false)),
        ("debian:bookworm-slim", "adduser", Some(true)),
        ("debian:trixie-slim", "adduser", Some(false)),
        ("debian:slim", "adduser", None),
        ("ubuntu:24.04", "ps", Some(true)),
        ("node:20", "git", Some(true)),
        ("node:20-slim", "git", Some(false)),
        ("node:20-alpine", "yarn", Some(true)),
        ("node:26-alpine", "yarn", None),
        ("python:3.12-slim", "openssl", Some(true)),
        ("python:3.12-slim", "gcc", Some(false)),
        ("golang:1.26", "gcc", Some(true)),
        ("golang:1.26-alpine", "git", Some(false)),
        ("nginx:1.27", "curl", Some(true)),
        ("postgres:16", "less", None),
        ("gcr.io/distroless/static-debian12", "sh", Some(false)),
        ("gcr.io/distroless/static-debian12", "anything", Some(false)),
        ("gcr.io/distroless/nodejs20-debian12", "npm", Some(false)),
        ("scratch", "ls", Some(false)),
        ("amazonlinux:2023", "tar", Some(false)),
    ];
    for (reference, command, there) in asked {
        assert_eq!(known(reference).unwrap().has_command(command), there, "{reference} {command}");
    }
}

#[test]
fn the_soonest_end_is_the_end_and_both_are_told() {
    let base = known("node:20-bookworm-slim").unwrap();
    let ends: Vec<String> =
        base.lifetimes.iter().map(|l| format!("{} {}", l.of, l.end.date())).collect();
    assert_eq!(ends, ["Node.js 20 2026-04-30", "Debian 12 2026-07-11"]);
    assert_eq!(base.end_of_life, Some(day("2026-04-30")));
}

#[test]
fn support_that_goes_on_at_no_cost_is_no_end() {
    let base = known("debian:bookworm").unwrap();
    assert_eq!(base.has_ended(day("2026-11-25")), Some(false));
    assert_eq!(base.has_ended(day("2028-07-01")), Some(true));
    assert_eq!(known("alpine:3.19").unwrap().has_ended(day("2026-11-25")), Some(true));
}

#[test]
fn no_image_takes_the_size_of_the_one_below() {
    assert!(known("debian:12-slim").unwrap().size.compressed.is_some());
    assert_eq!(known("postgres:16-bookworm").unwrap().size.compressed, None);
}

#[test]
fn releases_of_real_roots_are_read_and_dated() {
    let Some(roots) = plimsoll_testkit::shared("roots") else { return };
    for root in std::fs::read_dir(roots).unwrap() {
        let root = root.unwrap().path();
        let read = |path: &str| std::fs::read_to_string(root.join(path)).ok();
        let os_release = read("etc/os-release").or_else(|| read("usr/lib/os-release")).unwrap();
        let root = MeasuredRoot { os_release: &os_release, ..MeasuredRoot::default() };
        let measured = Base::from_root("root", root, std::iter::empty());
        let distro = measured.distro.unwrap();
        assert_eq!(distro.id, "alpine");
        let version = distro.version.unwrap();
        let Some(shipped) = known(&format!("alpine:{version}")) else { panic!("{version}") };
        assert_eq!(shipped.lifetimes, measured.lifetimes, "{version}");
    }
}

#[test]
fn root_is_told_by_name_and_by_number() {
    let with = |user: &str| Base { user: Some(user.to_owned()), ..known("scratch").unwrap() };
    for (user, root) in
        [("0", true), ("root", true), ("0:0", true), ("1001", false), ("app", false), ("", true)]
    {
        assert_eq!(with(user).is_root_by_default(), Some(root), "{user}");
    }
    assert_eq!(known("mariadb").unwrap().is_root_by_default(), None);
}

#[test]
fn enums_speak_as_people_write() {
    assert_eq!(PackageManager::Microdnf.name(), "microdnf");
    assert_eq!(Libc::Musl.name(), "musl");
    assert_eq!(Shell::None.name(), "none");
}

proptest! {
    #[test]
    fn no_reference_panics(text: String) {
        let _ = known(&text);
    }

    #[test]
    fn no_tag_of_a_known_family_panics(family in 0_usize..60, tag in "[a-z0-9.-]{0,40}") {
        let families = super::all().collect::<Vec<_>>();
        let family = &families[family % families.len()];
        for repository in &family.repositories {
            let _ = known(&format!("{}:{tag}", repository.trim_end_matches('*')));
        }
    }
}
