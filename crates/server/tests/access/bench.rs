//! A server in a folder of its own, which is asked without a network.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Request};
use plimsoll_model::{Inventory, Package, PackageKind};
use plimsoll_server::app::App;
use plimsoll_server::auth::{Access, Peer, Role, first};
use plimsoll_server::serve::{Settings, open};
use serde_json::{Value, json};
use tempfile::TempDir;
use tower::ServiceExt;

pub(crate) struct Bench {
    pub(crate) app: Arc<App>,
    pub(crate) folder: TempDir,
    router: Router,
}

pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text)
            .unwrap_or_else(|_| panic!("{}: {}", self.status, self.text))
    }

    /// The value of a cookie that is set.
    pub(crate) fn cookie(&self) -> Option<String> {
        let all = self.headers.get_all("set-cookie");
        let value = all.iter().find_map(|it| it.to_str().ok()?.strip_prefix("__Host-plimsoll="));
        Some(value?.split(';').next()?.to_owned()).filter(|it| !it.is_empty())
    }
}

pub(crate) fn settings(folder: &std::path::Path, access: Access) -> Settings {
    Settings { access, store: crate::again::database(folder), ..Settings::in_folder(folder) }
}

pub(crate) const REMOTE: &str = "192.0.2.7:40000";
pub(crate) const HERE: &str = "127.0.0.1:40000";

impl Bench {
    pub(crate) async fn new(access: Access) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let settings = settings(folder.path(), access);
        let app = open(&settings, Box::new(|line| eprintln!("{line}"))).await.unwrap();
        plimsoll_server::rematch::ensure(&app).await.unwrap();
        let router = plimsoll_server::api::app(Arc::clone(&app));
        Self { app, folder, router }
    }

    pub(crate) async fn send(&self, from: &str, request: Request<Body>) -> Answer {
        let mut request = request;
        let address: SocketAddr = from.parse().unwrap();
        request.extensions_mut().insert(Peer { address, is_tls: false });
        let response = self.router.clone().oneshot(request).await.unwrap();
        let status = response.status().as_u16();
        let headers = response.headers().clone();
        let body = to_bytes(response.into_body(), 64 << 20).await.unwrap();
        Answer { status, headers, text: String::from_utf8(body.to_vec()).unwrap() }
    }

    /// Asks from elsewhere with these headers.
    pub(crate) async fn ask(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> Answer {
        let mut request = Request::builder().method(method).uri(path);
        request = request.header("host", "plimsoll.example");
        if !headers.iter().any(|(name, _)| *name == "content-type") {
            request = request.header("content-type", "application/json");
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        self.send(REMOTE, request.body(Body::from(body.to_owned())).unwrap()).await
    }

    /// Asks from elsewhere with a key.
    pub(crate) async fn by(&self, key: &str, method: &str, path: &str, body: &str) -> Answer {
        self.ask(method, path, &[("authorization", &format!("Bearer {key}"))], body).await
    }

    /// Makes the first key, an admin's.
    pub(crate) async fn admin(&self) -> String {
        let token = first::token(&self.app.store).await.unwrap();
        self.key(&token, Role::Admin, None).await
    }

    pub(crate) async fn key(&self, by: &str, role: Role, team: Option<&str>) -> String {
        let wanted = json!({"name": "test", "role": role, "team": team}).to_string();
        let made = self.by(by, "POST", "/api/v1/keys", &wanted).await;
        assert_eq!(made.status, 201, "{}", made.text);
        made.json()["secret"].as_str().unwrap().to_owned()
    }

    /// Adds a user and signs them in; gives cookie and word of forms.
    pub(crate) async fn session(&self, admin: &str, name: &str, role: Role) -> (String, String) {
        let user = json!({"name": name, "role": role, "password": "plain blue teapot"}).to_string();
        let made = self.by(admin, "POST", "/api/v1/users", &user).await;
        assert_eq!(made.status, 201, "{}", made.text);
        let answer = self.sign_in(name, "plain blue teapot").await;
        assert_eq!(answer.status, 303, "{}", answer.text);
        let cookie = format!("__Host-plimsoll={}", answer.cookie().unwrap());
        let me = self.ask("GET", "/api/v1/me", &[("cookie", &cookie)], "").await;
        let csrf = me.json()["csrf"].as_str().unwrap().to_owned();
        (cookie, csrf)
    }

    pub(crate) async fn sign_in(&self, name: &str, password: &str) -> Answer {
        let kind = ("content-type", "application/x-www-form-urlencoded");
        let body = format!("name={name}&password={}", password.replace(' ', "+"));
        self.ask("POST", "/sign-in", &[kind], &body).await
    }

    /// Ingests an image with these packages of npm.
    pub(crate) async fn image(&self, name: &str, packages: &[(&str, &str)]) -> String {
        let mut inventory = Inventory::default();
        inventory.artifact.reference = name.into();
        inventory.artifact.source = "test".into();
        inventory.packages = packages
            .iter()
            .map(|(name, version)| Package::new(PackageKind::Npm, *name, *version))
            .collect();
        let (write, done) =
            plimsoll_server::catalogue::ingest(&self.app, &inventory).await.unwrap();
        write.commit().await.unwrap();
        plimsoll_server::catalogue::post::post(&self.app).await.unwrap();
        done.digest
    }
}
