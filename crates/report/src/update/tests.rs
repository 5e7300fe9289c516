//! Each format on updates with everything in them.

use plimsoll_model::Severity;
use plimsoll_model::gate::Place;
use plimsoll_model::update::{Clears, NotKnown, PinKind, Proposal, Updates};

use super::UpdateFormat;
use crate::Style;

fn updates() -> Updates {
    let place = |line| Place { file: "a b/Dockerfile".into(), line, column: 6 };
    let digest = |letter: &str| format!("sha256:{}", letter.repeat(64));
    let image = Proposal {
        kind: PinKind::Image,
        place: place(1),
        name: "node|<b>\u{1b}[2J".into(),
        from: format!("24.1-alpine3.21@{}", digest("a")),
        to: format!("24.2-alpine3.22@{}", digest("b")),
        step: "minor",
        clears: Some(Clears {
            before: 3,
            after: 1,
            gone: vec![
                (Severity::Critical, "CVE-2026-1".into()),
                (Severity::Low, "CVE-2026-2".into()),
            ],
            new: vec![(Severity::Medium, "CVE-2026-3".into())],
        }),
        written: false,
    };
    let action = Proposal {
        kind: PinKind::Action,
        place: Place { file: ".github/workflows/ci.yml".into(), line: 9, column: 15 },
        name: "actions/checkout".into(),
        from: "master".into(),
        to: format!("{} # v4.2.2", "c".repeat(40)),
        step: "pin",
        clears: None,
        written: true,
    };
    let not_known = |why: &str| NotKnown { place: place(2), name: "x".into(), why: why.into() };
    Updates {
        proposals: vec![image, action],
        failed: vec![not_known("no answer")],
        passed_over: vec![not_known("a variable decides what it is")],
        looked_at: 4,
        files: 2,
    }
}

fn written(name: &str) -> String {
    let mut out = Vec::new();
    (UpdateFormat::named(name).unwrap().write)(&updates(), &Style::default(), &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

#[test]
fn the_table_goes_file_by_file_and_ends_with_the_counts() {
    insta::assert_snapshot!(written("table"));
}

#[test]
fn the_summary_names_what_is_cleared_and_has_no_markup_of_its_own() {
    let text = written("markdown");
    assert!(!text.contains("<b>") && !text.contains('\u{1b}'));
    insta::assert_snapshot!(text);
}

#[test]
fn programs_get_whole_digests() {
    let json: serde_json::Value = serde_json::from_str(&written("json")).unwrap();
    assert_eq!(json["proposals"][0]["clears"]["gone"][0]["severity"], "critical");
    assert!(json["proposals"][0]["to"].as_str().unwrap().ends_with(&"b".repeat(64)));
    assert_eq!(json["proposals"][1]["written"], true);
    assert_eq!(json["failed"][0]["why"], "no answer");
}
