//! Capabilities that the actions of a file need and this process does not have.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::MetadataExt;

use crate::policy::Policy;

/// Whether numbers of processes mean here what they mean in the kernel: this process, and `/proc`, are of
/// the machine's first namespace of processes.
pub fn is_in_first_pid_namespace() -> bool {
    fs::metadata("/proc/self/ns/pid").is_ok_and(|found| found.ino() == FIRST)
}

/// `PID_NS_INIT_INO` of `linux/nsfs.h`, the same in all kernels.
const FIRST: u64 = 0xEFFF_FFFC;

/// Each capability that is missing of those held, a bit each by its number, with the actions that need it.
pub fn missing(policy: &Policy, held: u64) -> Vec<(&'static str, Vec<&'static str>)> {
    let mut found: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for action in policy.responses.iter().flat_map(|response| &response.actions) {
        for (name, number) in action.needs() {
            if held & (1 << number) == 0 {
                let of = found.entry(name).or_default();
                if !of.contains(&action.name()) {
                    of.push(action.name());
                }
            }
        }
    }
    found.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing_is_named_with_the_actions_that_need_it() {
        let policy = Policy::read(
            "- rule: a\n  match: {rules: [R]}\n  actions: [kill, isolate]\n\
             - rule: b\n  match: {rules: [R]}\n  actions: [quarantine, kill]\n",
        )
        .unwrap();
        let all = missing(&policy, 0);
        assert!(all.contains(&("CAP_KILL", vec!["kill"])), "{all:?}");
        assert!(all.contains(&("CAP_SYS_PTRACE", vec!["isolate", "quarantine"])), "{all:?}");
        assert!(missing(&policy, u64::MAX).is_empty());
    }
}
