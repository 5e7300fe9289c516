//! The files of an image as a tree: layers put on top of each other, and what the last of them
//! adds, changes and removes.
//!
//! Bounded by [`MAX_NODES`] and [`MAX_DEPTH`], whatever an image says; what is beyond is counted.

use std::collections::HashMap;

use plimsoll_model::{FileKind, LayerFiles, ListedFile, Listing};

/// Files and folders of a tree.
const MAX_NODES: usize = 1_000_000;

/// Folders above each other. Linux opens no path of more than 4096 bytes.
const MAX_DEPTH: usize = 256;

/// The root's place.
pub(super) const ROOT: u32 = 0;

/// What the last layer does to a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Change {
    /// It says nothing of it.
    #[default]
    None,
    /// It brings it.
    Added,
    /// It puts it in the place of an older one.
    Changed,
    /// It deletes it.
    Removed,
}

/// A file or a folder.
#[derive(Debug, Clone)]
pub(super) struct Node {
    /// Its name, as stored.
    pub(super) name: Box<str>,
    pub(super) parent: u32,
    /// Sorted by name.
    pub(super) children: Vec<u32>,
    /// Layer that stores what is there, and its place in that layer's list; none for a folder that no
    /// layer states.
    pub(super) stored: Option<(u32, u32)>,
    pub(super) is_folder: bool,
    pub(super) change: Change,
    /// Bytes of it and all below it that are there.
    pub(super) total: u64,
    /// Bytes of it and all below it that the last layer brings.
    pub(super) brought: u64,
    /// Whether the last layer does something to it or to what is below it.
    pub(super) is_touched: bool,
    /// Whether it is there, or is shown as removed.
    is_alive: bool,
}

/// Files and folders, the root first and each folder before what is in it.
#[derive(Debug, Clone, Default)]
pub(super) struct Tree {
    pub(super) nodes: Vec<Node>,
    /// Files that are not in it because there are too many, or they lie too deep.
    pub(super) omitted: u64,
}

/// Bytes of each layer that later layers hide.
pub(super) fn wasted(listing: &Listing) -> Vec<u64> {
    let mut overlay = Overlay::new(listing);
    for (at, layer) in listing.layers.iter().enumerate() {
        overlay.put(at, layer, false);
    }
    overlay.wasted
}

impl Tree {
    /// All layers up to `top`; with `marks`, what that one does is told.
    pub(super) fn of(listing: &Listing, top: usize, marks: bool) -> Self {
        let mut overlay = Overlay::new(listing);
        for (at, layer) in listing.layers.iter().enumerate().take(top.saturating_add(1)) {
            overlay.put(at, layer, marks && at == top);
        }
        overlay.finish()
    }

    /// A node, which is there for every number that a tree hands out.
    pub(super) fn node(&self, at: u32) -> Option<&Node> {
        self.nodes.get(usize::try_from(at).ok()?)
    }

    /// Path from the root, without a leading slash.
    pub(super) fn path(&self, at: u32) -> String {
        let mut names = Vec::new();
        let mut next = at;
        while next != ROOT
            && let Some(node) = self.node(next)
        {
            names.push(&*node.name);
            next = node.parent;
        }
        names.reverse();
        names.join("/")
    }

    /// The node at a path.
    pub(super) fn find(&self, path: &str) -> Option<u32> {
        let mut at = ROOT;
        for name in path.split('/').filter(|name| !name.is_empty()) {
            let children = &self.node(at)?.children;
            let of = |child: &u32| self.node(*child).map_or("", |node| &*node.name);
            let found = children.binary_search_by(|child| of(child).cmp(name)).ok()?;
            at = *children.get(found)?;
        }
        Some(at)
    }

    /// A node and all below it, folders before what is in them.
    pub(super) fn below(&self, at: u32) -> impl Iterator<Item = u32> {
        let mut open = vec![at];
        std::iter::from_fn(move || {
            let next = open.pop()?;
            if let Some(node) = self.node(next) {
                open.extend(node.children.iter().rev());
            }
            Some(next)
        })
    }
}

/// Layers that are put on top of each other.
struct Overlay<'l> {
    listing: &'l Listing,
    tree: Tree,
    by_name: HashMap<(u32, &'l str), u32>,
    wasted: Vec<u64>,
}

fn index(at: u32) -> usize {
    usize::try_from(at).unwrap_or(usize::MAX)
}

impl<'l> Overlay<'l> {
    fn new(listing: &'l Listing) -> Self {
        let root = Node::new("", ROOT, true);
        Self {
            listing,
            tree: Tree { nodes: vec![root], omitted: listing.omitted() },
            by_name: HashMap::new(),
            wasted: vec![0; listing.layers.len()],
        }
    }

    fn put(&mut self, layer: usize, files: &'l LayerFiles, marks: bool) {
        for (at, file) in files.files.iter().enumerate() {
            let (Ok(layer), Ok(at)) = (u32::try_from(layer), u32::try_from(at)) else { return };
            match file.kind {
                FileKind::Whiteout => {
                    if let Some(node) = self.known(&file.path) {
                        self.remove(node, marks);
                    }
                }
                FileKind::Opaque => {
                    if let Some(node) = self.known(&file.path) {
                        self.empty(node, marks);
                    }
                }
                _ => self.write(file, (layer, at), marks),
            }
        }
    }

    fn known(&self, path: &str) -> Option<u32> {
        let mut at = ROOT;
        for name in path.split('/').filter(|name| !name.is_empty()) {
            at = *self.by_name.get(&(at, name))?;
        }
        Some(at)
    }

    fn write(&mut self, file: &'l ListedFile, stored: (u32, u32), marks: bool) {
        let names = || file.path.split('/').filter(|name| !name.is_empty());
        if names().count() > MAX_DEPTH {
            self.tree.omitted = self.tree.omitted.saturating_add(1);
            return;
        }
        let mut at = ROOT;
        for name in names() {
            // What was a file is a folder now.
            if self.tree.node(at).is_some_and(|node| !node.is_folder) {
                self.empty_file(at);
                self.change(at, Change::Changed, marks);
            }
            let Some(next) = self.child(at, name) else {
                self.tree.omitted = self.tree.omitted.saturating_add(1);
                return;
            };
            self.revive(next, marks);
            at = next;
        }
        self.settle(at, file, stored, marks);
    }

    /// The child of this name, which may be new and is not alive then.
    fn child(&mut self, parent: u32, name: &'l str) -> Option<u32> {
        if let Some(known) = self.by_name.get(&(parent, name)) {
            return Some(*known);
        }
        let at = u32::try_from(self.tree.nodes.len()).ok()?;
        if self.tree.nodes.len() >= MAX_NODES {
            return None;
        }
        self.tree.nodes.push(Node { is_alive: false, ..Node::new(name, parent, true) });
        self.by_name.insert((parent, name), at);
        self.tree.nodes.get_mut(index(parent))?.children.push(at);
        Some(at)
    }

    /// Makes a node be there; a new one is a folder until something else is said.
    fn revive(&mut self, at: u32, marks: bool) {
        let Some(node) = self.tree.nodes.get_mut(index(at)) else { return };
        if node.is_alive {
            return;
        }
        node.is_alive = true;
        node.is_folder = true;
        node.stored = None;
        let change = if node.change == Change::Removed { Change::Changed } else { Change::Added };
        self.change(at, change, marks);
    }

    /// Puts a file or folder in the place of what is at a node.
    fn settle(&mut self, at: u32, file: &'l ListedFile, stored: (u32, u32), marks: bool) {
        let is_folder = file.kind == FileKind::Folder;
        let Some(node) = self.tree.node(at) else { return };
        let before = node.stored.and_then(|stored| self.stored(stored));
        let is_new = node.change != Change::None;
        let is_same_folder = is_folder
            && node.is_folder
            && before.is_none_or(|it| (it.mode, it.uid, it.gid) == (file.mode, file.uid, file.gid));
        if !is_folder {
            self.empty(at, marks);
        }
        self.empty_file(at);
        if !is_same_folder && !is_new {
            self.change(at, Change::Changed, marks);
        }
        if let Some(node) = self.tree.nodes.get_mut(index(at)) {
            node.stored = Some(stored);
            node.is_folder = is_folder;
        }
    }

    fn stored(&self, (layer, at): (u32, u32)) -> Option<&'l ListedFile> {
        self.listing.layers.get(index(layer))?.files.get(index(at))
    }

    fn change(&mut self, at: u32, change: Change, marks: bool) {
        if marks && let Some(node) = self.tree.nodes.get_mut(index(at)) {
            node.change = change;
        }
    }

    /// The bytes of what is at a node are hidden from now on.
    fn empty_file(&mut self, at: u32) {
        let Some(stored) = self.tree.nodes.get_mut(index(at)).and_then(|it| it.stored.take())
        else {
            return;
        };
        let size = self.stored(stored).map_or(0, |file| file.size);
        if let Some(sum) = self.wasted.get_mut(index(stored.0)) {
            *sum = sum.saturating_add(size);
        }
        if let Some(node) = self.tree.nodes.get_mut(index(at)) {
            node.is_folder = true;
        }
    }

    /// Removes all below a node.
    fn empty(&mut self, at: u32, marks: bool) {
        let children = self.tree.node(at).map(|node| node.children.clone()).unwrap_or_default();
        for child in children {
            self.remove(child, marks);
        }
    }

    /// Removes a node and all below it.
    fn remove(&mut self, at: u32, marks: bool) {
        let mut open = vec![at];
        while let Some(at) = open.pop() {
            let Some(node) = self.tree.nodes.get_mut(index(at)) else { continue };
            // Below what is not there nothing is.
            if at == ROOT || !node.is_alive {
                continue;
            }
            node.is_alive = false;
            open.extend(&node.children);
            let (stored, is_folder) = (node.stored, node.is_folder);
            self.empty_file(at);
            self.change(at, Change::Removed, marks);
            // What was removed is still shown as what it was.
            if let Some(node) = self.tree.nodes.get_mut(index(at)).filter(|_| marks) {
                (node.stored, node.is_folder) = (stored, is_folder);
            }
        }
    }

    /// The tree without what is not there and not shown, with sums and in order.
    fn finish(self) -> Tree {
        let Self { listing, tree, .. } = self;
        let keep = |node: &Node| node.is_alive || node.change == Change::Removed;
        // A folder stands before what is in it, so that one pass gives new numbers.
        let mut places: Vec<Option<u32>> = Vec::with_capacity(tree.nodes.len());
        let mut nodes: Vec<Node> = Vec::new();
        for (at, mut node) in tree.nodes.into_iter().enumerate() {
            let parent = places.get(index(node.parent)).copied().flatten();
            let place = match parent {
                _ if at == 0 => Some(ROOT),
                Some(_) if keep(&node) => u32::try_from(nodes.len()).ok(),
                _ => None,
            };
            places.push(place);
            if place.is_some() {
                node.parent = parent.unwrap_or(ROOT);
                node.children = Vec::new();
                nodes.push(node);
            }
        }
        let mut tree = Tree { nodes, omitted: tree.omitted };
        tree.sum(listing);
        tree
    }
}

impl Tree {
    fn sum(&mut self, listing: &Listing) {
        for at in (0..self.nodes.len()).rev() {
            let Some(node) = self.nodes.get_mut(at) else { continue };
            let stored = node
                .stored
                .and_then(|(layer, at)| listing.layers.get(index(layer))?.files.get(index(at)));
            let size = stored.map_or(0, |file| file.size);
            node.total = node.total.saturating_add(size);
            if matches!(node.change, Change::Added | Change::Changed) {
                node.brought = node.brought.saturating_add(size);
            }
            node.is_touched |= node.change != Change::None;
            let (total, brought, is_touched, change, parent) =
                (node.total, node.brought, node.is_touched, node.change, node.parent);
            if at == 0 {
                continue;
            }
            let Some(parent) = self.nodes.get_mut(index(parent)) else { continue };
            // What is removed counts in what was removed with it, and not in what is left.
            if change != Change::Removed || parent.change == Change::Removed {
                parent.total = parent.total.saturating_add(total);
            }
            parent.brought = parent.brought.saturating_add(brought);
            parent.is_touched |= is_touched;
            if let Ok(at) = u32::try_from(at) {
                parent.children.push(at);
            }
        }
        let mut lists: Vec<Vec<u32>> =
            self.nodes.iter_mut().map(|node| std::mem::take(&mut node.children)).collect();
        for list in &mut lists {
            list.sort_by(|a, b| {
                let name = |at: &u32| self.node(*at).map_or("", |node| &*node.name);
                name(a).cmp(name(b))
            });
        }
        for (node, children) in self.nodes.iter_mut().zip(lists) {
            node.children = children;
        }
    }
}

impl Node {
    fn new(name: &str, parent: u32, is_folder: bool) -> Self {
        Self {
            name: name.into(),
            parent,
            children: Vec::new(),
            stored: None,
            is_folder,
            change: Change::None,
            total: 0,
            brought: 0,
            is_touched: false,
            is_alive: true,
        }
    }
}
