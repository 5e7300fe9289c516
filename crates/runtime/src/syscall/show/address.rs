//! Addresses of sockets, as events have them and as names show them.

use std::fmt::{self, Display, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::scap::DescriptorKind;
use crate::syscall::state::descriptor::{L4_ICMP, L4_RAW, L4_TCP, L4_UDP};
use crate::syscall::state::{Fd, Text};

pub(crate) use crate::syscall::state::descriptor::mapped;

const AF_UNIX: u8 = 1;
const AF_INET: u8 = 2;
const AF_INET6: u8 = 10;

/// The address of a socket in an event.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Address<'b> {
    Ip(IpAddr, u16),
    Unix(&'b [u8]),
    /// Of another family.
    Other(u8),
}

/// Both ends of a socket in an event.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Tuple<'b> {
    Ip([(IpAddr, u16); 2]),
    Unix([u64; 2], &'b [u8]),
    Other(u8),
}

/// An address that outlives the event it was in.
#[derive(Debug)]
pub(crate) enum Kept {
    Ip(IpAddr, u16),
    Unix(Vec<u8>),
    Other(u8),
}

impl<'b> Address<'b> {
    pub(crate) fn read(bytes: &'b [u8]) -> Option<Self> {
        let (family, rest) = bytes.split_first()?;
        Some(match *family {
            AF_INET => {
                let (ip, rest) = v4(rest)?;
                Self::Ip(ip, port(rest)?.0)
            }
            AF_INET6 => {
                let (ip, rest) = v6(rest)?;
                Self::Ip(ip, port(rest)?.0)
            }
            AF_UNIX => Self::Unix(c_string(rest)?),
            other => Self::Other(other),
        })
    }

    pub(crate) fn keep(self) -> Kept {
        match self {
            Self::Ip(ip, port) => Kept::Ip(ip, port),
            Self::Unix(path) => Kept::Unix(path.to_vec()),
            Self::Other(family) => Kept::Other(family),
        }
    }
}

impl Kept {
    pub(crate) fn get(&self) -> Address<'_> {
        match self {
            Self::Ip(ip, port) => Address::Ip(*ip, *port),
            Self::Unix(path) => Address::Unix(path),
            Self::Other(family) => Address::Other(*family),
        }
    }
}

impl<'b> Tuple<'b> {
    pub(crate) fn read(bytes: &'b [u8]) -> Option<Self> {
        let (family, rest) = bytes.split_first()?;
        Some(match *family {
            AF_INET => {
                let (from, rest) = v4(rest)?;
                let (from_port, rest) = port(rest)?;
                let (to, rest) = v4(rest)?;
                Self::Ip([(from, from_port), (to, port(rest)?.0)])
            }
            AF_INET6 => {
                let (from, rest) = v6(rest)?;
                let (from_port, rest) = port(rest)?;
                let (to, rest) = v6(rest)?;
                Self::Ip([(from, from_port), (to, port(rest)?.0)])
            }
            AF_UNIX => {
                let (from, rest) = rest.split_first_chunk::<8>()?;
                let (to, rest) = rest.split_first_chunk::<8>()?;
                let ends = [u64::from_le_bytes(*from), u64::from_le_bytes(*to)];
                Self::Unix(ends, c_string(rest)?)
            }
            other => Self::Other(other),
        })
    }
}

fn v4(bytes: &[u8]) -> Option<(IpAddr, &[u8])> {
    let (ip, rest) = bytes.split_first_chunk::<4>()?;
    Some((IpAddr::V4(Ipv4Addr::from(*ip)), rest))
}

fn v6(bytes: &[u8]) -> Option<(IpAddr, &[u8])> {
    let (ip, rest) = bytes.split_first_chunk::<16>()?;
    Some((IpAddr::V6(Ipv6Addr::from(*ip)), rest))
}

fn port(bytes: &[u8]) -> Option<(u16, &[u8])> {
    let (port, rest) = bytes.split_first_chunk::<2>()?;
    Some((u16::from_le_bytes(*port), rest))
}

/// A path, which has to end with NUL.
fn c_string(bytes: &[u8]) -> Option<&[u8]> {
    if bytes.last() != Some(&0) {
        return None;
    }
    bytes.get(..memchr::memchr(0, bytes)?)
}

/// An address as `inet_ntop` writes it: of IPv6 the last part as one of IPv4 where only that is.
pub(crate) struct Ip(pub(crate) IpAddr);

impl Display for Ip {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            IpAddr::V6(ip) => match ip.segments() {
                [0, 0, 0, 0, 0, 0, high, _] if high != 0 => {
                    let bits = u32::try_from(ip.to_bits() & 0xffff_ffff).unwrap_or(0);
                    write!(f, "::{}", Ipv4Addr::from_bits(bits))
                }
                _ => write!(f, "{ip}"),
            },
            IpAddr::V4(ip) => write!(f, "{ip}"),
        }
    }
}

/// An address with its port.
struct End((IpAddr, u16));

impl Display for End {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", Ip(self.0.0), self.0.1)
    }
}

/// An address in words.
pub(crate) fn text(address: &Address<'_>) -> Vec<u8> {
    match address {
        Address::Ip(ip, port) => End((*ip, *port)).to_string().into_bytes(),
        Address::Unix(path) => path.to_vec(),
        Address::Other(family) => format!("family {family}").into_bytes(),
    }
}

/// Both ends in words.
pub(crate) fn tuple_text(tuple: &Tuple<'_>) -> Vec<u8> {
    let mut out = Vec::new();
    match tuple {
        Tuple::Ip([from, to]) => {
            let (from, to) = match (mapped(from.0), mapped(to.0)) {
                (Some(a), Some(b)) => ((a, from.1), (b, to.1)),
                _ => (*from, *to),
            };
            out.extend_from_slice(format!("{}->{}", End(from), End(to)).as_bytes());
        }
        Tuple::Unix(ends, path) => out = unix_text(*ends, path),
        Tuple::Other(family) => out.extend_from_slice(format!("family {family}").as_bytes()),
    }
    out
}

/// The ends of a unix socket in words.
pub(crate) fn unix_text(ends: [u64; 2], path: &[u8]) -> Vec<u8> {
    let mut out = format!("{:x}->{:x} ", ends[0], ends[1]).into_bytes();
    out.extend_from_slice(path);
    out
}

/// The name of a socket that a capture begins with.
pub(crate) fn name_of(fd: &Fd) -> Text {
    let name = match fd.kind {
        DescriptorKind::Ipv4Server | DescriptorKind::Ipv6Server => End(fd.ends[1]).to_string(),
        _ => format!("{}->{}", End(fd.ends[0]), End(fd.ends[1])),
    };
    Text::from(name.as_bytes())
}

/// The name of a connection: libsinsp's `sockinfo_to_str`.
pub(crate) fn of_socket(fd: &Fd) -> Text {
    let mut name = String::new();
    let [from, to] = fd.ends;
    let _ = match (fd.kind, fd.protocol) {
        (_, L4_TCP | L4_UDP) => write!(name, "{}->{}", End(from), End(to)),
        (_, L4_ICMP) | (DescriptorKind::Ipv4, L4_RAW) => {
            write!(name, "{}->{}", Ip(from.0), Ip(to.0))
        }
        _ => write!(name, "<unknown>"),
    };
    Text::from(name.as_bytes())
}
