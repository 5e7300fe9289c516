//! Pages for people.
//!
//! Every page is rendered here, has an address, and can be read without a script; every table can be had
//! as CSV or JSON at the same address by `?format=`. Styles, scripts and their licences are in `ui/` of
//! the project and are part of the program. A new page is a file with a handler, and one line in
//! [`routes`]; [`layout::page`] puts what all pages have around it.

mod act;
mod assets;
mod board;
mod charts;
mod compare;
mod compliance;
mod components;
mod coverage;
mod findings;
mod image;
mod images;
mod layout;
mod overview;
mod parts;
mod policies;
mod problem;
mod prose;
mod runtime;
mod scans;
mod search;
mod state;
mod table;
mod trends;
mod visit;
mod weakness;

use axum::Extension;
use axum::routing::get;
use tower_http::compression::CompressionLayer;

use crate::api::{Module, Routes};

pub use layout::{outside, page};
pub use problem::as_pages;
pub use state::Ui;
pub use visit::{Failure, Visit};

/// The pages.
pub const MODULE: Module = Module { name: "ui", routes };

/// Pages that keep members of teams to what they see; the others are about the whole estate.
pub const BY_TEAM: &[&str] = &[
    "GET /",
    "GET /images",
    "GET /images/{digest}",
    "GET /images/{digest}/sbom",
    "GET /compare",
    "GET /components/{id}",
    "GET /findings",
    "GET /weaknesses/{id}",
];

/// Styles and scripts, which whoever signs in needs before.
pub const ASSETS: Module = Module { name: "assets", routes: assets_alone };

fn routes() -> Routes {
    Routes::new()
        .route("/", get(overview::page))
        .route("/images", get(images::page))
        .route("/images/{digest}", get(image::page))
        .route("/images/{digest}/sbom", get(image::sbom))
        .route("/compare", get(compare::page))
        .route("/findings", get(findings::page))
        .route("/weaknesses/{id}", get(weakness::page))
        .route("/components", get(components::page))
        .route("/components/{id}", get(components::one))
        .route("/remediation", get(board::page))
        .route("/remediation/change", get(board::one))
        .route("/runtime", get(runtime::page))
        .route("/runtime/stream", get(runtime::stream))
        .route("/runtime/alerts/{id}", get(runtime::one))
        .route("/compliance", get(compliance::page))
        .route("/policies", get(policies::page))
        .route("/coverage", get(coverage::page))
        .route("/scans", get(scans::page))
        .route("/search", get(search::page))
        .route("/trends", get(trends::page))
        .route("/trends/{name}", get(trends::one))
        .layer(CompressionLayer::new())
        .layer(Extension(Ui::default()))
}

fn assets_alone() -> Routes {
    Routes::new().route("/assets/{name}", get(assets::one)).layer(CompressionLayer::new())
}
