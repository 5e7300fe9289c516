//! Blocks of addresses, `10.0.0.0/8`, read as the API server reads them.
//!
//! It takes leading zeros for decimal and addresses with bits behind the prefix:
//! <https://pkg.go.dev/k8s.io/utils/net#ParseCIDRSloppy>

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// A block of IPv4 or IPv6 addresses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Block {
    address: IpAddr,
    prefix: u8,
}

impl Block {
    /// Reads `10.0.0.0/8` or `2001:db8::/32`; bits behind the prefix count as zero.
    pub fn parse(text: &str) -> Option<Self> {
        let (address, digits) = text.split_once('/')?;
        let is_number = !digits.is_empty() && digits.bytes().all(|one| one.is_ascii_digit());
        let prefix: u8 = is_number.then(|| digits.parse().ok())??;
        let (address, prefix) = match read_address(address)? {
            // An IPv4 address in IPv6's clothes.
            IpAddr::V6(six) if prefix >= 96 && six.to_ipv4_mapped().is_some() => {
                (six.to_canonical(), prefix.checked_sub(96)?)
            }
            address => (address, prefix),
        };
        let block = match address {
            IpAddr::V4(four) => {
                let mask = u32::MAX.checked_shl(32_u32.checked_sub(prefix.into())?).unwrap_or(0);
                Ipv4Addr::from_bits(four.to_bits() & mask).into()
            }
            IpAddr::V6(six) => {
                let mask = u128::MAX.checked_shl(128_u32.checked_sub(prefix.into())?).unwrap_or(0);
                Ipv6Addr::from_bits(six.to_bits() & mask).into()
            }
        };
        Some(Self { address: block, prefix })
    }

    /// Whether an address is in it.
    pub fn contains(&self, address: IpAddr) -> bool {
        match (self.address, address.to_canonical()) {
            (IpAddr::V4(own), IpAddr::V4(other)) => {
                let differ = own.to_bits() ^ other.to_bits();
                differ.leading_zeros() >= self.prefix.into()
            }
            (IpAddr::V6(own), IpAddr::V6(other)) => {
                let differ = own.to_bits() ^ other.to_bits();
                differ.leading_zeros() >= self.prefix.into()
            }
            _ => false,
        }
    }

    /// Whether every address of the other is in it.
    pub fn covers(&self, other: &Self) -> bool {
        self.prefix <= other.prefix && self.contains(other.address)
    }

    /// Whether it has addresses that the other has not, and all of the other's.
    pub fn covers_more_than(&self, other: &Self) -> bool {
        self.prefix < other.prefix && self.covers(other)
    }

    /// Its first address.
    pub fn first(&self) -> IpAddr {
        self.address
    }

    /// Whether it is every address of its family.
    pub fn is_all(&self) -> bool {
        self.prefix == 0
    }
}

impl fmt::Display for Block {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.address, self.prefix)
    }
}

/// Reads an address; leading zeros of an IPv4 part are passed over.
pub fn read_address(text: &str) -> Option<IpAddr> {
    let without_zeros = |part: &str| match part.trim_start_matches('0') {
        "" if !part.is_empty() => "0".to_owned(),
        rest => rest.to_owned(),
    };
    if text.contains(':') {
        return text.parse::<Ipv6Addr>().ok().map(IpAddr::V6);
    }
    let parts: Vec<String> = text.split('.').map(without_zeros).collect();
    parts.join(".").parse().ok().map(IpAddr::V4)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_block_has_the_addresses_of_its_prefix_and_family() {
        let has = |block: &str, address: &str| {
            Block::parse(block).is_some_and(|block| block.contains(address.parse().unwrap()))
        };
        assert!(has("192.168.1.9/24", "192.168.1.200"));
        assert!(!has("192.168.1.0/28", "192.168.1.16"));
        assert!(has("0.0.0.0/0", "255.255.255.255") && !has("0.0.0.0/0", "::1"));
        assert!(has("::/0", "2001:db8::1") && !has("::/0", "10.0.0.1"));
        assert!(has("10.1.2.3/32", "10.1.2.3") && !has("10.1.2.3/32", "10.1.2.2"));
        assert!(
            has("2001:db8::/33", "2001:db8:7fff::") && !has("2001:db8::/33", "2001:db8:8000::")
        );
        assert!(has("010.0.0.0/8", "10.9.9.9"));
        assert!(has("::ffff:10.0.0.0/104", "10.9.9.9"));
    }

    #[test]
    fn what_is_no_block_is_refused() {
        for text in [
            "",
            "10.0.0.0",
            "10.0.0.0/33",
            "10.0.0/8",
            "::/129",
            "10.0.0.0/-1",
            "x/8",
            "10.0.0.0/+8",
            "1.2.3.4.5/8",
            "10..0.0/8",
        ] {
            assert_eq!(Block::parse(text), None, "{text}");
        }
    }
}
