//! Signing in at a real identity provider.

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use plimsoll_server::auth::{Access, Role, oidc};
use serde_json::json;

use crate::bench::{Answer, Bench};

const PUBLIC: &str = "http://127.0.0.1:1";
const CALLBACK: &str = "http://127.0.0.1:1/sign-in/oidc/callback";

struct Provider {
    child: Child,
    issuer: String,
    folder: tempfile::TempDir,
}

impl Drop for Provider {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Provider {
    /// `None`, and a line that says so, where it is not there.
    fn start() -> Option<Self> {
        let path = std::env::var_os("PATH").unwrap_or_default();
        // Npm put it beside the other programs.
        let modules = std::env::split_paths(&path)
            .map(|folder| folder.join("oidc"))
            .find(|folder| folder.join("node_modules/oidc-provider").is_dir());
        let Some(modules) = modules else {
            println!("skipped: `oidc-provider` is not there (make sign-peers)");
            return None;
        };
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text| std::fs::write(folder.path().join(name), text).unwrap();
        write("provider.mjs", include_str!("provider.mjs"));
        write("person.py", include_str!("person.py"));
        let port = plimsoll_testkit::free_port();
        let child = Command::new("node")
            .arg("provider.mjs")
            .arg(modules)
            .args([&port.to_string(), CALLBACK])
            .current_dir(folder.path())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let until = Instant::now() + Duration::from_mins(1);
        while std::net::TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(Instant::now() < until, "the provider does not start");
            std::thread::sleep(Duration::from_millis(100));
        }
        Some(Self { child, issuer: format!("http://127.0.0.1:{port}"), folder })
    }

    fn settings(&self) -> oidc::Settings {
        oidc::Settings {
            issuer: self.issuer.clone(),
            client_id: "plimsoll".into(),
            client_secret: Some("a secret: of & clients+".into()),
            public_address: PUBLIC.into(),
            scopes: vec!["email".into(), "groups".into()],
            groups_claim: "groups".into(),
            name_claim: "email".into(),
            groups: ["ops=admin", "shop=scanner:shop"].map(|it| it.parse().unwrap()).into(),
        }
    }
}

/// The way back that a person is sent.
fn logged_in(folder: &Path, person: &str, place: &str) -> String {
    let output = Command::new("python3")
        .args(["person.py", person, place, CALLBACK])
        .current_dir(folder)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let place = String::from_utf8(output.stdout).unwrap();
    place.trim().strip_prefix(PUBLIC).unwrap().to_owned()
}

/// Where a browser is sent, and the cookie that it keeps.
async fn begun(bench: &Bench) -> (String, String) {
    let begun = bench.ask("GET", "/sign-in/oidc?next=/images", &[], "").await;
    assert_eq!(begun.status, 303, "{}", begun.text);
    let cookie = begun.headers["set-cookie"].to_str().unwrap();
    assert!(cookie.contains("SameSite=Lax") && cookie.contains("HttpOnly"), "{cookie}");
    let cookie = cookie.split(';').next().unwrap().to_owned();
    (begun.headers["location"].to_str().unwrap().to_owned(), cookie)
}

async fn sign_in(bench: &Bench, provider: &Provider, person: &str) -> Answer {
    let (place, cookie) = begun(bench).await;
    let back = logged_in(provider.folder.path(), person, &place);
    bench.ask("GET", &back, &[("cookie", &cookie)], "").await
}

#[tokio::test(flavor = "multi_thread")]
async fn whom_the_organisation_knows_is_in_with_the_role_of_their_group() {
    let Some(provider) = Provider::start() else { return };
    let access = Access { oidc: Some(provider.settings()), ..Access::default() };
    let bench = Bench::new(access).await;
    let admin = bench.admin().await;

    let (place, cookie) = begun(&bench).await;
    assert!(place.contains("code_challenge_method=S256") && place.contains("nonce="), "{place}");
    let back = logged_in(provider.folder.path(), "ops@b.example", &place);
    let another = bench.ask("GET", &back, &[("cookie", "__Host-plimsoll-oidc=another")], "").await;
    assert_eq!(another.status, 403, "another browser");
    let again = bench.ask("GET", &back, &[("cookie", &cookie)], "").await;
    assert_eq!(again.status, 403, "it was taken out: {}", again.text);

    let answer = sign_in(&bench, &provider, "ops@b.example").await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    assert!(answer.text.contains("url=/images"), "{}", answer.text);
    let cookie = format!("__Host-plimsoll={}", answer.cookie().unwrap());
    let me = bench.ask("GET", "/api/v1/me", &[("cookie", &cookie)], "").await.json();
    assert_eq!((&me["name"], &me["role"]), (&json!("ops@b.example"), &json!(Role::Admin)));

    let stranger = sign_in(&bench, &provider, "strangers@b.example").await;
    assert_eq!(stranger.status, 403, "{}", stranger.text);
    let teamless = sign_in(&bench, &provider, "shop@b.example").await;
    assert_eq!(teamless.status, 403, "a team that is not there is not the whole estate");
    let team = json!({"name": "shop", "repositories": ["r.example/shop/*"]}).to_string();
    bench.by(&admin, "POST", "/api/v1/teams", &team).await;
    let answer = sign_in(&bench, &provider, "shop@b.example").await;
    let cookie = format!("__Host-plimsoll={}", answer.cookie().unwrap());
    let me = bench.ask("GET", "/api/v1/me", &[("cookie", &cookie)], "").await.json();
    assert_eq!(me["repositories"], json!(["r.example/shop/*"]));

    let change = r#"{"disabled":true}"#;
    let changed = bench.by(&admin, "PATCH", "/api/v1/users/ops@b.example", change).await;
    assert_eq!(changed.status, 409, "the last admin who signs in: {}", changed.text);
    let changed = bench.by(&admin, "PATCH", "/api/v1/users/shop@b.example", change).await;
    assert_eq!(changed.status, 200);
    assert_eq!(sign_in(&bench, &provider, "shop@b.example").await.status, 403);
    // A password does not let in whom somebody else vouches for.
    assert_eq!(bench.sign_in("ops@b.example", "").await.status, 401);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_issuer_that_says_to_be_another_and_a_wrong_secret_let_nobody_in() {
    let Some(provider) = Provider::start() else { return };
    let other = oidc::Settings {
        issuer: provider.issuer.replace("127.0.0.1", "localhost"),
        ..provider.settings()
    };
    let bench = Bench::new(Access { oidc: Some(other), ..Access::default() }).await;
    assert_eq!(bench.ask("GET", "/sign-in/oidc", &[], "").await.status, 502);
    let wrong = oidc::Settings { client_secret: Some("wrong".into()), ..provider.settings() };
    let bench = Bench::new(Access { oidc: Some(wrong), ..Access::default() }).await;
    assert_eq!(sign_in(&bench, &provider, "ops@b.example").await.status, 502);
    let insecure = oidc::Settings { issuer: "http://id.example".into(), ..provider.settings() };
    assert!(oidc::Provider::new(insecure).is_err());
}
