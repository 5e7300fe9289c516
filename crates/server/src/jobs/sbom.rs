//! Stores what a bill of materials says that an image has.

use std::sync::Arc;
use std::time::Instant;

use async_trait::async_trait;
use plimsoll_model::Inventory;
use serde::{Deserialize, Serialize};
use tokio::sync::Semaphore;

use super::{Done, Handler};
use crate::app::App;
use crate::catalogue::ingest;
use crate::error::{Error, Result};
use crate::queue::{Job, NewJob};
use crate::store::blobs::Blobs;
use crate::store::{Write, audit, images};

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

/// Bills that are stored as they come in, without a wait in the queue. There is room for a few at a time,
/// where this process has workers; what comes beyond that, and what cannot be done at once, waits.
#[derive(Debug)]
pub struct AtOnce(Semaphore);

impl Default for AtOnce {
    /// Room for none.
    fn default() -> Self {
        Self(Semaphore::new(0))
    }
}

impl AtOnce {
    /// Room for so many more.
    pub fn more(&self, room: usize) {
        self.0.add_permits(room);
    }
}

/// How a bill that came in is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Taken {
    /// Its job.
    pub job: i64,
    /// Whether it was being read already.
    pub is_new: bool,
}

/// Stores a document, or sees to it that a worker does; the same document is one job until it has ended.
/// `name` is what it is called, where the document is not to say; `who` is whoever sends it, for the audit log,
/// where the caller does not write there itself.
///
/// # Errors
/// [`Error::Refused`] where nothing can be read from it.
pub async fn take(
    app: &Arc<App>,
    document: &[u8],
    name: &str,
    claim: Claim,
    who: Option<&str>,
) -> Result<Taken> {
    let began = Instant::now();
    let is_anonymous = claim == Claim::NameAlone;
    let inventory = read(document, name, is_anonymous)?;
    let request =
        Request { document: Blobs::name_of(document), name: name.to_owned(), is_anonymous };
    let key = key(&request);
    let payload = serde_json::to_string(&request).map_err(|_| Error::Damaged("a request"))?;
    let job = NewJob::new(KIND, key.trim_end(), payload);
    let mut inventory = Some(inventory);
    if let Ok(_room) = app.at_once.0.try_acquire()
        && let Some(known) = inventory.take()
    {
        let mut known = known;
        match at_once(app, &job, &request, &mut known, who).await {
            Ok(taken) => {
                app.metrics.job(taken.job, KIND, true, began.elapsed());
                super::post(app).await?;
                return Ok(taken);
            }
            // Whatever stood in the way, a worker tells of it.
            Err(_) => inventory = Some(known),
        }
    }
    // What a worker reads.
    app.blobs.put(DOCUMENTS, document).await?;
    if let Some(inventory) = inventory {
        app.fresh.hold(&key, inventory);
    }
    let mut write = app.store.write().await?;
    let (id, is_new) = app.queue.push_in(&mut write, &job).await?;
    note(&mut write, who, &job.key).await?;
    write.commit().await?;
    app.bell.ring().await;
    Ok(Taken { job: id, is_new })
}

/// Stores a document in one transaction with a job that is done.
///
/// # Errors
/// Nothing is stored then.
async fn at_once(
    app: &Arc<App>,
    job: &NewJob,
    request: &Request,
    inventory: &mut Inventory,
    who: Option<&str>,
) -> Result<Taken> {
    let (mut write, result) = store(app, request, inventory).await?;
    let (id, is_new) = app.queue.push_in(&mut write, job).await?;
    if !is_new {
        // A worker has it, and writes the same.
        return Err(Error::Taken(id));
    }
    let job = app.queue.take_in(&mut write, id, "at once").await?;
    app.queue.complete(&mut write, &job, &result).await?;
    note(&mut write, who, &job.key).await?;
    write.commit().await?;
    Ok(Taken { job: id, is_new })
}

async fn note(write: &mut Write, who: Option<&str>, key: &str) -> Result<()> {
    match who {
        Some(who) => audit::note(write, who, KIND, key, "").await,
        None => Ok(()),
    }
}

/// Stores an inventory in a transaction that is not committed, with what is told of it.
async fn store(app: &App, request: &Request, inventory: &mut Inventory) -> Result<(Write, String)> {
    if inventory.artifact.reference.is_empty() {
        inventory.artifact.reference = format!("sbom:{}", request.document);
    }
    if is_read(app, inventory).await? {
        // What was seen in an image outweighs what is said of it: the document stands beside it.
        inventory.artifact.manifest_digest = None;
    }
    let (write, done) = ingest(app, inventory).await?;
    let done = Done {
        digest: done.digest,
        components: done.components,
        new: done.new,
        partial: inventory.is_partial(),
    };
    let result = serde_json::to_string(&done).map_err(|_| Error::Damaged("a result"))?;
    Ok((write, result))
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
        let (mut write, result) = store(app, &request, &mut inventory).await?;
        app.queue.complete(&mut write, job, &result).await?;
        write.commit().await?;
        super::post(app).await?;
        Ok(())
    }
}
