//! Values of YAML as what a key asks for, or why they are not.
//!
//! After `decode_val` and `decode_seq` of Falco's `rule_loader_reader.cpp`.

use std::sync::Arc;

use super::code::ErrorCode;
use super::context::{Context, File, ItemType};
use super::report::Failure;
use crate::yaml::{Node, boolean};

/// A failure of the file's structure.
pub(super) fn refuse<T>(message: impl Into<String>, context: Context) -> Result<T, Failure> {
    Err(Failure::new(ErrorCode::YamlValidate, message, context))
}

/// What a scalar can be asked for.
pub(super) trait Decode: Sized {
    fn decode(text: &str) -> Option<Self>;
}

impl Decode for String {
    fn decode(text: &str) -> Option<Self> {
        Some(text.to_owned())
    }
}

impl Decode for bool {
    fn decode(text: &str) -> Option<Self> {
        boolean(text)
    }
}

impl Decode for u32 {
    fn decode(text: &str) -> Option<Self> {
        text.parse().ok()
    }
}

/// The values of one item, with the way to it.
#[derive(Clone, Copy)]
pub(super) struct Item<'a> {
    pub(super) file: &'a File,
    pub(super) node: &'a Node,
    pub(super) context: &'a Context,
}

impl<'a> Item<'a> {
    /// A value that has to be there; its node comes with it.
    pub(super) fn node(self, key: &str) -> Result<&'a Arc<Node>, Failure> {
        match self.node.get(key) {
            Some(node) => Ok(node),
            None => refuse(format!("Item has no mapping for key '{key}'"), self.context.clone()),
        }
    }

    /// A value that has to be there.
    pub(super) fn required<T: Decode>(self, key: &str) -> Result<T, Failure> {
        let node = self.node(key)?;
        if node.is_null() {
            return refuse(format!("Mapping for key '{key}' is empty"), self.context.clone());
        }
        let context = self.context.within(self.file, node, ItemType::ValueFor, key);
        let Some(text) = node.scalar() else {
            return refuse("Value is not a scalar value", context);
        };
        if text.is_empty() {
            return refuse("Value must be non-empty", context);
        }
        match T::decode(text) {
            Some(value) => Ok(value),
            None => refuse("Can't decode YAML scalar value", context),
        }
    }

    /// A value that may be left out.
    pub(super) fn optional<T: Decode>(self, key: &str) -> Result<Option<T>, Failure> {
        self.node.get(key).map(|_| self.required(key)).transpose()
    }

    /// A value that may be left out or be empty.
    pub(super) fn maybe_empty(self, key: &str) -> Result<String, Failure> {
        match self.node.get(key) {
            None => Ok(String::new()),
            Some(node) if node.is_null() || node.scalar() == Some("") => Ok(String::new()),
            Some(_) => self.required(key),
        }
    }

    /// Texts.
    pub(super) fn texts(self, key: &str) -> Result<Vec<String>, Failure> {
        let node = self.node(key)?;
        let context = self.context.within(self.file, node, ItemType::ValueFor, key);
        let Some(items) = node.sequence() else {
            return refuse("Value is not a sequence", context);
        };
        items
            .iter()
            .map(|item| {
                if let Some(text) = item.scalar() {
                    return Ok(text.to_owned());
                }
                let within = context.within(self.file, item, ItemType::ListItem, "");
                refuse("sequence value is not scalar", within)
            })
            .collect()
    }
}
