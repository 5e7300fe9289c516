//! `fd` and `fdlist`: the file or socket that an event is about.
//!
//! After libsinsp's `sinsp_filtercheck_fd.cpp` and `sinsp_filtercheck_fdlist.cpp`.

use std::fmt::Write;
use std::net::IpAddr;

use super::{Answer, bytes, number, signed, yes};
use crate::event::{Arena, FieldRef, Value, Values};
use crate::scap::DescriptorKind;
use crate::scap::codes as code;
use crate::scap::schema::{CLOSES_FD, CREATES_FD, USES_FD};
use crate::syscall::call::SystemCall;
use crate::syscall::changes::folder_of;
use crate::syscall::show::address::Ip;
use crate::syscall::show::{Words, argument};
use crate::syscall::state::descriptor::{
    L4_ICMP, L4_RAW, L4_TCP, L4_UDP, LOWER_LAYER, Role, UPPER_LAYER,
};
use crate::syscall::state::{Fd, Thread};

/// The ends of a connection as fields name them.
#[derive(Clone, Copy)]
enum End {
    Client,
    Server,
    Local,
    Remote,
}

pub(super) fn answer(name: &str) -> Option<Answer> {
    files(name).or_else(|| sockets(name)).or_else(|| lists(name))
}

/// The thread of an event that makes, uses or closes a file; and the file where it is known.
fn about<'e>(call: &SystemCall<'e>) -> Option<(&'e Thread, Option<&'e Fd>)> {
    if !call.event_type().is(CREATES_FD | USES_FD | CLOSES_FD) {
        return None;
    }
    let thread = call.thread()?;
    let last = || call.place().and_then(|place| call.state().fd(place, thread.last_fd));
    Some((thread, call.fd().or_else(last)))
}

fn file<'e>(call: &SystemCall<'e>, value: impl FnOnce(&'e Fd) -> Values<'e>) -> Values<'e> {
    about(call).and_then(|(_, fd)| fd).map_or(Values::Absent, value)
}

fn files(name: &str) -> Option<Answer> {
    Some(match name {
        "fd.num" => {
            |call, _, _| about(call).map_or(Values::Absent, |(thread, _)| signed(thread.last_fd))
        }
        "fd.type" => |call, _, _| file(call, |fd| bytes(fd.word().as_bytes())),
        "fd.types" => types,
        "fd.typechar" => |call, _, arena| {
            about(call).map_or(Values::Absent, |(_, fd)| {
                let letter = fd.map_or_else(|| guessed_letter(call), Fd::letter);
                bytes(arena.alloc_slice_copy(&[letter]))
            })
        },
        "fd.name" => |call, _, arena| named(call, arena).map_or(Values::Absent, bytes),
        "fd.containername" => |call, _, arena| {
            named(call, arena).map_or(Values::Absent, |name| in_container(call, name, arena))
        },
        "fd.nameraw" => |call, _, arena| match about(call) {
            Some((_, Some(fd))) => bytes(without_doubled(&fd.name_raw, arena)),
            Some((_, None)) => {
                let name = name_of_call(call, true, arena);
                name.map_or(Values::Absent, |name| bytes(without_doubled(name, arena)))
            }
            None => Values::Absent,
        },
        "fd.directory" => |call, _, arena| directory(call, arena).map_or(Values::Absent, bytes),
        "fd.containerdirectory" => |call, _, arena| {
            directory(call, arena).map_or(Values::Absent, |name| in_container(call, name, arena))
        },
        "fd.filename" => |call, _, _| {
            file(call, |fd| if fd.is_file() { bytes(filename(&fd.name)) } else { Values::Absent })
        },
        "fd.uid" => |call, _, arena| {
            about(call).map_or(Values::Absent, |(thread, _)| {
                let mut words = Words::new(arena);
                let _ = write!(words, "{}{}", thread.tid, thread.last_fd);
                bytes(words.finish())
            })
        },
        "fd.name_changed" => |call, _, _| file(call, |_| yes(call.renamed())),
        "fd.dev" => |call, _, _| file(call, |fd| signed(fd.dev.cast_signed().into())),
        // How the kernel puts both parts into one number.
        "fd.dev.major" => |call, _, _| file(call, |fd| signed(i64::from(fd.dev >> 8 & 0xfff))),
        "fd.dev.minor" => {
            |call, _, _| file(call, |fd| signed(i64::from(fd.dev & 0xff | fd.dev >> 12 & 0xf_ff00)))
        }
        "fd.ino" => |call, _, _| file(call, |fd| signed(fd.ino.cast_signed())),
        "fd.is_upper_layer" => {
            |call, _, _| file(call, |fd| yes(fd.is_file() && fd.open_flags & UPPER_LAYER != 0))
        }
        "fd.is_lower_layer" => {
            |call, _, _| file(call, |fd| yes(fd.is_file() && fd.open_flags & LOWER_LAYER != 0))
        }
        _ => return None,
    })
}

/// The kinds of all open files, each once; of one file where its number is told.
fn types<'e>(call: &SystemCall<'e>, field: &FieldRef, arena: &'e Arena) -> Values<'e> {
    if about(call).is_none() {
        return Values::Absent;
    }
    let Some(place) = call.place() else { return Values::Absent };
    if let Some(fd) = field.index() {
        let fd = i64::try_from(fd).ok().and_then(|fd| call.state().fd(place, fd));
        let word = fd.map(|fd| Value::Bytes(fd.word().as_bytes()));
        return word
            .map_or(Values::Absent, |word| Values::Many(std::slice::from_ref(arena.alloc(word))));
    }
    let threads = &call.state().threads;
    let owner = threads.owner(place).and_then(|owner| threads.get(owner));
    let mut words = bumpalo::collections::Vec::new_in(arena);
    for (_, fd) in owner.into_iter().flat_map(|owner| owner.fds.iter()) {
        let word = Value::Bytes(fd.word().as_bytes());
        if !words.contains(&word) {
            words.push(word);
        }
    }
    Values::Many(words.into_bump_slice())
}

/// What a file will be that a call has not made yet.
fn guessed_letter(call: &SystemCall<'_>) -> u8 {
    match call.event_type().code | 1 {
        code::OPENAT_X | code::OPENAT2_X | code::CREAT_X => b'f',
        code::SOCKET_X | code::ACCEPT_X | code::ACCEPT4_X => b'4',
        code::PIPE_X | code::PIPE2_X => b'p',
        code::EVENTFD_X | code::EVENTFD2_X => b'e',
        code::SIGNALFD_X | code::SIGNALFD4_X => b's',
        code::TIMERFD_CREATE_X => b't',
        code::INOTIFY_INIT_X | code::INOTIFY_INIT1_X => b'i',
        _ => b'o',
    }
}

fn named<'e>(call: &SystemCall<'e>, arena: &'e Arena) -> Option<&'e [u8]> {
    match about(call)? {
        (_, Some(fd)) => Some(&fd.name),
        (_, None) => name_of_call(call, false, arena),
    }
}

/// The name of a file that is not known, as the call had it.
fn name_of_call<'e>(call: &SystemCall<'e>, raw: bool, arena: &'e Arena) -> Option<&'e [u8]> {
    if !call.event_type().is_exit() {
        return None;
    }
    match call.event_type().code {
        code::OPEN_X | code::ACCEPT_X | code::ACCEPT4_X | code::CREAT_X | code::CONNECT_X => {
            argument::shown(call, 1, arena).map(|shown| shown.best())
        }
        code::OPENAT_X | code::OPENAT2_X => {
            let (dirfd, name) = (call.parameters().signed(1), call.parameters().text(2));
            if call.parameters().get(2).is_empty() {
                return None;
            }
            if raw {
                return Some(name);
            }
            let mut buffer = [0; 1024];
            let folder = folder_of(call.state(), call.place(), name, dirfd?);
            Some(arena.alloc_slice_copy(folder.join(name, &mut buffer)))
        }
        code::OPEN_BY_HANDLE_AT_X => Some(call.parameters().text(3)),
        _ => Some(b""),
    }
}

fn in_container<'e>(call: &SystemCall<'e>, name: &[u8], arena: &'e Arena) -> Values<'e> {
    let container = call.thread().and_then(|thread| thread.cgroups.container());
    let mut words = Words::new(arena);
    words.push(container.unwrap_or_default().as_bytes());
    words.push(b":");
    words.push(name);
    bytes(words.finish())
}

/// The folder that a file is in; of a folder itself.
fn directory<'e>(call: &SystemCall<'e>, arena: &'e Arena) -> Option<&'e [u8]> {
    let name = match about(call)?.1 {
        Some(fd) if fd.is_directory() => return Some(&fd.name),
        Some(fd) if fd.is_file() => &fd.name,
        Some(_) => return None,
        None => name_of_call(call, false, arena)?,
    };
    Some(match name.iter().rposition(|byte| *byte == b'/') {
        None | Some(0) => b"/",
        Some(at) if at + 1 < name.len() => name.get(..at).unwrap_or_default(),
        Some(_) => name,
    })
}

fn filename(name: &[u8]) -> &[u8] {
    match name.iter().rposition(|byte| *byte == b'/') {
        None => b"/",
        Some(at) if at + 1 < name.len() => name.get(at + 1..).unwrap_or_default(),
        Some(_) => name,
    }
}

/// A path in which no slash follows another.
fn without_doubled<'e>(path: &'e [u8], arena: &'e Arena) -> &'e [u8] {
    if !path.windows(2).any(|pair| pair == b"//") {
        return path;
    }
    let mut words = Words::new(arena);
    let mut last = 0;
    for byte in path {
        if (last, *byte) != (b'/', b'/') {
            words.push(&[*byte]);
        }
        last = *byte;
    }
    words.finish()
}

/// A connection of which it is known which end this is.
fn connection<'e>(call: &SystemCall<'e>) -> Option<&'e Fd> {
    let fd = about(call)?.1?;
    (fd.is_connection() && fd.role != Role::None).then_some(fd)
}

/// One end of a connection, or what a server listens on.
fn end(call: &SystemCall<'_>, end: End) -> Option<(IpAddr, u16)> {
    if matches!(end, End::Server) {
        let fd = about(call)?.1?;
        if matches!(fd.kind, DescriptorKind::Ipv4Server | DescriptorKind::Ipv6Server) {
            return Some(fd.ends[1]);
        }
    }
    let fd = connection(call)?;
    let client_is_local = || call.state().interfaces.has(fd.ends[0].0);
    let client = match end {
        End::Client => true,
        End::Server => false,
        End::Local => client_is_local(),
        End::Remote => !client_is_local(),
    };
    let [from, to] = fd.ends;
    Some(if client { from } else { to })
}

fn address<'e>(call: &SystemCall<'e>, which: End) -> Values<'e> {
    // libsinsp says the address of a listening server only where it knows the role.
    end(call, which).map_or(Values::Absent, |(ip, _)| Values::One(Value::Address(ip)))
}

fn port<'e>(call: &SystemCall<'e>, which: End) -> Values<'e> {
    end(call, which).map_or(Values::Absent, |(_, port)| number(port.into()))
}

/// The service of a port; names of services are not looked up, as Falco does not by default.
fn service<'e>(call: &SystemCall<'e>, which: End, arena: &'e Arena) -> Values<'e> {
    end(call, which).map_or(Values::Absent, |(_, port)| {
        let mut words = Words::new(arena);
        let _ = write!(words, "{port}");
        bytes(words.finish())
    })
}

/// Both ends, for fields that hold for either.
fn either<'e>(
    call: &SystemCall<'e>,
    arena: &'e Arena,
    value: impl Fn((IpAddr, u16)) -> Value<'e>,
) -> Values<'e> {
    file(call, |fd| {
        let ends = match fd.kind {
            DescriptorKind::Ipv4 | DescriptorKind::Ipv6 => &fd.ends[..],
            DescriptorKind::Ipv4Server | DescriptorKind::Ipv6Server => &fd.ends[1..],
            _ => return Values::Absent,
        };
        Values::Many(arena.alloc_slice_fill_iter(ends.iter().map(|end| value(*end))))
    })
}

fn sockets(name: &str) -> Option<Answer> {
    Some(match name {
        "fd.ip" | "fd.net" => |call, _, arena| either(call, arena, |(ip, _)| Value::Address(ip)),
        "fd.port" | "fd.proto" => {
            |call, _, arena| either(call, arena, |(_, port)| Value::Unsigned(port.into()))
        }
        "fd.cip" | "fd.cnet" => |call, _, _| address(call, End::Client),
        "fd.sip" | "fd.snet" => |call, _, _| server_address(call),
        "fd.lip" | "fd.lnet" => |call, _, _| address(call, End::Local),
        "fd.rip" | "fd.rnet" => |call, _, _| address(call, End::Remote),
        "fd.cport" => |call, _, _| port(call, End::Client),
        "fd.sport" => |call, _, _| port(call, End::Server),
        "fd.lport" => |call, _, _| port(call, End::Local),
        "fd.rport" => |call, _, _| port(call, End::Remote),
        "fd.cproto" => |call, _, arena| empty_otherwise(call, service(call, End::Client, arena)),
        "fd.sproto" => |call, _, arena| service_of_server(call, arena),
        "fd.lproto" => |call, _, arena| service(call, End::Local, arena),
        "fd.rproto" => |call, _, arena| service(call, End::Remote, arena),
        // Nothing is asked of the network while a capture is read.
        "fd.cip.name" | "fd.sip.name" | "fd.lip.name" | "fd.rip.name" => |_, _, _| Values::Absent,
        "fd.l4proto" => |call, _, _| {
            file(call, |fd| {
                let name: &[u8] = match fd.l4() {
                    L4_TCP => b"tcp",
                    L4_UDP => b"udp",
                    L4_ICMP => b"icmp",
                    L4_RAW => b"raw",
                    _ => b"<NA>",
                };
                bytes(name)
            })
        },
        "fd.sockfamily" => |call, _, _| {
            file(call, |fd| match fd.kind {
                kind if kind.is_ip() => bytes(b"ip"),
                DescriptorKind::Unix => bytes(b"unix"),
                _ => Values::Absent,
            })
        },
        "fd.is_server" => |call, _, _| {
            file(call, |fd| match fd.kind {
                DescriptorKind::Ipv4Server | DescriptorKind::Ipv6Server => yes(true),
                kind if kind.is_ip() => yes(call.state().interfaces.has(fd.ends[1].0)),
                _ => yes(false),
            })
        },
        "fd.connected" => |call, _, _| file(call, |fd| yes(fd.connected)),
        _ => return None,
    })
}

/// The address of the server; of a listening one where it is known to be one.
fn server_address<'e>(call: &SystemCall<'e>) -> Values<'e> {
    let known = about(call).and_then(|(_, fd)| fd).is_some_and(|fd| fd.role != Role::None);
    if known { address(call, End::Server) } else { Values::Absent }
}

/// Of a file that is no connection the service of the client is empty rather than absent.
fn empty_otherwise<'e>(call: &SystemCall<'e>, values: Values<'e>) -> Values<'e> {
    let known = about(call).and_then(|(_, fd)| fd).is_some_and(|fd| fd.role != Role::None);
    if values.is_absent() && known { bytes(b"") } else { values }
}

/// Of a listening server the service is empty.
fn service_of_server<'e>(call: &SystemCall<'e>, arena: &'e Arena) -> Values<'e> {
    match connection(call) {
        Some(_) => service(call, End::Server, arena),
        None if end(call, End::Server).is_some() => bytes(b""),
        None => Values::Absent,
    }
}

/// What is asked of each file of a poll.
type Column = for<'e> fn(&mut Words<'e>, i64, Option<&Fd>) -> bool;

fn lists(name: &str) -> Option<Answer> {
    Some(match name {
        "fdlist.nums" => {
            |call, _, arena| list(call, arena, |words, number, _| write!(words, "{number}").is_ok())
        }
        "fdlist.names" => |call, _, arena| {
            list(call, arena, |words, _, fd| {
                let name = fd.map(|fd| &*fd.name).filter(|name| !name.is_empty());
                words.push(name.unwrap_or(b"<NA>"));
                true
            })
        },
        "fdlist.cips" => |call, _, arena| list(call, arena, |words, _, fd| ip(words, fd, 0)),
        "fdlist.sips" => |call, _, arena| list(call, arena, |words, _, fd| ip(words, fd, 1)),
        "fdlist.cports" => |call, _, arena| {
            list(call, arena, |words, _, fd| {
                let fd = fd.filter(|fd| fd.is_connection());
                fd.is_some_and(|fd| write!(words, "{}", fd.ends[0].1).is_ok())
            })
        },
        "fdlist.sports" => |call, _, arena| {
            list(call, arena, |words, _, fd| {
                let fd = fd.filter(|fd| fd.is_connection());
                fd.is_some_and(|fd| write!(words, "{}", fd.ends[1].1).is_ok())
            })
        },
        _ => return None,
    })
}

fn ip(words: &mut Words<'_>, fd: Option<&Fd>, end: usize) -> bool {
    let shown = |fd: &&Fd| if end == 0 { fd.is_connection() } else { fd.kind.is_ip() };
    let address = fd.filter(shown).and_then(|fd| fd.ends.get(end));
    address.is_some_and(|(ip, _)| write!(words, "{}", Ip(*ip)).is_ok())
}

fn list<'e>(call: &SystemCall<'e>, arena: &'e Arena, column: Column) -> Values<'e> {
    // On entry too, of captures that have entries.
    if !matches!(call.event_type().code | 1, code::POLL_X | code::PPOLL_X) {
        return Values::Absent;
    }
    let Some(at) = call.event_type().position("fds") else { return Values::Absent };
    let Some(place) = call.place() else { return Values::Absent };
    let mut words = Words::new(arena);
    for (number, _) in argument::descriptor_list(call.parameters().get(at)) {
        if column(&mut words, number, call.state().fd(place, number)) {
            words.push(b",");
        }
    }
    words.pop();
    if words.is_empty() { Values::Absent } else { bytes(words.finish()) }
}
