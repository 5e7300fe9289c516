//! `plimsoll explain`.

use crate::machine::Machine;
use crate::sample;

fn scanned() -> Machine {
    let machine = sample::machine();
    machine.run("scan docker-archive:app.tar").ended(0);
    machine
}

#[test]
fn a_finding_is_explained_step_by_step() {
    insta::assert_snapshot!(scanned().run("explain CVE-2025-1001").ended(0).out, @"
    CVE-2025-1001 in libssl3 3.0.11-1~deb12u2
    A weakness of openssl

    Why
      1. package       `libssl3 3.0.11-1~deb12u2` is installed, stated by `var/lib/dpkg/status:6` in layer #0
      2. distribution  it is a package of Debian GNU/Linux 12 (bookworm), whose own word counts
      3. advisory      DEBIAN-CVE-2025-1001 of osv/Debian is about `openssl` in Debian:12, the source that `libssl3` is built from
      4. comparison    3.0.11-1~deb12u2 < 3.0.13-1~deb12u1 (order of dpkg)
      5. severity      critical, by debian

    Where
      pkg:deb/debian/libssl3@3.0.11-1~deb12u2?arch=amd64&distro=debian-12&upstream=openssl%403.0.11-1~deb12u2
      var/lib/dpkg/status:6
      layer #0: /bin/sh -c #(nop) ADD file:0123456789abcdef in /

    What to do
      update to 3.0.13-1~deb12u1

    Also known as
      DEBIAN-CVE-2025-1001

    More
      https://example.org/DEBIAN-CVE-2025-1001
    ");
}

#[test]
fn an_alias_in_any_case_leads_to_the_finding() {
    let machine = scanned();
    let by_id = machine.run("explain CVE-2025-1004").ended(0).out;
    assert!(by_id.starts_with("CVE-2025-1004 in lodash 4.17.4\n"), "{by_id}");
    assert_eq!(machine.run("explain ghsa-jf85-CPCP-j695").ended(0).out, by_id);
    assert!(by_id.contains("listed by CISA since 2025-11-20"), "{by_id}");
}

#[test]
fn a_package_narrows_what_is_explained() {
    let machine = scanned();
    machine.run("explain CVE-2025-1004 --package lodash").ended(0);
    let none = machine.run("explain CVE-2025-1004 --package left-pad").ended(2);
    insta::assert_snapshot!(none.err, @"error: the last scan, of `docker-archive:app.tar`, has no finding `CVE-2025-1004` in a package named like `left-pad`: it has 4 findings, among them CVE-2025-1004, CVE-2025-1001, CVE-2025-1002, GHSA-aaaa-bbbb-cccc");
}

#[test]
fn what_is_undecided_is_explained_too() {
    let out = scanned().run("explain GHSA-left-left-left").ended(0).out;
    assert!(out.starts_with("GHSA-left-left-left in left-pad our-own: undecided\n"), "{out}");
}

#[test]
fn every_mistake_has_one_line_and_its_exit_code() {
    let machine = Machine::new();
    let outcome = |machine: &Machine| {
        let ran = machine.run("explain CVE-1999-1");
        assert_eq!(ran.out, "");
        let folder = machine.path("").display().to_string();
        format!("{} {}", ran.code, ran.err.replace(&folder, "…/"))
    };
    insta::assert_snapshot!(outcome(&machine), @"3 error: there is no last scan at `…/cache/last-scan.json`: run `plimsoll scan REF` first: No such file or directory (os error 2)");
    insta::assert_snapshot!(outcome(&scanned()), @"2 error: the last scan, of `docker-archive:app.tar`, has no finding `CVE-1999-1`: it has 4 findings, among them CVE-2025-1004, CVE-2025-1001, CVE-2025-1002, GHSA-aaaa-bbbb-cccc");
    machine.write("cache/last-scan.json", "{\"reference\":");
    insta::assert_snapshot!(outcome(&machine), @"3 error: `…/cache/last-scan.json` is damaged: scan again: EOF while parsing a value at line 1 column 13");
}

#[test]
fn a_scan_goes_on_where_it_cannot_be_kept() {
    let machine = sample::machine();
    // A folder where the file should be.
    machine.write("cache/last-scan.json/in-the-way", "");
    let scan = machine.run("scan docker-archive:app.tar").ended(0);
    assert!(scan.out.contains("CVE-2025-1004"), "{}", scan.said());
    assert!(scan.err.contains("`plimsoll explain` will not know this scan"), "{}", scan.err);
}
