//! Stores what a bill of materials says that an image has.

use std::sync::Arc;

use async_trait::async_trait;
use plimsoll_model::Inventory;
use serde::{Deserialize, Serialize};

use super::{Done, Handler};
use crate::app::App;
use crate::catalogue::ingest;
use crate::error::{Error, Result};
use crate::queue::{Job, NewJob};
use crate::store::images;

/// What jobs of this kind are called.
pub const KIND: &str = "sbom";

/// Family of the documents among the blobs.
const DOCUMENTS: &str = "sboms";

/// The handler.
#[derive(Debug)]
pub(super) struct Sbom;

#[derive(Debug, Serialize, Deserialize)]
struct Request {
    document: String,
    /// What it is called, where the document is not to say.
    #[serde(default)]
    name: String,
    /// Whose digest it says that it is of, is not heard.
    #[serde(default)]
    is_anonymous: bool,
}

/// What is made of a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Claim {
    /// It is of the image whose digest it says.
    Heard,
    /// It is of no image but what it is called: whoever sends it sees some images only, and the digest may
    /// be another's.
    NameAlone,
}

/// A job that stores a document, which is kept; the same document is one job. `name` is what it is
/// called, where the document is not to say.
///
/// # Errors
/// [`Error::Refused`] where nothing can be read from it.
pub async fn sbom(app: &App, document: &[u8], name: &str, claim: Claim) -> Result<NewJob> {
    let is_anonymous = claim == Claim::NameAlone;
    let inventory = read(document, name, is_anonymous)?;
    let document = app.blobs.put(DOCUMENTS, document).await?;
    let request = Request { document, name: name.to_owned(), is_anonymous };
    let key = key(&request);
    app.fresh.hold(&key, inventory);
    let payload = serde_json::to_string(&request).map_err(|_| Error::Damaged("a request"))?;
    Ok(NewJob::new(KIND, key.trim_end(), payload))
}

/// What a document that is called so is known by.
fn key(request: &Request) -> String {
    let end = if request.is_anonymous { " (by its name)" } else { "" };
    format!("{} {}{end}", request.document, request.name)
}

fn read(document: &[u8], name: &str, is_anonymous: bool) -> Result<Inventory> {
    let mut inventory = plimsoll_supply::document::read(document)
        .map_err(|error| Error::Refused(error.to_string()))?;
    if let Some(distro) = &mut inventory.distro {
        distro.ecosystem = plimsoll_image::cataloguers::ecosystem(distro);
    }
    if !name.is_empty() {
        name.clone_into(&mut inventory.artifact.reference);
    }
    if is_anonymous {
        inventory.artifact.manifest_digest = None;
        inventory.artifact.config_digest = None;
    }
    Ok(inventory)
}

/// Whether the image of a document was read itself.
async fn is_read(app: &App, inventory: &Inventory) -> Result<bool> {
    let Some(digest) = &inventory.artifact.manifest_digest else { return Ok(false) };
    let mut read = app.store.read().await?;
    let known = images::by_digest(&mut read, &digest.to_string()).await?;
    Ok(known.is_some_and(|image| image.source != inventory.artifact.source))
}

#[async_trait]
impl Handler for Sbom {
    fn kind(&self) -> &'static str {
        KIND
    }

    async fn run(&self, app: &Arc<App>, job: &Job) -> Result<()> {
        let request: Request = serde_json::from_str(&job.payload)
            .map_err(|error| Error::Refused(format!("the job makes no sense: {error}")))?;
        let key = key(&request);
        let mut inventory = if let Some(inventory) = app.fresh.take(&key) {
            inventory
        } else {
            let document = app.blobs.fetch(DOCUMENTS, &request.document).await?;
            read(
                &document.ok_or(Error::Damaged("a document"))?,
                &request.name,
                request.is_anonymous,
            )?
        };
        if inventory.artifact.reference.is_empty() {
            inventory.artifact.reference = format!("sbom:{}", request.document);
        }
        if is_read(app, &inventory).await? {
            // What was seen in an image outweighs what is said of it: the document stands beside it.
            inventory.artifact.manifest_digest = None;
        }
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
