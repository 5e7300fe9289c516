//! An image of four layers: a Debian root, an installation that leaves its cache, an application, and
//! a layer that takes some of both away.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::LazyLock;

use plimsoll_advisory::database::{CveKey, Database, Enrichment, compile_to_bytes};
use plimsoll_advisory::matching::Declared;
use plimsoll_image::Options;
use plimsoll_model::{
    Advisory, Affected, Epss, Event, Kev, Range, RangeKind, Rating, RatingKind, Scan, Severity,
    Timestamp,
};
use plimsoll_testkit::{Compression, Image};

use super::super::state::State;

/// 2026-01-02T03:04:05Z.
const NOW: i64 = 1_767_323_045;

const RELEASE: &str =
    "ID=debian\nVERSION_ID=\"12\"\nPRETTY_NAME=\"Debian GNU/Linux 12 (bookworm)\"\n";

const STATUS: &str = "\
Package: bash\nStatus: install ok installed\nArchitecture: amd64\nVersion: 5.2.15-2\n\n\
Package: libssl3\nStatus: install ok installed\nArchitecture: amd64\nSource: openssl\n\
Version: 3.0.11-1~deb12u2\n\n";

const CURL: &str = "\
Package: curl\nStatus: install ok installed\nArchitecture: amd64\nVersion: 7.88.1-10+deb12u4\n";

fn module(name: &str, version: &str) -> String {
    format!(r#"{{"name":"{name}","version":"{version}"}}"#)
}

/// The image.
pub(super) fn image() -> Image {
    let cache = "x".repeat(200_000);
    let library = "x".repeat(668_000);
    let with_curl = format!("{STATUS}{CURL}");
    Image::new()
        .layer(
            "/bin/sh -c #(nop) ADD file:0123456789abcdef0123 in / ",
            &[
                ("etc/os-release", RELEASE),
                ("usr/bin/bash", "#!shell"),
                ("usr/lib/x86_64-linux-gnu/libssl.so.3", &library),
                ("var/lib/dpkg/status", STATUS),
                ("var/lib/dpkg/info/bash.list", "/.\n/usr\n/usr/bin\n/usr/bin/bash\n"),
                (
                    "var/lib/dpkg/info/libssl3:amd64.list",
                    "/.\n/usr\n/usr/lib\n/usr/lib/x86_64-linux-gnu/libssl.so.3\n",
                ),
            ],
        )
        .layer(
            "RUN /bin/sh -c apt-get update && apt-get install -y curl # buildkit",
            &[
                ("usr/bin/curl", "#!curl"),
                ("var/lib/dpkg/status", &with_curl),
                ("var/lib/dpkg/info/curl.list", "/.\n/usr\n/usr/bin\n/usr/bin/curl\n"),
                ("var/cache/apt/pkgcache.bin", &cache),
            ],
        )
        .layer(
            "COPY . /app # buildkit",
            &[
                ("app/node_modules/lodash/package.json", &module("lodash", "4.17.4")),
                ("app/node_modules/lodash/lodash.js", "module.exports = {}"),
                ("app/node_modules/minimist/package.json", &module("minimist", "0.0.8")),
                ("app/server.js", "require('lodash')"),
            ],
        )
        .layer(
            "RUN npm prune && rm -rf /var/cache/apt # buildkit",
            &[
                ("app/node_modules/.wh.minimist", ""),
                ("var/cache/.wh.apt", ""),
                ("app/server.js", "require('lodash').x"),
            ],
        )
}

fn record(
    id: &str,
    aliases: &[&str],
    of: &str,
    package: &str,
    fixed: Option<&str>,
    severity: Severity,
) -> Advisory {
    let mut record = Advisory::new(id, "osv/test");
    record.aliases = aliases.iter().map(|&id| id.to_owned()).collect();
    record.summary = format!("A weakness of {package}");
    record.details = format!("Whoever uses {package} can be attacked.\n\nLonger text.");
    let (kind, value) = (RatingKind::Label, severity.name().to_owned());
    record.ratings = vec![Rating { source: "test".into(), kind, value, score: None, severity }];
    let mut events = vec![Event::Introduced("0".into())];
    events.extend(fixed.map(|version| Event::Fixed(version.into())));
    let range = Range { kind: RangeKind::Ecosystem, events, constraint: String::new() };
    record.affected = vec![Affected::in_ranges(of.parse().unwrap(), package, vec![range])];
    record
}

fn database() -> Database {
    use Severity::{Critical, High, Low, Medium};
    let records = [
        record("CVE-2025-1001", &[], "Debian:12", "openssl", Some("3.0.13-1~deb12u1"), Critical),
        record("CVE-2025-1005", &[], "Debian:12", "openssl", Some("3.0.12-1~deb12u1"), Medium),
        record("CVE-2025-1002", &[], "Debian:12", "bash", None, Medium),
        record("CVE-2025-1006", &[], "Debian:12", "curl", Some("7.88.1-10+deb12u5"), High),
        record(
            "GHSA-jf85-cpcp-j695",
            &["CVE-2025-1004"],
            "npm",
            "lodash",
            Some("4.17.12"),
            Critical,
        ),
        record("GHSA-aaaa-bbbb-cccc", &[], "npm", "lodash", None, Low),
    ];
    let added = Timestamp::from_unix(NOW - 86_400 * 30);
    let kev = Kev { added, due: None, ransomware: false };
    let epss = Epss { score: 0.123, percentile: 0.97 };
    let enrichment = Enrichment {
        kev: BTreeMap::from([("CVE-2025-1004".into(), kev)]),
        epss: BTreeMap::from([(CveKey::of("CVE-2025-1001").unwrap(), epss)]),
        ..Enrichment::default()
    };
    let bytes = compile_to_bytes(records.into_iter(), &enrichment).unwrap();
    Database::from_bytes(bytes).unwrap()
}

/// An image, as a scan for looking around has it.
pub(super) fn scanned(image: &Image) -> Scan {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("app.tar");
    std::fs::write(&file, image.docker_archive(Compression::Gzip)).unwrap();
    scan(&format!("docker-archive:{}", file.display()), "docker-archive:app.tar")
}

/// A folder.
pub(super) fn folder(path: &Path) -> Scan {
    scan(&format!("dir:{}", path.display()), "dir:.")
}

fn scan(reference: &str, shown: &str) -> Scan {
    let options = Options { files: true, ..Options::default() };
    let mut inventory = plimsoll_image::read(&reference.parse().unwrap(), &options).unwrap();
    shown.clone_into(&mut inventory.artifact.reference);
    let now = Timestamp::from_unix(NOW);
    let (scan, _) =
        plimsoll_advisory::matching::scan(inventory, &DATABASE, Declared::Passed, now).unwrap();
    scan
}

static DATABASE: LazyLock<Database> = LazyLock::new(database);

/// The sample, read once.
pub(super) static SCAN: LazyLock<Scan> = LazyLock::new(|| scanned(&image()));

/// The sample as it is when it is opened.
pub(super) fn state() -> State {
    State::new(SCAN.clone())
}
