//! What is kept of one container.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use foldhash::fast::RandomState;
use plimsoll_model::{How, Timestamp, Window};

use super::{Gap, Image, ImageUse, Use, seen};
use crate::syscall::state::State;
use crate::syscall::state::containers::Container;

/// The most containers that are kept.
const MOST_CONTAINERS: usize = 16_384;
/// The most files of all containers.
const MOST_FILES: usize = 262_144;

/// How many files of all containers there are.
#[derive(Default)]
pub(super) struct Room(usize);

/// What is known of a container.
#[derive(Default)]
pub(super) struct Containing {
    pub(super) image: Image,
    files: HashMap<Box<[u8]>, Seen, RandomState>,
    /// When it was watched in the streams before.
    windows: Vec<Window>,
    /// Since when it is watched in this one.
    first: Option<u64>,
    /// When its first process ended, with which all of them end.
    pub(super) ended: Option<u64>,
    /// What is not known of it.
    pub(super) gaps: BTreeSet<Gap>,
}

struct Seen {
    how: How,
    by: Arc<[u8]>,
    first: u64,
    last: u64,
}

/// That a file is used.
pub(super) struct Seeing<'s> {
    pub(super) how: How,
    pub(super) by: &'s Arc<[u8]>,
    pub(super) time: u64,
}

/// A container that is watched, which may be new; none where there are too many.
pub(super) fn entry<'c>(
    containers: &'c mut HashMap<Box<str>, Containing, RandomState>,
    id: &str,
    state: &State,
    time: u64,
) -> Option<&'c mut Containing> {
    if !containers.contains_key(id) {
        if containers.len() >= MOST_CONTAINERS {
            return None;
        }
        containers.insert(id.into(), Containing::default());
    }
    let containing = containers.get_mut(id)?;
    containing.first.get_or_insert(time);
    if containing.image == Image::default()
        && let Some(container) = state.containers.get(Some(id))
    {
        containing.image = image(container);
    }
    Some(containing)
}

/// The image of a container.
pub(super) fn image(container: &Container) -> Image {
    let name = if container.image.is_empty() && !container.imagerepo.is_empty() {
        format!("{}:{}", container.imagerepo, container.imagetag)
    } else {
        container.image.clone()
    };
    let bare = |digest: &str| digest.rsplit(':').next().unwrap_or(digest).to_owned();
    Image { id: bare(&container.imageid), digest: bare(&container.imagedigest), name }
}

fn stamp(nanoseconds: u64) -> Timestamp {
    Timestamp::from_unix(i64::try_from(nanoseconds / 1_000_000_000).unwrap_or(i64::MAX))
}

impl Containing {
    /// Notes a use of a file; false where there is no room.
    pub(super) fn note(&mut self, path: &[u8], seeing: &Seeing<'_>, room: &mut Room) -> bool {
        if !seen::is_whole(path) {
            self.gaps.insert(Gap::UnknownFiles);
            return true;
        }
        let Some(path) = seen::file(path) else { return true };
        let Seeing { how, by, time } = *seeing;
        if let Some(known) = self.files.get_mut(path) {
            known.first = known.first.min(time);
            known.last = known.last.max(time);
            if how > known.how {
                (known.how, known.by) = (how, Arc::clone(by));
            }
            return true;
        }
        if room.0 >= MOST_FILES {
            return false;
        }
        room.0 = room.0.saturating_add(1);
        self.files.insert(path.into(), Seen { how, by: Arc::clone(by), first: time, last: time });
        true
    }

    /// It is not watched any more: the stream ended then.
    pub(super) fn close(&mut self, last: u64, mappings_watched: bool) {
        let Some(first) = self.first.take() else { return };
        let until = self.ended.take().unwrap_or(last).max(first);
        let (since, until) = (stamp(first), stamp(until));
        self.windows.push(Window { since, until, containers: 1 });
        if !mappings_watched {
            self.gaps.insert(Gap::MappingsNotWatched);
        }
    }

    /// What was used of its image, which is told; with gaps that it shares with the others.
    pub(super) fn used(mut self, image: Image, shared: &[(bool, Gap)]) -> ImageUse {
        self.gaps.extend(shared.iter().filter_map(|(is, gap)| is.then_some(*gap)));
        let files = self.files.into_iter();
        ImageUse {
            image,
            windows: self.windows,
            gaps: self.gaps.into_iter().collect(),
            files: files
                .map(|(path, seen)| (String::from_utf8_lossy(&path).into_owned(), seen.used()))
                .collect(),
            packages: BTreeMap::new(),
        }
    }
}

impl Seen {
    fn used(&self) -> Use {
        Use {
            how: self.how,
            by: String::from_utf8_lossy(&self.by).into_owned(),
            path: String::new(),
            first: stamp(self.first),
            last: stamp(self.last),
        }
    }
}
