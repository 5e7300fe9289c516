//! A request for a page: its address, its query, and whoever looks.

use std::collections::BTreeMap;
use std::convert::Infallible;

use axum::extract::{FromRequestParts, Query};
use axum::http::request::Parts;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use maud::html;

use super::{layout, problem};
use crate::address::encode;
use crate::api::{Actor, Problem};
use crate::error::Error;

/// A request for a page.
#[derive(Debug, Clone)]
pub struct Visit {
    /// The path of its address.
    pub path: String,
    /// Whoever looks.
    pub actor: Actor,
    query: BTreeMap<String, String>,
}

/// No value of a query is longer.
const LONGEST: usize = 1_000;

/// How many rows a table as CSV or JSON has at most.
const EXPORT: usize = 5_000;

impl Visit {
    /// A value of the query; empty where it is not there.
    pub fn ask(&self, name: &str) -> &str {
        self.query.get(name).map(String::as_str).unwrap_or_default()
    }

    /// The address of the same page with other values; empty ones are left out.
    pub fn with(&self, values: &[(&str, &str)]) -> String {
        let mut query = self.query.clone();
        for (name, value) in values {
            query.insert((*name).to_owned(), (*value).to_owned());
        }
        let parts: Vec<String> = query
            .iter()
            .filter(|(_, value)| !value.is_empty())
            .map(|(name, value)| format!("{}={}", encode(name), encode(value)))
            .collect();
        if parts.is_empty() {
            self.path.clone()
        } else {
            format!("{}?{}", self.path, parts.join("&"))
        }
    }

    /// How many rows are wanted: those of a page, or as many as a table for programs has at once.
    pub(super) fn rows(&self, page: usize) -> usize {
        if self.ask("format").is_empty() {
            return page;
        }
        self.ask("limit").parse().unwrap_or(EXPORT).clamp(1, EXPORT)
    }

    /// Where the page of a table begins; empty where that is its beginning. Of several tables of a page
    /// it is said of one.
    pub(super) fn cursor(&self, table: &str) -> &str {
        let named = self.ask("table");
        if named.is_empty() || named == table { self.ask("after") } else { "" }
    }

    /// Numbers of a cursor.
    pub(super) fn after<const N: usize>(&self, table: &str) -> Result<Option<[i64; N]>, Failure> {
        let text = self.cursor(table);
        if text.is_empty() {
            return Ok(None);
        }
        let numbers: Option<Vec<i64>> = text.split('.').map(|it| it.parse().ok()).collect();
        let numbers = numbers.and_then(|it| <[i64; N]>::try_from(it).ok());
        numbers.map(Some).ok_or_else(|| Failure::bad("This address leads to no page of the list."))
    }
}

impl<S: Sync> FromRequestParts<S> for Visit {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Infallible> {
        let query = Query::<Vec<(String, String)>>::try_from_uri(&parts.uri);
        let query = query.map(|Query(pairs)| pairs).unwrap_or_default();
        let query = query.into_iter().take(32).filter(|it| it.1.len() <= LONGEST).collect();
        let path = parts.uri.path().to_owned();
        Ok(Self { path, query, actor: Actor::from_request_parts(parts, state).await? })
    }
}

/// Why there is no page.
#[derive(Debug, Clone)]
pub struct Failure {
    status: StatusCode,
    detail: String,
    /// After how many seconds the browser is to try again by itself.
    again: Option<u32>,
}

impl Failure {
    /// There is no such thing.
    pub fn missing(detail: impl Into<String>) -> Self {
        Self { status: StatusCode::NOT_FOUND, detail: detail.into(), again: None }
    }

    /// The address makes no sense.
    pub fn bad(detail: impl Into<String>) -> Self {
        Self { status: StatusCode::BAD_REQUEST, detail: detail.into(), again: None }
    }

    /// All images are looked at for the first time, and that is not done yet.
    pub fn counting() -> Self {
        Self {
            status: StatusCode::SERVICE_UNAVAILABLE,
            detail: "All images are counted for the first time. This page comes as soon as that is done."
                .into(),
            again: Some(3),
        }
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        let detail = error.to_string();
        // The same errors have the same status in the API.
        let status = Problem::from(error).into_response().status();
        Self { status, detail, again: None }
    }
}

impl From<sqlx::Error> for Failure {
    fn from(error: sqlx::Error) -> Self {
        Self::from(Error::from(error))
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let body = html! {
            div.empty {
                p.what { (self.detail) }
                p { a href="/" { "Overview" } " · " a href="/search" { "Search" } }
            }
        };
        let mut response =
            (self.status, layout::bare(problem::title(self.status), &body)).into_response();
        for name in [header::RETRY_AFTER, header::REFRESH] {
            response.headers_mut().extend(self.again.map(|it| (name, HeaderValue::from(it))));
        }
        response
    }
}

#[cfg(test)]
impl Visit {
    /// Somebody's to an address.
    pub(super) fn to(path: &str, query: &[(&str, &str)]) -> Self {
        let query = query.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        Self { path: path.into(), actor: Actor::anonymous(), query: query.collect() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_keep_what_was_asked_and_encode_everything_else() {
        let visit = Visit::to("/images", &[("q", "a&b=\"<")]);
        assert_eq!(visit.with(&[("sort", "score")]), "/images?q=a%26b%3D%22%3C&sort=score");
        assert_eq!(visit.with(&[("q", "")]), "/images");
    }
}
