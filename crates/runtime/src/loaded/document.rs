//! A record as JSON: `{"schema": "plimsoll.loaded/v1", "images": […]}`.
//!
//! Records come from other machines, so they are bounded before they are believed: in bytes, in
//! images and in files.

use std::fmt;
use std::marker::PhantomData;

use plimsoll_model::{Timestamp, Window};
use serde::de::{Error as _, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};

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

#[derive(Serialize)]
struct Document<'i> {
    schema: &'static str,
    images: &'i [ImageUse],
}

/// Looked at before the rest, which is passed over without being kept.
#[derive(Deserialize)]
struct Heading {
    schema: String,
}

#[derive(Deserialize)]
struct Body {
    #[serde(deserialize_with = "images")]
    images: Vec<ImageUse>,
}

fn images<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<ImageUse>, D::Error> {
    deserializer.deserialize_seq(Bounded { most: MAX_IMAGES, what: "images", of: PhantomData })
}

pub(super) fn windows<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Window>, D::Error> {
    deserializer.deserialize_seq(Bounded { most: MAX_WINDOWS, what: "windows", of: PhantomData })
}

/// A list that is refused where it goes on for too long, and not once it is in memory.
struct Bounded<T> {
    most: usize,
    what: &'static str,
    of: PhantomData<T>,
}

impl<'de, T: Deserialize<'de>> Visitor<'de> for Bounded<T> {
    type Value = Vec<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a list of {}", self.what)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Self::Value, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element()? {
            if list.len() >= self.most {
                let why = format!(
                    "more than {} {} are more than a record may have",
                    self.most, self.what
                );
                return Err(A::Error::custom(why));
            }
            list.push(item);
        }
        Ok(list)
    }
}

impl Record {
    /// Reads one.
    pub fn parse(bytes: &[u8]) -> Result<Self, LoadedError> {
        let too_much = |count: usize, what: &str| LoadedError::TooMuch(format!("{count} {what}"));
        if bytes.len() > MAX_RECORD {
            return Err(too_much(bytes.len(), "bytes"));
        }
        let malformed = |error: serde_json::Error| LoadedError::Malformed(error.to_string());
        let heading: Heading = serde_json::from_slice(bytes).map_err(malformed)?;
        if heading.schema != SCHEMA {
            let shown = heading.schema.chars().take(80).filter(|c| !c.is_control()).collect();
            return Err(LoadedError::Schema(shown));
        }
        let Body { images } = serde_json::from_slice(bytes).map_err(malformed)?;
        for image in &images {
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
        let document = Document { schema: SCHEMA, images: &self.images };
        // Nothing in it can fail to be written: names are texts and numbers are whole.
        let mut text = serde_json::to_string_pretty(&document).unwrap_or_default();
        text.push('\n');
        text
    }
}
