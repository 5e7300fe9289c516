//! Members of teams see their repositories, and for them there is nothing else.

use plimsoll_server::auth::{Access, Role};
use plimsoll_server::queue::worker;
use serde_json::json;

use crate::bench::Bench;

#[tokio::test(flavor = "multi_thread")]
async fn what_is_another_teams_is_not_there_and_what_is_asked_of_it_is_refused() {
    let bench = Bench::new(Access::default()).await;
    let admin = bench.admin().await;
    for (team, pattern) in [("shop", "r.example/shop/*"), ("bank", "r.example/bank/*")] {
        let body = json!({"name": team, "repositories": [pattern]}).to_string();
        assert_eq!(bench.by(&admin, "POST", "/api/v1/teams", &body).await.status, 201);
    }
    let shop = bench.image("r.example/shop/web:1", &[("lodash", "4.17.4"), ("a", "1.0.0")]).await;
    let bank = bench.image("r.example/bank/api:1", &[("minimist", "0.0.8"), ("a", "1.0.0")]).await;
    let key = bench.key(&admin, Role::Triager, Some("shop")).await;

    let images = bench.by(&key, "GET", "/api/v1/images", "").await.json();
    let digests: Vec<&str> = images["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| it["digest"].as_str().unwrap())
        .collect();
    assert_eq!(digests, [shop.as_str()]);
    let all = bench.by(&admin, "GET", "/api/v1/images", "").await.json();
    assert_eq!(all["items"].as_array().unwrap().len(), 2);
    for tail in ["", "/findings", "/components"] {
        for (digest, status) in [(&shop, 200), (&bank, 404)] {
            let path = format!("/api/v1/images/{digest}{tail}");
            assert_eq!(bench.by(&key, "GET", &path, "").await.status, status, "{path}");
            assert_eq!(bench.by(&admin, "GET", &path, "").await.status, 200, "{path}");
        }
    }

    let names = |findings: serde_json::Value| -> Vec<String> {
        let items = findings["items"].as_array().unwrap().clone();
        items.iter().map(|it| it["component"]["name"].as_str().unwrap().to_owned()).collect()
    };
    let seen = names(bench.by(&key, "GET", "/api/v1/findings?limit=500", "").await.json());
    assert!(!seen.is_empty() && seen.iter().all(|name| name == "lodash"), "{seen:?}");
    let findings = bench.by(&admin, "GET", "/api/v1/findings?limit=500", "").await.json();
    let (mut own, mut other) = (0, 0);
    for finding in findings["items"].as_array().unwrap() {
        let is_own = finding["component"]["name"] == "lodash";
        let status = if is_own { 200 } else { 404 };
        *(if is_own { &mut own } else { &mut other }) += 1;
        for tail in ["", "/images"] {
            let path = format!("/api/v1/findings/{}{tail}", finding["id"]);
            assert_eq!(bench.by(&key, "GET", &path, "").await.status, status, "{path}");
        }
    }
    assert!(own > 0 && other > 0, "{own} {other}");

    for (reference, status) in [
        ("r.example/shop/web:2", 202),
        ("r.example/bank/api:2", 403),
        ("r.example/shopping/web:2", 403),
        ("nginx:latest", 403),
        ("dir:/etc", 403),
        ("docker:r.example/shop/web:2", 403),
    ] {
        let body = json!({"reference": reference}).to_string();
        let answer = bench.by(&key, "POST", "/api/v1/scans", &body).await;
        assert_eq!(answer.status, status, "{reference}: {}", answer.text);
    }
    let body = json!({"reference": "r.example/bank/api:2"}).to_string();
    let id = bench.by(&admin, "POST", "/api/v1/scans", &body).await.json()["id"].clone();
    let path = format!("/api/v1/scans/{id}");
    assert_eq!(bench.by(&key, "GET", &path, "").await.status, 404);
    assert_eq!(bench.by(&key, "DELETE", &path, "").await.status, 404);
    assert_eq!(bench.by(&admin, "GET", &path, "").await.status, 200);
    let scans = bench.by(&key, "GET", "/api/v1/scans", "").await.json();
    assert_eq!(scans["items"].as_array().unwrap().len(), 1, "{scans}");

    // A bill has to be of an image of theirs, and is not believed to be of another by its digest.
    let answer = bench.by(&key, "POST", "/api/v1/sboms", "{}").await;
    assert_eq!(answer.status, 403, "{}", answer.text);
    let (_ends, ended) = tokio::sync::watch::channel(false);
    tokio::spawn(worker::work(bench.app.clone(), "test".into(), ended));
    let digest = format!("sha256:{:064x}", 7);
    let bill = |names: &[&str]| {
        let part = |name: &&str| {
            json!({"type": "library", "name": name, "version": "1.0.0",
            "purl": format!("pkg:npm/{name}@1.0.0")})
        };
        let of = json!({"type": "container", "name": "r.example/bank/api", "version": digest});
        json!({"bomFormat": "CycloneDX", "specVersion": "1.6", "metadata": {"component": of},
            "components": names.iter().map(part).collect::<Vec<_>>()})
    };
    let path = format!("/api/v1/images/{digest}");
    for (by, query, names) in
        [(&admin, "", &["a", "b"][..]), (&key, "?name=r.example/shop/web:9", &["a"])]
    {
        let sent =
            bench.by(by, "POST", &format!("/api/v1/sboms{query}"), &bill(names).to_string()).await;
        assert_eq!(sent.status, 202, "{}", sent.text);
        let job = format!("/api/v1/scans/{}", sent.json()["id"]);
        let mut state = serde_json::Value::Null;
        for _ in 0..400 {
            state = bench.by(&admin, "GET", &job, "").await.json()["state"].clone();
            if state == "done" {
                break;
            }
            tokio::time::sleep(std::time::Duration::from_millis(25)).await;
        }
        assert_eq!(state, "done");
        let kept = bench.by(&admin, "GET", &path, "").await.json();
        assert_eq!(kept["components"], 2, "{kept}");
        assert_eq!(bench.by(&key, "GET", &path, "").await.status, 404);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_comes_to_see_more_because_a_team_goes() {
    let bench = Bench::new(Access::default()).await;
    let admin = bench.admin().await;
    let body = json!({"name": "shop", "repositories": ["r.example/shop/*"]}).to_string();
    bench.by(&admin, "POST", "/api/v1/teams", &body).await;
    let user = json!({"name": "alice", "role": "viewer", "password": "plain blue teapot",
        "teams": ["shop"]});
    let made = bench.by(&admin, "POST", "/api/v1/users", &user.to_string()).await;
    assert_eq!(made.json()["teams"], json!(["shop"]));
    assert_eq!(bench.by(&admin, "DELETE", "/api/v1/teams/shop", "").await.status, 409);
    let moved = bench.by(&admin, "PATCH", "/api/v1/users/alice", r#"{"teams":[]}"#).await;
    assert_eq!(moved.json()["teams"], json!([]));
    assert_eq!(bench.by(&admin, "DELETE", "/api/v1/teams/shop", "").await.status, 204);
}

#[tokio::test(flavor = "multi_thread")]
async fn files_of_the_server_are_read_for_admins_and_programs_of_the_machine_alone() {
    let bench = Bench::new(Access::default()).await;
    let admin = bench.admin().await;
    let scanner = bench.key(&admin, Role::Scanner, None).await;
    let body = json!({"reference": "dir:/etc"}).to_string();
    assert_eq!(bench.by(&scanner, "POST", "/api/v1/scans", &body).await.status, 403);
    assert_eq!(bench.by(&admin, "POST", "/api/v1/scans", &body).await.status, 202);
}
