//! Harbor's Pluggable Scanner API, with a real registry that wants a password.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use plimsoll_testkit::{Compression, DockerRegistry};
use serde_json::{Value, json};

use crate::running::{client, image};
use crate::{Running, body, get, post};

const GENERIC: &str = "application/vnd.security.vulnerability.report; version=1.1";
const SBOM: &str = "application/vnd.security.sbom.report+json; version=1.0";

fn pushed(registry: &DockerRegistry) -> String {
    let folder = tempfile::tempdir().unwrap();
    image().write_oci_dir(Compression::Gzip, folder.path());
    let index = std::fs::read(folder.path().join("index.json")).unwrap();
    let index: Value = serde_json::from_slice(&index).unwrap();
    let digest = index["manifests"][0]["digest"].as_str().unwrap().to_owned();
    registry.push(folder.path(), "library/shop:1").unwrap();
    digest
}

#[test]
fn an_image_of_a_registry_is_scanned_as_harbor_asks() {
    let registry = match DockerRegistry::start(Some(("robot$harbor", "s3cret")), None) {
        Ok(registry) => registry,
        Err(why) => {
            eprintln!("skipped: {why}");
            return;
        }
    };
    let digest = pushed(&registry);
    let running = Running::start();
    let metadata = get(&running.url("/harbor/api/v1/metadata"));
    let kind = metadata.headers()["content-type"].to_str().unwrap().to_owned();
    assert_eq!(kind, "application/vnd.scanner.adapter.metadata+json; version=1.1");
    let metadata = body(metadata);
    assert_eq!(metadata["capabilities"][1]["type"], "sbom");
    assert_eq!(metadata["scanner"]["name"], "Plimsoll");

    let request = |password: &str| {
        let basic = STANDARD.encode(format!("robot$harbor:{password}"));
        json!({
            "registry": {"url": format!("http://{}", registry.host()),
                         "authorization": format!("Basic {basic}")},
            "artifact": {"repository": "library/shop", "digest": digest, "tag": "1",
                         "mime_type": "application/vnd.oci.image.manifest.v1+json"},
            "enabled_capabilities": [{"type": "vulnerability", "produces_mime_types": [GENERIC]}],
        })
    };
    let ask = |id: &str, accept: &str, query: &str| {
        let url = running.url(&format!("/harbor/api/v1/scan/{id}/report{query}"));
        client().get(url).header("accept", accept).send().unwrap()
    };
    let scan = post(&running.url("/harbor/api/v1/scan"), request("s3cret").to_string());
    assert_eq!(scan.status(), 202);
    let id = body(scan)["id"].as_str().unwrap().to_owned();
    let report = Running::until("a report", || {
        let answer = ask(&id, GENERIC, "");
        match answer.status().as_u16() {
            302 => {
                assert_eq!(answer.headers()["refresh-after"], "1");
                None
            }
            200 => Some(body(answer)),
            other => panic!("{other}: {}", answer.text().unwrap()),
        }
    });
    assert_eq!(report["artifact"], json!({"repository": "library/shop", "digest": digest}));
    assert_eq!(report["severity"], "Critical");
    let found = report["vulnerabilities"].as_array().unwrap();
    let one = found.iter().find(|it| it["id"] == "CVE-2019-10744").unwrap();
    assert_eq!((&one["package"], &one["fix_version"]), (&json!("lodash"), &json!("4.17.12")));

    let spdx = body(ask(&id, SBOM, "?sbom_media_type=application%2Fspdx%2Bjson"));
    assert_eq!(spdx["media_type"], "application/spdx+json");
    assert!(spdx["sbom"]["spdxVersion"].as_str().unwrap().starts_with("SPDX-2"));
    let cyclonedx = body(ask(&id, SBOM, "?sbom_media_type=application/vnd.cyclonedx+json"));
    assert_eq!(cyclonedx["sbom"]["bomFormat"], "CycloneDX");
    assert_eq!(ask(&id, SBOM, "").status(), 400);
    assert_eq!(ask(&id, "text/html", "").status(), 501);
    assert_eq!(ask("999", GENERIC, "").status(), 404);

    let mut wrong = request("s3cret");
    wrong["artifact"]["mime_type"] = "application/vnd.cncf.helm.config.v1+json".into();
    assert_eq!(post(&running.url("/harbor/api/v1/scan"), wrong.to_string()).status(), 501);
    let mut wrong = request("s3cret");
    wrong["artifact"]["digest"] = "latest".into();
    assert_eq!(post(&running.url("/harbor/api/v1/scan"), wrong.to_string()).status(), 422);
    assert_eq!(post(&running.url("/harbor/api/v1/scan"), "{").status(), 400);
}
