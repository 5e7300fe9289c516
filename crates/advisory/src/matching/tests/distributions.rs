//! Packages of distributions: their statuses, epochs, modules and subscriptions.

use plimsoll_model::{Advisory, Inventory, Package, PackageKind};

use super::{affected, built_from, inventory, judged, known_as, matches, package, record};
use crate::database::Enrichment;
use crate::feeds::{self, FeedFile, Intake};

fn debian(name: &str, version: &str) -> Inventory {
    inventory("Debian:12", vec![package(PackageKind::Deb, name, version)])
}

fn rpm(ecosystem: &str, name: &str, version: &str, module: Option<&str>) -> Inventory {
    let mut package = Package::new(PackageKind::Rpm, name, version);
    package.module = module.map(str::to_owned);
    inventory(ecosystem, vec![package])
}

#[test]
fn a_fix_for_subscribers_only_is_no_fix_and_its_evidence_says_so() {
    let records = || {
        vec![
            record("UBUNTU-CVE-2025-1", "Ubuntu:Pro:24.04:LTS", "cjson", "1.7.17-1ubuntu0.1~esm2"),
            record("UBUNTU-CVE-2025-2", "Ubuntu:24.04:LTS", "other", "2"),
        ]
    };
    let with = |version: &str| {
        let built = package(PackageKind::Deb, "libcjson1", version);
        inventory("Ubuntu:24.04:LTS", vec![built_from(built, "cjson", version)])
    };
    assert_eq!(
        judged(records(), &with("1.7.17-1")),
        "CVE-2025-1 unknown libcjson1 1.7.17-1: NotFixed\n"
    );
    assert_eq!(judged(records(), &with("1.7.17-1ubuntu0.1~esm2")), "");

    let matches = matches(records(), &with("1.7.17-1"));
    let steps = &matches.findings[0].evidence;
    let step = steps.iter().find(|step| step.step == "subscription").unwrap();
    assert_eq!(
        step.says,
        "Ubuntu:Pro:24.04:LTS has the fix in 1.7.17-1ubuntu0.1~esm2, for subscribers only"
    );
}

#[test]
fn a_fix_for_everybody_is_taken_before_one_for_subscribers() {
    let records = vec![
        record("UBUNTU-CVE-2025-1", "Ubuntu:24.04:LTS", "cjson", "1.7.17-1ubuntu0.2"),
        record("USN-1-1", "Ubuntu:Pro:24.04:LTS", "cjson", "1.7.17-1ubuntu0.1~esm2"),
    ];
    let records =
        records.into_iter().map(|record| known_as(record, &["CVE-2025-1"])).collect::<Vec<_>>();
    let ubuntu =
        inventory("Ubuntu:24.04:LTS", vec![package(PackageKind::Deb, "cjson", "1.7.17-1")]);
    assert_eq!(
        judged(records, &ubuntu),
        "CVE-2025-1 unknown cjson 1.7.17-1: Fixed([\"1.7.17-1ubuntu0.2\"])\n"
    );
}

/// What the reader of the Debian tracker makes of issues of package `p` in release 12.
fn tracker(issues: &str) -> Vec<Advisory> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tracker.json");
    std::fs::write(&path, format!(r#"{{"p":{{{issues}}}}}"#)).unwrap();
    let mut records = Vec::new();
    let mut add = |record| {
        records.push(record);
        Ok(())
    };
    let mut enrichment = Enrichment::default();
    let mut intake = Intake::new("debian", &mut enrichment, &mut add);
    let feed = feeds::ALL.iter().find(|feed| feed.sources()[0].name == "debian").unwrap();
    feed.read(&[FeedFile { part: "tracker".into(), path }], &mut intake).unwrap();
    assert_eq!(intake.finish().unwrap().rejected, 0);
    records
}

#[test]
fn debian_s_states_are_told_apart() {
    let issue = |id: &str, rest: &str| {
        format!(r#""CVE-2025-{id}":{{"releases":{{"bookworm":{{{rest}}}}}}}"#)
    };
    let issues = [
        issue("1", r#""status":"open","urgency":"unimportant""#),
        issue("2", r#""status":"open","urgency":"low","nodsa":"minor","nodsa_reason":"""#),
        issue("3", r#""status":"open","urgency":"low","nodsa":"x","nodsa_reason":"ignored""#),
        issue("4", r#""status":"open","urgency":"high","nodsa":"x","nodsa_reason":"postponed""#),
        issue("5", r#""status":"open","urgency":"not yet assigned""#),
        issue("6", r#""status":"undetermined","urgency":"medium""#),
        issue("7", r#""status":"open","urgency":"end-of-life""#),
        issue("8", r#""status":"resolved","fixed_version":"0","urgency":"high""#),
        issue("9", r#""status":"resolved","fixed_version":"2.0-1","urgency":"high""#),
        issue("10", r#""status":"resolved","fixed_version":"1.0-1","urgency":"high""#),
    ];
    insta::assert_snapshot!(judged(tracker(&issues.join(",")), &debian("p", "1.0-1")), @"
    CVE-2025-4 high p 1.0-1: Deferred
    CVE-2025-9 high p 1.0-1: Fixed([\"2.0-1\"])
    CVE-2025-6 medium p 1.0-1: UnderInvestigation
    CVE-2025-2 low p 1.0-1: Deferred
    CVE-2025-3 low p 1.0-1: WillNotFix
    CVE-2025-1 negligible p 1.0-1: NotFixed
    CVE-2025-5 unknown p 1.0-1: NotFixed
    CVE-2025-7 unknown p 1.0-1: EndOfLife
    ");
}

#[test]
fn the_vendor_s_no_outweighs_another_feed_s_yes() {
    let mut records = tracker(
        r#""CVE-2025-8":{"releases":{"bookworm":{"status":"resolved","fixed_version":"0","urgency":"high"}}}"#,
    );
    records.push(record("DEBIAN-CVE-2025-8", "Debian:12", "p", "-"));
    assert_eq!(judged(records, &debian("p", "1.0-1")), "");
}

#[test]
fn an_epoch_counts_before_all_else_in_deb_and_rpm() {
    let deb = || vec![record("CVE-2025-1", "Debian:12", "p", "2.0-1")];
    assert_eq!(judged(deb(), &debian("p", "1:1.0-1")), "");
    assert_eq!(
        judged(deb(), &debian("p", "1.0-1")),
        "CVE-2025-1 unknown p 1.0-1: Fixed([\"2.0-1\"])\n"
    );
    assert_eq!(judged(deb(), &debian("p", "0:2.0-1")), "");
    let fixed = || {
        let mut record = record("ALSA-2025:1", "AlmaLinux:9", "openssl", "1:3.0.7-27.el9");
        record.affected[0].binary = true;
        record.upstream = vec!["CVE-2025-1".into()];
        vec![record]
    };
    let alma = |version: &str| rpm("AlmaLinux:9", "openssl", version, None);
    assert_eq!(
        judged(fixed(), &alma("1:3.0.7-6.el9")),
        "CVE-2025-1 unknown openssl 1:3.0.7-6.el9: Fixed([\"1:3.0.7-27.el9\"])\n"
    );
    // A package without an epoch is older than any with one.
    assert_ne!(judged(fixed(), &alma("9.0-1.el9")), "");
    assert_eq!(judged(fixed(), &alma("1:3.0.7-27.el9")), "");
    assert_eq!(judged(fixed(), &alma("2:1.0-1.el9")), "");
}

/// As `AlmaLinux` publishes ALBA-2019:0973: one package, every rebuild for a minor release.
fn rebuilds() -> Vec<Advisory> {
    let mut record = Advisory::new("ALSA-2019:0973", "osv/AlmaLinux");
    record.upstream = vec!["CVE-2019-1".into()];
    for build in ["el8.5.0+119+9a9ec082", "el8.4.0+2496+12421f43", "el8.3.0+2044+12421f43"] {
        let fixed = format!("1:0.1.15-2.git2d0b8a3.module_{build}");
        let mut affected = affected("AlmaLinux:8", "oci-systemd-hook", &fixed);
        affected.binary = true;
        record.affected.push(affected);
    }
    vec![record]
}

#[test]
fn every_rebuild_that_a_modular_notice_names_has_the_repair() {
    let label = Some("container-tools:rhel8:8030020201124104955:9f9e2e7e");
    let of = |version: &str, label| {
        judged(rebuilds(), &rpm("AlmaLinux:8", "oci-systemd-hook", version, label))
    };
    for build in ["el8.5.0+119+9a9ec082", "el8.4.0+2496+12421f43", "el8.3.0+2044+12421f43"] {
        assert_eq!(of(&format!("1:0.1.15-2.git2d0b8a3.module_{build}"), label), "", "{build}");
    }
    assert_eq!(
        of("1:0.1.15-1.git2d0b8a3.module_el8.2.0+1+aaaaaaaa", label),
        "CVE-2019-1 unknown oci-systemd-hook 1:0.1.15-1.git2d0b8a3.module_el8.2.0+1+aaaaaaaa: \
         Fixed([\"1:0.1.15-2.git2d0b8a3.module_el8.5.0+119+9a9ec082\"])\n"
    );
    // The package of the same name that is in no module has its own notices.
    assert_eq!(of("1:0.1.15-1.el8", None), "");
}

#[test]
fn a_version_that_cannot_be_compared_is_undecided_and_not_silence() {
    let records = || vec![record("CVE-2025-1", "Debian:12", "p", "2.0-1")];
    insta::assert_snapshot!(judged(records(), &debian("p", "")), @"undecided CVE-2025-1 p : the installed version is not known");
    insta::assert_snapshot!(judged(records(), &debian("p", "?:1")), @"undecided CVE-2025-1 p ?:1: `?:1` is no version for dpkg: its epoch is no number");
}

#[test]
fn an_upstream_record_does_not_speak_for_a_distribution_s_package() {
    let records = || {
        vec![
            record("CVE-2025-1", "PyPI", "requests", "2.31.0"),
            record("CVE-2025-2", "Debian:12", "other", "1"),
        ]
    };
    let mut owned = package(PackageKind::Pypi, "requests", "2.28.1");
    assert_ne!(judged(records(), &inventory("Debian:12", vec![owned.clone()])), "");
    owned.owner = Some("python3-requests".into());
    assert_eq!(judged(records(), &inventory("Debian:12", vec![owned.clone()])), "");
    // An owner in a distribution that nobody judges covers nothing.
    assert_ne!(judged(records(), &inventory("nobodys", vec![owned])), "");
}
