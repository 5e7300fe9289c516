//! What all tools are shown: two images with packages of distributions and languages, and a folder of lock files.

use std::io::{Cursor, Write as _};

use plimsoll_testkit::{Compression, Image, tar_of_bytes};
use serde_json::json;
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use crate::feeds::{CRITICAL, HIGH, MEDIUM, known_as, osv, record};
use crate::machine::Machine;

const DEBIAN: &str = "\
PRETTY_NAME=\"Debian GNU/Linux 12 (bookworm)\"\nNAME=\"Debian GNU/Linux\"\nVERSION_ID=\"12\"\n\
VERSION=\"12 (bookworm)\"\nVERSION_CODENAME=bookworm\nID=debian\nHOME_URL=\"https://www.debian.org/\"\n\
SUPPORT_URL=\"https://www.debian.org/support\"\nBUG_REPORT_URL=\"https://bugs.debian.org/\"\n";

const STATUS: &str = "\
Package: bash\nStatus: install ok installed\nPriority: required\nSection: shells\nInstalled-Size: 7164\n\
Maintainer: Matthias Klose <doko@debian.org>\nArchitecture: amd64\nVersion: 5.2.15-2+b7\n\
Source: bash (5.2.15-2)\nDepends: libssl3 (>= 3.0)\n\n\
Package: libssl3\nStatus: install ok installed\nPriority: optional\nSection: libs\nInstalled-Size: 6022\n\
Maintainer: Debian OpenSSL Team <pkg-openssl-devel@alioth-lists.debian.net>\nArchitecture: amd64\n\
Source: openssl\nVersion: 3.0.11-1~deb12u2\n\n\
Package: python3-requests\nStatus: install ok installed\nPriority: optional\nSection: python\n\
Installed-Size: 220\nMaintainer: Debian Python Team <team+python@tracker.debian.org>\n\
Architecture: all\nSource: requests\nVersion: 2.28.1+dfsg-1\n";

const COPYRIGHT: &str = "\
Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/\n\nFiles: *\n\
Copyright: 1989-2022 Free Software Foundation, Inc.\nLicense: GPL-3+\n";

const DIST_INFO: &str = "usr/lib/python3/dist-packages/requests-2.28.1.dist-info/METADATA";

const ALPINE: &str = "\
NAME=\"Alpine Linux\"\nID=alpine\nVERSION_ID=3.20.3\nPRETTY_NAME=\"Alpine Linux v3.20\"\n\
HOME_URL=\"https://alpinelinux.org/\"\n\
BUG_REPORT_URL=\"https://gitlab.alpinelinux.org/alpine/aports/-/issues\"\n";

const INSTALLED: &str = "\
C:Q1LYJCl8AGuyOXTSJIrLBXqUI2QKU=\nP:musl\nV:1.2.5-r0\nA:x86_64\nS:409600\nI:667648\n\
T:the musl c library (libc) implementation\nU:https://musl.libc.org/\nL:MIT\no:musl\n\
m:Timo Teras <timo.teras@iki.fi>\nt:1709929010\nc:abc\np:so:libc.musl-x86_64.so.1=1\n\
F:lib\nR:ld-musl-x86_64.so.1\na:0:0:755\nZ:Q1wqMBQjKYZVW7aqDeYUHZK0e0bVQ=\n\n\
C:Q1zDMjuOGALMGZxFhMmqDHXgzWVW4=\nP:libcrypto3\nV:3.3.2-r0\nA:x86_64\nS:1\nI:1\n\
T:Crypto library from openssl\nU:https://www.openssl.org/\nL:Apache-2.0\no:openssl\n\
m:Ariadne Conill <ariadne@ariadne.space>\nD:so:libc.musl-x86_64.so.1\n\n";

/// Debian, with a layer that takes away a part of the one below.
pub(super) fn debian() -> Image {
    let list = format!("/.\n/usr\n/{DIST_INFO}\n");
    let module = |name: &str, version: &str| {
        json!({"name": name, "version": version, "license": "MIT"}).to_string()
    };
    Image::new()
        .layer(
            "/bin/sh -c #(nop) ADD file:0123456789abcdef in / ",
            &[
                ("etc/os-release", DEBIAN),
                ("etc/debian_version", "12\n"),
                ("var/lib/dpkg/status", STATUS),
                ("var/lib/dpkg/info/python3-requests.list", &list),
                ("usr/share/doc/bash/copyright", COPYRIGHT),
                (DIST_INFO, "Metadata-Version: 2.1\nName: requests\nVersion: 2.28.1\n"),
            ],
        )
        .layer(
            "COPY . /app # buildkit",
            &[
                ("app/node_modules/lodash/package.json", &module("lodash", "4.17.4")),
                ("app/node_modules/minimist/package.json", &module("minimist", "0.0.8")),
            ],
        )
        .layer("RUN npm prune", &[("app/node_modules/.wh.minimist", "")])
        .configured("Labels", json!({"org.opencontainers.image.title": "shop"}))
}

/// A jar that says by Maven's properties what it is.
fn jar(group: &str, artifact: &str, version: &str) -> Vec<u8> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    let manifest = format!(
        "Manifest-Version: 1.0\nImplementation-Title: {artifact}\nImplementation-Version: {version}\n"
    );
    let properties = format!("version={version}\ngroupId={group}\nartifactId={artifact}\n");
    for (path, text) in [
        ("META-INF/MANIFEST.MF".to_owned(), manifest),
        (format!("META-INF/maven/{group}/{artifact}/pom.properties"), properties),
    ] {
        zip.start_file(path, SimpleFileOptions::default()).unwrap();
        zip.write_all(text.as_bytes()).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

/// Alpine, with packages of seven languages.
pub(super) fn alpine() -> Image {
    let flask = "usr/lib/python3.12/site-packages/flask-2.0.0.dist-info";
    let dependencies = json!({
        "runtimeTarget": {"name": ".NETCoreApp,Version=v8.0"},
        "targets": {".NETCoreApp,Version=v8.0": {
            "app/1.0.0": {"dependencies": {"Newtonsoft.Json": "12.0.1"}, "runtime": {"app.dll": {}}},
            "Newtonsoft.Json/12.0.1": {"runtime": {"lib/netstandard2.0/Newtonsoft.Json.dll": {
                "assemblyVersion": "12.0.0.0", "fileVersion": "12.0.1.23004",
            }}},
        }},
        "libraries": {
            "app/1.0.0": {"type": "project", "serviceable": false, "sha512": ""},
            "Newtonsoft.Json/12.0.1": {
                "type": "package", "serviceable": true, "sha512": "sha512-x",
                "path": "newtonsoft.json/12.0.1", "hashPath": "newtonsoft.json.12.0.1.nupkg.sha512",
            },
        },
    });
    let composer = json!({"packages": [{
        "name": "guzzlehttp/psr7", "version": "1.8.3", "type": "library", "license": ["MIT"],
    }]});
    let ws = json!({"name": "ws", "version": "8.16.0", "license": "MIT", "author": "Einar Otto Stangvik"});
    let text = |path: &str, text: &str| (path.to_owned(), text.as_bytes().to_vec());
    let files = [
        text(
            &format!("{flask}/METADATA"),
            "Metadata-Version: 2.1\nName: Flask\nVersion: 2.0.0\nLicense: BSD-3-Clause\nAuthor: Armin Ronacher\n",
        ),
        text(&format!("{flask}/RECORD"), "flask-2.0.0.dist-info/METADATA,,\nflask/__init__.py,,\n"),
        text(&format!("{flask}/top_level.txt"), "flask\n"),
        text(
            "usr/lib/ruby/gems/3.2.0/specifications/rack-2.2.3.gemspec",
            "Gem::Specification.new do |s|\n  s.name = \"rack\".freeze\n  s.version = \"2.2.3\"\n  \
             s.licenses = [\"MIT\".freeze]\nend\n",
        ),
        text("app/node_modules/ws/package.json", &ws.to_string()),
        text("srv/vendor/composer/installed.json", &composer.to_string()),
        text("srv/app.deps.json", &dependencies.to_string()),
        (
            "app/lib/commons-text-1.9.jar".to_owned(),
            jar("org.apache.commons", "commons-text", "1.9"),
        ),
    ];
    Image::new()
        .layer(
            "/bin/sh -c #(nop) ADD file:00 in / ",
            &[("etc/os-release", ALPINE), ("lib/apk/db/installed", INSTALLED)],
        )
        .raw_layer("COPY . / # buildkit", tar_of_bytes(&files))
}

/// Lock files, as they lie in a repository.
const LOCKS: [(&str, &str); 5] = [
    (
        "package-lock.json",
        r#"{"name":"shop","version":"1.0.0","lockfileVersion":3,"packages":{
"":{"name":"shop","version":"1.0.0","dependencies":{"lodash":"^4.17.4"},"devDependencies":{"ws":"8.16.0"}},
"node_modules/lodash":{"version":"4.17.4","resolved":"https://npm.example/lodash/-/lodash-4.17.4.tgz","integrity":"sha512-x","license":"MIT"},
"node_modules/ws":{"version":"8.16.0","resolved":"https://npm.example/ws/-/ws-8.16.0.tgz","integrity":"sha512-y","dev":true,"license":"MIT"}}}"#,
    ),
    ("requirements.txt", "Flask==2.0.0\nrequests==2.25.0\n"),
    ("go.mod", "module example.com/shop\n\ngo 1.22\n\nrequire golang.org/x/net v0.10.0\n"),
    (
        "Cargo.lock",
        "version = 3\n\n[[package]]\nname = \"shop\"\nversion = \"0.1.0\"\ndependencies = [\n \"time\",\n]\n\n\
         [[package]]\nname = \"time\"\nversion = \"0.1.44\"\n\
         source = \"registry+https://github.com/rust-lang/crates.io-index\"\n\
         checksum = \"6db9e6914ab8b1ae1c260a4ae7a49b6c5611b40328a735b21862567685e73255\"\n",
    ),
    (
        "Gemfile.lock",
        "GEM\n  remote: https://gems.example/\n  specs:\n    rack (2.2.3)\n\nPLATFORMS\n  ruby\n\n\
         DEPENDENCIES\n  rack (= 2.2.3)\n\nBUNDLED WITH\n   2.4.0\n",
    ),
];

/// A machine with `debian.tar`, `alpine.tar` and the folder `shop`.
pub(super) fn machine() -> Machine {
    let machine = Machine::new();
    machine.write("debian.tar", debian().docker_archive(Compression::Gzip));
    machine.write("alpine.tar", alpine().docker_archive(Compression::None));
    for (name, text) in LOCKS {
        machine.write(&format!("shop/{name}"), text);
    }
    machine
}

/// Compiles advisories about what these images have, and gives the records.
pub(super) fn advisories(machine: &Machine) -> Vec<serde_json::Value> {
    let debian =
        |id: &str, package: &str, fixed, cvss| record(id, "Debian:12", package, fixed, cvss);
    let ghsa = |id: &str, ecosystem: &str, package: &str, fixed, cvss, cve: &str| {
        known_as(record(id, ecosystem, package, Some(fixed), cvss), &[cve])
    };
    let all = [
        (
            "Debian",
            vec![
                debian("DEBIAN-CVE-2025-1001", "openssl", Some("3.0.13-1~deb12u1"), CRITICAL),
                debian("DEBIAN-CVE-2025-1002", "bash", None, MEDIUM),
            ],
        ),
        (
            "Alpine",
            vec![record("ALPINE-CVE-2024-9143", "Alpine:v3.20", "openssl", Some("3.3.2-r1"), HIGH)],
        ),
        (
            "npm",
            vec![
                ghsa("GHSA-jf85-cpcp-j695", "npm", "lodash", "4.17.12", CRITICAL, "CVE-2019-10744"),
                ghsa("GHSA-3h5v-q93c-6h6q", "npm", "ws", "8.17.1", HIGH, "CVE-2024-37890"),
            ],
        ),
        (
            "PyPI",
            vec![ghsa("GHSA-m2qf-hxjv-5gpq", "PyPI", "flask", "2.2.5", HIGH, "CVE-2023-30861")],
        ),
        (
            "RubyGems",
            vec![ghsa(
                "GHSA-65f5-mfpf-vfhj",
                "RubyGems",
                "rack",
                "2.2.3.1",
                HIGH,
                "CVE-2022-30122",
            )],
        ),
        (
            "Maven",
            vec![ghsa(
                "GHSA-599f-7c49-w659",
                "Maven",
                "org.apache.commons:commons-text",
                "1.10.0",
                CRITICAL,
                "CVE-2022-42889",
            )],
        ),
        (
            "NuGet",
            vec![record("GHSA-5crp-9r3c-p9vr", "NuGet", "Newtonsoft.Json", Some("13.0.1"), HIGH)],
        ),
        (
            "Packagist",
            vec![ghsa(
                "GHSA-q7rv-6hp3-vh96",
                "Packagist",
                "guzzlehttp/psr7",
                "1.8.4",
                HIGH,
                "CVE-2022-24775",
            )],
        ),
        (
            "Go",
            vec![ghsa(
                "GHSA-4374-p667-p6c8",
                "Go",
                "golang.org/x/net",
                "0.17.0",
                HIGH,
                "CVE-2023-39325",
            )],
        ),
        (
            "crates.io",
            vec![ghsa(
                "GHSA-wcg3-cvx6-7396",
                "crates.io",
                "time",
                "0.2.23",
                MEDIUM,
                "CVE-2020-26235",
            )],
        ),
    ];
    for (ecosystem, records) in &all {
        osv(machine, ecosystem, records);
    }
    machine.update("mirror").ended(0);
    all.into_iter().flat_map(|(_, records)| records).collect()
}
