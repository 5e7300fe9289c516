//! The images of a cluster, several at a time: got by their digest, judged as `plimsoll scan` does.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context, anyhow};
use plimsoll_advisory::database::Database;
use plimsoll_image::Options;
use plimsoll_kube::assessment::{Assessment, Image};
use plimsoll_model::{GateReason, ImageName, Reference, Scan, Timestamp, Transport, Verdict};
use plimsoll_policy::{Filter, Gates};
use plimsoll_report::cluster::{ClusterScan, ImageScan, Vulnerability};

use super::ScanCommand;
use super::stop::Stop;
use crate::clock;
use crate::commands::scan::{judged, open_database};
use crate::exit::{Usage, chain};
use crate::target::spinner;

/// Where images may be. A pod may name any image, but never a file here.
const SOURCES: [Transport; 5] = [
    Transport::Auto,
    Transport::Docker,
    Transport::Podman,
    Transport::Containerd,
    Transport::Registry,
];

/// The exit code of the gate that fails where an image was not read whole.
const PARTIAL: u8 = 3;

/// The source of that name.
pub(in crate::commands::kube) fn transport(named: &str) -> Result<Transport, Usage> {
    let prefix = if named == "auto" { "" } else { named };
    SOURCES.into_iter().find(|one| one.prefix() == prefix).ok_or_else(|| {
        let known = "auto, docker, podman, containerd, registry";
        Usage(format!("`{named}` is no source of images: expected one of {known}"))
    })
}

/// How images are scanned.
pub(super) struct Scanning {
    transport: Transport,
    options: Options,
    database: Database,
    filter: Filter,
    gates: Gates,
    jobs: usize,
    now: Timestamp,
}

impl Scanning {
    pub(super) fn new(command: &ScanCommand) -> anyhow::Result<Self> {
        let severities = (!command.severity.is_empty()).then(|| command.severity.clone());
        Ok(Self {
            transport: transport(&command.image_source)?,
            options: command.reading.options()?,
            database: open_database(command.db.clone())?,
            filter: Filter { severities, only_fixed: command.only_fixed, only_loaded: false },
            gates: Gates {
                fail_on: command.fail_on,
                max_data_age: command.max_data_age,
                ..Gates::default()
            },
            jobs: usize::from(command.jobs),
            now: clock::now(),
        })
    }

    /// Scans all images, and tells which gates were not passed.
    pub(super) fn all(
        self,
        found: &Assessment,
        scan: &mut ClusterScan<'_>,
        stop: &Stop,
    ) -> anyhow::Result<()> {
        let progress = spinner(&format!("scanning {} images", found.images.len()));
        let work = Arc::new(Work::new(self, &found.images));
        let done = work.begin(stop)?;
        progress.finish_and_clear();

        let own = &work.scanning;
        let data = own.database.data();
        // The age of the advisories is one for all.
        let empty = Scan { data: data.clone(), ..Scan::default() };
        let stale = own.gates.verdict(&empty, own.now).failed;
        scan.failed.extend(stale);
        let over = done
            .iter()
            .flatten()
            .filter(|(_, verdict)| verdict.failed.iter().any(|reason| reason.exit_code == 1))
            .count();
        if let Some(level) = own.gates.fail_on.filter(|_| over > 0) {
            scan.failed.push(GateReason {
                gate: "severity".into(),
                reason: format!("{over} images have vulnerabilities of severity {level} or worse"),
                exit_code: 1,
            });
        }
        let troubles = done.iter().zip(&found.images);
        scan.missing.extend(troubles.filter_map(|(done, image)| {
            let (done, _) = done.as_ref()?;
            let names: Vec<&str> = image.names.iter().map(String::as_str).collect();
            Some(format!("image {}: {}", names.join(", "), done.problem.as_ref()?))
        }));
        let left = done.iter().filter(|one| one.is_none()).count();
        let why = stop.why().unwrap_or_else(|| "whoever looked at them broke down".to_owned());
        if left > 0 {
            scan.missing.push(format!("{left} of {} images: {why}", done.len()));
        }
        let unread =
            || ImageScan { problem: Some(format!("not looked at: {why}")), ..ImageScan::default() };
        scan.images =
            done.into_iter().map(|one| one.map_or_else(unread, |(image, _)| image)).collect();
        scan.data = Some(data);
        Ok(())
    }

    /// Scans an image by the first of its names by which it can be got.
    fn one(&self, image: &Image) -> (ImageScan, Verdict) {
        let mut why = None;
        for reference in &image.references {
            match self.by_name(reference) {
                Ok(done) => return done,
                Err(error) => why = why.or(Some(chain(&error))),
            }
        }
        let problem = Some(why.unwrap_or_else(|| "it has no name".to_owned()));
        (ImageScan { problem, ..ImageScan::default() }, Verdict::default())
    }

    fn by_name(&self, text: &str) -> anyhow::Result<(ImageScan, Verdict)> {
        let name: ImageName = text.parse().map_err(|error| anyhow!("`{text}`: {error}"))?;
        let reference = Reference::Image { transport: self.transport, name };
        let inventory = plimsoll_image::read(&reference, &self.options)?;
        let (mut scan, _) = judged(inventory, &self.database, false, self.now)?;
        self.filter.apply(&mut scan);
        let verdict = self.gates.verdict(&scan, self.now);
        let partial = verdict.failed.iter().find(|reason| reason.exit_code == PARTIAL);
        let problem = partial.map(|reason| reason.reason.clone());
        let standing = scan.findings.iter().filter(|finding| finding.suppressed.is_none());
        let findings = standing.map(|finding| Vulnerability {
            id: finding.id.clone(),
            package: finding.package.name.clone(),
            version: finding.package.version.clone(),
            fixed: finding.fix.nearest().map(str::to_owned),
            severity: finding.severity,
            title: finding.title.clone(),
            is_exploited: finding.kev.is_some(),
            is_of_system: finding.package.kind.is_os(),
        });
        let findings = findings.collect();
        let distro = scan.inventory.distro.as_ref().map(|distro| {
            if distro.name.is_empty() {
                format!("{} {}", distro.id, distro.version)
            } else {
                distro.name.clone()
            }
        });
        let distro = distro.unwrap_or_default();
        Ok((ImageScan { reference: text.to_owned(), distro, findings, problem }, verdict))
    }
}

/// What came of an image.
type Done = (ImageScan, Verdict);

/// How often it is looked whether the scan is over.
const INTERVAL: Duration = Duration::from_millis(100);

/// Images that threads take one after the other. Nobody waits for a thread that is in the middle of one
/// when the scan is over: a registry may take as long as it likes to answer.
struct Work {
    scanning: Scanning,
    images: Vec<Image>,
    next: AtomicUsize,
    /// How many threads still work.
    working: AtomicUsize,
    over: AtomicBool,
    done: Mutex<Vec<Option<Done>>>,
    told: Condvar,
}

/// A thread that works; it is none any more when this is dropped, however it ended.
struct Working<'w>(&'w Work);

impl Drop for Working<'_> {
    fn drop(&mut self) {
        self.0.working.fetch_sub(1, Ordering::SeqCst);
        self.0.told.notify_all();
    }
}

impl Work {
    fn new(scanning: Scanning, images: &[Image]) -> Self {
        Self {
            scanning,
            next: AtomicUsize::new(0),
            working: AtomicUsize::new(0),
            over: AtomicBool::new(false),
            done: Mutex::new(images.iter().map(|_| None).collect()),
            told: Condvar::new(),
            images: images.to_vec(),
        }
    }

    /// Looks at the images until all were, or the scan is over; what came of each.
    fn begin(self: &Arc<Self>, stop: &Stop) -> anyhow::Result<Vec<Option<Done>>> {
        let threads = self.scanning.jobs.min(self.images.len());
        self.working.store(threads, Ordering::SeqCst);
        for number in 0..threads {
            let work = Arc::clone(self);
            let thread = std::thread::Builder::new().name("image".to_owned());
            let begun = thread.spawn(move || {
                let working = Working(&work);
                work.take_all();
                drop(working);
            });
            if let Err(error) = begun {
                self.working.fetch_sub(threads.saturating_sub(number), Ordering::SeqCst);
                if number == 0 {
                    return Err(error).context("there are no threads to read images");
                }
                break;
            }
        }
        let mut done = self.done.lock().unwrap_or_else(PoisonError::into_inner);
        while self.working.load(Ordering::SeqCst) > 0 && stop.why().is_none() {
            let waited = self.told.wait_timeout(done, INTERVAL);
            done = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        self.over.store(true, Ordering::SeqCst);
        Ok(std::mem::take(&mut *done))
    }

    fn take_all(&self) {
        while !self.over.load(Ordering::SeqCst)
            && let number = self.next.fetch_add(1, Ordering::SeqCst)
            && let Some(image) = self.images.get(number)
        {
            let one = self.scanning.one(image);
            let mut done = self.done.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(place) = done.get_mut(number) {
                *place = Some(one);
            }
        }
    }
}
