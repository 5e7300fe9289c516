//! The table as it looks on a terminal, in a pipe, and where there is nothing to show.

use plimsoll_model::{Problem, ProblemKind, Scan, Severity};
use plimsoll_report::Style;

use crate::report;
use crate::sample::{self, Builder, day};

fn table(scan: &Scan, width: Option<u16>, colour: bool) -> String {
    report("table", scan, &Style { width, colour })
}

#[test]
fn a_wide_terminal_has_one_line_a_finding() {
    insta::assert_snapshot!("wide", table(&sample::scan(), Some(120), false));
}

#[test]
fn a_narrow_terminal_has_two_lines_and_whole_versions() {
    insta::assert_snapshot!("narrow", table(&sample::scan(), Some(80), false));
}

#[test]
fn a_pipe_gets_everything_at_full_length() {
    insta::assert_snapshot!("piped", table(&sample::scan(), None, false));
}

#[test]
fn colours_are_where_the_eye_shall_go() {
    insta::assert_snapshot!(
        "coloured",
        table(&sample::scan(), Some(120), true).replace('\u{1b}', "␛")
    );
    insta::assert_snapshot!(
        "coloured-narrow",
        table(&sample::scan(), Some(80), true).replace('\u{1b}', "␛")
    );
}

#[test]
fn colour_changes_nothing_but_the_colour() {
    for width in [None, Some(20), Some(80), Some(120), Some(200)] {
        let plain = table(&sample::scan(), width, false);
        let mut coloured = table(&sample::scan(), width, true);
        while let Some(start) = coloured.find('\u{1b}') {
            let end = start + coloured[start..].find('m').unwrap();
            coloured.replace_range(start..=end, "");
        }
        assert_eq!(coloured, plain, "{width:?}");
    }
}

#[test]
fn no_line_is_wider_than_the_terminal() {
    for width in [80_u16, 100, 120, 160] {
        for line in table(&sample::scan(), Some(width), false).lines() {
            assert!(line.chars().count() <= usize::from(width), "{width}: {line}");
        }
    }
}

#[test]
fn nothing_found_says_in_what_and_by_which_advisories() {
    let mut scan = sample::scan();
    scan.findings.clear();
    scan.undecided.clear();
    scan.verdict.failed.clear();
    scan.inventory.problems.clear();
    insta::assert_snapshot!(table(&scan, Some(100), false), @r"
    registry.example.org/shop/web:1.8 · docker-archive · sha256:555555555555 · linux/amd64 · Debian
      GNU/Linux 12 (bookworm) · 9 packages

    No findings in 9 packages.

    advisories: 70,555 records of kev, osv/Debian, osv/npm, the newest of 2026-11-23
    ");
}

#[test]
fn an_empty_image_and_missing_advisories_do_not_look_clean() {
    insta::assert_snapshot!(table(&Scan::default(), Some(80), false), @r"
    No packages were recognised, so there was nothing to judge.

    advisories: none were loaded; `plimsoll db update` gets them all
    ");
}

#[test]
fn doubts_about_the_result_stand_last() {
    let mut builder = Builder::new();
    builder.package(plimsoll_model::PackageKind::Deb, "bash", "5.2-1", "var/lib/dpkg/status", 0);
    let mut scan = builder.scan;
    scan.data.starter = true;
    scan.data.feeds.truncate(1);
    scan.data.feeds[0].rejected = 3;
    scan.inventory.distro.as_mut().unwrap().end_of_life = Some(day("2026-06-10"));
    let problem = |path: &str, layer| Problem {
        kind: ProblemKind::Partial,
        path: path.into(),
        layer,
        line: None,
        message: "tar is cut off at byte 9".into(),
    };
    scan.inventory.problems = vec![
        problem("", Some(1)),
        problem("app/a.jar", Some(2)),
        problem("", None),
        problem("", None),
    ];
    insta::assert_snapshot!(table(&scan, Some(80), false), @r"
    registry.example.org/shop/web:1.8 · docker-archive · sha256:555555555555 ·
      linux/amd64 · Debian GNU/Linux 12 (bookworm) · 1 package

    No findings in 1 package, but not all could be read.

    advisories: only the starter set that is built in, 1,300 records, the newest of
      2026-11-20 (4 days old); 3 broken records are left out; `plimsoll db update`
      gets them all
    release: Debian GNU/Linux 12 (bookworm) ended on 2026-06-10; it gets no more
      fixes
    partial, packages may be missing: layer #1: tar is cut off at byte 9; app/a.jar:
      tar is cut off at byte 9; tar is cut off at byte 9; 1 more, `-o json` lists
      them
    ");
}

#[test]
fn suppressed_findings_are_counted_and_not_shown() {
    let mut scan = sample::scan();
    scan.findings.retain(|finding| finding.severity == Severity::Low);
    let shown = table(&scan, None, false);
    assert!(!shown.contains("CVE-2023-45853"));
    assert!(shown.contains("suppressed: 1 finding; "));
    assert!(shown.contains("No findings in 9 packages"));
}
