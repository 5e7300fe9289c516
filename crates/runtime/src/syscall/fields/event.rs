//! `evt` and `syscall`: the event itself, its arguments and its result.
//!
//! After libsinsp's `sinsp_filtercheck_event.cpp`.

use std::fmt::Write;

use super::{Answer, bytes, number, signed, yes};
use crate::event::{Arena, Event, FieldRef, Value, Values};
use crate::scap::DescriptorKind;
use crate::scap::codes as code;
use crate::scap::schema::{self, Category, READS, Shape, WAITS, WRITES};
use crate::syscall::call::SystemCall;
use crate::syscall::changes::folder_of;
use crate::syscall::show::{Words, argument};
use crate::syscall::state::{Fd, Thread};

const SECOND: u64 = 1_000_000_000;
/// How a file is opened, in Falco's numbers.
const O_RDONLY: u32 = 1;
const O_WRONLY: u32 = 1 << 1;
const O_CREAT: u32 = 1 << 2;
const O_TMPFILE: u32 = 1 << 13;
const F_CREATED: u32 = 1 << 14;
/// Anyone may run it: bits 6, 3 and 0 of a mode.
const MAY_EXECUTE: u32 = 0o111;

pub(super) fn answer(name: &str) -> Option<Answer> {
    basics(name)
        .or_else(|| arguments(name))
        .or_else(|| results(name))
        .or_else(|| amounts(name))
        .or_else(|| opening(name))
        .or_else(|| infrastructure(name))
}

fn basics(name: &str) -> Option<Answer> {
    Some(match name {
        // Entries are not given out any more, so that there is nothing to measure from.
        "evt.latency"
        | "evt.latency.s"
        | "evt.latency.ns"
        | "evt.latency.quantized"
        | "evt.wait_latency" => |_, _, _| number(0),
        "evt.latency.human" => |_, _, _| bytes(b"0ns"),
        "evt.deltatime" => |call, _, _| number(delta(call)),
        "evt.deltatime.s" => |call, _, _| number(delta(call) / SECOND),
        "evt.deltatime.ns" => |call, _, _| number(delta(call) % SECOND),
        "evt.outputtime" => |call, _, arena| {
            let mut words = Words::new(arena);
            let time = call.time();
            let _ = write!(words, "{}.{:09}", time / SECOND, time % SECOND);
            bytes(words.finish())
        },
        "evt.dir" => |call, _, _| bytes(if call.event_type().is_exit() { b"<" } else { b">" }),
        "evt.type" => |call, _, _| bytes(type_of(call)),
        "evt.type.is" => |call, field, _| yes(is_type(call, field)),
        "syscall.type" => |call, _, _| {
            if call.event_type().system_call { bytes(type_of(call)) } else { Values::Absent }
        },
        "evt.category" => |call, _, _| bytes(category(call).as_bytes()),
        "evt.cpu" => |call, _, _| signed(i64::from(call.cpu().cast_signed())),
        "evt.count" => |_, _, _| number(1),
        "evt.count.exit" => |call, _, _| {
            if call.event_type().is_exit() { number(1) } else { Values::Absent }
        },
        "evt.count.procinfo" => |call, _, _| {
            let main = call.thread().is_some_and(Thread::is_main);
            number(u64::from(call.event_type().code == code::PROCINFO_E && main))
        },
        "evt.count.threadinfo" => {
            |call, _, _| number(u64::from(call.event_type().code == code::PROCINFO_E))
        }
        "evt.around" => |call, _, _| number(call.time()),
        "util.cnt" => |_, _, _| number(1),
        _ => return None,
    })
}

/// The time since the event before.
fn delta(call: &SystemCall<'_>) -> u64 {
    match call.last_time() {
        0 => 0,
        last => call.time().wrapping_sub(last),
    }
}

/// The name of an event; of system calls without an event of their own that of the call.
fn type_of<'e>(call: &SystemCall<'e>) -> &'e [u8] {
    match call.event_type().code {
        code::GENERIC_X => {
            let name = call.parameters().unsigned(0).and_then(|number| u16::try_from(number).ok());
            name.and_then(schema::system_call).unwrap_or("unknown").as_bytes()
        }
        code::ASYNCEVENT_E => call.parameters().text(1),
        _ => call.event_type().name.as_bytes(),
    }
}

/// Whether it is of the type of a name or a number; of a name the last version that has it.
fn is_type(call: &SystemCall<'_>, field: &FieldRef) -> bool {
    let own = call.event_type().code;
    if let Some(number) = field.index() {
        return u64::from(own) == number;
    }
    let types = schema::event_types();
    let named = field.key().and_then(|name| types.iter().find(|one| one.name == name));
    named.is_some_and(|first| own == first.code || own == first.code + 1)
}

fn category(call: &SystemCall<'_>) -> &'static str {
    match call.event_type().category {
        Category::Unknown => "unknown",
        Category::Other => "other",
        Category::File => "file",
        Category::Net => "net",
        Category::Ipc => "IPC",
        Category::Memory => "memory",
        Category::Process => "process",
        Category::Sleep => "sleep",
        Category::System => "system",
        Category::Signal => "signal",
        Category::User => "user",
        Category::Time => "time",
        Category::Processing => "processing",
        Category::Wait => "wait",
        Category::Scheduler => "scheduler",
        Category::Internal => "internal",
        Category::Read | Category::Write | Category::OtherIo => match call.fd().map(|fd| fd.kind) {
            Some(
                DescriptorKind::File | DescriptorKind::FileWithFlags | DescriptorKind::Directory,
            ) => "file",
            Some(kind) if kind.is_ip() => "net",
            Some(
                DescriptorKind::Pipe
                | DescriptorKind::Unix
                | DescriptorKind::Event
                | DescriptorKind::Signal
                | DescriptorKind::Inotify
                | DescriptorKind::UserFault,
            ) => "ipc",
            _ => "unknown",
        },
    }
}

fn arguments(name: &str) -> Option<Answer> {
    Some(match name {
        "evt.arg" => |call, field, arena| {
            let shown = place(call, field).and_then(|at| argument::shown(call, at, arena));
            shown.map_or(Values::Absent, |shown| bytes(shown.best()))
        },
        "evt.rawarg" => {
            |call, field, _| place(call, field).map_or(Values::Absent, |at| raw(call, at))
        }
        "evt.args" | "evt.info" => |call, _, arena| bytes(all(call, arena)),
        "evt.buffer" => |call, _, _| {
            let at = call.event_type().position("data").filter(|at| *at < call.parameters().len());
            at.map_or(Values::Absent, |at| Values::One(Value::Bytes(call.parameters().get(at))))
        },
        "evt.abspath" => absolute_path,
        _ => return None,
    })
}

/// The place of the argument that a field names.
fn place(call: &SystemCall<'_>, field: &FieldRef) -> Option<usize> {
    let at = match (field.index(), field.key()) {
        (Some(index), _) => usize::try_from(index).ok()?,
        (None, Some(name)) => call.event_type().position(name)?,
        (None, None) => return None,
    };
    (at < call.parameters().len()).then_some(at)
}

/// An argument as it is.
fn raw<'e>(call: &SystemCall<'e>, at: usize) -> Values<'e> {
    let Some(parameter) = call.event_type().parameters.get(at) else { return Values::Absent };
    let value = call.parameters().get(at);
    match parameter.shape {
        Shape::Text | Shape::Path | Shape::RelativePath => bytes(call.parameters().text(at)),
        _ if value.is_empty() => Values::Absent,
        Shape::Signed | Shape::Errno | Shape::Descriptor | Shape::Process => {
            call.parameters().signed(at).map_or(Values::Absent, signed)
        }
        Shape::Unsigned
        | Shape::Flags
        | Shape::Enumeration
        | Shape::Mode
        | Shape::Uid
        | Shape::Gid
        | Shape::SignalSet
        | Shape::Signal
        | Shape::SystemCall
        | Shape::Duration
        | Shape::Time => call.parameters().unsigned(at).map_or(Values::Absent, number),
        Shape::Bool => yes(call.parameters().unsigned(at).is_some_and(|value| value != 0)),
        _ => Values::One(Value::Bytes(value)),
    }
}

/// All arguments as `name=value(meaning)`.
fn all<'e>(call: &SystemCall<'e>, arena: &'e Arena) -> &'e [u8] {
    if call.event_type().code == code::GENERIC_X {
        return b"";
    }
    let mut words = Words::new(arena);
    for (at, parameter) in call.event_type().parameters.iter().enumerate() {
        let Some(shown) = argument::shown(call, at, arena) else { break };
        if at > 0 {
            words.push(b" ");
        }
        words.push(parameter.name.as_bytes());
        words.push(b"=");
        words.push(shown.value);
        if !shown.meaning.is_empty() {
            words.push(b"(");
            words.push(shown.meaning);
            words.push(b")");
        }
    }
    words.finish()
}

/// The path of a call that takes a folder and a name, from the root on.
fn absolute_path<'e>(call: &SystemCall<'e>, field: &FieldRef, arena: &'e Arena) -> Values<'e> {
    let Some(thread) = call.place() else { return Values::Absent };
    let second = field.key() == Some("dst");
    let (folder, name) = match call.event_type().code {
        code::RENAMEAT_X | code::RENAMEAT2_X if second => ("newdirfd", "newpath"),
        code::RENAMEAT_X | code::RENAMEAT2_X => ("olddirfd", "oldpath"),
        code::SYMLINKAT_X => ("linkdirfd", "linkpath"),
        code::LINKAT_X if second => ("newdir", "newpath"),
        code::LINKAT_X => ("olddir", "oldpath"),
        code::OPENAT_X | code::OPENAT2_X | code::UNLINKAT_X => ("dirfd", "name"),
        code::MKDIRAT_X => ("dirfd", "path"),
        code::FCHMODAT_X => ("dirfd", "filename"),
        code::FCHOWNAT_X => ("dirfd", "pathname"),
        code::OPEN_BY_HANDLE_AT_X if call.result().is_some_and(|fd| fd > 0) => {
            let mut buffer = [0; 1024];
            let path = call.parameters().text(3);
            let joined = crate::syscall::state::path::joined(b"", path, &mut buffer);
            return bytes(arena.alloc_slice_copy(joined));
        }
        _ => return Values::Absent,
    };
    let places = (call.event_type().position(folder), call.event_type().position(name));
    let (Some(folder), Some(name)) = places else { return Values::Absent };
    if call.parameters().get(name).is_empty() {
        return Values::Absent;
    }
    let Some(dirfd) = call.parameters().signed(folder) else { return Values::Absent };
    let name = call.parameters().text(name);
    let mut buffer = [0; 1024];
    let folder = folder_of(call.state(), Some(thread), name, dirfd);
    let joined = if folder.is_unknown() {
        crate::syscall::state::path::joined(b"<UNKNOWN>/", name, &mut buffer)
    } else {
        folder.join(name, &mut buffer)
    };
    bytes(arena.alloc_slice_copy(joined))
}

fn results(name: &str) -> Option<Answer> {
    Some(match name {
        "evt.rawres" => |call, _, _| call.result().map_or(Values::Absent, signed),
        "evt.res" => |call, _, arena| match call.result() {
            None => Values::Absent,
            Some(result) if result >= 0 => bytes(b"SUCCESS"),
            Some(_) => {
                argument::shown(call, 0, arena).map_or(Values::Absent, |it| bytes(it.best()))
            }
        },
        "evt.failed" => |call, _, _| call.result().map_or(Values::Absent, |it| yes(it < 0)),
        "evt.count.error" => |call, _, _| errors(call),
        "evt.count.error.file" => |call, _, _| {
            let counts = call.fd().map_or_else(|| opens(call), is_file);
            if counts { errors(call) } else { Values::Absent }
        },
        "evt.count.error.net" => |call, _, _| {
            let counts = call.fd().map_or_else(|| connects(call), is_socket);
            if counts { errors(call) } else { Values::Absent }
        },
        "evt.count.error.memory" => |call, _, _| {
            if call.event_type().category == Category::Memory {
                errors(call)
            } else {
                Values::Absent
            }
        },
        "evt.count.error.other" => |call, _, _| {
            let memory = call.event_type().category == Category::Memory;
            let otherwise = || opens(call) || connects(call) || memory;
            let counted = call.fd().map_or_else(otherwise, |fd| is_file(fd) || is_socket(fd));
            if counted { Values::Absent } else { errors(call) }
        },
        _ => return None,
    })
}

fn errors<'e>(call: &SystemCall<'e>) -> Values<'e> {
    call.result().map_or(Values::Absent, |result| number(u64::from(result < 0)))
}

fn is_file(fd: &Fd) -> bool {
    fd.is_file() || fd.is_directory()
}

fn is_socket(fd: &Fd) -> bool {
    fd.kind.is_ip() || fd.kind == DescriptorKind::Unix
}

fn opens(call: &SystemCall<'_>) -> bool {
    matches!(
        call.event_type().code,
        code::OPEN_X | code::CREAT_X | code::OPENAT_X | code::OPENAT2_X | code::OPEN_BY_HANDLE_AT_X
    )
}

fn connects(call: &SystemCall<'_>) -> bool {
    matches!(call.event_type().code, code::ACCEPT_X | code::ACCEPT4_X | code::CONNECT_X)
}

fn amounts(name: &str) -> Option<Answer> {
    Some(match name {
        "evt.buflen" => |call, _, _| amount(call, None, |_| true),
        "evt.buflen.in" => |call, _, _| amount(call, Some(Category::Read), |_| true),
        "evt.buflen.out" => |call, _, _| amount(call, Some(Category::Write), |_| true),
        "evt.buflen.file" => |call, _, _| amount(call, None, Fd::is_file),
        "evt.buflen.file.in" => |call, _, _| amount(call, Some(Category::Read), Fd::is_file),
        "evt.buflen.file.out" => |call, _, _| amount(call, Some(Category::Write), Fd::is_file),
        "evt.buflen.net" => |call, _, _| amount(call, None, |fd| fd.kind.is_ip()),
        "evt.buflen.net.in" => {
            |call, _, _| amount(call, Some(Category::Read), |fd| fd.kind.is_ip())
        }
        "evt.buflen.net.out" => {
            |call, _, _| amount(call, Some(Category::Write), |fd| fd.kind.is_ip())
        }
        "evt.is_io" => |call, _, _| yes(call.event_type().is(READS | WRITES)),
        "evt.is_io_read" => |call, _, _| yes(call.event_type().is(READS)),
        "evt.is_io_write" => |call, _, _| yes(call.event_type().is(WRITES)),
        "evt.io_dir" => |call, _, _| match call.event_type() {
            kind if kind.is(WRITES) => bytes(b"write"),
            kind if kind.is(READS) => bytes(b"read"),
            _ => Values::Absent,
        },
        "evt.is_wait" => |call, _, _| yes(call.event_type().is(WAITS)),
        "evt.is_syslog" => |call, _, _| {
            let logs = |fd: &Fd| memchr::memmem::find(&fd.name, b"/dev/log").is_some();
            yes(call.event_type().is(WRITES) && call.fd().is_some_and(logs))
        },
        _ => return None,
    })
}

/// How many bytes were moved, where the file is of a kind.
fn amount<'e>(
    call: &SystemCall<'e>,
    category: Option<Category>,
    of_kind: fn(&Fd) -> bool,
) -> Values<'e> {
    let own = call.event_type().category;
    let fits = match category {
        Some(category) => own == category,
        None => matches!(own, Category::Read | Category::Write | Category::OtherIo),
    };
    let file = call.fd().filter(|fd| fits && of_kind(fd));
    let moved = file.and_then(|_| call.result()).and_then(|moved| u64::try_from(moved).ok());
    moved.map_or(Values::Absent, number)
}

fn opening(name: &str) -> Option<Answer> {
    Some(match name {
        "evt.is_open_read" => |call, _, _| yes(open_flags(call) & O_RDONLY != 0),
        "evt.is_open_write" => |call, _, _| yes(open_flags(call) & O_WRONLY != 0),
        "evt.is_open_create" => |call, _, _| {
            let flags = open_flags(call);
            let temporary = flags & O_TMPFILE != 0 && call.result().is_some_and(|fd| fd >= 0);
            yes(flags & F_CREATED != 0 || temporary)
        },
        "evt.is_open_exec" => |call, _, _| {
            let at = match call.event_type().code {
                code::CREAT_X => Some(2),
                code::OPEN_X if makes(call) => Some(3),
                code::OPENAT_X | code::OPENAT2_X if makes(call) => Some(4),
                _ => None,
            };
            let mode = at.and_then(|at| call.parameters().u32(at)).unwrap_or(0);
            yes(mode & MAY_EXECUTE != 0)
        },
        _ => return None,
    })
}

fn makes(call: &SystemCall<'_>) -> bool {
    open_flags(call) & (O_TMPFILE | O_CREAT) != 0
}

fn open_flags(call: &SystemCall<'_>) -> u32 {
    let at = match call.event_type().code {
        code::OPEN_X | code::OPEN_BY_HANDLE_AT_X => 2,
        code::OPENAT_X | code::OPENAT2_X => 3,
        _ => return 0,
    };
    call.parameters().u32(at).unwrap_or(0)
}

fn infrastructure(name: &str) -> Option<Answer> {
    Some(match name {
        "evt.infra.docker.name" => |call, _, _| docker(call, b"Event", |value| value),
        "evt.infra.docker.container.id" => {
            |call, _, _| docker(call, b"ID", |value| value.get(..12).unwrap_or(value))
        }
        "evt.infra.docker.container.name" => |call, _, _| docker(call, b"name", |value| value),
        "evt.infra.docker.container.image" => |call, _, _| {
            docker(call, b"Image", |value| {
                value.split(|byte| *byte == b'@').next().unwrap_or_default()
            })
        },
        _ => return None,
    })
}

/// A part of what an old kind of event says of Docker: `Event: start; ID: …`.
fn docker<'e>(
    call: &SystemCall<'e>,
    key: &[u8],
    value: impl Fn(&'e [u8]) -> &'e [u8],
) -> Values<'e> {
    if call.event_type().code != code::INFRA_E {
        return Values::Absent;
    }
    let description = call.parameters().text(2);
    let parts = description.split(|byte| *byte == b';').map(<[u8]>::trim_ascii);
    let found = parts.filter(|part| part.starts_with(key)).find_map(|part| {
        let at = memchr::memchr(b':', part)?;
        part.get(at + 1..)
    });
    found.map_or(Values::Absent, |part| bytes(value(part.trim_ascii()).trim_ascii()))
}
