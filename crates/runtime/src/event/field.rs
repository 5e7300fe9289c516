//! A field as a compiled rule names it: a number of its source's table, and its argument.

use crate::fields::{FieldError, Kind, Source, Traits};

/// The place of a field in [`Source::fields`]: a source can keep a table of functions by it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FieldId(pub u16);

/// What stands behind the name of a field.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub enum Argument {
    /// Nothing.
    #[default]
    None,
    /// `[2]` of a field that takes a number.
    Index(u64),
    /// `[HOME]`, or what follows the dot of `evt.arg.flags`, `evt.rawarg.res`, `evt.type.is.open`,
    /// `evt.abspath.src`, `thread.cgroup.cpu`.
    Key(Box<str>),
}

/// A field of a source with its argument.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldRef {
    /// Its place in the table.
    pub id: FieldId,
    /// Its name there: `evt.arg` for `evt.arg.flags`.
    pub name: &'static str,
    /// What its values are; of `evt.rawarg.res` the type of that argument.
    pub kind: Kind,
    /// What is special about it.
    pub traits: Traits,
    /// Its argument.
    pub argument: Argument,
}

/// Fields whose argument stands behind a dot.
const DOTTED: [&str; 5] = ["evt.rawarg", "evt.arg", "evt.type.is", "evt.abspath", "thread.cgroup"];

impl FieldRef {
    /// The field of a name and the argument in its brackets.
    pub fn resolve(source: Source, name: &str, argument: Option<&str>) -> Result<Self, FieldError> {
        let resolved = source.resolve(name, argument)?;
        let place = source.fields().position(|field| field.name == resolved.name);
        let id = place.and_then(|at| u16::try_from(at).ok()).ok_or(FieldError::Unknown)?;
        let dotted = DOTTED
            .into_iter()
            .filter(|base| *base == resolved.name)
            .find_map(|base| name.strip_prefix(base)?.strip_prefix('.'));
        let argument = match dotted.or(argument) {
            None => Argument::None,
            // A label may be a number and is a name all the same.
            Some(text) if resolved.traits.key && !resolved.traits.index => {
                Argument::Key(text.into())
            }
            Some(text) => match text.parse() {
                Ok(index) => Argument::Index(index),
                Err(_) => Argument::Key(text.into()),
            },
        };
        let (name, kind, traits) = (resolved.name, resolved.kind, resolved.traits);
        Ok(Self { id: FieldId(id), name, kind, traits, argument })
    }

    /// The number in its brackets.
    pub fn index(&self) -> Option<u64> {
        match self.argument {
            Argument::Index(index) => Some(index),
            _ => None,
        }
    }

    /// The text in its brackets or behind its dot.
    pub fn key(&self) -> Option<&str> {
        match &self.argument {
            Argument::Key(key) => Some(key),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_are_what_their_field_takes() {
        let field = |name, argument| FieldRef::resolve(Source::Syscall, name, argument).unwrap();
        assert_eq!(field("proc.aname", Some("2")).index(), Some(2));
        assert_eq!(field("evt.arg.flags", None).key(), Some("flags"));
        assert_eq!(field("evt.rawarg.res", None).key(), Some("res"));
        assert_eq!(field("evt.type.is.open", None).key(), Some("open"));
        assert_eq!(field("evt.abspath.src", None).key(), Some("src"));
        assert_eq!(field("thread.cgroup.cpu", None).key(), Some("cpu"));
        assert_eq!(field("container.label", Some("7")).key(), Some("7"));
        assert_eq!(field("proc.name", None).argument, Argument::None);
        let named = Source::Syscall.fields().nth(field("proc.name", None).id.0.into());
        assert_eq!(named.unwrap().name, "proc.name");
    }
}
