//! Every route that the API describes, asked by everybody.

use std::collections::BTreeSet;

use axum::http::Method;
use plimsoll_server::api::{ALL, description};
use plimsoll_server::auth::needs::operations;
use plimsoll_server::auth::{Access, Role};

use crate::bench::Bench;

struct Route {
    method: Method,
    path: String,
    /// At least this role; `None` is nothing.
    role: Option<Role>,
    has_once: bool,
}

/// What the description says.
fn routes() -> Vec<Route> {
    let mut all = Vec::new();
    for (path, item) in &mut description().paths.paths {
        for (method, operation) in operations(item) {
            let said = serde_json::to_value(&operation.security).unwrap();
            let said = said.as_array().unwrap_or_else(|| panic!("{method} {path} needs nothing?"));
            let words: Vec<&str> = said
                .iter()
                .filter_map(|one| one["bearer"].as_array())
                .flatten()
                .map(|word| word.as_str().unwrap())
                .collect();
            let role = words.first().map(|role| role.parse().unwrap());
            let has_once = words.contains(&"once");
            all.push(Route { method, path: path.clone(), role, has_once });
        }
    }
    all
}

impl Route {
    /// An address where nothing is.
    fn address(&self) -> String {
        let part = |part: &str| if part.starts_with('{') { "0".into() } else { part.to_owned() };
        self.path.split('/').map(part).collect::<Vec<_>>().join("/")
    }

    /// Handlers that refuse whoever the gate lets pass: a key makes no keys and has no password.
    fn is_refused_by_handler(&self, role: Role) -> bool {
        match (self.method.as_str(), self.path.as_str()) {
            ("POST", "/api/v1/me/password") | ("GET", "/sign-in/oidc/callback") => true,
            ("POST", "/api/v1/keys") => role < Role::Admin,
            _ => false,
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_route_is_open_to_the_roles_that_it_states_and_to_nobody_else() {
    let bench = Bench::new(Access::default()).await;
    let admin = bench.admin().await;
    let mut keys = Vec::new();
    for role in Role::ALL {
        keys.push((role, bench.key(&admin, role, None).await));
    }
    let routes = routes();
    assert!(routes.len() > 20, "{}", routes.len());
    let mut asked = 0;
    for route in &routes {
        let (method, address) = (route.method.as_str(), route.address());
        let nobody = bench.ask(method, &address, &[], "{}").await;
        let bad = bench.by("plimsoll_wrong", method, &address, "{}").await;
        let what = format!("{method} {}", route.path);
        if route.role.is_none() {
            assert_ne!(nobody.status, 401, "{what}");
            assert_ne!(bad.status, 401, "{what}");
        } else {
            assert_eq!(nobody.status, 401, "{what}");
            assert!([401, 429].contains(&bad.status), "{what}: {}", bad.status);
            let challenge = &nobody.headers["www-authenticate"];
            assert!(challenge.to_str().unwrap().starts_with("Bearer"), "{what}");
        }
        for (role, key) in &keys {
            let answer = bench.by(key, method, &address, "{}").await;
            let what = format!("{what} by {role}: {} {}", answer.status, answer.text);
            assert!(answer.status < 500, "{what}");
            assert_ne!(answer.status, 401, "{what}");
            let is_refused = route.role.is_some_and(|needed| *role < needed);
            // Whether the body makes sense is looked at first.
            let may_refuse = route.is_refused_by_handler(*role);
            assert!(answer.status == 403 || !is_refused, "{what}");
            assert!(answer.status != 403 || is_refused || may_refuse, "{what}");
            asked += 1;
        }
    }
    eprintln!("{} routes, {asked} answers", routes.len());
}

/// Routes of others' protocols and pages, which are not described: what they need, and whether they keep
/// members of teams to what they see.
const UNDESCRIBED: &[(&str, &str, Role, bool)] = &[
    ("GET", "/harbor/api/v1/metadata", Role::Scanner, false),
    ("POST", "/harbor/api/v1/scan", Role::Scanner, false),
    ("GET", "/harbor/api/v1/scan/{id}/report", Role::Scanner, false),
    ("POST", "/indexer/api/v1/index_report", Role::Scanner, false),
    ("DELETE", "/indexer/api/v1/index_report", Role::Scanner, false),
    ("GET", "/indexer/api/v1/index_report/{digest}", Role::Viewer, false),
    ("DELETE", "/indexer/api/v1/index_report/{digest}", Role::Scanner, false),
    ("GET", "/indexer/api/v1/index_state", Role::Viewer, false),
    ("GET", "/matcher/api/v1/vulnerability_report/{digest}", Role::Viewer, false),
    ("GET", "/notifier/api/v1/notification/{id}", Role::Viewer, false),
    ("DELETE", "/notifier/api/v1/notification/{id}", Role::Scanner, false),
    ("POST", "/v1/layers", Role::Scanner, false),
    ("GET", "/v1/layers/{name}", Role::Viewer, false),
    ("DELETE", "/v1/layers/{name}", Role::Scanner, false),
    ("GET", "/v1/namespaces", Role::Viewer, false),
    ("GET", "/v1/namespaces/{namespace}/vulnerabilities", Role::Viewer, false),
    ("GET", "/v1/namespaces/{namespace}/vulnerabilities/{name}", Role::Viewer, false),
    ("GET", "/v1/namespaces/{namespace}/vulnerabilities/{name}/fixes", Role::Viewer, false),
    ("GET", "/v1/notifications/{name}", Role::Viewer, false),
    ("DELETE", "/v1/notifications/{name}", Role::Scanner, false),
    ("POST", "/twirp/trivy.cache.v1.Cache/PutArtifact", Role::Scanner, false),
    ("POST", "/twirp/trivy.cache.v1.Cache/PutBlob", Role::Scanner, false),
    ("POST", "/twirp/trivy.cache.v1.Cache/MissingBlobs", Role::Scanner, false),
    ("POST", "/twirp/trivy.cache.v1.Cache/DeleteBlobs", Role::Scanner, false),
    ("POST", "/twirp/trivy.scanner.v1.Scanner/Scan", Role::Scanner, false),
    ("GET", "/version", Role::Scanner, false),
    ("PUT", "/api/v1/bom", Role::Scanner, false),
    ("POST", "/api/v1/bom", Role::Scanner, false),
    ("GET", "/api/v1/bom/token/{token}", Role::Viewer, false),
    ("GET", "/api/v1/event/token/{token}", Role::Viewer, false),
    ("GET", "/api/v1/project", Role::Viewer, false),
    ("PUT", "/api/v1/project", Role::Scanner, false),
    ("GET", "/api/v1/project/lookup", Role::Viewer, false),
    ("GET", "/api/v1/project/{uuid}", Role::Viewer, false),
    ("DELETE", "/api/v1/project/{uuid}", Role::Scanner, false),
    ("GET", "/api/v1/finding/project/{uuid}", Role::Viewer, false),
    ("GET", "/api/v1/finding/project/{uuid}/export", Role::Viewer, false),
    ("GET", "/api/v1/metrics/project/{uuid}/current", Role::Viewer, false),
    ("GET", "/api/v1/badge/vulns/project/{uuid}", Role::Viewer, false),
    ("PUT", "/dtrack/api/v1/bom", Role::Scanner, false),
    ("POST", "/dtrack/api/v1/bom", Role::Scanner, false),
    ("GET", "/dtrack/api/v1/bom/token/{token}", Role::Viewer, false),
    ("GET", "/dtrack/api/v1/event/token/{token}", Role::Viewer, false),
    ("GET", "/dtrack/api/v1/project", Role::Viewer, false),
    ("PUT", "/dtrack/api/v1/project", Role::Scanner, false),
    ("GET", "/dtrack/api/v1/project/lookup", Role::Viewer, false),
    ("GET", "/dtrack/api/v1/project/{uuid}", Role::Viewer, false),
    ("DELETE", "/dtrack/api/v1/project/{uuid}", Role::Scanner, false),
    ("GET", "/dtrack/api/v1/finding/project/{uuid}", Role::Viewer, false),
    ("GET", "/dtrack/api/v1/finding/project/{uuid}/export", Role::Viewer, false),
    ("GET", "/dtrack/api/v1/metrics/project/{uuid}/current", Role::Viewer, false),
    ("GET", "/dtrack/api/v1/badge/vulns/project/{uuid}", Role::Viewer, false),
    ("GET", "/dtrack/api/version", Role::Viewer, false),
    ("POST", "/falco", Role::Scanner, false),
    ("GET", "/", Role::Viewer, true),
    ("GET", "/images", Role::Viewer, true),
    ("GET", "/images/{digest}", Role::Viewer, true),
    ("GET", "/images/{digest}/sbom", Role::Viewer, true),
    ("GET", "/compare", Role::Viewer, true),
    ("GET", "/findings", Role::Viewer, true),
    ("GET", "/weaknesses/{id}", Role::Viewer, true),
    ("GET", "/components/{id}", Role::Viewer, true),
    ("GET", "/components", Role::Viewer, false),
    ("GET", "/remediation", Role::Viewer, false),
    ("GET", "/remediation/change", Role::Viewer, false),
    ("GET", "/runtime", Role::Viewer, false),
    ("GET", "/runtime/stream", Role::Viewer, false),
    ("GET", "/runtime/alerts/{id}", Role::Viewer, false),
    ("GET", "/compliance", Role::Viewer, false),
    ("GET", "/policies", Role::Viewer, false),
    ("GET", "/coverage", Role::Viewer, false),
    ("GET", "/scans", Role::Viewer, false),
    ("GET", "/search", Role::Viewer, false),
    ("GET", "/trends", Role::Viewer, false),
    ("GET", "/trends/{name}", Role::Viewer, false),
];

/// An address where nothing is.
fn nowhere(path: &str) -> String {
    let part = |part: &str| match part {
        "{digest}" => format!("sha256:{}", "0".repeat(64)),
        _ if part.starts_with('{') => "0".into(),
        _ => part.to_owned(),
    };
    path.split('/').map(part).collect::<Vec<_>>().join("/")
}

/// Addresses that routers answer at but do not describe. They tell nobody which those are, but for whoever
/// looks into them for mistakes.
fn undescribed() -> BTreeSet<String> {
    let mut all = BTreeSet::new();
    // Styles and scripts are for everybody.
    for part in ALL.iter().filter(|part| part.module.name != "assets") {
        let (router, described) = (part.module.routes)().split_for_parts();
        let inside = format!("{router:?}");
        let texts = inside.split('"').skip(1).step_by(2).filter(|text| text.starts_with('/'));
        // What axum answers by itself where there is no route has an address of its own.
        let texts = texts.filter(|text| !text.contains("__private"));
        let texts = texts.filter(|text| !described.paths.paths.contains_key(*text));
        all.extend(texts.map(str::to_owned));
    }
    all
}

#[tokio::test(flavor = "multi_thread")]
async fn routes_that_are_not_described_are_all_in_the_list() {
    let bench = Bench::new(Access::default()).await;
    let listed =
        |method: &str, path: &str| UNDESCRIBED.iter().any(|it| it.0 == method && it.1 == path);
    let paths = undescribed();
    assert!(paths.len() > 60 && paths.contains("/falco"), "{paths:?}");
    for (_, path, ..) in UNDESCRIBED {
        assert!(paths.contains(*path), "{path} is described, or there is no such route");
    }
    for path in &paths {
        for method in ["GET", "POST", "PUT", "PATCH", "DELETE"] {
            let status = bench.ask(method, &nowhere(path), &[], "{}").await.status;
            assert_eq!(status != 405, listed(method, path), "{method} {path}: {status}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_and_protocols_of_others_are_open_to_their_roles_and_to_nobody_else() {
    let bench = Bench::new(Access::default()).await;
    let admin = bench.admin().await;
    let body = r#"{"name":"shop","repositories":["r.example/shop/*"]}"#;
    assert_eq!(bench.by(&admin, "POST", "/api/v1/teams", body).await.status, 201);
    let mut keys = Vec::new();
    for role in Role::ALL {
        keys.push((role, false, bench.key(&admin, role, None).await));
        if role < Role::Admin {
            keys.push((role, true, bench.key(&admin, role, Some("shop")).await));
        }
    }
    for (method, path, needed, is_by_team) in UNDESCRIBED {
        let path = nowhere(path);
        // A stream goes on for ever.
        let is_stream = path.ends_with("/stream");
        let what = format!("{method} {path}");
        assert_eq!(bench.ask(method, &path, &[], "{}").await.status, 401, "{what}");
        for (role, is_member, key) in &keys {
            let may = role >= needed && (!is_member || *is_by_team);
            if may && is_stream {
                continue;
            }
            let answer = bench.by(key, method, &path, "{}").await;
            let what = format!("{what} by {role}, of a team: {is_member}: {}", answer.text);
            assert!(answer.status < 500 && answer.status != 401 && answer.status != 405, "{what}");
            assert_eq!(answer.status == 403, !may, "{} {what}", answer.status);
        }
    }
}

/// Objects of the team `bank`, by what the address of a route has before them.
async fn objects_of_another_team(bench: &Bench, admin: &str) -> Vec<(&'static str, String)> {
    for (team, pattern) in [("shop", "r.example/shop/*"), ("bank", "r.example/bank/*")] {
        let body = serde_json::json!({"name": team, "repositories": [pattern]}).to_string();
        assert_eq!(bench.by(admin, "POST", "/api/v1/teams", &body).await.status, 201);
    }
    bench.image("r.example/shop/web:1", &[("lodash", "4.17.4")]).await;
    let digest = bench.image("r.example/bank/api:1", &[("minimist", "0.0.8")]).await;
    plimsoll_server::store::summaries::refresh(&bench.app).await.unwrap();
    let made = async |path: &str, body: serde_json::Value, id: &str| {
        let answer = bench.by(admin, "POST", path, &body.to_string()).await;
        assert!((200..300).contains(&answer.status), "{path}: {} {}", answer.status, answer.text);
        let id = answer.json()[id].clone();
        id.as_str().map_or_else(|| id.to_string(), str::to_owned)
    };
    let findings = bench.by(admin, "GET", "/api/v1/findings?component=minimist", "").await.json();
    let weakness = findings["items"][0]["weakness"].as_str().unwrap().to_owned();
    let user = serde_json::json!({"name": "banker", "role": "viewer",
        "password": "plain blue teapot", "teams": ["bank"]});
    let key = serde_json::json!({"name": "bank", "role": "viewer", "team": "bank"});
    let registry = serde_json::json!({"name": "bank", "host": "r.example",
        "repositories": "bank/**", "enabled": false});
    let notifier = serde_json::json!({"name": "bank", "kind": "webhook",
        "settings": {"url": "https://bank.example/hook"}});
    let decision = serde_json::json!({"weakness": weakness, "state": "accepted",
        "statement": "of the bank"});
    let scan = serde_json::json!({"reference": "r.example/bank/api:2"});
    let scan = made("/api/v1/scans", scan, "id").await;
    vec![
        ("/api/v1/images/", digest),
        ("/api/v1/findings/", findings["items"][0]["id"].to_string()),
        ("/api/v1/scans/", scan.clone()),
        ("/api/v1/jobs/", scan),
        ("/api/v1/triage/", made("/api/v1/triage", decision, "id").await),
        ("/api/v1/users/", made("/api/v1/users", user, "name").await),
        ("/api/v1/keys/", made("/api/v1/keys", key, "id").await),
        ("/api/v1/registries/", made("/api/v1/registries", registry, "id").await),
        ("/api/v1/notifiers/", made("/api/v1/notifiers", notifier, "id").await),
        ("/api/v1/teams/", "bank".to_owned()),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn objects_of_another_team_are_not_there_on_any_route_for_any_role() {
    let bench = Bench::new(Access::default()).await;
    let admin = bench.admin().await;
    let objects = objects_of_another_team(&bench, &admin).await;
    let mut asked = 0;
    for role in Role::ALL.into_iter().filter(|role| *role < Role::Admin) {
        let key = bench.key(&admin, role, Some("shop")).await;
        for route in routes().iter().filter(|route| route.role.is_some()) {
            let method = route.method.as_str();
            let mut address = route.path.clone();
            if let (Some(from), Some(to)) = (address.find('{'), address.find('}')) {
                let found = objects.iter().find(|it| route.path.starts_with(it.0));
                // What has no owner is in no list.
                let Some((_, id)) = found else {
                    assert!(HAVE_NO_OWNER.contains(&route.path.as_str()), "whose is {address}?");
                    continue;
                };
                address.replace_range(from..=to, id);
                let answer = bench.by(&key, method, &address, "{}").await;
                let status = answer.status;
                let is_refused = [403, 404].contains(&status);
                assert!(is_refused, "{method} {address} by {role}: {status} {}", answer.text);
            } else if route.method == Method::GET {
                let answer = bench.by(&key, method, &address, "").await;
                let what = format!("{address} by {role}: {}", answer.text);
                assert!(answer.status < 500, "{what}");
                let is_told = ["bank", "minimist"].iter().any(|it| answer.text.contains(it));
                assert!(!is_told || answer.status == 403, "{what}");
            }
            asked += 1;
        }
        for path in ["/images?format=json", "/findings?format=json", "/compare", "/images"] {
            let answer = bench.by(&key, "GET", path, "").await;
            assert_eq!(answer.status, 200, "{path}");
            assert!(answer.text.contains("shop") || answer.text.contains("lodash"), "{path}");
            let is_told = answer.text.contains("bank") || answer.text.contains("minimist");
            assert!(!is_told, "{path} by {role}: {}", answer.text);
        }
        let digest = &objects[0].1;
        for path in [format!("/images/{digest}"), format!("/images/{digest}/sbom?format=spdx-json")]
        {
            assert_eq!(bench.by(&key, "GET", &path, "").await.status, 404, "{path} by {role}");
        }
    }
    // They are there: for whoever sees all.
    for (head, id) in &objects {
        if ["/api/v1/images/", "/api/v1/findings/", "/api/v1/scans/"].contains(head) {
            assert_eq!(bench.by(&admin, "GET", &format!("{head}{id}"), "").await.status, 200);
        }
    }
    eprintln!("{asked} answers");
}

/// Routes with a part of an address that is nobody's.
const HAVE_NO_OWNER: &[&str] = &["/api/v1/notifications/{kind}"];

#[test]
fn no_part_is_registered_without_what_it_needs_and_writes_need_more_than_a_viewer() {
    for part in ALL {
        let is_own = part.needs.read.is_none() && part.needs.write.is_none();
        let name = part.module.name;
        assert!(is_own || part.needs.read.is_some() && part.needs.write.is_some(), "{name}");
    }
    for route in routes() {
        let is_write = !matches!(route.method, Method::GET | Method::HEAD);
        let is_ones_own = route.path.starts_with("/api/v1/me")
            || route.path.starts_with("/api/v1/keys")
            || route.path.starts_with("/sign-");
        let may_view = route.role.is_none_or(|role| role == Role::Viewer);
        assert!(!is_write || !may_view || is_ones_own, "{} {}", route.method, route.path);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_token_of_the_first_start_opens_what_says_so_and_nothing_else() {
    let bench = Bench::new(Access::default()).await;
    for route in routes().iter().filter(|route| route.role.is_some()) {
        let token = plimsoll_server::auth::first::token(&bench.app.store).await.unwrap();
        let answer = bench.by(&token, route.method.as_str(), &route.address(), "{}").await;
        let what = format!("{} {}: {}", route.method, route.path, answer.status);
        assert_eq!(answer.status == 403, !route.has_once, "{what}");
    }
}
