//! Sessions: cookies that pages of others cannot use, and names that cannot be guessed at for long.

use plimsoll_server::auth::{Access, Role};

use crate::bench::Bench;

#[tokio::test(flavor = "multi_thread")]
async fn a_session_changes_something_only_with_its_own_word_from_its_own_page() {
    let bench = Bench::new(Access::default()).await;
    let admin = bench.admin().await;
    let (cookie, csrf) = bench.session(&admin, "root", Role::Admin).await;
    let team = r#"{"name":"shop","repositories":["r.example/shop/*"]}"#;
    let cookie = ("cookie", cookie.as_str());
    let word = ("x-csrf-token", csrf.as_str());
    for (headers, status) in [
        (vec![cookie], 403),
        (vec![cookie, ("x-csrf-token", "another")], 403),
        (vec![cookie, word, ("origin", "https://evil.example")], 403),
        (vec![cookie, word, ("sec-fetch-site", "same-site")], 403),
        (vec![cookie, word, ("origin", "https://plimsoll.example")], 201),
    ] {
        let answer = bench.ask("POST", "/api/v1/teams", &headers, team).await;
        assert_eq!(answer.status, status, "{headers:?} {}", answer.text);
    }
    let form = ("content-type", "application/x-www-form-urlencoded");
    for body in ["", "csrf=another", &format!("csrf={csrf}&csrf={csrf}")] {
        assert_eq!(
            bench.ask("POST", "/sign-out", &[cookie, form], body).await.status,
            403,
            "{body}"
        );
    }
    let body = format!("a=b&csrf={csrf}");
    let out = bench.ask("POST", "/sign-out", &[cookie, form], &body).await;
    assert_eq!(out.status, 303);
    assert_eq!(bench.ask("GET", "/api/v1/me", &[cookie], "").await.status, 401);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_cookie_is_as_strict_as_cookies_are() {
    let bench = Bench::new(Access::default()).await;
    let admin = bench.admin().await;
    bench.session(&admin, "alice", Role::Viewer).await;
    let answer = bench.sign_in("alice", "plain blue teapot").await;
    let cookie = answer.headers["set-cookie"].to_str().unwrap();
    for word in ["__Host-plimsoll=", "Path=/", "Secure", "HttpOnly", "SameSite=Strict"] {
        assert!(cookie.contains(word), "{cookie}");
    }
    assert!(!cookie.contains("Domain"));
    // A page of somebody else signs nobody in.
    let kind = ("content-type", "application/x-www-form-urlencoded");
    let headers = [kind, ("origin", "https://evil.example")];
    let body = "name=alice&password=plain+blue+teapot";
    assert_eq!(bench.ask("POST", "/sign-in", &headers, body).await.status, 403);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_is_locked_after_five_failures_whether_it_is_somebodys_or_not() {
    let bench = Bench::new(Access::default()).await;
    let admin = bench.admin().await;
    bench.session(&admin, "alice", Role::Viewer).await;
    for name in ["alice", "nobody"] {
        for _ in 0..5 {
            assert_eq!(bench.sign_in(name, "wrong wrong wrong").await.status, 401, "{name}");
        }
        let locked = bench.sign_in(name, "plain blue teapot").await;
        assert_eq!(locked.status, 429, "{name}");
        assert!(locked.headers.contains_key("retry-after"));
    }
    // By now the address has failed often as well.
    for _ in 0..10 {
        bench.sign_in("somebody", "wrong wrong wrong").await;
    }
    assert_eq!(bench.sign_in("another", "wrong wrong wrong").await.status, 429);
    // A key that is good counts all the same.
    assert_eq!(bench.by(&admin, "GET", "/api/v1/images", "").await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn another_password_ends_all_sessions_and_the_last_admin_stays() {
    let bench = Bench::new(Access::default()).await;
    let admin = bench.admin().await;
    let (cookie, csrf) = bench.session(&admin, "root", Role::Admin).await;
    for change in [r#"{"role":"viewer"}"#, r#"{"disabled":true}"#] {
        assert_eq!(bench.by(&admin, "PATCH", "/api/v1/users/root", change).await.status, 409);
    }
    assert_eq!(bench.by(&admin, "DELETE", "/api/v1/users/root", "").await.status, 409);
    let headers = [("cookie", cookie.as_str()), ("x-csrf-token", csrf.as_str())];
    let wrong = r#"{"old":"not this one at all","new":"another green kettle"}"#;
    assert_eq!(bench.ask("POST", "/api/v1/me/password", &headers, wrong).await.status, 403);
    let right = r#"{"old":"plain blue teapot","new":"another green kettle"}"#;
    assert_eq!(bench.ask("POST", "/api/v1/me/password", &headers, right).await.status, 204);
    assert_eq!(bench.ask("GET", "/api/v1/me", &headers, "").await.status, 401);
    assert_eq!(bench.sign_in("root", "another green kettle").await.status, 303);
}
