//! The fields that conditions and outputs may use, by event source.
//!
//! The tables beside this file have a field a line: its name, its type, what is special about it,
//! what it is in a sentence, a condition with it, and on which events it has a value where that is
//! not all of them. Names and types are those of libsinsp and of the plugins `container`,
//! `k8saudit`, `cloudtrail` and `json`.

mod reference;
mod resolve;

use std::sync::LazyLock;

pub use reference::{Argument, CLASSES, Class};
pub use resolve::{FieldError, Resolved};

/// The fields of one group, in the order of their table.
static GENERIC: LazyLock<Vec<Field>> = LazyLock::new(|| table(include_str!("generic.tsv")));
static SYSCALL: LazyLock<Vec<Field>> = LazyLock::new(|| table(include_str!("syscall.tsv")));
static CONTAINER: LazyLock<Vec<Field>> = LazyLock::new(|| table(include_str!("container.tsv")));
static K8S_AUDIT: LazyLock<Vec<Field>> = LazyLock::new(|| table(include_str!("k8s_audit.tsv")));
static CLOUDTRAIL: LazyLock<Vec<Field>> = LazyLock::new(|| table(include_str!("cloudtrail.tsv")));
static JSON: LazyLock<Vec<Field>> = LazyLock::new(|| table(include_str!("json.tsv")));

/// A field of events.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Field {
    /// `proc.name`.
    pub name: &'static str,
    /// What its values are.
    pub kind: Kind,
    /// The word for that in its table.
    pub type_name: &'static str,
    /// What is special about it.
    pub traits: Traits,
    /// What it is, in a sentence.
    pub description: &'static str,
    /// A condition that uses it.
    pub example: &'static str,
    /// On which events it has a value, where that is not all: `on connections`.
    pub when: Option<&'static str>,
}

/// What a field may and may not do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[allow(clippy::struct_excessive_bools, reason = "each is a flag of libsinsp's tables")]
pub struct Traits {
    /// It has several values.
    pub list: bool,
    /// It has to have an argument.
    pub needs_argument: bool,
    /// It may have an argument.
    pub takes_argument: bool,
    /// Its argument may be a number.
    pub index: bool,
    /// Its argument may be a text.
    pub key: bool,
    /// It cannot be printed.
    pub filter_only: bool,
    /// It is for outputs.
    pub print_only: bool,
    /// It cannot be compared with a field.
    pub no_right: bool,
    /// It cannot be transformed.
    pub no_transformer: bool,
    /// It should not be used any more.
    pub deprecated: bool,
    /// A plugin reads it, which is stricter about arguments.
    pub plugin: bool,
}

/// What the values of a field are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names are the documentation")]
pub enum Kind {
    Text,
    Bytes,
    Bool,
    /// A signed whole number of so many bits.
    Signed(u8),
    /// An unsigned whole number of so many bits.
    Unsigned(u8),
    Double,
    Port,
    Address,
    Network,
    /// Nanoseconds.
    Duration,
    /// Nanoseconds since 1970.
    Time,
    /// What no operator but `exists` can be used on.
    Opaque,
}

impl Kind {
    pub(crate) fn named(name: &str) -> Self {
        match name {
            "string" | "path" => Self::Text,
            "bytes" => Self::Bytes,
            "bool" => Self::Bool,
            "i8" => Self::Signed(8),
            "i16" => Self::Signed(16),
            "i32" => Self::Signed(32),
            "i64" => Self::Signed(64),
            "u8" => Self::Unsigned(8),
            "u16" => Self::Unsigned(16),
            "u32" => Self::Unsigned(32),
            "u64" => Self::Unsigned(64),
            "double" => Self::Double,
            "port" => Self::Port,
            "ip" => Self::Address,
            "net" => Self::Network,
            "duration" => Self::Duration,
            "time" => Self::Time,
            _ => Self::Opaque,
        }
    }

    /// The name that Falco's messages have for it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Text => "CHARBUF",
            Self::Bytes => "BYTEBUF",
            Self::Bool => "BOOL",
            Self::Signed(8) => "INT8",
            Self::Signed(16) => "INT16",
            Self::Signed(32) => "INT32",
            Self::Signed(_) => "INT64",
            Self::Unsigned(8) => "UINT8",
            Self::Unsigned(16) => "UINT16",
            Self::Unsigned(32) => "UINT32",
            Self::Unsigned(_) => "UINT64",
            Self::Double => "DOUBLE",
            Self::Port => "PORT",
            Self::Address => "IPADDR",
            Self::Network => "IPNET",
            Self::Duration => "RELTIME",
            Self::Time => "ABSTIME",
            Self::Opaque => "NONE",
        }
    }
}

/// Where events come from; each has fields of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Source {
    /// System calls of this machine.
    Syscall,
    /// The audit log of a Kubernetes API server.
    K8sAudit,
    /// The API log of an AWS account.
    AwsCloudtrail,
}

impl Source {
    /// Every source.
    pub const ALL: [Self; 3] = [Self::Syscall, Self::K8sAudit, Self::AwsCloudtrail];

    /// The name that rules have for it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Syscall => "syscall",
            Self::K8sAudit => "k8s_audit",
            Self::AwsCloudtrail => "aws_cloudtrail",
        }
    }

    /// The source of a name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|source| source.name() == name)
    }

    /// Every field that its rules may use.
    pub fn fields(self) -> impl Iterator<Item = &'static Field> {
        let (first, second) = match self {
            Self::Syscall => (&SYSCALL, &CONTAINER),
            Self::K8sAudit => (&K8S_AUDIT, &JSON),
            Self::AwsCloudtrail => (&CLOUDTRAIL, &JSON),
        };
        GENERIC.iter().chain(first.iter()).chain(second.iter())
    }
}

fn table(text: &'static str) -> Vec<Field> {
    let plugin = text.starts_with("# Fields of the container")
        || text.starts_with("# Fields of Kubernetes")
        || text.starts_with("# Fields of CloudTrail")
        || text.starts_with("# Fields of any JSON");
    let rows = text.lines().filter(|line| !line.starts_with('#'));
    rows.map(|line| {
        let mut cells = line.split('\t');
        let name = cells.next().unwrap_or_default();
        let type_name = cells.next().unwrap_or_default();
        let kind = Kind::named(type_name);
        let mut traits = Traits { plugin, ..Traits::default() };
        for word in cells.next().unwrap_or_default().split(',') {
            match word {
                "is_list" => traits.list = true,
                "arg_required" => traits.needs_argument = true,
                "arg_allowed" => traits.takes_argument = true,
                "arg_index" => traits.index = true,
                "arg_key" => traits.key = true,
                "filter_only" => traits.filter_only = true,
                "print_only" => traits.print_only = true,
                "no_rhs" => traits.no_right = true,
                "no_transformer" => traits.no_transformer = true,
                "deprecated" => traits.deprecated = true,
                _ => {}
            }
        }
        let description = cells.next().unwrap_or_default();
        let example = cells.next().unwrap_or_default();
        let when = cells.next().filter(|when| !when.is_empty());
        Field { name, kind, type_name, traits, description, example, when }
    })
    .collect()
}

/// Every field of every source, each once.
pub fn all() -> impl Iterator<Item = &'static Field> {
    [&GENERIC, &SYSCALL, &CONTAINER, &K8S_AUDIT, &CLOUDTRAIL, &JSON]
        .into_iter()
        .flat_map(|table| table.iter())
}

/// Whether events of every source have a field of this name.
pub(crate) fn is_generic(name: &str) -> bool {
    GENERIC.iter().any(|field| field.name == name)
}
