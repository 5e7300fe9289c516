//! One image and one set of advisories that most tests look at: a Debian base, a layer of an
//! application, and a layer that removes a part of it again.

use plimsoll_testkit::{Compression, Image};

use crate::feeds::{CRITICAL, HIGH, MEDIUM, exploited, known_as, osv, record};
use crate::machine::Machine;

pub(crate) const DEBIAN: &str =
    "ID=debian\nVERSION_ID=\"12\"\nPRETTY_NAME=\"Debian GNU/Linux 12 (bookworm)\"\n";

const STATUS: &str = "\
Package: bash\nStatus: install ok installed\nArchitecture: amd64\nVersion: 5.2.15-2\n\n\
Package: libssl3\nStatus: install ok installed\nArchitecture: amd64\nSource: openssl\n\
Version: 3.0.11-1~deb12u2\n\n\
Package: python3-requests\nStatus: install ok installed\nArchitecture: all\nSource: requests\n\
Version: 2.28.1+dfsg-1\n";

const DIST_INFO: &str = "usr/lib/python3/dist-packages/requests-2.28.1.dist-info/METADATA";

/// The image.
pub(crate) fn image() -> Image {
    let list = format!("/.\n/usr\n/{DIST_INFO}\n");
    Image::new()
        .layer(
            "/bin/sh -c #(nop) ADD file:0123456789abcdef in / ",
            &[
                ("etc/os-release", DEBIAN),
                ("var/lib/dpkg/status", STATUS),
                ("var/lib/dpkg/info/python3-requests.list", &list),
                (DIST_INFO, "Metadata-Version: 2.1\nName: requests\nVersion: 2.28.1\n"),
            ],
        )
        .layer(
            "COPY . /app # buildkit",
            &[
                ("app/node_modules/lodash/package.json", &module("lodash", "4.17.4")),
                ("app/node_modules/minimist/package.json", &module("minimist", "0.0.8")),
                ("app/node_modules/left-pad/package.json", &module("left-pad", "our-own")),
            ],
        )
        .layer("RUN npm prune", &[("app/node_modules/.wh.minimist", "")])
}

pub(crate) fn module(name: &str, version: &str) -> String {
    format!(r#"{{"name":"{name}","version":"{version}"}}"#)
}

/// Puts the image into `app.tar` and a database of advisories into the cache.
pub(crate) fn machine() -> Machine {
    let machine = Machine::new();
    machine.write("app.tar", image().docker_archive(Compression::Gzip));
    update(&machine);
    machine
}

/// Compiles the advisories.
pub(crate) fn update(machine: &Machine) {
    let debian =
        |id: &str, package: &str, fixed, cvss| record(id, "Debian:12", package, fixed, cvss);
    osv(
        machine,
        "Debian",
        &[
            debian("DEBIAN-CVE-2025-1001", "openssl", Some("3.0.13-1~deb12u1"), CRITICAL),
            debian("DEBIAN-CVE-2025-1002", "bash", None, MEDIUM),
            debian("DEBIAN-CVE-2025-1003", "requests", Some("2.28.1+dfsg-1"), HIGH),
        ],
    );
    let lodash = record("GHSA-jf85-cpcp-j695", "npm", "lodash", Some("4.17.12"), CRITICAL);
    osv(
        machine,
        "npm",
        &[
            known_as(lodash, &["CVE-2025-1004"]),
            record("GHSA-aaaa-bbbb-cccc", "npm", "lodash", None, MEDIUM),
            record("GHSA-vh95-rmgr-6w4m", "npm", "minimist", Some("0.2.1"), CRITICAL),
            record("GHSA-left-left-left", "npm", "left-pad", Some("2.0.0"), HIGH),
        ],
    );
    // Upstream's word: it would call Debian's repaired build affected.
    osv(machine, "PyPI", &[record("PYSEC-2025-1", "PyPI", "requests", Some("2.31.0"), HIGH)]);
    exploited(machine, &["CVE-2025-1004"]);
    machine.update("mirror").ended(0);
}
