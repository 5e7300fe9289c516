//! An event as the engine sees it: where it comes from, its type, its time and its fields.
//!
//! Whatever makes events implements [`Event`]: a system call with the state of its process, a line
//! of an audit log. A field is asked for by a [`FieldRef`], which was resolved when the rule was
//! compiled, and answered with [`Values`] that borrow from the event or from an arena that lives as
//! long as the event is judged: nothing is allocated once the arena has its size.

mod field;
pub(crate) mod generic;
mod stream;
mod value;

pub use bumpalo::Bump as Arena;
pub use field::{Argument, FieldId, FieldRef};
pub use generic::iso_time;
pub use stream::{Next, Stream};
pub use value::{Value, Values};

pub use crate::events::EventCode;
use crate::fields::Source;

/// An event with the state that its fields need.
///
/// The fields of `fields/generic.tsv` (`evt.num`, `evt.time`, …) are made from these methods; a
/// source is never asked for them.
pub trait Event {
    /// Where it comes from.
    fn source(&self) -> Source;

    /// Its type by the name that `evt.type` has; of system calls without a type of their own that of
    /// `syscall`, of events of plugins that of `pluginevent`.
    fn code(&self) -> EventCode;

    /// Nanoseconds since 1970.
    fn time(&self) -> u64;

    /// Its number, from 1.
    fn number(&self) -> u64;

    /// The time of the first event of its capture: `evt.reltime` counts from it.
    fn first_time(&self) -> u64 {
        self.time()
    }

    /// The name of the machine that it was recorded on, where that is known: what `evt.hostname` is.
    fn host(&self) -> Option<&str> {
        None
    }

    /// The values of a field.
    ///
    /// [`Values::Absent`] where libsinsp's `extract` says false: every comparison is false then, `!=`
    /// too. Of a field with several values at once, whether its table says `is_list` or it stands for
    /// either end or any ancestor (`fd.ip`, `fd.net`, `fd.port`, `fd.proto`; `proc.aname` without an
    /// argument and its kin), all of them are given as [`Values::Many`], the nearest first: what that
    /// means for an operator is the engine's to know.
    fn field<'e>(&'e self, field: &FieldRef, arena: &'e Arena) -> Values<'e>;

    /// `evt.pluginname`; none of system calls.
    fn plugin_name(&self) -> Option<&str> {
        None
    }

    /// `evt.plugininfo`: the event in the plugin's words.
    fn plugin_info<'e>(&'e self, _arena: &'e Arena) -> Option<&'e str> {
        None
    }

    /// `evt.asynctype`, of asynchronous events only.
    fn async_name(&self) -> Option<&str> {
        None
    }
}
