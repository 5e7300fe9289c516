//! The description of the API in OpenAPI 3.1.

use axum::http::{Method, header};
use axum::response::IntoResponse;
use bytes::Bytes;
use utoipa::PartialSchema;
use utoipa::openapi::path::{Operation, Parameter, ParameterBuilder, ParameterIn};
use utoipa::openapi::schema::{ObjectBuilder, Type};
use utoipa::openapi::security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{ContactBuilder, InfoBuilder, OpenApi, OpenApiBuilder, RefOr, Required};

use super::Problem;
use crate::auth::needs::operations;

/// What is said before any route.
pub(super) fn description() -> OpenApi {
    let info = InfoBuilder::new()
        .title("Plimsoll")
        .version(env!("CARGO_PKG_VERSION"))
        .description(Some(
            "Images, their components and what advisories say of them. Lists are read page by page: \
             `next` of one page is `after` of the next. Errors are `application/problem+json`. A POST \
             with `Idempotency-Key` is done once, however often it is sent within a day.",
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
    for (path, item) in &mut description.paths.paths {
        for (method, operation) in operations(item) {
            complete(&method, path, operation);
        }
    }
    let posts = description.paths.paths.iter_mut().filter(|(path, _)| path.starts_with("/api/"));
    for post in posts.filter_map(|(_, item)| item.post.as_mut()) {
        post.parameters.get_or_insert_default().push(RefOr::T(repeated()));
    }
    description
}

/// What OpenAPI asks for and nobody says of each route: a name of its own, and words for each answer.
fn complete(method: &Method, path: &str, operation: &mut Operation) {
    let parts = path.trim_start_matches("/api/v1").split('/').filter(|part| !part.is_empty());
    let mut words = vec![method.as_str().to_ascii_lowercase()];
    words.extend(parts.map(|part| match part.strip_prefix('{') {
        Some(name) => format!("by_{}", name.trim_end_matches('}')),
        None => part.replace('-', "_"),
    }));
    operation.operation_id = Some(words.join("_"));
    for (status, response) in &mut operation.responses.responses {
        if let RefOr::T(response) = response
            && response.description.is_empty()
        {
            let words = if status == "201" { "It is made" } else { "What was asked for" };
            words.clone_into(&mut response.description);
        }
    }
}

/// The header by which a request is done once: see [`super::repeat`].
fn repeated() -> Parameter {
    let text = ObjectBuilder::new().schema_type(Type::String);
    ParameterBuilder::new()
        .name("Idempotency-Key")
        .parameter_in(ParameterIn::Header)
        .required(Required::False)
        .description(Some("Any text: the same one with the same body within a day is done once"))
        .schema(Some(text.min_length(Some(1)).max_length(Some(255))))
        .build()
}

/// The text of a description, which whoever takes it shares.
pub(super) fn answer(description: &OpenApi) -> impl IntoResponse + Clone + use<> {
    let text = Bytes::from(description.to_json().unwrap_or_default());
    ([(header::CONTENT_TYPE, "application/json")], text)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_route_has_a_name_of_its_own_and_words_for_each_answer() {
        let mut description = crate::api::description();
        let mut names = BTreeSet::new();
        for (path, item) in &mut description.paths.paths {
            for (method, operation) in operations(item) {
                let name = operation.operation_id.clone().unwrap_or_default();
                assert!(names.insert(name.clone()), "{method} {path}: {name}");
                for (status, response) in &operation.responses.responses {
                    let RefOr::T(response) = response else { continue };
                    assert!(!response.description.is_empty(), "{method} {path}: {status}");
                }
            }
        }
        assert!(names.contains("post_scans_by_id_retry"), "{names:?}");
    }
}
