//! Trivy's server: `trivy image --server http://SERVER nginx` reads an image where it is, and asks here
//! what the advisories say of it.
//!
//! Its clients speak protobuf over Twirp; JSON is understood as well. Secrets that the client found are
//! handed back to it; misconfigurations and licences are not.
//!
//! Source: aquasecurity/trivy, `rpc/` and `pkg/rpc/server`.

mod image;
mod messages;
mod scanning;

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use prost::Message;
use serde::Serialize;
use serde::de::DeserializeOwned;
use sha2::{Digest as _, Sha256};

use super::peer;
use super::{Module, Routes};
use crate::app::App;
use crate::error::Error;
use crate::moment::Millis;

pub use image::Blob;

use messages::{
    DeleteBlobsRequest, Empty, MissingBlobsRequest, MissingBlobsResponse, PutArtifactRequest,
    ScanRequest,
};

pub(super) const MODULE: Module = Module { name: "trivy", routes };

/// Family of the layers among the blobs.
pub(crate) const LAYERS: &str = "trivy-layers";

/// Family of the images among the blobs.
pub(crate) const ARTIFACTS: &str = "trivy-artifacts";

/// How long what a client put is kept.
pub(crate) const KEPT: Millis = 30 * DAY;

/// What is as old is put again by whoever asks for it, so that it is there when they need it.
const FRESH: Millis = KEPT - DAY;

const DAY: Millis = 24 * 60 * 60 * 1000;

/// The largest message: a layer with a hundred thousand packages.
const MAX_MESSAGE: usize = 64 << 20;

/// The most layers of an image.
const MAX_LAYERS: usize = 1_000;

fn routes() -> Routes {
    Routes::new()
        .route("/twirp/trivy.cache.v1.Cache/PutArtifact", post(put_artifact))
        .route("/twirp/trivy.cache.v1.Cache/PutBlob", post(put_blob))
        .route("/twirp/trivy.cache.v1.Cache/MissingBlobs", post(missing_blobs))
        .route("/twirp/trivy.cache.v1.Cache/DeleteBlobs", post(delete_blobs))
        .route("/twirp/trivy.scanner.v1.Scanner/Scan", post(scan))
        .route("/version", get(version))
        .layer(DefaultBodyLimit::max(MAX_MESSAGE))
}

/// What went wrong, as Twirp says it.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Fault(StatusCode, &'static str, String);

impl Fault {
    fn invalid(why: impl Into<String>) -> Self {
        Self(StatusCode::BAD_REQUEST, "invalid_argument", why.into())
    }
}

impl From<Error> for Fault {
    fn from(error: Error) -> Self {
        Self(StatusCode::INTERNAL_SERVER_ERROR, "internal", error.to_string())
    }
}

impl IntoResponse for Fault {
    fn into_response(self) -> Response {
        let body = serde_json::json!({"code": self.1, "msg": self.2});
        (self.0, axum::Json(body)).into_response()
    }
}

fn is_json(headers: &HeaderMap) -> Result<bool, Fault> {
    let kind = peer::header(headers, "content-type").unwrap_or_default();
    match kind.split(';').next().unwrap_or_default().trim() {
        "application/protobuf" => Ok(false),
        "application/json" => Ok(true),
        other => {
            let why = format!("unexpected Content-Type: {other:?}");
            Err(Fault(StatusCode::NOT_FOUND, "bad_route", why))
        }
    }
}

fn read<M: Message + Default + DeserializeOwned>(
    headers: &HeaderMap,
    body: &Bytes,
) -> Result<M, Fault> {
    if is_json(headers)? {
        return serde_json::from_slice(body)
            .map_err(|error| Fault(StatusCode::BAD_REQUEST, "malformed", error.to_string()));
    }
    M::decode(&**body)
        .map_err(|error| Fault(StatusCode::BAD_REQUEST, "malformed", error.to_string()))
}

fn write<M: Message + Serialize>(headers: &HeaderMap, message: &M) -> Result<Response, Fault> {
    if is_json(headers)? {
        let text = serde_json::to_vec(message).map_err(|_| Error::Damaged("an answer"))?;
        return Ok(([(header::CONTENT_TYPE, "application/json")], text).into_response());
    }
    let kind = [(header::CONTENT_TYPE, "application/protobuf")];
    Ok((kind, message.encode_to_vec()).into_response())
}

/// Clients choose these names, so they are no paths.
fn place(id: &str) -> String {
    plimsoll_supply::hash::hex(&Sha256::digest(id))
}

async fn put_artifact(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Fault> {
    let put: PutArtifactRequest = read(&headers, &body)?;
    if put.artifact_id.is_empty() {
        return Err(Fault::invalid("empty artifact_id"));
    }
    app.blobs.put_named(ARTIFACTS, &place(&put.artifact_id), put.artifact_id.as_bytes()).await?;
    write(&headers, &Empty {})
}

async fn put_blob(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Fault> {
    let blob = Blob::parse(&body, is_json(&headers)?).map_err(Fault::invalid)?;
    if blob.id.is_empty() {
        return Err(Fault::invalid("empty diff_id"));
    }
    app.blobs.put_named(LAYERS, &place(&blob.id), &blob.info.encode_to_vec()).await?;
    write(&headers, &Empty {})
}

async fn missing_blobs(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Fault> {
    let asked: MissingBlobsRequest = read(&headers, &body)?;
    few(&asked.blob_ids)?;
    let mut answer = MissingBlobsResponse {
        missing_artifact: !app
            .blobs
            .has_younger(ARTIFACTS, &place(&asked.artifact_id), FRESH)
            .await?,
        missing_blob_ids: Vec::new(),
    };
    for id in asked.blob_ids {
        if !app.blobs.has_younger(LAYERS, &place(&id), FRESH).await? {
            answer.missing_blob_ids.push(id);
        }
    }
    write(&headers, &answer)
}

async fn delete_blobs(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Fault> {
    let asked: DeleteBlobsRequest = read(&headers, &body)?;
    few(&asked.blob_ids)?;
    for id in asked.blob_ids {
        app.blobs.remove(LAYERS, &place(&id)).await?;
    }
    write(&headers, &Empty {})
}

fn few(ids: &[String]) -> Result<(), Fault> {
    if ids.len() > MAX_LAYERS {
        return Err(Fault::invalid(format!("more than {MAX_LAYERS} layers")));
    }
    Ok(())
}

async fn scan(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Fault> {
    let asked: ScanRequest = read(&headers, &body)?;
    few(&asked.blob_ids)?;
    let mut layers = Vec::with_capacity(asked.blob_ids.len());
    for id in &asked.blob_ids {
        let bytes = app.blobs.fetch(LAYERS, &place(id)).await?;
        let bytes = bytes.ok_or_else(|| {
            Fault(StatusCode::NOT_FOUND, "not_found", format!("layer `{id}` was not put here"))
        })?;
        let info = messages::BlobInfo::decode(&*bytes).map_err(|_| Error::Damaged("a layer"))?;
        layers.push(info);
    }
    let current = app.advisories.current();
    let scanning = move || scanning::scan(&asked, layers, &current.database);
    let answer = tokio::task::spawn_blocking(scanning).await.map_err(Error::from)?;
    write(&headers, &answer?)
}

/// Clients show it.
async fn version() -> Response {
    axum::Json(serde_json::json!({"Version": format!("plimsoll {}", env!("CARGO_PKG_VERSION"))}))
        .into_response()
}
