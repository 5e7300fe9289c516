//! A build outside of any CI system: what is checked out is all that is known of it.

use serde_json::{Map, Value};

use super::environment::is_commit;
use super::uri::without_credentials;
use super::{BUILD_TYPES, Build, source};

/// What git says of a working copy.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Checkout {
    /// The commit that is checked out.
    pub commit: String,
    /// Its branch or tag as a full reference; empty where it has none.
    pub reference: String,
    /// Where it was cloned from, as git has it; credentials are taken out here.
    pub remote: Option<String>,
    /// Whether files differ from the commit.
    pub is_dirty: bool,
}

impl Checkout {
    /// Whether the commit is one.
    pub fn is_sound(&self) -> bool {
        is_commit(&self.commit)
    }

    pub(super) fn build(&self) -> Build {
        let repository = match &self.remote {
            Some(remote) => without_credentials(remote),
            None => "file:.".to_owned(),
        };
        let mut external = Map::from_iter([("source".to_owned(), Value::from(repository.clone()))]);
        if !self.reference.is_empty() {
            external.insert("ref".into(), self.reference.clone().into());
        }
        let internal = Map::from_iter([("dirty".to_owned(), self.is_dirty.into())]);
        Build {
            build_type: format!("{BUILD_TYPES}/checkout-v1.md"),
            builder_id: format!("{BUILD_TYPES}/checkout-v1.md#unhosted"),
            external,
            internal,
            dependencies: vec![source(&repository, &self.reference, &self.commit)],
            ..Build::default()
        }
    }
}
