//! What a process lacks that wants to load programs into the kernel.

use std::fs;
use std::path::Path;

/// A capability and its number: `linux/capability.h`.
const SYS_ADMIN: u32 = 21;
const NEEDED: [(&str, u32); 2] = [("CAP_BPF", 39), ("CAP_PERFMON", 38)];
/// Without these some of what there was at the beginning stays unknown.
const USEFUL: [(&str, u32); 2] = [("CAP_SYS_PTRACE", 19), ("CAP_DAC_READ_SEARCH", 2)];

/// The capabilities that this process acts with, a bit each by its number.
pub fn effective() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    of_status(&status)
}

fn of_status(status: &str) -> u64 {
    let line = status.lines().find_map(|line| line.strip_prefix("CapEff:"));
    line.and_then(|text| u64::from_str_radix(text.trim(), 16).ok()).unwrap_or(0)
}

fn lacks(held: u64, wanted: &[(&'static str, u32)]) -> Vec<&'static str> {
    let lacked = wanted.iter().filter(|(_, number)| held & (1 << number) == 0);
    lacked.map(|(name, _)| *name).collect()
}

/// What is missing without which nothing can be loaded.
pub(crate) fn missing() -> Vec<&'static str> {
    let held = effective();
    if held & (1 << SYS_ADMIN) != 0 { Vec::new() } else { lacks(held, &NEEDED) }
}

/// What is missing without which the processes of others are known in part.
pub fn partly_blind() -> Vec<&'static str> {
    lacks(effective(), &USEFUL)
}

/// Whether the kernel says how its structures lie.
pub(crate) fn has_types() -> bool {
    Path::new("/sys/kernel/btf/vmlinux").exists()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing_is_named() {
        assert_eq!(
            lacks(of_status("Name:\tx\nCapEff:\t0000000000000000\n"), &NEEDED),
            ["CAP_BPF", "CAP_PERFMON"]
        );
        assert_eq!(lacks(of_status("CapEff:\t0000008000000000\n"), &NEEDED), ["CAP_PERFMON"]);
        assert!(lacks(of_status("CapEff:\t000001ffffffffff\n"), &NEEDED).is_empty());
    }
}
