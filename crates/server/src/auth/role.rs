//! Roles, each of which may what those before it may.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What somebody may.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// See images and findings.
    Viewer,
    /// And have images read.
    Scanner,
    /// And judge findings.
    Triager,
    /// And everything else: users, keys, settings.
    Admin,
}

impl Role {
    /// All, least first.
    pub const ALL: [Self; 4] = [Self::Viewer, Self::Scanner, Self::Triager, Self::Admin];

    /// In the store.
    pub fn number(self) -> i64 {
        match self {
            Self::Viewer => 1,
            Self::Scanner => 2,
            Self::Triager => 3,
            Self::Admin => 4,
        }
    }

    /// The inverse.
    pub fn of(number: i64) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.number() == number)
    }

    /// In a word.
    pub fn name(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Scanner => "scanner",
            Self::Triager => "triager",
            Self::Admin => "admin",
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Role {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let found = Self::ALL.into_iter().find(|role| role.name() == text);
        found.ok_or_else(|| {
            format!("`{text}` is no role: expected `viewer`, `scanner`, `triager` or `admin`")
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_role_may_what_those_before_it_may() {
        assert!(Role::ALL.is_sorted());
        for role in Role::ALL {
            assert_eq!(Role::of(role.number()), Some(role));
            assert_eq!(role.name().parse(), Ok(role));
        }
        assert_eq!(Role::of(0), None);
    }
}
