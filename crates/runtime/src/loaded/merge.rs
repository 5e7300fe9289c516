//! Uses of one image put together.
//!
//! Records come from other machines and may have many images that are nearly one, so those that
//! may be the same are looked up, and windows are sorted once.

use std::collections::HashMap;

use foldhash::quality::RandomState;
use plimsoll_model::Window;

use super::{Image, ImageUse, Record, digits, normal_name};

/// The fewest digits of an id that runtimes tell.
const SHORT: usize = 12;

/// Images by what they are told apart by.
#[derive(Default)]
struct Index {
    by_digits: HashMap<[u8; SHORT], Vec<usize>, RandomState>,
    /// By which digests are known too: names decide only between images that have none in common.
    by_name: HashMap<(u8, String), Vec<usize>, RandomState>,
}

impl Index {
    fn add(&mut self, image: &Image, at: usize) {
        let note = |found: &mut Vec<usize>| {
            if found.last() != Some(&at) {
                found.push(at);
            }
        };
        for key in keys(image) {
            note(self.by_digits.entry(key).or_default());
        }
        if !image.name.is_empty() {
            note(self.by_name.entry((kinds(image), normal_name(&image.name))).or_default());
        }
    }

    /// The first of the known ones that is this.
    fn find(&self, image: &Image, known: &[ImageUse]) -> Option<usize> {
        let is = |at: &&usize| known.get(**at).is_some_and(|it| it.image.is(image) == Some(true));
        let first = |found: &Vec<usize>| found.iter().find(is).copied();
        let by_digits = keys(image).filter_map(|key| self.by_digits.get(&key).and_then(first));
        let own = kinds(image);
        let name = (!image.name.is_empty()).then(|| normal_name(&image.name));
        let others = (0..4).filter(|other| other & own == 0);
        let by_name = others.filter_map(|other| {
            let key = (other, name.clone()?);
            self.by_name.get(&key).and_then(first)
        });
        by_digits.chain(by_name).min()
    }
}

/// The begins of its digests.
fn keys(image: &Image) -> impl Iterator<Item = [u8; SHORT]> {
    [&image.id, &image.digest]
        .into_iter()
        .filter_map(|digest| digits(digest).as_bytes().first_chunk::<SHORT>().copied())
}

/// Which digests are known.
fn kinds(image: &Image) -> u8 {
    u8::from(!digits(&image.id).is_empty()) | (u8::from(!digits(&image.digest).is_empty()) << 1)
}

impl Record {
    /// Takes in another record: what either saw was used, and what either does not know is not known.
    pub fn merge(&mut self, other: Self) {
        self.take_in(other.images);
    }

    /// Takes uses in, each to those of its image.
    pub(super) fn take_in(&mut self, images: Vec<ImageUse>) {
        let mut index = Index::default();
        for (at, known) in self.images.iter().enumerate() {
            index.add(&known.image, at);
        }
        for theirs in images {
            let known = index.find(&theirs.image, &self.images);
            if let Some(at) = known
                && let Some(ours) = self.images.get_mut(at)
            {
                let before = ours.image.clone();
                ours.absorb(theirs);
                if ours.image != before {
                    index.add(&ours.image, at);
                }
            } else {
                index.add(&theirs.image, self.images.len());
                self.images.push(theirs);
            }
        }
        self.images.iter_mut().for_each(ImageUse::sort);
    }

    /// What is known of an image, of all that may be it.
    pub fn of(&self, image: &Image) -> Option<ImageUse> {
        let mut found = self.images.iter().filter(|it| it.image.is(image) == Some(true)).cloned();
        let mut first = found.next()?;
        found.for_each(|other| first.absorb(other));
        first.sort();
        Some(first)
    }
}

impl ImageUse {
    fn sort(&mut self) {
        self.windows.sort();
    }

    /// Without putting the windows in order.
    fn absorb(&mut self, other: Self) {
        let fill = |own: &mut String, other: String| {
            if own.is_empty() {
                *own = other;
            }
        };
        fill(&mut self.image.id, other.image.id);
        fill(&mut self.image.digest, other.image.digest);
        fill(&mut self.image.name, other.image.name);
        self.windows.extend(other.windows);
        self.gaps.extend(other.gaps);
        self.gaps.sort_unstable();
        self.gaps.dedup();
        for (own, others) in [(&mut self.files, other.files), (&mut self.packages, other.packages)]
        {
            for (name, used) in others {
                own.entry(name).and_modify(|it| it.add(&used)).or_insert(used);
            }
        }
    }
}

/// Containers that were watched at the same time are one window.
pub(super) fn joined_windows(sorted: &[Window]) -> Vec<Window> {
    let mut joined: Vec<Window> = Vec::new();
    for window in sorted {
        match joined.last_mut() {
            Some(last) if window.since <= last.until => {
                last.until = last.until.max(window.until);
                last.containers = last.containers.saturating_add(window.containers);
            }
            _ => joined.push(window.clone()),
        }
    }
    joined
}
