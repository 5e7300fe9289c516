//! An entry of a list of open files.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::bytes::Bytes;
use super::process::put_text;

/// The longest path.
const PATH: usize = 1024;

/// What a file descriptor refers to: libscap's `scap_fd_type`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash)]
#[allow(missing_docs, reason = "the names are the documentation")]
pub enum DescriptorKind {
    #[default]
    Unknown,
    File,
    Directory,
    Ipv4,
    Ipv6,
    Ipv4Server,
    Ipv6Server,
    Pipe,
    Unix,
    Event,
    Unsupported,
    Signal,
    EventPoll,
    Inotify,
    Timer,
    Netlink,
    /// A file with the flags that it was opened with.
    FileWithFlags,
    Bpf,
    UserFault,
    IoUring,
    Memory,
    Process,
}

impl DescriptorKind {
    const ALL: [Self; 22] = [
        Self::Unknown,
        Self::File,
        Self::Directory,
        Self::Ipv4,
        Self::Ipv6,
        Self::Ipv4Server,
        Self::Ipv6Server,
        Self::Pipe,
        Self::Unix,
        Self::Event,
        Self::Unsupported,
        Self::Signal,
        Self::EventPoll,
        Self::Inotify,
        Self::Timer,
        Self::Netlink,
        Self::FileWithFlags,
        Self::Bpf,
        Self::UserFault,
        Self::IoUring,
        Self::Memory,
        Self::Process,
    ];

    fn number(self) -> u8 {
        let at = Self::ALL.iter().position(|kind| *kind == self);
        at.and_then(|at| u8::try_from(at).ok()).unwrap_or(0)
    }

    /// Whether it is a socket of IP.
    pub fn is_ip(self) -> bool {
        matches!(self, Self::Ipv4 | Self::Ipv6 | Self::Ipv4Server | Self::Ipv6Server)
    }
}

/// An open file as it was when the capture began.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Descriptor {
    /// Its number.
    pub fd: i64,
    /// The inode of a file, the number of a socket.
    pub ino: u64,
    /// What it is.
    pub kind: DescriptorKind,
    /// Its path or name.
    pub name: Vec<u8>,
    /// What it was opened with, in Falco's numbers.
    pub flags: u32,
    /// The device that a file is on.
    pub dev: u32,
    /// Both ends of a socket; a server's own end is the second.
    pub ends: [(IpAddr, u16); 2],
    /// The protocol of a socket: libscap's `scap_l4_proto`.
    pub protocol: u8,
    /// The kernel addresses of a unix socket and its peer.
    pub unix: [u64; 2],
}

/// No end of a socket.
pub(crate) const NO_END: (IpAddr, u16) = (IpAddr::V4(Ipv4Addr::UNSPECIFIED), 0);

impl Descriptor {
    /// Reads one entry, and says how long it is.
    pub(super) fn read(window: &[u8], sized: bool) -> Option<(Self, usize)> {
        let (mut bytes, length) = Bytes::of_entry(window, sized)?;
        let (fd, ino) = (bytes.i64()?, bytes.u64()?);
        let number = bytes.u8()?;
        let kind = DescriptorKind::ALL.get(usize::from(number)).copied();
        let mut it = Self {
            fd,
            ino,
            kind: kind.unwrap_or(DescriptorKind::Unsupported),
            name: Vec::new(),
            flags: 0,
            dev: 0,
            ends: [NO_END; 2],
            protocol: 0,
            unix: [0; 2],
        };
        match kind {
            Some(kind) => it.details(kind, &mut bytes, sized)?,
            // A kind of a newer version can be left out only where it says how long it is.
            None if length.is_some() => it.name = format!("unknown-type:[{number}]").into_bytes(),
            None => return None,
        }
        let used = length.unwrap_or(window.len() - bytes.0.len());
        Some((it, used))
    }

    fn details(&mut self, kind: DescriptorKind, bytes: &mut Bytes<'_>, sized: bool) -> Option<()> {
        let v4 = |bytes: &mut Bytes<'_>| Some(IpAddr::V4(Ipv4Addr::from(bytes.ipv4()?)));
        let v6 = |bytes: &mut Bytes<'_>| Some(IpAddr::V6(Ipv6Addr::from(bytes.ipv6()?)));
        match kind {
            DescriptorKind::Ipv4 => {
                let (from, to) = (v4(bytes)?, v4(bytes)?);
                self.ends = [(from, bytes.u16()?), (to, bytes.u16()?)];
                self.protocol = bytes.u8()?;
            }
            DescriptorKind::Ipv6 => {
                let (from, to) = (v6(bytes)?, v6(bytes)?);
                self.ends = [(from, bytes.u16()?), (to, bytes.u16()?)];
                self.protocol = bytes.u8()?;
            }
            DescriptorKind::Ipv4Server => {
                self.ends[1] = (v4(bytes)?, bytes.u16()?);
                self.protocol = bytes.u8()?;
            }
            DescriptorKind::Ipv6Server => {
                self.ends[1] = (v6(bytes)?, bytes.u16()?);
                self.protocol = bytes.u8()?;
            }
            DescriptorKind::Unix => {
                self.unix = [bytes.u64()?, bytes.u64()?];
                self.name = name(bytes)?;
            }
            DescriptorKind::FileWithFlags => {
                self.flags = bytes.u32()?;
                self.name = name(bytes)?;
                if sized {
                    self.dev = bytes.u32().unwrap_or(0);
                }
            }
            DescriptorKind::Unknown => {}
            _ => self.name = name(bytes)?,
        }
        Some(())
    }

    /// Appends the entry as version 2 has it.
    pub(super) fn write(&self, out: &mut Vec<u8>) {
        let begin = out.len();
        out.extend_from_slice(&[0; 4]);
        out.extend_from_slice(&self.fd.to_le_bytes());
        out.extend_from_slice(&self.ino.to_le_bytes());
        out.push(self.kind.number());
        let address = |out: &mut Vec<u8>, address: IpAddr| match address {
            IpAddr::V4(address) => out.extend_from_slice(&address.octets()),
            IpAddr::V6(address) => out.extend_from_slice(&address.octets()),
        };
        match self.kind {
            DescriptorKind::Ipv4 | DescriptorKind::Ipv6 => {
                self.ends.iter().for_each(|end| address(out, end.0));
                self.ends.iter().for_each(|end| out.extend_from_slice(&end.1.to_le_bytes()));
                out.push(self.protocol);
            }
            DescriptorKind::Ipv4Server | DescriptorKind::Ipv6Server => {
                address(out, self.ends[1].0);
                out.extend_from_slice(&self.ends[1].1.to_le_bytes());
                out.push(self.protocol);
            }
            DescriptorKind::Unix => {
                self.unix.iter().for_each(|end| out.extend_from_slice(&end.to_le_bytes()));
                put_text(out, &self.name, PATH - 1);
            }
            DescriptorKind::FileWithFlags => {
                out.extend_from_slice(&self.flags.to_le_bytes());
                put_text(out, &self.name, PATH - 1);
                out.extend_from_slice(&self.dev.to_le_bytes());
            }
            DescriptorKind::Unknown => {}
            _ => put_text(out, &self.name, PATH - 1),
        }
        let length = u32::try_from(out.len() - begin).unwrap_or(u32::MAX);
        if let Some(place) = out.get_mut(begin..begin + 4) {
            place.copy_from_slice(&length.to_le_bytes());
        }
    }
}

fn name(bytes: &mut Bytes<'_>) -> Option<Vec<u8>> {
    bytes.text().filter(|name| name.len() < PATH).map(<[u8]>::to_vec)
}
