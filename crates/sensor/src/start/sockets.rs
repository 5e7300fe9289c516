//! Sockets of a namespace from `/proc/PID/net`, by inode.

use std::collections::HashMap;
use std::fs;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::path::{Path, PathBuf};

use plimsoll_runtime::scap::{Descriptor, DescriptorKind};

/// The most of one namespace, and of namespaces.
const MOST: usize = 262_144;
const MOST_NAMESPACES: usize = 4096;
/// libscap's `scap_l4_proto`.
const TCP: u8 = 2;
const UDP: u8 = 3;
const RAW: u8 = 5;
/// The state of a socket of TCP that listens.
const LISTENS: &str = "0A";

/// Sockets of the namespaces that were asked for.
#[derive(Debug, Default)]
pub(super) struct Sockets {
    namespaces: HashMap<PathBuf, HashMap<u64, Descriptor>>,
}

impl Sockets {
    /// The socket of an inode, in the namespace of a process.
    pub(super) fn of(&mut self, process: &Path, ino: u64) -> Option<Descriptor> {
        let namespace = fs::read_link(process.join("ns/net")).ok()?;
        if !self.namespaces.contains_key(&namespace) {
            if self.namespaces.len() >= MOST_NAMESPACES {
                return None;
            }
            self.namespaces.insert(namespace.clone(), read(&process.join("net")));
        }
        self.namespaces.get(&namespace)?.get(&ino).cloned()
    }
}

fn read(folder: &Path) -> HashMap<u64, Descriptor> {
    let mut found = HashMap::new();
    let tables =
        [("tcp", TCP), ("udp", UDP), ("raw", RAW), ("tcp6", TCP), ("udp6", UDP), ("raw6", RAW)];
    for (name, protocol) in tables {
        let text = fs::read_to_string(folder.join(name)).unwrap_or_default();
        found.extend(text.lines().skip(1).filter_map(|line| ip(line, protocol)).take(MOST));
    }
    let text = fs::read_to_string(folder.join("unix")).unwrap_or_default();
    found.extend(text.lines().skip(1).filter_map(unix).take(MOST));
    let text = fs::read_to_string(folder.join("netlink")).unwrap_or_default();
    found.extend(text.lines().skip(1).filter_map(netlink).take(MOST));
    found
}

fn new(kind: DescriptorKind, ino: u64) -> Descriptor {
    Descriptor {
        fd: -1,
        ino,
        kind,
        name: Vec::new(),
        flags: 0,
        dev: 0,
        ends: [(Ipv4Addr::UNSPECIFIED.into(), 0); 2],
        protocol: 0,
        unix: [0; 2],
    }
}

/// A line of `tcp`, `udp` or `raw`: addresses in the machine's order of bytes, ports as they are.
fn ip(line: &str, protocol: u8) -> Option<(u64, Descriptor)> {
    let cells: Vec<&str> = line.split_whitespace().collect();
    let local = end(cells.get(1)?)?;
    let remote = end(cells.get(2)?)?;
    let ino = cells.get(9)?.parse().ok()?;
    let listens = *cells.get(3)? == LISTENS || (protocol != TCP && remote.1 == 0);
    let kind = match (local.0.is_ipv4(), listens) {
        (true, true) => DescriptorKind::Ipv4Server,
        (true, false) => DescriptorKind::Ipv4,
        (false, true) => DescriptorKind::Ipv6Server,
        (false, false) => DescriptorKind::Ipv6,
    };
    // A server's own end is the second.
    let ends = if listens { [remote, local] } else { [local, remote] };
    Some((ino, Descriptor { ends, protocol, ..new(kind, ino) }))
}

fn end(text: &str) -> Option<(IpAddr, u16)> {
    let (address, port) = text.split_once(':')?;
    let port = u16::from_str_radix(port, 16).ok()?;
    let word = |at: usize| u32::from_str_radix(address.get(at..at + 8)?, 16).ok();
    let address = match address.len() {
        8 => IpAddr::V4(Ipv4Addr::from(word(0)?.to_ne_bytes())),
        32 => {
            let mut bytes = [0; 16];
            for (at, place) in bytes.chunks_exact_mut(4).enumerate() {
                place.copy_from_slice(&word(at * 8)?.to_ne_bytes());
            }
            IpAddr::V6(Ipv6Addr::from(bytes))
        }
        _ => return None,
    };
    Some((address, port))
}

/// `Num: RefCount Protocol Flags Type St Inode Path`
fn unix(line: &str) -> Option<(u64, Descriptor)> {
    let mut cells = line.split_whitespace();
    let source = u64::from_str_radix(cells.next()?.trim_end_matches(':'), 16).ok()?;
    let ino = cells.nth(5)?.parse().ok()?;
    let name = cells.next().unwrap_or("");
    // The kernel does not say who the peer is.
    let found = Descriptor {
        name: name.as_bytes().to_vec(),
        unix: [source, 0],
        ..new(DescriptorKind::Unix, ino)
    };
    Some((ino, found))
}

fn netlink(line: &str) -> Option<(u64, Descriptor)> {
    let ino = line.split_whitespace().nth(9)?.parse().ok()?;
    Some((ino, new(DescriptorKind::Netlink, ino)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_the_tables_are_sockets() {
        let line = "0: 0100007F:1F90 00000000:0000 0A 0:0 00:0 0 0 0 4242 1";
        let (ino, listens) = ip(line, TCP).unwrap();
        assert_eq!((ino, listens.kind), (4242, DescriptorKind::Ipv4Server));
        assert_eq!(listens.ends[1], (Ipv4Addr::LOCALHOST.into(), 8080));
        let line = "1: 0100007F:C001 0100007F:0016 01 0:0 00:0 0 0 0 7 1";
        let (_, connected) = ip(line, TCP).unwrap();
        assert_eq!(connected.kind, DescriptorKind::Ipv4);
        assert_eq!(connected.ends[1], (Ipv4Addr::LOCALHOST.into(), 22));
        let local = "00000000000000000000000001000000:0050";
        let line = format!("2: {local} {local} 01 0:0 00:0 0 0 0 8 1");
        let (_, six) = ip(&line, TCP).unwrap();
        assert_eq!(six.ends[0], (Ipv6Addr::LOCALHOST.into(), 80));
        let (ino, named) =
            unix("ffff88810: 00000002 00000000 00010000 0001 01 9 /run/x.sock").unwrap();
        assert_eq!((ino, named.name), (9, b"/run/x.sock".to_vec()));
    }

    #[test]
    fn broken_lines_are_none() {
        for line in ["", "0: x y", "0: 0100007F:1F90 00:0 0A 0:0 00:0 0 0 0 1", "0: é:1 é:1 0A"] {
            assert!(ip(line, TCP).is_none(), "{line}");
        }
        assert!(unix("zz: 1").is_none());
        assert!(netlink("a b").is_none());
    }
}
