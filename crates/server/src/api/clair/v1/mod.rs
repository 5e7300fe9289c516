//! The API of Clair 2: images come layer by layer, each under a name that the client gives it, on top of
//! the one that it names as its parent.
//!
//! A layer is fetched and read when it is posted, and what is in it is kept; an image is put together of
//! them when somebody asks for its topmost layer.
//!
//! Source: quay/clair, release 2.1, `Documentation/api_v1.md` and `api/v1/`.

mod chain;
mod fault;
mod layers;
mod namespace;
mod shown;
mod vulnerabilities;

use axum::extract::DefaultBodyLimit;
use axum::routing::{get, post};

use crate::api::Routes;

pub use layers::NamedLayer;
pub(super) use vulnerabilities::record;

/// Under which names of layers stand in the store.
pub(crate) const PROTOCOL: &str = "clair-v1";

/// Clair's own bound.
const BODY: usize = 1 << 20;

/// The version of the engine, as Clair counts it.
const ENGINE: u8 = 3;

pub(super) fn routes() -> Routes {
    Routes::new()
        .route("/v1/layers", post(layers::create))
        .route("/v1/layers/{name}", get(layers::one).delete(layers::remove))
        .route("/v1/namespaces", get(vulnerabilities::namespaces))
        .route("/v1/namespaces/{namespace}/vulnerabilities", get(vulnerabilities::list))
        .route("/v1/namespaces/{namespace}/vulnerabilities/{name}", get(vulnerabilities::one))
        .route(
            "/v1/namespaces/{namespace}/vulnerabilities/{name}/fixes",
            get(vulnerabilities::fixes),
        )
        .route(
            "/v1/notifications/{name}",
            get(vulnerabilities::notification).delete(vulnerabilities::forget_notification),
        )
        .layer(DefaultBodyLimit::max(BODY))
}

/// What reads layers here: another one means that they should be read again, and what was kept of them
/// is in its form.
pub(crate) fn state() -> String {
    format!("{} {}", env!("CARGO_PKG_VERSION"), super::index_state())
}
