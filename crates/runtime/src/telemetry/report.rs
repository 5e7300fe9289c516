//! What other sensors tell of an event, in words that all of them share.

use std::net::{IpAddr, SocketAddr};

/// An event as another sensor tells it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Report {
    /// Nanoseconds since 1970.
    pub(super) time: u64,
    /// The machine that it was on.
    pub(super) host: Option<String>,
    /// Who did it.
    pub(super) actor: Actor,
    /// The processes that it comes from, the nearest first, as far as they are told.
    pub(super) ancestors: Vec<Actor>,
    /// What was done.
    pub(super) deed: Deed,
    /// Names of users that it tells.
    pub(super) users: Vec<(u32, String)>,
}

/// A process.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Actor {
    pub(super) pid: i64,
    pub(super) tid: i64,
    pub(super) ppid: Option<i64>,
    /// The number that the process has for itself.
    pub(super) vpid: Option<i64>,
    /// The number that the thread has there.
    pub(super) vtid: Option<i64>,
    pub(super) uid: Option<u32>,
    pub(super) gid: Option<u32>,
    pub(super) loginuid: Option<u32>,
    /// The file that it runs.
    pub(super) binary: String,
    /// What the kernel calls it, where that is not the end of `binary`.
    pub(super) comm: Option<String>,
    /// Its arguments, the first of which is the name that it was run by.
    pub(super) argv: Vec<String>,
    pub(super) cwd: Option<String>,
    pub(super) container: Option<Container>,
    /// Tells executions under one number apart.
    pub(super) execution: String,
}

/// A container.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Container {
    /// All of its number that is told.
    pub(super) id: String,
    /// The runtime, as `docker` or `containerd`.
    pub(super) runtime: String,
    pub(super) name: String,
    pub(super) image: String,
    pub(super) digest: String,
    pub(super) namespace: String,
    pub(super) pod: String,
    pub(super) pod_uid: String,
    pub(super) labels: Vec<(String, String)>,
}

/// What was done.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Deed {
    /// A program was run, or was not: the result of the call.
    Run(i64),
    /// The process ended.
    End { status: i64, signal: u8 },
    /// A call.
    Call(Call),
    /// Nothing that rules can ask for; the processes are known from here on.
    Nothing,
}

/// The number of a file or a socket whose own is not told.
pub(super) const UNTOLD: i64 = 1_000_000;

/// A system call.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Call {
    pub(super) name: String,
    /// Nothing where it is not told.
    pub(super) result: Option<i64>,
    /// Its arguments in the order of the call; none where one is not told.
    pub(super) arguments: Vec<Option<Datum>>,
    /// The file or the socket that it worked on, where that is told rather than its number.
    pub(super) target: Option<Target>,
}

/// An argument.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Datum {
    /// As the kernel has it.
    Number(i64),
    /// As captures have it already.
    Converted(u64),
    Text(Vec<u8>),
    Address(Address),
}

/// What a call worked on.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Target {
    File(String),
    Connection { from: SocketAddr, to: SocketAddr, udp: bool },
}

/// The address of a socket.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Address {
    Ip(SocketAddr),
    Unix(Vec<u8>),
    /// Of another family.
    Other(u8),
}

impl Actor {
    /// What the kernel calls the process.
    pub(super) fn comm(&self) -> &str {
        let last = self.binary.rsplit('/').next().unwrap_or_default();
        let name = self.comm.as_deref().unwrap_or(last);
        let mut end = name.len().min(15);
        while !name.is_char_boundary(end) {
            end -= 1;
        }
        name.get(..end).unwrap_or_default()
    }

    /// The name that it was run by.
    pub(super) fn exe(&self) -> &str {
        self.argv.first().map_or(&self.binary, String::as_str)
    }
}

/// The end of a connection that is not told, by the family of the other.
pub(super) fn nowhere(other: SocketAddr) -> SocketAddr {
    let any = if other.is_ipv4() { IpAddr::from([0; 4]) } else { IpAddr::from([0; 16]) };
    SocketAddr::new(any, 0)
}
