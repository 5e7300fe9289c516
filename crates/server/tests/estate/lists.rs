//! Every list of the API, as its own description names them: page by page, and refused in one form.

use plimsoll_server::store::registries::{self, Tag};
use serde_json::{Value, json};

use crate::{Bench, each};

/// Three of everything, and what stands for the parameters of paths.
async fn fill(bench: &Bench) -> Vec<(&'static str, String)> {
    let mut digest = String::new();
    for number in 0..3 {
        let name = format!("registry.invalid/a/one:{number}");
        let packages = [("lodash", "4.17.4"), ("minimist", "0.0.8"), ("left-pad", "1.3.0")];
        digest = bench.image(&name, &packages).await;
    }
    let mut watched = Value::Null;
    for name in ["a", "b", "c"] {
        let post = async |path: &str, body: Value| {
            let (status, body) = bench.ask("POST", path, body).await;
            assert!(status < 300, "{path}: {body}");
            body
        };
        post("/api/v1/teams", json!({"name": name, "repositories": ["r.example/*"]})).await;
        post("/api/v1/users", json!({"name": name, "role": "viewer"})).await;
        post("/api/v1/keys", json!({"name": name, "role": "viewer"})).await;
        post(
            "/api/v1/notifiers",
            json!({"name": name, "kind": "slack", "settings": {"url": "https://h.invalid"}}),
        )
        .await;
        let registry =
            json!({"name": name, "host": "r.invalid", "repositories": "a/b", "enabled": false});
        watched = post("/api/v1/registries", registry).await["id"].clone();
        let weakness = format!("CVE-2020-{name}");
        post("/api/v1/triage", json!({"weakness": weakness, "state": "in_triage"})).await;
        post("/api/v1/scans", json!({"reference": format!("oci-dir:/nowhere/{name}")})).await;
        let alert = json!({"rule": name, "priority": "Warning"}).to_string();
        bench.app.intake.take(format!("{alert}\n").into_bytes()).await.unwrap();
    }
    plimsoll_server::intake::drain(&bench.app).await.unwrap();
    let containers: Vec<Value> = ["web", "proxy", "job"]
        .iter()
        .map(|it| json!({"namespace": "shop", "kind": "Pod", "name": "x", "container": it}))
        .collect();
    let report = json!({"place": "prod", "containers": containers});
    assert_eq!(bench.ask("POST", "/api/v1/running", report).await.0, 200);
    let tag = |name: &str| Tag {
        repository: "a/b".into(),
        tag: name.into(),
        digest: format!("sha256:{:064}", 1),
        moved: 1,
        evidence: 0,
        selected: true,
    };
    let mut write = bench.app.store.write().await.unwrap();
    let tags = [tag("1"), tag("2"), tag("3")];
    registries::put_tags(&mut write, watched.as_i64().unwrap(), &tags).await.unwrap();
    write.commit().await.unwrap();
    let found = bench.get("/api/v1/findings?limit=1").await;
    vec![
        ("/images/{digest}", format!("/images/{digest}")),
        ("/findings/{id}", format!("/findings/{}", found["items"][0]["id"])),
        ("/registries/{id}", format!("/registries/{watched}")),
    ]
}

/// The schema of what a route answers with where all went well.
fn answers_with(operation: &Value) -> Option<&Value> {
    Some(&operation["responses"]["200"]["content"]["application/json"]["schema"])
        .filter(|it| !it.is_null())
}

#[test]
fn every_list_is_read_page_by_page_without_a_gap_and_refuses_nonsense_as_a_problem() {
    each(&[], |bench| async move {
        let filled = fill(&bench).await;
        let description = bench.get("/api/v1/openapi.json").await;
        let mut walked = Vec::new();
        for (path, item) in description["paths"].as_object().unwrap() {
            let Some(schema) = item.get("get").and_then(answers_with) else { continue };
            // Answers in the words of other tools have their own pages.
            if !path.starts_with("/api/v1/") {
                continue;
            }
            assert_ne!(schema["type"], "array", "{path} is a list without pages");
            let is_page = schema["$ref"].as_str().is_some_and(|it| it.contains("/Page"));
            if !is_page {
                continue;
            }
            let mut place = path.clone();
            for (from, to) in &filled {
                place = place.replace(from, to);
            }
            assert!(!place.contains('{'), "{path}: say what stands for its parameters");
            let more = if path.contains("/history/") { "at=2999-01-01&" } else { "" };
            walk(&bench, &format!("{place}?{more}")).await;
            walked.push(path.clone());
        }
        assert!(walked.len() >= 16, "{walked:?}");
    });
}

async fn walk(bench: &Bench, list: &str) {
    let whole = bench.get(&format!("{list}limit=500")).await;
    assert_eq!(whole["next"], Value::Null, "{list}");
    let whole = whole["items"].as_array().unwrap().clone();
    assert!(whole.len() >= 3, "{list} has {}", whole.len());
    let (mut seen, mut after) = (Vec::new(), String::new());
    for _ in 0..=whole.len() {
        let page = bench.get(&format!("{list}limit=1{after}")).await;
        let items = page["items"].as_array().unwrap();
        assert_eq!(items.len(), 1, "{list}: {page}");
        seen.extend(items.iter().cloned());
        let Some(next) = page["next"].as_str() else { break };
        after = format!("&after={next}");
    }
    // How a scan stands may change meanwhile.
    let keys = |all: &[Value]| -> Vec<Value> {
        let steady = |it: &Value| it.get("reference").map_or(it.clone(), |_| it["id"].clone());
        let is_scan = |it: &&Value| it.get("attempt").is_some();
        all.iter().map(|it| if is_scan(&it) { steady(it) } else { it.clone() }).collect()
    };
    assert_eq!(keys(&seen), keys(&whole), "{list}");
    for nonsense in ["limit=0", "limit=501", "limit=x", "after=%00", "after=nonsense!"] {
        let url = bench.url(&format!("{list}{nonsense}"));
        let answer = bench.client.get(url).send().await.unwrap();
        assert_eq!(answer.status(), 400, "{list}{nonsense}");
        assert_eq!(
            answer.headers()["content-type"],
            "application/problem+json",
            "{list}{nonsense}"
        );
        let problem: Value = serde_json::from_str(&answer.text().await.unwrap()).unwrap();
        assert_eq!((&problem["status"], &problem["type"]), (&json!(400), &json!("about:blank")));
        assert!(!problem["detail"].as_str().unwrap().is_empty());
    }
}

#[test]
fn what_is_nowhere_and_what_takes_no_such_method_is_a_problem_too() {
    each(&[], |bench| async move {
        for (method, path, status) in [
            ("GET", "/api/v1/nothing", 404),
            ("PATCH", "/api/v1/images", 405),
            ("GET", "/api/v1/images/sha256:00", 404),
            ("GET", "/api/v1/findings/x", 404),
            ("POST", "/api/v1/triage", 415),
        ] {
            let method = reqwest::Method::from_bytes(method.as_bytes()).unwrap();
            let answer = bench.client.request(method, bench.url(path)).send().await.unwrap();
            assert_eq!(answer.status(), status, "{path}");
            assert_eq!(answer.headers()["content-type"], "application/problem+json", "{path}");
        }
    });
}
