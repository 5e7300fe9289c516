//! What is answered over HTTP: figures, and whether all is well.

use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::Context as _;
use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use axum::routing::get;
use tokio::net::TcpListener;

use super::pass::Work;
use crate::exit::tell;

/// Answers until `end`.
pub(super) async fn serve(
    address: SocketAddr,
    work: Arc<Work>,
    end: impl Future<Output = ()> + Send + 'static,
) -> anyhow::Result<()> {
    let listener =
        TcpListener::bind(address).await.with_context(|| format!("cannot listen on {address}"))?;
    tell(&format!("listening on http://{}", listener.local_addr()?));
    let router = Router::new()
        .route("/healthz", get(healthz))
        .route("/healthz/", get(healthz))
        .route("/readyz", get(readyz))
        .route("/readyz/", get(readyz))
        .route("/metrics", get(metrics))
        .with_state(work);
    axum::serve(listener, router).with_graceful_shutdown(end).await?;
    Ok(())
}

async fn healthz() -> &'static str {
    "ok\n"
}

async fn readyz(State(work): State<Arc<Work>>) -> (StatusCode, &'static str) {
    if work.is_ready() {
        (StatusCode::OK, "ok\n")
    } else {
        (StatusCode::SERVICE_UNAVAILABLE, "the cluster is not listed yet\n")
    }
}

async fn metrics(State(work): State<Arc<Work>>) -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4")], work.metrics())
}
