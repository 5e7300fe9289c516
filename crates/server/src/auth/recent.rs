//! Keys that counted a moment ago, for as long as the store cannot say: what sensors send is accepted
//! while a database restarts.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::{Actor, Via, secret};

/// How long a key counts that cannot be looked up: one that is taken back meanwhile counts as long.
const KEPT: Duration = Duration::from_hours(1);

/// So many at most.
const MOST: usize = 4_096;

/// How long nobody asks a store that did not answer.
const LEFT_ALONE: Duration = Duration::from_secs(5);

/// Keys, by their hashes.
#[derive(Debug, Default)]
pub(super) struct Recent {
    keys: Mutex<HashMap<String, (Actor, Instant)>>,
    away: Mutex<Option<Instant>>,
}

impl Recent {
    /// Whose key this was, where that is known.
    pub(super) fn actor(&self, key: &str) -> Option<Actor> {
        let known = self.keys.lock().unwrap_or_else(PoisonError::into_inner);
        let (actor, seen) = known.get(&secret::hash(key))?;
        (seen.elapsed() < KEPT).then(|| actor.clone())
    }

    /// Whether the store did not answer a moment ago.
    pub(super) fn is_away(&self) -> bool {
        let away = self.away.lock().unwrap_or_else(PoisonError::into_inner);
        away.is_some_and(|since| since.elapsed() < LEFT_ALONE)
    }

    /// The store did not answer.
    pub(super) fn note_away(&self) {
        *self.away.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
    }

    /// What the store said of a key.
    pub(super) fn note(&self, key: &str, found: Option<&Actor>) {
        let mut known = self.keys.lock().unwrap_or_else(PoisonError::into_inner);
        let hash = secret::hash(key);
        match found {
            Some(Actor { via: Via::Key { once: true, .. }, .. }) => {}
            Some(actor) => {
                if known.len() >= MOST {
                    known.retain(|_, (_, seen)| seen.elapsed() < KEPT / 4);
                }
                if known.len() < MOST {
                    known.insert(hash, (actor.clone(), Instant::now()));
                }
            }
            None => drop(known.remove(&hash)),
        }
    }
}
