//! The system calls that can be watched: a line each, with what its event is made of.
//!
//! What each event has: `driver/modern_bpf/programs` of falcosecurity/libs. One call more is a line more.

use plimsoll_runtime::scap::codes::GENERIC_X;
use plimsoll_runtime::scap::schema::{self, EventType};

#[allow(clippy::wildcard_imports, reason = "the table is written in these words")]
use crate::op::*;
use plimsoll_runtime::scap::Fix;

/// A call and its event.
#[derive(Debug)]
pub(crate) struct Call {
    /// Its name.
    pub(crate) name: &'static str,
    /// Its number on this architecture.
    pub(crate) number: u32,
    /// The number that it has for processes of 32 bits.
    pub(crate) compat: Option<u32>,
    /// The type of its event on exit.
    pub(crate) event: u16,
    /// What the event is made of.
    pub(crate) parameters: &'static [Parameter],
}

/// The number that the end of a process has among the calls.
pub(crate) const EXIT: u32 = 511;

impl Call {
    /// The type of its event.
    pub(crate) fn event_type(&self) -> Option<&'static EventType> {
        schema::event_type(self.event)
    }
}

macro_rules! call {
    ($name:ident, $number:ident, $compat:expr, $event:expr, [$($parameter:expr),* $(,)?]) => {
        call!($name, $number, $compat, $event, &[$($parameter),*])
    };
    ($name:ident, $number:ident, $compat:expr, $event:expr, $parameters:expr) => {
        Call {
            name: stringify!($name),
            #[allow(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "a constant of libc, small and positive"
            )]
            number: libc::$number as u32,
            compat: $compat,
            event: $event,
            parameters: $parameters,
        }
    };
}

/// A call without an event of its own: which it is, by the number that captures have for it
/// (`crates/runtime/src/scap/system_calls.tsv`), and that of this architecture.
macro_rules! bare {
    ($name:ident, $number:ident, $compat:expr, $code:literal) => {
        call!(
            $name,
            $number,
            $compat,
            GENERIC_X,
            [
                constant_short($code),
                constant_short({
                    #[allow(
                        clippy::cast_possible_truncation,
                        clippy::cast_sign_loss,
                        reason = "a constant of libc, small and positive"
                    )]
                    let number = libc::$number as u16;
                    number
                })
            ]
        )
    };
}

const CLONE: [Parameter; 21] = born(clone_flags(0));
const FORK: [Parameter; 21] = born(constant(0).fixed(Fix::None));
const CLONE3: [Parameter; 21] = born(clone3_flags(0));

const fn born(flags: Parameter) -> [Parameter; 21] {
    [
        RES,
        EXE,
        ARGS,
        TID,
        PID,
        PTID,
        EMPTY,
        FD_LIMIT,
        MAJOR_FAULTS,
        MINOR_FAULTS,
        VM_SIZE,
        VM_RSS,
        VM_SWAP,
        COMM,
        CGROUPS,
        flags.fixed(Fix::Clone),
        EUID,
        EGID,
        VTID,
        VPID,
        NAMESPACE_START,
    ]
}

const fn run(name: Parameter) -> [Parameter; 31] {
    [
        RES,
        EXE,
        ARGS,
        TID,
        PID,
        PTID,
        EMPTY,
        FD_LIMIT,
        MAJOR_FAULTS,
        MINOR_FAULTS,
        VM_SIZE,
        VM_RSS,
        VM_SWAP,
        COMM,
        CGROUPS,
        ENV,
        TTY,
        VPGID,
        LOGINUID,
        EXE_FLAGS,
        CAP_INHERITABLE.fixed(Fix::Capabilities),
        CAP_PERMITTED.fixed(Fix::Capabilities),
        CAP_EFFECTIVE.fixed(Fix::Capabilities),
        EXE_INODE,
        EXE_CTIME,
        EXE_MTIME,
        EUID,
        EXE_PATH,
        PGID,
        EGID,
        name,
    ]
}

const EXECVE: [Parameter; 31] = run(text(0));
const EXECVEAT: [Parameter; 31] = run(text(1));

/// Behind the parameters that captures know comes the path that the name led to.
const fn open_flags(argument: u32) -> Parameter {
    opening(argument).fixed(Fix::Open)
}

const UID_SETS: [Parameter; 4] = [RES, number(0), number(1), number(2)];
const SOCKET: [Parameter; 5] = [RES, number(0), number(1), number(2), number(1).fixed(Fix::Socket)];
const ACCEPT: [Parameter; 5] =
    [RES, inward_of_result(), backlog_percent(0), backlog(0), backlog_most(0)];
const SENDMSG: [Parameter; 5] = [RES, message(1), fd(0), message_size(1), message_outward(1)];

/// The end of a process, which is no call.
pub(crate) static END: Call = Call {
    name: "procexit",
    number: EXIT,
    compat: None,
    event: 186,
    // Who takes over the children: 0 leaves it to the reader, which knows the tree.
    parameters: &[EXIT_STATUS, EXIT_VALUE, EXIT_SIGNAL, EXIT_CORE, constant_long(0)],
};

/// Calls that are on every architecture.
pub(crate) static ALL: &[Call] = &[
    call!(
        openat,
        SYS_openat,
        Some(295),
        307,
        [RES, fd(0), text(1), open_flags(2), mode(2), DEVICE, INODE, PATH]
    ),
    call!(
        openat2,
        SYS_openat2,
        Some(437),
        327,
        [
            RES,
            fd(0),
            text(1),
            how_flags(2).fixed(Fix::Open),
            how_mode(2),
            user_u32(2, 16).fixed(Fix::Resolve),
            DEVICE,
            INODE,
            PATH
        ]
    ),
    call!(
        open_by_handle_at,
        SYS_open_by_handle_at,
        Some(342),
        337,
        [RES, fd(0), open_flags(2), PATH, DEVICE, INODE]
    ),
    call!(close, SYS_close, Some(6), 5, [RES, fd(0)]),
    call!(
        close_range,
        SYS_close_range,
        Some(436),
        451,
        [RES, number(0), number(1), number(2).fixed(Fix::CloseRange)]
    ),
    call!(execve, SYS_execve, Some(11), 293, &EXECVE),
    call!(execveat, SYS_execveat, Some(358), 293, &EXECVEAT),
    call!(clone, SYS_clone, Some(120), 223, &CLONE),
    call!(clone3, SYS_clone3, Some(435), 335, &CLONE3),
    call!(dup, SYS_dup, Some(41), 367, [RES, fd(0)]),
    call!(dup3, SYS_dup3, Some(330), 365, [RES, fd(0), fd(1), number(2).fixed(Fix::Descriptor)]),
    call!(fcntl, SYS_fcntl, Some(221), 151, [RES, fd(0), byte(1).fixed(Fix::Fcntl), s64(2)]),
    call!(
        pipe2,
        SYS_pipe2,
        Some(331),
        393,
        [RES, user_fd(0, 0), user_fd(0, 4), inode_of(0), number(1).fixed(Fix::Descriptor)]
    ),
    call!(socket, SYS_socket, Some(359), 19, &SOCKET),
    call!(
        socketpair,
        SYS_socketpair,
        Some(360),
        43,
        [
            RES,
            user_fd(3, 0),
            user_fd(3, 4),
            constant_long(0),
            constant_long(0),
            number(0),
            number(1),
            number(2)
        ]
    ),
    call!(bind, SYS_bind, Some(361), 21, [RES, address(1), fd(0)]),
    call!(connect, SYS_connect, Some(362), 23, [RES, outward(1), fd(0), address(1)]),
    call!(listen, SYS_listen, Some(363), 25, [RES, fd(0), number(1)]),
    call!(accept, SYS_accept, None, 247, &ACCEPT),
    call!(
        accept4,
        SYS_accept4,
        Some(364),
        389,
        [
            RES,
            inward_of_result(),
            backlog_percent(0),
            backlog(0),
            backlog_most(0),
            number(3).fixed(Fix::Socket)
        ]
    ),
    call!(shutdown, SYS_shutdown, Some(373), 37, [RES, fd(0), byte(1)]),
    call!(sendto, SYS_sendto, Some(369), 31, [RES, written(1), fd(0), number(2), outward(4)]),
    call!(sendmsg, SYS_sendmsg, Some(370), 49, &SENDMSG),
    call!(recvfrom, SYS_recvfrom, Some(371), 35, [RES, read(1), inward(4), fd(0), number(2)]),
    call!(
        recvmsg,
        SYS_recvmsg,
        Some(372),
        53,
        [RES, message_size(1), message(1), message_inward(1), EMPTY, fd(0)]
    ),
    call!(read, SYS_read, Some(3), 7, [RES, read(1), fd(0), number(2)]),
    call!(write, SYS_write, Some(4), 9, [RES, written(1), fd(0), number(2)]),
    call!(pread, SYS_pread64, Some(180), 113, [RES, read(1), fd(0), number(2), s64(3)]),
    call!(pwrite, SYS_pwrite64, Some(181), 115, [RES, written(1), fd(0), number(2), s64(3)]),
    call!(readv, SYS_readv, Some(145), 117, [RES, pieces_size(1), pieces(1), fd(0)]),
    call!(writev, SYS_writev, Some(146), 119, [RES, pieces(1), fd(0), pieces_size(1)]),
    call!(preadv, SYS_preadv, Some(333), 121, [RES, pieces_size(1), pieces(1), fd(0), s64(3)]),
    call!(pwritev, SYS_pwritev, Some(334), 123, [RES, pieces(1), fd(0), pieces_size(1), s64(3)]),
    call!(sendfile, SYS_sendfile, Some(239), 189, [RES, s64(2), fd(0), fd(1), s64(3)]),
    call!(chdir, SYS_chdir, Some(12), 95, [RES, text(0)]),
    call!(fchdir, SYS_fchdir, Some(133), 97, [RES, fd(0)]),
    call!(chroot, SYS_chroot, Some(61), 267, [RES, text(0)]),
    call!(unlinkat, SYS_unlinkat, Some(301), 303, [RES, fd(0), text(1), number(2)]),
    call!(mkdirat, SYS_mkdirat, Some(296), 305, [RES, fd(0), text(1), number(2)]),
    call!(mknodat, SYS_mknodat, Some(297), 417, [RES, fd(0), text(1), number(2), number(3)]),
    call!(
        renameat2,
        SYS_renameat2,
        Some(353),
        319,
        [RES, fd(0), text(1), fd(2), text(3), number(4)]
    ),
    call!(symlinkat, SYS_symlinkat, Some(304), 181, [RES, text(0), fd(1), text(2)]),
    call!(linkat, SYS_linkat, Some(303), 311, [RES, fd(0), text(1), fd(2), text(3), number(4)]),
    call!(fchmodat, SYS_fchmodat, Some(306), 313, [RES, fd(0), text(1), number(2)]),
    // Its flags are left out: it is told as the call that it takes the place of.
    call!(fchmodat2, SYS_fchmodat2, Some(452), 313, [RES, fd(0), text(1), number(2)]),
    call!(fchmod, SYS_fchmod, Some(94), 317, [RES, fd(0), number(1)]),
    call!(
        fchownat,
        SYS_fchownat,
        Some(298),
        385,
        [RES, fd(0), text(1), number(2), number(3), number(4)]
    ),
    call!(fchown, SYS_fchown, Some(207), 383, [RES, fd(0), number(1), number(2)]),
    call!(
        mount,
        SYS_mount,
        Some(21),
        257,
        [RES, text(0), text(1), text(2), number(3).fixed(Fix::Mount)]
    ),
    call!(umount2, SYS_umount2, Some(52), 391, [RES, text(0), number(1)]),
    call!(
        ptrace,
        SYS_ptrace,
        Some(26),
        169,
        [RES, pointer(2), pointer(3), short(0).fixed(Fix::Ptrace), fd(1)]
    ),
    call!(setuid, SYS_setuid, Some(213), 199, [RES, number(0)]),
    call!(setgid, SYS_setgid, Some(214), 201, [RES, number(0)]),
    call!(setresuid, SYS_setresuid, Some(208), 193, &UID_SETS),
    call!(setresgid, SYS_setresgid, Some(210), 195, &UID_SETS),
    call!(setreuid, SYS_setreuid, Some(203), 427, [RES, number(0), number(1)]),
    call!(setregid, SYS_setregid, Some(204), 429, [RES, number(0), number(1)]),
    call!(setpgid, SYS_setpgid, Some(57), 295, [RES, fd(0), fd(1)]),
    call!(setsid, SYS_setsid, Some(66), 275, [RES]),
    call!(
        capset,
        SYS_capset,
        Some(185),
        353,
        [
            RES,
            CAP_INHERITABLE.fixed(Fix::Capabilities),
            CAP_PERMITTED.fixed(Fix::Capabilities),
            CAP_EFFECTIVE.fixed(Fix::Capabilities)
        ]
    ),
    call!(setns, SYS_setns, Some(346), 241, [RES, fd(0), number(1).fixed(Fix::Clone)]),
    call!(unshare, SYS_unshare, Some(310), 285, [RES, number(0).fixed(Fix::Clone)]),
    call!(prctl, SYS_prctl, Some(172), 401, [RES, number(0), option_text(1), option_number(1)]),
    call!(seccomp, SYS_seccomp, Some(354), 299, [RES, s64(0), s64(1)]),
    call!(memfd_create, SYS_memfd_create, Some(356), 405, [RES, text(0), number(1)]),
    call!(init_module, SYS_init_module, Some(128), 411, [RES, memory(0), s64(1), text(2)]),
    call!(finit_module, SYS_finit_module, Some(350), 413, [RES, fd(0), text(1), number(2)]),
    call!(
        delete_module,
        SYS_delete_module,
        Some(129),
        425,
        [RES, text(0), number(1).fixed(Fix::Unload)]
    ),
    call!(bpf, SYS_bpf, Some(357), 369, [RES, number(0)]),
    call!(
        io_uring_setup,
        SYS_io_uring_setup,
        Some(425),
        339,
        [
            RES,
            number(0),
            user_u32(1, 0),
            user_u32(1, 4),
            user_u32(1, 8),
            user_u32(1, 12),
            user_u32(1, 16),
            user_u32(1, 20)
        ]
    ),
    call!(
        io_uring_enter,
        SYS_io_uring_enter,
        Some(426),
        341,
        [RES, fd(0), number(1), number(2), number(3), constant(0)]
    ),
    call!(
        io_uring_register,
        SYS_io_uring_register,
        Some(427),
        343,
        [RES, fd(0), short(1), s64(2), number(3)]
    ),
    call!(kill, SYS_kill, Some(37), 129, [RES, fd(0), byte(1)]),
    call!(tkill, SYS_tkill, Some(238), 131, [RES, fd(0), byte(1)]),
    call!(tgkill, SYS_tgkill, Some(270), 133, [RES, fd(0), fd(1), byte(2)]),
    call!(
        mmap,
        SYS_mmap,
        None,
        161,
        [
            RES,
            VM_SIZE,
            VM_RSS,
            VM_SWAP,
            s64(0),
            s64(1),
            number(2).fixed(Fix::Protection),
            number(3).fixed(Fix::Mapping),
            fd(4),
            s64(5)
        ]
    ),
    call!(munmap, SYS_munmap, Some(91), 165, [RES, VM_SIZE, VM_RSS, VM_SWAP, s64(0), s64(1)]),
    call!(
        mprotect,
        SYS_mprotect,
        Some(125),
        329,
        [RES, s64(0), s64(1), number(2).fixed(Fix::Protection)]
    ),
    call!(brk, SYS_brk, Some(45), 159, [RES, VM_SIZE, VM_RSS, VM_SWAP, s64(0)]),
    call!(userfaultfd, SYS_userfaultfd, Some(374), 321, [RES, number(0).fixed(Fix::Descriptor)]),
    call!(process_vm_readv, SYS_process_vm_readv, Some(347), 421, [RES, fd(0), pieces(1)]),
    call!(process_vm_writev, SYS_process_vm_writev, Some(348), 423, [RES, fd(0), pieces(1)]),
    call!(pidfd_open, SYS_pidfd_open, Some(434), 409, [RES, fd(0), number(1).fixed(Fix::Pidfd)]),
    call!(pidfd_getfd, SYS_pidfd_getfd, Some(438), 407, [RES, fd(0), fd(1), number(2)]),
    call!(epoll_create1, SYS_epoll_create1, Some(329), 377, [RES, number(0).fixed(Fix::Epoll)]),
    call!(eventfd2, SYS_eventfd2, Some(328), 397, [RES, short(1).fixed(Fix::Descriptor), s64(0)]),
    call!(inotify_init1, SYS_inotify_init1, Some(332), 395, [RES, short(0).fixed(Fix::Descriptor)]),
    call!(ioctl, SYS_ioctl, Some(54), 171, [RES, fd(0), s64(1), s64(2)]),
    call!(
        copy_file_range,
        SYS_copy_file_range,
        Some(377),
        333,
        [RES, fd(2), user_u64(3, 0), fd(0), user_u64(1, 0), s64(4)]
    ),
    call!(newfstatat, SYS_newfstatat, None, 419, [RES, fd(0), text(1), number(3)]),
    bare!(pivot_root, SYS_pivot_root, Some(217), 137),
    bare!(fspick, SYS_fspick, Some(433), 336),
    bare!(fsmount, SYS_fsmount, Some(432), 337),
    bare!(fsopen, SYS_fsopen, Some(430), 338),
    bare!(open_tree, SYS_open_tree, Some(428), 339),
    bare!(move_mount, SYS_move_mount, Some(429), 340),
    bare!(mount_setattr, SYS_mount_setattr, Some(442), 341),
    bare!(add_key, SYS_add_key, Some(286), 189),
    bare!(request_key, SYS_request_key, Some(287), 190),
    bare!(keyctl, SYS_keyctl, Some(288), 191),
    bare!(perf_event_open, SYS_perf_event_open, Some(336), 234),
    bare!(kexec_load, SYS_kexec_load, Some(283), 187),
];

/// Calls that only older architectures have.
#[cfg(target_arch = "x86_64")]
pub(crate) static OLD: &[Call] = &[
    call!(open, SYS_open, Some(5), 3, [RES, text(0), open_flags(1), mode(1), DEVICE, INODE, PATH]),
    call!(creat, SYS_creat, Some(8), 59, [RES, text(0), number(1), DEVICE, INODE, LAYER, PATH]),
    call!(fork, SYS_fork, Some(2), 225, &FORK),
    call!(vfork, SYS_vfork, Some(190), 227, &FORK),
    call!(dup2, SYS_dup2, Some(63), 363, [RES, fd(0), fd(1)]),
    call!(pipe, SYS_pipe, Some(42), 61, [RES, user_fd(0, 0), user_fd(0, 4), inode_of(0)]),
    call!(unlink, SYS_unlink, Some(10), 301, [RES, text(0)]),
    call!(rmdir, SYS_rmdir, Some(40), 279, [RES, text(0)]),
    call!(mkdir, SYS_mkdir, Some(39), 277, [RES, text(0), number(1)]),
    call!(mknod, SYS_mknod, Some(14), 415, [RES, text(0), number(1), number(2)]),
    call!(rename, SYS_rename, Some(38), 175, [RES, text(0), text(1)]),
    call!(renameat, SYS_renameat, Some(302), 177, [RES, fd(0), text(1), fd(2), text(3)]),
    call!(symlink, SYS_symlink, Some(83), 179, [RES, text(0), text(1)]),
    call!(link, SYS_link, Some(9), 309, [RES, text(0), text(1)]),
    call!(chmod, SYS_chmod, Some(15), 315, [RES, text(0), number(1)]),
    call!(chown, SYS_chown, Some(212), 379, [RES, text(0), number(1), number(2)]),
    call!(lchown, SYS_lchown, Some(198), 381, [RES, text(0), number(1), number(2)]),
    call!(access, SYS_access, Some(33), 265, [RES, text(0), number(1).fixed(Fix::Access)]),
    call!(epoll_create, SYS_epoll_create, Some(254), 375, [RES, number(0)]),
    call!(eventfd, SYS_eventfd, Some(323), 63, [RES, s64(0), constant(0)]),
    call!(inotify_init, SYS_inotify_init, Some(291), 139, [RES, EMPTY]),
    bare!(iopl, SYS_iopl, Some(110), 391),
    bare!(ioperm, SYS_ioperm, Some(101), 344),
    bare!(kexec_file_load, SYS_kexec_file_load, None, 345),
];

/// Calls that only older architectures have.
#[cfg(not(target_arch = "x86_64"))]
pub(crate) static OLD: &[Call] = &[];

/// All of them, and the end of processes.
pub(crate) fn all() -> impl Iterator<Item = &'static Call> {
    ALL.iter().chain(OLD).chain(std::iter::once(&END))
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn every_call_has_the_parameters_of_its_event_and_at_most_the_path_behind_them() {
        for call in all() {
            let event_type = call.event_type().unwrap();
            let name = event_type.name;
            if call.event == GENERIC_X {
                let (code, more) = (call.parameters[0].word >> 16, call.parameters.len());
                let named = schema::system_call(u16::try_from(code).unwrap());
                assert_eq!((named, more), (Some(call.name), 2));
                continue;
            }
            // A successful `execveat` ends as an `execve`.
            let other = ["execveat", "fchmodat2"].contains(&call.name);
            assert!(name == call.name || other, "{} is {name}", call.name);
            let (own, known) = (call.parameters.len(), event_type.parameters.len());
            let path = call.parameters.last().is_some_and(|last| last.word == PATH.word);
            assert!(own == known || (path && own == known + 1), "{name}: {own} of {known}");
        }
    }

    #[test]
    fn no_number_comes_twice() {
        let numbers: HashSet<u32> = all().map(|call| call.number).collect();
        assert_eq!(numbers.len(), all().count());
        let compat: HashSet<u32> = all().filter_map(|call| call.compat).collect();
        assert_eq!(compat.len(), all().filter(|call| call.compat.is_some()).count());
    }
}
