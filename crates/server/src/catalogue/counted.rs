//! How many open findings components have, held for as long as no finding changes: a page of a list of
//! images asks for those of thousands of components.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use roaring::RoaringBitmap;

use crate::error::Result;
use crate::moment::{Millis, now};
use crate::store::{Connection, Dialect, findings};

/// How many components are held, at about 40 bytes each; then it begins anew.
const MOST: usize = 400_000;

/// PostgreSQL commits events in another order than that of their numbers: only where the newest is as old
/// as this are all before it known to be there.
const SETTLED: Millis = 600_000;

/// Open findings by the number of their severity.
pub type Counts = [u32; 6];

/// What is held, and up to which event of findings it is right.
#[derive(Debug, Default)]
struct Held {
    event: i64,
    counts: HashMap<u32, Counts>,
}

/// Open findings of components.
#[derive(Debug, Default)]
pub struct Counted(Mutex<Held>);

impl Counted {
    /// The open findings of each of these sets of components.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn of_sets(
        &self,
        read: &mut Connection,
        dialect: Dialect,
        sets: &HashMap<i64, RoaringBitmap>,
    ) -> Result<HashMap<i64, Counts>> {
        let newest = findings::newest_event(&mut *read).await?;
        let (event, at) = newest.unwrap_or_default();
        let may_be_held = dialect == Dialect::Sqlite || now().saturating_sub(at) > SETTLED;
        let all = sets.values().fold(RoaringBitmap::new(), |all, set| all | set);
        let mut known: HashMap<u32, Counts> = HashMap::new();
        let mut missing: Vec<i64> = Vec::new();
        {
            let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            if held.event != event || !may_be_held {
                *held = Held { event, counts: HashMap::new() };
            }
            for component in &all {
                match held.counts.get(&component) {
                    Some(counts) => _ = known.insert(component, *counts),
                    None => missing.push(component.into()),
                }
            }
        }
        if !missing.is_empty() {
            let counts = findings::counts(read, &missing).await?;
            let one = |id: i64| {
                let mut sum = Counts::default();
                for (severity, count) in counts.get(&id).into_iter().flatten() {
                    let place = usize::try_from(*severity).ok().and_then(|at| sum.get_mut(at));
                    if let Some(place) = place {
                        *place = place.saturating_add(u32::try_from(*count).unwrap_or(u32::MAX));
                    }
                }
                Some((u32::try_from(id).ok()?, sum))
            };
            let found: Vec<(u32, Counts)> = missing.iter().filter_map(|id| one(*id)).collect();
            known.extend(found.iter().copied());
            let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            if may_be_held && held.event == event {
                if held.counts.len().saturating_add(found.len()) > MOST {
                    held.counts.clear();
                }
                held.counts.extend(found.into_iter().take(MOST));
            }
        }
        let sum = |set: &RoaringBitmap| {
            let mut all = Counts::default();
            for counts in set.iter().filter_map(|component| known.get(&component)) {
                for (sum, count) in all.iter_mut().zip(counts) {
                    *sum = sum.saturating_add(*count);
                }
            }
            all
        };
        Ok(sets.iter().map(|(id, set)| (*id, sum(set))).collect())
    }
}
