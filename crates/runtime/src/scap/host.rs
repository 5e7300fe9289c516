//! What a capture says of its machine: its size and name, interfaces, accounts.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::bytes::Bytes;
use super::process::put_text;

/// The machine that a capture was made on.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Machine {
    /// How many processors it has.
    pub processors: u32,
    /// Its memory in bytes.
    pub memory: u64,
    /// The highest number of a process.
    pub max_pid: u64,
    /// Its name.
    pub hostname: Vec<u8>,
    /// When it was booted, in nanoseconds since 1970; 0 where older versions do not say.
    pub boot_time: u64,
}

/// How many bytes a machine's name has.
const HOSTNAME: usize = 128;

impl Machine {
    /// How long the block is.
    pub(super) const SIZE: usize = 4 + 8 + 8 + HOSTNAME + 4 * 8;

    pub(super) fn read(body: &[u8]) -> Option<Self> {
        let mut bytes = Bytes(body);
        let (processors, memory, max_pid) = (bytes.u32()?, bytes.u64()?, bytes.u64()?);
        let hostname = bytes.take(HOSTNAME)?;
        let end = memchr::memchr(0, hostname).unwrap_or(HOSTNAME);
        let hostname = hostname.get(..end)?.to_vec();
        Some(Self { processors, memory, max_pid, hostname, boot_time: bytes.u64()? })
    }

    pub(super) fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.processors.to_le_bytes());
        out.extend_from_slice(&self.memory.to_le_bytes());
        out.extend_from_slice(&self.max_pid.to_le_bytes());
        let mut name = self.hostname.clone();
        name.resize(HOSTNAME, 0);
        out.extend_from_slice(&name);
        out.extend_from_slice(&self.boot_time.to_le_bytes());
        out.extend_from_slice(&[0; 24]);
    }
}

/// An address of an interface.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Interface {
    /// Its address.
    pub address: IpAddr,
    /// Which of its bits stand for the network.
    pub mask: IpAddr,
    /// The address for all of the network.
    pub broadcast: IpAddr,
    /// In bits per second; 0 where it is not known.
    pub speed: u64,
    /// Its name.
    pub name: Vec<u8>,
}

impl Interface {
    /// Reads one entry, and says how long it is.
    pub(super) fn read(window: &[u8], sized: bool) -> Option<(Self, usize)> {
        let mut all = Bytes(window);
        let length = if sized { Some(all.u32()? as usize) } else { None };
        let mut bytes = match length {
            // The length does not count itself.
            Some(length) => Bytes(window.get(4..length.checked_add(4)?)?),
            None => all,
        };
        let (kind, length_of_name) = (bytes.u16()?, bytes.u16()?);
        // 1 and 3 are of IPv4, 2 and 4 of IPv6; the last two do not know the speed.
        let address = |bytes: &mut Bytes<'_>| match kind {
            1 | 3 => Some(IpAddr::V4(Ipv4Addr::from(bytes.ipv4()?))),
            2 | 4 => Some(IpAddr::V6(Ipv6Addr::from(bytes.ipv6()?))),
            _ => None,
        };
        let (at, mask, broadcast) =
            (address(&mut bytes)?, address(&mut bytes)?, address(&mut bytes)?);
        let speed = if kind <= 2 { bytes.u64()? } else { 0 };
        let name = bytes.take(usize::from(length_of_name)).filter(|name| name.len() < 1024)?;
        let used = length.map_or(window.len() - bytes.0.len(), |length| length + 4);
        Some((Self { address: at, mask, broadcast, speed, name: name.to_vec() }, used))
    }

    pub(super) fn write(&self, out: &mut Vec<u8>) {
        let begin = out.len();
        out.extend_from_slice(&[0; 4]);
        let kind: u16 = if self.address.is_ipv4() { 1 } else { 2 };
        out.extend_from_slice(&kind.to_le_bytes());
        let name = self.name.get(..1023).unwrap_or(&self.name);
        out.extend_from_slice(&u16::try_from(name.len()).unwrap_or(0).to_le_bytes());
        for address in [self.address, self.mask, self.broadcast] {
            match address {
                IpAddr::V4(address) => out.extend_from_slice(&address.octets()),
                IpAddr::V6(address) => out.extend_from_slice(&address.octets()),
            }
        }
        out.extend_from_slice(&self.speed.to_le_bytes());
        out.extend_from_slice(name);
        let length = u32::try_from(out.len() - begin - 4).unwrap_or(u32::MAX);
        if let Some(place) = out.get_mut(begin..begin + 4) {
            place.copy_from_slice(&length.to_le_bytes());
        }
    }
}

/// A user or a group.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names are those of passwd(5) and group(5)")]
pub enum Account {
    User { uid: u32, gid: u32, name: Vec<u8>, home: Vec<u8>, shell: Vec<u8> },
    Group { gid: u32, name: Vec<u8> },
}

/// The longest text of an account.
const ACCOUNT: usize = 1024;

impl Account {
    /// Reads one entry, and says how long it is.
    pub(super) fn read(window: &[u8], sized: bool) -> Option<(Self, usize)> {
        let (mut bytes, length) = Bytes::of_entry(window, sized)?;
        let text = |bytes: &mut Bytes<'_>| {
            bytes.text().filter(|text| text.len() < ACCOUNT).map(<[u8]>::to_vec)
        };
        let account = if bytes.u8()? == 0 {
            Self::User {
                uid: bytes.u32()?,
                gid: bytes.u32()?,
                name: text(&mut bytes)?,
                home: text(&mut bytes)?,
                shell: text(&mut bytes)?,
            }
        } else {
            Self::Group { gid: bytes.u32()?, name: text(&mut bytes)? }
        };
        Some((account, length.unwrap_or(window.len() - bytes.0.len())))
    }

    pub(super) fn write(&self, out: &mut Vec<u8>) {
        let begin = out.len();
        out.extend_from_slice(&[0; 4]);
        // Readers refuse texts of 256 bytes and more.
        match self {
            Self::User { uid, gid, name, home, shell } => {
                out.push(0);
                out.extend_from_slice(&uid.to_le_bytes());
                out.extend_from_slice(&gid.to_le_bytes());
                for text in [name, home, shell] {
                    put_text(out, text, 255);
                }
            }
            Self::Group { gid, name } => {
                out.push(1);
                out.extend_from_slice(&gid.to_le_bytes());
                put_text(out, name, 255);
            }
        }
        let length = u32::try_from(out.len() - begin).unwrap_or(u32::MAX);
        if let Some(place) = out.get_mut(begin..begin + 4) {
            place.copy_from_slice(&length.to_le_bytes());
        }
    }
}
