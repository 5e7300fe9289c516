//! How a scan ends: 0 clean, 1 findings over the gate, 2 usage, 3 failed or partial, 4 old data.

use plimsoll_testkit::{Compression, Image, tar};

use crate::machine::Machine;
use crate::sample;

#[test]
fn findings_alone_do_not_fail_and_a_gate_does() {
    let machine = sample::machine();
    machine.run("scan docker-archive:app.tar").ended(0);
    let failed = machine.run("scan docker-archive:app.tar --fail-on critical").ended(1);
    assert_eq!(failed.err, "severity: 2 findings of severity critical or worse\n");
    assert!(failed.out.ends_with("failed: severity: 2 findings of severity critical or worse\n"));
    machine.run("scan docker-archive:app.tar --fail-on high --severity medium").ended(0);
    let json = machine.run("scan docker-archive:app.tar --fail-on medium -o json").ended(1).json();
    assert_eq!(json["verdict"]["exit_code"], 1);
}

#[test]
fn a_gate_counts_only_what_is_shown() {
    let machine = sample::machine();
    machine
        .run("scan docker-archive:app.tar --only-fixed --severity medium --fail-on low")
        .ended(0);
    machine.run("scan docker-archive:app.tar --fail-on MEDIUM --severity medium").ended(1);
}

#[test]
fn wrong_usage_is_2() {
    let machine = Machine::new();
    for arguments in [
        "scan",
        "scan docker-archive:a.tar -o pdf",
        "scan docker-archive:a.tar --fail-on terrible",
        "scan docker-archive:a.tar --severity high,terrible",
        "scan docker-archive:a.tar --max-data-age soon",
        "scan docker-archive:a.tar --platform linux",
        "scan docker-archive:a.tar --no-such-flag",
        "scan docker-archive:a.tar dir:. -o json=one.json",
        "scan docker-archive:",
        "scna docker-archive:a.tar",
        "",
    ] {
        let ran = machine.run(arguments).ended(2);
        assert_eq!(ran.out, "", "{arguments}");
        assert!(!ran.err.is_empty(), "{arguments}");
    }
}

#[test]
fn what_cannot_be_read_is_3() {
    let machine = sample::machine();
    machine.write("text.tar", "not a tar");
    for arguments in
        ["scan docker-archive:gone.tar", "scan docker-archive:text.tar", "scan dir:gone"]
    {
        let ran = machine.run(arguments).ended(3);
        assert!(ran.err.starts_with("error: ") && ran.err.lines().count() == 1, "{}", ran.err);
    }
}

#[test]
fn a_part_that_cannot_be_read_is_3_and_the_rest_is_shown() {
    let machine = sample::machine();
    let whole = tar(&[
        ("etc/os-release", sample::DEBIAN),
        ("var/lib/dpkg/status", "Package: bash\nStatus: install ok installed\nVersion: 5.2.15-2\n"),
        ("big", &"x".repeat(3000)),
    ]);
    let image = Image::new().raw_layer("FROM debian:12", whole[..whole.len() - 3000].to_vec());
    machine.write("cut.tar", image.oci_archive(Compression::None));
    let scan = machine.run("scan oci-archive:cut.tar --fail-on low").ended(3);
    assert!(scan.out.contains("CVE-2025-1002"), "{}", scan.said());
    assert!(scan.err.starts_with("partial: layer is damaged"), "{}", scan.err);
}

#[test]
fn old_data_is_4_and_outweighs_findings() {
    let machine = sample::machine();
    // The newest record is 32 days old at the pinned time.
    machine.run("scan docker-archive:app.tar --max-data-age 40").ended(0);
    let stale = machine.run("scan docker-archive:app.tar --max-data-age 7 --fail-on low").ended(4);
    assert!(
        stale.err.contains("stale-data: the newest advisory is of 2025-12-01, 32 days old; at most 7 days are allowed"),
        "{}",
        stale.err
    );
    assert!(stale.out.contains("CVE-2025-1004"));
}

#[test]
fn a_damaged_database_is_3_and_not_the_starter_set() {
    let machine = sample::machine();
    machine.write("cache/db/advisories.db", "something else");
    let scan = machine.run("scan docker-archive:app.tar").ended(3);
    assert_eq!(scan.out, "");
    assert!(scan.err.contains("not an advisory database"), "{}", scan.err);
}
