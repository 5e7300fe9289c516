//! Trivy's server protocol, in JSON and as its clients write it.

use serde_json::{Value, json};

use crate::running::client;
use crate::{Running, body, get, post};

#[test]
fn layers_are_put_and_the_image_is_judged() {
    let running = Running::start();
    let call = |method: &str, value: Value| {
        let answer = post(&running.url(&format!("/twirp/trivy.{method}")), value.to_string());
        (answer.status().as_u16(), body(answer))
    };
    let ids = ["sha256:one", "sha256:two"];
    let missing = json!({"artifact_id": "sha256:image", "blob_ids": ids});
    let (status, answer) = call("cache.v1.Cache/MissingBlobs", missing.clone());
    assert_eq!((status, answer), (200, json!({"missing_artifact": true, "missing_blob_ids": ids})));
    let os = json!({"family": "debian", "name": "12.5"});
    let first = json!({"diff_id": ids[0], "blob_info": {"schema_version": 2, "diff_id": "sha256:d1", "os": os,
        "package_infos": [{"file_path": "var/lib/dpkg/status", "packages": [{"id": "libssl3@3.0.2-1",
            "name": "libssl3", "version": "3.0.2", "release": "1", "arch": "amd64", "src_name": "openssl",
            "src_version": "3.0.2", "src_release": "1"}]}]}});
    let second = json!({"diffId": ids[1], "blobInfo": {"diffId": "sha256:d2", "applications": [{
        "type": "node-pkg", "filePath": "app/node_modules/lodash/package.json",
        "packages": [{"id": "lodash@4.17.4", "name": "lodash", "version": "4.17.4",
            "filePath": "app/node_modules/lodash/package.json", "identifier": {"purl": "pkg:npm/lodash@4.17.4"}}]}],
        "secrets": [{"filepath": "app/key.pem", "findings": [{"ruleId": "private-key", "severity": "HIGH"}]}]}});
    for blob in [&first, &second] {
        assert_eq!(call("cache.v1.Cache/PutBlob", blob.clone()), (200, json!({})));
    }
    assert_eq!(call("cache.v1.Cache/PutArtifact", json!({"artifact_id": "sha256:image"})).0, 200);
    let nothing = json!({"missing_artifact": false, "missing_blob_ids": []});
    assert_eq!(call("cache.v1.Cache/MissingBlobs", missing), (200, nothing));
    let scan = json!({"target": "shop:1", "artifact_id": "sha256:image", "blob_ids": ids,
        "options": {"pkg_types": ["os", "library"], "scanners": ["vuln", "secret"]}});
    let (status, answer) = call("scanner.v1.Scanner/Scan", scan.clone());
    assert_eq!(status, 200, "{answer}");
    let results = answer["results"].as_array().unwrap();
    let classes: Vec<(&Value, &Value)> =
        results.iter().map(|it| (&it["class"], &it["target"])).collect();
    assert_eq!(
        classes,
        [
            (&json!("os-pkgs"), &json!("shop:1 (debian 12.5)")),
            (&json!("lang-pkgs"), &json!("Node.js")),
            (&json!("secret"), &json!("app/key.pem")),
        ]
    );
    let found = results[1]["vulnerabilities"].as_array().unwrap();
    let one = found.iter().find(|it| it["vulnerability_id"] == "CVE-2019-10744").unwrap();
    assert_eq!(
        (&one["fixed_version"], &one["severity"], &one["status"]),
        (&json!("4.17.12"), &json!(4), &json!(3))
    );
    assert_eq!(one["layer"]["diff_id"], "sha256:d2");
    assert_eq!(results[0]["packages"][0]["src_name"], "openssl");

    assert_eq!(call("cache.v1.Cache/DeleteBlobs", json!({"blob_ids": [ids[0]]})).0, 200);
    let (status, answer) = call("scanner.v1.Scanner/Scan", scan);
    assert_eq!((status, &answer["code"]), (404, &json!("not_found")));
    assert!(body(get(&running.url("/version")))["Version"].is_string());
}

#[test]
fn clients_write_protobuf_and_are_told_in_json_what_is_wrong() {
    let running = Running::start();
    let send = |path: &str, kind: &str, bytes: Vec<u8>| {
        let request = client().post(running.url(path)).header("content-type", kind);
        request.body(bytes).send().unwrap()
    };
    // blob_ids = ["a"]: field 2, two bytes.
    let answer = send(
        "/twirp/trivy.cache.v1.Cache/MissingBlobs",
        "application/protobuf",
        b"\x12\x01a".to_vec(),
    );
    assert_eq!(answer.headers()["content-type"], "application/protobuf");
    assert_eq!(answer.bytes().unwrap().as_ref(), b"\x08\x01\x12\x01a");
    let wrong =
        send("/twirp/trivy.scanner.v1.Scanner/Scan", "application/protobuf", b"\xff".to_vec());
    assert_eq!((wrong.status().as_u16(), &body(wrong)["code"]), (400, &json!("malformed")));
    let wrong = send("/twirp/trivy.scanner.v1.Scanner/Scan", "text/plain", Vec::new());
    assert_eq!(wrong.status(), 404);
}
