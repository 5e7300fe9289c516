//! The numbers of components that this process has met: images share nearly all that they have, and a
//! number never changes nor goes.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::sync::{Mutex, PoisonError};

/// How many are held, at about 40 bytes each; then it begins anew.
const MOST: usize = 400_000;

/// Numbers by a hash of 128 bits whose keys nobody outside knows.
#[derive(Debug, Default)]
pub struct Numbers {
    seeds: (RandomState, RandomState),
    known: Mutex<HashMap<(u64, u64), i64>>,
}

impl Numbers {
    fn hash(&self, key: &str) -> (u64, u64) {
        (self.seeds.0.hash_one(key), self.seeds.1.hash_one(key))
    }

    /// Those that are held of some keys.
    pub fn of<'k>(&self, keys: impl Iterator<Item = &'k str>) -> HashMap<String, i64> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let found = keys.filter_map(|key| {
            let number = known.get(&self.hash(key))?;
            Some((key.to_owned(), *number))
        });
        found.collect()
    }

    /// Holds numbers that are committed.
    pub fn hold<'k>(&self, numbers: impl Iterator<Item = (&'k str, i64)>) {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        for (key, number) in numbers {
            if known.len() >= MOST {
                known.clear();
            }
            known.insert(self.hash(key), number);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_held_is_found_and_never_more_than_there_is_room_for() {
        let numbers = Numbers::default();
        numbers.hold([("a", 1), ("b", 2)].into_iter());
        assert_eq!(numbers.of(["a", "c"].into_iter()), HashMap::from([("a".to_owned(), 1)]));
        let many: Vec<String> = (0..MOST).map(|number| number.to_string()).collect();
        numbers.hold(many.iter().map(|key| (key.as_str(), 3)));
        let held = numbers.known.lock().unwrap().len();
        assert!(held <= MOST, "{held}");
        assert_eq!(numbers.of(["399999"].into_iter()).len(), 1);
    }
}
