//! `--fix`: what is mended is no longer found, a second run changes nothing, comments stay, and
//! the API server would read the same but for what was mended.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a test stops at the first surprise and says what it measured"
)]

use std::collections::BTreeMap;

use plimsoll_kube::manifest::{Manifest, Node, Value};
use plimsoll_kube::pss::{Policy, Profile, Version, evaluate};
use plimsoll_kube::{Config, Estate, Workload, fix, lint, objects};
use plimsoll_model::text::{Safety, Source};
use plimsoll_testkit::shared_records;

fn mended(text: &str, most: Safety) -> String {
    fix(text, &Estate::default(), &Config::default(), most).text
}

/// Paths and scalars of a document.
fn leaves(node: &Node, path: &str, found: &mut BTreeMap<String, String>) {
    match &node.value {
        Value::Scalar(scalar) => {
            found.insert(path.to_owned(), scalar.text.to_string());
        }
        Value::Sequence(sequence) => {
            for (index, item) in sequence.items.iter().enumerate() {
                leaves(item, &format!("{path}[{index}]"), found);
            }
        }
        Value::Mapping(mapping) => {
            for field in &mapping.fields {
                leaves(&field.value, &format!("{path}.{}", field.name), found);
            }
        }
    }
}

fn leaves_of(text: &str) -> BTreeMap<String, String> {
    let manifest = Manifest::parse(Source::new(text));
    assert_eq!(manifest.problems, [], "{text}");
    let mut found = BTreeMap::new();
    for (index, document) in manifest.documents.iter().enumerate() {
        leaves(document, &format!("{index}"), &mut found);
    }
    found
}

const WEB: &str = "# our shop
apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
spec:
  template:
    spec:
      hostPID: true # to look around
      containers:
        - name: web # the first
          image: web:1
          # what it may do
          securityContext:
            privileged: true # for now

        - {name: flow, image: 'web:2'}
        - name: last
          command:
          - sh
          - -c
          - |
            exec web

---
kind: ConfigMap
apiVersion: v1
metadata: {name: other}
";

#[test]
fn a_deployment_is_mended_until_restricted_allows_it_and_keeps_its_comments() {
    let after = mended(WEB, Safety::Unsafe);
    insta::assert_snapshot!(after);
    let manifest = Manifest::parse(Source::new(after.clone()));
    let workload = Workload::new(objects(&manifest).0[0], &manifest.source).unwrap();
    let policy = Policy { profile: Profile::Restricted, version: Version::Latest };
    assert_eq!(evaluate(&workload.pod, policy).len(), 0, "{after}");
    assert_eq!(mended(&after, Safety::Unsafe), after);
}

#[test]
fn a_safe_fix_takes_nothing_away() {
    let (before, after) = (leaves_of(WEB), leaves_of(&mended(WEB, Safety::Safe)));
    for (path, value) in &before {
        assert_eq!(after.get(path), Some(value), "{path}");
    }
    let added: Vec<_> = after.keys().filter(|path| !before.contains_key(*path)).collect();
    let expected = |path: &&&String| {
        path.ends_with("allowPrivilegeEscalation") || path.ends_with("seccompProfile.type")
    };
    assert!(added.iter().all(|path| expected(&path)), "{added:?}");
}

#[test]
fn json_stays_json() {
    let text = r#"{"apiVersion": "v1", "kind": "Pod", "spec": {"containers": [{"name": "a"}]}}"#;
    let after = mended(text, Safety::Unsafe);
    let value: serde_json::Value = serde_json::from_str(&after).unwrap();
    let security = &value["spec"]["containers"][0]["securityContext"];
    assert_eq!(security["allowPrivilegeEscalation"], false);
    assert_eq!(security["capabilities"]["drop"][0], "ALL");
}

#[test]
fn containers_that_share_an_anchor_are_mended_in_one_place() {
    let text = "apiVersion: v1\nkind: Pod\nspec:\n  initContainers:\n  - &one\n    name: a\n  \
                containers:\n  - *one\n";
    let after = mended(text, Safety::Unsafe);
    assert_eq!(after.matches("allowPrivilegeEscalation: false").count(), 1, "{after}");
    let merged = format!("{text}  - {{<<: *one, name: b}}\n");
    let after = mended(&merged, Safety::Unsafe);
    assert_eq!(mended(&after, Safety::Unsafe), after);
}

#[test]
fn fixtures_are_mended_for_good_and_only_where_something_was_found() {
    let (mut found, mut left, mut pods) = (0, 0, 0);
    for case in shared_records("pss/cases.jsonl") {
        // Each pod stands in many versions.
        if !["v1.24", "v1.36"].contains(&case["version"].as_str().unwrap()) {
            continue;
        }
        let text = case["pod_yaml"].as_str().unwrap();
        let after = mended(text, Safety::Unsafe);
        assert_eq!(mended(&after, Safety::Unsafe), after);
        let count = |text: &str| {
            let manifest = Manifest::parse(Source::new(text));
            assert_eq!(manifest.problems, []);
            let all = lint(&manifest, &Estate::default(), &Config::default());
            all.iter().filter(|one| one.fix.is_some()).count()
        };
        pods += 1;
        found += count(text);
        left += count(&after);
    }
    println!("{pods} pods: {found} findings with a fix, {left} after it");
    assert_eq!(left, 0);
}
