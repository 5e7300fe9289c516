//! A record as JSON: `{"schema": "plimsoll.loaded/v1", "images": […]}`.
//!
//! Records come from other machines, so they are bounded before they are believed: in bytes, in
//! images and in files.

use plimsoll_model::Timestamp;
use serde::{Deserialize, Serialize};

use super::{ImageUse, Record};

/// The longest record that is read: 64 MiB.
pub const MAX_RECORD: usize = 64 << 20;
/// The most images of one.
const MAX_IMAGES: usize = 16_384;
/// The most windows of an image.
const MAX_WINDOWS: usize = 65_536;
/// The longest path of Linux.
const MAX_PATH: usize = 4096;

const SCHEMA: &str = "plimsoll.loaded/v1";

/// Why a record cannot be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LoadedError {
    /// It is too long, or says too much.
    #[error("{0} is more than a record may have")]
    TooMuch(String),
    /// It is no record.
    #[error("no record of `plimsoll watch --loaded`: {0}")]
    Malformed(String),
    /// It is a record of a later program.
    #[error("its schema is `{0}`, and `{SCHEMA}` is what is understood")]
    Schema(String),
}

#[derive(Serialize, Deserialize)]
struct Document<I> {
    schema: String,
    images: I,
}

impl Record {
    /// Reads one.
    pub fn parse(bytes: &[u8]) -> Result<Self, LoadedError> {
        let too_much = |count: usize, what: &str| LoadedError::TooMuch(format!("{count} {what}"));
        if bytes.len() > MAX_RECORD {
            return Err(too_much(bytes.len(), "bytes"));
        }
        let document: Document<serde_json::Value> = serde_json::from_slice(bytes)
            .map_err(|error| LoadedError::Malformed(error.to_string()))?;
        if document.schema != SCHEMA {
            let shown = document.schema.chars().take(80).filter(|c| !c.is_control()).collect();
            return Err(LoadedError::Schema(shown));
        }
        let images: Vec<ImageUse> = serde_json::from_value(document.images)
            .map_err(|error| LoadedError::Malformed(error.to_string()))?;
        if images.len() > MAX_IMAGES {
            return Err(too_much(images.len(), "images"));
        }
        for image in &images {
            if image.windows.len() > MAX_WINDOWS {
                return Err(too_much(image.windows.len(), "windows"));
            }
            let longest = image.files.keys().map(String::len).max().unwrap_or(0);
            if longest > MAX_PATH {
                return Err(too_much(longest, "bytes of a path"));
            }
            let backwards = |since: Timestamp, until: Timestamp| since > until;
            let uses = image.files.values().chain(image.packages.values());
            if image.windows.iter().any(|it| backwards(it.since, it.until))
                || uses.into_iter().any(|it| backwards(it.first, it.last))
            {
                return Err(LoadedError::Malformed("a time ends before it begins".to_owned()));
            }
        }
        Ok(Self { images })
    }

    /// Writes it, in lines for people and `diff`.
    pub fn to_json(&self) -> String {
        let document = Document { schema: SCHEMA.to_owned(), images: &self.images };
        // Nothing in it can fail to be written: names are texts and numbers are whole.
        let mut text = serde_json::to_string_pretty(&document).unwrap_or_default();
        text.push('\n');
        text
    }
}
