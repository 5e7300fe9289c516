//! Every route that the API describes, asked by everybody.

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
