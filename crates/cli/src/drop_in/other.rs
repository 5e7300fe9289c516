//! Commands that are not here, and flags that do nothing: what is said of them.

use std::ffi::OsString;

use clap::{Arg, ArgAction, ArgMatches};

use super::is_said;

/// A command that is not here.
pub(crate) struct Absent {
    /// As it is called: `download sbom`.
    pub(super) name: &'static str,
    /// Our own way.
    pub(super) own: &'static str,
}

impl Absent {
    pub(crate) const fn new(name: &'static str, own: &'static str) -> Self {
        Self { name, own }
    }

    /// Whether a command line begins with it.
    pub(super) fn is_called(&self, words: &[OsString]) -> bool {
        let asked = words.iter().filter(|word| !word.as_encoded_bytes().starts_with(b"-"));
        let mut asked = asked.map(OsString::as_os_str);
        self.name.split(' ').all(|name| asked.next().is_some_and(|word| word == name))
    }
}

/// A flag that does nothing here.
pub(crate) struct Other {
    pub(super) long: &'static str,
    pub(super) short: Option<char>,
    takes_value: bool,
    /// A switch that is on unless it is switched off, which alone has the effect.
    is_on: bool,
    pub(super) effect: Effect,
}

/// What becomes of such a flag.
#[derive(Clone, Copy)]
pub(crate) enum Effect {
    /// Accepted without a word: what is wanted is so anyway.
    Silent,
    /// Accepted, and stderr says why it does nothing.
    Told(&'static str),
    /// Refused, with our own way.
    Refused(&'static str),
}

impl Other {
    const fn of(long: &'static str, takes_value: bool, effect: Effect) -> Self {
        Self { long, short: None, takes_value, is_on: false, effect }
    }

    pub(crate) const fn silent(long: &'static str, takes_value: bool) -> Self {
        Self::of(long, takes_value, Effect::Silent)
    }

    pub(crate) const fn told(long: &'static str, takes_value: bool, why: &'static str) -> Self {
        Self::of(long, takes_value, Effect::Told(why))
    }

    pub(crate) const fn refused(long: &'static str, takes_value: bool, own: &'static str) -> Self {
        Self::of(long, takes_value, Effect::Refused(own))
    }

    /// Of a switch that is on anyway: nothing but switching it off has the effect.
    pub(crate) const fn off(self) -> Self {
        Self { is_on: true, ..self }
    }

    pub(crate) const fn short(self, short: char) -> Self {
        Self { short: Some(short), ..self }
    }

    /// The flag as it has the effect.
    pub(super) fn shown(&self) -> String {
        format!("--{}{}", self.long, if self.is_on { "=false" } else { "" })
    }

    /// Whether an argument is this one, and none of the command's own that has its name.
    pub(super) fn is(&self, arg: &Arg) -> bool {
        arg.get_id() == self.long && arg.is_hide_set()
    }

    /// Whether the command line or a variable asks for what has the effect.
    pub(super) fn is_meant(&self, found: &ArgMatches) -> bool {
        let is_so = |is: &bool| *is != self.is_on;
        let switch = || found.try_get_one::<bool>(self.long).ok().flatten().is_none_or(is_so);
        is_said(found, self.long) && (self.takes_value || switch())
    }

    /// As the parser has it, without help.
    pub(super) fn arg(&self) -> Arg {
        let mut arg = Arg::new(self.long).long(self.long).hide(true);
        if let Some(short) = self.short {
            arg = arg.short(short);
        }
        if self.takes_value {
            arg.action(ArgAction::Append).num_args(1)
        } else {
            arg.action(ArgAction::SetTrue)
        }
    }
}
