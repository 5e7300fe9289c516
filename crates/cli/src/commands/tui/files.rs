//! The pane of files: a tree of which folders are opened and closed.

use std::cmp::Reverse;
use std::collections::HashSet;

use plimsoll_image::layer::owner_hash;
use plimsoll_model::ListedFile;

use super::contents::Contents;
use super::list::List;
use super::order::Order;
use super::tree::{Change, Node, ROOT, Tree};

/// So few files are shown with all folders above them open.
const SHOWN_AT_ONCE: usize = 300;

/// What files of a folder are ordered by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Sort {
    #[default]
    Name,
    Size,
}

impl Order for Sort {
    const ALL: &'static [(Self, &'static str)] =
        &[(Self::Name, "by name"), (Self::Size, "by size")];
}

/// One row: a file or a folder, and how many folders it lies in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) node: u32,
    pub(super) depth: usize,
}

/// The files of an image or of a layer.
#[derive(Debug, Default)]
pub(super) struct Files {
    pub(super) tree: Tree,
    pub(super) rows: Vec<Place>,
    pub(super) list: List,
    pub(super) sort: Sort,
    /// Folders that are open.
    open: HashSet<u32>,
    /// What is shown, where that is not all.
    shown: Option<Vec<bool>>,
    /// Folders that are open while not all is shown.
    open_of_shown: HashSet<u32>,
    /// Sizes are of what the layer brings.
    only_touched: bool,
    /// How many files are shown, folders left out.
    pub(super) count: usize,
}

/// Which files are shown.
pub(super) struct Wanted<'w> {
    /// Hashes of paths, sorted; those of packages that were chosen.
    pub(super) files: Option<&'w [u64]>,
    /// Only what the layer itself brings or takes away.
    pub(super) only_touched: bool,
}

impl Files {
    /// Shows another tree; folders stay open, and the cursor stays on its path where that is there.
    pub(super) fn replace(&mut self, tree: Tree) {
        let at_cursor = self.chosen().map(|at| self.tree.path(at));
        let open: Vec<String> = self.open.iter().map(|at| self.tree.path(*at)).collect();
        self.tree = tree;
        self.open = open.iter().filter_map(|path| self.tree.find(path)).collect();
        self.open_of_shown.clear();
        self.shown = None;
        self.arrange();
        self.go_to_path(at_cursor.as_deref());
    }

    /// Shows a part of the tree.
    pub(super) fn show(&mut self, wanted: &Wanted<'_>) {
        let at_cursor = self.chosen();
        let shown = wanted_nodes(&self.tree, wanted);
        let leaves = |shown: &[bool]| {
            let nodes = self.tree.nodes.iter().zip(shown);
            nodes.filter(|(node, is_shown)| **is_shown && node.children.is_empty()).count()
        };
        self.only_touched = wanted.only_touched;
        self.open_of_shown.clear();
        if let Some(shown) = &shown
            && leaves(shown) <= SHOWN_AT_ONCE
        {
            let nodes = self.tree.nodes.iter().zip(shown).enumerate();
            let folders =
                nodes.filter(|(_, (node, is_shown))| **is_shown && !node.children.is_empty());
            self.open_of_shown = folders.filter_map(|(at, _)| u32::try_from(at).ok()).collect();
        } else {
            self.open_of_shown.clone_from(&self.open);
        }
        self.shown = shown;
        self.count = match &self.shown {
            Some(shown) => {
                let nodes = self.tree.nodes.iter().zip(shown);
                nodes.filter(|(node, is_shown)| **is_shown && !node.is_folder).count()
            }
            None => self.tree.nodes.iter().filter(|node| !node.is_folder).count(),
        };
        self.arrange();
        if let Some(at) = at_cursor {
            self.go_to(at);
        }
    }

    fn is_shown(&self, at: u32) -> bool {
        let Some(shown) = &self.shown else { return true };
        usize::try_from(at).ok().and_then(|at| shown.get(at)).copied().unwrap_or(false)
    }

    fn open(&mut self) -> &mut HashSet<u32> {
        if self.shown.is_some() { &mut self.open_of_shown } else { &mut self.open }
    }

    /// Whether what is in a folder is shown.
    pub(super) fn is_open(&self, at: u32) -> bool {
        if self.shown.is_some() {
            self.open_of_shown.contains(&at)
        } else {
            self.open.contains(&at)
        }
    }

    /// Makes the rows anew.
    pub(super) fn arrange(&mut self) {
        let mut rows = Vec::new();
        let mut open: Vec<Place> = Vec::new();
        self.push_children(ROOT, 0, &mut open);
        while let Some(place) = open.pop() {
            rows.push(place);
            if self.is_open(place.node) {
                self.push_children(place.node, place.depth.saturating_add(1), &mut open);
            }
        }
        self.rows = rows;
        self.list.clamp(self.rows.len());
    }

    /// Children in the order in which they are shown, the last first.
    fn push_children(&self, at: u32, depth: usize, open: &mut Vec<Place>) {
        let Some(node) = self.tree.node(at) else { return };
        let mut children: Vec<u32> =
            node.children.iter().copied().filter(|child| self.is_shown(*child)).collect();
        if self.sort == Sort::Size {
            children.sort_by_key(|child| Reverse(self.tree.node(*child).map(|it| self.size(it))));
        }
        open.extend(children.into_iter().rev().map(|node| Place { node, depth }));
    }

    /// Bytes of a file, or of all files below a folder.
    pub(super) fn size(&self, node: &Node) -> u64 {
        let is_brought = self.only_touched && node.change != Change::Removed;
        if is_brought { node.brought } else { node.total }
    }

    /// The file or folder that the cursor is on.
    pub(super) fn chosen(&self) -> Option<u32> {
        self.rows.get(self.list.cursor).map(|place| place.node)
    }

    /// Opens a folder, or goes into it where it is open.
    pub(super) fn unfold(&mut self) {
        let Some(at) = self.chosen() else { return };
        if self.tree.node(at).is_none_or(|node| node.children.is_empty()) {
            return;
        }
        if self.open().insert(at) {
            self.arrange();
        } else {
            self.list.step(super::list::Step::Down, self.rows.len());
        }
    }

    /// Closes a folder, or goes to the one above.
    pub(super) fn fold(&mut self) {
        let Some(at) = self.chosen() else { return };
        if self.open().remove(&at) {
            self.arrange();
        } else if let Some(parent) = self.tree.node(at).map(|node| node.parent) {
            self.go_to(parent);
        }
    }

    /// Opens or closes all folders below the cursor's, or all there are on a file.
    pub(super) fn unfold_all(&mut self, opens: bool) {
        let from = self.chosen().filter(|at| self.tree.node(*at).is_some_and(|it| it.is_folder));
        let at_cursor = self.chosen();
        let below: Vec<u32> = self.tree.below(from.unwrap_or(ROOT)).collect();
        let has_children =
            |at: &u32| self.tree.node(*at).is_some_and(|node| !node.children.is_empty());
        let folders: Vec<u32> = below.into_iter().filter(has_children).collect();
        let open = self.open();
        for at in folders {
            if opens {
                open.insert(at);
            } else {
                open.remove(&at);
            }
        }
        self.arrange();
        if let Some(at) = at_cursor {
            self.go_to(at);
        }
    }

    /// Puts the cursor on a node, or on the nearest folder above it that is shown.
    pub(super) fn go_to(&mut self, at: u32) {
        let mut next = at;
        while next != ROOT {
            if let Some(row) = self.rows.iter().position(|place| place.node == next) {
                self.list.cursor = row;
                return;
            }
            let Some(node) = self.tree.node(next) else { return };
            next = node.parent;
        }
    }

    fn go_to_path(&mut self, path: Option<&str>) {
        let mut path = path.unwrap_or_default();
        loop {
            if path.is_empty() {
                return;
            }
            if let Some(at) = self.tree.find(path) {
                return self.go_to(at);
            }
            path = path.rsplit_once('/').map_or("", |(folder, _)| folder);
        }
    }

    /// Opens all folders above a node and goes to it.
    fn reveal(&mut self, at: u32) {
        let mut next = self.tree.node(at).map_or(ROOT, |node| node.parent);
        while next != ROOT {
            self.open().insert(next);
            next = self.tree.node(next).map_or(ROOT, |node| node.parent);
        }
        self.arrange();
        self.go_to(at);
    }

    /// Goes to the next file or folder whose name has `text` in it, opened or not. With a slash in it,
    /// the text is looked for in paths.
    pub(super) fn seek(&mut self, text: &str, is_forward: bool, from_here: bool) -> bool {
        let all: Vec<u32> = self.tree.below(ROOT).skip(1).filter(|at| self.is_shown(*at)).collect();
        let here = self.chosen().and_then(|at| all.iter().position(|other| *other == at));
        let list = List::at(here.unwrap_or(0));
        let is_match = |row: usize| {
            let Some(at) = all.get(row) else { return false };
            if text.contains('/') {
                has(&self.tree.path(*at), text)
            } else {
                self.tree.node(*at).is_some_and(|node| has(&node.name, text))
            }
        };
        let found = list.seek(all.len(), is_forward, from_here, is_match);
        let Some(at) = found.and_then(|row| all.get(row)).copied() else { return false };
        self.reveal(at);
        true
    }

    /// What its layer says of a node.
    pub(super) fn stored<'c>(&self, at: u32, contents: &'c Contents) -> Option<&'c ListedFile> {
        let (layer, place) = self.tree.node(at)?.stored?;
        let layer = contents.listing.layers.get(usize::try_from(layer).ok()?)?;
        layer.files.get(usize::try_from(place).ok()?)
    }

    /// Packages that have something at a node or below it, sorted. Lists of packages name folders too,
    /// which belong to nobody.
    pub(super) fn packages_at(&self, at: u32, contents: &Contents) -> Vec<u32> {
        let mut packages = Vec::new();
        for node in self.tree.below(at) {
            if self.tree.node(node).is_some_and(|node| !node.is_folder) {
                packages.extend(contents.packages_of(&self.tree.path(node)));
            }
        }
        packages.sort_unstable();
        packages.dedup();
        packages
    }
}

/// Whether a text has another one in it, whatever the case.
pub(super) fn has(text: &str, part: &str) -> bool {
    text.to_lowercase().contains(&part.to_lowercase())
}

/// Which nodes are wanted, the folders above them among them; none where all are.
fn wanted_nodes(tree: &Tree, wanted: &Wanted<'_>) -> Option<Vec<bool>> {
    if wanted.files.is_none() && !wanted.only_touched {
        return None;
    }
    let is_of_package = |at: usize, is_folder: bool| {
        let Some(files) = wanted.files else { return true };
        if is_folder {
            return false;
        }
        let path = u32::try_from(at).ok().map(|at| tree.path(at)).unwrap_or_default();
        files.binary_search(&owner_hash(&path)).is_ok()
    };
    let mut shown: Vec<bool> = tree
        .nodes
        .iter()
        .enumerate()
        .map(|(at, node)| {
            (!wanted.only_touched || node.change != Change::None)
                && is_of_package(at, node.is_folder)
        })
        .collect();
    for at in (1..tree.nodes.len()).rev() {
        let parent = tree.nodes.get(at).and_then(|node| usize::try_from(node.parent).ok());
        if shown.get(at) == Some(&true)
            && let Some(parent) = parent.and_then(|parent| shown.get_mut(parent))
        {
            *parent = true;
        }
    }
    Some(shown)
}
