//! Reads one layer of an image that comes layer by layer, and keeps what is in it until the image is asked
//! for.

use std::sync::Arc;

use async_trait::async_trait;
use plimsoll_image::ImageError;
use plimsoll_image::layer::LayerInventory;
use plimsoll_image::sources::image::{self, Stored};
use serde::{Deserialize, Serialize};

use super::Handler;
use super::layers::{Layer, MAX_LAYER, host, is_final};
use crate::app::App;
use crate::auth::seal::Seal;
use crate::error::{Error, Result};
use crate::outward::Sender;
use crate::queue::{Job, NewJob};
use crate::store::foreign::{self, Named};

/// What jobs of this kind are called.
pub const KIND: &str = "layer";

/// Family of what is in layers, among the blobs.
pub(crate) const LAYERS: &str = "layers";

/// The handler.
#[derive(Debug)]
pub(super) struct Reader;

/// A layer, and what it lies on.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Chained {
    /// Which protocol it came by, under which what is in it is kept.
    pub protocol: String,
    /// What the client calls it.
    pub name: String,
    /// What the client calls the layer below; empty for the bottom one.
    pub parent: String,
    /// What reads it: another state means that it should be read again.
    pub state: String,
    /// Where it is.
    pub layer: Layer,
    /// Address of the client, which may be asked for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client: Option<std::net::IpAddr>,
}

/// A job that reads this layer; one at a time of a name. Its payload is sealed.
pub fn layer(seal: &Seal, request: &Chained) -> Result<NewJob> {
    let payload = super::sealed(seal, KIND, request)?;
    // Whoever posts it waits for it, and posts it again, perhaps with other headers.
    Ok(NewJob { priority: 5, attempts: 1, ..NewJob::new(KIND, &request.name, payload) })
}

/// What is in a layer, by the name of its blob.
pub(crate) async fn content(app: &App, blob: &str) -> Result<LayerInventory> {
    let damaged = || Error::Damaged("a layer");
    let bytes = app.blobs.fetch(LAYERS, blob).await?.ok_or_else(damaged)?;
    let (mut layer, names, packages, paths): Whole =
        postcard::from_bytes(&bytes).map_err(|_| damaged())?;
    layer.names = names;
    layer.owned.packages = packages;
    layer.owned.paths = paths;
    Ok(layer)
}

/// All of a layer: what its own form leaves out stands behind it.
type Whole = (LayerInventory, Vec<u64>, Vec<String>, Vec<(u64, u32)>);

/// Reads it. It waits.
fn read(request: &Chained, sender: &Sender, options: &plimsoll_image::Options) -> Result<Vec<u8>> {
    let reader = image::Reader::new(options);
    let headers = request.layer.header_map()?;
    let stream = sender.fetch(&request.layer.uri, &headers, MAX_LAYER);
    let stream = stream.map_err(|message| ImageError::Network {
        host: host(&request.layer.uri),
        what: "the layer".into(),
        message,
    })?;
    let stored = Stored::Stream(Box::new(stream));
    let found = image::catalogue_layer(&reader, stored, None, request.parent.is_empty())?;
    let whole = (&found, &found.names, &found.owned.packages, &found.owned.paths);
    postcard::to_stdvec(&whole).map_err(|_| Error::Damaged("a layer"))
}

#[async_trait]
impl Handler for Reader {
    fn kind(&self) -> &'static str {
        KIND
    }

    async fn run(&self, app: &Arc<App>, job: &Job) -> Result<()> {
        let outcome = try_run(app, job).await;
        if let Err(error) = &outcome {
            super::forget_secrets(app, job, error, is_final(error)).await?;
        }
        outcome
    }
}

async fn try_run(app: &Arc<App>, job: &Job) -> Result<()> {
    let request: Chained = super::opened(&app.auth.seal, job)?;
    let (options, outward) = (app.reading.clone(), app.outward.and_to(request.client));
    let mut named = Named {
        protocol: request.protocol.clone(),
        name: request.name.clone(),
        detail: request.parent.clone(),
        state: request.state.clone(),
        job: job.id,
        ..Named::default()
    };
    let reading = move || read(&request, &outward.client()?, &options);
    let bytes = tokio::task::spawn_blocking(reading).await??;
    named.digest = app.blobs.put(LAYERS, &bytes).await?;
    let mut write = app.store.write().await?;
    foreign::put(&mut write, &named).await?;
    foreign::scrub(&mut write, job.id).await?;
    app.queue.complete(&mut write, job, "{}").await?;
    Ok(write.commit().await?)
}
