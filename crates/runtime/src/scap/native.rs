//! Flags and commands in the numbers that captures have: `driver/ppm_flag_helpers.h` of
//! falcosecurity/libs. The kernel's side sends them as the caller gave them.

/// How a value becomes what captures have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fix {
    /// It is the same.
    None,
    /// What a file is opened with, and the bits that the kernel's side adds.
    Open,
    /// Flags of descriptors: `pipe2`, `dup3`, `eventfd2` and their kin.
    Descriptor,
    /// Flags in the type of a socket.
    Socket,
    /// `clone`, `unshare`, `setns`.
    Clone,
    /// Protections of memory.
    Protection,
    /// `mmap`
    Mapping,
    /// Commands of `fcntl`.
    Fcntl,
    /// Requests of `ptrace`.
    Ptrace,
    /// How `openat2` resolves.
    Resolve,
    /// `mount`, which may have a magic number.
    Mount,
    /// `pidfd_open`
    Pidfd,
    /// `delete_module`
    Unload,
    /// `close_range`
    CloseRange,
    /// `epoll_create1`
    Epoll,
    /// Access that is asked for.
    Access,
    /// Capabilities, of which captures know those up to `audit_read`.
    Capabilities,
}

type Bits = &'static [(u32, u32)];

const OPEN: Bits = &[
    (0o100, 1 << 2),
    (0o2000, 1 << 3),
    (0o10000, 1 << 4),
    (0o200, 1 << 5),
    (0o4000, 1 << 6),
    (0o4_010_000, 1 << 7),
    (0o1000, 1 << 8),
    (0o40000, 1 << 9),
    (0o200_000, 1 << 10),
    (0o100_000, 1 << 11),
    (0o2_000_000, 1 << 12),
    (0o20_200_000, 1 << 13),
    // Added by the kernel's side: made by this call, upper layer, lower layer.
    (1 << 30, 1 << 14),
    (1 << 29, 1 << 15),
    (1 << 28, 1 << 16),
];

const CLONE: Bits = &[
    (0x400, 1),
    (0x200, 1 << 1),
    (0x8000_0000, 1 << 2),
    (0x0800_0000, 1 << 3),
    (0x4000_0000, 1 << 4),
    (0x0002_0000, 1 << 5),
    (0x2000_0000, 1 << 6),
    (0x0400_0000, 1 << 7),
    (0x8000, 1 << 8),
    (0x0010_0000, 1 << 9),
    (0x2000, 1 << 10),
    (0x800, 1 << 11),
    (0x0004_0000, 1 << 12),
    (0x0001_0000, 1 << 13),
    (0x0080_0000, 1 << 14),
    (0x100, 1 << 15),
    (0x1000_0000, 1 << 20),
    (0x0020_0000, 1 << 23),
    (0x0100_0000, 1 << 24),
    (0x0008_0000, 1 << 25),
    (0x4000, 1 << 27),
    (0x0200_0000, 1 << 28),
    // Added by the kernel's side: the child is in another namespace of processes.
    (1, 1 << 29),
];

const MAPPING: Bits = &[
    (1, 1),
    (2, 1 << 1),
    (0x10, 1 << 2),
    (0x20, 1 << 3),
    (0x40, 1 << 4),
    (0x4000, 1 << 6),
    (0x8000, 1 << 7),
    (0x10000, 1 << 8),
    (0x100, 1 << 9),
    (0x800, 1 << 10),
    (0x1000, 1 << 11),
    (0x2000, 1 << 14),
];

const PROTECTION: Bits =
    &[(1, 1), (2, 1 << 1), (4, 1 << 2), (8, 1 << 3), (0x0100_0000, 1 << 4), (0x0200_0000, 1 << 5)];

const RESOLVE: Bits =
    &[(0x08, 1), (0x10, 1 << 1), (0x02, 1 << 2), (0x04, 1 << 3), (0x01, 1 << 4), (0x20, 1 << 5)];

/// Commands of `fcntl`, each with the number that captures have.
const FCNTL: Bits = &[
    (0, 1),
    (1, 2),
    (2, 3),
    (3, 4),
    (4, 5),
    (5, 6),
    (6, 8),
    (7, 9),
    (8, 10),
    (9, 12),
    (10, 13),
    (11, 15),
    (15, 21),
    (16, 22),
    (36, 30),
    (37, 31),
    (38, 32),
    (1024, 23),
    (1025, 24),
    (1026, 27),
    (1029, 25),
    (1030, 26),
    (1031, 28),
    (1032, 29),
];

const PTRACE: Bits = &[
    (0, 1),
    (1, 2),
    (2, 3),
    (3, 4),
    (4, 5),
    (5, 6),
    (6, 7),
    (7, 8),
    (8, 9),
    (9, 10),
    (12, 26),
    (13, 27),
    (14, 28),
    (15, 29),
    (16, 11),
    (17, 12),
    (18, 30),
    (19, 31),
    (21, 32),
    (24, 13),
    (25, 33),
    (26, 34),
    (30, 35),
    (31, 36),
    (32, 37),
    (33, 38),
    (0x4200, 14),
    (0x4201, 15),
    (0x4202, 16),
    (0x4203, 17),
    (0x4204, 18),
    (0x4205, 19),
    (0x4206, 20),
    (0x4207, 21),
    (0x4208, 22),
    (0x4209, 23),
    (0x420a, 24),
    (0x420b, 25),
];

/// Whether all bits of a flag that may have several are there.
fn bits(value: u32, table: Bits) -> u32 {
    table.iter().filter(|(from, _)| value & from == *from).fold(0, |sum, (_, to)| sum | to)
}

fn named(value: u32, table: Bits) -> u32 {
    table.iter().find(|(from, _)| *from == value).map_or(0, |(_, to)| *to)
}

impl Fix {
    /// The value that captures have.
    pub fn apply(self, value: u64) -> u64 {
        let low = u32::try_from(value & 0xffff_ffff).unwrap_or(0);
        u64::from(match self {
            Self::None => return value,
            Self::Capabilities => return value & ((1 << 38) - 1),
            Self::Open => {
                let access = match low & 3 {
                    0 => 1,
                    1 => 2,
                    _ => 3,
                };
                bits(low, OPEN) | access
            }
            Self::Descriptor | Self::Socket => bits(low & 0o2_044_000, OPEN),
            Self::Clone => bits(low, CLONE),
            Self::Protection => bits(low, PROTECTION),
            Self::Mapping => bits(low, MAPPING),
            Self::Fcntl => named(low, FCNTL),
            Self::Ptrace => named(low, PTRACE),
            Self::Resolve => bits(low, RESOLVE),
            // `MS_MGC_VAL` in the upper half says nothing.
            Self::Mount if low & 0xffff_0000 == 0xc0ed_0000 => low & 0xffff,
            Self::Mount => low,
            Self::Pidfd => u32::from(low & 0o4000 != 0),
            Self::Unload => bits(low, &[(0o4000, 2), (0o1000, 1)]),
            Self::CloseRange => bits(low, &[(2, 2), (4, 4)]),
            Self::Epoll => u32::from(low & 0o2_000_000 != 0),
            Self::Access => low & 7,
        })
    }
}

#[cfg(test)]
mod tests {
    use crate::scap::schema::{Detail, event_type};

    use super::Fix;

    /// The names that a value has in the flags of a parameter.
    fn names(code: u16, parameter: usize, value: u64) -> Vec<&'static str> {
        let Detail::Names(names) = &event_type(code).unwrap().parameters[parameter].detail else {
            panic!("no names")
        };
        let of = |flag: u32| u64::from(flag);
        names
            .iter()
            .filter(|(_, flag)| *flag != 0 && value & of(*flag) == of(*flag))
            .map(|(name, _)| *name)
            .collect()
    }

    #[test]
    fn flags_have_the_names_that_the_kernel_gives_them() {
        let open = |value: i32| {
            let mut names = names(307, 3, Fix::Open.apply(u64::from(value.cast_unsigned())));
            names.sort_unstable();
            names
        };
        assert_eq!(open(libc::O_RDONLY), ["O_RDONLY"]);
        assert_eq!(
            open(libc::O_WRONLY | libc::O_CREAT | libc::O_TRUNC | libc::O_CLOEXEC),
            ["O_CLOEXEC", "O_CREAT", "O_TRUNC", "O_WRONLY"]
        );
        assert_eq!(
            open(libc::O_RDWR | libc::O_APPEND | libc::O_EXCL | libc::O_NONBLOCK),
            ["O_APPEND", "O_EXCL", "O_NONBLOCK", "O_RDONLY", "O_RDWR", "O_WRONLY"]
        );
        let clone = |value: i32| names(285, 1, Fix::Clone.apply(u64::from(value.cast_unsigned())));
        assert_eq!(clone(libc::CLONE_NEWUSER), ["CLONE_NEWUSER"]);
        assert_eq!(clone(libc::CLONE_NEWNS | libc::CLONE_NEWPID), ["CLONE_NEWNS", "CLONE_NEWPID"]);
        assert_eq!(clone(libc::CLONE_THREAD | libc::CLONE_VM), ["CLONE_THREAD", "CLONE_VM"]);
        let memory = libc::PROT_READ | libc::PROT_EXEC;
        assert_eq!(
            names(329, 3, Fix::Protection.apply(u64::from(memory.cast_unsigned()))),
            ["PROT_READ", "PROT_EXEC"]
        );
    }

    #[test]
    fn commands_have_the_names_that_the_kernel_gives_them() {
        let command = |code: u16, parameter: usize, value: u64| {
            let Detail::Names(names) = &event_type(code).unwrap().parameters[parameter].detail
            else {
                panic!("no names")
            };
            names.iter().find(|(_, number)| u64::from(*number) == value).map(|(name, _)| *name)
        };
        let fcntl =
            |value: i32| command(151, 2, Fix::Fcntl.apply(u64::from(value.cast_unsigned())));
        assert_eq!(fcntl(libc::F_DUPFD), Some("F_DUPFD"));
        assert_eq!(fcntl(libc::F_SETFD), Some("F_SETFD"));
        assert_eq!(fcntl(libc::F_DUPFD_CLOEXEC), Some("F_DUPFD_CLOEXEC"));
        let ptrace = |value: u32| command(169, 3, Fix::Ptrace.apply(u64::from(value)));
        assert_eq!(ptrace(libc::PTRACE_ATTACH), Some("PTRACE_ATTACH"));
        assert_eq!(ptrace(libc::PTRACE_TRACEME), Some("PTRACE_TRACEME"));
        assert_eq!(ptrace(libc::PTRACE_SEIZE), Some("PTRACE_SEIZE"));
        assert_eq!(ptrace(libc::PTRACE_POKETEXT), Some("PTRACE_POKETEXT"));
    }

    #[test]
    fn the_magic_number_of_mount_is_left_out() {
        assert_eq!(Fix::Mount.apply(0xc0ed_1000), 0x1000);
        assert_eq!(Fix::Mount.apply(0x4000), 0x4000);
    }
}
