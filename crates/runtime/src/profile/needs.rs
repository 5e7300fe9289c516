//! Which calls take which capability: capabilities(7).
//!
//! Only what a capture shows is told. Whether `DAC_OVERRIDE`, `FOWNER`, `FSETID`, `KILL`,
//! `SYS_PTRACE`, `SYS_NICE` or `SYS_RESOURCE` was used depends on owners and limits that it lacks.

use std::collections::HashMap;

use super::deed::{number, unsigned};
use crate::event::{Arena, FieldRef};
use crate::fields::Source;
use crate::syscall::SystemCall;

/// Who a thread is.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Identity {
    uid: Option<i64>,
    gid: Option<i64>,
}

/// Who threads were before the event at hand.
pub(super) struct Owner {
    uid: Option<FieldRef>,
    gid: Option<FieldRef>,
    known: HashMap<i64, Identity>,
}

/// How many threads are followed.
const MOST_THREADS: usize = 262_144;
/// No user or group: it stays as it is.
const SAME: u64 = 0xffff_ffff;
const AF_UNIX: u64 = 1;
const AF_NETLINK: u64 = 16;
const AF_PACKET: u64 = 17;
const SOCK_RAW: u64 = 3;
/// The first port that anybody may listen on: `net.ipv4.ip_unprivileged_port_start`.
const FREE_PORTS: i64 = 1024;
/// `CLONE_NEWUSER` in Falco's numbers.
const NEW_USER: u64 = 1 << 20;
/// The kind of file in Falco's `mknod_mode`: a device.
const DEVICES: [u64; 2] = [0o020_000, 0o060_000];

impl Owner {
    pub(super) fn new() -> Self {
        let field = |name: &str| FieldRef::resolve(Source::Syscall, name, None).ok();
        Self { uid: field("user.uid"), gid: field("group.gid"), known: HashMap::new() }
    }

    /// Who the thread was before this event.
    pub(super) fn before(&mut self, call: &SystemCall<'_>, arena: &Arena) -> Identity {
        let read = |field: &Option<FieldRef>| number(call, field.as_ref()?, arena);
        let now = Identity { uid: read(&self.uid), gid: read(&self.gid) };
        if self.known.len() >= MOST_THREADS {
            self.known.clear();
        }
        self.known.insert(call.tid(), now).unwrap_or(now)
    }
}

/// The capabilities that a call took which did not fail, and what took them.
pub(super) fn of(
    call: &SystemCall<'_>,
    name: &str,
    before: &Identity,
    local_port: Option<i64>,
) -> Vec<(&'static str, String)> {
    let of = |argument: &str| unsigned(call, argument);
    let differs = |arguments: &[&str], own: Option<i64>| {
        let own = own.and_then(|own| u64::try_from(own).ok());
        let other = |value: u64| value & SAME != SAME && own.is_some_and(|own| own != value & SAME);
        arguments.iter().filter_map(|argument| of(argument)).any(other)
    };
    let needed = match name {
        "setuid" | "setreuid" | "setresuid" | "setfsuid" => {
            differs(&["uid", "ruid", "euid", "suid"], before.uid).then_some("SETUID")
        }
        "setgid" | "setregid" | "setresgid" | "setfsgid" => {
            differs(&["gid", "rgid", "egid", "sgid"], before.gid).then_some("SETGID")
        }
        "setgroups" => Some("SETGID"),
        "chown" | "lchown" | "fchown" | "fchownat" => {
            let is_other = differs(&["uid"], before.uid) || differs(&["gid"], before.gid);
            is_other.then_some("CHOWN")
        }
        "bind" => local_port
            .is_some_and(|port| (1..FREE_PORTS).contains(&port))
            .then_some("NET_BIND_SERVICE"),
        "socket" => {
            let domain = of("domain").unwrap_or(0);
            let is_raw = of("type").is_some_and(|kind| kind & 0xf == SOCK_RAW);
            let takes = domain == AF_PACKET || is_raw && domain != AF_UNIX && domain != AF_NETLINK;
            takes.then_some("NET_RAW")
        }
        "mknod" | "mknodat" => {
            of("mode").is_some_and(|mode| DEVICES.contains(&(mode & 0o170_000))).then_some("MKNOD")
        }
        "unshare" => of("flags").is_some_and(|it| it & !NEW_USER != 0).then_some("SYS_ADMIN"),
        "mount" | "umount" | "umount2" | "pivot_root" | "setns" | "sethostname"
        | "setdomainname" | "swapon" | "swapoff" | "quotactl" | "fsopen" | "fsmount"
        | "move_mount" | "mount_setattr" | "fanotify_init" => Some("SYS_ADMIN"),
        "chroot" => Some("SYS_CHROOT"),
        "init_module" | "finit_module" | "delete_module" => Some("SYS_MODULE"),
        "reboot" | "kexec_load" | "kexec_file_load" => Some("SYS_BOOT"),
        "settimeofday" | "clock_settime" => Some("SYS_TIME"),
        "iopl" | "ioperm" => Some("SYS_RAWIO"),
        "bpf" => Some("BPF"),
        "perf_event_open" => Some("PERFMON"),
        "open_by_handle_at" => Some("DAC_READ_SEARCH"),
        "acct" => Some("SYS_PACCT"),
        "syslog" => Some("SYSLOG"),
        "vhangup" => Some("SYS_TTY_CONFIG"),
        _ => None,
    };
    let reason = || match (name, local_port) {
        ("bind", Some(port)) => format!("bind to port {port}"),
        _ => name.to_owned(),
    };
    needed.map(|capability| (capability, reason())).into_iter().collect()
}
