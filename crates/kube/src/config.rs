//! What decides which findings count, and how much.

use std::collections::BTreeMap;

use plimsoll_model::text::Level;

use crate::pss::{Profile, Version};
use crate::rule::Rule;

/// What is asked of manifests.
#[derive(Debug, Clone, Default)]
pub struct Config {
    /// The profile of the Pod Security Standards that every pod has to meet, whatever its
    /// namespace says.
    pub profile: Option<Profile>,
    /// The version of the standards, where no namespace says one.
    pub version: Version,
    /// The only family of rules that is asked.
    pub only: Option<Family>,
    /// Levels that rules have instead of their own, by id or alias; the last counts.
    pub levels: BTreeMap<String, Level>,
    /// Whether the annotation by which an object is spared rules is passed over: where somebody
    /// else decides than who wrote the object.
    pub unsparing: bool,
}

/// A family of rules.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Family {
    /// The checks of the Pod Security Standards.
    Pss,
    /// The rules of our own, `PK…`.
    Practice,
}

impl Family {
    /// All, with their names.
    pub const ALL: [(Self, &'static str); 2] = [(Self::Pss, "pss"), (Self::Practice, "practice")];

    /// The family of that name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().find(|(_, known)| *known == name).map(|(family, _)| *family)
    }
}

impl Config {
    /// Whether rules of a family are asked.
    pub fn asks(&self, family: Family) -> bool {
        self.only.is_none_or(|only| only == family)
    }

    /// The level that is set for a rule.
    pub fn level(&self, rule: &Rule) -> Option<Level> {
        self.levels.iter().rfind(|(name, _)| rule.is_called(name)).map(|(_, level)| *level)
    }
}
