//! What can be done to a target. An action is a file and a line of [`ALL`].

mod isolate;
mod kill;
mod network_policy;
mod pause;
mod quarantine;

use std::fmt::Debug;
use std::path::Path;

use crate::groups::{self, Group};
use crate::guard::container_of_process;
use crate::process::{self, Absent, Living};
use crate::target::Target;

/// All actions, in the order in which those of one response are taken: what ends a process comes last.
pub(crate) static ALL: &[&dyn Action] = &[
    &pause::Pause,
    &isolate::Isolate,
    &network_policy::NetworkPolicy,
    &quarantine::Quarantine,
    &kill::Kill,
];

/// What is to be done and with what.
pub(crate) struct Order<'o> {
    pub(crate) target: &'o Target,
    pub(crate) living: Result<&'o Living, &'o Absent>,
    /// Where files are put.
    pub(crate) folder: &'o Path,
    pub(crate) max_size: u64,
    /// How much is kept there at most.
    pub(crate) max_folder: u64,
    /// It is the container that this process runs in.
    pub(crate) is_own_container: bool,
    /// The rule that fired.
    pub(crate) rule: &'o str,
}

/// What became of an action.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Done {
    pub(crate) result: Outcome,
    pub(crate) detail: String,
    /// Commands that undo it.
    pub(crate) undo: Vec<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    Done,
    /// It was so already.
    Already,
    /// There is nothing left to do it to.
    Gone,
    /// It would touch what must not be touched.
    Refused,
    Failed,
}

impl Done {
    fn new(detail: impl Into<String>) -> Self {
        Self { result: Outcome::Done, detail: detail.into(), undo: Vec::new() }
    }

    fn of(result: Outcome, detail: impl Into<String>) -> Self {
        Self { result, ..Self::new(detail) }
    }

    fn undone_by(mut self, command: String) -> Self {
        self.undo.push(command);
        self
    }

    fn absent(absent: &Absent) -> Self {
        match absent {
            Absent::Gone(why) => Self::of(Outcome::Gone, why),
            Absent::Unknown(why) => Self::of(Outcome::Failed, why),
        }
    }
}

/// One thing that can be done.
pub(crate) trait Action: Debug + Sync {
    /// What it is called in files and in the journal.
    fn name(&self) -> &'static str;

    /// Capabilities without which it cannot be done.
    fn needs(&self) -> &'static [(&'static str, u32)];

    /// What it does, in words that follow "would".
    fn plan(&self, order: &Order<'_>) -> String;

    /// Does it.
    fn act(&self, order: &Order<'_>) -> Done;
}

/// The action of a name; `-` and `_` are the same.
pub(crate) fn named(name: &str) -> Option<&'static dyn Action> {
    let name = name.replace('-', "_");
    ALL.iter().find(|action| action.name() == name).copied()
}

/// When an action is taken among those of one response.
pub(crate) fn rank(name: &str) -> usize {
    ALL.iter().position(|action| action.name() == name).unwrap_or(ALL.len())
}

/// The control group of a target's container: as the process is now, else as it was at the event.
fn group(order: &Order<'_>) -> Result<Group, Done> {
    let Some(id) = order.target.container() else {
        return Err(Done::of(Outcome::Refused, "the process is in no container"));
    };
    if order.is_own_container {
        let why = "the container that plimsoll runs in is never stopped or cut off";
        return Err(Done::of(Outcome::Refused, why));
    }
    let of_process = |pid: i32| process::groups(pid).into_iter().flatten().map(|(_, path)| path);
    let mut paths = Vec::new();
    if order.living.is_ok() {
        paths.extend(of_process(order.target.pid));
    }
    paths.extend(order.target.groups.iter().cloned());
    let found = groups::of(id, &paths)
        .ok_or_else(|| Done::of(Outcome::Gone, "the container's control group is not there"))?;
    // It may run in a container that was made within that one.
    let own = i32::try_from(std::process::id()).unwrap_or(0);
    let own_paths: Vec<String> = of_process(own).collect();
    if own_paths.is_empty() || found.holds(&own_paths) || found.processes().contains(&own) {
        let why = "plimsoll runs within that container, which is never stopped or cut off";
        return Err(Done::of(Outcome::Refused, why));
    }
    Ok(found)
}

/// Processes that are in a container now, the oldest first.
fn members(group: &Group, id: &str) -> Vec<i32> {
    let mut found = group.processes();
    found.retain(|pid| container_of_process(*pid).as_deref() == Some(id));
    found.sort_by_cached_key(|pid| process::start(*pid).unwrap_or(u64::MAX));
    found
}
