//! `kube admit`: what a scan, a VEX and the base of an image decide, against a real registry.

use std::fs;
use std::time::{SystemTime, UNIX_EPOCH};

use plimsoll_model::Digest;
use plimsoll_testkit::{Compression, DockerRegistry, Image};
use serde_json::{Value, json};

use crate::machine::{Machine, NOW};
use crate::sample;

/// A registry with these layouts of the machine, or why there is none.
fn registry(machine: &Machine, images: &[(&str, &str)]) -> Option<DockerRegistry> {
    let started = DockerRegistry::start(None, None);
    let pushed = started.and_then(|registry| {
        for (layout, name) in images {
            registry.push(&machine.path(layout), name)?;
        }
        Ok(registry)
    });
    pushed.map_err(|why| println!("skipped: {why}")).ok()
}

fn settings(machine: &Machine, images: &str) {
    let head =
        "apiVersion: plimsoll.dev/v1\nkind: AdmissionSettings\nfailure: closed\ntimeout: 20s\n";
    machine.write("admit.yaml", format!("{head}images:\n  {images}\n"));
}

/// Whether a pod with the image may run at a time, and why not.
fn ask(machine: &Machine, now: &str, host: &str, image: &str) -> Result<(), String> {
    let review = json!({"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "request": {
        "uid": "u", "operation": "CREATE", "namespace": "shop", "name": "web",
        "resource": {"group": "", "version": "v1", "resource": "pods"},
        "kind": {"group": "", "version": "v1", "kind": "Pod"},
        "object": {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "web"},
            "spec": {"containers": [{"name": "a", "image": image}]}}}});
    machine.write("review.json", review.to_string());
    let ran = machine.run_with(
        &[("SOURCE_DATE_EPOCH", now)],
        &format!("kube admit --config admit.yaml --review review.json --insecure-registry {host}"),
    );
    let body: Value = ran.json();
    if ran.code == 0 {
        assert_eq!(body["response"]["allowed"], true, "{body}");
        return Ok(());
    }
    assert_eq!(
        (ran.code, &body["response"]["allowed"]),
        (5, &Value::Bool(false)),
        "{}",
        ran.said()
    );
    Err(body["response"]["status"]["message"].as_str().unwrap_or_default().to_owned())
}

#[test]
fn findings_over_the_gate_keep_an_image_out_until_a_vex_says_that_they_are_not_its_matter() {
    let machine = sample::machine();
    sample::image().write_oci_dir(Compression::Gzip, &machine.path("layout"));
    let Some(registry) = registry(&machine, &[("layout", "team/app:1")]) else { return };
    let host = registry.host();
    let image = format!("{host}/team/app:1");
    // Feeds have the time at which they were fetched, which nothing pins.
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs().to_string();
    let signing = |arguments: &str| {
        let variables = [("PLIMSOLL_KEY_PASSWORD", "pass"), ("SOURCE_DATE_EPOCH", &*now)];
        machine.run_with(&variables, arguments).ended(0);
    };
    signing("key generate --type ed25519 -o ours");
    signing("key generate --type ed25519 -o theirs");
    machine.write(
        "policy.yaml",
        format!(
            "apiVersion: plimsoll.dev/v1\nkind: ImagePolicy\nmetadata: {{name: team}}\nspec:\n  images: \
             [{{glob: '{host}/team/**'}}]\n  authorities:\n  - name: release\n    key: {{file: ours.pub}}\n"
        ),
    );
    settings(&machine, "scan: {policy: policy.yaml, maxAge: 7d, failOn: critical, mode: enforce}");
    let attest = |key: &str, what: &str| {
        signing(&format!("attest --key {key}.key {what} --insecure-registry {host} {image}"));
    };
    attest("ours", "--scan");
    let refused = |count: &str| {
        let why = ask(&machine, &now, host, &image).unwrap_err();
        let said = format!("does not pass by its scan: {count} of severity critical or worse");
        assert!(why.contains(&said), "{why}");
    };
    refused("2 findings");

    let vex = |ids: &[&str]| {
        let statements: Vec<Value> = ids
            .iter()
            .map(|id| {
                json!({"vulnerability": {"name": id}, "status": "not_affected",
                    "justification": "vulnerable_code_not_in_execute_path", "products": []})
            })
            .collect();
        let document = json!({"@context": "https://openvex.dev/ns/v0.2.0", "@id": "https://a.example/1",
            "author": "team", "timestamp": "2026-01-01T00:00:00Z", "version": 1,
            "statements": statements});
        machine.write("vex.json", document.to_string());
        "--type openvex --predicate vex.json"
    };
    // The word of somebody whose scans do not count does not count either.
    attest("theirs", vex(&["CVE-2025-1001", "CVE-2025-1004"]));
    refused("2 findings");
    attest("ours", vex(&["CVE-2025-1001"]));
    refused("1 finding");
    attest("ours", vex(&["CVE-2025-1004"]));
    assert_eq!(ask(&machine, &now, host, &image), Ok(()));
    // It spares no image from its scan's age.
    let later = (now.parse::<u64>().unwrap() + 8 * 86_400).to_string();
    let why = ask(&machine, &later, host, &image).unwrap_err();
    assert!(why.contains("and 7 days are allowed"), "{why}");
}

/// Writes into the manifest of a layout what its image is built on.
fn annotate(machine: &Machine, layout: &str, annotations: &Value) {
    let blob = |digest: &str| format!("{layout}/blobs/{}", digest.replace(':', "/"));
    let mut index = machine.json(&format!("{layout}/index.json"));
    let old = index["manifests"][0]["digest"].as_str().unwrap().to_owned();
    let mut manifest = machine.json(&blob(&old));
    manifest["annotations"] = annotations.clone();
    let bytes = manifest.to_string();
    let digest = Digest::sha256(&plimsoll_supply::hash::sha256(bytes.as_bytes())).to_string();
    fs::remove_file(machine.path(&blob(&old))).unwrap();
    machine.write(&blob(&digest), &bytes);
    index["manifests"][0]["digest"] = digest.into();
    index["manifests"][0]["size"] = bytes.len().into();
    machine.write(&format!("{layout}/index.json"), index.to_string());
}

#[test]
fn an_image_on_a_base_that_is_too_old_is_kept_out_until_it_is_built_anew() {
    let machine = Machine::new();
    // All images of the kit were made at the time that tests run at.
    let base = Image::new().layer("ADD base", &[("etc/os-release", sample::DEBIAN)]);
    base.write_oci_dir(Compression::Gzip, &machine.path("base"));
    let app = base.layer("COPY app", &[("app", "1")]);
    app.write_oci_dir(Compression::Gzip, &machine.path("app"));
    let Some(registry) = registry(&machine, &[("base", "base/debian:12")]) else { return };
    let host = registry.host();
    let index = machine.json("base/index.json");
    annotate(
        &machine,
        "app",
        &json!({
            "org.opencontainers.image.base.name": format!("{host}/base/debian:12"),
            "org.opencontainers.image.base.digest": index["manifests"][0]["digest"],
        }),
    );
    registry.push(&machine.path("app"), "team/app:1").unwrap();
    settings(&machine, "base: {maxAge: 90d, mode: enforce}");
    let image = format!("{host}/team/app:1");
    let on_day = |day: i64| (NOW.parse::<i64>().unwrap() + day * 86_400).to_string();
    assert_eq!(ask(&machine, &on_day(89), host, &image), Ok(()));
    let why = ask(&machine, &on_day(100), host, &image).unwrap_err();
    assert!(why.contains("images/base: image"), "{why}");
    assert!(why.contains(&format!("is built on `{host}/base/debian@sha256:")), "{why}");
    assert!(why.contains("of 2026-01-02, 100 days old"), "{why}");
    settings(&machine, "base: {maxAge: 120d, mode: enforce}");
    assert_eq!(ask(&machine, &on_day(100), host, &image), Ok(()));
}
