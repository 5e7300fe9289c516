//! Whether a certificate is for a host, by the rules of Go.
//!
//! Source: `Certificate.VerifyHostname` of `crypto/x509`; RFC 6125, section 6.4.

use std::net::IpAddr;

use crate::certificate::{Certificate, oid};
use crate::der::{self, Reader};
use crate::error::Error;

/// Whether one of the certificate's alternative names is `host`, a name or an IP address.
pub(super) fn accepts(certificate: &Certificate, host: &str) -> Result<bool, Error> {
    let Some(extension) = certificate.extension(oid::SUBJECT_ALT_NAME) else { return Ok(false) };
    let address = host.strip_prefix('[').and_then(|it| it.strip_suffix(']')).unwrap_or(host);
    let address = address.parse::<IpAddr>().ok().map(|it| it.to_canonical());
    let mut names = Reader::only(&extension.value, der::SEQUENCE)?.reader();
    while !names.is_empty() {
        let name = names.next()?;
        let fits = match (name.tag, address) {
            (DNS, None) => {
                std::str::from_utf8(name.content).is_ok_and(|pattern| matches(pattern, host))
            }
            (IP, Some(address)) => read_address(name.content) == Some(address),
            _ => false,
        };
        if fits {
            return Ok(true);
        }
    }
    Ok(false)
}

const DNS: der::Tag = 0x82;
const IP: der::Tag = 0x87;

fn read_address(bytes: &[u8]) -> Option<IpAddr> {
    let v4 = <[u8; 4]>::try_from(bytes).map(IpAddr::from);
    let v6 = || <[u8; 16]>::try_from(bytes).map(|it| IpAddr::from(it).to_canonical());
    v4.or_else(|_| v6()).ok()
}

/// A pattern that can be one, on a name that can be one, may begin with `*.`; others are compared as
/// they are.
fn matches(pattern: &str, host: &str) -> bool {
    if !(is_name(host, false) && is_name(pattern, true)) {
        return !["", "."].contains(&pattern) && pattern.eq_ignore_ascii_case(host);
    }
    let host = host.strip_suffix('.').unwrap_or(host);
    match (pattern.strip_prefix("*."), host.split_once('.')) {
        (Some(above), Some((_, domain))) => above.eq_ignore_ascii_case(domain),
        (Some(_), None) => false,
        (None, _) => pattern.eq_ignore_ascii_case(host),
    }
}

fn is_name(name: &str, is_pattern: bool) -> bool {
    let name = if is_pattern { name } else { name.strip_suffix('.').unwrap_or(name) };
    let is_label = |(at, label): (usize, &str)| {
        let letter = |it: char| it.is_ascii_alphanumeric() || it == '-' || it == '_';
        is_pattern && at == 0 && label == "*"
            || !label.is_empty() && !label.starts_with('-') && label.chars().all(letter)
    };
    name != "*" && name.split('.').enumerate().all(is_label)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_match_as_in_go() {
        // From the tests of Go's `crypto/x509`.
        for (pattern, host, expected) in [
            ("a.b.c", "a.b.c", true),
            ("a.b.c", "b.b.c", false),
            ("a.b.c", "*.b.c", false),
            ("*.b.c", "a.b.c", true),
            ("*.b.c", "A.B.c", true),
            ("*.b.c", "a.b.c.", true),
            ("*.b.c", "b.c", false),
            ("*.b.c", "x.a.b.c", false),
            ("a.*.c", "a.b.c", false),
            ("*", "a", false),
            ("", "", false),
            (".", ".", false),
            ("a.b.c.", "a.b.c", false),
            ("a b", "A b", true),
            ("_x.b", "_x.b", true),
        ] {
            assert_eq!(matches(pattern, host), expected, "{pattern} {host}");
        }
    }

    #[test]
    fn an_address_is_read_in_either_length() {
        assert_eq!(read_address(&[127, 0, 0, 1]), "127.0.0.1".parse().ok());
        let mapped = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 127, 0, 0, 1];
        assert_eq!(read_address(&mapped), "127.0.0.1".parse().ok());
        assert_eq!(read_address(&[1, 2, 3]), None);
    }
}
