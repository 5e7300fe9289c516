//! Pages for people.
//!
//! Every page is rendered here, has an address, and can be read without a script; every table can be had
//! as CSV or JSON at the same address by `?format=`. Styles, scripts and their licences are in `ui/` of
//! the project and are part of the program. A new page is a file with a handler, and one line in
//! [`routes`]; [`layout::page`] puts what all pages have around it.

mod assets;
mod board;
mod charts;
mod compare;
mod components;
mod coverage;
mod findings;
mod image;
mod images;
mod layout;
mod overview;
mod parts;
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

pub use layout::page;
pub use state::Ui;
pub use visit::{Failure, Visit};

/// The pages.
pub const MODULE: Module = Module { name: "ui", routes };

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
        .route("/coverage", get(coverage::page))
        .route("/scans", get(scans::page))
        .route("/search", get(search::page))
        .route("/trends", get(trends::page))
        .route("/trends/{name}", get(trends::one))
        .route("/assets/{name}", get(assets::one))
        .layer(axum::middleware::from_fn(layout::guard))
        .layer(CompressionLayer::new())
        .layer(Extension(Ui::default()))
}
