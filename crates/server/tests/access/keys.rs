//! Keys: shown once, limited, and over when they are taken back.

use plimsoll_server::auth::{Access, Role};
use serde_json::json;

use crate::bench::Bench;

#[tokio::test(flavor = "multi_thread")]
async fn a_key_is_shown_once_and_the_store_has_no_use_for_thieves() {
    let bench = Bench::new(Access::default()).await;
    let admin = bench.admin().await;
    let secret = admin.rsplit_once('_').unwrap().1.to_owned();
    let listed = bench.by(&admin, "GET", "/api/v1/keys", "").await;
    assert!(!listed.text.contains(&secret) && listed.text.contains("\"prefix\""));
    for entry in std::fs::read_dir(bench.folder.path().join("data")).unwrap() {
        let path = entry.unwrap().path();
        if path.is_file() {
            let bytes = std::fs::read(&path).unwrap();
            let found = bytes.windows(secret.len()).any(|window| window == secret.as_bytes());
            assert!(!found, "{}", path.display());
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_ends_where_its_scope_role_time_or_owner_does() {
    let bench = Bench::new(Access::default()).await;
    let admin = bench.admin().await;
    let scoped = json!({"name": "ci", "role": "scanner", "scopes": ["scans"]}).to_string();
    let made = bench.by(&admin, "POST", "/api/v1/keys", &scoped).await.json();
    let key = made["secret"].as_str().unwrap();
    assert_eq!(bench.by(key, "GET", "/api/v1/scans", "").await.status, 200);
    assert_eq!(bench.by(key, "GET", "/api/v1/images", "").await.status, 403);
    let basic = ("x-api-key", key);
    assert_eq!(bench.ask("GET", "/api/v1/scans", &[basic], "").await.status, 200);
    let path = format!("/api/v1/keys/{}", made["id"]);
    assert_eq!(bench.by(&admin, "DELETE", &path, "").await.status, 204);
    assert_eq!(bench.by(key, "GET", "/api/v1/scans", "").await.status, 401);
    for wrong in [
        json!({"name": "", "role": "viewer"}),
        json!({"name": "a\nb", "role": "viewer"}),
        json!({"name": "a", "role": "viewer", "days": 0}),
        json!({"name": "a", "role": "viewer", "scopes": ["nothing"]}),
        json!({"name": "a", "role": "viewer", "team": "nobody"}),
    ] {
        let answer = bench.by(&admin, "POST", "/api/v1/keys", &wrong.to_string()).await;
        assert_eq!(answer.status, 400, "{wrong}: {}", answer.text);
    }

    let (cookie, csrf) = bench.session(&admin, "alice", Role::Scanner).await;
    let with = [("cookie", cookie.as_str()), ("x-csrf-token", csrf.as_str())];
    let more = json!({"name": "mine", "role": "triager"}).to_string();
    assert_eq!(bench.ask("POST", "/api/v1/keys", &with, &more).await.status, 403);
    let mine = json!({"name": "mine", "role": "scanner"}).to_string();
    let mine = bench.ask("POST", "/api/v1/keys", &with, &mine).await.json();
    let mine = mine["secret"].as_str().unwrap();
    assert_eq!(bench.by(mine, "GET", "/api/v1/images", "").await.status, 200);
    assert_eq!(bench.by(mine, "POST", "/api/v1/keys", &more).await.status, 403);
    // Whoever may less, has keys that may less; whoever is disabled has none.
    bench.by(&admin, "PATCH", "/api/v1/users/alice", r#"{"role":"viewer"}"#).await;
    let scan = json!({"reference": "nginx:1"}).to_string();
    assert_eq!(bench.by(mine, "POST", "/api/v1/scans", &scan).await.status, 403);
    bench.by(&admin, "PATCH", "/api/v1/users/alice", r#"{"disabled":true}"#).await;
    assert_eq!(bench.by(mine, "GET", "/api/v1/images", "").await.status, 401);
    let gone = bench.ask("GET", "/api/v1/me", &[("cookie", cookie.as_str())], "").await;
    assert_eq!(gone.status, 401);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_done_is_in_the_audit_without_secrets() {
    let bench = Bench::new(Access::default()).await;
    let admin = bench.admin().await;
    bench.session(&admin, "alice", Role::Viewer).await;
    bench.sign_in("mallory%0d%0aadmin+signed+in", "wrong wrong wrong").await;
    let audit = bench.by(&admin, "GET", "/api/v1/audit", "").await;
    assert!(!audit.text.contains("teapot") && !audit.text.contains("wrong wrong"));
    let audit = audit.json();
    let actions: Vec<&str> = audit["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| it["action"].as_str().unwrap())
        .collect();
    assert_eq!(actions, ["sign-in failed", "sign in", "add user", "make key", "one-time token"]);
    let target = audit["items"][0]["target"].as_str().unwrap();
    assert!(target.starts_with("mallory") && !target.contains('\n'), "{target}");
    let only = bench.by(&admin, "GET", "/api/v1/audit?action=add%20user", "").await.json();
    assert_eq!(only["items"].as_array().unwrap().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_failed_for_good_is_listed_and_put_back_by_those_who_may() {
    let bench = Bench::new(Access::default()).await;
    let admin = bench.admin().await;
    let scanner = bench.key(&admin, Role::Scanner, None).await;
    let scan = r#"{"reference":"r.example/shop/web:1"}"#;
    let id = bench.by(&scanner, "POST", "/api/v1/scans", scan).await.json()["id"].clone();
    let retry = format!("/api/v1/scans/{id}/retry");
    assert_eq!(bench.by(&scanner, "POST", &retry, "").await.status, 409, "it waits");
    let job = bench.app.queue.claim(&["scan"], "w", 60_000).await.unwrap().unwrap();
    bench.app.queue.fail(&job, "no such image", true).await.unwrap();

    let failed = bench.by(&scanner, "GET", "/api/v1/scans?state=failed", "").await.json();
    assert_eq!((&failed["items"][0]["id"], failed["items"].as_array().unwrap().len()), (&id, 1));
    assert_eq!(failed["items"][0]["error"], "no such image");
    assert_eq!(bench.by(&scanner, "GET", "/api/v1/scans?state=dead", "").await.status, 400);
    let jobs = bench.by(&admin, "GET", "/api/v1/jobs?state=failed&kind=scan", "").await.json();
    assert_eq!(jobs["items"][0]["id"], id);
    let page = bench.by(&scanner, "GET", "/scans?state=failed", "").await.text;
    assert!(page.contains(&retry) && page.contains("no such image"), "{page}");
    let viewer = bench.key(&admin, Role::Viewer, None).await;
    assert!(!bench.by(&viewer, "GET", "/scans?state=failed", "").await.text.contains(&retry));

    let again = bench.by(&scanner, "POST", &retry, "").await;
    assert_eq!(again.status, 202, "{}", again.text);
    assert_ne!(again.json()["id"], id);
    assert_eq!(bench.by(&scanner, "POST", &retry, "").await.status, 409);
    let other = format!("/api/v1/jobs/{}/retry", again.json()["id"]);
    assert_eq!(bench.by(&admin, "POST", &other, "").await.status, 409);
    assert_eq!(bench.by(&admin, "POST", "/api/v1/jobs/999/retry", "").await.status, 404);
    let failed = bench.by(&scanner, "GET", "/api/v1/scans?state=failed", "").await.json();
    assert!(failed["items"].as_array().unwrap().is_empty());
}
