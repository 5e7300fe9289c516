//! The files of an image for those who look around in it, layer by layer.
//!
//! A list rides on the reading for packages, and only where it is asked for: an image may have
//! millions of files. [`MAX_FILES`] and [`MAX_TEXT`] bound what all its layers together may list;
//! what is beyond is counted and told, and its packages are found all the same.

use std::sync::atomic::{AtomicU64, Ordering};

use plimsoll_model::{FileKind, LayerFiles, ListedFile, Listing};

use crate::layer::LayerInventory;
use crate::tar::{Entry, EntryKind};

/// Files of an image that are listed. Large real ones have a few hundred thousand.
pub const MAX_FILES: u64 = 500_000;

/// Bytes of their paths and of the targets of their links: 64 MiB.
pub const MAX_TEXT: u64 = 64 << 20;

/// What may still be listed; shared by all layers, which are read at the same time.
#[derive(Debug)]
pub(crate) struct Room {
    files: AtomicU64,
    text: AtomicU64,
}

impl Default for Room {
    fn default() -> Self {
        Self::of(MAX_FILES, MAX_TEXT)
    }
}

impl Room {
    fn of(files: u64, text: u64) -> Self {
        Self { files: AtomicU64::new(files), text: AtomicU64::new(text) }
    }

    /// Takes room for one file, if there is some.
    fn take(&self, text: u64) -> bool {
        let less = |room: &AtomicU64, by: u64| {
            room.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(by))
                .is_ok()
        };
        less(&self.text, text) && less(&self.files, 1)
    }
}

/// The files of one layer, as they come.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LayerListing {
    files: Vec<ListedFile>,
    bytes: u64,
    omitted: u64,
}

impl LayerListing {
    /// Takes in a member of a layer's tar, whose path is in its normal form.
    ///
    /// What is a deletion: <https://github.com/opencontainers/image-spec/blob/main/layer.md#whiteouts>.
    pub(crate) fn member(&mut self, room: &Room, path: &str, entry: &Entry) {
        let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
        let (path, kind) = match name.strip_prefix(".wh.") {
            Some(".wh..opq") => (folder.to_owned(), FileKind::Opaque),
            // What storage drivers write for themselves.
            Some(hidden) if hidden.starts_with(".wh.") => return,
            Some(hidden) if folder.is_empty() => (hidden.to_owned(), FileKind::Whiteout),
            Some(hidden) => (format!("{folder}/{hidden}"), FileKind::Whiteout),
            None => (path.to_owned(), kind_of(entry.kind)),
        };
        let size = if kind == FileKind::File { stated_size(entry) } else { 0 };
        self.weigh(size);
        let small = |number: u64| u32::try_from(number).unwrap_or(u32::MAX);
        let (uid, gid) = entry
            .details
            .as_ref()
            .map_or((0, 0), |details| (small(details.uid), small(details.gid)));
        let link =
            if matches!(kind, FileKind::HardLink | FileKind::Symlink) { &*entry.link } else { "" };
        let mode = if kind.is_deletion() { 0 } else { entry.mode & 0o7777 };
        self.put(room, &path, link, |path, link| ListedFile {
            path,
            kind,
            size,
            mode,
            uid,
            gid,
            link,
        });
    }

    /// Takes a file in, if there is room for it.
    pub(crate) fn put(
        &mut self,
        room: &Room,
        path: &str,
        link: &str,
        file: impl FnOnce(Box<str>, Box<str>) -> ListedFile,
    ) {
        let text = path.len().saturating_add(link.len());
        if room.take(u64::try_from(text).unwrap_or(u64::MAX)) {
            self.files.push(file(path.into(), link.into()));
        } else {
            self.omitted = self.omitted.saturating_add(1);
        }
    }

    /// Counts the bytes of a file, listed or not.
    pub(crate) fn weigh(&mut self, bytes: u64) {
        self.bytes = self.bytes.saturating_add(bytes);
    }

    /// Takes in what another thread found in the same folder.
    pub(crate) fn append(&mut self, other: Self) {
        self.files.extend(other.files);
        self.bytes = self.bytes.saturating_add(other.bytes);
        self.omitted = self.omitted.saturating_add(other.omitted);
    }

    /// In order, and of a path that stands several times in the archive the last, which counts.
    fn sorted(mut self) -> LayerFiles {
        self.files.reverse();
        let key = |file: &ListedFile| (!file.kind.is_deletion(), file.kind == FileKind::Opaque);
        self.files.sort_by(|a, b| a.path.cmp(&b.path).then_with(|| key(a).cmp(&key(b))));
        self.files.dedup_by(|a, b| a.path == b.path && key(a) == key(b));
        LayerFiles { files: self.files, bytes: self.bytes, omitted: self.omitted }
    }
}

fn kind_of(kind: EntryKind) -> FileKind {
    match kind {
        EntryKind::File | EntryKind::GnuSparse => FileKind::File,
        EntryKind::HardLink => FileKind::HardLink,
        EntryKind::Symlink => FileKind::Symlink,
        EntryKind::Folder => FileKind::Folder,
        _ => FileKind::Special,
    }
}

/// Of a sparse file, its size with the holes where the header says it.
fn stated_size(entry: &Entry) -> u64 {
    entry.sparse.as_ref().map_or(entry.size, |map| map.size.max(entry.size))
}

/// The lists of all layers, bottom first; `None` where none was asked for.
pub(crate) fn take(layers: &mut [LayerInventory]) -> Option<Listing> {
    let lists: Vec<Option<LayerListing>> =
        layers.iter_mut().map(|layer| layer.listing.take()).collect();
    if lists.iter().all(Option::is_none) {
        return None;
    }
    let layers = lists.into_iter().map(|list| list.unwrap_or_default().sorted()).collect();
    Some(Listing { layers })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn member(path: &str, kind: EntryKind, size: u64) -> Entry {
        Entry { path: path.into(), kind, size, mode: 0o10_0644, ..Entry::default() }
    }

    fn list(members: &[(&str, EntryKind, u64)], room: &Room) -> LayerFiles {
        let mut listing = LayerListing::default();
        for (path, kind, size) in members {
            listing.member(room, path, &member(path, *kind, *size));
        }
        listing.sorted()
    }

    fn shown(files: &LayerFiles) -> Vec<String> {
        let one = |file: &ListedFile| format!("{:?} {} {}", file.kind, file.path, file.size);
        files.files.iter().map(one).collect()
    }

    #[test]
    fn deletions_are_told_from_files_and_come_before_what_takes_their_place() {
        let files = list(
            &[
                ("app", EntryKind::Folder, 0),
                ("app/.wh..wh..opq", EntryKind::File, 0),
                ("etc/motd", EntryKind::File, 7),
                ("etc/.wh.motd", EntryKind::File, 0),
                (".wh.opt", EntryKind::File, 0),
                (".wh..wh.plnk", EntryKind::File, 0),
            ],
            &Room::default(),
        );
        assert_eq!(
            shown(&files),
            [
                "Opaque app 0",
                "Folder app 0",
                "Whiteout etc/motd 0",
                "File etc/motd 7",
                "Whiteout opt 0"
            ]
        );
        assert_eq!(files.files[3].mode, 0o644);
    }

    #[test]
    fn of_a_path_that_stands_twice_the_last_counts() {
        let twice =
            [("a", EntryKind::File, 1), ("b", EntryKind::File, 2), ("a", EntryKind::File, 3)];
        assert_eq!(shown(&list(&twice, &Room::default())), ["File a 3", "File b 2"]);
    }

    #[test]
    fn beyond_the_limits_files_are_counted_and_not_listed() {
        let three =
            [("a", EntryKind::File, 5), ("b", EntryKind::File, 5), ("c", EntryKind::File, 5)];
        let files = list(&three, &Room::of(2, 100));
        assert_eq!((files.files.len(), files.omitted, files.bytes), (2, 1, 15));
        let files =
            list(&[("0123456789", EntryKind::File, 5), ("a", EntryKind::File, 5)], &Room::of(9, 5));
        assert_eq!((shown(&files), files.omitted), (vec!["File a 5".to_owned()], 1));
    }
}
