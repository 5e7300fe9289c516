//! What registries tell when something is pushed: each image becomes a scan, once by digest.

mod shapes;

use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use plimsoll_model::Reference;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::routes;

use super::peer::Peer;
use super::{Actor, Module, Problem, Routes};
use crate::app::App;
use crate::error::Error;
use crate::queue::NewJob;
use crate::store::audit;
use crate::{catalogue, jobs};

pub use shapes::{ALL, Heard, Pushed, Shape};

pub(super) const MODULE: Module = Module { name: "notifications", routes };

/// The most images that one notification may be about.
const MAX_PUSHED: usize = 1_000;

fn routes() -> Routes {
    Routes::new().routes(routes!(create))
}

/// What becomes of a notification.
#[derive(Debug, Clone, Default, Serialize, ToSchema)]
struct Outcome {
    /// Numbers of the scans that will happen, or happen already.
    scans: Vec<i64>,
    /// How many images are known already.
    known: usize,
}

/// Tell of something that was pushed to a registry
///
/// `distribution`, `harbor`, `quay`, `ghcr`, `ecr`, `acr`, `gar` or `dockerhub`, each in the registry's
/// own words.
#[utoipa::path(post, path = "/api/v1/notifications/{kind}", tag = "notifications",
    params(("kind" = String, Path, description = "Which registry")),
    request_body(content = serde_json::Value, content_type = "application/json"), responses(
    (status = 202, description = "It is heard", body = Outcome),
    (status = 400, description = "It is no such notification", body = Problem,
        content_type = "application/problem+json"),
    (status = 404, description = "There is no such kind", body = Problem,
        content_type = "application/problem+json"),
    (status = 422, description = "It names an image that may not be read", body = Problem,
        content_type = "application/problem+json"),
))]
async fn create(
    State(app): State<Arc<App>>,
    actor: Actor,
    peer: Peer,
    Path(kind): Path<String>,
    body: Bytes,
) -> Result<Response, Problem> {
    let Some(shape) = ALL.iter().find(|shape| shape.name == kind) else {
        let known: Vec<&str> = ALL.iter().map(|shape| shape.name).collect();
        let why = format!("there is no kind `{kind}`; there are {}", known.join(", "));
        return Err(Problem::new(StatusCode::NOT_FOUND, why));
    };
    let heard = shape.read(&body).map_err(Problem::bad_request)?;
    if let Some(reply) = heard.reply {
        return Ok(Json(reply).into_response());
    }
    if heard.pushed.len() > MAX_PUSHED {
        return Err(Problem::bad_request(format!("it is about more than {MAX_PUSHED} images")));
    }
    let mut outcome = Outcome::default();
    for pushed in heard.pushed {
        match take(&app, &pushed, peer).await? {
            Some(job) => {
                let target = job.key.clone();
                let (id, _) = app.push(job).await?;
                let mut write = app.store.write().await?;
                audit::note(&mut write, &actor.name, "scan", &target, shape.name).await?;
                write.commit().await.map_err(Error::from)?;
                outcome.scans.push(id);
            }
            None => outcome.known += 1,
        }
    }
    Ok((StatusCode::ACCEPTED, Json(outcome)).into_response())
}

/// The scan that an image needs; none where it is known.
async fn take(app: &App, pushed: &Pushed, peer: Peer) -> Result<Option<NewJob>, Error> {
    let reference = pushed.reference()?;
    let (host, outward) = (pushed.host_name().to_owned(), app.outward.and_to(peer.0));
    tokio::task::spawn_blocking(move || outward.check(&host)).await??;
    if let Ok(Reference::Image { name, .. }) = reference.parse()
        && let Some((write, _)) = catalogue::name_known(app, &name, &app.reading.platform).await?
    {
        write.commit().await?;
        return Ok(None);
    }
    let request = jobs::Request { reference, client: peer.0, ..jobs::Request::default() };
    jobs::scan(&request, 0).map(Some)
}
