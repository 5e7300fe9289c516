//! What fails a scan, with which words and which exit code.
#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use plimsoll_model::{
    AdvisoryData, FeedStatus, Finding, FixState, Kev, PackageKind, PackageMatch, Problem,
    ProblemKind, Scan, Severity, Timestamp, Verdict,
};
use plimsoll_policy::{Filter, Gates};

fn day(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn now() -> Timestamp {
    day("2026-11-24T08:00:00Z")
}

fn finding(id: &str, severity: Severity, fix: FixState) -> Finding {
    Finding {
        id: id.into(),
        aliases: vec![],
        package: PackageMatch {
            index: 0,
            kind: PackageKind::Deb,
            name: "curl".into(),
            version: "7.88.1-10".into(),
            purl: String::new(),
            locations: vec![],
        },
        severity,
        severity_source: "debian".into(),
        ratings: vec![],
        fix,
        title: String::new(),
        description: String::new(),
        published: None,
        modified: None,
        references: vec![],
        advisories: vec![],
        kev: None,
        epss: None,
        evidence: vec![],
        suppressed: None,
        loaded: None,
    }
}

fn fixed() -> FixState {
    FixState::Fixed(vec!["7.88.1-10+deb12u4".into()])
}

fn scan(findings: Vec<Finding>) -> Scan {
    Scan { findings, ..Scan::default() }
}

fn feed(name: &str, newest: Option<&str>, fetched: Option<&str>) -> FeedStatus {
    FeedStatus {
        name: name.into(),
        source: "https://example.org".into(),
        records: 1,
        rejected: 0,
        newest: newest.map(day),
        fetched: fetched.map(day),
    }
}

fn data(feeds: Vec<FeedStatus>) -> Scan {
    Scan { data: AdvisoryData { feeds, ..AdvisoryData::default() }, ..Scan::default() }
}

fn said(verdict: &Verdict) -> String {
    let reasons =
        verdict.failed.iter().map(|r| format!("{} {}: {}", r.exit_code, r.gate, r.reason));
    reasons.collect::<Vec<_>>().join("\n")
}

#[test]
fn without_gates_any_finding_passes() {
    let scan = scan(vec![finding("CVE-2023-38545", Severity::Critical, fixed())]);
    assert!(Gates::default().verdict(&scan, now()).is_pass());
}

#[test]
fn the_gate_counts_its_level_and_the_worse_ones() {
    let scan = scan(vec![
        finding("CVE-2023-38545", Severity::Critical, fixed()),
        finding("CVE-2023-38546", Severity::High, FixState::NotFixed),
        finding("CVE-2024-2004", Severity::Low, fixed()),
    ]);
    let gates = Gates { fail_on: Some(Severity::High), ..Gates::default() };
    assert_eq!(
        said(&gates.verdict(&scan, now())),
        "1 severity: 2 findings of severity high or worse"
    );
    let gates = Gates { only_fixed: true, ..gates };
    assert_eq!(
        said(&gates.verdict(&scan, now())),
        "1 severity: 1 fixable finding of severity high or worse"
    );
}

#[test]
fn what_was_explained_away_fails_nothing() {
    let mut explained = finding("CVE-2023-38545", Severity::Critical, fixed());
    explained.suppressed = Some("not reachable".into());
    let gates =
        Gates { fail_on: Some(Severity::Unknown), fail_on_exploited: true, ..Gates::default() };
    assert!(gates.verdict(&scan(vec![explained]), now()).is_pass());
}

#[test]
fn an_exploited_weakness_fails_whatever_its_level() {
    let mut exploited = finding("CVE-2024-1", Severity::Low, FixState::NotFixed);
    exploited.kev = Some(Kev { added: now(), due: None, ransomware: false });
    let gates = Gates { fail_on_exploited: true, ..Gates::default() };
    assert_eq!(
        said(&gates.verdict(&scan(vec![exploited]), now())),
        "1 exploited: 1 finding known to be exploited"
    );
}

#[test]
fn a_partial_scan_outranks_stale_data_and_findings() {
    let mut scan = scan(vec![finding("CVE-2023-38545", Severity::Critical, fixed())]);
    scan.inventory.problems = vec![Problem {
        kind: ProblemKind::Partial,
        path: "var/lib/rpm/\u{1b}[2Jrpmdb.sqlite".into(),
        layer: Some(1),
        line: None,
        message: "database is cut off".into(),
    }];
    let gates = Gates { fail_on: Some(Severity::Low), max_data_age: Some(7), ..Gates::default() };
    let verdict = gates.verdict(&scan, now());
    assert_eq!(
        said(&verdict),
        "3 partial: packages may be missing: `var/lib/rpm/\\u{1b}[2Jrpmdb.sqlite`: database is cut off\n\
         4 stale-data: the age of the advisories is unknown; at most 7 days are allowed\n\
         1 severity: 1 finding of severity low or worse"
    );
    assert_eq!(verdict.exit_code(), 3);
    let tolerant = Gates { allow_partial: true, ..gates };
    assert_eq!(tolerant.verdict(&scan, now()).exit_code(), 4);
}

#[test]
fn data_is_as_old_as_its_newest_record_and_its_most_neglected_feed() {
    let gates = Gates { max_data_age: Some(7), ..Gates::default() };
    let of = |feeds| said(&gates.verdict(&data(feeds), now()));
    assert_eq!(of(vec![feed("osv/npm", Some("2026-11-20"), Some("2026-11-23"))]), "");
    assert_eq!(
        of(vec![feed("starter", Some("2026-10-01"), None)]),
        "4 stale-data: the newest advisory is of 2026-10-01, 54 days old; at most 7 days are allowed"
    );
    assert_eq!(
        of(vec![
            feed("kev", Some("2026-11-23"), Some("2026-11-24")),
            feed("osv/Debian", Some("2026-03-01"), Some("2026-03-02")),
        ]),
        "4 stale-data: feed `osv/Debian` was last fetched 267 days ago; at most 7 days are allowed"
    );
}

#[test]
fn a_date_in_the_future_does_not_make_old_data_fresh() {
    let gates = Gates { max_data_age: Some(7), ..Gates::default() };
    let scan = data(vec![feed("osv/npm", Some("2999-01-01"), None)]);
    assert_eq!(gates.verdict(&scan, now()).exit_code(), 4);
    let scan = data(vec![feed("osv/npm", Some("2026-11-24T20:00:00Z"), None)]);
    assert!(gates.verdict(&scan, now()).is_pass());
}

#[test]
fn the_filter_keeps_order_and_takes_what_it_hides_from_the_gates_too() {
    let mut scan = scan(vec![
        finding("CVE-1", Severity::Critical, FixState::WillNotFix),
        finding("CVE-2", Severity::High, fixed()),
        finding("CVE-3", Severity::Low, fixed()),
    ]);
    let severities = Some(vec![Severity::Critical, Severity::Low]);
    let filter = Filter { severities, ..Filter::default() };
    filter.apply(&mut scan);
    let ids: Vec<&str> = scan.findings.iter().map(|f| f.id.as_str()).collect();
    assert_eq!(ids, ["CVE-1", "CVE-3"]);
    Filter { only_fixed: true, ..Filter::default() }.apply(&mut scan);
    let gates = Gates { fail_on: Some(Severity::High), ..Gates::default() };
    assert!(gates.verdict(&scan, now()).is_pass());
}

#[test]
fn a_scan_by_another_is_stale_by_its_own_time_and_by_that_of_its_advisories() {
    let gates = Gates { max_scan_age: Some(24 * 3600), ..Gates::default() };
    let reason = |scanned: Option<&str>, fetched: Option<&str>| {
        let mut scan = data(vec![feed("kev", None, fetched), feed("osv", None, None)]);
        scan.scanned_at = scanned.map(day);
        let verdict = gates.verdict(&scan, now());
        assert!([0, 4].contains(&verdict.exit_code()));
        verdict.failed.into_iter().next().map(|it| it.reason).unwrap_or_default()
    };
    let today = Some("2026-11-23T20:00:00Z");
    assert_eq!(reason(today, today), "");
    assert_eq!(
        reason(Some("2026-11-23T05:00:00Z"), today),
        "the scan was made 27 hours ago, and 24 hours are allowed"
    );
    assert_eq!(
        reason(today, Some("2026-11-20T08:00:00Z")),
        "its advisories were fetched 4 days ago, and 24 hours are allowed"
    );
    assert_eq!(reason(None, today), "the scan was made at an unknown time");
    assert_eq!(reason(today, None), "its advisories were fetched at an unknown time");
    assert_eq!(
        reason(Some("2026-11-27T08:00:00Z"), today),
        "the scan was made in the future: 2026-11-27T08:00:00Z"
    );
}
