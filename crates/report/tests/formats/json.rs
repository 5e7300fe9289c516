//! `plimsoll.scan/v1`: what its schema promises, what its page says, and what is written.

use std::collections::BTreeSet;

use plimsoll_model::{FixState, How, Loaded, Scan, Timestamp, Window};
use plimsoll_report::Style;
use serde_json::Value;

use crate::{report, sample};

const SCHEMA: &str = include_str!("../../../../docs/schema/scan-v1.schema.json");
const PAGE: &str = include_str!("../../../../docs/scan-json.md");

fn document(scan: &Scan) -> Value {
    serde_json::from_str(&report("json", scan, &Style::default())).unwrap()
}

fn schema() -> Value {
    serde_json::from_str(SCHEMA).unwrap()
}

fn complaints(document: &Value) -> Vec<String> {
    let validator = jsonschema::options().should_validate_formats(true).build(&schema()).unwrap();
    validator.iter_errors(document).map(|e| format!("{}: {e}", e.instance_path())).collect()
}

#[test]
fn real_output_is_valid_by_the_schema() {
    assert_eq!(complaints(&document(&sample::scan())), Vec::<String>::new());
    assert_eq!(complaints(&document(&Scan::default())), Vec::<String>::new());
}

#[test]
fn every_state_of_a_fix_is_in_the_schema() {
    for (fix, name) in [
        (FixState::Fixed(vec!["1".into()]), "fixed"),
        (FixState::NotFixed, "not_fixed"),
        (FixState::WillNotFix, "will_not_fix"),
        (FixState::Deferred, "deferred"),
        (FixState::UnderInvestigation, "under_investigation"),
        (FixState::EndOfLife, "end_of_life"),
    ] {
        let mut scan = sample::scan();
        scan.findings[0].fix = fix;
        let document = document(&scan);
        assert_eq!(document["findings"][0]["fix"]["state"], name);
        assert_eq!(complaints(&document), Vec::<String>::new());
    }
}

#[test]
fn every_state_of_loaded_code_is_in_the_schema() {
    let at = Timestamp::from_unix;
    let window = Window { since: at(0), until: at(86_400), containers: 2 };
    let loaded = Loaded::Loaded {
        how: How::Mapped,
        path: "/lib/a.so".into(),
        by: "/bin/b".into(),
        first: at(1),
        last: at(2),
    };
    for (loaded, name) in [
        (loaded, "loaded"),
        (Loaded::Never { windows: vec![window] }, "never_loaded"),
        (Loaded::NotObserved { why: "lost".into() }, "not_observed"),
    ] {
        let mut scan = sample::scan();
        scan.findings[0].loaded = Some(loaded);
        let document = document(&scan);
        assert_eq!(document["findings"][0]["loaded"]["state"], name);
        assert_eq!(complaints(&document), Vec::<String>::new());
    }
}

#[test]
fn a_field_that_the_schema_does_not_know_is_refused() {
    let mut document = document(&sample::scan());
    document["findings"][0]["new"] = Value::Null;
    assert_eq!(complaints(&document).len(), 1);
}

#[test]
fn every_field_of_the_schema_is_on_its_page() {
    let mut missing = BTreeSet::new();
    let mut fields = 0;
    let mut open = vec![("", schema())];
    for (name, definition) in schema()["$defs"].as_object().unwrap() {
        assert!(PAGE.contains(&format!("\n## {name}\n")), "no section {name}");
        open.push(("", definition.clone()));
    }
    for (_, definition) in open {
        for field in definition["properties"].as_object().into_iter().flatten() {
            fields += 1;
            if !PAGE.contains(&format!("| `{}` |", field.0)) {
                missing.insert(field.0.clone());
            }
        }
    }
    assert!(fields > 80 && missing.is_empty(), "{missing:?}");
}

/// The text of one member of the document, in the order in which it is written.
fn member<'t>(text: &'t str, name: &str, next: &str) -> &'t str {
    let start = text.find(&format!("\n  \"{name}\": ")).unwrap();
    let end = text.find(next).unwrap();
    text[start..end].trim_matches(['\n', ','])
}

#[test]
fn a_finding_says_where_it_is_and_how_it_came_about() {
    let mut scan = sample::scan();
    scan.findings.retain(|finding| finding.id == "CVE-2019-10744");
    let text = report("json", &scan, &Style::default());
    insta::assert_snapshot!("finding", member(&text, "findings", "\n  \"undecided\""));
}

#[test]
fn counts_are_of_the_findings_that_stand() {
    let text = report("json", &sample::scan(), &Style::default());
    insta::assert_snapshot!(member(&text, "summary", "\n}\n"), @r#"
    "summary": {
      "packages": 9,
      "findings": 12,
      "severities": {
        "critical": 3,
        "high": 4,
        "medium": 2,
        "low": 0,
        "negligible": 2,
        "unknown": 1
      },
      "fixable": 9,
      "exploited": 3,
      "suppressed": 1,
      "undecided": 1,
      "packages_to_update": 6,
      "partial": false
    }
    "#);
    insta::assert_snapshot!(member(&text, "verdict", "\n  \"data\""), @r#"
    "verdict": {
      "pass": false,
      "exit_code": 1,
      "failed": [
        {
          "gate": "severity",
          "reason": "4 findings of severity high or worse",
          "exit_code": 1
        }
      ]
    }
    "#);
}

#[test]
fn the_path_of_the_database_stays_at_home() {
    assert!(!report("json", &sample::scan(), &Style::default()).contains("/var/cache"));
}

#[test]
fn a_number_out_of_its_scale_is_null() {
    let mut scan = sample::scan();
    for finding in &mut scan.findings {
        if let Some(epss) = &mut finding.epss {
            epss.score = f32::NAN;
        }
        for rating in &mut finding.ratings {
            rating.score = Some(11.0);
        }
    }
    assert_eq!(complaints(&document(&scan)), Vec::<String>::new());
}
