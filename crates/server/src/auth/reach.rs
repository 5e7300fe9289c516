//! Which images and components members of teams see.
//!
//! What they do not see is not there for them: lists leave it out, and an address of it answers 404.
//! What they ask to be done with a repository that is not theirs is refused with 403: they named it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use axum::http::StatusCode;
use roaring::RoaringBitmap;
use sqlx::Row;

use super::{Actor, Role, Via, pattern};
use crate::api::Problem;
use crate::app::App;
use crate::error::{Error, Result};
use crate::store::{Connection, images};

/// What somebody sees.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Sight {
    /// Numbers of images.
    pub images: RoaringBitmap,
    /// Numbers of components that these images have.
    pub components: RoaringBitmap,
}

impl Sight {
    /// Whether an image is among them.
    pub fn has_image(&self, id: i64) -> bool {
        u32::try_from(id).is_ok_and(|id| self.images.contains(id))
    }

    /// Whether a component is.
    pub fn has_component(&self, id: i64) -> bool {
        u32::try_from(id).is_ok_and(|id| self.components.contains(id))
    }
}

/// How long a sight is taken for true.
const KEPT: Duration = Duration::from_secs(5);

/// How many are kept.
const MOST: usize = 64;

/// Since when a sight is known, by patterns.
type Known = HashMap<Arc<[String]>, (Instant, Arc<Sight>)>;

/// Sights of a moment ago, by patterns.
#[derive(Debug, Default)]
pub(super) struct Sights {
    known: Mutex<Known>,
}

/// What somebody sees; `None` is everything.
pub async fn sight(app: &App, actor: &Actor) -> Result<Option<Arc<Sight>>> {
    let Some(patterns) = &actor.repositories else { return Ok(None) };
    let sights = &app.auth.sights.known;
    {
        let known = sights.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((at, sight)) = known.get(patterns)
            && at.elapsed() < KEPT
        {
            return Ok(Some(Arc::clone(sight)));
        }
    }
    let sight = Arc::new(look(&mut *app.store.read().await?, patterns).await?);
    let mut known = sights.lock().unwrap_or_else(PoisonError::into_inner);
    known.retain(|_, (at, _)| at.elapsed() < KEPT);
    if known.len() < MOST {
        known.insert(Arc::clone(patterns), (Instant::now(), Arc::clone(&sight)));
    }
    Ok(Some(sight))
}

async fn look(connection: &mut Connection, patterns: &[String]) -> Result<Sight> {
    let mut sight = Sight::default();
    let mut sets = Vec::new();
    for one in patterns {
        let rows = sqlx::query(
            "SELECT images.id, images.set_id, image_refs.repository FROM image_refs \
             JOIN images ON images.digest = image_refs.digest \
             WHERE image_refs.repository LIKE $1 ESCAPE '!'",
        )
        .bind(pattern::like(one))
        .fetch_all(&mut *connection)
        .await?;
        for row in rows {
            if pattern::matches(one, row.try_get(2)?) {
                let id = u32::try_from(row.try_get::<i64, _>(0)?);
                sight.images.insert(id.map_err(|_| Error::Damaged("a number"))?);
                sets.push(row.try_get(1)?);
            }
        }
    }
    sets.sort_unstable();
    sets.dedup();
    for set in images::sets(connection, &sets).await?.values() {
        sight.components |= set;
    }
    Ok(sight)
}

/// Whether somebody may have an image read: a member of a team those of the team's repositories; what
/// lies on the server itself, programs of this machine and admins alone.
pub fn may_read(
    actor: &Actor,
    reference: &plimsoll_model::Reference,
) -> std::result::Result<(), Problem> {
    use plimsoll_model::Reference;

    let refused = |why: &str| Err(Problem::new(StatusCode::FORBIDDEN, why));
    let is_here = actor.via == Via::Here || actor.may(Role::Admin);
    match reference {
        Reference::Image { name, .. } => {
            let repository = format!("{}/{}", name.registry(), name.repository());
            if !actor.sees(&repository) {
                return refused("that repository is none of your teams'");
            }
            if !is_here && !is_of_registry(reference) {
                return refused("only admins have images read from the server's own daemons");
            }
            Ok(())
        }
        Reference::Path { .. } if is_here && actor.repositories.is_none() => Ok(()),
        _ => refused("only admins have files of the server read"),
    }
}

fn is_of_registry(reference: &plimsoll_model::Reference) -> bool {
    use plimsoll_model::Transport;

    matches!(reference.transport(), Transport::Auto | Transport::Registry)
}

/// Whether somebody sees what is said of a reference.
pub fn sees(actor: &Actor, reference: &str) -> bool {
    use plimsoll_model::Reference;

    if actor.repositories.is_none() {
        return true;
    }
    match reference.split(' ').next().unwrap_or_default().parse::<Reference>() {
        Ok(Reference::Image { name, .. }) => {
            actor.sees(&format!("{}/{}", name.registry(), name.repository()))
        }
        _ => false,
    }
}
