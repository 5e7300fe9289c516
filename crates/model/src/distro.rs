//! The Linux distribution of an image, from its os-release.

use serde::{Deserialize, Serialize};

use crate::{Ecosystem, Timestamp};

/// What an image says of its distribution.
///
/// Source: `os-release(5)`, and `lib/apk`, `etc/debian_version`, `etc/redhat-release` where that
/// file is missing.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Distro {
    /// `ID`: `debian`, `alpine`, `rhel`, `wolfi`; lower case.
    pub id: String,
    /// `ID_LIKE`, split at spaces.
    pub id_like: Vec<String>,
    /// `VERSION_ID`: `12`, `3.20.3`, `9.4`; empty on rolling releases.
    pub version: String,
    /// `VERSION_CODENAME`, or the name in `debian_version` of a testing release.
    pub codename: Option<String>,
    /// `PRETTY_NAME`, for people.
    pub name: String,
    /// `CPE_NAME`.
    pub cpe: Option<String>,
    /// The ecosystem that its packages' advisories stand under, `None` where no feed has any.
    pub ecosystem: Option<Ecosystem>,
    /// Whether an extended-support repository is enabled (Ubuntu Pro, Debian LTS).
    pub extended_support: bool,
    /// When its maker stops to fix it, where known. Filled in by whoever has the data.
    pub end_of_life: Option<Timestamp>,
}
