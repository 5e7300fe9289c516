//! Reads an image exactly as `plimsoll scan` does, and stores what it has.

use std::net::IpAddr;
use std::sync::Arc;

use async_trait::async_trait;
use plimsoll_model::{Platform, Reference, Transport};
use serde::{Deserialize, Serialize};

use super::Handler;
use crate::app::App;
use crate::catalogue::{self, ingest};
use crate::error::{Error, Result};
use crate::outward::{Outward, host_name};
use crate::queue::{Job, NewJob};
use crate::registries;
use crate::store::{Write, images, registries as tagged};

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
    /// Whether it is read even where its digest was read already.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub again: bool,
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

/// A job that scans an image; one at a time for the same image, and for the same digest of a repository,
/// whatever tags lead to it.
pub fn scan(request: &Request, priority: i64) -> Result<NewJob> {
    let payload = serde_json::to_string(request).map_err(|_| Error::Damaged("a request"))?;
    let mut key = untagged(&request.reference);
    let words = [request.platform.as_deref(), request.again.then_some("again")];
    for word in words.into_iter().flatten() {
        key.push(' ');
        key.push_str(word);
    }
    let host = match request.reference.parse() {
        Ok(Reference::Image { transport: Transport::Registry | Transport::Auto, name }) => {
            name.registry().to_owned()
        }
        _ => String::new(),
    };
    Ok(NewJob { priority, host, ..NewJob::new(KIND, key, payload) })
}

/// What an image of a registry is called without the tag, where its digest says which it is.
fn untagged(reference: &str) -> String {
    match reference.parse() {
        Ok(Reference::Image { transport: Transport::Registry, name })
            if name.digest().is_some() =>
        {
            let digest = name.digest().map(ToString::to_string).unwrap_or_default();
            format!("registry:{}/{}@{digest}", name.registry(), name.repository())
        }
        _ => reference.to_owned(),
    }
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
        if let Reference::Image { transport: Transport::Registry, name } = &reference
            && !request.again
            && let Some((mut write, image)) =
                catalogue::name_known(app, name, &options.platform).await?
        {
            let size = images::set_size(&mut write, image.set).await?;
            let components = u64::try_from(size).unwrap_or(0);
            let done = Done { digest: image.digest, components, new: 0, partial: false };
            return finish(app, job, write, &done).await;
        }
        if let Reference::Image { name, .. } = &reference {
            options.registry = registries::for_image(app, name, options.registry).await?;
            options.registry = registries::paced(app, name.registry(), options.registry).await?;
        }
        let outward = app.outward.and_to(request.client);
        let asked = match &reference {
            Reference::Image { name, .. } => name.digest().map(ToString::to_string),
            _ => None,
        };
        let read = move || {
            may_go(&outward, &reference)?;
            Ok::<_, Error>(plimsoll_image::read(&reference, &options)?)
        };
        let inventory = tokio::task::spawn_blocking(read).await??;
        let (mut write, done) = ingest(app, &inventory).await?;
        if let Some(asked) = asked {
            tagged::name_image(&mut write, &asked).await?;
        }
        let done = Done {
            digest: done.digest,
            components: done.components,
            new: done.new,
            partial: inventory.is_partial(),
        };
        finish(app, job, write, &done).await?;
        super::post(app).await?;
        Ok(())
    }
}

async fn finish(app: &App, job: &Job, mut write: Write, done: &Done) -> Result<()> {
    let result = serde_json::to_string(done).map_err(|_| Error::Damaged("a result"))?;
    app.queue.complete(&mut write, job, &result).await?;
    write.commit().await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_of_one_digest_are_one_job_and_what_is_asked_for_otherwise_is_another() {
        let digest = format!("sha256:{}", "ab".repeat(32));
        let key = |reference: &str, platform: Option<&str>, again: bool| {
            let (reference, platform) = (reference.to_owned(), platform.map(str::to_owned));
            scan(&Request { reference, platform, again, ..Request::default() }, 0).unwrap().key
        };
        let one = format!("registry:r.example/a/b@{digest}");
        for tag in [":1", ":2", ""] {
            let tagged = format!("registry:r.example/a/b{tag}@{digest}");
            assert_eq!(key(&tagged, None, false), one);
            let other = key(&tagged, Some("linux/arm64"), true);
            assert_eq!(other, format!("{one} linux/arm64 again"));
        }
        for kept in ["registry:r.example/a/b:1", "oci-dir:a@b", "nginx"] {
            assert_eq!(key(kept, None, false), kept);
        }
    }
}
