//! Which files of images were really used: executed, mapped as code, or opened by what interprets
//! them. Only a sensor can know it, and a scan says more with it.
//!
//! ```text
//! events → Recorder → Record ⇄ JSON, read back with limits → merged → a scan's findings
//! ```
//!
//! A record also says what it does not know ([`Gap`]): where events were lost, nobody may say that
//! something was never loaded.

mod container;
mod document;
mod merge;
mod recorder;
mod seen;

use std::collections::BTreeMap;

use plimsoll_model::{How, Timestamp, Window};
use serde::{Deserialize, Serialize};

pub use document::{LoadedError, MAX_RECORD};
pub use recorder::{Mappings, Recorder, Running};

use crate::syscall::SystemCall;

/// What was used of images, as far as it was watched.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Record {
    /// Each image once.
    pub images: Vec<ImageUse>,
}

/// What was used of an image.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ImageUse {
    /// Which image it is.
    pub image: Image,
    /// When its containers were watched.
    #[serde(deserialize_with = "document::windows")]
    pub windows: Vec<Window>,
    /// What is not known.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub gaps: Vec<Gap>,
    /// The files that were used, by their paths in the container.
    pub files: BTreeMap<String, Use>,
    /// The packages that they belong to, by their package URLs, where the image was at hand.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub packages: BTreeMap<String, Use>,
}

/// An image by what is known of it; what is not known is empty.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(default)]
pub struct Image {
    /// Its id in hexadecimal digits: the digest of its configuration, or of its manifest.
    pub id: String,
    /// The digest that it was pulled by, in hexadecimal digits.
    pub digest: String,
    /// The name that the container was started by, or that the user gave.
    pub name: String,
}

/// Containers of one image.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Only {
    /// The image.
    pub image: Image,
    /// Runtimes are asked for the image of every container: one of which none tells does not count.
    pub is_told: bool,
}

impl Only {
    /// Whether the container of an event counts.
    pub fn has(&self, call: &SystemCall<'_>) -> bool {
        let id = call.thread().and_then(|thread| thread.cgroups.container());
        let container = id.and_then(|id| call.state().containers.get(Some(id)));
        id.is_some() && self.is(&container.map(container::image).unwrap_or_default())
    }

    fn is(&self, image: &Image) -> bool {
        image.is(&self.image).unwrap_or(!self.is_told)
    }
}

/// The program of an event's process, where it is in a container.
pub fn program(call: &SystemCall<'_>) -> Option<String> {
    let thread = call.thread()?;
    thread.cgroups.container()?;
    let path = &*thread.exepath;
    (path.first() == Some(&b'/')).then(|| String::from_utf8_lossy(path).into_owned())
}

/// What a record does not know.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Gap {
    /// Events were lost, or the capture is damaged.
    EventsLost,
    /// No event tells which files were mapped: libraries are not seen.
    MappingsNotWatched,
    /// Code was mapped from, or opened as, files whose paths are not known.
    UnknownFiles,
    /// There were more files than a record holds.
    TooManyFiles,
    /// Files were opened by `io_uring`, where the sensor does not look.
    IoUring,
    /// A container ran before the watch began: what it had read until then is not known.
    BegunBefore,
    /// There were containers of which nobody tells the image: it may have been this one.
    UnknownContainers,
}

/// How a file was used.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Use {
    /// The strongest that was seen.
    pub how: How,
    /// The program that did it first.
    #[serde(default)]
    pub by: String,
    /// For a package: the file that it is known by.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub path: String,
    /// When it was seen first.
    pub first: Timestamp,
    /// When it was seen last.
    pub last: Timestamp,
}

impl Gap {
    /// In words.
    pub fn describe(self) -> &'static str {
        match self {
            Self::EventsLost => "events were lost",
            Self::MappingsNotWatched => "mapped libraries were not watched",
            Self::UnknownFiles => "code was used of files that are not known",
            Self::TooManyFiles => "there were more files than a record holds",
            Self::IoUring => "files were opened by io_uring, which is not watched",
            Self::BegunBefore => "a container ran before the watch began",
            Self::UnknownContainers => "there were containers of which nobody tells the image",
        }
    }

    /// Whether it concerns only what is read by an interpreter, and not programs and libraries.
    pub fn is_of_interpreted(self) -> bool {
        matches!(self, Self::IoUring | Self::BegunBefore)
    }
}

impl Image {
    /// Whether two may be one image: none where nothing can be compared.
    ///
    /// Digests go before names, because a tag moves. Runtimes tell an id of either kind, so each is
    /// compared with both of the other.
    pub fn is(&self, other: &Self) -> Option<bool> {
        let own = [digits(&self.id), digits(&self.digest)];
        let others = [digits(&other.id), digits(&other.digest)];
        let known = |digits: &[&str; 2]| digits.iter().any(|it| !it.is_empty());
        if known(&own) && known(&others) {
            let same = own.iter().any(|one| others.iter().any(|other| same_digits(one, other)));
            // A digest of one kind says nothing of one of the other kind.
            let comparable = same
                || own.iter().zip(&others).any(|(one, other)| !one.is_empty() && !other.is_empty());
            if comparable {
                return Some(same);
            }
        }
        if self.name.is_empty() || other.name.is_empty() {
            return None;
        }
        Some(normal_name(&self.name) == normal_name(&other.name))
    }
}

fn digits(digest: &str) -> &str {
    digest.rsplit_once(':').map_or(digest, |(_, digits)| digits)
}

/// Runtimes shorten ids to twelve digits.
fn same_digits(one: &str, other: &str) -> bool {
    let short = one.len().min(other.len());
    short >= 12 && one.as_bytes().get(..short) == other.as_bytes().get(..short)
}

/// Without the prefix of a source, Docker's own registry and the tag that is meant without one.
fn normal_name(name: &str) -> String {
    let prefixes = ["docker:", "podman:", "registry:"];
    let name = prefixes.iter().find_map(|prefix| name.strip_prefix(prefix)).unwrap_or(name);
    let name = name.strip_prefix("docker.io/").unwrap_or(name);
    let name = name.strip_prefix("library/").unwrap_or(name);
    let last = name.rsplit('/').next().unwrap_or(name);
    if last.contains([':', '@']) { name.to_owned() } else { format!("{name}:latest") }
}

impl Use {
    /// Takes in another use of the same.
    pub fn add(&mut self, other: &Self) {
        let is_better =
            (std::cmp::Reverse(other.how), other.first) < (std::cmp::Reverse(self.how), self.first);
        if is_better {
            self.by.clone_from(&other.by);
            self.path.clone_from(&other.path);
        }
        self.how = self.how.max(other.how);
        self.first = self.first.min(other.first);
        self.last = self.last.max(other.last);
    }
}
