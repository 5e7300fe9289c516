//! The description of the API in OpenAPI 3.1.

use axum::http::header;
use axum::response::IntoResponse;
use utoipa::PartialSchema;
use utoipa::openapi::security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{ContactBuilder, InfoBuilder, OpenApi, OpenApiBuilder, RefOr};

use super::Problem;

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
pub(super) fn finished(mut description: OpenApi) -> OpenApi {
    let bearer = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).build();
    let key = ApiKeyValue::with_description("X-Api-Key", "The same key");
    let cookie = ApiKeyValue::with_description(
        "__Host-plimsoll",
        "A session; what changes something also needs `X-CSRF-Token`",
    );
    let components = description.components.get_or_insert_default();
    let schemes = [
        SecurityScheme::Http(bearer),
        SecurityScheme::ApiKey(ApiKey::Header(key)),
        SecurityScheme::ApiKey(ApiKey::Cookie(cookie)),
    ];
    for (name, scheme) in crate::auth::needs::SCHEMES.into_iter().zip(schemes) {
        components.security_schemes.insert(name.to_owned(), RefOr::T(scheme));
    }
    components.schemas.entry("Problem".to_owned()).or_insert_with(Problem::schema);
    description
}

pub(super) fn answer(description: &OpenApi) -> impl IntoResponse + use<> {
    let text = description.to_json().unwrap_or_default();
    ([(header::CONTENT_TYPE, "application/json")], text)
}
