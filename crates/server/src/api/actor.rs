//! Who asks.

use std::convert::Infallible;

use axum::extract::{FromRequestParts, Request};
use axum::http::request::Parts;
use axum::middleware::Next;
use axum::response::Response;

/// Who asks. Whoever signs people in puts another one into the request's extensions before handlers
/// see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Actor {
    /// What the audit calls them.
    pub name: String,
}

impl Actor {
    /// Somebody.
    pub fn anonymous() -> Self {
        Self { name: "anonymous".into() }
    }
}

impl<S: Sync> FromRequestParts<S> for Actor {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(parts.extensions.get::<Self>().cloned().unwrap_or_else(Self::anonymous))
    }
}

/// Puts somebody into requests that nobody signed in for.
pub(super) async fn anonymous(mut request: Request, next: Next) -> Response {
    if request.extensions().get::<Actor>().is_none() {
        request.extensions_mut().insert(Actor::anonymous());
    }
    next.run(request).await
}
