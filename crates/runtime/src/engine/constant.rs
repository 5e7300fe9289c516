//! The right side of a comparison as a value of the field's type.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::check::{service, whole};
use crate::condition::ast::Literal;
use crate::fields::Kind;

/// A value that a field is compared to.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Constant {
    Bytes(Box<[u8]>),
    Number(i128),
    Double(f64),
    Address(IpAddr),
    Network(Network),
}

/// Addresses that begin alike.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Network {
    address: IpAddr,
    length: u8,
}

impl Network {
    /// Reads `ADDRESS/LENGTH`.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (address, length) = text.split_once('/')?;
        Some(Self { address: address.parse().ok()?, length: length.parse().ok()? })
    }

    /// Whether the address is in it; one of the other family never is.
    pub(crate) fn contains(self, address: IpAddr) -> bool {
        match (self.address, address) {
            (IpAddr::V4(own), IpAddr::V4(other)) => {
                let mask = u32::MAX.checked_shl(32_u32.saturating_sub(self.length.into()));
                let mask = mask.unwrap_or(0);
                Ipv4Addr::to_bits(own) & mask == Ipv4Addr::to_bits(other) & mask
            }
            (IpAddr::V6(own), IpAddr::V6(other)) => {
                let mask = u128::MAX.checked_shl(128_u32.saturating_sub(self.length.into()));
                let mask = mask.unwrap_or(0);
                Ipv6Addr::to_bits(own) & mask == Ipv6Addr::to_bits(other) & mask
            }
            _ => false,
        }
    }
}

/// A literal as a value of this type; none where it is not one, which the check of the condition
/// has refused before.
pub(super) fn parse(kind: Kind, op: &str, literal: &Literal) -> Option<Constant> {
    if matches!(op, "bcontains" | "bstartswith") {
        return Some(Constant::Bytes(from_hex(&literal.0)?));
    }
    let text = literal.text();
    Some(match kind {
        Kind::Text | Kind::Bytes | Kind::Opaque => Constant::Bytes(literal.0.as_slice().into()),
        Kind::Bool => Constant::Number((text == "true").into()),
        Kind::Signed(_) => Constant::Number(whole(&text)?),
        // A negative number wraps around, as in C.
        Kind::Unsigned(bits) => Constant::Number(whole(&text)?.rem_euclid(1_i128 << bits.min(64))),
        Kind::Duration | Kind::Time => Constant::Number(whole(&text)?.rem_euclid(1_i128 << 64)),
        Kind::Double => Constant::Double(text.parse().ok()?),
        Kind::Port if text.is_empty() => Constant::Number(0),
        Kind::Port => match text.parse::<u16>() {
            Ok(port) => Constant::Number(port.into()),
            Err(_) => Constant::Number(service(&text)?.into()),
        },
        Kind::Address if !text.contains('/') => Constant::Address(text.parse().ok()?),
        Kind::Address | Kind::Network => Constant::Network(Network::parse(&text)?),
    })
}

fn from_hex(digits: &[u8]) -> Option<Box<[u8]>> {
    let value = |digit: u8| char::from(digit).to_digit(16);
    digits
        .chunks(2)
        .map(|pair| match pair {
            [high, low] => u8::try_from(value(*high)? * 16 + value(*low)?).ok(),
            _ => None,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn literals_become_what_their_field_is() {
        let of = |kind, text: &str| parse(kind, "=", &Literal::from(text)).unwrap();
        assert_eq!(of(Kind::Unsigned(32), "-1"), Constant::Number(4_294_967_295));
        assert_eq!(of(Kind::Signed(64), "0x10"), Constant::Number(16));
        assert_eq!(of(Kind::Port, "https"), Constant::Number(443));
        let hex = parse(Kind::Bytes, "bcontains", &Literal::from("00fF"));
        assert_eq!(hex, Some(Constant::Bytes([0, 255].into())));
    }

    #[test]
    fn networks_hold_addresses_of_their_family() {
        let within = |network, address: &str| {
            Network::parse(network).unwrap().contains(address.parse().unwrap())
        };
        assert!(within("10.1.2.3/8", "10.255.0.1") && !within("10.0.0.0/8", "11.0.0.1"));
        assert!(within("0.0.0.0/0", "1.2.3.4") && within("::/0", "fe80::1"));
        assert!(within("fd00::/8", "fdff::1") && !within("fd00::/8", "10.0.0.1"));
        assert!(within("1.2.3.4/32", "1.2.3.4") && !within("1.2.3.4/32", "1.2.3.5"));
    }
}
