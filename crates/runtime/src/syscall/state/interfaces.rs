//! The addresses of a machine: which end of a connection is this one.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::descriptor::Fd;
use crate::scap::Interface;

/// The most addresses that are kept.
const MOST: usize = 4096;

/// The interfaces of a machine.
#[derive(Debug, Default)]
pub(crate) struct Interfaces {
    all: Vec<Interface>,
}

impl Interfaces {
    pub(crate) fn add(&mut self, interface: Interface) {
        if self.all.len() < MOST {
            self.all.push(interface);
        }
    }

    /// Whether an address is one of the machine; of IPv6 whether it is of one of its networks.
    pub(crate) fn has(&self, address: IpAddr) -> bool {
        match address {
            IpAddr::V4(_) => self.all.iter().any(|interface| interface.address == address),
            IpAddr::V6(address) => self.v6().any(|own| network(own) == network(address)),
        }
    }

    /// Fills in the address of an end that the kernel left open.
    pub(crate) fn complete(&self, fd: &mut Fd) {
        let [from, to] = fd.ends;
        let missing = match (from.0.is_unspecified(), to.0.is_unspecified()) {
            (false, false) => return,
            (true, _) => 0,
            (false, true) => 1,
        };
        let other = if missing == 0 { to } else { from };
        let own = match other.0 {
            IpAddr::V4(other) => self.infer_v4(other).map(IpAddr::V4),
            IpAddr::V6(other) => self.infer_v6(other).map(IpAddr::V6),
        };
        let Some(own) = own.filter(|own| *own != other.0 || from.1 != to.1) else { return };
        if let Some(end) = fd.ends.get_mut(missing) {
            end.0 = own;
        }
    }

    fn v4(&self) -> impl Iterator<Item = (Ipv4Addr, Ipv4Addr)> {
        self.all.iter().filter_map(|interface| match (interface.address, interface.mask) {
            (IpAddr::V4(address), IpAddr::V4(mask)) => Some((address, mask)),
            _ => None,
        })
    }

    fn v6(&self) -> impl Iterator<Item = Ipv6Addr> {
        self.all.iter().filter_map(|interface| match interface.address {
            IpAddr::V6(address) => Some(address),
            IpAddr::V4(_) => None,
        })
    }

    /// The machine's address towards another: itself, one of its network, the first that leaves.
    fn infer_v4(&self, other: Ipv4Addr) -> Option<Ipv4Addr> {
        self.v4()
            .find(|(own, _)| *own == other)
            .or_else(|| self.v4().find(|(own, mask)| *own & *mask == other & *mask))
            .or_else(|| self.v4().find(|(own, _)| *own != Ipv4Addr::LOCALHOST))
            .map(|(own, _)| own)
    }

    fn infer_v6(&self, other: Ipv6Addr) -> Option<Ipv6Addr> {
        self.v6()
            .find(|own| *own == other)
            .or_else(|| self.v6().find(|own| network(*own) == network(other)))
            .or_else(|| self.v6().find(|own| *own != Ipv6Addr::LOCALHOST))
    }
}

/// The first half of an address, which stands for its network.
fn network(address: Ipv6Addr) -> u64 {
    u64::try_from(address.to_bits() >> 64).unwrap_or_default()
}
