//! A profile of the standards at a version of Kubernetes.

use std::fmt;
use std::str::FromStr;

/// A profile; the order is from the one that allows most to the one that allows least.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Profile {
    /// All is allowed.
    Privileged,
    /// Known ways out of a container are forbidden.
    Baseline,
    /// A pod has to be hardened.
    Restricted,
}

impl Profile {
    /// All, with their names.
    pub const ALL: [(Self, &'static str); 3] = [
        (Self::Privileged, "privileged"),
        (Self::Baseline, "baseline"),
        (Self::Restricted, "restricted"),
    ];

    /// In lower case.
    pub fn name(self) -> &'static str {
        Self::ALL.iter().find(|(profile, _)| *profile == self).map_or("", |(_, name)| name)
    }
}

/// A version of Kubernetes, whose checks count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum Version {
    /// `v1.N`; one newer than all checks is judged as the newest.
    Minor(u32),
    /// The newest that is known.
    #[default]
    Latest,
}

impl Version {
    /// The minor version that counts.
    pub(super) fn minor(self) -> u32 {
        if let Self::Minor(minor) = self { minor } else { u32::MAX }
    }
}

/// A profile at a version.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Policy {
    /// The profile.
    pub profile: Profile,
    /// The version.
    pub version: Version,
}

/// A word that is neither a profile nor a version.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PolicyError {
    /// Not a profile.
    #[error("`{0}` is no level: it must be privileged, baseline or restricted")]
    Profile(String),
    /// Not a version.
    #[error("`{0}` is no version: it must be \"latest\" or \"v1.x\"")]
    Version(String),
}

impl PolicyError {
    /// What it must be, in the words of the admission plugin.
    pub fn demand(&self) -> &'static str {
        match self {
            Self::Profile(_) => "must be one of privileged, baseline, restricted",
            Self::Version(_) => "must be \"latest\" or \"v1.x\"",
        }
    }
}

impl FromStr for Profile {
    type Err = PolicyError;

    fn from_str(text: &str) -> Result<Self, PolicyError> {
        let found = Self::ALL.iter().find(|(_, name)| *name == text);
        found.map(|(profile, _)| *profile).ok_or_else(|| PolicyError::Profile(text.to_owned()))
    }
}

impl FromStr for Version {
    type Err = PolicyError;

    /// As the labels of a namespace have it: `latest`, or `v1.25` without a leading zero.
    fn from_str(text: &str) -> Result<Self, PolicyError> {
        if text == "latest" {
            return Ok(Self::Latest);
        }
        let wrong = || PolicyError::Version(text.to_owned());
        let minor = text.strip_prefix("v1.").ok_or_else(wrong)?;
        let digits = minor.bytes().all(|one| one.is_ascii_digit());
        if !digits || minor.len() > 1 && minor.starts_with('0') {
            return Err(wrong());
        }
        minor.parse().map(Self::Minor).map_err(|_| wrong())
    }
}

impl fmt::Display for Profile {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.name())
    }
}

impl fmt::Display for Version {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Latest => out.write_str("latest"),
            Self::Minor(minor) => write!(out, "v1.{minor}"),
        }
    }
}

impl fmt::Display for Policy {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}:{}", self.profile, self.version)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read_as_the_labels_have_them() {
        assert_eq!("v1.25".parse(), Ok(Version::Minor(25)));
        assert_eq!("latest".parse(), Ok(Version::Latest));
        for wrong in ["", "1.25", "v1.", "v1.025", "v1.25.1", "v2.1", "v1.99999999999", "v1.+1"] {
            assert!(wrong.parse::<Version>().is_err(), "{wrong}");
        }
    }
}
