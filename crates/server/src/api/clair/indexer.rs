//! `/indexer/api/v1`: images are read.

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use plimsoll_model::Digest;
use serde::Serialize;

use super::packages::Content;
use super::{Fault, Manifest, PROTOCOL, digest, index_state};
use crate::api::Actor;
use crate::api::peer::{self, Peer};
use crate::app::App;
use crate::catalogue;
use crate::error::Error;
use crate::jobs;
use crate::queue::State as JobState;
use crate::store::foreign::{self, Named};
use crate::store::{audit, images};

/// How long a client waits for an image to be read, before it is told to come again.
const PATIENCE: Duration = Duration::from_secs(25);

/// How long one waits that comes again.
const AGAIN: Duration = Duration::from_secs(8);

/// How often is looked.
const LOOK: Duration = Duration::from_millis(100);

/// What was found, and how far it is.
#[derive(Debug, Clone, Serialize)]
struct IndexReport {
    manifest_hash: String,
    state: &'static str,
    #[serde(flatten)]
    content: Content,
    success: bool,
    err: String,
}

/// How an image stands.
enum Standing {
    /// It is in the store.
    Finished,
    /// It is being read.
    Reading,
    /// It could not be read.
    Failed(String),
    /// Nobody asked for it.
    Unknown,
}

async fn standing(app: &App, hash: &str) -> Result<Standing, Error> {
    let mut read = app.store.read().await?;
    let Some(named) = foreign::find(&mut read, PROTOCOL, hash).await? else {
        return Ok(Standing::Unknown);
    };
    let is_known = images::by_digest(&mut read, hash).await?.is_some();
    drop(read);
    let status = if named.job == 0 { None } else { app.queue.status(named.job).await? };
    Ok(match status {
        None if is_known => Standing::Finished,
        None => Standing::Unknown,
        Some(status) => match status.state {
            JobState::Done => Standing::Finished,
            // The advisories changed while it was read, which is over in seconds.
            JobState::Waiting if status.error == Error::Changed.to_string() => Standing::Reading,
            // The next attempt may go well, but whoever waits should know what is wrong.
            JobState::Waiting if !status.error.is_empty() => Standing::Failed(status.error),
            JobState::Running | JobState::Waiting => Standing::Reading,
            JobState::Dead => Standing::Failed(status.error),
            JobState::Cancelled => Standing::Failed("somebody cancelled it".into()),
        },
    })
}

async fn wait(app: &App, hash: &str, patience: Duration) -> Result<Standing, Error> {
    let began = Instant::now();
    loop {
        match standing(app, hash).await? {
            Standing::Reading if began.elapsed() < patience => tokio::time::sleep(LOOK).await,
            other => return Ok(other),
        }
    }
}

/// Whether an image need not be read: it was, by what reads images now, or from its own registry.
async fn is_current(app: &App, hash: &str) -> Result<bool, Error> {
    let mut read = app.store.read().await?;
    let Some(image) = images::by_digest(&mut read, hash).await? else { return Ok(false) };
    if image.partial {
        return Ok(false);
    }
    if image.source != PROTOCOL {
        return Ok(true);
    }
    let named = foreign::find(&mut read, PROTOCOL, hash).await?;
    Ok(named.is_some_and(|named| named.state == index_state()))
}

fn validator() -> String {
    format!("\"{}\"", index_state())
}

fn is_unmodified(headers: &HeaderMap, validator: &str) -> bool {
    let said = peer::header(headers, "if-none-match").unwrap_or_default();
    said.split(',').any(|it| it.trim().trim_start_matches("W/") == validator)
}

pub(super) async fn create(
    State(app): State<Arc<App>>,
    actor: Actor,
    peer: Peer,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Fault> {
    let manifest = Manifest::parse(&body).map_err(Fault::bad_request)?;
    let hash = manifest.hash().to_string();
    if is_unmodified(&headers, &validator()) && is_current(&app, &hash).await? {
        return Ok(StatusCode::PRECONDITION_FAILED.into_response());
    }
    if !is_current(&app, &hash).await? {
        submit(&app, manifest, peer, &actor).await?;
    } else if let Standing::Unknown | Standing::Failed(_) = standing(&app, &hash).await? {
        remember(&app, &hash, 0, &actor).await?;
    }
    let answer = match wait(&app, &hash, PATIENCE).await? {
        Standing::Finished => finished(&app, &hash).await?,
        Standing::Failed(why) => {
            let why = format!("failed to start scan: {why}");
            return Err(Fault::new(StatusCode::INTERNAL_SERVER_ERROR, why));
        }
        Standing::Reading | Standing::Unknown => IndexReport {
            manifest_hash: hash.clone(),
            state: "FetchLayers",
            content: Content::default(),
            success: false,
            err: String::new(),
        },
    };
    let place = format!("/indexer/api/v1/index_report/{hash}");
    let report = format!("/matcher/api/v1/vulnerability_report/{hash}");
    let link = |place: &str, name: &str| {
        format!("<{place}>; rel=\"https://projectquay.io/clair/v1/{name}\"")
    };
    let links =
        format!("{}, {}", link(&place, "index_report"), link(&report, "vulnerability_report"));
    let named = [
        (header::CONTENT_TYPE, KIND.to_owned()),
        (header::ETAG, validator()),
        (header::LOCATION, place),
        (header::LINK, links),
    ];
    Ok((StatusCode::CREATED, named, body_of(&answer)?).into_response())
}

const KIND: &str = "application/vnd.clair.index_report.v1+json";

fn body_of(answer: &impl Serialize) -> Result<Vec<u8>, Fault> {
    serde_json::to_vec(answer).map_err(|_| Error::Damaged("an inventory").into())
}

async fn submit(app: &App, manifest: Manifest, peer: Peer, actor: &Actor) -> Result<(), Error> {
    let request = manifest.layers(peer.0);
    let hash = request.digest.to_string();
    let named = foreign::find(&mut *app.store.read().await?, PROTOCOL, &hash).await?;
    // One that failed and waits would look for layers where they were, which may be elsewhere by now.
    if let Some(named) = named.filter(|named| named.job != 0)
        && let Some(status) = app.queue.status(named.job).await?
        && status.state == JobState::Waiting
        && !status.error.is_empty()
    {
        app.queue.cancel(named.job).await?;
    }
    let (job, _) = app.push(jobs::layers(&app.auth.seal, &request)?).await?;
    remember(app, &hash, job, actor).await
}

async fn remember(app: &App, hash: &str, job: i64, actor: &Actor) -> Result<(), Error> {
    let named = Named {
        protocol: PROTOCOL.into(),
        name: hash.into(),
        digest: hash.into(),
        job,
        state: index_state().to_owned(),
        ..Named::default()
    };
    let mut write = app.store.write().await?;
    foreign::put(&mut write, &named).await?;
    audit::note(&mut write, &actor.name, "index", hash, "clair").await?;
    write.commit().await?;
    Ok(())
}

async fn finished(app: &App, hash: &str) -> Result<IndexReport, Fault> {
    let image = images::by_digest(&mut *app.store.read().await?, hash).await?;
    let image = image.ok_or_else(|| Fault::not_found("index report not found"))?;
    let inventory = catalogue::inventory(app, &image.inventory).await?;
    Ok(IndexReport {
        manifest_hash: hash.to_owned(),
        state: "IndexFinished",
        content: Content::of(&inventory, hash),
        success: true,
        err: String::new(),
    })
}

pub(super) async fn one(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    Path(text): Path<String>,
) -> Result<Response, Fault> {
    let hash = digest(&text)?.to_string();
    if is_unmodified(&headers, &validator()) && is_current(&app, &hash).await? {
        return Ok(StatusCode::NOT_MODIFIED.into_response());
    }
    let answer = match wait(&app, &hash, AGAIN).await? {
        Standing::Finished => finished(&app, &hash).await?,
        Standing::Failed(why) => IndexReport {
            manifest_hash: hash,
            state: "IndexError",
            content: Content::default(),
            success: false,
            err: why,
        },
        // As long as there is none, clients that know no states come again.
        Standing::Reading | Standing::Unknown => {
            return Err(Fault::not_found("index report not found"));
        }
    };
    let named = [(header::CONTENT_TYPE, KIND.to_owned()), (header::ETAG, validator())];
    Ok((named, body_of(&answer)?).into_response())
}

async fn forget(app: &App, actor: &Actor, hash: &Digest) -> Result<bool, Error> {
    let hash = hash.to_string();
    let mut write = app.store.write().await?;
    let was_there = foreign::forget(&mut write, PROTOCOL, &hash).await?;
    if was_there {
        audit::note(&mut write, &actor.name, "forget index", &hash, "clair").await?;
    }
    write.commit().await?;
    Ok(was_there)
}

pub(super) async fn delete_one(
    State(app): State<Arc<App>>,
    actor: Actor,
    Path(text): Path<String>,
) -> Result<StatusCode, Fault> {
    forget(&app, &actor, &digest(&text)?).await?;
    Ok(StatusCode::NO_CONTENT)
}

pub(super) async fn delete_some(
    State(app): State<Arc<App>>,
    actor: Actor,
    body: Bytes,
) -> Result<Response, Fault> {
    let asked: Vec<Digest> = serde_json::from_slice(&body).map_err(|error| {
        Fault::bad_request(format!("failed to deserialize bulk delete: {error}"))
    })?;
    let mut gone = Vec::new();
    for hash in asked {
        if forget(&app, &actor, &hash).await? {
            gone.push(hash);
        }
    }
    let kind = [(header::CONTENT_TYPE, "application/vnd.clair.bulk_delete.v1+json")];
    Ok((kind, body_of(&gone)?).into_response())
}

pub(super) async fn state(headers: HeaderMap) -> Response {
    let tag = [(header::ETAG, validator())];
    if is_unmodified(&headers, &validator()) {
        return (StatusCode::NOT_MODIFIED, tag).into_response();
    }
    (tag, Json(serde_json::json!({"state": index_state()}))).into_response()
}
