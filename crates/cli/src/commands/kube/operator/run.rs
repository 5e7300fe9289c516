//! The loop: what is followed, when a pass is made, and how it ends.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use anyhow::Context as _;
use plimsoll_kube::pss::Version;
use plimsoll_kube::{Config, releases};
use plimsoll_report::resources::ReportKind;
use tokio::signal::unix::{SignalKind, signal};

use super::Operator;
use super::images::Images;
use super::index::Reports;
use super::pass::{Passed, Work};
use super::signal::Signal;
use super::store::Store;
use super::tally::Tally;
use super::web;
use crate::clock;
use crate::cluster::{Client, Followed, Lease, Seen, follow, is_name, list};
use crate::commands::db::renew;
use crate::exit::{Outcome, Usage, chain, tell};

/// How often the clock is looked at: for the database's file, and for images that failed.
const TICK: Duration = Duration::from_secs(10);

/// How long is waited after a write was refused, at first and at most.
const PAUSE: Duration = Duration::from_secs(2);
const MAX_PAUSE: Duration = Duration::from_mins(2);

/// How long the last writes may take once it is told to end.
const LEAVE: Duration = Duration::from_secs(20);

pub(super) fn run(
    command: &Operator,
    client: Client,
    name: &str,
    only: Option<String>,
    wanted: Vec<&'static ReportKind>,
) -> anyhow::Result<Outcome> {
    let version = client.get_json("/version").map_err(|error| anyhow::anyhow!("{error}"));
    let version = version.with_context(|| format!("the API server of `{name}`"))?;
    let version = version.get("gitVersion").and_then(|it| it.as_str()).map(str::to_owned);
    let minor = version.as_deref().and_then(releases::minor);
    let config =
        Config { version: minor.map_or(Version::Latest, Version::Minor), ..Config::default() };
    let of_images = ["VulnerabilityReport", "SbomReport"];
    let has_images = wanted.iter().any(|kind| of_images.contains(&kind.kind));
    let renewal = command.update_db.filter(|_| has_images).map(|hours| Renewal {
        folder: command.db.clone(),
        mirror: command.mirror.clone(),
        every: Duration::from_hours(u64::from(hours)),
    });
    // Who serves says first that it is there.
    if let Some(renewal) = renewal.as_ref().filter(|_| command.once) {
        renewal.run();
    }
    let signal = Arc::new(Signal::default());
    let reports = wanted.into_iter().map(|kind| Arc::new(Reports::new(kind, &signal))).collect();
    let work = Arc::new(Work {
        client,
        store: Store::new(only.as_deref(), &signal),
        reports,
        images: has_images.then(|| Images::new(command)).transpose()?,
        lease: command.lease.as_deref().map(lease).transpose()?,
        signal,
        stop: AtomicBool::new(false),
        config,
        max_series: command.max_series,
        tally: Tally::default(),
    });
    if command.once {
        Ok(once(&work, only.as_deref()))
    } else {
        always(command, &work, only, renewal)
    }
}

/// How the database is kept up to date.
#[derive(Clone)]
struct Renewal {
    folder: Option<PathBuf>,
    mirror: Vec<String>,
    every: Duration,
}

impl Renewal {
    /// Brings it up to date; what there is stays where that fails.
    fn run(&self) {
        if let Err(error) = renew(self.folder.clone(), self.mirror.clone()) {
            tell(&format!("the advisory database: {}", chain(&error)));
        }
    }
}

/// `NAMESPACE/NAME`, held by who we are: a pod's name where this is one.
fn lease(text: &str) -> Result<Lease, Usage> {
    let wrong = || Usage(format!("`{text}` is no lease: expected NAMESPACE/NAME"));
    let (namespace, name) = text.split_once('/').ok_or_else(wrong)?;
    if !is_name(namespace) || !is_name(name) {
        return Err(wrong());
    }
    let host = std::env::var("HOSTNAME").unwrap_or_else(|_| "plimsoll".to_owned());
    let identity = format!("{host}_{}_{}", std::process::id(), clock::now().as_unix());
    Ok(Lease::new(namespace, name, identity))
}

/// Who is told of what is listed.
type Told = Arc<dyn Seen + Send + Sync>;

/// Everything that is listed, and who is told.
fn followed(work: &Work, only: Option<&str>) -> Vec<(Followed, Told)> {
    let mut all: Vec<(Followed, Told)> = Vec::new();
    for shelf in &work.store.shelves {
        let what = Followed { path: shelf.kind.path(only), is_metadata: false };
        let seen: Told = shelf.clone();
        all.push((what, seen));
    }
    for reports in &work.reports {
        let seen: Told = reports.clone();
        all.push((reports.followed(only), seen));
    }
    all
}

fn once(work: &Work, only: Option<&str>) -> Outcome {
    for (what, seen) in followed(work, only) {
        if let Err(why) = list(&work.client, &what, &*seen) {
            seen.failed(&why);
        }
    }
    let passed = work.pass();
    told(&passed);
    if passed.problems.is_empty() { Outcome::Clean } else { Outcome::Partial }
}

fn told(passed: &Passed) {
    for problem in &passed.problems {
        tell(&format!("partial: {problem}"));
    }
    let Passed { written, same, removed, .. } = passed;
    tell(&format!("{written} reports written, {same} as before, {removed} taken away"));
}

fn always(
    command: &Operator,
    work: &Arc<Work>,
    only: Option<String>,
    renewal: Option<Renewal>,
) -> anyhow::Result<Outcome> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .thread_stack_size(1 << 20)
        .build()
        .context("no thread can be started")?;
    let debounce = Duration::from_secs(u64::from(command.debounce));
    let own = Arc::clone(work);
    let (ended, mut end) = tokio::sync::mpsc::channel::<()>(1);
    let worker = std::thread::Builder::new().name("operator".into()).spawn(move || {
        works(&own, only.as_deref(), debounce, renewal);
        // Whoever waits for it sees the channel close.
        drop(ended);
    });
    worker.context("no thread can be started")?;
    let web = command.listen.map(|address| (address, Arc::clone(work)));
    runtime.block_on(async {
        let mut terminate = signal(SignalKind::terminate())?;
        let mut interrupt = signal(SignalKind::interrupt())?;
        let (leave, left) = tokio::sync::oneshot::channel::<()>();
        let serving = web.map(|(address, work)| {
            tokio::spawn(web::serve(address, work, async move {
                let _ = left.await;
            }))
        });
        let failed = async {
            match serving {
                Some(serving) => match serving.await {
                    Ok(served) => served,
                    Err(error) => Err(error.into()),
                },
                None => std::future::pending().await,
            }
        };
        let outcome = tokio::select! {
            _ = terminate.recv() => Ok(()),
            _ = interrupt.recv() => Ok(()),
            served = failed => served,
        };
        work.stop.store(true, Ordering::Relaxed);
        work.signal.raise();
        drop(leave);
        // A write that was begun is finished.
        let _ = tokio::time::timeout(LEAVE, end.recv()).await;
        outcome
    })?;
    runtime.shutdown_timeout(Duration::from_secs(1));
    if let Some(lease) = &work.lease {
        lease.release(&work.client, clock::now());
    }
    tell("told to end");
    Ok(Outcome::Clean)
}

/// Works until it is told to end.
fn works(work: &Arc<Work>, only: Option<&str>, debounce: Duration, renewal: Option<Renewal>) {
    if work.lease.is_some() {
        let own = Arc::clone(work);
        std::thread::spawn(move || leads(&own));
    }
    let stopped = || work.stop.load(Ordering::Relaxed);
    let waiting = Instant::now();
    let mut is_waiting = false;
    // Who waits for the lease asks for nothing else.
    while !work.is_leading() {
        if stopped() {
            return;
        }
        if !is_waiting && waiting.elapsed() > Lease::EVERY {
            is_waiting = true;
            tell("another one works: waiting for the lease");
        }
        std::thread::sleep(Duration::from_millis(200));
    }
    if let Some(renewal) = renewal {
        renewal.run();
        work.images.as_ref().map(Images::renew);
        let own = Arc::clone(work);
        std::thread::spawn(move || {
            while !own.stop.load(Ordering::Relaxed) {
                std::thread::sleep(renewal.every);
                // Who lost the lease needs none.
                if own.is_leading() {
                    renewal.run();
                }
            }
        });
    }
    for (what, seen) in followed(work, only) {
        let own = Arc::clone(work);
        std::thread::spawn(move || follow(&own.client, &what, &*seen, &own.stop));
    }
    while !stopped() && !work.store.is_ready() {
        std::thread::sleep(Duration::from_millis(50));
    }
    let mut pause = PAUSE;
    let mut again: Option<Instant> = None;
    let mut last: Vec<String> = Vec::new();
    let mut is_first = true;
    while !stopped() {
        let changed = if is_first { true } else { work.signal.wait(debounce, TICK) };
        is_first = false;
        let renewed = work.images.as_ref().is_some_and(Images::renew);
        let is_due = work.images.as_ref().is_some_and(Images::is_due);
        let is_again = again.is_some_and(|at| at <= Instant::now());
        if stopped() || !work.is_leading() || !(changed || renewed || is_due || is_again) {
            continue;
        }
        if renewed {
            tell("the advisory database changed: images are judged again");
        }
        let passed = work.pass();
        if passed.is_refused {
            again = Instant::now().checked_add(pause);
            pause = pause.saturating_mul(2).min(MAX_PAUSE);
        } else {
            (again, pause) = (None, PAUSE);
        }
        // What is wrong is told when it begins and when it changes, not at every pass.
        if passed.problems != last {
            last.clone_from(&passed.problems);
            told(&passed);
        } else if passed.written > 0 || passed.removed > 0 {
            told(&Passed { problems: Vec::new(), ..passed });
        }
    }
}

/// Keeps the lease.
fn leads(work: &Work) {
    let Some(lease) = &work.lease else { return };
    let mut was = false;
    while !work.stop.load(Ordering::Relaxed) {
        if let Err(error) = lease.attempt(&work.client, clock::now()) {
            tell(&format!("the lease: {error}"));
        }
        let is = lease.is_held();
        if is != was {
            tell(if is { "the lease is ours" } else { "the lease is lost" });
            was = is;
            // What was not written meanwhile is written now.
            work.signal.raise();
        }
        std::thread::sleep(Lease::EVERY);
    }
}
