//! Where in a rule file something is: the rule, its part, the place.
//!
//! After `rule_loader::context` in Falco's `rule_loader.cpp`. Lines and columns of YAML count from
//! 0 in it, as there; [`Place`] is the same for people.

use std::sync::Arc;

use crate::condition::ast::Pos;
use crate::yaml::Node;

/// A byte of one of the files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// Which file, in the order of loading.
    pub file: u16,
    /// How many bytes stand before.
    pub offset: u32,
}

macro_rules! item_types {
    ($($variant:ident = $words:literal,)*) => {
        /// What kind of thing something is said of.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum ItemType { $(#[doc = concat!("`", $words, "`")] $variant,)* }

        impl ItemType {
            /// Falco's name for it.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $words,)* }
            }
        }
    };
}

item_types! {
    ValueFor = "value for",
    Exceptions = "exceptions",
    Exception = "exception",
    ExceptionValues = "exception values",
    ExceptionValue = "exception value",
    RulesContent = "rules content",
    RulesContentItem = "rules content item",
    RequiredEngineVersion = "required_engine_version",
    RequiredPluginVersions = "required plugin versions",
    RequiredPluginVersionsEntry = "required plugin versions entry",
    RequiredPluginVersionsAlternative = "required plugin versions alternative",
    List = "list",
    ListItem = "list item",
    Macro = "macro",
    MacroCondition = "macro condition",
    Rule = "rule",
    RuleCondition = "rule condition",
    ConditionExpression = "condition expression",
    RuleOutput = "rule output",
    RulePriority = "rule priority",
    Overrides = "overrides",
}

/// One step on the way to what is meant.
#[derive(Debug, Clone)]
pub struct Location {
    /// The file, or the begin of the condition.
    pub name: Arc<str>,
    /// What kind of thing.
    pub item_type: ItemType,
    /// Its name, or nothing.
    pub item_name: Arc<str>,
    /// How many bytes stand before.
    pub offset: u32,
    /// The line.
    pub line: u32,
    /// The column.
    pub column: u32,
}

/// The way from a file to what is meant in it.
#[derive(Debug, Clone)]
pub struct Context {
    /// From the whole file on.
    pub locations: Vec<Location>,
    /// The condition that the last location counts in, where it is one.
    pub condition: Option<Arc<str>>,
    /// The place in the file.
    pub place: Place,
}

/// A file that is being read.
#[derive(Debug)]
pub(crate) struct File {
    pub(crate) index: u16,
    pub(crate) source: plimsoll_model::text::Source,
}

impl Context {
    /// The whole file.
    pub(crate) fn file(name: &str, index: u16) -> Self {
        let whole = Location {
            name: name.into(),
            item_type: ItemType::RulesContent,
            item_name: "".into(),
            offset: 0,
            line: 0,
            column: 0,
        };
        let place = Place { file: index, offset: 0 };
        Self { locations: vec![whole], condition: None, place }
    }

    fn file_name(&self) -> Arc<str> {
        self.locations.first().map_or_else(|| "".into(), |first| Arc::clone(&first.name))
    }

    /// Something within this.
    pub(crate) fn within(&self, file: &File, node: &Node, kind: ItemType, name: &str) -> Self {
        self.at(file, node.span.start, kind, name)
    }

    pub(crate) fn at(&self, file: &File, offset: u32, kind: ItemType, name: &str) -> Self {
        let position = file.source.position(offset);
        let mut locations = self.locations.clone();
        locations.push(Location {
            name: self.file_name(),
            item_type: kind,
            item_name: name.into(),
            offset,
            line: position.line.saturating_sub(1),
            column: position.column.saturating_sub(1),
        });
        Self { locations, condition: None, place: Place { file: file.index, offset } }
    }

    /// A place of a condition within this.
    pub(crate) fn in_condition(&self, at: Pos, condition: &str, place: Option<Place>) -> Self {
        let shown: String = condition.replace(['\n', '\r'], " ");
        let name = if shown.len() > 20 {
            let cut = (0..=17).rev().find(|cut| shown.is_char_boundary(*cut)).unwrap_or_default();
            format!("\"{}...\"", shown.get(..cut).unwrap_or_default())
        } else {
            format!("\"{shown}\"")
        };
        let last = self.locations.last();
        let add = |own: u32, of: fn(&Location) -> u32| own.saturating_add(last.map_or(0, of));
        let here = Location {
            name: name.into(),
            item_type: ItemType::ConditionExpression,
            item_name: "".into(),
            offset: add(at.index, |last| last.offset),
            line: add(at.line, |last| last.line),
            column: add(at.column, |last| last.column),
        };
        let mut locations = self.locations.clone();
        locations.push(here);
        Self { locations, condition: Some(condition.into()), place: place.unwrap_or(self.place) }
    }

    /// The innermost thing that has a name: a rule, a macro, a list, an exception.
    pub fn item(&self) -> Option<&Location> {
        self.locations.iter().rev().find(|location| !location.item_name.is_empty())
    }
}
