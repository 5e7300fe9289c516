//! TUF: how a trusted root is renewed so that neither a mirror nor somebody on the way can hand
//! out another, an older or a mixed one.
//!
//! No I/O: a [`Repository`] fetches, a [`Store`] keeps, the caller says what time it is.
//! [`Client::refresh`] goes the client's way of the specification from root to targets. What was
//! verified is kept at once, as the specification asks: a rotation of keys that was seen stays
//! seen, whatever fails behind it. Nothing else is ever written.
//! Source: version 1.0.34 of <https://theupdateframework.github.io/specification/>.

mod anchor;
pub(crate) mod canonical;
mod client;
mod delegation;
mod error;
mod key;
mod metadata;

pub use anchor::Anchor;
pub use client::{Client, RootSummary, check_root};
pub use error::TufError;
pub use metadata::TargetFile;

/// Where metadata and targets are fetched from.
pub trait Repository {
    /// The metadata file `name`, of at most `most` bytes; `None` where there is none. The name is
    /// one part of a path, escaped as in a URL.
    fn metadata(&mut self, name: &str, most: u64) -> Result<Option<Vec<u8>>, String>;

    /// The target at `path`, of at most `most` bytes; `None` where there is none. Parts of the
    /// path are not escaped.
    fn target(&mut self, path: &str, most: u64) -> Result<Option<Vec<u8>>, String>;
}

/// Where trusted metadata is kept between runs.
pub trait Store {
    /// What was saved under `name`, a file's name without folder.
    fn load(&self, name: &str) -> Result<Option<Vec<u8>>, String>;

    /// Puts `bytes` whole in the place of what was there.
    fn save(&mut self, name: &str, bytes: &[u8]) -> Result<(), String>;
}

/// Memory is a store, for a run that leaves nothing behind.
impl Store for std::collections::BTreeMap<String, Vec<u8>> {
    fn load(&self, name: &str) -> Result<Option<Vec<u8>>, String> {
        Ok(self.get(name).cloned())
    }

    fn save(&mut self, name: &str, bytes: &[u8]) -> Result<(), String> {
        self.insert(name.to_owned(), bytes.to_vec());
        Ok(())
    }
}
