//! What an event asked the system for, as far as a document can permit or deny it.

use std::net::IpAddr;

use super::needs::{self, Owner};
use crate::event::{Arena, Event, FieldRef, Value, Values};
use crate::fields::Source;
use crate::scap::codes as code;
use crate::scap::schema;
use crate::syscall::SystemCall;

/// What an event asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Deed {
    /// The system call by its name in the kernel; none of what is no call.
    pub call: Option<&'static str>,
    /// The program that was started: its file, or its name where the capture lacks that.
    pub executes: Option<String>,
    /// Files and what was done to them; folders end with a slash where they are known to be some.
    pub files: Vec<(String, Access)>,
    /// The other end that was spoken to.
    pub peer: Option<Peer>,
    /// The family and the type of a new socket.
    pub socket: Option<(u64, u64)>,
    /// Capabilities that it takes, without `CAP_`, and what takes them.
    pub capabilities: Vec<(&'static str, String)>,
}

/// What is done to a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Access {
    /// Its content is read.
    Read,
    /// It is opened for writing.
    Write,
    /// It, or its name, is made, changed or removed otherwise.
    Change,
    /// It is mapped as code.
    Map,
}

/// The other end of a connection.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Peer {
    /// Who began.
    pub direction: Direction,
    /// Where the other end is.
    pub address: IpAddr,
    /// The port of the server.
    pub port: u16,
    /// `TCP` or `UDP`.
    pub protocol: &'static str,
    /// Whether the call was answered without a failure, or is under way.
    pub established: bool,
}

/// Who began a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Direction {
    /// The other end.
    In,
    /// The process that is observed.
    Out,
}

impl Deed {
    /// The families and types of the sockets that it uses: a new one, or that of a connection. A socket
    /// may be older than the capture, inherited, or made by a call that a log does not tell of.
    pub fn sockets(&self) -> impl Iterator<Item = (u64, u64)> {
        let spoken = self.peer.as_ref().map(|peer| {
            let family = if peer.address.is_ipv4() { INET } else { INET6 };
            (family, if peer.protocol == "TCP" { STREAM } else { DGRAM })
        });
        self.socket.into_iter().chain(spoken)
    }
}

/// `PPM_AF_INET` and `PPM_AF_INET6`, which are those of Linux.
const INET: u64 = 2;
const INET6: u64 = 10;
/// `SOCK_STREAM` and `SOCK_DGRAM`.
const STREAM: u64 = 1;
const DGRAM: u64 = 2;

/// Finds out what events asked for.
pub struct Witness {
    fields: Fields,
    owner: Owner,
}

struct Fields {
    exe: Option<FieldRef>,
    program: Option<FieldRef>,
    file: Option<FieldRef>,
    paths: Vec<FieldRef>,
    client: Option<FieldRef>,
    server: Option<FieldRef>,
    server_port: Option<FieldRef>,
    protocol: Option<FieldRef>,
    is_server: Option<FieldRef>,
    result: Option<FieldRef>,
}

/// A call that has only begun, as it is told of connections.
const EINPROGRESS: i64 = -115;
/// `PROT_EXEC` in Falco's numbers.
const PROT_EXEC: u64 = 1 << 2;
/// Events that are tracepoints although they stand among the calls.
const NO_CALLS: [&str; 11] = [
    "unknown",
    "na_1",
    "sched_process_exit",
    "sched_switch",
    "page_fault_user",
    "page_fault_kernel",
    "signal_deliver",
    "timerfd",
    "uprobe",
    "uretprobe",
    "NA",
];

impl Default for Witness {
    fn default() -> Self {
        Self::new()
    }
}

impl Witness {
    /// A witness that has seen nothing.
    pub fn new() -> Self {
        let field = |name: &str| FieldRef::resolve(Source::Syscall, name, None).ok();
        let paths = ["fs.path.name", "fs.path.source", "fs.path.target"];
        let fields = Fields {
            exe: field("proc.exepath"),
            program: field("proc.name"),
            file: field("fd.name"),
            paths: paths.into_iter().filter_map(field).collect(),
            client: field("fd.cip"),
            server: field("fd.sip"),
            server_port: field("fd.sport"),
            protocol: field("fd.l4proto"),
            is_server: field("fd.is_server"),
            result: field("evt.rawres"),
        };
        Self { fields, owner: Owner::new() }
    }

    /// What an event asked for; every event of a capture has to be shown, since identities change.
    pub fn deed(&mut self, call: &SystemCall<'_>, arena: &Arena) -> Deed {
        let before = self.owner.before(call, arena);
        if call.event_type().code == code::PROCEXIT_E {
            return Deed { call: exit(call), ..Deed::default() };
        }
        if !call.event_type().system_call || !call.event_type().is_exit() {
            return Deed::default();
        }
        let name = name(call);
        let result = self.number(call, self.fields.result.as_ref(), arena);
        let succeeded = result.is_none_or(|result| result >= 0);
        let mut deed = Deed { call: name, ..Deed::default() };
        let Some(name) = name else { return deed };
        deed.peer = self.peer(call, name, result, arena);
        if !succeeded {
            return deed;
        }
        match name {
            "execve" | "execveat" => {
                let text = |field: &Option<FieldRef>| self.text(call, field.as_ref(), arena);
                deed.executes = text(&self.fields.exe).or_else(|| text(&self.fields.program));
            }
            "socket" => {
                let of = |name| unsigned(call, name);
                deed.socket = of("domain").zip(of("type").map(|kind| kind & 0xf));
            }
            _ => self.files(call, name, arena, &mut deed.files),
        }
        let port = self.number(call, self.fields.server_port.as_ref(), arena);
        deed.capabilities = needs::of(call, name, &before, port);
        deed
    }

    fn files(
        &self,
        call: &SystemCall<'_>,
        name: &str,
        arena: &Arena,
        into: &mut Vec<(String, Access)>,
    ) {
        let opened = self.text(call, self.fields.file.as_ref(), arena);
        let opened = opened.filter(|path| path.starts_with('/'));
        match name {
            "open" | "openat" | "openat2" | "creat" | "open_by_handle_at" => {
                let Some(path) = opened else { return };
                let flags = unsigned(call, "flags").unwrap_or(0);
                let path = if flags & DIRECTORY == 0 { path } else { as_folder(path) };
                if flags & READS != 0 && name != "creat" {
                    into.push((path.clone(), Access::Read));
                }
                let is_named = matches!(name, "open" | "openat" | "openat2");
                if flags & WRITES != 0 && is_named {
                    into.push((path, Access::Write));
                } else if flags & (WRITES | MAKES) != 0 || name == "creat" {
                    into.push((path, Access::Change));
                }
            }
            "mmap" | "mmap2" if unsigned(call, "prot").is_some_and(|it| it & PROT_EXEC != 0) => {
                into.extend(opened.map(|path| (path, Access::Map)));
            }
            "mkdir" | "mkdirat" | "rmdir" | "unlink" | "unlinkat" | "rename" | "renameat"
            | "renameat2" | "link" | "linkat" | "symlink" | "symlinkat" | "chmod" | "fchmod"
            | "fchmodat" | "chown" | "lchown" | "fchown" | "fchownat" | "mknod" | "mknodat" => {
                let paths = self.fields.paths.iter();
                for (at, field) in paths.enumerate() {
                    // What a link stands for is not touched by making it.
                    if name.contains("link") && !name.starts_with("unlink") && at == 1 {
                        continue;
                    }
                    let path = self.text(call, Some(field), arena);
                    let path = path.filter(|path| path.starts_with('/'));
                    let is_folder = matches!(name, "mkdir" | "mkdirat" | "rmdir");
                    let path = path.map(|path| if is_folder { as_folder(path) } else { path });
                    into.extend(path.map(|path| (path, Access::Change)));
                }
            }
            _ => {}
        }
    }

    fn peer(
        &self,
        call: &SystemCall<'_>,
        name: &str,
        result: Option<i64>,
        arena: &Arena,
    ) -> Option<Peer> {
        let is_transfer = match name {
            "connect" | "accept" | "accept4" => false,
            "sendto" | "sendmsg" | "sendmmsg" | "recvfrom" | "recvmsg" | "recvmmsg" => true,
            _ => return None,
        };
        let fields = &self.fields;
        let protocol = match self.text(call, fields.protocol.as_ref(), arena)?.as_str() {
            "tcp" => "TCP",
            "udp" => "UDP",
            _ => return None,
        };
        // What goes over a connection was asked for when it was made.
        if is_transfer && protocol == "TCP" {
            return None;
        }
        let is_server = fields.is_server.as_ref().and_then(|field| first(call, field, arena));
        let is_in = match name {
            "connect" => false,
            "accept" | "accept4" => true,
            _ => is_server == Some(Value::Bool(true)),
        };
        let other = if is_in { &fields.client } else { &fields.server };
        let Value::Address(address) = first(call, other.as_ref()?, arena)? else { return None };
        let port = self.number(call, fields.server_port.as_ref(), arena)?;
        let port = u16::try_from(port).ok().filter(|port| *port != 0)?;
        let direction = if is_in { Direction::In } else { Direction::Out };
        let established = result.is_none_or(|it| it >= 0 || it == EINPROGRESS);
        Some(Peer { direction, address, port, protocol, established })
    }

    #[allow(clippy::unused_self, reason = "reads as its siblings do")]
    fn text(
        &self,
        call: &SystemCall<'_>,
        field: Option<&FieldRef>,
        arena: &Arena,
    ) -> Option<String> {
        let bytes = first(call, field?, arena)?.bytes()?;
        (!bytes.is_empty()).then(|| String::from_utf8_lossy(bytes).into_owned())
    }

    #[allow(clippy::unused_self, reason = "reads as its siblings do")]
    fn number(
        &self,
        call: &SystemCall<'_>,
        field: Option<&FieldRef>,
        arena: &Arena,
    ) -> Option<i64> {
        number(call, field?, arena)
    }
}

/// `O_RDONLY` in Falco's numbers.
const READS: u64 = 1;
/// `O_WRONLY` and `O_TMPFILE` in Falco's numbers.
const WRITES: u64 = 1 << 1 | 1 << 13;
/// `O_DIRECTORY` in Falco's numbers.
const DIRECTORY: u64 = 1 << 10;
/// `O_CREAT` and `O_TRUNC` in Falco's numbers.
const MAKES: u64 = 1 << 2 | 1 << 8;

/// With a slash behind it.
fn as_folder(path: String) -> String {
    if path.ends_with('/') { path } else { path + "/" }
}

pub(super) fn first<'e>(
    call: &'e SystemCall<'_>,
    field: &FieldRef,
    arena: &'e Arena,
) -> Option<Value<'e>> {
    match call.field(field, arena) {
        Values::Absent => None,
        Values::One(value) => Some(value),
        Values::Many(values) => values.first().copied(),
    }
}

pub(super) fn number(call: &SystemCall<'_>, field: &FieldRef, arena: &Arena) -> Option<i64> {
    match first(call, field, arena)? {
        Value::Signed(number) => Some(number),
        Value::Unsigned(number) => i64::try_from(number).ok(),
        _ => None,
    }
}

/// A parameter by its name.
pub(super) fn unsigned(call: &SystemCall<'_>, name: &str) -> Option<u64> {
    let at = call.event_type().position(name)?;
    (at < call.parameters().len()).then(|| call.parameters().unsigned(at))?
}

/// The name that the kernel has for a call.
fn name(call: &SystemCall<'_>) -> Option<&'static str> {
    let kind = call.event_type();
    let name = if kind.code == code::GENERIC_X {
        let number = u16::try_from(call.parameters().unsigned(0)?).ok()?;
        schema::system_call(number)?
    } else {
        kind.name
    };
    Some(match name {
        "pread" => "pread64",
        "pwrite" => "pwrite64",
        "prlimit" => "prlimit64",
        "llseek" => "_llseek",
        _ if NO_CALLS.contains(&name) => return None,
        _ => name,
    })
}

/// The call that a thread ends by, which never comes back; none where a signal ended it.
fn exit(call: &SystemCall<'_>) -> Option<&'static str> {
    if unsigned(call, "sig").is_some_and(|signal| signal != 0) {
        return None;
    }
    let is_main = call.thread().is_some_and(|thread| thread.pid == thread.tid);
    Some(if is_main { "exit_group" } else { "exit" })
}
