//! Which calls are watched: those that rules ask for, and those without which it is not known who
//! does what.

use std::collections::BTreeSet;

use plimsoll_runtime::scap::schema::CHANGES;

use crate::calls::{self, Call};

/// Calls that change what is known of a socket, but only where rules look at data that is sent.
const COSTLY: [&str; 5] = ["sendto", "sendmsg", "recvfrom", "recvmsg", "shutdown"];

/// A choice of calls.
#[derive(Debug, Clone, Default)]
pub struct Selection {
    wanted: BTreeSet<&'static str>,
    /// All that can be watched.
    all: bool,
    /// What is mapped as code, too.
    mapped_code: bool,
}

impl Selection {
    /// Everything that can be watched.
    pub fn everything() -> Self {
        Self { all: true, ..Self::default() }
    }

    /// Calls by the types of their events, and what else has to be known. Types that cannot be watched
    /// are given back.
    pub fn of<'n>(types: impl Iterator<Item = &'n str>) -> (Self, BTreeSet<String>) {
        let mut selection = Self::default();
        let mut unknown = BTreeSet::new();
        // A condition on calls without an event of their own is one on that of all of them, too.
        for name in types.filter(|name| *name != "syscall") {
            let mut found = false;
            for call in calls::all().filter(|call| answers(call, name)) {
                selection.wanted.insert(call.name);
                found = true;
            }
            if !found {
                unknown.insert(name.to_owned());
            }
        }
        (selection, unknown)
    }

    /// The same, and which files are mapped as code; other mappings are left out in the kernel,
    /// unless a rule asks for them.
    #[must_use]
    pub fn with_mapped_code(self) -> Self {
        Self { mapped_code: true, ..self }
    }

    /// Whether a call is watched.
    pub(crate) fn has(&self, call: &Call) -> bool {
        self.asks_for(call)
            || self.only_code(call)
            || (is_state(call) && !COSTLY.contains(&call.name))
    }

    /// Whether only those of its calls are sent that map a file as code.
    pub(crate) fn only_code(&self, call: &Call) -> bool {
        self.mapped_code && call.name == "mmap" && !self.asks_for(call)
    }

    /// Whether its failures are wanted as well.
    pub(crate) fn wants_failures(&self, call: &Call) -> bool {
        self.asks_for(call)
    }

    fn asks_for(&self, call: &Call) -> bool {
        self.all || self.wanted.contains(call.name)
    }

    /// The names of the calls that are watched.
    pub fn names(&self) -> impl Iterator<Item = &'static str> {
        calls::all().filter(|call| self.has(call)).map(|call| call.name)
    }
}

fn answers(call: &Call, name: &str) -> bool {
    // A successful `execveat` ends as an `execve`.
    call.name == name || call.event_type().is_some_and(|event_type| event_type.name == name)
}

fn is_state(call: &Call) -> bool {
    call.event_type().is_some_and(|event_type| event_type.is(CHANGES))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_rules_ask_for_is_watched_and_what_tells_who_does_it() {
        let (selection, unknown) = Selection::of(["unlink", "read", "semop"].into_iter());
        let names: BTreeSet<&str> = selection.names().collect();
        for name in ["unlink", "read", "execve", "execveat", "clone", "procexit", "openat", "close"]
        {
            assert!(names.contains(name), "{name}");
        }
        for name in ["write", "sendto", "mprotect", "mmap"] {
            assert!(!names.contains(name), "{name}");
        }
        assert_eq!(unknown.into_iter().collect::<Vec<_>>(), ["semop"]);
    }

    #[test]
    fn of_mappings_only_code_is_sent_unless_a_rule_asks_for_all() {
        let mmap = calls::all().find(|call| call.name == "mmap").unwrap();
        let of = |name: &'static str| Selection::of(std::iter::once(name)).0.with_mapped_code();
        assert!(of("connect").has(mmap) && of("connect").only_code(mmap));
        assert!(of("mmap").has(mmap) && !of("mmap").only_code(mmap));
        assert!(!Selection::everything().with_mapped_code().only_code(mmap));
    }

    #[test]
    fn failures_are_sent_only_where_a_rule_may_ask_for_them() {
        let (selection, _) = Selection::of(std::iter::once("connect"));
        let call = |name: &str| calls::all().find(|call| call.name == name).unwrap();
        assert!(selection.wants_failures(call("connect")));
        assert!(!selection.wants_failures(call("openat")));
    }
}
