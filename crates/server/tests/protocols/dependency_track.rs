//! What clients of Dependency-Track speak.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::running::client;
use crate::{Running, body, get};

fn bill() -> String {
    json!({
        "bomFormat": "CycloneDX", "specVersion": "1.5", "version": 1,
        "metadata": {"component": {"type": "application", "name": "shop", "version": "1"}},
        "components": [
            {"type": "library", "name": "lodash", "version": "4.17.4", "purl": "pkg:npm/lodash@4.17.4"},
            {"type": "library", "name": "left-pad", "version": "1.3.0", "purl": "pkg:npm/left-pad@1.3.0"},
        ],
    })
    .to_string()
}

fn processed(running: &Running, token: &str) {
    Running::until("the bill", || {
        let answer = body(get(&running.url(&format!("/api/v1/bom/token/{token}"))));
        (answer["processing"] == false).then_some(())
    });
}

#[test]
fn a_bill_is_uploaded_for_a_project_whose_findings_are_asked_for() {
    let running = Running::start();
    let send = |value: &Value| {
        let request = client().put(running.url("/api/v1/bom"));
        request.header("content-type", "application/json").body(value.to_string()).send().unwrap()
    };
    let mut upload =
        json!({"projectName": "shop", "projectVersion": "1", "bom": STANDARD.encode(bill())});
    assert_eq!(send(&upload).status(), 404, "nobody asked to make it");
    upload["autoCreate"] = true.into();
    let answer = send(&upload);
    assert_eq!(answer.status(), 200);
    let token = body(answer)["token"].as_str().unwrap().to_owned();
    assert_eq!(token.len(), 36);
    processed(&running, &token);
    let projects = get(&running.url("/api/v1/project"));
    assert_eq!(projects.headers()["x-total-count"], "1");
    let projects = body(projects);
    let uuid = projects[0]["uuid"].as_str().unwrap().to_owned();
    assert_eq!((&projects[0]["name"], &projects[0]["version"]), (&json!("shop"), &json!("1")));
    let found = body(get(&running.url(&format!("/api/v1/finding/project/{uuid}"))));
    let one = found
        .as_array()
        .unwrap()
        .iter()
        .find(|it| it["vulnerability"]["vulnId"] == "CVE-2019-10744");
    let one = one.unwrap();
    assert_eq!(one["component"]["purl"], "pkg:npm/lodash@4.17.4");
    assert_eq!(
        (&one["vulnerability"]["severity"], &one["vulnerability"]["severityRank"]),
        (&json!("CRITICAL"), &json!(0))
    );
    let export = body(get(&running.url(&format!("/dtrack/api/v1/finding/project/{uuid}/export"))));
    assert_eq!(export["findings"].as_array().unwrap().len(), found.as_array().unwrap().len());
    let metrics = body(get(&running.url(&format!("/api/v1/metrics/project/{uuid}/current"))));
    assert_eq!((&metrics["components"], &metrics["vulnerableComponents"]), (&json!(2), &json!(1)));
    let badge = get(&running.url(&format!("/api/v1/badge/vulns/project/{uuid}")));
    assert_eq!(badge.headers()["content-type"], "image/svg+xml");
    let looked_up = body(get(&running.url("/api/v1/project/lookup?name=shop&version=1")));
    assert_eq!(looked_up["uuid"], uuid);
    let place = running.url(&format!("/api/v1/project/{uuid}"));
    assert_eq!(client().delete(&place).send().unwrap().status(), 204);
    assert_eq!(get(&place).status(), 404);
}

#[test]
fn a_bill_may_come_as_a_form() {
    let running = Running::start();
    let field = |name: &str, value: &str| {
        format!("--edge\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n")
    };
    let form = format!(
        "{}{}{}{}--edge--\r\n",
        field("autoCreate", "true"),
        field("projectName", "form"),
        field("projectVersion", "2"),
        field("bom", &bill()),
    );
    let request = client().post(running.url("/dtrack/api/v1/bom"));
    let request = request.header("content-type", "multipart/form-data; boundary=edge").body(form);
    let answer = request.send().unwrap();
    assert_eq!(answer.status(), 200);
    processed(&running, body(answer)["token"].as_str().unwrap());
    let project = body(get(&running.url("/api/v1/project/lookup?name=form&version=2")));
    let uuid = project["uuid"].as_str().unwrap();
    let found = body(get(&running.url(&format!("/api/v1/finding/project/{uuid}"))));
    assert!(!found.as_array().unwrap().is_empty());
    let wrong = client().put(running.url("/api/v1/bom")).body("{\"project\":\"x\",\"bom\":\"!\"}");
    assert_eq!(wrong.send().unwrap().status(), 400);
}
