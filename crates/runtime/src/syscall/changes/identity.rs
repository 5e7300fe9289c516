//! Who a thread acts for: users, groups, sessions, capabilities, containers.

use super::Step;
use crate::scap::codes as code;
use crate::syscall::state::State;
use crate::syscall::state::thread::{ALL_CAPABILITIES, CLONE_NEWUSER};

/// A thread becomes someone else.
pub(super) fn change(state: &mut State, step: &Step<'_>) {
    let Some(result) = step.result() else { return };
    let Some(thread) = step.thread.and_then(|place| state.threads.get_mut(place)) else { return };
    let number = |at| step.parameters.u32(at);
    match step.event_type.code {
        code::SETSID_X if result >= 0 => thread.sid = result,
        code::SETRESUID_X | code::SETREUID_X if result == 0 => {
            thread.uid = number(2).unwrap_or(thread.uid);
        }
        code::SETUID_X if result == 0 => thread.uid = number(1).unwrap_or(thread.uid),
        code::SETRESGID_X | code::SETREGID_X if result == 0 => {
            thread.gid = number(2).unwrap_or(thread.gid);
        }
        code::SETGID_X if result == 0 => thread.gid = number(1).unwrap_or(thread.gid),
        code::CAPSET_X if result >= 0 => {
            let set = |at| step.parameters.unsigned(at).unwrap_or_default();
            thread.cap_inheritable = set(1);
            thread.cap_permitted = set(2);
            thread.cap_effective = set(3);
        }
        code::UNSHARE_X | code::SETNS_X if result >= 0 => {
            let at = if step.event_type.code == code::UNSHARE_X { 1 } else { 2 };
            if number(at).is_some_and(|flags| flags & CLONE_NEWUSER != 0) {
                thread.cap_inheritable = ALL_CAPABILITIES;
                thread.cap_permitted = ALL_CAPABILITIES;
                thread.cap_effective = ALL_CAPABILITIES;
            }
        }
        _ => {}
    }
}

/// An account of the machine or a container comes or goes.
pub(super) fn account(state: &mut State, step: &Step<'_>) {
    let text = |at| step.parameters.text(at);
    let Some(id) = step.parameters.u32(0) else { return };
    match step.event_type.code {
        code::USER_ADDED_E => {
            state.accounts.add_user(text(5), id, [text(2), text(3), text(4)]);
        }
        code::USER_DELETED_E => state.accounts.remove_user(text(5), id),
        code::GROUP_ADDED_E => state.accounts.add_group(text(2), id, text(1)),
        _ => state.accounts.remove_group(text(2), id),
    }
}

/// The container plugin tells of a container.
pub(super) fn container(state: &mut State, step: &Step<'_>) {
    let (json, removed) = if step.event_type.code == code::ASYNCEVENT_E {
        match step.parameters.text(1) {
            b"container" => (step.parameters.get(2), false),
            b"container_removed" => (step.parameters.get(2), true),
            _ => return,
        }
    } else {
        (step.parameters.get(0), false)
    };
    state.containers.describe(json, step.number, removed);
}
