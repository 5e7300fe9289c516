//! Texts that come again and again, each kept once.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use foldhash::fast::RandomState;

use super::container::Cgroups;
use super::{Text, empty};

/// How much is remembered before it is forgotten and begun anew: texts, and their bytes.
const MOST: usize = 16_384;
const MOST_BYTES: usize = 2 * 1024 * 1024;

/// The texts that have come lately.
#[derive(Debug, Default)]
pub(crate) struct Texts {
    known: HashSet<Text, RandomState>,
    cgroups: HashMap<Box<[u8]>, Arc<Cgroups>, RandomState>,
    bytes: usize,
}

impl Texts {
    /// The text of these bytes: one that is there already, where it is remembered.
    pub(crate) fn get(&mut self, bytes: &[u8]) -> Text {
        if bytes.is_empty() {
            return empty();
        }
        if let Some(known) = self.known.get(bytes) {
            return Arc::clone(known);
        }
        self.make_room(bytes.len());
        let text = Text::from(bytes);
        self.known.insert(Arc::clone(&text));
        text
    }

    /// The control groups of these bytes.
    pub(crate) fn cgroups(&mut self, bytes: &[u8]) -> Arc<Cgroups> {
        if let Some(known) = self.cgroups.get(bytes) {
            return Arc::clone(known);
        }
        self.make_room(2 * bytes.len());
        let cgroups = Cgroups::new(bytes);
        self.cgroups.insert(bytes.into(), Arc::clone(&cgroups));
        cgroups
    }

    fn make_room(&mut self, bytes: usize) {
        if self.known.len() + self.cgroups.len() >= MOST || self.bytes >= MOST_BYTES {
            self.known.clear();
            self.cgroups.clear();
            self.bytes = 0;
        }
        self.bytes += bytes;
    }
}
