//! Documents that this process has just read, for the worker of the same process: what is taken in is
//! mostly stored here a moment later, and need not be read a second time.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use plimsoll_model::Inventory;

/// How many packages are held in all, at about a kilobyte each.
const MOST: usize = 30_000;

/// How long one is held. Whoever takes it later is a worker of another process.
const LONGEST: Duration = Duration::from_mins(1);

/// Inventories by a name, and since when each is held.
#[derive(Debug, Default)]
pub struct Fresh(Mutex<HashMap<String, (Instant, Inventory)>>);

fn weight(inventory: &Inventory) -> usize {
    inventory.packages.len() + 1
}

impl Fresh {
    /// Holds one until it is taken or too old. Where there is no room it is not held: those before it
    /// are needed first.
    pub fn hold(&self, name: &str, inventory: Inventory) {
        let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        held.retain(|_, (since, _)| since.elapsed() <= LONGEST);
        let packages: usize = held.values().map(|(_, inventory)| weight(inventory)).sum();
        if packages + weight(&inventory) <= MOST {
            held.insert(name.to_owned(), (Instant::now(), inventory));
        }
    }

    /// Takes one out.
    pub fn take(&self, name: &str) -> Option<Inventory> {
        let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        held.remove(name).map(|(_, inventory)| inventory)
    }
}

#[cfg(test)]
mod tests {
    use plimsoll_model::{Package, PackageKind};

    use super::*;

    #[test]
    fn what_is_held_is_taken_once_and_never_more_than_there_is_room_for() {
        let fresh = Fresh::default();
        let packages = vec![Package::new(PackageKind::Npm, "a", "1"); MOST / 2 - 1];
        let inventory = Inventory { packages, ..Inventory::default() };
        for name in ["a", "b", "c"] {
            fresh.hold(name, inventory.clone());
        }
        assert_eq!(fresh.take("c"), None, "there was no room for three");
        assert_eq!(fresh.take("b"), Some(inventory.clone()));
        assert_eq!(fresh.take("b"), None);
        fresh.hold("d", inventory.clone());
        assert!(fresh.take("d").is_some() && fresh.take("a").is_some());
    }
}
