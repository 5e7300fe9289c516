//! The images of a cluster: each judged once by its digest and by an advisory database, and again where
//! either is another.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use anyhow::anyhow;
use plimsoll_advisory::database::Database;
use plimsoll_image::Options;
use plimsoll_kube::assessment::{Image, fingerprint};
use plimsoll_model::{ImageName, ProblemKind, Reference, Scan, Transport};

use super::Operator;
use crate::clock;
use crate::commands::kube::scan::transport;
use crate::commands::scan::{judged, open_database};
use crate::exit::{chain, tell};
use crate::paths;

/// How long an image that could not be read is left alone, at first and at most.
const PAUSE: Duration = Duration::from_secs(30);
const MAX_PAUSE: Duration = Duration::from_hours(1);

/// How images are judged.
pub(super) struct Images {
    transport: Transport,
    options: Options,
    folder: Option<PathBuf>,
    data: Mutex<Data>,
    failed: Mutex<HashMap<String, Failed>>,
    pub(super) jobs: usize,
}

struct Data {
    database: Arc<Database>,
    digest: String,
    /// When its file was changed, and how long it is.
    file: Option<(SystemTime, u64)>,
}

/// An image that could not be read.
struct Failed {
    why: String,
    times: u32,
    again: Instant,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Images {
    pub(super) fn new(command: &Operator) -> anyhow::Result<Self> {
        let folder = command.db.clone();
        let file = stamp(folder.clone());
        let database = open_database(folder.clone())?;
        let digest = database.digest().to_string();
        Ok(Self {
            transport: transport(&command.image_source)?,
            options: command.reading.options()?,
            folder,
            data: Mutex::new(Data { database: Arc::new(database), digest, file }),
            failed: Mutex::default(),
            jobs: usize::from(command.jobs),
        })
    }

    /// Opens the database anew where its file changed; whether it did.
    pub(super) fn renew(&self) -> bool {
        let file = stamp(self.folder.clone());
        if lock(&self.data).file == file {
            return false;
        }
        match open_database(self.folder.clone()) {
            Ok(database) => {
                let digest = database.digest().to_string();
                let mut data = lock(&self.data);
                let is_other = data.digest != digest;
                *data = Data { database: Arc::new(database), digest, file };
                is_other
            }
            // It may be half written: the present one stays until there is a whole one.
            Err(error) => {
                tell(&format!("the advisory database cannot be opened: {}", chain(&error)));
                false
            }
        }
    }

    /// What a judgement of an image depends on.
    pub(super) fn judged_by(&self, image: &Image, with_data: bool) -> String {
        let data = lock(&self.data);
        let digest = if with_data { data.digest.as_str() } else { "" };
        let all = format!("{} {digest} {}", env!("CARGO_PKG_VERSION"), key(image));
        format!("{:016x}", fingerprint(all.as_bytes()))
    }

    /// Whether it failed and its time has not come.
    pub(super) fn is_left(&self, image: &Image) -> bool {
        let failed = lock(&self.failed);
        failed.get(key(image)).is_some_and(|failed| failed.again > Instant::now())
    }

    /// Whether the time of one that failed has come.
    pub(super) fn is_due(&self) -> bool {
        lock(&self.failed).values().any(|failed| failed.again <= Instant::now())
    }

    /// Those that could not be read, and why.
    pub(super) fn failures(&self) -> Vec<String> {
        let failed = lock(&self.failed);
        failed.iter().map(|(name, failed)| format!("image {name}: {}", failed.why)).collect()
    }

    /// Forgets failures of images that are no longer there.
    pub(super) fn keep(&self, all: &[Image]) {
        lock(&self.failed).retain(|name, _| all.iter().any(|image| key(image) == name));
    }

    /// Judges an image by the first of its names by which it can be got.
    pub(super) fn scan(&self, image: &Image) -> Option<Scan> {
        let mut why = None;
        for reference in &image.references {
            match self.by_name(reference) {
                Ok(scan) => {
                    lock(&self.failed).remove(key(image));
                    return Some(scan);
                }
                Err(error) => why = why.or(Some(chain(&error))),
            }
        }
        let why = why.unwrap_or_else(|| "it has no name".to_owned());
        let mut all = lock(&self.failed);
        let times = all.get(key(image)).map_or(0, |failed| failed.times);
        if times == 0 {
            tell(&format!("image {}: {why}", key(image)));
        }
        let pause = PAUSE.saturating_mul(2_u32.saturating_pow(times)).min(MAX_PAUSE);
        let again = Instant::now().checked_add(pause).unwrap_or_else(Instant::now);
        all.insert(key(image).to_owned(), Failed { why, times: times.saturating_add(1), again });
        None
    }

    fn by_name(&self, text: &str) -> anyhow::Result<Scan> {
        let name: ImageName = text.parse().map_err(|error| anyhow!("`{text}`: {error}"))?;
        let reference = Reference::Image { transport: self.transport, name };
        let inventory = plimsoll_image::read(&reference, &self.options)?;
        let mut problems = inventory.problems.iter();
        if let Some(problem) = problems.find(|problem| problem.kind == ProblemKind::Partial) {
            // What could be read is told; that it is not all has to be said.
            tell(&format!("image {text}: read in part: {}", problem.message));
        }
        let database = Arc::clone(&lock(&self.data).database);
        Ok(judged(inventory, &database, false, clock::now())?.0)
    }
}

/// What an image is known by.
fn key(image: &Image) -> &str {
    let digest = image.digest.as_deref();
    digest.or(image.references.first().map(String::as_str)).unwrap_or_default()
}

fn stamp(folder: Option<PathBuf>) -> Option<(SystemTime, u64)> {
    let found = std::fs::metadata(paths::db_file(folder)).ok()?;
    Some((found.modified().ok()?, found.len()))
}
