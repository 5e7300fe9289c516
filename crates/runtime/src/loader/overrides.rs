//! `override`: which keys of a rule are appended to and which replaced.

use std::collections::BTreeSet;

use super::code::ErrorCode;
use super::context::ItemType;
use super::decode::{Item, refuse};
use super::report::Failure;
use crate::yaml::Node;

/// Keys of a rule that can be appended to.
pub(super) const APPENDABLE: &[&str] = &["condition", "output", "desc", "tags", "exceptions"];
/// Keys of a rule that can be replaced, in the order in which Falco reads them.
pub(super) const REPLACEABLE: &[&str] = &[
    "condition",
    "exceptions",
    "output",
    "desc",
    "tags",
    "priority",
    "capture",
    "capture_duration",
    "enabled",
    "warn_evttypes",
    "skip-if-unknown-filter",
];
/// Every key of a rule.
pub(super) const RULE_KEYS: [&str; 15] = [
    "rule",
    "condition",
    "output",
    "desc",
    "priority",
    "source",
    "enabled",
    "capture",
    "capture_duration",
    "warn_evttypes",
    "skip-if-unknown-filter",
    "tags",
    "exceptions",
    "override",
    "append",
];

/// What `override` says.
#[derive(Debug, Default)]
pub(super) struct Overrides {
    pub(super) append: BTreeSet<String>,
    pub(super) replace: BTreeSet<String>,
}

impl Overrides {
    pub(super) fn is_empty(&self) -> bool {
        self.append.is_empty() && self.replace.is_empty()
    }
}

/// Which keys that can be overridden an item has.
pub(super) fn defined(node: &Node) -> BTreeSet<&'static str> {
    REPLACEABLE.iter().copied().filter(|key| node.get(key).is_some()).collect()
}

/// Reads `override` of an item.
pub(super) fn read(
    item: Item<'_>,
    appendable: &[&str],
    replaceable: &[&str],
) -> Result<Overrides, Failure> {
    let mut overrides = Overrides::default();
    let Some(value) = item.node.get("override") else { return Ok(overrides) };
    let parent = item.context.within(item.file, item.node, ItemType::Overrides, "");
    if value.sequence().is_some() {
        let why = "bad conversion: `override` has to be a mapping of keys to 'append' or 'replace'";
        return Err(Failure::new(ErrorCode::Validate, why, parent));
    }
    for (key_node, value) in value.mapping().unwrap_or_default() {
        let (Some(key), Some(operation)) = (key_node.scalar(), value.scalar()) else {
            let place = parent.within(item.file, key_node, ItemType::Overrides, "");
            return Err(Failure::new(ErrorCode::Validate, "bad conversion", place));
        };
        let (may_append, may_replace) = (appendable.contains(&key), replaceable.contains(&key));
        let at_key = || parent.within(item.file, key_node, ItemType::Overrides, key);
        match operation {
            "append" if may_append => {
                overrides.append.insert(key.to_owned());
            }
            "append" => {
                let why = format!("Key '{key}' cannot be appended to, use 'replace' instead");
                return refuse(why, at_key());
            }
            "replace" if may_replace => {
                overrides.replace.insert(key.to_owned());
            }
            "replace" => return refuse(format!("Key '{key}' cannot be replaced"), at_key()),
            _ => {
                let why = format!(
                    "Invalid override operation for key '{key}': '{operation}'. Allowed values \
                     are: {}{}",
                    if may_append { "append " } else { "" },
                    if may_replace { "replace " } else { "" },
                );
                let place = parent.within(item.file, value, ItemType::ValueFor, key);
                return refuse(why, place);
            }
        }
    }
    Ok(overrides)
}
