//! What a parameter of an event is made of: an operation that the kernel's side carries out, and what
//! the reader has to do to its value. The numbers are those of `bpf/ops.h`.

use plimsoll_runtime::scap::Fix;

/// A parameter of a call's event.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Parameter {
    /// The operation in the lowest byte, which argument of the call in the next, then a number.
    pub(crate) word: u32,
    /// How the value becomes what captures have.
    pub(crate) fix: Fix,
}

/// Stands for the result of the call where an argument is asked for.
pub(crate) const RESULT: u32 = 6;

const fn of(op: u32, argument: u32, more: u32) -> Parameter {
    Parameter { word: op | argument << 8 | more << 16, fix: Fix::None }
}

impl Parameter {
    /// The same with a value that has to be brought into the numbers of captures.
    pub(crate) const fn fixed(self, fix: Fix) -> Self {
        Self { word: self.word, fix }
    }
}

macro_rules! operations {
    ($($(#[$doc:meta])* $name:ident = $number:literal;)*) => {
        $($(#[$doc])* pub(crate) const fn $name(argument: u32) -> Parameter {
            of($number, argument, 0)
        })*
    };
}

operations! {
    /// A number of eight bytes.
    s64 = 2;
    /// A file descriptor or the number of a process: of the caller 32 bits, of captures 64.
    fd = 3;
    /// A number of four bytes.
    number = 4;
    /// A number of one byte.
    byte = 5;
    /// A number of two bytes.
    short = 6;
    /// A text of the caller.
    text = 7;
    /// What was read: as many bytes as the call gave back.
    read = 8;
    /// What was written: as many bytes as the call gave back, or was asked for.
    written = 9;
    /// An address of a socket; its length is the next argument.
    address = 10;
    /// Both ends of the socket of the first argument, ours first; a given address where it has none.
    outward = 11;
    /// The same with the other's first.
    inward = 12;
    /// The mode that a file is made with, where the flags of the argument make one.
    mode = 17;
    /// The flags that a file is opened with, and what became of it.
    opening = 16;
    /// The same of `open_how`.
    how_flags = 22;
    /// The mode in `open_how`.
    how_mode = 23;
    /// The argument of `prctl` that may be a text.
    option_text = 24;
    /// The same where it is a number.
    option_number = 25;
    /// A number where captures have several shapes.
    pointer = 26;
    /// What the first of several pieces has.
    pieces = 27;
    /// How long all pieces are.
    pieces_size = 28;
    /// The same of a message.
    message = 29;
    /// How long it is.
    message_size = 30;
    /// Both ends, of which the other may stand in the message.
    message_outward = 31;
    /// The same with the other's first.
    message_inward = 32;
    /// How many wait for `accept`.
    backlog = 33;
    /// How many may wait.
    backlog_most = 34;
    /// The first in percent of the second.
    backlog_percent = 35;
    /// The inode of a descriptor that the caller's memory tells.
    inode_of = 36;
    /// As many bytes as the next argument says.
    memory = 38;
    /// The flags of `clone`.
    clone_flags = 94;
    /// The same of `clone3`.
    clone3_flags = 95;
}

macro_rules! values {
    ($($(#[$doc:meta])* $name:ident = $number:literal;)*) => {
        $($(#[$doc])* pub(crate) const $name: Parameter = of($number, RESULT, 0);)*
    };
}

values! {
    /// Nothing.
    EMPTY = 0;
    /// What the call gave back.
    RES = 1;
    /// The device that an opened file lies on.
    DEVICE = 13;
    /// Its inode.
    INODE = 14;
    /// Its path, as the kernel has it.
    PATH = 15;
    /// Which layer of an overlay it lies in.
    LAYER = 21;
    /// The name that the program was started by.
    EXE = 64;
    /// Its arguments behind that.
    ARGS = 65;
    /// Its environment.
    ENV = 66;
    /// The thread.
    TID = 67;
    /// The process.
    PID = 68;
    /// Its parent.
    PTID = 69;
    /// How many files it may open.
    FD_LIMIT = 70;
    /// Page faults with I/O.
    MAJOR_FAULTS = 71;
    /// Page faults without.
    MINOR_FAULTS = 72;
    /// Kilobytes of addresses.
    VM_SIZE = 73;
    /// Kilobytes in memory.
    VM_RSS = 74;
    /// Kilobytes swapped out.
    VM_SWAP = 75;
    /// The thread's name.
    COMM = 76;
    /// Its control groups.
    CGROUPS = 77;
    /// Its terminal.
    TTY = 78;
    /// Its process group in its own namespace.
    VPGID = 79;
    /// The same in the first.
    PGID = 80;
    /// Who logged in.
    LOGINUID = 81;
    /// Whether it may write its program, and where that lies.
    EXE_FLAGS = 82;
    /// Capabilities that it passes on.
    CAP_INHERITABLE = 83;
    /// Capabilities that it may have.
    CAP_PERMITTED = 84;
    /// Capabilities that it has.
    CAP_EFFECTIVE = 85;
    /// The inode of its program.
    EXE_INODE = 86;
    /// When that inode changed.
    EXE_CTIME = 87;
    /// When the program was written.
    EXE_MTIME = 88;
    /// Who it acts for.
    EUID = 89;
    /// The group that it acts for.
    EGID = 90;
    /// The path of its program, as the kernel has it.
    EXE_PATH = 91;
    /// The thread in its own namespace.
    VTID = 92;
    /// The process in its own namespace.
    VPID = 93;
    /// When its namespace of processes began.
    NAMESPACE_START = 96;
    /// How it ended, as the kernel has it.
    EXIT_STATUS = 97;
    /// What it ended with.
    EXIT_VALUE = 98;
    /// The signal that ended it.
    EXIT_SIGNAL = 99;
    /// Whether it left a core.
    EXIT_CORE = 100;
}

/// Four bytes, the same each time.
pub(crate) const fn constant(number: u32) -> Parameter {
    of(37, RESULT, number)
}

/// Four bytes of the caller's memory, so far behind an argument.
pub(crate) const fn user_u32(argument: u32, behind: u32) -> Parameter {
    of(18, argument, behind)
}

/// A descriptor in the caller's memory.
pub(crate) const fn user_fd(argument: u32, behind: u32) -> Parameter {
    of(19, argument, behind)
}

/// Eight bytes of the caller's memory.
pub(crate) const fn user_u64(argument: u32, behind: u32) -> Parameter {
    of(20, argument, behind)
}

/// Both ends of the socket that the call gave back, the other's first.
pub(crate) const fn inward_of_result() -> Parameter {
    of(12, RESULT, RESULT)
}

/// Eight bytes, the same each time.
pub(crate) const fn constant_long(number: u32) -> Parameter {
    of(39, RESULT, number)
}

/// Two bytes, the same each time.
pub(crate) const fn constant_short(number: u16) -> Parameter {
    of(40, RESULT, number as u32)
}
