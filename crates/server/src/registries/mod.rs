//! Registries under watch: what is tagged there is read, what moves is read again, and what is tagged
//! no more is dropped.
//!
//! ```text
//! tags listed → digests asked for → compared with those of before
//!   new or moved: a scan    gone: its name is taken from the image, and an image without any goes
//! ```

mod credentials;
mod pace;
pub mod patterns;
mod retire;
mod walk;

pub(crate) use credentials::purpose;
pub use credentials::{for_image, sealed};
pub use pace::{Paces, paced};
pub use retire::retire;
pub use walk::{Seen, walk};

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use crate::app::App;
use crate::error::{Error, Result};
use crate::jobs;
use crate::moment::Millis;
use crate::outward::host_name;
use crate::queue::{Job, NewJob};
use crate::schedule::cron::Times;
use crate::store::registries::{self as stored, Registry};

/// What came of looking at a registry.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Outcome {
    /// Repositories that were looked at.
    pub repositories: usize,
    /// Tags that are there.
    pub tags: usize,
    /// Tags that are new or lead elsewhere.
    pub moved: usize,
    /// Tags that are gone.
    pub gone: usize,
    /// Images that are to be read.
    pub to_read: usize,
    /// Images that were dropped.
    pub dropped: usize,
    /// What could not be looked at, and why.
    pub problems: Vec<String>,
}

/// Says what is wrong with how a registry is to be watched.
pub fn check(registry: &Registry) -> Result<()> {
    let refuse = |why: String| Err(Error::Refused(why));
    if registry.name.is_empty() || registry.name.len() > 100 {
        return refuse("`name` is empty, or longer than 100 bytes".into());
    }
    let probe = format!("{}/probe", registry.host);
    let name = probe.parse::<plimsoll_model::ImageName>();
    if name.is_err() || name.is_ok_and(|it| it.registry() != registry.host) {
        return refuse(format!(
            "`host` is `{}`: expected the host of a registry, as `ghcr.io` or `10.0.0.7:5000`",
            registry.host
        ));
    }
    if registry.username.len() > 1_000 || registry.password.len() > 20_000 {
        return refuse("`username` or `password` is too long".into());
    }
    if registry.username.is_empty() && !registry.password.is_empty() {
        return refuse("`password` needs a `username`".into());
    }
    patterns::Patterns::parse("repositories", &registry.repositories)?;
    patterns::Patterns::parse("tags", &registry.tags)?;
    if registry.max_age_days.is_some_and(|days| !(1..=36_500).contains(&days)) {
        return refuse("`max_age_days` may be 1 to 36500".into());
    }
    if !(0..=60_000).contains(&registry.per_minute) {
        return refuse("`per_minute` may be 0 to 60000".into());
    }
    if !(0..=10_000).contains(&registry.at_once) {
        return refuse("`at_once` may be 0 to 10000".into());
    }
    Times::parse(&registry.schedule, &registry.zone).map(drop)
}

async fn look(
    app: &App,
    registry: &Registry,
    known: Vec<stored::Tag>,
    lists: HashMap<String, String>,
) -> Result<Seen> {
    let mut options = app.reading.clone();
    options.registry = credentials::with(app, registry, options.registry)?;
    options.registry = paced(app, &registry.host, options.registry).await?;
    let (of, outward) = (registry.clone(), app.outward.clone());
    let walking = move || {
        outward.check_known(host_name(&of.host))?;
        walk(&of, &known, &lists, &options)
    };
    tokio::task::spawn_blocking(walking).await?
}

/// Looks at a registry, and does what follows from it; ends the job.
pub async fn run(app: &Arc<App>, registry: &Registry, job: &Job) -> Result<Outcome> {
    let (known, lists) = {
        let mut read = app.store.read().await?;
        let known = stored::tags(&mut read, registry.id).await?;
        (known, stored::lists(&mut read, registry.id).await?)
    };
    let walked = look(app, registry, known, lists).await;
    let seen = match walked {
        Ok(seen) => seen,
        Err(error) => {
            let mut write = app.store.write().await?;
            let said = error.to_string();
            stored::walked(&mut write, registry.id, registry.repositories_seen, &said).await?;
            write.commit().await?;
            return Err(error);
        }
    };
    let mut outcome = Outcome {
        repositories: seen.repositories,
        tags: seen.tags,
        moved: seen.changed.len(),
        gone: seen.gone.len(),
        problems: seen.problems,
        ..Outcome::default()
    };
    let mut write = app.store.write().await?;
    stored::put_tags(&mut write, registry.id, &seen.changed).await?;
    let mut loose = Vec::new();
    for (repository, tag) in &seen.gone {
        stored::drop_tag(&mut write, registry.id, repository, tag).await?;
        let name = format!("{}/{repository}", registry.host);
        loose.extend(stored::drop_name(&mut write, &name, tag).await?);
    }
    for (repository, etag) in &seen.lists {
        stored::put_list(&mut write, registry.id, repository, etag).await?;
    }
    stored::name_images(&mut write, registry.id).await?;
    loose.extend(stored::drop_moved(&mut write).await?);
    outcome.dropped = retire(&mut write, app.store.dialect(), &loose).await?;
    let unread = stored::unread(&mut write, registry.id).await?;
    let digests: HashSet<&str> = unread.iter().map(|tag| tag.digest.as_str()).collect();
    outcome.to_read = digests.len();
    let repositories = i64::try_from(seen.repositories).unwrap_or(i64::MAX);
    let said = outcome.problems.first().map(String::as_str).unwrap_or_default();
    stored::walked(&mut write, registry.id, repositories, said).await?;
    let result = serde_json::to_string(&outcome).map_err(|_| Error::Damaged("an outcome"))?;
    app.queue.complete(&mut write, job, &result).await?;
    write.commit().await?;
    for job in readings(registry, &unread)? {
        app.push(job).await?;
    }
    Ok(outcome)
}

/// How long the same digest in another repository waits. The first one will have been read by then; where
/// it could not be, the other may.
const LATER: Millis = 60_000;

/// Jobs that read the images of tags: one for a digest in a repository, whatever tags lead to it.
fn readings(registry: &Registry, tags: &[stored::Tag]) -> Result<Vec<NewJob>> {
    let (mut places, mut digests) = (HashSet::new(), HashSet::new());
    let mut readings = Vec::new();
    for tag in tags {
        if !places.insert((&tag.repository, &tag.digest)) {
            continue;
        }
        let reference =
            format!("registry:{}/{}:{}@{}", registry.host, tag.repository, tag.tag, tag.digest);
        let request = jobs::Request { reference, ..jobs::Request::default() };
        // What somebody waits for goes first.
        let job = jobs::scan(&request, -5)?;
        let wait = if digests.insert(&tag.digest) { 0 } else { LATER };
        readings.push(NewJob { due: job.due.saturating_add(wait), ..job });
    }
    Ok(readings)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_digest_is_read_once_in_a_repository_and_later_in_another() {
        let tag = |repository: &str, tag: &str, digest: char| stored::Tag {
            repository: repository.into(),
            tag: tag.into(),
            digest: format!("sha256:{}", digest.to_string().repeat(64)),
            moved: 0,
            evidence: 0,
            selected: true,
        };
        let all = [tag("a", "1", 'a'), tag("a", "2", 'a'), tag("b", "1", 'a'), tag("a", "3", 'b')];
        let registry = Registry { host: "r.example".into(), ..Registry::default() };
        let found = readings(&registry, &all).unwrap();
        let keys: Vec<&str> = found.iter().map(|it| it.key.get(..22).unwrap_or_default()).collect();
        assert_eq!(
            keys,
            ["registry:r.example/a@s", "registry:r.example/b@s", "registry:r.example/a@s"]
        );
        let later = found[1].due.saturating_sub(found[0].due);
        assert!(later >= LATER / 2, "{later}");
        assert!(found[2].due.saturating_sub(found[0].due) < LATER / 2);
    }
}
