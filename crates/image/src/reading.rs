//! The files of a layer's tar: which are read, and how their content is had.
//!
//! In a plain tar in a file, content is read in place and only where a cataloguer looks. In a
//! stream it has passed when the cataloguer wants it, so it is kept first.

use std::collections::HashMap;

use plimsoll_model::ProblemKind;

use crate::compression::Excess;
use crate::content::{Pieces, ReadAt, read_exact_at};
use crate::layer::{HardLink, LayerInventory, path_hash, unreachable_link};
use crate::spool::{Spool, SpoolError};
use crate::tar::{Archive, EntryKind, Forward, TarError};
use crate::wants::{WantIndex, Wanted, is_program, may_be_program};

/// Hard links of one layer that a cataloguer wants.
const MAX_LINKS: usize = 1_000_000;

/// Catalogues the layer in `archive`. Damage ends the reading but keeps what came before it.
///
/// `again` gives the same archive from its start, where that can be had. The names of the bottom
/// layer are not kept.
pub(crate) fn read_layer<S: Forward>(
    mut archive: Archive<S>,
    again: impl FnOnce() -> Option<Archive<S>>,
    wants: &WantIndex<'_>,
    is_bottom: bool,
) -> LayerInventory {
    let mut reading = Reading {
        wants,
        is_bottom,
        layer: LayerInventory::for_wants(wants),
        read: HashMap::new(),
        links: Vec::new(),
        spool: Spool::default(),
        normal: String::new(),
        room: String::new(),
    };
    let mut outcome = reading.entries(&mut archive);
    if outcome.is_ok() && reading.has_unread_links() {
        outcome = again().map_or(Ok(()), |mut archive| reading.linked_files(&mut archive));
    }
    if let Err(error) = outcome {
        if let TarError::Io { source, .. } = &error {
            reading.layer.may_differ = true;
            reading.layer.excess = Excess::of(source).cloned();
        }
        let message = format!("layer is damaged: {error}");
        reading.layer.problem(ProblemKind::Partial, "", message);
    }
    reading.finish()
}

struct Reading<'r, 'c> {
    wants: &'r WantIndex<'c>,
    is_bottom: bool,
    layer: LayerInventory,
    /// Files that were read, by the hash of their path, and by whom.
    read: HashMap<u64, Wanted>,
    links: Vec<Link>,
    spool: Spool,
    /// Room for a path that is not stored in its normal form.
    normal: String,
    /// The same for the target of a link.
    room: String,
}

struct Link {
    path: String,
    target: String,
    wanted: Wanted,
    state: LinkState,
}

#[derive(PartialEq, Eq)]
enum LinkState {
    /// The target was read, by all who want the link.
    Read,
    /// The target is still to be read, for the link.
    Unread,
    /// The content was read in a second pass and catalogued under the link's own path.
    Done,
}

impl Reading<'_, '_> {
    fn entries<S: Forward>(&mut self, archive: &mut Archive<S>) -> Result<(), TarError> {
        while archive.advance()? {
            let entry = archive.entry();
            let Some(path) = normal_path(&entry.path, &mut self.normal) else {
                let message = "path leads out of the image".into();
                self.layer.problem(ProblemKind::Skipped, &entry.path, message);
                continue;
            };
            if let (Some(listing), Some(room)) = (&mut self.layer.listing, self.wants.listing()) {
                listing.member(room, path, entry);
            }
            if path.is_empty() || self.layer.take_whiteout(path) || entry.kind == EntryKind::Folder
            {
                continue;
            }
            if !self.is_bottom {
                self.layer.names.push(path_hash(path));
            }
            if let Some(survey) = &mut self.layer.survey {
                match entry.kind {
                    EntryKind::File => survey.file(path, entry.mode, entry.size),
                    EntryKind::Symlink => survey.link(path, &entry.link),
                    EntryKind::HardLink => match normal_path(&entry.link, &mut self.room) {
                        Some(target) => survey.hard_link(path, entry.mode, target),
                        None => survey.file(path, entry.mode, 0),
                    },
                    _ => {}
                }
            }
            match entry.kind {
                EntryKind::File => {
                    let wanted = self.wants.by_path(path);
                    let may_be_program = !self.wants.executables().is_empty()
                        && may_be_program(path, entry.mode, entry.size);
                    let is_summed = self.wants.sums(path, entry.mode);
                    if may_be_program || is_summed || !wanted.is_empty() {
                        let path = path.to_owned();
                        self.file(archive, path, wanted, may_be_program, is_summed)?;
                    }
                }
                EntryKind::HardLink => {
                    let path = path.to_owned();
                    let target = normal_path(&entry.link, &mut self.normal).map(str::to_owned);
                    if let Some(target) = target {
                        self.link(path, target);
                    }
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// Reads one file for those who want it by its path, and for those who want programs if its
    /// first bytes are a program's; perhaps it is summed as well.
    fn file<S: Forward>(
        &mut self,
        archive: &mut Archive<S>,
        path: String,
        mut wanted: Wanted,
        may_be_program: bool,
        is_summed: bool,
    ) -> Result<(), TarError> {
        let executable = archive.entry().mode & 0o111 != 0;
        let map = match archive.sparse_map() {
            Ok(map) => map,
            Err(error @ TarError::BadHeader { .. }) if !wanted.is_empty() => {
                let message = format!("not read: {error}");
                self.layer.problem(ProblemKind::Partial, &path, message);
                return Ok(());
            }
            Err(TarError::BadHeader { .. }) => return Ok(()),
            Err(error) => return Err(error),
        };
        let in_place = archive.in_place();
        let mut start = [0; 4];
        if may_be_program && map.is_none() {
            let known = archive.unread().min(4);
            let start = start.get_mut(..usize::try_from(known).unwrap_or(0)).unwrap_or_default();
            archive.read_exact(start)?;
            if is_program(start) {
                wanted = wanted.and(self.wants.executables());
            }
            self.spool.begin(start);
        } else {
            self.spool.begin(&[]);
        }
        if wanted.is_empty() && map.is_none() && !is_summed {
            return Ok(());
        }
        let stored: &dyn ReadAt = if let Some(slice) = &in_place {
            slice
        } else {
            match self.spool.fill(archive) {
                Ok(()) => &self.spool,
                Err(SpoolError::Tar(error)) => return Err(error),
                Err(error) => {
                    self.layer.may_differ = true;
                    let message = format!("not read: {error}");
                    self.layer.problem(ProblemKind::Partial, &path, message);
                    return Ok(());
                }
            }
        };
        let pieces = map.map(|map| Pieces::new(stored, map.size, &map.pieces));
        let content: &dyn ReadAt = pieces.as_ref().map_or(stored, |pieces| pieces);
        if may_be_program
            && pieces.is_some()
            && read_exact_at(content, 0, 4).is_ok_and(|start| is_program(&start))
        {
            wanted = wanted.and(self.wants.executables());
        }
        if is_summed {
            self.layer.sum(&path, content);
        }
        if self.read.insert(path_hash(&path), wanted).is_some() {
            self.layer.forget(&path);
        }
        self.layer.catalogue(path, content, executable, self.wants, wanted);
        Ok(())
    }

    fn link(&mut self, path: String, target: String) {
        let wanted = self.wants.by_path(&path);
        let state = match self.read.get(&path_hash(&target)) {
            Some(by) if wanted.is_empty() && !by.meets(self.wants.executables()) => return,
            Some(by) if wanted.is_within(*by) => LinkState::Read,
            None if wanted.is_empty() => return,
            _ => LinkState::Unread,
        };
        if self.links.len() < MAX_LINKS {
            self.links.push(Link { path, target, wanted, state });
        } else {
            let message = format!("not read: there are more than {MAX_LINKS} hard links");
            self.layer.problem(ProblemKind::Partial, &path, message);
        }
    }

    fn has_unread_links(&self) -> bool {
        self.links.iter().any(|link| link.state == LinkState::Unread)
    }

    /// Goes through the archive a second time for files that only another name makes wanted.
    fn linked_files<S: Forward>(&mut self, archive: &mut Archive<S>) -> Result<(), TarError> {
        let mut links = std::mem::take(&mut self.links);
        let mut by_target: HashMap<u64, Vec<usize>> = HashMap::new();
        for (at, link) in links.iter().enumerate().filter(|(_, l)| l.state == LinkState::Unread) {
            by_target.entry(path_hash(&link.target)).or_default().push(at);
        }
        while archive.advance()? {
            let entry = archive.entry();
            let Some(path) = normal_path(&entry.path, &mut self.normal) else { continue };
            if entry.kind != EntryKind::File || entry.sparse.is_some() {
                continue;
            }
            let (Some(at), Some(content)) = (by_target.get(&path_hash(path)), archive.in_place())
            else {
                continue;
            };
            for &at in at {
                if let Some(link) = links.get_mut(at) {
                    link.state = LinkState::Done;
                    let (path, wanted) = (link.path.clone(), link.wanted);
                    let executable = archive.entry().mode & 0o111 != 0;
                    self.layer.forget(&path);
                    self.layer.catalogue(path, &content, executable, self.wants, wanted);
                }
            }
        }
        self.links = links;
        Ok(())
    }

    fn finish(mut self) -> LayerInventory {
        self.layer.sort();
        let layer = &mut self.layer;
        for link in self.links {
            let Link { path, target, state, .. } = link;
            let has_target = || layer.names.binary_search(&path_hash(&target)).is_ok();
            match state {
                LinkState::Done => {}
                LinkState::Read => layer.links.push(HardLink { path, target, is_read: true }),
                LinkState::Unread if self.is_bottom || has_target() => {
                    let message = unreachable_link(&target);
                    layer.problem(ProblemKind::Partial, &path, message);
                }
                LinkState::Unread => layer.links.push(HardLink { path, target, is_read: false }),
            }
        }
        layer.sort();
        self.layer
    }
}

impl LayerInventory {
    /// Whiteouts as OCI defines them.
    ///
    /// Source: <https://github.com/opencontainers/image-spec/blob/main/layer.md#whiteouts>.
    fn take_whiteout(&mut self, path: &str) -> bool {
        let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
        let Some(hidden) = name.strip_prefix(".wh.") else { return false };
        if hidden == ".wh..opq" {
            self.opaque.push(path_hash(folder));
        } else if !hidden.starts_with(".wh.") && folder.is_empty() {
            self.names.push(path_hash(hidden));
        } else if !hidden.starts_with(".wh.") {
            self.names.push(path_hash(&format!("{folder}/{hidden}")));
        }
        true
    }
}

/// A path from the root without `./`, doubled slashes and the leading one; `None` where it
/// contains `..`. Where it is stored otherwise, `room` holds it.
fn normal_path<'p>(path: &'p str, room: &'p mut String) -> Option<&'p str> {
    let plain = !path.starts_with(['/', '.'])
        && !path.ends_with('/')
        && !path.contains("/.")
        && !path.contains("//");
    if plain {
        return Some(path);
    }
    room.clear();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => return None,
            part => {
                if !room.is_empty() {
                    room.push('/');
                }
                room.push_str(part);
            }
        }
    }
    Some(room)
}

#[cfg(test)]
mod tests;
