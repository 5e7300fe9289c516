//! The fields of system calls: libsinsp's filter checks, and the container plugin's.
//!
//! Which function answers which field is looked up once by the field's place in its table.

mod container;
mod descriptor;
mod event;
mod path;
mod process;
mod user;

use std::sync::LazyLock;

use super::call::SystemCall;
use crate::event::{Arena, FieldRef, Value, Values};
use crate::fields::Source;

/// Answers a field: the event, the field with its argument, where texts are put together.
type Answer = for<'e> fn(&SystemCall<'e>, &FieldRef, &'e Arena) -> Values<'e>;

static ANSWERS: LazyLock<Vec<Answer>> = LazyLock::new(|| {
    let answer = |name| answer(name).unwrap_or(|_, _, _| Values::Absent);
    Source::Syscall.fields().map(|field| answer(field.name)).collect()
});

/// What answers a field of the source, by its name.
fn answer(name: &str) -> Option<Answer> {
    event::answer(name)
        .or_else(|| process::answer(name))
        .or_else(|| descriptor::answer(name))
        .or_else(|| path::answer(name))
        .or_else(|| user::answer(name))
        .or_else(|| container::answer(name))
}

/// The values of a field of an event.
pub(super) fn value<'e>(call: &SystemCall<'e>, field: &FieldRef, arena: &'e Arena) -> Values<'e> {
    match ANSWERS.get(usize::from(field.id.0)) {
        Some(answer) => answer(call, field, arena),
        None => Values::Absent,
    }
}

fn bytes(bytes: &[u8]) -> Values<'_> {
    Values::One(Value::c_string(bytes))
}

fn number<'e>(number: u64) -> Values<'e> {
    Values::One(Value::Unsigned(number))
}

fn signed<'e>(number: i64) -> Values<'e> {
    Values::One(Value::Signed(number))
}

fn yes<'e>(is: bool) -> Values<'e> {
    Values::One(Value::Bool(is))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_field_of_the_catalogue_is_answered() {
        let generic = |name: &str| {
            include_str!("../../fields/generic.tsv")
                .lines()
                .any(|line| line.split('\t').next() == Some(name))
        };
        let missing: Vec<_> = Source::Syscall
            .fields()
            .map(|field| field.name)
            .filter(|name| !generic(name) && answer(name).is_none())
            .collect();
        assert!(missing.is_empty(), "{missing:?}");
    }
}
