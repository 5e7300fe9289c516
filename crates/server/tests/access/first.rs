//! The first minute, and programs of the same machine.

use axum::body::Body;
use axum::http::Request;
use plimsoll_server::auth::{Access, Role, first};
use serde_json::json;

use crate::bench::{Bench, HERE};

fn local(method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Request<Body> {
    let mut request = Request::builder().method(method).uri(path);
    request = request.header("host", "localhost:6060").header("content-type", "application/json");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.body(Body::from(body.to_owned())).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_of_this_machine_may_have_images_read_and_no_more() {
    let bench = Bench::new(Access::default()).await;
    let scan = json!({"reference": "nginx:1"}).to_string();
    let answer = bench.send(HERE, local("POST", "/api/v1/scans", &[], &scan)).await;
    assert_eq!(answer.status, 202, "{}", answer.text);
    let answer = bench.send(HERE, local("GET", "/api/v1/users", &[], "")).await;
    assert_eq!(answer.status, 403);
    // A proxy, and a page of somebody else in a browser of this machine, are not it.
    for header in [
        ("x-forwarded-for", "192.0.2.1"),
        ("origin", "https://evil.example"),
        ("sec-fetch-site", "cross-site"),
    ] {
        let answer = bench.send(HERE, local("POST", "/api/v1/scans", &[header], &scan)).await;
        assert_eq!(answer.status, 401, "{header:?}");
    }
    let strict = Bench::new(Access { require_auth: true, ..Access::default() }).await;
    let answer = strict.send(HERE, local("GET", "/api/v1/images", &[], "")).await;
    assert_eq!(answer.status, 401);
    assert_eq!(strict.send(HERE, local("GET", "/healthz", &[], "")).await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn everybody_may_see_where_that_is_said_and_do_nothing() {
    let bench = Bench::new(Access { anonymous_read: true, ..Access::default() }).await;
    assert_eq!(bench.ask("GET", "/api/v1/images", &[], "").await.status, 200);
    let scan = json!({"reference": "nginx:1"}).to_string();
    assert_eq!(bench.ask("POST", "/api/v1/scans", &[], &scan).await.status, 403);
    assert_eq!(bench.ask("GET", "/api/v1/audit", &[], "").await.status, 403);
}

#[test]
fn an_open_server_is_open_on_this_machine_alone() {
    let access = Access::open();
    assert!(access.checked("127.0.0.1:6060".parse().unwrap()).is_ok());
    assert!(access.checked("0.0.0.0:6060".parse().unwrap()).is_err());
    let both = Access { require_auth: true, ..Access::open() };
    assert!(both.checked("127.0.0.1:6060".parse().unwrap()).is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_token_counts_once_and_a_mistake_does_not_use_it_up() {
    let bench = Bench::new(Access::default()).await;
    let token = first::token(&bench.app.store).await.unwrap();
    let wrong = json!({"name": "root", "role": "admin", "password": "short"}).to_string();
    assert_eq!(bench.by(&token, "POST", "/api/v1/users", &wrong).await.status, 400);
    let user = json!({"name": "root", "role": "admin", "password": "plain blue teapot"});
    let made = bench.by(&token, "POST", "/api/v1/users", &user.to_string()).await;
    assert_eq!(made.status, 201, "{}", made.text);
    assert!(!made.text.contains("teapot") && !made.text.contains("argon2"));
    let again = bench.by(&token, "POST", "/api/v1/users", &user.to_string()).await;
    assert_eq!(again.status, 401);
    assert_eq!(bench.sign_in("root", "plain blue teapot").await.status, 303);

    // Nothing is told once somebody is there, and a newer token ends the older one.
    first::first(&bench.app).await.unwrap();
    let older = first::token(&bench.app.store).await.unwrap();
    let newer = first::token(&bench.app.store).await.unwrap();
    let body = json!({"name": "ci", "role": "scanner"}).to_string();
    assert_eq!(bench.by(&older, "POST", "/api/v1/keys", &body).await.status, 401);
    assert_eq!(bench.by(&newer, "POST", "/api/v1/keys", &body).await.status, 201);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_token_signs_in_once() {
    let bench = Bench::new(Access::default()).await;
    let token = first::token(&bench.app.store).await.unwrap();
    let kind = ("content-type", "application/x-www-form-urlencoded");
    let body = format!("token={token}&next=/api/v1/me");
    let answer = bench.ask("POST", "/sign-in", &[kind], &body).await;
    assert_eq!((answer.status, &answer.headers["location"]), (303, &"/api/v1/me".parse().unwrap()));
    let cookie = format!("__Host-plimsoll={}", answer.cookie().unwrap());
    let me = bench.ask("GET", "/api/v1/me", &[("cookie", &cookie)], "").await.json();
    assert_eq!(me["role"], json!(Role::Admin));
    assert_eq!(bench.ask("POST", "/sign-in", &[kind], &body).await.status, 401);
}
