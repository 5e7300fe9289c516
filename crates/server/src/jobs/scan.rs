//! Reads an image exactly as `plimsoll scan` does, and stores what it has.

use std::net::IpAddr;
use std::sync::Arc;

use async_trait::async_trait;
use plimsoll_model::{Platform, Reference, Transport};
use serde::{Deserialize, Serialize};

use super::Handler;
use crate::app::App;
use crate::catalogue::ingest;
use crate::error::{Error, Result};
use crate::outward::{Outward, host_name};
use crate::queue::{Job, NewJob};
use crate::registries;

/// What jobs of this kind are called.
pub const KIND: &str = "scan";

/// The handler.
#[derive(Debug)]
pub(super) struct Scan;

/// Which image, and how it is read.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Request {
    /// What to read.
    pub reference: String,
    /// Which image of several; the server's own platform where nothing is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub platform: Option<String>,
    /// Address of the client, which may be the registry.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client: Option<IpAddr>,
}

/// Whether an image may be read: that its registry is not one of a private network that nobody allowed.
/// It waits for a server of names.
pub fn may_go(outward: &Outward, reference: &Reference) -> Result<()> {
    match reference {
        Reference::Image { transport: Transport::Registry | Transport::Auto, name } => {
            outward.check_known(host_name(name.registry()))
        }
        _ => Ok(()),
    }
}

/// What came of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Done {
    /// Digest of the image.
    pub digest: String,
    /// How many components it has.
    pub components: u64,
    /// How many of them were never seen before.
    pub new: u64,
    /// Whether something of it could not be read.
    pub partial: bool,
}

/// A job that scans an image; one at a time for the same image.
pub fn scan(request: &Request, priority: i64) -> Result<NewJob> {
    let payload = serde_json::to_string(request).map_err(|_| Error::Damaged("a request"))?;
    let platform = request.platform.as_deref().unwrap_or_default();
    let key = format!("{} {platform}", request.reference);
    Ok(NewJob { priority, ..NewJob::new(KIND, key.trim_end(), payload) })
}

#[async_trait]
impl Handler for Scan {
    fn kind(&self) -> &'static str {
        KIND
    }

    async fn run(&self, app: &Arc<App>, job: &Job) -> Result<()> {
        let request: Request = serde_json::from_str(&job.payload)
            .map_err(|error| Error::Refused(format!("the job makes no sense: {error}")))?;
        let reference: Reference = request
            .reference
            .parse()
            .map_err(|error| Error::Refused(format!("`{}`: {error}", request.reference)))?;
        let mut options = app.reading.clone();
        if let Some(platform) = &request.platform {
            options.platform = platform
                .parse::<Platform>()
                .map_err(|error| Error::Refused(format!("`{platform}`: {error}")))?;
        }
        if let Reference::Image { name, .. } = &reference {
            options.registry = registries::for_image(app, name, options.registry).await?;
        }
        let outward = app.outward.and_to(request.client);
        let read = move || {
            may_go(&outward, &reference)?;
            Ok::<_, Error>(plimsoll_image::read(&reference, &options)?)
        };
        let inventory = tokio::task::spawn_blocking(read).await??;
        let (mut write, done) = ingest(app, &inventory).await?;
        let done = Done {
            digest: done.digest,
            components: done.components,
            new: done.new,
            partial: inventory.is_partial(),
        };
        let result = serde_json::to_string(&done).map_err(|_| Error::Damaged("a result"))?;
        app.queue.complete(&mut write, job, &result).await?;
        write.commit().await?;
        super::post(app).await?;
        Ok(())
    }
}
