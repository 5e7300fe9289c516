//! Whom a scan believes, and what it does not decide.

use plimsoll_testkit::{Compression, Image};
use serde_json::Value;

use crate::feeds::{CRITICAL, HIGH, exploited, known_as, osv, record};
use crate::machine::Machine;
use crate::sample;

fn ids(scan: &Value) -> Vec<&str> {
    scan["findings"].as_array().unwrap().iter().map(|f| f["id"].as_str().unwrap()).collect()
}

fn scan(machine: &Machine, image: &Image) -> Value {
    machine.write("other.tar", image.oci_archive(Compression::Zstd));
    machine.run("scan oci-archive:other.tar -o json").ended(0).json()
}

fn undecided(scan: &Value) -> Vec<String> {
    let text = |value: &Value| value.as_str().unwrap_or("-").to_owned();
    let one = |open: &Value| {
        format!("{} {}: {}", text(&open["package"]), text(&open["advisory"]), text(&open["why"]))
    };
    scan["undecided"].as_array().unwrap().iter().map(one).collect()
}

#[test]
fn a_python_package_of_a_debian_package_is_judged_by_debian_alone() {
    let machine = sample::machine();
    let owned = machine.run("scan docker-archive:app.tar -o json").ended(0).json();
    assert!(!ids(&owned).contains(&"PYSEC-2025-1"));
    let inventory = machine.run("sbom docker-archive:app.tar -o json").ended(0).json();
    let packages = inventory["packages"].as_array().unwrap();
    let requests = packages.iter().find(|package| package["name"] == "requests").unwrap();
    assert_eq!(requests["owner"], "python3-requests");
    // The same files, brought by pip and not by Debian.
    let loose = Image::new().layer(
        "RUN pip install requests",
        &[
            ("etc/os-release", sample::DEBIAN),
            (
                "usr/local/lib/python3.11/site-packages/requests-2.28.1.dist-info/METADATA",
                "Metadata-Version: 2.1\nName: requests\nVersion: 2.28.1\n",
            ),
        ],
    );
    assert_eq!(ids(&scan(&machine, &loose)), ["PYSEC-2025-1"]);
}

#[test]
fn what_a_later_layer_removes_is_not_judged() {
    let machine = sample::machine();
    let pruned = machine.run("scan docker-archive:app.tar -o json").ended(0).json();
    assert!(!ids(&pruned).contains(&"GHSA-vh95-rmgr-6w4m"));
    let kept = Image::new().layer(
        "COPY . /app",
        &[("app/node_modules/minimist/package.json", &sample::module("minimist", "0.0.8"))],
    );
    assert_eq!(ids(&scan(&machine, &kept)), ["GHSA-vh95-rmgr-6w4m"]);
}

#[test]
fn a_version_that_nobody_can_order_is_undecided_and_said() {
    let machine = sample::machine();
    let json = machine.run("scan docker-archive:app.tar -o json").ended(0).json();
    let open = undecided(&json);
    assert_eq!(open.len(), 1, "{open:?}");
    assert!(open[0].starts_with("left-pad GHSA-left-left-left: "), "{open:?}");
    let table = machine.run("scan docker-archive:app.tar").ended(0).out;
    assert!(table.contains("undecided: left-pad our-own and GHSA-left-left-left: "), "{table}");
}

const STATUS: &str = "Package: openssl\nStatus: install ok installed\nVersion: 3.0.1-1\n";

#[test]
fn packages_of_an_unknown_distribution_or_release_are_said_not_to_be_judged() {
    let machine = sample::machine();
    let of = |os: &str| {
        let image = Image::new()
            .layer("ADD rootfs.tar /", &[("etc/os-release", os), ("var/lib/dpkg/status", STATUS)]);
        let json = scan(&machine, &image);
        assert!(ids(&json).is_empty());
        undecided(&json).join("\n")
    };
    insta::assert_snapshot!(of("ID=debian\nVERSION_ID=99\n"), @"debian -: the database has no advisories for `Debian:99`: 1 package was not judged");
    insta::assert_snapshot!(of("ID=nobodys\nVERSION_ID=1\nID_LIKE=debian\n"), @"nobodys -: no feed has advisories for `nobodys 1`: 1 package was not judged");
    insta::assert_snapshot!(of(""), @"unknown distribution -: the image does not say which distribution it is: 1 package was not judged");
    let table = machine.run("scan oci-archive:other.tar").ended(0).out;
    assert!(table.contains("No findings in 1 package, but see below."), "{table}");
    assert!(
        table.contains(
            "undecided: unknown distribution: the image does not say which distribution it is"
        ),
        "{table}"
    );
}

#[test]
fn all_names_of_one_weakness_are_one_finding() {
    let machine = Machine::new();
    let both = |id: &str, other: &str| {
        let record = record(id, "PyPI", "django", Some("2.2.4"), CRITICAL);
        known_as(record, &["CVE-2019-14234", other])
    };
    osv(
        &machine,
        "PyPI",
        &[
            both("GHSA-6r97-cj55-9hrq", "PYSEC-2019-13"),
            both("PYSEC-2019-13", "GHSA-6r97-cj55-9hrq"),
            record("PYSEC-2020-1", "PyPI", "Django", None, HIGH),
        ],
    );
    exploited(&machine, &["CVE-2019-14234"]);
    machine.update("mirror").ended(0);
    let image = Image::new().layer(
        "RUN pip install",
        &[(
            "usr/lib/python3/site-packages/Django-2.2.dist-info/METADATA",
            "Metadata-Version: 2.1\nName: Django\nVersion: 2.2\n",
        )],
    );
    let json = scan(&machine, &image);
    assert_eq!(ids(&json), ["CVE-2019-14234", "PYSEC-2020-1"]);
    assert_eq!(
        json["findings"][0]["aliases"],
        serde_json::json!(["GHSA-6r97-cj55-9hrq", "PYSEC-2019-13"])
    );
    assert!(json["findings"][0]["kev"].is_object());
}
