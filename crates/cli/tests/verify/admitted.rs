//! `kube admit`: images judged for admission, against a real registry.

use plimsoll_testkit::DockerRegistry;
use serde_json::{Value, json};

use crate::folder::{Folder, NOW};

/// A registry with the image `app:1`, or why there is none.
fn registry(folder: &Folder) -> Option<DockerRegistry> {
    let started = DockerRegistry::start(None, None);
    let pushed = started.and_then(|registry| {
        registry.push(&folder.path("layout"), "team/app:1")?;
        Ok(registry)
    });
    pushed.map_err(|why| println!("skipped: {why}")).ok()
}

fn settings(folder: &Folder, failure: &str, images: &str) {
    let text = format!(
        "apiVersion: plimsoll.dev/v1\nkind: AdmissionSettings\nfailure: {failure}\ntimeout: 20s\n\
         images:\n{images}"
    );
    folder.write("admit.yaml", text);
}

/// The answer to a pod with this image, and how the program ended.
fn ask(folder: &Folder, now: i64, host: &str, image: &str) -> (i32, Value) {
    let review = json!({"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "request": {
        "uid": "u", "operation": "CREATE", "namespace": "shop", "name": "web",
        "resource": {"group": "", "version": "v1", "resource": "pods"},
        "kind": {"group": "", "version": "v1", "kind": "Pod"},
        "object": {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "web"},
            "spec": {"containers": [{"name": "a", "image": image}]}}}});
    folder.write("review.json", review.to_string());
    let run =
        format!("kube admit --config admit.yaml --review review.json --insecure-registry {host}");
    let ran = folder.run_at(now, &run, &[]);
    let body = serde_json::from_str(&ran.out);
    assert!(body.is_ok(), "{}{}", ran.err, ran.out);
    let body = body.unwrap();
    (ran.code, body)
}

fn message(body: &Value) -> String {
    body["response"]["status"]["message"].as_str().unwrap_or_default().to_owned()
}

fn policy(folder: &Folder, host: &str) {
    let text = format!(
        "apiVersion: plimsoll.dev/v1\nkind: ImagePolicy\nmetadata: {{name: team}}\nspec:\n  images: \
         [{{glob: '{host}/team/**'}}]\n  authorities:\n  - name: release\n    key: {{file: a.pub}}\n"
    );
    folder.write("policy.yaml", text);
}

#[test]
fn a_pod_is_refused_until_its_image_is_signed_by_who_should_have() {
    let folder = Folder::new();
    let Some(registry) = registry(&folder) else { return };
    let host = registry.host().to_owned();
    policy(&folder, &host);
    settings(&folder, "closed", "  signature: {policy: policy.yaml, mode: enforce}\n");
    let image = format!("{host}/team/app:1");
    let (code, body) = ask(&folder, NOW, &host, &image);
    assert_eq!(code, 5, "{body}");
    let start = format!(
        "pods \"web\" is forbidden: images/signature: image `{image}` does not hold by policy team: "
    );
    assert!(message(&body).starts_with(&start), "{body}");
    folder.run(&format!("sign --key b.key --insecure-registry {host} {image}")).ended(0);
    assert_eq!(ask(&folder, NOW, &host, &image).0, 5);
    folder.run(&format!("sign --key a.key --insecure-registry {host} {image}")).ended(0);
    let (code, body) = ask(&folder, NOW, &host, &image);
    assert_eq!(code, 0, "{body}");
    let (code, body) = ask(&folder, NOW, &host, &format!("{host}/other/app:1"));
    assert_eq!(code, 5, "{body}");
}

#[test]
fn the_loss_of_the_registry_is_handled_by_the_stated_mode() {
    let folder = Folder::new();
    let Some(registry) = registry(&folder) else { return };
    let host = registry.host().to_owned();
    policy(&folder, &host);
    drop(registry);
    let image = format!("{host}/team/app:1");
    for (failure, wanted) in [("closed", 5), ("open", 0)] {
        settings(&folder, failure, "  signature: {policy: policy.yaml, mode: enforce}\n");
        let (code, body) = ask(&folder, NOW, &host, &image);
        assert_eq!(code, wanted, "{body}");
        let said = format!("{}{}", message(&body), body["response"]["warnings"]);
        assert!(said.contains("cannot be decided: image"), "{body}");
    }
}

#[test]
fn a_scan_must_be_young_and_by_those_who_sign() {
    let folder = Folder::new();
    let Some(registry) = registry(&folder) else { return };
    let host = registry.host().to_owned();
    policy(&folder, &host);
    settings(
        &folder,
        "closed",
        "  scan: {policy: policy.yaml, maxAge: 7d, failOn: high, mode: enforce}\n",
    );
    let image = format!("{host}/team/app:1");
    let attest = |key: &str| {
        let run = format!("attest --key {key}.key --scan --insecure-registry {host} {image}");
        folder.run(&run).ended(0);
    };
    let refused = |now: i64, why: &str| {
        let (code, body) = ask(&folder, now, &host, &image);
        assert_eq!(code, 5, "{body}");
        assert!(message(&body).contains(why), "{body}");
    };
    refused(NOW, "has no scan that somebody asked for vouches for");
    attest("b");
    refused(NOW, "has no scan that somebody asked for vouches for");
    attest("a");
    let (code, body) = ask(&folder, NOW, &host, &image);
    let said = message(&body);
    // The starter set of advisories has no date, which is as good as an old one.
    assert!(code == 0 || said.contains("at an unknown time"), "{body}");
    refused(NOW + 8 * 86_400, "8 days ago, and 7 days are allowed");
}

#[test]
fn the_age_of_a_base_is_known_only_where_an_image_says_what_it_is_built_on() {
    let folder = Folder::new();
    let Some(registry) = registry(&folder) else { return };
    let host = registry.host().to_owned();
    settings(&folder, "closed", "  base: {maxAge: 90d, mode: enforce}\n");
    let (code, body) = ask(&folder, NOW, &host, &format!("{host}/team/app:1"));
    assert_eq!(code, 5, "{body}");
    assert!(message(&body).contains("does not say what it is built on"), "{body}");
}
