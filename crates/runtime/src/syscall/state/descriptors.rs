//! The open files of a process, and the room that those of all processes have.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use super::Fd;

/// The most open files that are kept of a process: what libsinsp keeps.
const MOST: usize = 4096;

/// The open files of a process, shared with its parent until one of them changes.
#[derive(Debug, Default)]
pub(crate) struct Descriptors {
    /// By number.
    entries: Vec<Open>,
    /// Where what they take is counted; an empty table that all share has none.
    room: Option<Arc<Room>>,
}

#[derive(Debug, Clone)]
struct Open {
    number: i32,
    /// What it takes, in bytes.
    cost: u32,
    file: Arc<Fd>,
}

/// What the open files of a machine take.
#[derive(Debug, Default)]
pub(crate) struct Room {
    most: usize,
    used: AtomicUsize,
    refused: AtomicU64,
}

impl Room {
    /// Room for so many bytes.
    pub(crate) fn of(most: usize) -> Self {
        Self { most, used: AtomicUsize::new(0), refused: AtomicU64::new(0) }
    }

    pub(crate) fn most(&self) -> usize {
        self.most
    }

    /// How often there was none left.
    pub(crate) fn refused(&self) -> u64 {
        self.refused.load(Ordering::Relaxed)
    }

    fn take(&self, bytes: usize) -> bool {
        let fits = self.used.load(Ordering::Relaxed).saturating_add(bytes) <= self.most;
        if fits {
            self.used.fetch_add(bytes, Ordering::Relaxed);
        } else {
            self.refused.fetch_add(1, Ordering::Relaxed);
        }
        fits
    }

    fn give_back(&self, bytes: usize) {
        self.used.fetch_sub(bytes, Ordering::Relaxed);
    }
}

/// What a file takes: texts are counted as if nothing else shared them.
fn cost(file: &Fd) -> u32 {
    let own_name = if Arc::ptr_eq(&file.name, &file.name_raw) { 0 } else { file.name_raw.len() };
    let bytes = size_of::<Open>() + size_of::<Fd>() + file.name.len() + own_name;
    u32::try_from(bytes).unwrap_or(u32::MAX)
}

impl Drop for Descriptors {
    fn drop(&mut self) {
        if let Some(room) = &self.room {
            room.give_back(self.cost());
        }
    }
}

impl Descriptors {
    /// A table that can be changed: of a shared one a copy takes its place. None where there is no
    /// room for that.
    pub(crate) fn own<'d>(shared: &'d mut Arc<Self>, room: &Arc<Room>) -> Option<&'d mut Self> {
        if Arc::get_mut(shared).is_none() {
            if !room.take(shared.cost()) {
                return None;
            }
            let (entries, room) = (shared.entries.clone(), Some(Arc::clone(room)));
            *shared = Arc::new(Self { entries, room });
        }
        Arc::get_mut(shared)
    }

    fn cost(&self) -> usize {
        self.entries.iter().map(|open| open.cost as usize).sum()
    }

    fn give_back(&self, bytes: usize) {
        if let Some(room) = &self.room {
            room.give_back(bytes);
        }
    }

    fn find(&self, fd: i64) -> Result<usize, usize> {
        // Numbers are mostly given without gaps.
        let guess = usize::try_from(fd).unwrap_or(usize::MAX);
        if self.entries.get(guess).is_some_and(|open| i64::from(open.number) == fd) {
            return Ok(guess);
        }
        self.entries.binary_search_by_key(&fd, |open| open.number.into())
    }

    pub(crate) fn get(&self, fd: i64) -> Option<&Fd> {
        let at = self.find(fd).ok()?;
        self.entries.get(at).map(|open| &*open.file)
    }

    pub(crate) fn shared(&self, fd: i64) -> Option<Arc<Fd>> {
        let at = self.find(fd).ok()?;
        self.entries.get(at).map(|open| Arc::clone(&open.file))
    }

    pub(crate) fn get_mut(&mut self, fd: i64) -> Option<&mut Fd> {
        let at = self.find(fd).ok()?;
        self.entries.get_mut(at).map(|open| Arc::make_mut(&mut open.file))
    }

    /// False where there is no room, or the number is none of the kernel's.
    pub(crate) fn insert(&mut self, fd: i64, file: Arc<Fd>) -> bool {
        let Ok(number) = i32::try_from(fd) else { return false };
        let open = Open { number, cost: cost(&file), file };
        let place = self.find(fd);
        if place.is_err() && self.entries.len() >= MOST {
            return false;
        }
        if self.room.as_ref().is_some_and(|room| !room.take(open.cost as usize)) {
            return false;
        }
        match place {
            Ok(at) => {
                if let Some(entry) = self.entries.get_mut(at) {
                    let before = std::mem::replace(entry, open);
                    self.give_back(before.cost as usize);
                }
            }
            Err(at) => self.entries.insert(at, open),
        }
        true
    }

    pub(crate) fn remove(&mut self, fd: i64) {
        if let Ok(at) = self.find(fd) {
            let open = self.entries.remove(at);
            self.give_back(open.cost as usize);
        }
    }

    pub(crate) fn retain(&mut self, keep: impl Fn(i64, &Fd) -> bool) {
        let before = self.cost();
        self.entries.retain(|open| keep(open.number.into(), &open.file));
        self.give_back(before - self.cost());
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (i64, &Fd)> {
        self.entries.iter().map(|open| (open.number.into(), &*open.file))
    }

    pub(crate) fn numbers(&self) -> Vec<i64> {
        self.entries.iter().map(|open| open.number.into()).collect()
    }

    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scap::DescriptorKind;

    #[test]
    fn the_files_of_all_processes_have_one_room() {
        let file = Arc::new(Fd::new(DescriptorKind::File));
        let each = cost(&file) as usize;
        let room = Arc::new(Room::of(3 * each));
        let used = |room: &Room| room.used.load(Ordering::Relaxed);
        let mut first = Arc::<Descriptors>::default();
        let nothing = Arc::clone(&first);
        for fd in 0..2 {
            assert!(Descriptors::own(&mut first, &room).unwrap().insert(fd, Arc::clone(&file)));
        }
        let mut second = Arc::clone(&first);
        assert_eq!(used(&room), 2 * each);
        assert!(Descriptors::own(&mut second, &room).is_none());
        assert_eq!((second.len(), room.refused()), (2, 1));
        Descriptors::own(&mut first, &room);
        drop(second);
        Descriptors::own(&mut first, &room).unwrap().remove(0);
        assert_eq!((first.len(), used(&room)), (1, each));
        let other = Arc::clone(&first);
        Descriptors::own(&mut first, &room).unwrap().retain(|_, _| false);
        assert_eq!((first.len(), other.len(), used(&room)), (0, 1, each));
        assert!(!Descriptors::own(&mut first, &room).unwrap().insert(1 << 40, file));
        drop((first, other, nothing));
        assert_eq!(used(&room), 0);
    }
}
