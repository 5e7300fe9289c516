//! What workers can do, one file a kind of job.
//!
//! A new kind is one file with a unit struct that implements [`Handler`], and one line in [`ALL`].

mod layer;
mod layers;
mod notify;
mod post;
mod pull;
mod registry;
mod rematch;
mod sbom;
mod scan;

use std::sync::Arc;

use async_trait::async_trait;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::app::App;
use crate::auth::seal::Seal;
use crate::error::{Error, Result};
use crate::queue::Job;
use crate::store::foreign;

pub use layer::{Chained, KIND as LAYER, layer};
pub(crate) use layer::{LAYERS as LAYER_BLOBS, content as layer_content};
pub use layers::{KIND as LAYERS, Layer, Layers, layers};
pub use notify::{notify, notify_concern, notify_of};
pub use post::{Gather, post};
pub use pull::{KIND as PULL, Pull, pull};
pub use registry::registry;
pub use rematch::rematch;
pub use sbom::{AtOnce, Claim, KIND as SBOM, Taken, take};
pub use scan::{Done, KIND as SCAN, Request, may_go, scan};

/// Does one kind of job.
#[async_trait]
pub trait Handler: Send + Sync + std::fmt::Debug {
    /// What the kind is called.
    fn kind(&self) -> &'static str;

    /// Does a job. It must end it by [`crate::queue::Queue::complete`], in the transaction that writes
    /// its result.
    async fn run(&self, app: &Arc<App>, job: &Job) -> Result<()>;
}

/// What the payload of a kind of job is sealed for.
pub(crate) fn purpose(kind: &str) -> String {
    format!("job {kind}")
}

/// A payload with secrets in it, as it may lie in the store.
fn sealed(seal: &Seal, kind: &str, request: &impl Serialize) -> Result<String> {
    let payload = serde_json::to_string(request).map_err(|_| Error::Damaged("a request"))?;
    seal.seal(&purpose(kind), &payload)
}

/// What such a payload says.
fn opened<T: DeserializeOwned>(seal: &Seal, job: &Job) -> Result<T> {
    let payload = seal.unseal(&purpose(&job.kind), &job.payload)?;
    serde_json::from_str(&payload)
        .map_err(|error| Error::Refused(format!("the job makes no sense: {error}")))
}

/// Forgets the secrets of a job that failed and is not tried again. What was not its fault is.
async fn forget_secrets(app: &App, job: &Job, error: &Error, is_final: bool) -> Result<()> {
    if error.is_outage() || (job.attempt < job.attempts && !is_final) {
        return Ok(());
    }
    let mut write = app.store.write().await?;
    foreign::scrub(&mut write, job.id).await?;
    Ok(write.commit().await?)
}

/// The registry.
pub const ALL: &[&dyn Handler] = &[
    &layer::Reader,
    &layers::Reader,
    &notify::Notify,
    &post::Post,
    &pull::Puller,
    &registry::Registry,
    &rematch::Rematch,
    &sbom::Sbom,
    &scan::Scan,
];
