//! 1.4: the arguments of the scheduler.

use super::judge::Asks::Argument;
use super::judge::Rule::{Is, IsOrUnset};
use super::judge::{Check, check};
use super::{Chapter, Role};

pub(super) static CHAPTER: Chapter = Chapter { id: "1.4", title: "Scheduler", checks: CHECKS };

#[rustfmt::skip]
const CHECKS: &[Check] = &[
    check("1.4.1", "It cannot be profiled", "--profiling=false", Argument(Role::Scheduler, &["profiling"], Is("false"))),
    check("1.4.2", "It listens to its own machine alone", "--bind-address=127.0.0.1", Argument(Role::Scheduler, &["bind-address"], IsOrUnset("127.0.0.1"))),
];
