//! The description of the API in OpenAPI 3.1.

use axum::http::header;
use axum::response::IntoResponse;
use utoipa::openapi::{ContactBuilder, InfoBuilder, OpenApi, OpenApiBuilder};

/// What is said before any route.
pub(super) fn description() -> OpenApi {
    let info = InfoBuilder::new()
        .title("Plimsoll")
        .version(env!("CARGO_PKG_VERSION"))
        .description(Some(
            "Images, their components and what advisories say of them. Lists are read page by page: \
             `next` of one page is `after` of the next. Errors are `application/problem+json`.",
        ))
        .contact(Some(ContactBuilder::new().name(Some("Plimsoll")).build()));
    OpenApiBuilder::new().info(info.build()).build()
}

/// What is said once all routes are known.
pub(super) fn finished(description: OpenApi) -> OpenApi {
    description
}

pub(super) fn answer(description: &OpenApi) -> impl IntoResponse + use<> {
    let text = description.to_json().unwrap_or_default();
    ([(header::CONTENT_TYPE, "application/json")], text)
}
