//! A repository on the disk: references, and objects that are hashed as they are read.
//!
//! Loose and packed objects and references, alternates, worktrees, ids of SHA-1 and SHA-256.
//! Collisions of SHA-1 are looked for as Git does, by the traces that known attacks leave.
//! Replacements (`git replace`) and grafts do not count. Source: gitrepository-layout(5).

use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use gix_object::Find as _;
use gix_odb::store::init::Options;
use gix_ref::file::Store;

use super::object::{self, Kind};
use crate::error::Error;

const WHAT: &str = "git repository";

/// The largest object that is read, in bytes: 16 MiB.
const MAX_OBJECT: usize = 16 << 20;

/// The longest file of configuration, in bytes: 1 MiB.
const MAX_CONFIG: u64 = 1 << 20;

/// How many references to references are followed.
const MAX_LINKS: usize = 5;

/// A repository that is only read.
pub struct Repository {
    references: Store,
    objects: gix_odb::Handle,
    hash: gix_hash::Kind,
}

/// An object whose content has the id.
#[derive(Debug, Clone)]
pub struct Object {
    /// The digest of the content, in hexadecimal.
    pub id: String,
    /// What it is.
    pub kind: Kind,
    /// The content.
    pub bytes: Vec<u8>,
}

impl Repository {
    /// Opens the repository that `folder` is or is in.
    pub fn open(folder: &Path) -> Result<Self, Error> {
        let (place, _) = gix_discover::upwards(folder).map_err(broken)?;
        let (git_dir, _) = place.into_repository_and_work_tree_directories();
        let common =
            gix_discover::path::from_plain_file_relative_to_file(&git_dir.join("commondir"));
        let common = common.transpose().map_err(broken)?;
        let shared = common.clone().unwrap_or_else(|| git_dir.clone());
        let hash = hash_of(&shared)?;
        let options = Options { alloc_limit_bytes: Some(MAX_OBJECT), ..Options::default() };
        let objects =
            gix_odb::at_opts(shared.join("objects"), hash, None, options).map_err(broken)?;
        let references = match common {
            Some(common) => Store::for_linked_worktree(git_dir, common, hash),
            None => Store::at(git_dir, hash),
        };
        Ok(Self { references, objects, hash })
    }

    /// The name of the digest that ids are, such as `sha1`.
    pub fn algorithm(&self) -> &'static str {
        match self.hash {
            gix_hash::Kind::Sha256 => "sha256",
            _ => "sha1",
        }
    }

    /// The number of digits of an id.
    pub fn digits(&self) -> usize {
        self.hash.len_in_hex()
    }

    /// The object that the tag `name` refers to; nothing where there is no such tag.
    pub fn tag(&self, name: &str) -> Result<Option<Object>, Error> {
        let name = name.strip_prefix("refs/tags/").unwrap_or(name);
        match self.reference(&format!("refs/tags/{name}"), MAX_LINKS)? {
            Some(id) => self.object(&id).map(Some),
            None => Ok(None),
        }
    }

    /// The object of a whole id, `HEAD`, a reference or the short name of one; nothing where there
    /// is none.
    pub fn revision(&self, name: &str) -> Result<Option<Object>, Error> {
        if let Some(id) = object::id(name, self.digits()) {
            return self.object(id).map(Some);
        }
        match self.reference(name, MAX_LINKS)? {
            Some(id) => self.object(&id).map(Some),
            None => Ok(None),
        }
    }

    /// The object with `id`, whose content is checked to have it.
    pub fn object(&self, id: &str) -> Result<Object, Error> {
        let wanted = gix_hash::ObjectId::from_hex(id.as_bytes()).map_err(broken)?;
        let mut bytes = Vec::new();
        let found = self.objects.try_find(&wanted, &mut bytes).map_err(broken)?;
        let found = found.ok_or_else(|| broken(format!("there is no object {id}")))?;
        found.verify_checksum(&wanted).map_err(broken)?;
        let kind = match found.kind {
            gix_object::Kind::Commit => Kind::Commit,
            gix_object::Kind::Tag => Kind::Tag,
            gix_object::Kind::Tree => Kind::Tree,
            gix_object::Kind::Blob => Kind::Blob,
        };
        Ok(Object { id: id.to_owned(), kind, bytes: found.data.to_vec() })
    }

    /// The id that a reference leads to.
    fn reference(&self, name: &str, links: usize) -> Result<Option<String>, Error> {
        let Some(found) = self.references.try_find(name).map_err(broken)? else { return Ok(None) };
        let full = found.name.as_bstr().to_string();
        if name.starts_with("refs/") && full != name {
            return Ok(None);
        }
        match found.target {
            gix_ref::Target::Object(id) => Ok(Some(id.to_hex().to_string())),
            gix_ref::Target::Symbolic(next) if links > 0 => {
                self.reference(&next.as_bstr().to_string(), links - 1)
            }
            gix_ref::Target::Symbolic(_) => {
                Err(broken(format!("`{full}` leads over more than {MAX_LINKS} references")))
            }
        }
    }
}

#[expect(clippy::needless_pass_by_value, reason = "the form that `map_err` takes")]
fn broken(why: impl ToString) -> Error {
    Error::malformed(WHAT, why.to_string())
}

/// The digest that a repository's ids are.
fn hash_of(folder: &Path) -> Result<gix_hash::Kind, Error> {
    let mut text = String::new();
    match File::open(PathBuf::from(folder).join("config")) {
        Ok(file) => {
            file.take(MAX_CONFIG).read_to_string(&mut text).map_err(broken)?;
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
        Err(error) => return Err(broken(error)),
    }
    let values = |name: &str| {
        let name = name.to_owned();
        text.lines().filter_map(move |line| {
            let (key, value) = line.split_once('=')?;
            let is_it = key.trim().eq_ignore_ascii_case(&name);
            is_it.then(|| value.trim().trim_matches('"').to_ascii_lowercase())
        })
    };
    if let Some(other) = values("refstorage").find(|it| it != "files") {
        return Err(Error::unsupported(WHAT, format!("references stored as `{other}`")));
    }
    match values("objectformat").next_back().as_deref() {
        None | Some("sha1") => Ok(gix_hash::Kind::Sha1),
        Some("sha256") => Ok(gix_hash::Kind::Sha256),
        Some(other) => Err(Error::unsupported(WHAT, format!("objects of the form `{other}`"))),
    }
}
