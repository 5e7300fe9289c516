//! What routes need. A part of the API is registered with its needs ([`Module::needs`]); a route that
//! needs something else says so in its description:
//!
//! | in `#[utoipa::path(…)]` | who may |
//! | --- | --- |
//! | nothing | what the part says: `read` for `GET` and `HEAD`, else `write` |
//! | `security(("role" = ["admin"]))` | that role and those above |
//! | `security(("role" = ["admin", "once"]))` | the token of the first start, too |
//! | `security(())` | everybody: it checks something of its own, or tells nothing |

use std::collections::HashMap;

use axum::http::Method;
use utoipa::openapi::path::{Operation, PathItem};
use utoipa::openapi::security::SecurityRequirement;
use utoipa::openapi::{OpenApi, Ref, RefOr, ResponseBuilder};

use super::Role;
pub use crate::api::Module;

/// What the routes of a part need that say nothing of their own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Needs {
    /// To read; `None` is nothing.
    pub read: Option<Role>,
    /// To change something.
    pub write: Option<Role>,
    /// Whether its handlers keep members of teams to what they see; else they are kept out.
    pub by_team: bool,
    /// Routes of it that do so where not all do: method and path, as `GET /images`.
    pub team_routes: &'static [&'static str],
}

impl Needs {
    /// These roles to read and to change.
    pub const fn roles(read: Role, write: Role) -> Self {
        Self { read: Some(read), write: Some(write), by_team: false, team_routes: &[] }
    }

    /// Nothing: the part checks secrets of its own.
    pub const OWN: Self = Self { read: None, write: None, by_team: true, team_routes: &[] };

    /// Its handlers ask [`super::reach`].
    #[must_use]
    pub const fn by_team(self) -> Self {
        Self { by_team: true, ..self }
    }

    /// The handlers of these routes ask [`super::reach`]; the others are about the whole estate.
    #[must_use]
    pub const fn by_team_at(self, team_routes: &'static [&'static str]) -> Self {
        Self { team_routes, ..self }
    }

    /// Whether members of teams may come to a route at all.
    pub fn lets_teams_to(&self, method: &Method, path: &str) -> bool {
        let is_it = |route: &&str| route.split_once(' ') == Some((method.as_str(), path));
        self.by_team || self.team_routes.iter().any(is_it)
    }

    /// For a method.
    pub fn of(&self, method: &Method) -> Rule {
        let is_reading = matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS);
        Rule { role: if is_reading { self.read } else { self.write }, once: false }
    }
}

/// A part of the API, and what it needs.
#[derive(Clone, Copy)]
pub struct Part {
    /// The part.
    pub module: Module,
    /// What it needs.
    pub needs: Needs,
}

/// What a route needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rule {
    /// At least this role; `None` is nothing.
    pub role: Option<Role>,
    /// A token that counts once is enough.
    pub once: bool,
}

impl Rule {
    /// What a description says.
    fn declared(operation: &Operation) -> Option<Self> {
        let security = operation.security.as_ref()?;
        let said = serde_json::to_value(security).unwrap_or_default();
        let words: Vec<&str> = said
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(|one| one.get("role")?.as_array())
            .flatten()
            .filter_map(|word| word.as_str())
            .collect();
        if security.is_empty() || said.as_array().is_some_and(|all| all.iter().all(is_empty)) {
            return Some(Self { role: None, once: false });
        }
        // A word that is no role closes the route to all but admins.
        let role = words.iter().find_map(|word| word.parse().ok()).unwrap_or(Role::Admin);
        Some(Self { role: Some(role), once: words.contains(&"once") })
    }
}

fn is_empty(one: &serde_json::Value) -> bool {
    one.as_object().is_none_or(serde_json::Map::is_empty)
}

/// What each described route needs, by method and path; routes that are not described need what their
/// part does.
pub type Rules = HashMap<(Method, String), Rule>;

/// The rules of a part, which are written into its description.
pub fn rules(part: &Part, description: &mut OpenApi) -> Rules {
    let mut rules = Rules::new();
    for (path, item) in &mut description.paths.paths {
        for (method, operation) in operations(item) {
            let declared = Rule::declared(operation);
            let rule = declared.unwrap_or_else(|| part.needs.of(&method));
            describe(operation, rule);
            rules.insert((method, path.clone()), rule);
        }
    }
    rules
}

/// The operations of a path.
pub fn operations(item: &mut PathItem) -> Vec<(Method, &mut Operation)> {
    [
        (Method::GET, &mut item.get),
        (Method::PUT, &mut item.put),
        (Method::POST, &mut item.post),
        (Method::DELETE, &mut item.delete),
        (Method::OPTIONS, &mut item.options),
        (Method::HEAD, &mut item.head),
        (Method::PATCH, &mut item.patch),
        (Method::TRACE, &mut item.trace),
    ]
    .into_iter()
    .filter_map(|(method, operation)| Some((method, operation.as_mut()?)))
    .collect()
}

/// Ways to show who one is, as the description calls them.
pub const SCHEMES: [&str; 3] = ["bearer", "api_key", "session"];

/// Says in a description what a route needs, and what is answered to whoever has not got it. Source:
/// OpenAPI 3.1, "Security Requirement Object": a list may name roles.
fn describe(operation: &mut Operation, rule: Rule) {
    let Some(needed) = rule.role else {
        operation.security = Some(Vec::new());
        return;
    };
    let mut words = vec![needed.name()];
    if rule.once {
        words.push("once");
    }
    let one = |scheme: &str| SecurityRequirement::new(scheme, words.clone());
    operation.security = Some(SCHEMES.into_iter().map(one).collect());
    for (status, why) in [
        ("401", "Nobody says who asks, or what they bring does not count"),
        ("403", "Whoever asks may not"),
        ("429", "Too much of it failed; `Retry-After` says when it may be tried again"),
    ] {
        let problem = RefOr::Ref(Ref::from_schema_name("Problem"));
        let content = utoipa::openapi::ContentBuilder::new().schema(Some(problem)).build();
        let response = ResponseBuilder::new()
            .description(why)
            .content("application/problem+json", content)
            .build();
        operation
            .responses
            .responses
            .entry(status.to_owned())
            .or_insert_with(|| RefOr::T(response));
    }
}
