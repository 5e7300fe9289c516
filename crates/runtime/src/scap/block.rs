//! The kinds of blocks that a capture has.

/// A block's kind and the version of its layout: `userspace/libscap/scap_savefile.h`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum BlockKind {
    /// The begin of a capture; several may stand behind each other in a file.
    Section,
    Machine,
    /// Processes, versions 1 to 9.
    Processes(u8),
    /// Open files of a process; whether each says how long it is.
    Descriptors {
        sized: bool,
    },
    Interfaces {
        sized: bool,
    },
    Accounts {
        sized: bool,
    },
    Event(EventBlock),
    Other,
}

/// What stands around an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct EventBlock {
    /// Flags come before the event.
    pub(super) flags: bool,
    /// The event says how many parameters it has.
    pub(super) counted: bool,
    /// The event may be longer than 64 KiB.
    pub(super) large: bool,
}

/// The number of a section's block, the same as in pcap-ng.
pub(super) const SECTION: u32 = 0x0A0D_0D0A;
pub(super) const MACHINE: u32 = 0x201;
/// Processes, version 9.
pub(super) const PROCESSES: u32 = 0x215;
/// Open files, version 2.
pub(super) const DESCRIPTORS: u32 = 0x218;
/// Interfaces, version 2.
pub(super) const INTERFACES: u32 = 0x219;
/// Accounts, version 2.
pub(super) const ACCOUNTS: u32 = 0x220;
/// An event with the number of its parameters.
pub(super) const EVENT: u32 = 0x216;
/// The same, longer than 64 KiB.
pub(super) const EVENT_LARGE: u32 = 0x221;
/// What a section says to tell its order of bytes.
pub(super) const ORDER: u32 = 0x1A2B_3C4D;

impl BlockKind {
    pub(super) fn of(number: u32) -> Self {
        let event = |flags, counted, large| Self::Event(EventBlock { flags, counted, large });
        match number {
            SECTION => Self::Section,
            MACHINE | 0x8002_ABCD => Self::Machine,
            0x202 | 0x8000_ABCD => Self::Processes(1),
            0x207 | 0x8013_ABCD => Self::Processes(2),
            0x209 | 0x8014_ABCD => Self::Processes(3),
            0x210 => Self::Processes(4),
            0x211 => Self::Processes(5),
            0x212 => Self::Processes(6),
            0x213 => Self::Processes(7),
            0x214 => Self::Processes(8),
            PROCESSES => Self::Processes(9),
            0x203 | 0x8001_ABCD => Self::Descriptors { sized: false },
            DESCRIPTORS => Self::Descriptors { sized: true },
            0x205 | 0x8011_ABCD => Self::Interfaces { sized: false },
            INTERFACES => Self::Interfaces { sized: true },
            0x206 | 0x8012_ABCD => Self::Accounts { sized: false },
            ACCOUNTS => Self::Accounts { sized: true },
            0x204 | 0x8010_ABCD => event(false, false, false),
            0x208 => event(true, false, false),
            EVENT => event(false, true, false),
            0x217 => event(true, true, false),
            EVENT_LARGE => event(false, true, true),
            0x222 => event(true, true, true),
            _ => Self::Other,
        }
    }

    /// Its name in messages.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Section => "section header",
            Self::Machine => "machine information",
            Self::Processes(_) => "process list",
            Self::Descriptors { .. } => "list of open files",
            Self::Interfaces { .. } => "interface list",
            Self::Accounts { .. } => "user list",
            Self::Event(_) => "event",
            Self::Other => "unknown",
        }
    }
}
