//! Sockets: which they are and what they are connected to.

use std::net::IpAddr;

use super::Step;
use crate::scap::DescriptorKind;
use crate::scap::codes as code;
use crate::syscall::show::address::{self, Address, Tuple};
use crate::syscall::state::descriptor::{
    L4_ICMP, L4_RAW, L4_TCP, L4_UDP, L4_UNKNOWN, O_CLOEXEC, Role, unspecified,
};
use crate::syscall::state::{Fd, State, Text};

const AF_UNIX: u32 = 1;
const AF_INET: u32 = 2;
const AF_INET6: u32 = 10;
const AF_NETLINK: u32 = 16;
const SOCK_STREAM: u32 = 1;
const SOCK_DGRAM: u32 = 2;
const SOCK_RAW: u32 = 3;
const EINPROGRESS: i64 = 115;

/// `socket`
pub(super) fn socket(state: &mut State, step: &mut Step<'_>) {
    let Some(fd) = step.result().filter(|fd| *fd >= 0) else { return };
    let number = |at| step.parameters.u32(at).unwrap_or(0);
    let file = new_socket(number(1), number(2), number(3), number(4));
    step.open(state, fd, file);
}

fn new_socket(domain: u32, kind: u32, protocol: u32, flags: u32) -> Fd {
    let raw = kind == SOCK_RAW;
    // IP, ICMP, TCP, UDP and RAW by their numbers.
    let l4 = match protocol {
        6 | 17 | 1 if raw => L4_RAW,
        6 => L4_TCP,
        17 => L4_UDP,
        1 => L4_ICMP,
        255 => L4_RAW,
        0 if kind & 0xff == SOCK_STREAM => L4_TCP,
        0 if kind & 0xff == SOCK_DGRAM => L4_UDP,
        _ => L4_UNKNOWN,
    };
    let (kind, protocol) = match domain {
        AF_UNIX => (DescriptorKind::Unix, L4_UNKNOWN),
        AF_INET => (DescriptorKind::Ipv4, l4),
        AF_INET6 => (DescriptorKind::Ipv6, l4),
        AF_NETLINK => (DescriptorKind::Netlink, L4_UNKNOWN),
        _ => (DescriptorKind::Unknown, L4_UNKNOWN),
    };
    Fd { protocol, open_flags: flags, ..Fd::new(kind) }
}

/// A datagram is sent over a socket whose beginning was missed.
pub(super) fn guess(state: &mut State, step: &mut Step<'_>, fd: i64, tuple: &[u8]) {
    let domain = match Tuple::read(tuple) {
        Some(Tuple::Ip(ends)) if ends[0].0.is_ipv4() => AF_INET,
        Some(Tuple::Ip(_)) => AF_INET6,
        _ => return,
    };
    step.open(state, fd, new_socket(domain, SOCK_DGRAM, 17, 0));
}

/// `bind`: with a port the socket is taken for a server's.
pub(super) fn bind(state: &mut State, step: &mut Step<'_>) {
    if !step.succeeded() {
        return;
    }
    let Some(address) = Address::read(step.parameters.get(1)) else { return };
    let name = Text::from(address::text(&address).as_slice());
    let Some(fd) = step.file_mut(state) else { return };
    if let Address::Ip(ip, port) = address
        && port > 0
    {
        let ip = address::mapped(ip).unwrap_or(ip);
        fd.kind = match ip {
            IpAddr::V4(_) => DescriptorKind::Ipv4Server,
            IpAddr::V6(_) => DescriptorKind::Ipv6Server,
        };
        fd.ends = [unspecified(ip.is_ipv6()), (ip, port)];
        fd.role = Role::Server;
    }
    step.renamed |= rename(fd, name);
}

/// Gives a file another name; false where it has it already.
pub(super) fn rename(fd: &mut Fd, name: Text) -> bool {
    let changed = *fd.name != *name;
    if changed {
        fd.name = name;
    }
    changed
}

/// `connect`
pub(super) fn connect(state: &mut State, step: &mut Step<'_>) {
    let Some(result) = step.result() else { return };
    if step.file(state).is_none() || (result < 0 && result != -EINPROGRESS) {
        return;
    }
    let entered =
        step.entry(state).and_then(|entry| Address::read(entry.get(1))).map(Address::keep);
    let tuple = Tuple::read(step.parameters.get(1));
    let exited = Address::read(step.parameters.get(3));
    let Some(fd) = step.file_mut(state) else { return };
    fd.connected = true;
    let renamed = match tuple {
        Some(tuple) => {
            connected(fd, &tuple, exited.as_ref(), entered.as_ref().map(|kept| kept.get()))
        }
        // Fast open has no tuple yet.
        None if step.parameters.get(1).is_empty() => {
            entered.is_some_and(|kept| aimed(fd, &kept.get()))
        }
        None => false,
    };
    step.renamed |= renamed;
}

/// A socket with both its ends.
fn connected(
    fd: &mut Fd,
    tuple: &Tuple<'_>,
    exited: Option<&Address<'_>>,
    entered: Option<Address<'_>>,
) -> bool {
    let renamed = match tuple {
        Tuple::Ip([from, to]) => {
            let mut to = *to;
            // The kernel's address where it differs from the caller's, which may change it until
            // the exit; what was given on entry cannot be changed any more.
            if let (Some(Address::Ip(ip, port)), Some(Address::Ip(given, given_port))) =
                (exited, entered)
                && (*ip, *port) == to
            {
                to = (given, given_port);
            }
            let mut ends = [*from, to];
            if let (Some(from), Some(to)) = (address::mapped(ends[0].0), address::mapped(ends[1].0))
            {
                ends = [(from, ends[0].1), (to, ends[1].1)];
            }
            become_ip(fd, ends[1].0.is_ipv6());
            let changed = set_ends(fd, ends, true);
            if changed && fd.role == Role::Server && fd.is_ipv4(L4_UDP) {
                fd.ends.swap(0, 1);
            }
            let name = address::of_socket(fd);
            rename(fd, name)
        }
        Tuple::Unix(ends, path) => {
            if fd.kind != DescriptorKind::Unix {
                return false;
            }
            let mut path = *path;
            if let (Some(Address::Unix(exit)), Some(Address::Unix(entry))) = (exited, entered)
                && *exit == path
            {
                path = entry;
            }
            fd.unix = *ends;
            let name = Text::from(address::unix_text(*ends, path).as_slice());
            rename(fd, name)
        }
        Tuple::Other(_) => return false,
    };
    if fd.role == Role::None {
        fd.role = Role::Client;
    }
    renamed
}

/// A socket of which only the address is known that it is to be connected to.
fn aimed(fd: &mut Fd, to: &Address<'_>) -> bool {
    match to {
        Address::Ip(ip, port) => {
            let ip = address::mapped(*ip).unwrap_or(*ip);
            become_ip(fd, ip.is_ipv6());
            fd.ends[1] = (ip, *port);
            false
        }
        other => rename(fd, Text::from(address::text(other).as_slice())),
    }
}

/// Makes a socket a connection of one family.
pub(super) fn become_ip(fd: &mut Fd, v6: bool) {
    let kind = if v6 { DescriptorKind::Ipv6 } else { DescriptorKind::Ipv4 };
    if fd.kind != kind {
        fd.kind = kind;
        fd.ends = [unspecified(v6); 2];
    }
}

/// Notes the ends of a connection, and says whether that is news. The far end is changed only
/// where it was not known, or where it is told to.
pub(super) fn set_ends(fd: &mut Fd, ends: [(IpAddr, u16); 2], overwrite: bool) -> bool {
    let [from, to] = ends;
    if fd.is_connection() && (fd.ends == [from, to] || fd.ends == [to, from]) {
        return false;
    }
    let mut changed = fd.ends[0] != from;
    fd.ends[0] = from;
    if fd.ends[1].0.is_unspecified() || (overwrite && fd.ends[1].0 != to.0) {
        fd.ends[1].0 = to.0;
        changed = true;
    }
    if fd.ends[1].1 == 0 || (overwrite && fd.ends[1].1 != to.1) {
        fd.ends[1].1 = to.1;
        changed = true;
    }
    changed
}

/// `accept`
pub(super) fn accept(state: &mut State, step: &mut Step<'_>) {
    let Some(fd) = step.result().filter(|fd| *fd >= 0) else { return };
    let Some(place) = step.thread else { return };
    if let Some(thread) = state.threads.get_mut(place) {
        thread.last_fd = fd;
    }
    let Some(tuple) = Tuple::read(step.parameters.get(1)) else { return };
    let mut file = match tuple {
        Tuple::Ip([from, to]) => {
            let mut ends = [from, to];
            if let (Some(from), Some(to)) = (address::mapped(from.0), address::mapped(to.0)) {
                ends = [(from, ends[0].1), (to, ends[1].1)];
            }
            let v6 = ends[0].0.is_ipv6();
            let kind = if v6 { DescriptorKind::Ipv6 } else { DescriptorKind::Ipv4 };
            Fd { ends, protocol: L4_TCP, ..Fd::new(kind) }
        }
        Tuple::Unix(unix, _) => Fd { unix, ..Fd::new(DescriptorKind::Unix) },
        Tuple::Other(_) => return,
    };
    file.name = Text::from(address::tuple_text(&tuple).as_slice());
    if step.event_type.code == code::ACCEPT4_X {
        file.open_flags = step.parameters.u32(5).unwrap_or(0) & O_CLOEXEC;
    }
    file.role = Role::Server;
    file.connected = true;
    step.open(state, fd, file);
}

/// `socketpair`; the event is about the first.
pub(super) fn pair(state: &mut State, step: &mut Step<'_>) {
    if !step.succeeded() {
        return;
    }
    let parameters = step.parameters;
    let (Some(first), Some(second)) = (parameters.signed(1), parameters.signed(2)) else { return };
    if first == second {
        step.fd = None;
        return;
    }
    let ends = [parameters.unsigned(3).unwrap_or(0), parameters.unsigned(4).unwrap_or(0)];
    let file = std::sync::Arc::new(Fd { unix: ends, ..Fd::new(DescriptorKind::Unix) });
    step.open_shared(state, first, file.clone());
    let about = step.fd;
    step.open_shared(state, second, file);
    step.fd = about;
}
