//! Clair's API, version 4: its indexer, its matcher, and where its notifier is asked; [`crate::notify`]
//! tells clients that there is something. The API of its older releases, layer by layer, is [`v1`].
//!
//! A manifest says where layers are; they are fetched and read as those of any image. An image that is
//! known already is not fetched again.
//!
//! Source: quay/clair, `httptransport/api/v1/openapi.yaml`.

mod fault;
mod indexer;
mod manifest;
mod matcher;
mod notifier;
mod packages;
mod v1;

use std::sync::LazyLock;

use axum::extract::DefaultBodyLimit;
use axum::routing::{get, post};
use plimsoll_model::Digest;
use sha2::{Digest as _, Sha256};

use super::{Module, Routes};

pub use manifest::Manifest;
pub use v1::NamedLayer;
pub(crate) use v1::{PROTOCOL as V1, state as v1_state};

use fault::Fault;

pub(super) const MODULE: Module = Module { name: "clair", routes };

/// Under which names of clients stand here.
pub(crate) const PROTOCOL: &str = "clair";

/// The largest manifest: headers of a thousand layers.
const MAX_MANIFEST: usize = 8 << 20;

fn routes() -> Routes {
    Routes::new()
        .route("/indexer/api/v1/index_report", post(indexer::create).delete(indexer::delete_some))
        .route(
            "/indexer/api/v1/index_report/{digest}",
            get(indexer::one).delete(indexer::delete_one),
        )
        .route("/indexer/api/v1/index_state", get(indexer::state))
        .route("/matcher/api/v1/vulnerability_report/{digest}", get(matcher::report))
        .route("/notifier/api/v1/notification/{id}", get(notifier::page).delete(notifier::delete))
        .merge(v1::routes())
        .layer(DefaultBodyLimit::max(MAX_MANIFEST))
}

/// What reads images here: another one means that they should be indexed again.
fn index_state() -> &'static str {
    static STATE: LazyLock<String> = LazyLock::new(|| {
        let mut hash = Sha256::new();
        for cataloguer in plimsoll_image::cataloguers::ALL {
            hash.update(cataloguer.name());
            hash.update(cataloguer.version().to_le_bytes());
        }
        plimsoll_supply::hash::hex(hash.finalize().get(..16).unwrap_or_default())
    });
    &STATE
}

fn digest(text: &str) -> Result<Digest, Fault> {
    text.parse().map_err(|error| Fault::bad_request(format!("malformed path: {error}")))
}
