//! Which files an image has, layer by layer, where that was asked for.

/// The files of all layers, or of a folder, which stands as one layer.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Listing {
    /// Bottom first.
    pub layers: Vec<LayerFiles>,
}

impl Listing {
    /// How many files are not listed because there are too many.
    pub fn omitted(&self) -> u64 {
        self.layers.iter().fold(0, |sum: u64, layer| sum.saturating_add(layer.omitted))
    }
}

/// The files of one layer.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LayerFiles {
    /// Sorted by path, each once; of a path that is deleted and written anew the deletion is first.
    pub files: Vec<ListedFile>,
    /// Bytes of all files, those that are not listed included.
    pub bytes: u64,
    /// Files that are not listed because there are too many.
    pub omitted: u64,
}

/// What a layer says of one path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedFile {
    /// From the root, without a leading slash; empty for the root itself.
    pub path: Box<str>,
    /// What it is.
    pub kind: FileKind,
    /// Bytes of its content.
    pub size: u64,
    /// Permission bits.
    pub mode: u32,
    /// The owner's number.
    pub uid: u32,
    /// The group's number.
    pub gid: u32,
    /// Where a link leads, as written.
    pub link: Box<str>,
}

/// What stands at a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FileKind {
    /// The layer deletes what the layers below have there.
    Whiteout,
    /// The layer deletes all that the layers below have in this folder.
    Opaque,
    /// A folder.
    Folder,
    /// A regular file.
    File,
    /// Another name of a file.
    HardLink,
    /// A symbolic link.
    Symlink,
    /// A device node, a named pipe or a socket.
    Special,
}

impl FileKind {
    /// Whether it is about layers below and not something of its own.
    pub fn is_deletion(self) -> bool {
        matches!(self, Self::Whiteout | Self::Opaque)
    }
}
