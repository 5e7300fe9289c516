//! What is answered over HTTP.
//!
//! A part of it is a [`Module`]: one file (or folder) with its routes, and one line in [`ALL`]. Its
//! handlers take the [`App`] as state and, where they change something, the [`Actor`] who asks. Whatever
//! goes wrong leaves as a [`Problem`].
#![allow(unused_qualifications, reason = "utoipa's macros write the types of parameters out")]

pub mod clair;
pub mod dependency_track;
mod findings;
pub mod harbor;
mod health;
mod images;
mod jobs;
pub mod notifications;
mod notifiers;
mod openapi;
mod page;
mod peer;
mod problem;
mod registries;
mod repeat;
mod running;
mod runtime;
mod sboms;
mod scans;
mod triage;
pub mod trivy;

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use axum::extract::{MatchedPath, Request, State};
use axum::http::StatusCode;
use axum::middleware::{self, Next};
use axum::response::Response;
use axum::routing::get;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::timeout::TimeoutLayer;
use utoipa::openapi::OpenApi;
use utoipa_axum::router::OpenApiRouter;

use crate::app::App;
use crate::auth::gate::{self, Gate};
use crate::auth::needs::{self, Needs, Part, Rules};
use crate::auth::{self, Role, headers, identify};

pub use crate::auth::Actor;
pub use page::{Page, Paging, cursor, key_text, parse_cursor, parse_key};
pub use problem::Problem;
pub(crate) use problem::{Asked, Body};
pub(crate) use repeat::KEPT as REPEATS;

/// The routes of the API, of which all handlers share an [`App`].
pub type Routes = OpenApiRouter<Arc<App>>;

/// A part of the API.
#[derive(Clone, Copy)]
pub struct Module {
    /// What it is called.
    pub name: &'static str,
    /// Its routes, each with its whole path. Bodies are at most [`BODY`] bytes, unless a route says
    /// otherwise by `axum::extract::DefaultBodyLimit`.
    pub routes: fn() -> Routes,
}

impl Module {
    /// The part with what its routes need that say nothing of their own.
    pub const fn needs(self, needs: Needs) -> Part {
        Part { module: self, needs }
    }
}

/// The registry: no part without what it needs.
pub const ALL: &[Part] = &[
    auth::api::access::MODULE.needs(Needs::roles(Role::Admin, Role::Admin)),
    auth::api::audit::MODULE.needs(Needs::roles(Role::Admin, Role::Admin)),
    auth::api::keys::MODULE.needs(Needs::roles(Role::Viewer, Role::Viewer).by_team()),
    auth::api::me::MODULE.needs(Needs::roles(Role::Viewer, Role::Viewer).by_team()),
    auth::api::sign_in::MODULE.needs(Needs::OWN),
    clair::MODULE.needs(Needs::roles(Role::Viewer, Role::Scanner)),
    dependency_track::MODULE.needs(Needs::roles(Role::Viewer, Role::Scanner)),
    findings::MODULE.needs(Needs::roles(Role::Viewer, Role::Triager).by_team()),
    harbor::MODULE.needs(Needs::roles(Role::Scanner, Role::Scanner)),
    images::MODULE.needs(Needs::roles(Role::Viewer, Role::Admin).by_team()),
    jobs::MODULE.needs(Needs::roles(Role::Admin, Role::Admin)),
    notifications::MODULE.needs(Needs::roles(Role::Viewer, Role::Scanner)),
    notifiers::MODULE.needs(Needs::roles(Role::Admin, Role::Admin)),
    registries::MODULE.needs(Needs::roles(Role::Viewer, Role::Admin)),
    running::MODULE.needs(Needs::roles(Role::Viewer, Role::Scanner).by_team_at(running::BY_TEAM)),
    runtime::MODULE.needs(Needs::roles(Role::Viewer, Role::Scanner)),
    sboms::MODULE.needs(Needs::roles(Role::Viewer, Role::Scanner).by_team()),
    scans::MODULE.needs(Needs::roles(Role::Viewer, Role::Scanner).by_team()),
    triage::MODULE.needs(Needs::roles(Role::Viewer, Role::Triager).by_team_at(triage::BY_TEAM)),
    trivy::MODULE.needs(Needs::roles(Role::Scanner, Role::Scanner)),
    crate::ui::ASSETS.needs(Needs::OWN),
    crate::ui::MODULE
        .needs(Needs::roles(Role::Viewer, Role::Viewer).by_team_at(crate::ui::BY_TEAM)),
];

/// What a body may have.
pub const BODY: usize = 1 << 20;

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// All parts of the API, each as `gated` leaves it, and their description.
fn joined(gated: impl Fn(&Part, Rules, Routes) -> Routes) -> (Router<Arc<App>>, OpenApi) {
    let mut routes = OpenApiRouter::with_openapi(openapi::description());
    for part in ALL {
        let mut one = (part.module.routes)();
        let rules = needs::rules(part, one.get_openapi_mut());
        routes = routes.merge(gated(part, rules, one));
    }
    let (all, description) = routes.split_for_parts();
    (all, openapi::finished(description))
}

/// Everything that clients see.
pub fn app(app: Arc<App>) -> Router {
    let gate = |name, needs, rules| Arc::new(Gate::new(Arc::clone(&app), name, needs, rules));
    let (all, description) = joined(|part, rules, routes| {
        let gate = gate(part.module.name, part.needs, rules);
        routes.route_layer(middleware::from_fn_with_state(gate, gate::check))
    });
    let needs = Needs::roles(Role::Viewer, Role::Viewer).by_team();
    let answer = openapi::answer(&description);
    let described = Router::new()
        .route("/api/v1/openapi.json", get(move || std::future::ready(answer.clone())))
        .route_layer(middleware::from_fn_with_state(
            gate("openapi", needs, Rules::new()),
            gate::check,
        ));
    all.merge(described)
        .route("/healthz", get(health::healthz))
        .fallback(problem::no_such_route)
        .method_not_allowed_fallback(problem::no_such_method)
        .layer(axum::extract::DefaultBodyLimit::max(BODY))
        .layer(middleware::from_fn_with_state(Arc::clone(&app), repeat::once))
        .layer(middleware::from_fn_with_state(Arc::clone(&app), identify))
        .layer(middleware::from_fn_with_state(Arc::clone(&app), measure))
        .layer(TimeoutLayer::with_status_code(StatusCode::SERVICE_UNAVAILABLE, PATIENCE))
        .layer(CatchPanicLayer::custom(problem::panicked))
        .layer(middleware::from_fn(crate::ui::as_pages))
        .layer(middleware::from_fn(headers::add))
        .with_state(app)
}

/// What those who watch the server see: on another address, which need not be open to clients.
pub fn introspection(app: Arc<App>) -> Router {
    Router::new()
        .route("/metrics", get(health::metrics))
        .route("/metrics/trivy-operator", get(health::trivy_operator))
        .route("/healthz", get(health::watched))
        .fallback(problem::no_such_route)
        .layer(TimeoutLayer::with_status_code(StatusCode::SERVICE_UNAVAILABLE, PATIENCE))
        .layer(CatchPanicLayer::custom(problem::panicked))
        .with_state(app)
}

/// The description of the API, as it is served under `/api/v1/openapi.json`.
pub fn description() -> OpenApi {
    joined(|_, _, routes| routes).1
}

async fn measure(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    let began = Instant::now();
    let method = request.method().clone();
    let route = request.extensions().get::<MatchedPath>().map(|path| path.as_str().to_owned());
    let response = next.run(request).await;
    let route = route.as_deref().unwrap_or("none");
    app.metrics.answered(method.as_str(), route, response.status().as_u16(), began.elapsed());
    response
}
