//! Takes jobs and has them done, one at a time.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::watch;

use super::Job;
use super::bell::Call;
use crate::app::App;
use crate::jobs::{self, Handler};
use crate::moment::millis;
use crate::panics::caught;

/// How long a worker may be silent.
const LEASE: Duration = Duration::from_secs(30);

/// How often it gives a sign of life.
const SIGN: Duration = Duration::from_secs(8);

/// How long it waits where the store does not answer.
const BREATH: Duration = Duration::from_secs(5);

/// Works until `end` is true. What has begun by then is given a moment to end, and put back otherwise.
pub async fn work(app: Arc<App>, name: String, mut end: watch::Receiver<bool>) {
    let kinds: Vec<&str> = jobs::ALL.iter().map(|handler| handler.kind()).collect();
    let mut call = Call::default();
    while !*end.borrow() {
        let claimed = app.queue.claim(&kinds, &name, millis(LEASE)).await;
        let is_idle = match claimed {
            Ok(Some(job)) => {
                one(&app, &job, &call, end.clone()).await;
                // With calls, whoever is called works; without, there may be more.
                call.is_one()
            }
            Ok(None) => true,
            Err(error) => {
                app.tell(&format!("worker: {error}"));
                tokio::select! {
                    () = tokio::time::sleep(BREATH) => {}
                    _ = end.changed() => {}
                }
                // The call is made again by and by.
                call = Call::default();
                continue;
            }
        };
        call.answered().await;
        call = Call::default();
        if is_idle {
            tokio::select! {
                next = app.bell.next() => call = next,
                _ = end.changed() => {}
            }
        }
    }
}

/// How long a job may still run when the server ends.
const FAREWELL: Duration = Duration::from_secs(10);

async fn one(app: &Arc<App>, job: &Job, call: &Call, mut end: watch::Receiver<bool>) {
    let Some(handler) = jobs::ALL.iter().find(|handler| handler.kind() == job.kind) else {
        return;
    };
    let began = Instant::now();
    let leaving = async {
        if end.wait_for(|it| *it).await.is_err() {
            std::future::pending::<()>().await;
        }
        tokio::time::sleep(FAREWELL).await;
    };
    tokio::select! {
        done = attempt(app, *handler, job) => {
            let took = began.elapsed();
            app.metrics.job(job.id, &job.kind, done, took);
            if !job.host.is_empty() && call.is_one() {
                // Another job of the registry may have had to wait for this one, and its call is over.
                app.bell.ring().await;
            }
        }
        () = lost(app, job, call) => app.tell(&format!("job {}: taken by another worker, or cancelled", job.id)),
        () = leaving => {
            if let Err(error) = app.queue.release(job).await {
                app.tell(&format!("job {}: {error}", job.id));
            }
        }
    }
}

/// Does a job, and says whether it went well.
async fn attempt(app: &Arc<App>, handler: &dyn Handler, job: &Job) -> bool {
    let Err(error) = caught(handler.run(app, job)).await else { return true };
    if error.is_outage() {
        app.health.hurry();
        let then = match app.queue.postpone(job, &error.to_string()).await {
            Ok(()) => "it is put off",
            Err(_) => "it is done again when the store answers",
        };
        app.tell(&format!("job {} ({} `{}`): {error}; {then}", job.id, job.kind, job.key));
        return false;
    }
    let for_good = !error.is_passing();
    let verdict = app.queue.fail(job, &error.to_string(), for_good).await;
    let then = match verdict {
        Ok(super::Verdict::Again) => "it will be tried again",
        Ok(super::Verdict::Buried) => "it will not be tried again",
        Err(_) => "the store does not answer",
    };
    app.tell(&format!("job {} ({} `{}`): {error}; {then}", job.id, job.kind, job.key));
    false
}

/// Gives signs of life, and ends when the job is somebody else's.
async fn lost(app: &Arc<App>, job: &Job, call: &Call) {
    loop {
        tokio::time::sleep(SIGN).await;
        call.progress().await;
        if matches!(app.queue.extend(job, millis(LEASE)).await, Ok(false)) {
            return;
        }
    }
}
