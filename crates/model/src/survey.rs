//! What else an image is asked for where it is to be built upon: its accounts, its programs and
//! how it runs.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// What a survey found beside packages.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Survey {
    /// Text of `/etc/passwd`; empty where there is none.
    pub passwd: String,
    /// Text of `/etc/group`.
    pub group: String,
    /// Text of `/etc/os-release`, or of the vendor's.
    pub os_release: String,
    /// Paths of files that are executable by mode or lie where programs lie, sorted, from the
    /// root and without a leading slash.
    pub programs: Vec<String>,
    /// What is in those programs, by the same paths, where it was asked for; a program whose content
    /// could not be read has none.
    pub contents: BTreeMap<String, Content>,
    /// Symbolic links that lie there, and where they lead, as written.
    pub links: Vec<(String, String)>,
    /// Bytes of all files of all layers.
    pub unpacked: u64,
    /// How it runs; a folder says nothing of that.
    pub config: Option<RunConfig>,
    /// Whether programs are left out because there are too many.
    pub is_cut: bool,
}

/// The content of a file, by which another file is known to be the same or not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Content {
    /// Bytes.
    pub size: u64,
    /// Their SHA-256 (FIPS 180-4).
    pub sha256: [u8; 32],
}

/// How a container of an image runs unless told otherwise.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunConfig {
    /// `USER`; empty is root.
    pub user: String,
    /// `WORKDIR`; empty is `/`.
    pub workdir: String,
    /// `ENTRYPOINT`.
    pub entrypoint: Vec<String>,
    /// `CMD`.
    pub cmd: Vec<String>,
    /// `ENV`, as `NAME=value`.
    pub env: Vec<String>,
    /// `SHELL`; empty is `/bin/sh -c`.
    pub shell: Vec<String>,
}
