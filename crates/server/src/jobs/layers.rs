//! Reads an image of which a client says where its layers are.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use async_trait::async_trait;
use plimsoll_image::ImageError;
use plimsoll_image::oci::Config;
use plimsoll_image::sources::image::{self, LayerJob, Stored};
use plimsoll_model::{Artifact, Digest, Inventory};
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use serde::{Deserialize, Serialize};

use super::{Done, Handler};
use crate::app::App;
use crate::auth::seal::Seal;
use crate::catalogue::ingest;
use crate::error::{Error, Result};
use crate::outward::{Bounded, Sender};
use crate::queue::{Job, NewJob};
use crate::store::foreign;

/// What jobs of this kind are called.
pub const KIND: &str = "layers";

/// The largest layer as stored: 16 GiB.
pub(super) const MAX_LAYER: u64 = 16 << 30;

/// Downloads at a time: the client that serves them may be small.
const AT_ONCE: usize = 2;

/// The handler.
#[derive(Debug)]
pub(super) struct Reader;

/// An image in layers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Layers {
    /// What the image is known by.
    pub digest: Digest,
    /// What it is called.
    pub reference: String,
    /// Which protocol it came by.
    pub source: String,
    /// Bottom first.
    pub layers: Vec<Layer>,
    /// Address of the client, which may be asked for layers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client: Option<IpAddr>,
}

/// Where a layer is.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Layer {
    /// Digest of its bytes as they come, where the client says it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digest: Option<Digest>,
    /// Where it is.
    pub uri: String,
    /// What is sent with the request for it.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub headers: BTreeMap<String, Vec<String>>,
}

/// A job that reads these layers; one at a time for the same image. Addresses and headers may be secret,
/// so its payload is sealed.
pub fn layers(seal: &Seal, request: &Layers) -> Result<NewJob> {
    let payload = super::sealed(seal, KIND, request)?;
    // Whoever waits for it asks for it again; its layers may be gone soon.
    Ok(NewJob {
        priority: 5,
        attempts: 3,
        ..NewJob::new(KIND, request.digest.to_string(), payload)
    })
}

impl Layer {
    pub(super) fn header_map(&self) -> Result<HeaderMap> {
        let mut map = HeaderMap::new();
        for (name, values) in &self.headers {
            let wrong = || Error::Refused(format!("`{name}` is no header that can be sent"));
            let name = HeaderName::from_bytes(name.as_bytes()).map_err(|_| wrong())?;
            for value in values {
                let mut value = HeaderValue::from_str(value).map_err(|_| wrong())?;
                value.set_sensitive(true);
                map.append(name.clone(), value);
            }
        }
        Ok(map)
    }
}

/// Counts what comes.
struct Counted<'c> {
    inner: Bounded,
    bytes: &'c AtomicU64,
}

impl std::io::Read for Counted<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.bytes.fetch_add(read as u64, Ordering::Relaxed);
        Ok(read)
    }
}

/// Reads an image in layers. It waits.
fn read(request: &Layers, sender: &Sender, options: &plimsoll_image::Options) -> Result<Inventory> {
    let reader = image::Reader::new(options);
    let sizes: Vec<AtomicU64> = request.layers.iter().map(|_| AtomicU64::new(0)).collect();
    let mut jobs = Vec::with_capacity(request.layers.len());
    for (number, (layer, bytes)) in request.layers.iter().zip(&sizes).enumerate() {
        let headers = layer.header_map()?;
        let open = move || {
            let fetched = sender.fetch(&layer.uri, &headers, MAX_LAYER);
            let inner = fetched.map_err(|message| ImageError::Network {
                host: host(&layer.uri),
                what: format!("layer {number}"),
                message,
            })?;
            Ok(Stored::Stream(Box::new(Counted { inner, bytes })))
        };
        let described = plimsoll_model::Layer {
            digest: layer.digest.clone(),
            diff_id: None,
            created_by: String::new(),
            size: 0,
            media_type: String::new(),
        };
        jobs.push(LayerJob { layer: described, open: Box::new(open), identity: None });
    }
    let found = image::catalogue_layers(&reader, &jobs, AT_ONCE)?;
    let mut layers: Vec<_> = jobs.into_iter().map(|job| job.layer).collect();
    for (layer, bytes) in layers.iter_mut().zip(&sizes) {
        layer.size = bytes.load(Ordering::Relaxed);
    }
    let artifact = Artifact {
        reference: request.reference.clone(),
        source: request.source.clone(),
        manifest_digest: Some(request.digest.clone()),
        ..Artifact::default()
    };
    Ok(image::assemble(artifact, &Config::default(), layers, found))
}

pub(super) fn host(uri: &str) -> String {
    let parsed = reqwest::Url::parse(uri).ok();
    parsed.and_then(|url| url.host_str().map(str::to_owned)).unwrap_or_default()
}

/// Whether trying again may help.
pub(super) fn is_final(error: &Error) -> bool {
    matches!(error, Error::Image(ImageError::WrongDigest { .. })) || !error.is_passing()
}

#[async_trait]
impl Handler for Reader {
    fn kind(&self) -> &'static str {
        KIND
    }

    async fn run(&self, app: &Arc<App>, job: &Job) -> Result<()> {
        let outcome = self.try_run(app, job).await;
        if let Err(error) = outcome {
            super::forget_secrets(app, job, &error, is_final(&error)).await?;
            let refused = is_final(&error) && error.is_passing();
            return Err(if refused { Error::Refused(error.to_string()) } else { error });
        }
        Ok(())
    }
}

impl Reader {
    async fn try_run(&self, app: &Arc<App>, job: &Job) -> Result<()> {
        let request: Layers = super::opened(&app.auth.seal, job)?;
        let (options, outward) = (app.reading.clone(), app.outward.and_to(request.client));
        let reading = move || read(&request, &outward.client()?, &options);
        let inventory = tokio::task::spawn_blocking(reading).await??;
        let (mut write, done) = ingest(app, &inventory).await?;
        let done = Done {
            digest: done.digest,
            components: done.components,
            new: done.new,
            partial: inventory.is_partial(),
        };
        let result = serde_json::to_string(&done).map_err(|_| Error::Damaged("a result"))?;
        foreign::scrub(&mut write, job.id).await?;
        app.queue.complete(&mut write, job, &result).await?;
        write.commit().await?;
        super::post(app).await?;
        Ok(())
    }
}
