//! What stands in the way of the server, part by part: looked for every few seconds, told by name as
//! long as it is so, and over by itself when it is.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError, RwLock};
use std::time::{Duration, Instant, SystemTime};

use serde::Serialize;

use crate::advisories::Trouble;
use crate::app::App;
use crate::error::{Error, Outage, Result};
use crate::moment::{millis, now, timestamp};
use crate::rematch;
use crate::store::{Dialect, settings};

/// A part of what the server stands on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Part {
    /// The compiled advisories.
    Advisories,
    /// Large things.
    Blobs,
    /// The time of day.
    Clock,
    /// The data folder, with the spool of alerts.
    Folder,
    /// What calls workers.
    Queue,
    /// The database.
    Store,
}

impl Part {
    /// As it is called in answers.
    pub fn name(self) -> &'static str {
        match self {
            Self::Advisories => "advisories",
            Self::Blobs => "blobs",
            Self::Clock => "clock",
            Self::Folder => "folder",
            Self::Queue => "queue",
            Self::Store => "store",
        }
    }
}

/// What is not as it has to be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// With which part.
    pub part: Part,
    /// In a word.
    pub state: &'static str,
    /// What was said, and what to do.
    pub detail: String,
    /// Since when.
    pub since: String,
}

/// A state in a word, and more of it.
type Found = Option<(&'static str, String)>;

/// What was found at the last look.
#[derive(Debug, Default)]
pub struct Health {
    problems: RwLock<BTreeMap<Part, Problem>>,
    clock: Mutex<Clock>,
    looks: AtomicU64,
}

/// How long a part may take to answer.
const PATIENCE: Duration = Duration::from_secs(15);

/// Less than this is no room.
const ROOM: u64 = 4 << 20;

/// Blobs that are well are looked at once in so many looks: a bucket has its price.
const SELDOM: u64 = 6;

/// How far the clocks of a server and its database may be apart: leases last half a minute.
const SKEW: i64 = 10_000;

impl Health {
    /// The state of a part in a word; `None` where it is well.
    pub fn state(&self, part: Part) -> Option<&'static str> {
        let problems = self.problems.read().unwrap_or_else(PoisonError::into_inner);
        problems.get(&part).map(|it| it.state)
    }

    /// Something failed: the next look leaves nothing out.
    pub fn hurry(&self) {
        self.looks.store(0, Ordering::Relaxed);
    }

    /// All that is not well.
    pub fn problems(&self) -> Vec<Problem> {
        let problems = self.problems.read().unwrap_or_else(PoisonError::into_inner);
        problems.values().cloned().collect()
    }

    /// Notes what was found, and says it where it is another state.
    fn note(&self, part: Part, found: Found) -> Option<String> {
        let mut problems = self.problems.write().unwrap_or_else(PoisonError::into_inner);
        let before = problems.get(&part);
        let Some((state, detail)) = found else {
            return problems.remove(&part).map(|_| format!("{}: ready again", part.name()));
        };
        let is_new = before.is_none_or(|it| it.state != state);
        let since = match before {
            Some(it) if !is_new => it.since.clone(),
            _ => timestamp(now()).to_string(),
        };
        let said = is_new.then(|| format!("{}: {state}: {detail}", part.name()));
        problems.insert(part, Problem { part, state, detail, since });
        said
    }
}

/// Looks at every part, and says what has changed.
pub async fn look(app: &App) {
    let number = app.health.looks.fetch_add(1, Ordering::Relaxed);
    let is_due = number.is_multiple_of(SELDOM) || app.health.state(Part::Blobs).is_some();
    let (stored, blobs, queue, skewed) =
        tokio::join!(store(app), blobs(app, is_due), queue(app), skewed(app));
    let folder = app.intake.folder().to_owned();
    let folder = tokio::task::spawn_blocking(move || self::folder(&folder)).await;
    let stepped = app.health.clock.lock().unwrap_or_else(PoisonError::into_inner).stepped();
    let mut found = vec![
        (Part::Store, stored),
        (Part::Queue, queue),
        (Part::Clock, stepped.or(skewed)),
        (Part::Advisories, advisories(app).await),
    ];
    if is_due {
        found.push((Part::Blobs, blobs));
    }
    if let Ok(folder) = folder {
        found.push((Part::Folder, folder));
    }
    for (part, found) in found {
        app.metrics.degraded(part.name(), found.is_some());
        if let Some(line) = app.health.note(part, found) {
            app.tell(&format!("health: {line}"));
        }
    }
}

/// An error as a state.
fn state(error: &Error) -> (&'static str, String) {
    (error.outage().map_or("failing", Outage::name), error.to_string())
}

async fn within<F: Future<Output = Result<()>>>(work: F) -> Found {
    match tokio::time::timeout(PATIENCE, work).await {
        Ok(Ok(())) => None,
        Ok(Err(error)) => Some(state(&error)),
        Err(_) => {
            Some((Outage::Unreachable.name(), format!("no answer in {} s", PATIENCE.as_secs())))
        }
    }
}

async fn store(app: &App) -> Found {
    if let Some(file) = app.store.moved() {
        let why = format!(
            "`{}` was removed or replaced while the server has it open, and what is written goes \
             into the old one: put that back, or stop the server and restore a backup",
            file.display()
        );
        return Some((Outage::Lost.name(), why));
    }
    let name = format!("health.{}", app.intake.spool.id());
    within(async {
        let mut write = app.store.write().await?;
        settings::set(&mut write, &name, "").await?;
        Ok(write.commit().await?)
    })
    .await
}

async fn blobs(app: &App, is_due: bool) -> Found {
    if is_due { within(app.blobs.check(app.intake.spool.id())).await } else { None }
}

async fn queue(app: &App) -> Found {
    let nats = app.bell.nats.as_ref()?;
    let found = within(nats.check()).await;
    found.map(|(_, why)| {
        (Outage::Unreachable.name(), format!("{why}; workers look for jobs themselves"))
    })
}

/// Leases are times of day, which several servers compare.
async fn skewed(app: &App) -> Found {
    if app.store.dialect() != Dialect::Postgres {
        return None;
    }
    let asked = async {
        let mut read = app.store.read().await.ok()?;
        let text = "SELECT CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000 AS BIGINT)";
        let row = sqlx::query(text).fetch_one(&mut *read).await.ok()?;
        sqlx::Row::try_get::<i64, _>(&row, 0).ok()
    };
    let theirs = tokio::time::timeout(PATIENCE, asked).await.ok().flatten()?;
    let apart = now().saturating_sub(theirs);
    (apart.abs() > SKEW).then(|| {
        let way = if apart > 0 { "ahead of" } else { "behind" };
        ("skewed", format!("it is {} s {way} the database's", apart.abs() / 1000))
    })
}

/// Room and rights in the data folder.
fn folder(folder: &Path) -> Found {
    use std::io::Write as _;
    let failed = |error: &std::io::Error| {
        let outage = Outage::of_io(error).or_else(|| {
            let is_refused = error.kind() == std::io::ErrorKind::PermissionDenied;
            is_refused.then_some(Outage::ReadOnly)
        });
        let state = outage.map_or("failing", Outage::name);
        Some((state, format!("`{}`: {error}", folder.display())))
    };
    let found = match rustix::fs::statvfs(folder) {
        Ok(found) => found,
        Err(error) => return failed(&error.into()),
    };
    if found.f_flag.contains(rustix::fs::StatVfsMountFlags::RDONLY) {
        return Some((Outage::ReadOnly.name(), format!("`{}`", folder.display())));
    }
    let free = found.f_bavail.saturating_mul(found.f_frsize);
    if free < ROOM {
        let why = format!("`{}` has {free} bytes left: make room", folder.display());
        return Some((Outage::Full.name(), why));
    }
    let probe = folder.join("probe");
    let written = std::fs::File::create(&probe).and_then(|mut file| file.write_all(&[0; 4096]));
    let removed = std::fs::remove_file(&probe);
    written.and(removed).err().and_then(|error| failed(&error))
}

async fn advisories(app: &App) -> Found {
    let path = app.advisories.path().display();
    match app.advisories.trouble() {
        Some(Trouble::Missing) => {
            return Some(("missing", format!("`{path}` is gone; those of before are used")));
        }
        Some(Trouble::Damaged(why)) => {
            return Some(("damaged", format!("{why}; those of before are used")));
        }
        Some(Trouble::Older) => {
            let why =
                "is older than what is used, which stays: --accept-older-advisories follows it";
            return Some(("rolled-back", format!("`{path}` {why}")));
        }
        None => {}
    }
    let asked = async {
        let mut read = app.store.read().await.ok()?;
        rematch::is_behind(app, &app.advisories.current(), &mut read).await.ok()
    };
    let is_behind = tokio::time::timeout(PATIENCE, asked).await.ok().flatten()?;
    is_behind.then(|| {
        let why = "is older than what findings follow: bring a newer one, until which jobs wait that \
                   judge; --accept-older-advisories follows it";
        ("behind", format!("`{path}` {why}"))
    })
}

/// The time of day beside a clock that nobody sets.
#[derive(Debug, Default)]
struct Clock {
    last: Option<(Instant, SystemTime)>,
    /// When it was set last, and by how many milliseconds.
    step: Option<(Instant, i64)>,
}

/// What the two may differ by from look to look.
const STEP: i64 = 2_000;

/// How long it is told.
const TOLD: Duration = Duration::from_mins(5);

impl Clock {
    fn stepped(&mut self) -> Found {
        self.at(Instant::now(), SystemTime::now())
    }

    fn at(&mut self, instant: Instant, time: SystemTime) -> Found {
        if let Some((then, before)) = self.last {
            let passed = millis(instant.saturating_duration_since(then));
            let moved = match time.duration_since(before) {
                Ok(ahead) => millis(ahead),
                Err(back) => -millis(back.duration()),
            };
            let step = moved.saturating_sub(passed);
            if step.abs() > STEP {
                self.step = Some((instant, step));
            }
        }
        self.last = Some((instant, time));
        let (when, step) = self.step?;
        if instant.saturating_duration_since(when) > TOLD {
            self.step = None;
            return None;
        }
        let seconds = step.abs() / 1000;
        Some(if step < 0 {
            ("stepped-back", format!("it was set back by {seconds} s"))
        } else {
            ("stepped-forward", format!("it was set forward by {seconds} s"))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_that_is_set_is_told_for_a_while() {
        let (began, day) = (Instant::now(), SystemTime::now());
        let mut clock = Clock::default();
        let second = Duration::from_secs(1);
        assert_eq!(clock.at(began, day), None);
        assert_eq!(clock.at(began + second * 10, day + second * 10), None);
        let (state, why) = clock.at(began + second * 20, day - second * 3580).unwrap();
        assert_eq!((state, why.as_str()), ("stepped-back", "it was set back by 3600 s"));
        assert!(clock.at(began + second * 30, day - second * 3570).is_some());
        assert_eq!(clock.at(began + second * 400, day - second * 3200), None);
        assert_eq!(clock.at(began + second * 410, day).unwrap().0, "stepped-forward");
    }

    #[test]
    fn a_problem_is_said_when_it_begins_and_when_it_is_over() {
        let health = Health::default();
        let full = || Some(("full", "no room".to_owned()));
        assert_eq!(health.note(Part::Blobs, full()).unwrap(), "blobs: full: no room");
        assert_eq!(health.note(Part::Blobs, full()), None);
        assert_eq!(health.state(Part::Blobs), Some("full"));
        assert_eq!(health.note(Part::Blobs, None).unwrap(), "blobs: ready again");
        assert_eq!((health.note(Part::Blobs, None), health.problems().len()), (None, 0));
    }
}
