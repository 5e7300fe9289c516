//! The types of events: their parameters and what they do, by the number that captures have.
//!
//! `schema.tsv` has a type a line; `flags.tsv` names the bits and numbers that parameters have.

use std::sync::LazyLock;

use crate::events::EventCode;

static TYPES: LazyLock<Vec<EventType>> = LazyLock::new(|| {
    rows(include_str!("schema.tsv")).filter_map(|line| EventType::parse(line, &FLAG_SETS)).collect()
});
static FLAG_SETS: LazyLock<Sets> = LazyLock::new(flag_sets);
static SYSTEM_CALLS: LazyLock<Vec<&'static str>> = LazyLock::new(|| {
    let names = rows(include_str!("system_calls.tsv"));
    names.filter_map(|line| line.split_once('\t').map(|(_, name)| name)).collect()
});

/// It makes a file descriptor.
pub const CREATES_FD: u16 = 1 << 0;
/// It closes one.
pub const CLOSES_FD: u16 = 1 << 1;
/// It works on one.
pub const USES_FD: u16 = 1 << 2;
/// It reads from one.
pub const READS: u16 = 1 << 3;
/// It writes to one.
pub const WRITES: u16 = 1 << 4;
/// It changes what is known of processes and files.
pub const CHANGES: u16 = 1 << 5;
/// It is not used any more.
pub const UNUSED: u16 = 1 << 6;
/// It waits.
pub const WAITS: u16 = 1 << 7;
/// It stands aside of what its thread does.
pub const ASIDE: u16 = 1 << 8;
/// There is a newer version of it.
pub const OLD: u16 = 1 << 9;
/// The lengths of its parameters have four bytes.
pub const LARGE: u16 = 1 << 10;
/// The conversion table knows it.
pub const CONVERTED: u16 = 1 << 11;

const FLAGS: [&str; 12] = [
    "creates_fd",
    "closes_fd",
    "uses_fd",
    "reads",
    "writes",
    "changes",
    "unused",
    "waits",
    "aside",
    "old",
    "large",
    "converted",
];

/// A type of event.
#[derive(Debug)]
pub struct EventType {
    /// Its number: even on entry, odd on exit.
    pub code: u16,
    /// Its name, which all its versions and both directions share.
    pub name: &'static str,
    /// The same as rules know it.
    pub event: EventCode,
    /// What kind of work it is.
    pub category: Category,
    /// Whether it comes from a system call.
    pub system_call: bool,
    /// Whether it was made up to tell something: no system call and no tracepoint.
    pub meta: bool,
    flags: u16,
    /// Its parameters.
    pub parameters: Vec<Parameter>,
    /// Which parameter is the file descriptor that it works on.
    pub descriptor: Option<usize>,
}

/// What kind of work an event is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names are the documentation")]
pub enum Category {
    Unknown,
    Other,
    File,
    Net,
    Ipc,
    Memory,
    Process,
    Sleep,
    System,
    Signal,
    User,
    Time,
    Processing,
    Read,
    Write,
    OtherIo,
    Wait,
    Scheduler,
    Internal,
}

/// A parameter of an event.
#[derive(Debug)]
pub struct Parameter {
    /// Its name.
    pub name: &'static str,
    /// What its bytes are.
    pub shape: Shape,
    /// How a number is shown.
    pub base: Base,
    /// How many bytes it has where that is always the same, else 0.
    pub width: usize,
    /// What else is known of it.
    pub detail: Detail,
}

/// What the bytes of a parameter are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names are the documentation")]
pub enum Shape {
    Signed,
    Unsigned,
    Text,
    Bytes,
    /// A number, of which a negative one is an error.
    Errno,
    /// A family and the address of a socket.
    Address,
    /// A family and both addresses.
    Tuple,
    Descriptor,
    Process,
    DescriptorList,
    Path,
    RelativePath,
    SystemCall,
    Signal,
    /// Nanoseconds; all ones are none.
    Duration,
    Time,
    Bool,
    Uid,
    Gid,
    Flags,
    /// A number of which each has a name.
    Enumeration,
    Mode,
    SignalSet,
    /// The first byte says which of several shapes it is.
    Dynamic,
    Other,
}

/// How a number is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names are the documentation")]
pub enum Base {
    Decimal,
    Hexadecimal,
    Octal,
    Padded,
}

/// What else is known of a parameter.
#[derive(Debug)]
pub enum Detail {
    /// Nothing.
    None,
    /// The names of its bits or numbers.
    Names(&'static [(&'static str, u32)]),
    /// Which parameter is the directory that the path is relative to.
    Directory(usize),
    /// The shapes that it may have.
    Shapes(Vec<(Shape, Base)>),
}

/// The type of a number.
pub fn event_type(code: u16) -> Option<&'static EventType> {
    TYPES.get(usize::from(code))
}

/// Every type.
pub fn event_types() -> &'static [EventType] {
    &TYPES
}

/// The name of a system call by the number that events have for it.
pub fn system_call(number: u16) -> Option<&'static str> {
    SYSTEM_CALLS.get(usize::from(number)).copied()
}

/// The number that events have for a system call.
pub fn system_call_named(name: &str) -> Option<u16> {
    let place = SYSTEM_CALLS.iter().position(|known| *known == name)?;
    u16::try_from(place).ok()
}

impl EventType {
    /// Whether it has one of the flags.
    pub fn is(&self, flag: u16) -> bool {
        self.flags & flag != 0
    }

    /// Whether it happens when a system call ends.
    pub fn is_exit(&self) -> bool {
        self.code % 2 == 1
    }

    /// The place of a parameter.
    pub fn position(&self, name: &str) -> Option<usize> {
        self.parameters.iter().position(|parameter| parameter.name == name)
    }

    fn parse(line: &'static str, sets: &'static Sets) -> Option<Self> {
        let mut cells = line.split('\t');
        let code: u16 = cells.next()?.parse().ok()?;
        let name = cells.next()?;
        let mut words = cells.next()?.split(',');
        let category = Category::named(words.next()?);
        let words: Vec<_> = words.collect();
        let category = match category {
            Category::Unknown if words.contains(&"scheduler") => Category::Scheduler,
            Category::Unknown if words.contains(&"internal") => Category::Internal,
            known => known,
        };
        let flags = cells.next()?.split(',').fold(0, |flags, word| {
            FLAGS.iter().position(|name| *name == word).map_or(flags, |at| flags | 1 << at)
        });
        let parameters: Vec<_> = match cells.next()? {
            "-" => Vec::new(),
            all => all.split(' ').filter_map(|one| Parameter::parse(one, sets)).collect(),
        };
        let result = usize::from(code % 2 == 1);
        let mut descriptors = parameters
            .iter()
            .enumerate()
            .skip(result)
            .filter(|(_, parameter)| parameter.shape == Shape::Descriptor)
            .map(|(at, _)| at);
        // What is spliced into is what the event is about.
        let descriptor = descriptors.nth(usize::from(name == "splice"));
        Some(Self {
            code,
            name,
            event: EventCode::named(name).or_else(|| EventCode::named("NA"))?,
            category,
            system_call: words.contains(&"syscall"),
            meta: words.contains(&"meta"),
            flags,
            parameters,
            descriptor,
        })
    }
}

impl Category {
    fn named(name: &str) -> Self {
        match name {
            "other" => Self::Other,
            "file" => Self::File,
            "net" => Self::Net,
            "ipc" => Self::Ipc,
            "memory" => Self::Memory,
            "process" => Self::Process,
            "sleep" => Self::Sleep,
            "system" => Self::System,
            "signal" => Self::Signal,
            "user" => Self::User,
            "time" => Self::Time,
            "processing" => Self::Processing,
            "read" => Self::Read,
            "write" => Self::Write,
            "other_io" => Self::OtherIo,
            "wait" => Self::Wait,
            _ => Self::Unknown,
        }
    }
}

impl Parameter {
    fn parse(text: &'static str, sets: &'static Sets) -> Option<Self> {
        let mut parts = text.splitn(4, ':');
        let (name, kind) = (parts.next()?, parts.next()?);
        let shape = Shape::named(kind);
        let base = Base::named(parts.next()?);
        let detail = match (shape, parts.next()) {
            (_, None) => Detail::None,
            (Shape::RelativePath, Some(place)) => Detail::Directory(place.parse().ok()?),
            (Shape::Dynamic, Some(shapes)) => Detail::Shapes(
                shapes
                    .split(',')
                    .filter_map(|shape| shape.split_once('/'))
                    .map(|(shape, base)| (Shape::named(shape), Base::named(base)))
                    .collect(),
            ),
            (_, Some(set)) => {
                let found = sets.iter().find(|(name, _)| *name == set);
                found.map_or(Detail::None, |(_, names)| Detail::Names(names))
            }
        };
        Some(Self { name, shape, base, width: width(kind), detail })
    }
}

impl Shape {
    fn named(name: &str) -> Self {
        match name {
            "i8" | "i16" | "i32" | "i64" => Self::Signed,
            "u8" | "u16" | "u32" | "u64" | "port" | "l4proto" => Self::Unsigned,
            "text" => Self::Text,
            "bytes" => Self::Bytes,
            "errno" => Self::Errno,
            "address" => Self::Address,
            "tuple" => Self::Tuple,
            "fd" | "fd32" => Self::Descriptor,
            "pid" | "pid32" => Self::Process,
            "fdlist" => Self::DescriptorList,
            "fspath" => Self::Path,
            "relpath" => Self::RelativePath,
            "syscall" => Self::SystemCall,
            "signal" => Self::Signal,
            "duration" => Self::Duration,
            "time" => Self::Time,
            "bool" => Self::Bool,
            "uid" => Self::Uid,
            "gid" => Self::Gid,
            "flags8" | "flags16" | "flags32" => Self::Flags,
            "enum8" | "enum16" | "enum32" => Self::Enumeration,
            "mode" => Self::Mode,
            "sigset" => Self::SignalSet,
            "dynamic" => Self::Dynamic,
            _ => Self::Other,
        }
    }
}

/// How many bytes a kind of parameter has: `driver/ppm_param_helpers.h`.
fn width(kind: &str) -> usize {
    match kind {
        "errno" | "fd" | "pid" | "duration" | "time" => 8,
        "uid" | "gid" | "mode" | "sigset" | "ipv4" => 4,
        "syscall" | "port" => 2,
        "signal" => 1,
        "ipv6" => 16,
        _ if kind.ends_with("64") => 8,
        _ if kind.ends_with("32") => 4,
        _ if kind.ends_with("16") => 2,
        _ if kind.ends_with('8') => 1,
        _ => 0,
    }
}

impl Base {
    fn named(name: &str) -> Self {
        match name {
            "hex" => Self::Hexadecimal,
            "oct" => Self::Octal,
            "padded" => Self::Padded,
            _ => Self::Decimal,
        }
    }
}

type Sets = Vec<(&'static str, Vec<(&'static str, u32)>)>;

fn flag_sets() -> Sets {
    rows(include_str!("flags.tsv"))
        .filter_map(|line| line.split_once('\t'))
        .map(|(name, pairs)| {
            let pairs = pairs.split(' ').filter_map(|pair| pair.split_once('='));
            let names =
                pairs.map(|(name, value)| (name, value.parse().unwrap_or_default())).collect();
            (name, names)
        })
        .collect()
}

fn rows(text: &'static str) -> impl Iterator<Item = &'static str> {
    text.lines().filter(|line| !line.starts_with('#'))
}
