//! Addresses of the machine.
#![allow(unsafe_code, reason = "the C library gives a list of pointers")]

use std::ffi::CStr;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use plimsoll_runtime::scap::Interface;

/// Every address of every interface.
pub(super) fn all() -> Vec<Interface> {
    let mut first: *mut libc::ifaddrs = std::ptr::null_mut();
    // SAFETY: `getifaddrs` writes one pointer, to a list that is freed below.
    if unsafe { libc::getifaddrs(&raw mut first) } != 0 {
        return Vec::new();
    }
    let mut found = Vec::new();
    let mut at = first.cast_const();
    // SAFETY: `at` is null or an entry of the list, which lives until it is freed; its own pointers
    // are null or to what its family says.
    while let Some(entry) = unsafe { at.as_ref() } {
        at = entry.ifa_next;
        // SAFETY: an address of this entry.
        let Some(address) = (unsafe { ip(entry.ifa_addr) }) else { continue };
        let unspecified = if address.is_ipv4() {
            IpAddr::V4(Ipv4Addr::UNSPECIFIED)
        } else {
            IpAddr::V6(Ipv6Addr::UNSPECIFIED)
        };
        // SAFETY: the mask of this entry, and its broadcast address or that of its peer.
        let (mask, broadcast) = unsafe { (ip(entry.ifa_netmask), ip(entry.ifa_ifu)) };
        // SAFETY: the name of this entry, which ends with NUL.
        let name = unsafe { CStr::from_ptr(entry.ifa_name) }.to_bytes().to_vec();
        let same = |found: &IpAddr| found.is_ipv4() == address.is_ipv4();
        found.push(Interface {
            address,
            mask: mask.filter(same).unwrap_or(unspecified),
            broadcast: broadcast.filter(same).unwrap_or(unspecified),
            speed: 0,
            name,
        });
    }
    // SAFETY: the list that `getifaddrs` made, of which nothing is kept.
    unsafe { libc::freeifaddrs(first) };
    found
}

/// An address of IP.
///
/// # Safety
/// The pointer is null, or to an address of the length that its family has.
unsafe fn ip(address: *const libc::sockaddr) -> Option<IpAddr> {
    // SAFETY: as the caller promises.
    let family = i32::from(unsafe { address.as_ref() }?.sa_family);
    match family {
        libc::AF_INET => {
            // SAFETY: of this family it is a `sockaddr_in`; nothing says that it is aligned for one.
            let address = unsafe { address.cast::<libc::sockaddr_in>().read_unaligned() };
            Some(IpAddr::V4(Ipv4Addr::from(u32::from_be(address.sin_addr.s_addr))))
        }
        libc::AF_INET6 => {
            // SAFETY: of this family it is a `sockaddr_in6`.
            let address = unsafe { address.cast::<libc::sockaddr_in6>().read_unaligned() };
            Some(IpAddr::V6(Ipv6Addr::from(address.sin6_addr.s6_addr)))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_machine_has_itself() {
        let found = all();
        assert!(
            found.iter().any(|one| one.name == b"lo" && one.address.is_loopback()),
            "{found:?}"
        );
    }
}
