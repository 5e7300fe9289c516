//! Trivy's server protocol, in JSON and as its clients write it.

use std::collections::BTreeSet;
use std::process::Command;

use plimsoll_testkit::{Compression, Image};
use serde_json::{Value, json};

use crate::clair_scanner::program;
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

/// What one side says of a weakness: name, package, version, fixed version, severity.
type Said = BTreeSet<[String; 5]>;

/// Packages of Debian and of npm with findings in the starter set; Trivy knows Debian by its own file.
fn image() -> Image {
    let status =
        "Package: curl\nStatus: install ok installed\nArchitecture: amd64\nVersion: 7.88.1-10\n\n";
    let release = "ID=debian\nVERSION_ID=\"12\"\nVERSION_CODENAME=bookworm\n";
    let package = r#"{"name":"lodash","version":"4.17.4","license":"MIT"}"#;
    let base = [
        ("etc/os-release", release),
        ("etc/debian_version", "12.1\n"),
        ("var/lib/dpkg/status", status),
    ];
    Image::new()
        .layer("FROM debian", &base)
        .layer("RUN npm install", &[("app/node_modules/lodash/package.json", package)])
}

/// What this server's own reading of the image of these tests comes to.
fn own(running: &Running) -> Said {
    let (_layers, manifest, hash) = crate::clair::served_of(&image());
    let index = running.url("/indexer/api/v1/index_report");
    assert_eq!(post(&index, manifest.to_string()).status(), 201);
    let report = body(get(&running.url(&format!("/matcher/api/v1/vulnerability_report/{hash}"))));
    let one = |it: &Value| {
        [
            &it["name"],
            &it["package"]["name"],
            &it["package"]["version"],
            &it["fixed_in_version"],
            &it["normalized_severity"],
        ]
        .map(|value| value.as_str().unwrap().to_owned())
    };
    report["vulnerabilities"].as_object().unwrap().values().map(one).collect()
}

fn theirs(report: &Value) -> Said {
    let results = report["Results"].as_array().unwrap().iter();
    let found = results.flat_map(|it| it["Vulnerabilities"].as_array().into_iter().flatten());
    found
        .map(|it| {
            let text = |name: &str| it[name].as_str().unwrap_or_default().to_owned();
            let mut severity = text("Severity").to_lowercase();
            severity[..1].make_ascii_uppercase();
            let names = ["VulnerabilityID", "PkgName", "InstalledVersion", "FixedVersion"];
            let [id, package, version, fixed] = names.map(text);
            [id, package, version, fixed, severity]
        })
        .collect()
}

/// How often something was asked of the server.
fn asked(running: &Running, method: &str) -> f64 {
    let metrics = get(&format!("http://{}/metrics", running.introspection)).text().unwrap();
    let lines = metrics.lines().filter(|line| {
        line.starts_with("plimsoll_http_requests_total") && line.contains(&format!("/{method}\""))
    });
    lines.map(|line| line.rsplit(' ').next().unwrap().parse::<f64>().unwrap()).sum()
}

#[test]
fn trivy_itself_finds_by_the_server_what_the_server_finds() {
    let Some(program) = program("trivy") else { return };
    let running = Running::start();
    let folder = tempfile::tempdir().unwrap();
    image().write_oci_dir(Compression::Gzip, &folder.path().join("image"));
    let scan = |more: &[&str]| {
        let report = folder.path().join("report.json");
        let output = Command::new(&program)
            .args(["image", "--server", &format!("http://{}", running.address), "--input"])
            .arg(folder.path().join("image"))
            .arg("--cache-dir")
            .arg(folder.path().join("cache"))
            .args(["--format", "json", "--quiet", "--skip-version-check", "--disable-telemetry"])
            .args(more)
            .arg("--output")
            .arg(&report)
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        serde_json::from_slice::<Value>(&std::fs::read(report).unwrap()).unwrap()
    };
    let report = scan(&[]);
    let (theirs, own) = (theirs(&report), own(&running));
    for weakness in ["CVE-2019-10744", "CVE-2023-38545"] {
        assert!(own.iter().any(|it| it[0] == weakness), "{weakness}: {own:?}");
    }
    assert_eq!(theirs, own);
    assert_eq!(report["Metadata"]["OS"], json!({"Family": "debian", "Name": "12.1"}));
    let results = report["Results"].as_array().unwrap();
    let lang = results.iter().find(|it| it["Class"] == "lang-pkgs").unwrap();
    let one = &lang["Vulnerabilities"][0];
    assert!(one["Layer"]["DiffID"].as_str().unwrap().starts_with("sha256:"), "{one}");
    assert_eq!(one["PkgIdentifier"]["PURL"], "pkg:npm/lodash@4.17.4");
    assert!(!one["Title"].as_str().unwrap().is_empty() && one["Status"] == "fixed", "{one}");

    // What it read once is known: only the question is asked again.
    let (put, scanned) = (asked(&running, "PutBlob"), asked(&running, "Scan"));
    assert!(put >= 2.0 && (scanned - 1.0).abs() < 0.1, "{put} {scanned}");
    assert_eq!(self::theirs(&scan(&["--pkg-types", "library"])).len(), lang_count(lang));
    assert_eq!((asked(&running, "PutBlob"), asked(&running, "Scan")), (put, 2.0));
    let strict = scan(&["--severity", "LOW"]);
    assert!(self::theirs(&strict).iter().all(|it| it[4] == "Low"), "{strict}");
}

fn lang_count(result: &Value) -> usize {
    result["Vulnerabilities"].as_array().unwrap().len()
}
