//! Reviews and their answers: modes, exceptions, templates, images, and what cannot be decided.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::needless_pass_by_value,
    reason = "a test stops at the first surprise"
)]

use std::collections::BTreeMap;
use std::sync::Arc;

use plimsoll_admission::settings::Settings;
use plimsoll_admission::{
    Answer, ImageFact, ImageRule, ImageVerdict, ImageViolation, answer_at_once,
};
use plimsoll_model::{Digest, Timestamp};
use serde_json::{Value, json};

fn settings(rest: &str) -> Settings {
    let head = "apiVersion: plimsoll.dev/v1\nkind: AdmissionSettings\n";
    Settings::parse(&format!("{head}{rest}")).unwrap()
}

fn review(resource: [&str; 2], kind: &str, operation: &str, object: Value, old: Value) -> Value {
    json!({"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "request": {
        "uid": "u", "operation": operation, "namespace": "shop", "name": "web",
        "resource": {"group": resource[0], "version": "v1", "resource": resource[1]},
        "kind": {"group": resource[0], "version": "v1", "kind": kind},
        "userInfo": {"username": "dev"}, "object": object, "oldObject": old}})
}

fn pod(spec: Value) -> Value {
    json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "web"}, "spec": spec})
}

fn create(spec: Value) -> Value {
    review(["", "pods"], "Pod", "CREATE", pod(spec), Value::Null)
}

fn template(spec: Value) -> Value {
    json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"},
        "spec": {"template": {"spec": spec}}})
}

fn one(image: &str) -> Value {
    json!({"containers": [{"name": "app", "image": image}]})
}

fn now() -> Timestamp {
    "2026-12-01".parse().unwrap()
}

fn answer_with(review: &Value, settings: &Settings, image: impl Fn(&str) -> ImageFact) -> Answer {
    let labels = |_: &str| {
        Ok(BTreeMap::from([("pod-security.kubernetes.io/enforce".into(), "baseline".into())]))
    };
    answer_at_once(review.to_string().as_bytes(), settings, now(), labels, image).unwrap()
}

fn answer(review: &Value, settings: &Settings) -> Answer {
    answer_with(review, settings, |_| ImageFact::Unknown("its registry is away".into()))
}

fn message(answer: &Answer) -> &str {
    answer.status.as_ref().map_or("", |status| &status.message)
}

#[test]
fn the_mode_of_pod_security_is_the_most_that_becomes_of_a_violation() {
    let review = create(json!({"hostPID": true, "containers": []}));
    let of = |mode: &str| {
        answer(&review, &settings(&format!("failure: closed\npodSecurity: {{mode: {mode}}}\n")))
    };
    assert!(!of("enforce").allowed);
    let warned = of("warn");
    assert!(
        warned.allowed && warned.warnings[0].starts_with("would violate PodSecurity \"baseline")
    );
    let audited = of("audit");
    assert!(audited.allowed && audited.warnings.is_empty());
    assert!(audited.annotations["audit-violations"].contains("hostPID=true"));
    assert_eq!(of("dry-run"), Answer::allowed());
}

#[test]
fn rules_of_our_own_are_asked_by_severity_and_an_annotation_spares_nobody() {
    let own =
        "failure: closed\nrules: [{rule: PK1001, mode: enforce}, {rule: PK2003, mode: warn}]\n";
    let settings = settings(own);
    let mut asked = create(one("registry.example/app:latest"));
    asked["request"]["object"]["metadata"]["annotations"] = json!({"plimsoll/ignore": "PK1001"});
    let found = answer(&asked, &settings);
    assert!(!found.allowed);
    assert!(message(&found).starts_with("pods \"web\" is forbidden: PK1001: "), "{found:?}");
    assert!(message(&found).contains("(spec.containers[0].image)"), "{found:?}");
    assert!(found.warnings.is_empty());
    let warned = answer(&create(one("registry.example/app:1")), &settings);
    assert!(warned.allowed);
    assert!(warned.warnings[0].starts_with("PK2003: "), "{warned:?}");
}

#[test]
fn templates_are_warned_of_unless_they_are_to_be_refused() {
    let own = "failure: closed\nrules: [{rule: PK1001, mode: enforce}]\n";
    let object = template(one("registry.example/app:latest"));
    let asked = review(["apps", "deployments"], "Deployment", "CREATE", object, Value::Null);
    let warned = answer(&asked, &settings(own));
    assert!(warned.allowed);
    assert!(warned.warnings[0].contains("(spec.template.spec.containers[0].image)"), "{warned:?}");
    let refused = answer(&asked, &settings(&format!("{own}templates: enforce\n")));
    assert!(message(&refused).starts_with("deployments.apps \"web\" is forbidden: PK1001"));
}

#[test]
fn what_was_there_before_holds_up_no_change() {
    let settings = settings(
        "failure: closed\nrules: [{rule: PK1001, mode: enforce}]\nimages: {registries: {allowed: \
         ['registry.example/**'], mode: enforce}}\n",
    );
    let bad = pod(one("elsewhere.example/app:latest"));
    let mut labelled = bad.clone();
    labelled["metadata"]["labels"] = json!({"a": "b"});
    let change = |new: &Value, old: &Value| {
        answer(&review(["", "pods"], "Pod", "UPDATE", new.clone(), old.clone()), &settings)
    };
    assert_eq!(change(&labelled, &bad), Answer::allowed());
    let other = pod(one("elsewhere.example/other:latest"));
    assert!(!change(&other, &bad).allowed);
    // An image that stays is not asked about for the sake of one that came.
    let both = pod(json!({"containers": [
        {"name": "app", "image": "elsewhere.example/app:1"}, {"name": "b", "image": "registry.example/b:1"}]}));
    let before = pod(one("elsewhere.example/app:1"));
    assert!(change(&both, &before).allowed);
    let deleted = review(["", "pods"], "Pod", "DELETE", Value::Null, bad);
    assert_eq!(answer(&deleted, &settings), Answer::allowed());
}

#[test]
fn images_come_from_where_they_may_whatever_their_name_leaves_out() {
    let settings = settings(
        "failure: closed\nimages: {registries: {allowed: ['registry.example/**', \
         'docker.io/library/nginx'], mode: enforce}}\n",
    );
    let allowed = |image: &str| answer(&create(one(image)), &settings).allowed;
    assert!(allowed("registry.example/team/app:1"));
    assert!(allowed("nginx"));
    assert!(!allowed("redis"));
    assert!(!allowed("registry.example.evil.example/app"));
    assert!(!allowed("evil.example/registry.example/app"));
    let by_its_other_name = self::settings(
        "failure: closed\nimages: {registries: {allowed: ['index.docker.io/library/*'], mode: enforce}}\n",
    );
    assert!(answer(&create(one("nginx:1")), &by_its_other_name).allowed);
    let exported = plimsoll_admission::vap::export(&by_its_other_name).documents;
    let exported = Value::from(exported).to_string();
    assert!(exported.contains("docker[.]io/library/") && !exported.contains("index"), "{exported}");
    let odd = answer(&create(one("registry.example/APP")), &settings);
    assert!(message(&odd).contains("images/name"), "{odd:?}");
    let hidden = json!({"containers": [], "volumes": [{"name": "v", "image": {"reference": "redis"}}],
        "initContainers": [{"name": "i", "image": "nginx"}]});
    assert!(message(&answer(&create(hidden), &settings)).contains("images/registry"));
}

fn verdict(violations: Vec<ImageViolation>) -> ImageFact {
    let digest = Digest::sha256(&[1; 32]);
    ImageFact::Judged(Arc::new(ImageVerdict { digest, violations }))
}

const SIGNED: &str = "images: {signature: {policy: p.yaml, mode: enforce}, scan: {policy: p.yaml, \
                      maxAge: 7d, mode: warn}}\n";

#[test]
fn what_a_registry_says_counts_by_the_mode_of_its_rule() {
    let settings = settings(&format!("failure: closed\n{SIGNED}"));
    let asked = create(one("registry.example/app:1"));
    let violation = |rule, warns| ImageViolation { rule, why: "does not hold".into(), warns };
    let of = |violations: Vec<ImageViolation>| {
        answer_with(&asked, &settings, |_| verdict(violations.clone()))
    };
    assert_eq!(of(Vec::new()), Answer::allowed());
    assert!(!of(vec![violation(ImageRule::Signature, false)]).allowed);
    let scanned = of(vec![violation(ImageRule::Scan, false)]);
    assert!(scanned.allowed);
    assert_eq!(scanned.warnings, ["images/scan: image `registry.example/app:1` does not hold"]);
    assert!(of(vec![violation(ImageRule::Signature, true)]).allowed);
}

#[test]
fn what_cannot_be_decided_is_let_in_or_refused_as_the_settings_say_and_never_silently() {
    let asked = create(one("registry.example/app:1"));
    let closed = answer(&asked, &settings(&format!("failure: closed\n{SIGNED}")));
    assert!(!closed.allowed);
    assert!(
        message(&closed)
            .contains("cannot be decided: image `registry.example/app:1`: its registry is away")
    );
    let open = answer(&asked, &settings(&format!("failure: open\n{SIGNED}")));
    assert!(open.allowed);
    assert!(open.warnings[0].contains("its registry is away"), "{open:?}");
    // The labels of the namespace.
    let own =
        |failure: &str| settings(&format!("failure: {failure}\npodSecurity: {{mode: enforce}}\n"));
    let away = |settings: &Settings, review: &Value| {
        let labels = |_: &str| Err("no answer".to_owned());
        let body = review.to_string();
        answer_at_once(body.as_bytes(), settings, now(), labels, |_| unreachable!()).unwrap()
    };
    let review_of_pod = create(json!({"containers": []}));
    let closed = away(&own("closed"), &review_of_pod);
    assert_eq!(message(&closed), "Internal error occurred: failed to lookup namespace \"shop\"");
    assert!(closed.annotations["error"].ends_with("no answer"));
    assert!(!closed.allowed && away(&own("open"), &review_of_pod).allowed);
    let made =
        review(["apps", "deployments"], "Deployment", "CREATE", template(one("a")), Value::Null);
    assert!(away(&own("closed"), &made).allowed);
}

#[test]
fn only_registries_that_images_may_come_from_are_asked() {
    let settings = settings(
        "failure: closed\nimages: {registries: {allowed: ['registry.example/**'], mode: warn}, \
         digest: {mode: enforce, pin: true}, signature: {policy: p.yaml, mode: enforce}}\n",
    );
    let asked = |image: &str| {
        let body = create(one(image)).to_string();
        let review = plimsoll_admission::Review::parse(body.as_bytes()).unwrap();
        plimsoll_admission::needs(&review.request(), &settings).images.len()
    };
    assert_eq!(asked("registry.example/app:1"), 1);
    assert_eq!(asked("169.254.169.254/latest:1"), 0);
    let found = answer(&create(one("10.0.0.1:6379/app:1")), &settings);
    assert!(message(&found).contains("its registry is not asked"), "{found:?}");
}

#[test]
fn an_exception_spares_what_it_names_until_it_ends_and_both_are_told() {
    let own = |expires: &str| {
        settings(&format!(
            "failure: closed\npodSecurity: {{mode: enforce}}\nexceptions:\n- name: agent\n  owner: \
             infra@example.com\n  reason: reads the host\n  expires: {expires}\n  rules: \
             [hostNamespaces]\n  namespaces: [shop]\n  workloads: ['web*']\n"
        ))
    };
    let asked = create(json!({"hostPID": true, "containers": []}));
    let spared = answer(&asked, &own("2027-01-01"));
    assert!(spared.allowed, "{spared:?}");
    assert_eq!(spared.annotations["exceptions"], "agent: hostNamespaces");
    let over = answer(&asked, &own("2026-11-30"));
    assert!(!over.allowed);
    assert_eq!(over.warnings, ["exception `agent` for hostNamespaces has expired"]);
    let more = create(
        json!({"hostPID": true, "volumes": [{"hostPath": {"path": "/"}}], "containers": []}),
    );
    let rest = answer(&more, &own("2027-01-01"));
    assert!(
        message(&rest).contains("hostPath volumes") && !message(&rest).contains("host namespaces")
    );
}

#[test]
fn a_digest_that_pods_get_is_not_asked_of_templates() {
    let own = "failure: closed\ntemplates: enforce\nimages: {digest: {mode: enforce, pin: true}}\n";
    let object = template(one("registry.example/app:1"));
    let made = review(["apps", "deployments"], "Deployment", "CREATE", object, Value::Null);
    assert_eq!(answer(&made, &settings(own)), Answer::allowed());
    let refused = answer(&create(one("registry.example/app:1")), &settings(own));
    assert!(message(&refused).contains("images/digest: cannot be decided"), "{refused:?}");
    let open = own.replace("closed", "open");
    assert!(answer(&create(one("registry.example/app:1")), &settings(&open)).allowed);
    let pinned = format!("registry.example/app:1@sha256:{}", "0".repeat(64));
    assert!(answer_with(&create(one(&pinned)), &settings(own), |_| verdict(Vec::new())).allowed);
}

#[test]
fn namespaces_of_the_cluster_itself_are_never_held_up() {
    let own = "failure: closed\npodSecurity: {mode: enforce, defaults: {enforce: restricted}}\n";
    let mut asked = create(json!({"hostPID": true, "containers": []}));
    asked["request"]["namespace"] = "kube-system".into();
    let found = answer(&asked, &settings(own));
    assert!(found.allowed);
    assert_eq!(found.annotations["exempt"], "namespace");
}
