//! The fixtures of Kubernetes' own admission plugin: the same verdict, for the same reasons, in
//! the same order.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a test stops at the first surprise and says what it measured"
)]

use plimsoll_kube::manifest::Manifest;
use plimsoll_kube::pss::{Policy, evaluate};
use plimsoll_kube::{Workload, objects};
use plimsoll_model::text::Source;
use plimsoll_testkit::shared_records;
use serde_json::{Value, json};

fn reasons(text: &str, policy: Policy) -> Value {
    let manifest = Manifest::parse(Source::new(text));
    assert_eq!(manifest.problems, []);
    let (objects, _) = objects(&manifest);
    let workload = Workload::new(objects[0], &manifest.source).unwrap();
    assert_eq!(workload.pod.problems, []);
    let forbidden = evaluate(&workload.pod, policy);
    for (_, one) in &forbidden {
        assert!(!one.offences.is_empty());
        assert!(one.offences.iter().all(|place| place.span.end as usize <= text.len()));
    }
    forbidden.iter().map(|(_, one)| json!([one.reason, one.detail])).collect()
}

#[test]
fn every_fixture_has_kubernetes_own_answer() {
    let cases = shared_records("pss/cases.jsonl");
    let mut wrong = Vec::new();
    for case in &cases {
        let text = |name: &str| case[name].as_str().unwrap();
        let policy = Policy {
            profile: text("level").parse().unwrap(),
            version: text("version").parse().unwrap(),
        };
        let found = reasons(text("pod_yaml"), policy);
        let allowed = found == json!([]);
        if found != case["reasons"] || allowed != (text("expect") == "pass") {
            wrong.push(format!("{}: {found}\n  not {}", case["id"], case["reasons"]));
        }
    }
    println!("{} of {} fixtures", cases.len() - wrong.len(), cases.len());
    assert!(wrong.is_empty(), "{} differ:\n{}", wrong.len(), wrong.join("\n"));
}
