//! What went wrong, as Clair 2 says it: `{"Error": {"Message": …}}`.

use axum::Json;
use axum::extract::rejection::BytesRejection;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::json;

use super::super::fault::status;
use crate::error::Error;

/// An error.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Fault(pub(super) StatusCode, pub(super) String);

impl Fault {
    pub(super) fn bad_request(message: impl Into<String>) -> Self {
        Self(StatusCode::BAD_REQUEST, message.into())
    }

    pub(super) fn not_found() -> Self {
        Self(StatusCode::NOT_FOUND, "the resource cannot be found".into())
    }
}

impl From<Error> for Fault {
    fn from(error: Error) -> Self {
        Self(status(&error), error.to_string())
    }
}

impl From<(StatusCode, String)> for Fault {
    fn from((status, message): (StatusCode, String)) -> Self {
        Self(status, message)
    }
}

impl From<BytesRejection> for Fault {
    fn from(rejection: BytesRejection) -> Self {
        Self(rejection.status(), rejection.body_text())
    }
}

impl IntoResponse for Fault {
    fn into_response(self) -> Response {
        (self.0, Json(json!({"Error": {"Message": self.1}}))).into_response()
    }
}
