//! What is read and written tells who a socket talks to.

use super::Step;
use super::socket::{become_ip, guess, rename, set_ends};
use crate::scap::DescriptorKind;
use crate::scap::codes as code;
use crate::syscall::show::address::{self, Tuple};
use crate::syscall::state::descriptor::{L4_TCP, L4_UDP, L4_UNKNOWN, Role};
use crate::syscall::state::{Descriptors, Fd, State, Text};

/// `read`, `recvfrom` and their kin.
pub(super) fn read(state: &mut State, step: &mut Step<'_>) {
    let tuple = match step.event_type.code {
        code::RECVFROM_X => Some(2),
        code::RECVMSG_X => Some(3),
        code::RECVMMSG_X | code::RECV_X => Some(4),
        _ => None,
    };
    transfer(state, step, tuple, true);
}

/// `write`, `sendto` and their kin.
pub(super) fn write(state: &mut State, step: &mut Step<'_>) {
    let number = step.event_type.code;
    let tuple =
        matches!(number, code::SEND_X | code::SENDTO_X | code::SENDMSG_X | code::SENDMMSG_X)
            .then_some(4);
    if matches!(number, code::SEND_X | code::SENDTO_X | code::SENDMSG_X)
        && step.succeeded()
        && step.file(state).is_none()
        && let Some(fd) = step.parameters.signed(2)
    {
        let parameters = step.parameters;
        guess(state, step, fd, parameters.get(4));
    }
    transfer(state, step, tuple, false);
}

fn transfer(state: &mut State, step: &mut Step<'_>, tuple_at: Option<usize>, incoming: bool) {
    if step.parameters.get(0).is_empty() || !step.succeeded() {
        return;
    }
    let Some(file) = step.file(state) else { return };
    // Most transfers are of files and tell nothing.
    let connects = file.is_connection() && !file.connected;
    let told = tuple_at.filter(|_| file.name.is_empty() || !file.is_ipv4(L4_TCP));
    let tuple = told.map(|at| step.parameters.get(at)).filter(|tuple| !tuple.is_empty());
    if connects && let Some(file) = step.file_mut(state) {
        file.connected = true;
    }
    if let Some(tuple) = tuple.and_then(Tuple::read) {
        step.renamed |= update(state, step, &tuple, incoming);
    }
}

/// Notes what a tuple says, and says whether the file has another name afterwards.
fn update(state: &mut State, step: &Step<'_>, tuple: &Tuple<'_>, incoming: bool) -> bool {
    // Taken out while the rest of the table is looked at.
    let Some(mut file) = step.file(state).cloned() else { return false };
    match tuple {
        Tuple::Ip([from, to]) => {
            let mut ends = [*from, *to];
            if let (Some(from), Some(to)) = (address::mapped(from.0), address::mapped(to.0)) {
                ends = [(from, ends[0].1), (to, ends[1].1)];
            }
            become_ip(&mut file, ends[0].0.is_ipv6());
            let news = set_ends(&mut file, ends, false);
            if news {
                if file.protocol == L4_UNKNOWN {
                    // TCP would not change its addresses in the middle.
                    file.protocol = L4_UDP;
                }
                state.interfaces.complete(&mut file);
                if file.role == Role::None {
                    file.role = role(state, step, &file, incoming);
                }
                let turned = if incoming { Role::Client } else { Role::Server };
                if file.role == turned {
                    file.ends.swap(0, 1);
                }
                let name = address::of_socket(&file);
                rename(&mut file, name);
            }
        }
        Tuple::Unix(ends, _) => {
            file.kind = DescriptorKind::Unix;
            file.unix = *ends;
            rename(&mut file, Text::from(address::tuple_text(tuple).as_slice()));
        }
        Tuple::Other(_) => return false,
    }
    let Some(known) = step.file_mut(state) else { return false };
    let renamed = *known.name != *file.name;
    *known = file;
    renamed
}

/// Whether a process is the server or the client of a connection that it was seen to use.
fn role(state: &State, step: &Step<'_>, file: &Fd, incoming: bool) -> Role {
    let place = step.thread.and_then(|place| state.threads.owner(place));
    let Some(owner) = place.and_then(|place| state.threads.get(place)) else { return Role::Client };
    // A socket of IPv4 has these ports itself by now, so that only the direction tells.
    if file.kind != DescriptorKind::Ipv4 {
        if !bound_to(&owner.fds, file.ends[1].1) {
            return Role::Client;
        }
        if !uses_client_port(&owner.fds, file.ends[0].1) {
            return Role::Server;
        }
    }
    if incoming { Role::Server } else { Role::Client }
}

fn bound_to(fds: &Descriptors, port: u16) -> bool {
    fds.iter().any(|(_, fd)| {
        matches!(fd.kind, DescriptorKind::Ipv4 | DescriptorKind::Ipv4Server) && fd.ends[1].1 == port
    })
}

fn uses_client_port(fds: &Descriptors, port: u16) -> bool {
    fds.iter().any(|(_, fd)| fd.kind == DescriptorKind::Ipv4 && fd.ends[0].1 == port)
}
