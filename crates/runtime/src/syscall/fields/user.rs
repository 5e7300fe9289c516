//! `user` and `group`: whom a thread acts for.

use super::{Answer, bytes, number, signed};
use crate::event::Values;
use crate::syscall::call::SystemCall;
use crate::syscall::state::Thread;

pub(super) fn answer(name: &str) -> Option<Answer> {
    Some(match name {
        "user.uid" => |call, _, _| of(call, |thread| number(thread.uid.into())),
        "user.name" => |call, _, _| of(call, |thread| name_of(call, thread, thread.uid)),
        "user.homedir" => |call, _, _| {
            of(call, |thread| match (user(call, thread, thread.uid), thread.uid) {
                (Some(user), _) => bytes(&user.home),
                (None, 0) => bytes(b"/root"),
                _ => bytes(b"<NA>"),
            })
        },
        "user.shell" => |call, _, _| {
            of(call, |thread| {
                let user = user(call, thread, thread.uid);
                bytes(user.map_or(&b"<NA>"[..], |user| &user.shell))
            })
        },
        "user.loginuid" => |call, _, _| {
            of(call, |thread| match thread.loginuid {
                u32::MAX => signed(-1),
                uid => signed(uid.into()),
            })
        },
        "user.loginname" => |call, _, _| of(call, |thread| name_of(call, thread, thread.loginuid)),
        "group.gid" => |call, _, _| of(call, |thread| number(thread.gid.into())),
        "group.name" => |call, _, _| {
            of(call, |thread| {
                let group = call.state().accounts.group(thread.cgroups.container(), thread.gid);
                match (group, thread.gid) {
                    (Some(name), _) => bytes(name),
                    (None, 0) => bytes(b"root"),
                    _ => bytes(b"<NA>"),
                }
            })
        },
        _ => return None,
    })
}

fn of<'e>(call: &SystemCall<'e>, value: impl FnOnce(&'e Thread) -> Values<'e>) -> Values<'e> {
    call.thread().map_or(Values::Absent, value)
}

fn user<'e>(
    call: &SystemCall<'e>,
    thread: &Thread,
    uid: u32,
) -> Option<&'e crate::syscall::state::User> {
    call.state().accounts.user(thread.cgroups.container(), uid)
}

fn name_of<'e>(call: &SystemCall<'e>, thread: &Thread, uid: u32) -> Values<'e> {
    match (user(call, thread, uid), uid) {
        (Some(user), _) => bytes(&user.name),
        (None, 0) => bytes(b"root"),
        _ => bytes(b"<NA>"),
    }
}
