//! The kinds of documents, one module each.
//!
//! To add one: write its module, name it here, and add it to [`ALL`].

mod dockerfile;
mod manifest;

use std::sync::Arc;

use crate::document::{Document, Kind, Opened, Project};

/// The registry; the first that says a text is its own gets it.
pub(crate) const ALL: &[Kind] = &[dockerfile::KIND, manifest::KIND];

/// The text as a document of its kind.
pub(crate) fn open(opened: Opened<'_>, project: &Arc<Project>) -> Option<Arc<dyn Document>> {
    let kind = ALL.iter().find(|kind| (kind.owns)(opened))?;
    Some((kind.open)(opened, project))
}
