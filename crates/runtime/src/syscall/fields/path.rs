//! `fs.path`: the paths that a call works on, whether through an open file or by name.
//!
//! After libsinsp's `sinsp_filtercheck_fspath.cpp`.

use super::{Answer, bytes};
use crate::event::{Arena, Values};
use crate::scap::codes as code;
use crate::syscall::call::SystemCall;
use crate::syscall::changes::folder_of;
use crate::syscall::state::path::joined;

/// Which of a call's paths is asked for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Which {
    Name,
    Source,
    Target,
}

pub(super) fn answer(name: &str) -> Option<Answer> {
    Some(match name {
        "fs.path.name" => |call, _, arena| full(call, Which::Name, arena),
        "fs.path.nameraw" => |call, _, _| raw(call, Which::Name).map_or(Values::Absent, bytes),
        "fs.path.source" => |call, _, arena| full(call, Which::Source, arena),
        "fs.path.sourceraw" => |call, _, _| raw(call, Which::Source).map_or(Values::Absent, bytes),
        "fs.path.target" => |call, _, arena| full(call, Which::Target, arena),
        "fs.path.targetraw" => |call, _, _| raw(call, Which::Target).map_or(Values::Absent, bytes),
        _ => return None,
    })
}

/// A path as the call had it; none where the call failed.
fn raw<'e>(call: &SystemCall<'e>, which: Which) -> Option<&'e [u8]> {
    let number = call.event_type().code;
    let argument = match (number, which) {
        (
            code::MKDIR_X
            | code::MKDIRAT_X
            | code::RMDIR_X
            | code::UNLINK_X
            | code::CHOWN_X
            | code::LCHOWN_X,
            Which::Name,
        ) => "path",
        (
            code::UNLINKAT_X
            | code::OPEN_X
            | code::OPENAT_X
            | code::OPENAT2_X
            | code::UMOUNT_X
            | code::UMOUNT2_X,
            Which::Name,
        ) => "name",
        (code::FCHMODAT_X | code::CHMOD_X, Which::Name) => "filename",
        (code::FCHOWNAT_X, Which::Name) => "pathname",
        (code::QUOTACTL_X, Which::Name) => "special",
        (code::FCHMOD_X | code::FCHOWN_X, Which::Name) => {
            return call.fd().filter(|_| call.result() == Some(0)).map(|fd| &*fd.name);
        }
        (code::RENAME_X | code::RENAMEAT_X | code::RENAMEAT2_X, Which::Source)
        | (code::LINK_X | code::LINKAT_X, Which::Target) => "oldpath",
        (code::RENAME_X | code::RENAMEAT_X | code::RENAMEAT2_X, Which::Target)
        | (code::LINK_X | code::LINKAT_X, Which::Source) => "newpath",
        (code::SYMLINK_X | code::SYMLINKAT_X, Which::Source) => "linkpath",
        (code::SYMLINK_X | code::SYMLINKAT_X, Which::Target) => "target",
        (code::MOUNT_X, Which::Source) => "dev",
        (code::MOUNT_X, Which::Target) => "dir",
        _ => return None,
    };
    let succeeded = match number {
        // Of these only one result is called a failure.
        code::OPEN_X | code::OPENAT_X | code::OPENAT2_X => call.result() != Some(-1),
        _ => call.result() == Some(0),
    };
    let at = call.event_type().position(argument).filter(|_| succeeded)?;
    (at < call.parameters().len()).then(|| call.parameters().text(at))
}

/// The same from the root on.
fn full<'e>(call: &SystemCall<'e>, which: Which, arena: &'e Arena) -> Values<'e> {
    let Some(path) = raw(call, which).filter(|_| call.thread().is_some()) else {
        return Values::Absent;
    };
    let mut buffer = [0; 1024];
    let number = call.event_type().code;
    // The directory that the event is about. libsinsp does not know the working folder there.
    let directory = || {
        let at = call.event_type().descriptor;
        at.and_then(|at| call.parameters().signed(at)).unwrap_or(-1)
    };
    let within =
        |dirfd, buffer| folder_of(call.state(), call.place(), path, dirfd).join(path, buffer);
    // Our sensor says behind the known parameters what was opened in truth.
    let opened = matches!(number, code::OPEN_X | code::OPENAT_X | code::OPENAT2_X)
        && call.parameters().len() > call.event_type().parameters.len();
    let whole = if let Some(fd) = call.fd().filter(|_| opened) {
        joined(b"", &fd.name, &mut buffer)
    } else if path.starts_with(b"/") {
        joined(b"", path, &mut buffer)
    } else {
        match number {
            code::OPENAT_X | code::OPENAT2_X => {
                let name = call.fd().map_or(&b"<UNKNOWN>"[..], |fd| &fd.name);
                joined(b"", name, &mut buffer)
            }
            code::FCHOWNAT_X | code::FCHMODAT_X | code::MKDIRAT_X | code::UNLINKAT_X => {
                within(directory(), &mut buffer)
            }
            // What a link says is relative to where it stands.
            code::SYMLINKAT_X => within(directory(), &mut buffer),
            code::RENAMEAT2_X | code::RENAMEAT_X => {
                let at = if which == Which::Target { 3 } else { 1 };
                within(call.parameters().signed(at).unwrap_or(-1), &mut buffer)
            }
            code::LINKAT_X => {
                // The source is the new name.
                let at = if which == Which::Source { 3 } else { 1 };
                within(call.parameters().signed(at).unwrap_or(-1), &mut buffer)
            }
            _ => {
                let main = call.place().and_then(|place| call.state().threads.main_thread(place));
                joined(main.map_or(&b"./"[..], |main| &main.cwd), path, &mut buffer)
            }
        }
    };
    bytes(arena.alloc_slice_copy(whole))
}
