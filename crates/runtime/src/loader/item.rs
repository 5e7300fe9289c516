//! What rule files define: lists, macros, rules and their exceptions, before they are compiled.

use std::collections::{BTreeSet, HashMap};
use std::fmt;

use super::context::Context;
use super::traced::Traced;

/// Things by name in the order of their first definition.
#[derive(Debug)]
pub(crate) struct Named<T> {
    all: Vec<T>,
    by_name: HashMap<String, usize>,
}

impl<T> Default for Named<T> {
    fn default() -> Self {
        Self { all: Vec::new(), by_name: HashMap::new() }
    }
}

impl<T> Named<T> {
    pub(crate) fn get(&self, name: &str) -> Option<&T> {
        self.all.get(*self.by_name.get(name)?)
    }

    pub(crate) fn get_mut(&mut self, name: &str) -> Option<&mut T> {
        self.all.get_mut(*self.by_name.get(name)?)
    }

    pub(crate) fn insert(&mut self, name: &str, item: T) {
        self.by_name.insert(name.to_owned(), self.all.len());
        self.all.push(item);
    }

    pub(crate) fn iter(&self) -> std::slice::Iter<'_, T> {
        self.all.iter()
    }
}

/// When something was defined first, and up to when it sees what others define.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Order {
    pub(crate) index: u32,
    pub(crate) visibility: u32,
}

#[derive(Debug, Clone)]
pub(crate) struct ListItem {
    pub(crate) context: Context,
    pub(crate) order: Order,
    pub(crate) name: String,
    pub(crate) items: Vec<String>,
}

#[derive(Debug, Clone)]
pub(crate) struct MacroItem {
    pub(crate) context: Context,
    pub(crate) condition_context: Context,
    pub(crate) order: Order,
    pub(crate) name: String,
    pub(crate) condition: Traced,
}

#[derive(Debug, Clone)]
#[allow(clippy::struct_excessive_bools, reason = "each is a key of rule files")]
pub(crate) struct RuleItem {
    pub(crate) context: Context,
    pub(crate) condition_context: Context,
    pub(crate) output_context: Context,
    pub(crate) name: String,
    pub(crate) condition: Traced,
    pub(crate) output: String,
    pub(crate) description: String,
    pub(crate) priority: Priority,
    pub(crate) source: String,
    pub(crate) unknown_source: bool,
    pub(crate) tags: BTreeSet<String>,
    pub(crate) exceptions: Vec<Exception>,
    pub(crate) enabled: bool,
    pub(crate) capture: bool,
    pub(crate) capture_duration: u32,
    pub(crate) warn_event_types: bool,
    pub(crate) skip_if_unknown: bool,
}

/// A change of a rule that is there.
#[derive(Debug, Clone, Default)]
pub(crate) struct RuleUpdate {
    pub(crate) source: String,
    pub(crate) condition: Option<Traced>,
    pub(crate) output: Option<String>,
    pub(crate) description: Option<String>,
    pub(crate) priority: Option<Priority>,
    pub(crate) tags: Option<BTreeSet<String>>,
    pub(crate) exceptions: Option<Vec<Exception>>,
    pub(crate) enabled: Option<bool>,
    pub(crate) capture: Option<bool>,
    pub(crate) capture_duration: Option<u32>,
    pub(crate) warn_event_types: Option<bool>,
    pub(crate) skip_if_unknown: Option<bool>,
}

impl RuleUpdate {
    pub(crate) fn is_empty(&self) -> bool {
        self.condition.is_none()
            && self.output.is_none()
            && self.description.is_none()
            && self.priority.is_none()
            && self.tags.is_none()
            && self.exceptions.is_none()
            && self.enabled.is_none()
            && self.capture.is_none()
            && self.capture_duration.is_none()
            && self.warn_event_types.is_none()
            && self.skip_if_unknown.is_none()
    }
}

/// What a rule does not hold for.
#[derive(Debug, Clone)]
pub(crate) struct Exception {
    pub(crate) context: Context,
    pub(crate) name: String,
    pub(crate) fields: Entry,
    pub(crate) comps: Entry,
    pub(crate) values: Vec<Entry>,
}

/// A text, or a list of them, in an exception.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Entry {
    Text(String),
    List(Vec<Entry>),
}

impl Default for Entry {
    fn default() -> Self {
        Self::Text(String::new())
    }
}

impl Entry {
    /// Whether anything is in it.
    pub(crate) fn is_given(&self) -> bool {
        match self {
            Self::Text(text) => !text.is_empty(),
            Self::List(items) => !items.is_empty(),
        }
    }

    /// The text; of a list none.
    pub(crate) fn text(&self) -> &str {
        match self {
            Self::Text(text) => text,
            Self::List(_) => "",
        }
    }

    pub(crate) fn items(&self) -> &[Self] {
        match self {
            Self::Text(_) => &[],
            Self::List(items) => items,
        }
    }
}

/// How grave it is that a rule fires; the order is from the gravest down.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[allow(missing_docs, reason = "the names are those of syslog")]
pub enum Priority {
    Emergency,
    Alert,
    Critical,
    Error,
    Warning,
    Notice,
    Informational,
    Debug,
}

impl Priority {
    const ALL: [(Self, &'static str); 8] = [
        (Self::Emergency, "Emergency"),
        (Self::Alert, "Alert"),
        (Self::Critical, "Critical"),
        (Self::Error, "Error"),
        (Self::Warning, "Warning"),
        (Self::Notice, "Notice"),
        (Self::Informational, "Informational"),
        (Self::Debug, "Debug"),
    ];

    /// The priority of a name, in any case; `info` is one too.
    pub fn named(name: &str) -> Option<Self> {
        if name.eq_ignore_ascii_case("info") {
            return Some(Self::Informational);
        }
        Self::ALL.iter().find(|(_, known)| known.eq_ignore_ascii_case(name)).map(|(own, _)| *own)
    }

    /// Its name.
    pub fn name(self) -> &'static str {
        Self::ALL.iter().find(|(own, _)| *own == self).map_or("", |(_, name)| name)
    }

    /// The names of all of them.
    pub(crate) fn names() -> impl Iterator<Item = &'static str> {
        Self::ALL.iter().map(|(_, name)| *name)
    }
}

impl fmt::Display for Priority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl<T> Named<T> {
    pub(crate) fn nth_mut(&mut self, at: usize) -> Option<&mut T> {
        self.all.get_mut(at)
    }
}
