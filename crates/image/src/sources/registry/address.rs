//! Which addresses are of the whole internet, and which only this machine or its network can reach: nobody
//! from outside has us ask there, unless whoever runs the program allowed it.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Whether an address is one of the whole internet, and not of this machine or a private network.
///
/// Source: the IANA special-purpose address registries; addresses for documentation lead nowhere and are
/// nobody's.
pub fn is_public(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(it) => !is_inside_v4(it),
        IpAddr::V6(it) => !is_inside_v6(it),
    }
}

fn is_inside_v4(it: Ipv4Addr) -> bool {
    let [a, b, c, _] = it.octets();
    it.is_loopback()
        || it.is_private()
        || it.is_link_local()
        || it.is_broadcast()
        || it.is_multicast()
        || a == 0
        || a >= 240
        || (a == 100 && (64..128).contains(&b))
        || (a == 192 && b == 0 && c == 0)
        || (a == 198 && (b == 18 || b == 19))
}

fn is_inside_v6(it: Ipv6Addr) -> bool {
    let [a, ..] = it.segments();
    // An address of version 4 in another form is what it is there.
    let embedded = it.to_ipv4_mapped().or_else(|| match it.segments() {
        [0x64, 0xff9b, 0, 0, 0, 0, high, low]
        | [0x2002, high, low, ..]
        | [0, 0, 0, 0, 0, 0, high, low] => {
            let ([a, b], [c, d]) = (high.to_be_bytes(), low.to_be_bytes());
            Some(Ipv4Addr::new(a, b, c, d))
        }
        _ => None,
    });
    it.is_loopback()
        || it.is_unspecified()
        || it.is_multicast()
        || (a & 0xfe00) == 0xfc00
        || (a & 0xffc0) == 0xfe80
        || embedded.is_some_and(is_inside_v4)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn public_addresses_are_told_from_private_ones_in_every_form() {
        for inside in [
            "127.0.0.1",
            "10.1.2.3",
            "172.16.0.1",
            "192.168.1.1",
            "169.254.169.254",
            "100.64.0.1",
            "0.0.0.0",
            "::1",
            "::",
            "fe80::1",
            "fd00::1",
            "::ffff:10.0.0.1",
            "64:ff9b::a00:1",
            "2002:7f00:1::",
            "::127.0.0.1",
            "255.255.255.255",
            "224.0.0.1",
        ] {
            assert!(!is_public(inside.parse().unwrap()), "{inside}");
        }
        for outside in
            ["1.1.1.1", "8.8.8.8", "2606:4700::1111", "100.63.0.1", "172.32.0.1", "203.0.113.7"]
        {
            assert!(is_public(outside.parse().unwrap()), "{outside}");
        }
    }
}
