//! What is never touched: the first process of the machine, this one and those that it descends from,
//! the kernel's threads, as a whole the container that it runs in; processes of the machine unless a
//! response is for them.

use plimsoll_runtime::syscall::container_of;

use crate::policy::Scope;
use crate::process::{self, Living};
use crate::target::Target;

/// How far up the parents of this process are followed.
const MOST_PARENTS: usize = 128;

/// Knows what is never touched.
#[derive(Debug)]
pub(crate) struct Guard {
    own: Vec<i32>,
    container: Option<String>,
}

impl Guard {
    pub(crate) fn new() -> Self {
        let own = i32::try_from(std::process::id()).unwrap_or(0);
        let above =
            std::iter::successors(Some(own), |pid| process::parent(*pid).filter(|it| *it > 0));
        Self { own: above.take(MOST_PARENTS).collect(), container: container_of_process(own) }
    }

    /// The numbers of this process and of those that it descends from.
    pub(crate) fn spared(&self) -> impl Iterator<Item = i32> {
        self.own.iter().copied().chain([1])
    }

    /// Whether this process runs in the container of a target.
    pub(crate) fn is_own_container(&self, target: &Target) -> bool {
        target.named().is_some() && self.container.as_deref() == target.named()
    }

    /// Why nothing may be done to a target.
    pub(crate) fn refuses(
        &self,
        target: &Target,
        scope: Scope,
        living: Option<&Living>,
    ) -> Option<String> {
        let told = target.named();
        if target.pid <= 1 {
            return Some("the first process of the machine is never touched".to_owned());
        }
        if self.own.contains(&target.pid) {
            return Some("plimsoll and the processes above it are never touched".to_owned());
        }
        if target.container().is_none() && scope != Scope::Host {
            return Some("a process of the machine; `scope: host` allows it".to_owned());
        }
        let living = living?;
        if living.is_kernels() {
            return Some("a thread of the kernel is never touched".to_owned());
        }
        let now = container_of_process(target.pid);
        // Whoever has ended is in no container any more.
        if now.as_deref() != told && !process::is_over(target.pid) {
            let of = |container: Option<&str>| container.unwrap_or("none").to_owned();
            return Some(format!(
                "its container was {} at the event and is {} now",
                of(told),
                of(now.as_deref())
            ));
        }
        None
    }
}

/// The container that the control groups of a process tell.
pub(crate) fn container_of_process(pid: i32) -> Option<String> {
    let groups = process::groups(pid)?;
    let groups: Vec<String> =
        groups.into_iter().map(|(names, path)| format!("{names}={path}\0")).collect();
    container_of(groups.concat().as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target(pid: i32, container: &str) -> Target {
        Target::made(pid, process::now(), &[("container.id", container)])
    }

    #[test]
    fn neither_the_first_process_nor_this_one_nor_its_parents_are_touched() {
        let guard = Guard::new();
        let own = i32::try_from(std::process::id()).unwrap();
        let above = process::parent(own).unwrap();
        for pid in [0, 1, own, above] {
            let why = guard.refuses(&target(pid, "host"), Scope::Host, None).unwrap();
            assert!(why.contains("never touched"), "{pid}: {why}");
        }
        assert!(guard.spared().any(|pid| pid == above) && guard.spared().any(|pid| pid == 1));
    }

    #[test]
    fn processes_of_the_machine_are_touched_only_where_a_response_says_so() {
        let guard = Guard::new();
        let other = target(i32::MAX, "host");
        assert!(guard.refuses(&other, Scope::Container, None).unwrap().contains("scope: host"));
        assert_eq!(guard.refuses(&other, Scope::Host, None), None);
        assert_eq!(guard.refuses(&target(i32::MAX, "0123456789ab"), Scope::Container, None), None);
        // A folder of control groups that only looks like a container's.
        let udev = target(i32::MAX, "udev").of_the_machine();
        assert!(guard.refuses(&udev, Scope::Container, None).unwrap().contains("scope: host"));
        assert_eq!(guard.refuses(&udev, Scope::Host, None), None);
    }
}
