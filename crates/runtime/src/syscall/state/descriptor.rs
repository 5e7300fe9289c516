//! An open file of a process.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::Text;
use super::texts::Texts;
use crate::scap::{Descriptor, DescriptorKind};

/// Closes on `execve`: of files, of `epoll_create1` and of `memfd_create`.
pub(crate) const O_CLOEXEC: u32 = 1 << 12;
pub(crate) const EPOLL_CLOEXEC: u32 = 1;
pub(crate) const O_DIRECTORY: u32 = 1 << 10;
pub(crate) const UPPER_LAYER: u32 = 1 << 15;
pub(crate) const LOWER_LAYER: u32 = 1 << 16;

/// A protocol above IP: libscap's `scap_l4_proto`.
pub(crate) const L4_UNKNOWN: u8 = 0;
pub(crate) const L4_NONE: u8 = 1;
pub(crate) const L4_TCP: u8 = 2;
pub(crate) const L4_UDP: u8 = 3;
pub(crate) const L4_ICMP: u8 = 4;
pub(crate) const L4_RAW: u8 = 5;

/// Which end of a connection this one is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Role {
    #[default]
    None,
    Client,
    Server,
}

/// What a file descriptor refers to.
#[derive(Debug, Clone)]
pub(crate) struct Fd {
    pub(crate) kind: DescriptorKind,
    /// Its path, or the ends of a socket in words.
    pub(crate) name: Text,
    /// The path as the call had it.
    pub(crate) name_raw: Text,
    pub(crate) open_flags: u32,
    pub(crate) role: Role,
    pub(crate) connected: bool,
    /// Client and server; a listening socket has only the second.
    pub(crate) ends: [(IpAddr, u16); 2],
    pub(crate) protocol: u8,
    pub(crate) unix: [u64; 2],
    pub(crate) ino: u64,
    pub(crate) dev: u32,
    /// The process that a pidfd is of.
    pub(crate) pid: i64,
}

/// No address of the family.
pub(crate) fn unspecified(v6: bool) -> (IpAddr, u16) {
    let v6_address = IpAddr::V6(Ipv6Addr::UNSPECIFIED);
    (if v6 { v6_address } else { IpAddr::V4(Ipv4Addr::UNSPECIFIED) }, 0)
}

impl Fd {
    pub(crate) fn new(kind: DescriptorKind) -> Self {
        let v6 = matches!(kind, DescriptorKind::Ipv6 | DescriptorKind::Ipv6Server);
        Self {
            kind,
            name: super::empty(),
            name_raw: super::empty(),
            open_flags: 0,
            role: Role::None,
            connected: false,
            ends: [unspecified(v6); 2],
            protocol: L4_UNKNOWN,
            unix: [0; 2],
            ino: 0,
            dev: 0,
            pid: 0,
        }
    }

    pub(crate) fn is_file(&self) -> bool {
        matches!(self.kind, DescriptorKind::File | DescriptorKind::FileWithFlags)
    }

    pub(crate) fn is_directory(&self) -> bool {
        self.kind == DescriptorKind::Directory
    }

    /// Whether it is TCP or UDP over IPv4: libsinsp asks only that.
    pub(crate) fn is_ipv4(&self, protocol: u8) -> bool {
        self.kind == DescriptorKind::Ipv4 && self.protocol == protocol
    }

    pub(crate) fn is_connection(&self) -> bool {
        matches!(self.kind, DescriptorKind::Ipv4 | DescriptorKind::Ipv6)
    }

    pub(crate) fn closes_on_exec(&self) -> bool {
        match self.kind {
            DescriptorKind::Memory | DescriptorKind::EventPoll => {
                self.open_flags & (O_CLOEXEC | EPOLL_CLOEXEC) != 0
            }
            _ => self.open_flags & O_CLOEXEC != 0,
        }
    }

    pub(crate) fn set_close_on_exec(&mut self, on: bool) {
        self.open_flags &= !(O_CLOEXEC | EPOLL_CLOEXEC);
        if on {
            self.open_flags |= O_CLOEXEC;
        }
    }

    /// The protocol as fields have it: of a connection only when it is known which end this is.
    pub(crate) fn l4(&self) -> u8 {
        match self.kind {
            DescriptorKind::Ipv4 | DescriptorKind::Ipv6 => {
                if self.protocol == L4_RAW || self.role != Role::None {
                    self.protocol
                } else {
                    L4_NONE
                }
            }
            DescriptorKind::Ipv4Server | DescriptorKind::Ipv6Server => self.protocol,
            _ => L4_NONE,
        }
    }

    /// The letter that sysdig shows for its kind.
    pub(crate) fn letter(&self) -> u8 {
        match self.kind {
            DescriptorKind::File | DescriptorKind::FileWithFlags => b'f',
            DescriptorKind::Ipv4 | DescriptorKind::Ipv4Server => b'4',
            DescriptorKind::Ipv6 | DescriptorKind::Ipv6Server => b'6',
            DescriptorKind::Directory => b'd',
            DescriptorKind::Pipe => b'p',
            DescriptorKind::Unix | DescriptorKind::UserFault => b'u',
            DescriptorKind::Event => b'e',
            DescriptorKind::Unknown => b'o',
            DescriptorKind::Unsupported => b'X',
            DescriptorKind::Signal => b's',
            DescriptorKind::EventPoll => b'l',
            DescriptorKind::Inotify => b'i',
            DescriptorKind::Timer => b't',
            DescriptorKind::Netlink => b'n',
            DescriptorKind::Bpf => b'b',
            DescriptorKind::IoUring => b'r',
            DescriptorKind::Memory => b'm',
            DescriptorKind::Process => b'P',
        }
    }

    /// The word that `fd.type` has for its kind.
    pub(crate) fn word(&self) -> &'static str {
        match self.kind {
            DescriptorKind::File | DescriptorKind::FileWithFlags => "file",
            DescriptorKind::Directory => "directory",
            DescriptorKind::Ipv4 | DescriptorKind::Ipv4Server => "ipv4",
            DescriptorKind::Ipv6 | DescriptorKind::Ipv6Server => "ipv6",
            DescriptorKind::Unix => "unix",
            DescriptorKind::Pipe => "pipe",
            DescriptorKind::Event => "event",
            DescriptorKind::Signal => "signalfd",
            DescriptorKind::EventPoll => "eventpoll",
            DescriptorKind::Inotify => "inotify",
            DescriptorKind::Timer => "timerfd",
            DescriptorKind::Netlink => "netlink",
            DescriptorKind::Bpf => "bpf",
            DescriptorKind::UserFault => "userfaultfd",
            DescriptorKind::IoUring => "io_uring",
            DescriptorKind::Memory => "memfd",
            DescriptorKind::Process => "pidfd",
            DescriptorKind::Unknown | DescriptorKind::Unsupported => "<NA>",
        }
    }

    /// What a capture says of it.
    pub(super) fn from_capture(from: &Descriptor, texts: &mut Texts) -> Self {
        Self {
            name: texts.get(&from.name),
            open_flags: from.flags,
            ends: from.ends,
            protocol: from.protocol,
            unix: from.unix,
            ino: from.ino,
            dev: from.dev,
            ..Self::new(from.kind)
        }
    }
}

/// The address of IPv4 that one of IPv6 stands for; no address at all stands for both.
pub(crate) fn mapped(address: IpAddr) -> Option<IpAddr> {
    match address {
        IpAddr::V6(Ipv6Addr::UNSPECIFIED) => Some(IpAddr::V4(Ipv4Addr::UNSPECIFIED)),
        IpAddr::V6(address) => address.to_ipv4_mapped().map(IpAddr::V4),
        IpAddr::V4(_) => None,
    }
}
