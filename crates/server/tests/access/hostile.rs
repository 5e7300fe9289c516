//! Names, bodies and headers of strangers.

use plimsoll_server::auth::Access;
use serde_json::json;

use crate::bench::Bench;

#[tokio::test(flavor = "multi_thread")]
async fn names_that_would_be_something_else_elsewhere_are_refused_or_text() {
    let bench = Bench::new(Access::default()).await;
    let admin = bench.admin().await;
    for name in [
        "'; DROP TABLE users; --",
        "<script>alert(1)</script>",
        "a\r\nset-cookie: x=y",
        "a\u{0}b",
        "../../etc/passwd",
        "\u{202e}nimda",
        "-rf",
    ] {
        let user = json!({"name": name, "role": "viewer"}).to_string();
        let answer = bench.by(&admin, "POST", "/api/v1/users", &user).await;
        assert_eq!(answer.status, 400, "{name:?}");
        let team = json!({"name": name, "repositories": []}).to_string();
        assert_eq!(bench.by(&admin, "POST", "/api/v1/teams", &team).await.status, 400, "{name:?}");
        let key = json!({"name": name, "role": "viewer"}).to_string();
        let status = bench.by(&admin, "POST", "/api/v1/keys", &key).await.status;
        assert!([201, 400].contains(&status), "{name:?} {status}");
    }
    let odd = "%27%20OR%201%3D1%20--";
    for path in [
        format!("/api/v1/users/{odd}"),
        format!("/api/v1/images/{odd}"),
        format!("/api/v1/findings/{odd}"),
        format!("/api/v1/keys/{odd}"),
    ] {
        assert_eq!(bench.by(&admin, "DELETE", &path, "").await.status / 100, 4, "{path}");
        assert_eq!(bench.by(&admin, "GET", &path, "").await.status / 100, 4, "{path}");
    }
    for query in ["q=%27%3B--", "q=%25", "q=%5C", "weakness=%27", "actor=%27"] {
        for part in ["images", "findings", "audit"] {
            let path = format!("/api/v1/{part}?{query}");
            assert_eq!(bench.by(&admin, "GET", &path, "").await.status, 200, "{path}");
        }
    }
    let nul = bench.by(&admin, "GET", "/api/v1/images?q=%00", "").await;
    assert_eq!(nul.status, 400);
    let users = bench.by(&admin, "GET", "/api/v1/users", "").await;
    assert_eq!(users.json()["items"], json!([]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_shows_text_of_strangers_as_text_and_leads_nowhere_else() {
    let bench = Bench::new(Access::default()).await;
    let path = "/sign-in?next=/%22%3E%3Cscript%3Ealert(1)%3C/script%3E";
    let page = bench.ask("GET", path, &[("accept", "text/html")], "").await;
    assert_eq!(page.status, 200);
    assert!(!page.text.contains("<script>"), "{}", page.text);
    let away = bench.ask("GET", "/sign-in?next=https://evil.example", &[], "").await;
    assert!(!away.text.contains("evil.example"), "{}", away.text);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_answer_has_the_headers_that_make_browsers_strict() {
    let bench = Bench::new(Access::default()).await;
    let admin = bench.admin().await;
    for path in ["/healthz", "/sign-in", "/nowhere", "/api/v1/images", "/api/v1/users"] {
        for key in [None, Some(&admin)] {
            let answer = match key {
                Some(key) => bench.by(key, "GET", path, "").await,
                None => bench.ask("GET", path, &[], "").await,
            };
            let header = |name: &str| answer.headers[name].to_str().unwrap().to_owned();
            let policy = header("content-security-policy");
            assert!(policy.contains("default-src 'none'") && !policy.contains("unsafe"), "{path}");
            assert!(policy.contains("frame-ancestors 'none'"), "{path}");
            assert_eq!(header("x-content-type-options"), "nosniff", "{path}");
            assert_eq!(header("cache-control"), "no-store", "{path}");
            assert_eq!(header("referrer-policy"), "same-origin", "{path}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_is_too_large_or_no_json_is_refused() {
    let bench = Bench::new(Access::default()).await;
    let admin = bench.admin().await;
    let large = format!("{{\"name\":\"{}\"}}", "a".repeat(2 << 20));
    assert_eq!(bench.by(&admin, "POST", "/api/v1/users", &large).await.status, 413);
    for body in ["", "{", "[]", "null", "\"x\"", "{\"name\":1}"] {
        let status = bench.by(&admin, "POST", "/api/v1/users", body).await.status;
        assert!((400..500).contains(&status), "{body}: {status}");
    }
    let deep = "[".repeat(200_000);
    assert_eq!(bench.by(&admin, "POST", "/api/v1/users", &deep).await.status / 100, 4);
    let long = "x".repeat(8000);
    assert_eq!(bench.by(&long, "GET", "/api/v1/images", "").await.status, 401);
}
