//! Kinds, names and figures.

use plimsoll_kube::assessment::Identity;
use plimsoll_model::{Finding, FixState, PackageKind, PackageMatch, Scan, Severity};
use serde_json::json;

use super::*;

fn report(kind: &str, name: &str) -> Report {
    let about = Identity {
        api_version: "apps/v1".into(),
        kind: kind.into(),
        namespace: Some("shop".into()),
        name: name.into(),
        uid: Some("u".into()),
        hash: "h".into(),
    };
    Report {
        about,
        body: json!({"report": {"updateTimestamp": "now", "a": 1}}),
        ..Report::default()
    }
}

#[test]
fn names_are_those_of_trivy_operator_and_always_names() {
    assert_eq!(report_name("ReplicaSet", "web-5d8f", Some("nginx")), "replicaset-web-5d8f-nginx");
    assert_eq!(report_name("ClusterRole", "view", None), "clusterrole-view");
    for odd in ["system:controller:a", &"a".repeat(70), "a..b", "A", "a/b", "a\u{e9}"] {
        let name = report_name("ClusterRole", odd, None);
        assert!(name.starts_with("clusterrole-") && name.len() == 28, "{name}");
    }
}

#[test]
fn what_is_written_of_a_report_is_read_back_from_its_metadata() {
    let kind = ReportKind::named("VulnerabilityReport").unwrap();
    let mut one = report("ReplicaSet", "web-5d8f");
    one.container = Some("nginx".into());
    one.artifact = ["r.example", "app", "", "sha256:aa"].map(str::to_owned);
    one.counts = Counts([1, 2, 3, 4, 5]);
    one.judged = "x".into();
    one.seal();
    let object = one.object(kind);
    let back = Report::of_metadata(&object["metadata"]).unwrap();
    assert_eq!(back, Report { body: serde_json::Value::Null, ..one.clone() });
    let owner = &object["metadata"]["ownerReferences"][0];
    assert_eq!((&owner["kind"], &owner["controller"]), (&json!("ReplicaSet"), &json!(true)));
    // Another's are not ours.
    let other = json!({"labels": {"app.kubernetes.io/managed-by": "trivy-operator"}});
    assert!(Report::of_metadata(&other).is_none());

    let before = one.content.clone();
    one.body = json!({"report": {"updateTimestamp": "later", "a": 1}});
    one.seal();
    assert_eq!(one.content, before, "time alone is no change");
    one.body = json!({"report": {"updateTimestamp": "later", "a": 2}});
    one.seal();
    assert_ne!(one.content, before);
}

#[test]
fn figures_have_the_labels_of_trivy_operator_and_an_end() {
    let mut one = report("Role", "a\"b");
    one.counts = Counts([0, 7, 0, 0, 0]);
    let all = [Series { kind: "RbacAssessmentReport", name: "role-x", report: &one }];
    let text = metrics(&all, &[("t".into(), "d".into(), [1, 2])], 4);
    let line = "trivy_role_rbacassessments{namespace=\"shop\",name=\"role-x\",resource_kind=\"Role\",\
                resource_name=\"a\\\"b\",severity=\"High\"} 7";
    assert!(text.contains(line), "{text}");
    assert!(
        text.contains("trivy_cluster_compliance{title=\"t\",description=\"d\",status=\"Pass\"} 2")
    );
    assert!(text.contains("plimsoll_operator_series_left_out 0"));
    let text = metrics(&[all[0], all[0]], &[], 4);
    assert!(text.contains("plimsoll_operator_series_left_out 4"), "{text}");
}

#[test]
fn the_parts_of_an_image_are_those_of_its_name() {
    let image = Artifact::new("nginx:1.27", Some("sha256:aa"));
    assert_eq!(image.parts(), ["index.docker.io", "library/nginx", "1.27", "sha256:aa"]);
    let odd = Artifact::new("rootfs:/../ x", None);
    assert_eq!(odd.digest, "");
}

fn finding(number: usize, title: &str) -> Finding {
    Finding {
        id: format!("CVE-2025-{number:05}"),
        aliases: Vec::new(),
        package: PackageMatch {
            index: 0,
            kind: PackageKind::Deb,
            name: "openssl".into(),
            version: "3.0.1-1".into(),
            purl: "pkg:deb/debian/openssl@3.0.1-1".into(),
            locations: Vec::new(),
        },
        severity: Severity::High,
        severity_source: String::new(),
        ratings: Vec::new(),
        fix: FixState::NotFixed,
        title: title.into(),
        description: String::new(),
        published: None,
        modified: None,
        references: Vec::new(),
        advisories: Vec::new(),
        kev: None,
        epss: None,
        evidence: Vec::new(),
        suppressed: None,
        loaded: None,
    }
}

#[test]
fn a_report_that_the_api_server_would_not_take_is_made_shorter_and_says_by_how_much() {
    let artifact = Artifact::new("app:1", None);
    let mut scan = Scan::default();
    scan.findings.extend((0..2_000).map(|number| finding(number, &"x".repeat(1_000))));
    // One that is too large by itself takes no others with it.
    scan.findings.insert(0, finding(99_999, &"y".repeat(MAX_REPORT)));
    let (body, left) = vulnerabilities(&scan, &artifact, "now");
    let kept = body["report"]["vulnerabilities"].as_array().unwrap().len();
    assert!(left > 1 && kept > 500, "{kept} kept, {left} left out");
    assert_eq!(kept + left, 2_001);
    assert!(body.to_string().len() < 3 << 19, "an object of etcd has at most 1.5 MiB");
    assert_eq!(body["report"]["summary"]["highCount"], 2_001, "the figures count all");
}
