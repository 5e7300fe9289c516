//! Names that an authority may issue for, as far as alternative names go: addresses, hosts, URIs and
//! IP addresses, by the rules of Go.
//!
//! Source: RFC 5280, section 4.2.1.10; `checkNameConstraints` of Go's `crypto/x509`.

use std::net::IpAddr;

use super::{Certificate, oid};
use crate::der::{self, Reader, Tag, Value};
use crate::error::Error;

const EMAIL: Tag = 0x81;
const DNS: Tag = 0x82;
const URI: Tag = 0x86;
const IP: Tag = 0x87;

/// The most constraints of one authority, and the most comparisons for one certificate.
const MAX_CONSTRAINTS: usize = 4096;
const MAX_COMPARISONS: usize = 250_000;

/// Checks that `issuer` may issue for the names of `leaf`.
pub(super) fn check(issuer: &Certificate, leaf: &Certificate) -> Result<(), Error> {
    let Some(extension) = issuer.extension(oid::NAME_CONSTRAINTS) else { return Ok(()) };
    let mut lists = Reader::only(&extension.value, der::SEQUENCE)?.reader();
    let permitted = subtrees(lists.optional(der::context(0))?, extension.critical)?;
    let excluded = subtrees(lists.optional(der::context(1))?, extension.critical)?;
    lists.end()?;
    let Some(names) = leaf.extension(oid::SUBJECT_ALT_NAME) else { return Ok(()) };
    let mut names = Reader::only(&names.value, der::SEQUENCE)?.reader();
    let mut comparisons = 0_usize;
    while !names.is_empty() {
        let name = names.next()?;
        comparisons = comparisons.saturating_add(permitted.len()).saturating_add(excluded.len());
        if comparisons > MAX_COMPARISONS {
            return Err(refused(issuer, "too many constraints for too many names"));
        }
        for constraint in excluded.iter().filter(|it| it.tag == name.tag) {
            if matches(name, *constraint)? {
                return Err(refused(issuer, &format!("`{}` is excluded", shown(name))));
            }
        }
        let mut alike = permitted.iter().filter(|it| it.tag == name.tag).peekable();
        if alike.peek().is_none() {
            continue;
        }
        let mut fits = false;
        for constraint in alike {
            fits |= matches(name, *constraint)?;
        }
        if !fits {
            return Err(refused(issuer, &format!("`{}` is not permitted", shown(name))));
        }
    }
    Ok(())
}

/// The constraints of a list. Kinds that are not compared must not be critical.
fn subtrees(list: Option<Value<'_>>, critical: bool) -> Result<Vec<Value<'_>>, Error> {
    let mut found = Vec::new();
    let Some(list) = list else { return Ok(found) };
    let mut items = list.reader();
    while !items.is_empty() {
        let base = items.expect(der::SEQUENCE)?.reader().next()?;
        if found.len() == MAX_CONSTRAINTS {
            return Err(broken(format!("more than {MAX_CONSTRAINTS}")));
        }
        match base.tag {
            EMAIL | DNS | URI | IP => found.push(base),
            other if critical => {
                return Err(broken(format!("a critical one of kind {other:#04x}, not known here")));
            }
            _ => {}
        }
    }
    Ok(found)
}

fn matches(name: Value<'_>, constraint: Value<'_>) -> Result<bool, Error> {
    if name.tag == IP {
        return in_network(name.content, constraint.content);
    }
    let (name_text, wanted) = (text(name)?, text(constraint)?);
    match name.tag {
        EMAIL => {
            let (user, host) = mailbox(name_text)?;
            match wanted.rsplit_once('@') {
                Some((wanted, domain)) => Ok(user == wanted && host.eq_ignore_ascii_case(domain)),
                None => in_domain(host, wanted),
            }
        }
        URI => in_domain(host_of(name_text)?, wanted),
        _ => in_domain(name_text, wanted),
    }
}

/// Whether a host is of a domain; one that begins with a dot means the hosts below it only.
fn in_domain(host: &str, domain: &str) -> Result<bool, Error> {
    if domain.is_empty() {
        return Ok(true);
    }
    let bare = domain.strip_prefix('.').unwrap_or(domain);
    let (labels, wanted) = (labels(host)?, labels(bare)?);
    let must_be_below = bare.len() != domain.len();
    if labels.len() < wanted.len() || must_be_below && labels.len() == wanted.len() {
        return Ok(false);
    }
    Ok(labels.iter().rev().zip(wanted.iter().rev()).all(|(a, b)| a.eq_ignore_ascii_case(b)))
}

fn labels(name: &str) -> Result<Vec<&str>, Error> {
    let labels: Vec<&str> = name.split('.').collect();
    let is_label = |it: &&str| !it.is_empty() && it.bytes().all(|byte| byte.is_ascii_graphic());
    if labels.iter().all(is_label) {
        Ok(labels)
    } else {
        Err(broken(format!("`{name}` is no name of a host")))
    }
}

fn mailbox(address: &str) -> Result<(&str, &str), Error> {
    let parts = address.rsplit_once('@').filter(|(user, _)| !user.is_empty());
    parts.ok_or_else(|| broken(format!("`{address}` is no address")))
}

/// The host of a URI, which must be a name.
fn host_of(uri: &str) -> Result<&str, Error> {
    let authority = uri.split_once("://").map_or("", |(_, rest)| rest);
    let authority = authority.split(['/', '?', '#']).next().unwrap_or_default();
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    let host = match host.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => host,
        _ => host,
    };
    let is_address = host.starts_with('[') || host.parse::<IpAddr>().is_ok();
    if host.is_empty() || is_address {
        return Err(broken(format!("`{uri}` has no host with a name")));
    }
    Ok(host)
}

/// Whether an address is in a network: its address and mask, one behind the other.
fn in_network(address: &[u8], network: &[u8]) -> Result<bool, Error> {
    if !matches!(network.len(), 8 | 32) {
        return Err(broken("a network of no length that there is"));
    }
    let (base, mask) = network.split_at(network.len() / 2);
    let same = |((byte, base), mask): ((&u8, &u8), &u8)| byte & mask == base & mask;
    Ok(address.len() == base.len() && address.iter().zip(base).zip(mask).all(same))
}

fn text(value: Value<'_>) -> Result<&str, Error> {
    std::str::from_utf8(value.content).map_err(|_| broken("a name that is not UTF-8"))
}

fn shown(name: Value<'_>) -> String {
    match (name.tag, name.content) {
        (IP, &[a, b, c, d]) => format!("{a}.{b}.{c}.{d}"),
        (_, content) => String::from_utf8_lossy(content).into_owned(),
    }
}

fn refused(issuer: &Certificate, why: &str) -> Error {
    Error::malformed("certificate path", format!("`{issuer}` constrains names: {why}"))
}

fn broken(why: impl Into<String>) -> Error {
    Error::malformed("name constraints", why)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn domains_hold_their_hosts_as_in_go() {
        for (host, domain, expected) in [
            ("example.com", "example.com", true),
            ("a.EXAMPLE.com", "example.com", true),
            ("a.example.com", ".example.com", true),
            ("example.com", ".example.com", false),
            ("notexample.com", "example.com", false),
            ("com", "example.com", false),
            ("anything", "", true),
            ("*.example.com", "example.com", true),
        ] {
            assert_eq!(in_domain(host, domain), Ok(expected), "{host} {domain}");
        }
        assert!(in_domain("a..b", "b").is_err() && in_domain("a.", "a").is_err());
    }

    #[test]
    fn hosts_are_taken_from_uris_and_networks_compared_by_their_mask() {
        assert_eq!(host_of("https://u@a.example:8443/b?c"), Ok("a.example"));
        for bad in ["https://192.0.2.1/", "https://[::1]/", "mailto:a", "https:///a"] {
            assert!(host_of(bad).is_err(), "{bad}");
        }
        assert_eq!(in_network(&[10, 1, 2, 3], &[10, 0, 0, 0, 255, 0, 0, 0]), Ok(true));
        assert_eq!(in_network(&[11, 1, 2, 3], &[10, 0, 0, 0, 255, 0, 0, 0]), Ok(false));
        assert_eq!(in_network(&[0; 16], &[0; 8]), Ok(false));
        assert!(in_network(&[10, 1, 2, 3], &[10]).is_err());
    }
}
