//! GitLab's report of container scanning, held against what its schema asks for.

use plimsoll_model::{Scan, Severity};
use plimsoll_report::Style;
use serde_json::Value;

use crate::sample::{self, Builder};
use crate::{hostile, report};

fn document(scan: &Scan) -> Value {
    serde_json::from_str(&report("gitlab", scan, &Style::default())).unwrap()
}

fn text<'v>(value: &'v Value, pointer: &str) -> &'v str {
    let found = value.pointer(pointer).and_then(Value::as_str);
    assert!(found.is_some(), "{pointer}: {value}");
    found.unwrap_or_default()
}

/// What the schema requires of every report, by its own words.
fn check(document: &Value) {
    assert_eq!(text(document, "/version"), "15.0.7");
    for tool in ["analyzer", "scanner"] {
        for field in ["id", "name", "version", "vendor/name"] {
            assert!(!text(document, &format!("/scan/{tool}/{field}")).is_empty());
        }
    }
    assert_eq!(text(document, "/scan/type"), "container_scanning");
    for field in ["start_time", "end_time"] {
        let shape: String = text(document, &format!("/scan/{field}"))
            .chars()
            .map(|c| if c.is_ascii_digit() { '9' } else { c })
            .collect();
        assert_eq!(shape, "9999-99-99T99:99:99");
    }
    for message in document["scan"]["messages"].as_array().unwrap() {
        assert!(["info", "warn"].contains(&text(message, "/level")));
        assert!(!text(message, "/value").is_empty());
    }
    for found in document["vulnerabilities"].as_array().unwrap() {
        let levels = ["Info", "Unknown", "Low", "Medium", "High", "Critical"];
        assert!(levels.contains(&text(found, "/severity")));
        assert!(text(found, "/name").chars().count() <= 255);
        assert!(text(found, "/solution").chars().count() <= 7_000);
        assert_eq!(text(found, "/id").len(), 36);
        assert!(!found["identifiers"].as_array().unwrap().is_empty());
        for identifier in found["identifiers"].as_array().unwrap() {
            for field in ["/type", "/name", "/value"] {
                assert!(!text(identifier, field).is_empty());
            }
        }
        let links = found["links"].as_array().unwrap().iter().map(|link| text(link, "/url"));
        let named = found["identifiers"].as_array().unwrap().iter();
        let named = named.filter_map(|it| it.get("url")).map(|url| url.as_str().unwrap());
        for url in links.chain(named) {
            assert!(url.starts_with("https://") || url.starts_with("http://"), "{url}");
        }
        for field in ["image", "operating_system", "dependency/package/name", "dependency/version"]
        {
            assert!(!text(found, &format!("/location/{field}")).is_empty());
        }
    }
}

#[test]
fn a_report_has_what_the_schema_asks_for_whatever_the_texts_are() {
    for scan in [sample::scan(), hostile::scan(), Builder::new().scan] {
        check(&document(&scan));
    }
}

#[test]
fn a_finding_names_the_image_the_package_and_the_update() {
    let report = document(&sample::scan());
    let all = report["vulnerabilities"].as_array().unwrap();
    let worst = all.iter().find(|it| text(it, "/severity") == "Critical").unwrap();
    assert_eq!(text(worst, "/location/image"), "registry.example.org/shop/web:1.8");
    assert_eq!(text(worst, "/location/operating_system"), "debian 12");
    assert!(text(worst, "/solution").starts_with("Update "), "{worst}");
    assert_eq!(text(worst, "/identifiers/0/type"), "cve");
    let url = text(worst, "/identifiers/0/url");
    assert!(url.starts_with("https://nvd.nist.gov/vuln/detail/CVE-"), "{url}");
}

#[test]
fn a_finding_keeps_its_identity_and_what_is_explained_away_is_not_told() {
    let mut scan = sample::scan();
    let ids = |scan: &Scan| -> Vec<String> {
        let report = document(scan);
        let all = report["vulnerabilities"].as_array().unwrap();
        all.iter().map(|it| text(it, "/id").to_owned()).collect()
    };
    let before = ids(&scan);
    scan.findings[0].severity = Severity::Low;
    assert_eq!(ids(&scan), before);
    let told = scan.findings.iter().position(|it| it.suppressed.is_none()).unwrap();
    scan.findings[told].suppressed = Some("not reachable".into());
    assert_eq!(ids(&scan).len(), before.len() - 1);
}
