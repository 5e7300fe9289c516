//! The build context of a Dockerfile: the folder that is named, or the one that it lies in.

use std::collections::HashMap;
use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use plimsoll_build::build_context::{BuildContext, IgnoreFile};

use super::files::is_stdin;
use crate::exit::{Usage, tell};

/// How much of an ignore file is read, in bytes; its reader takes a little less.
const MAX_BYTES: u64 = (1 << 20) + 1;
/// How many files and folders of a context are listed, and how deep.
const MAX_ENTRIES: usize = 200_000;
const MAX_DEPTH: u32 = 64;
/// How far up an ignore file is looked for that says where the context is.
const MAX_PARENTS: usize = 16;

/// The context of every Dockerfile.
#[derive(Debug)]
pub(super) enum Contexts {
    /// Each lies in its own: what is in a folder, by its path, once it was asked for, and whether
    /// a folder above it has an ignore file.
    Beside(Mutex<HashMap<PathBuf, (BuildContext, bool)>>),
    /// One was named, and is listed.
    Named(PathBuf, BuildContext),
}

impl Contexts {
    /// Each Dockerfile lies in its own.
    pub(super) fn beside() -> Self {
        Self::Beside(Mutex::default())
    }

    /// Lists the folder that is named; without one, contexts are what Dockerfiles lie in.
    pub(super) fn new(folder: Option<&Path>) -> anyhow::Result<Self> {
        let Some(folder) = folder else { return Ok(Self::beside()) };
        if !folder.is_dir() {
            let why = format!("the build context `{}` is no folder", folder.display());
            return Err(Usage(why).into());
        }
        let mut listing = Listing::default();
        listing.walk(folder, "", MAX_DEPTH);
        if !listing.complete {
            tell(&format!(
                "`{}` has more than {MAX_ENTRIES} files, or some that cannot be listed: what is \
                 not there is not judged",
                folder.display()
            ));
        }
        let context =
            BuildContext::new(None, listing.entries, listing.complete).with_sizes(listing.sizes);
        Ok(Self::Named(folder.to_owned(), context))
    }

    /// The context of a Dockerfile; `None` where it is not known.
    ///
    /// A folder is taken for the context only where no folder above it, up to the repository's
    /// root, has an ignore file while it has none: then the context is rather that one.
    pub(super) fn of(&self, dockerfile: &Path) -> Option<BuildContext> {
        match self {
            Self::Named(folder, context) => {
                Some(context.with_ignore(ignore_file(folder, dockerfile)))
            }
            Self::Beside(_) if is_stdin(dockerfile) => None,
            Self::Beside(listed) => {
                let folder = match dockerfile.parent()? {
                    parent if parent.as_os_str().is_empty() => Path::new("."),
                    parent => parent,
                };
                let ignore = ignore_file(folder, dockerfile);
                let mut listed = listed.lock().unwrap_or_else(PoisonError::into_inner);
                let (context, is_below_another) =
                    listed.entry(folder.to_owned()).or_insert_with(|| {
                        let mut listing = Listing::default();
                        listing.walk(folder, "", 0);
                        let context = BuildContext::new(None, listing.entries, false)
                            .with_sizes(listing.sizes);
                        (context, has_ignore_file_above(folder))
                    });
                (ignore.is_some() || !*is_below_another).then(|| context.with_ignore(ignore))
            }
        }
    }
}

/// The ignore file of a Dockerfile: `NAME.dockerignore` beside it wins over the folder's.
fn ignore_file(folder: &Path, dockerfile: &Path) -> Option<IgnoreFile> {
    let own = (!is_stdin(dockerfile)).then(|| {
        let mut name = dockerfile.as_os_str().to_owned();
        name.push(".dockerignore");
        PathBuf::from(name)
    });
    let (path, bytes) = own
        .into_iter()
        .chain([folder.join(".dockerignore")])
        .find_map(|path| read(&path).ok().map(|bytes| (path, bytes)))?;
    let file = IgnoreFile::parse(&bytes);
    for problem in &file.problems {
        tell(&format!("{}:{}: {}", path.display(), problem.line, problem.kind));
    }
    Some(file)
}

fn read(path: &Path) -> io::Result<Vec<u8>> {
    // A pipe of that name would never end.
    if !fs::metadata(path)?.is_file() {
        return Err(io::Error::other("it is no file"));
    }
    let mut bytes = Vec::new();
    fs::File::open(path)?.take(MAX_BYTES).read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn has_ignore_file_above(folder: &Path) -> bool {
    let Ok(folder) = fs::canonicalize(folder) else { return false };
    for above in folder.ancestors().take(MAX_PARENTS) {
        if above != folder && above.join(".dockerignore").is_file() {
            return true;
        }
        if above.join(".git").exists() {
            break;
        }
    }
    false
}

/// What is in a folder. Symbolic links are listed, and not followed.
struct Listing {
    entries: Vec<String>,
    /// Bytes of the regular files.
    sizes: Vec<(String, u64)>,
    complete: bool,
}

impl Default for Listing {
    fn default() -> Self {
        Self { entries: Vec::new(), sizes: Vec::new(), complete: true }
    }
}

impl Listing {
    fn walk(&mut self, folder: &Path, prefix: &str, depth: u32) {
        let Ok(entries) = fs::read_dir(folder) else {
            self.complete = false;
            return;
        };
        for entry in entries {
            let Some(entry) = entry.ok().filter(|_| self.entries.len() < MAX_ENTRIES) else {
                self.complete = false;
                return;
            };
            let name = entry.file_name();
            let path = format!("{prefix}{}", name.to_string_lossy());
            let is_folder = entry.file_type().is_ok_and(|kind| kind.is_dir());
            if let Ok(about) = entry.metadata()
                && about.is_file()
            {
                self.sizes.push((path.clone(), about.len()));
            }
            self.entries.push(path.clone());
            // What is in a repository's own folder, nothing copies by name.
            if is_folder && name != ".git" {
                match depth.checked_sub(1) {
                    Some(depth) => self.walk(&entry.path(), &format!("{path}/"), depth),
                    None => self.complete = false,
                }
            }
        }
    }
}
