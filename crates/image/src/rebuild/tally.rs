//! What was found, by cause: how often, and some of it as examples.

use std::collections::BTreeMap;

use serde::{Serialize, Serializer};

use super::cause::Cause;

/// Examples that are kept of a cause in one layer.
const MAX_EXAMPLES: usize = 100;

/// One cause in one place.
#[derive(Debug, Clone, Serialize)]
pub struct Found {
    /// Which.
    #[serde(serialize_with = "id")]
    pub cause: &'static Cause,
    /// How often.
    pub count: u64,
    /// The first of them.
    pub examples: Vec<Example>,
}

/// One difference.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Example {
    /// Path in the image, or place in the document.
    pub path: String,
    /// What the original has.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub original: String,
    /// What the rebuilt image has.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub rebuilt: String,
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde hands fields by reference")]
fn id<S: Serializer>(cause: &&'static Cause, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(cause.id)
}

/// Causes as they come.
#[derive(Debug, Default)]
pub(super) struct Tally(BTreeMap<usize, Found>);

impl Tally {
    pub(super) fn add(
        &mut self,
        cause: &'static Cause,
        path: &str,
        original: impl Into<String>,
        rebuilt: impl Into<String>,
    ) {
        let place = Cause::ALL.iter().position(|it| it.id == cause.id).unwrap_or(usize::MAX);
        let found =
            self.0.entry(place).or_insert_with(|| Found { cause, count: 0, examples: Vec::new() });
        found.count += 1;
        if found.examples.len() < MAX_EXAMPLES {
            let (original, rebuilt) = (original.into(), rebuilt.into());
            found.examples.push(Example { path: path.to_owned(), original, rebuilt });
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn done(self) -> Vec<Found> {
        self.0.into_values().collect()
    }
}
