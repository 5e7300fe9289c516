//! Styles and scripts, which are part of the program. Their addresses change with their content, so
//! that browsers keep them for ever.

use std::sync::LazyLock;

use axum::extract::Path;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use sha2::{Digest, Sha256};

macro_rules! assets {
    ($($constant:ident = $stem:literal, $ending:literal, $kind:literal, $file:literal;)*) => {
        $(pub(super) static $constant: LazyLock<Asset> = LazyLock::new(|| Asset::new(
            $stem, $ending, $kind, include_str!(concat!("../../../../ui/", $file)),
        ));)*

        fn all() -> Vec<&'static Asset> {
            vec![$(&*$constant),*]
        }
    };
}

assets! {
    STYLE = "plimsoll", "css", "text/css; charset=utf-8", "plimsoll.css";
    SCRIPT = "plimsoll", "js", "text/javascript; charset=utf-8", "plimsoll.js";
    HTMX = "htmx", "js", "text/javascript; charset=utf-8", "vendor/htmx.min.js";
    PLOT = "uplot", "js", "text/javascript; charset=utf-8", "vendor/uPlot.iife.min.js";
    PLOT_STYLE = "uplot", "css", "text/css; charset=utf-8", "vendor/uPlot.min.css";
    ICON = "plimsoll", "svg", "image/svg+xml", "plimsoll.svg";
}

/// A file of the pages.
#[derive(Debug)]
pub(super) struct Asset {
    name: String,
    /// Where it is.
    pub(super) path: String,
    kind: &'static str,
    content: &'static str,
}

impl Asset {
    fn new(stem: &str, ending: &str, kind: &'static str, content: &'static str) -> Self {
        let hash = Sha256::digest(content);
        let hash = plimsoll_supply::hash::hex(hash.get(..6).unwrap_or_default());
        let name = format!("{stem}-{hash}.{ending}");
        Self { path: format!("/assets/{name}"), name, kind, content }
    }
}

pub(super) async fn one(Path(name): Path<String>) -> Response {
    let found = all().into_iter().find(|asset| asset.name == name);
    match found {
        Some(asset) => (
            [
                (header::CONTENT_TYPE, asset.kind),
                (header::CACHE_CONTROL, "public, max-age=31536000, immutable"),
            ],
            asset.content,
        )
            .into_response(),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}
