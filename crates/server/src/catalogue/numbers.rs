//! The numbers of components that this process has met: images share nearly all that they have, and a
//! number never changes nor goes.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::sync::{Mutex, PoisonError};

use super::Component;

/// How many are held, at about 40 bytes each; then it begins anew.
const MOST: usize = 400_000;

/// Numbers by a hash of 128 bits whose keys nobody outside knows: components are asked for by what they
/// are, because the key that is stored of each is a SHA-256 of its JSON, which takes longer to work out.
#[derive(Debug, Default)]
pub struct Numbers {
    seeds: (RandomState, RandomState),
    known: Mutex<HashMap<(u64, u64), i64>>,
}

impl Numbers {
    fn hash(&self, component: &Component) -> (u64, u64) {
        (self.seeds.0.hash_one(component), self.seeds.1.hash_one(component))
    }

    /// The number of each of some components; `None` where it is not held.
    pub fn of(&self, components: &[Component]) -> Vec<Option<i64>> {
        let hashes: Vec<_> = components.iter().map(|it| self.hash(it)).collect();
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        hashes.iter().map(|hash| known.get(hash).copied()).collect()
    }

    /// Holds numbers that are committed.
    pub fn hold<'c>(&self, numbers: impl Iterator<Item = (&'c Component, i64)>) {
        let numbers: Vec<_> = numbers.map(|(it, number)| (self.hash(it), number)).collect();
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        for (hash, number) in numbers {
            if known.len() >= MOST {
                known.clear();
            }
            known.insert(hash, number);
        }
    }
}

#[cfg(test)]
mod tests {
    use plimsoll_advisory::matching::Declared;
    use plimsoll_model::{Package, PackageKind};

    use super::*;

    fn component(version: usize) -> Component {
        let package = Package::new(PackageKind::Npm, "a", version.to_string());
        Component::of(&package, None, Declared::Passed).unwrap()
    }

    #[test]
    fn what_is_held_is_found_and_never_more_than_there_is_room_for() {
        let numbers = Numbers::default();
        let one = component(1);
        numbers.hold([(&one, 1), (&component(2), 2)].into_iter());
        assert_eq!(numbers.of(&[one.clone(), component(3)]), [Some(1), None]);
        let other = Component { judged: false, ..one };
        assert_eq!(numbers.of(&[other]), [None], "it is not the same");
        let many: Vec<Component> = (0..MOST).map(component).collect();
        numbers.hold(many.iter().map(|it| (it, 3)));
        let held = numbers.known.lock().unwrap().len();
        assert!(held <= MOST, "{held}");
        assert_eq!(numbers.of(&[component(MOST - 1)]), [Some(3)]);
    }
}
