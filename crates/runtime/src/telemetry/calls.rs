//! How the arguments of a system call become the parameters of its event: `calls.tsv`.

use std::sync::LazyLock;

use super::report::{Address, Datum};
use crate::scap::Fix;
use crate::scap::schema::{self, EventType, OLD, Parameter, Shape};

/// A call that other sensors tell of.
#[derive(Debug)]
pub(super) struct Known {
    pub(super) name: &'static str,
    x86_64: Option<u64>,
    aarch64: Option<u64>,
    parameters: Vec<(&'static str, usize, Fix)>,
    /// Its event; none where it has none of its own.
    event: Option<&'static EventType>,
}

static CALLS: LazyLock<Vec<Known>> = LazyLock::new(|| {
    let rows = include_str!("calls.tsv").lines().filter(|line| !line.starts_with('#'));
    rows.filter_map(Known::read).collect()
});

/// Processors, as Linux's audit numbers them: `include/uapi/linux/audit.h`.
const X86_64: u64 = 0xc000_003e;
const AARCH64: u64 = 0xc000_00b7;

/// The call of a name.
pub(super) fn named(name: &str) -> Option<&'static Known> {
    CALLS.iter().find(|call| call.name == name)
}

/// The name of a call by its number on a processor.
pub(super) fn numbered(arch: u64, number: u64) -> Option<&'static str> {
    match (arch, number) {
        (X86_64, 59) | (AARCH64, 221) => return Some("execve"),
        (X86_64, 322) | (AARCH64, 281) => return Some("execveat"),
        _ => {}
    }
    let own = |call: &Known| match arch {
        X86_64 => call.x86_64,
        AARCH64 => call.aarch64,
        _ => None,
    };
    CALLS.iter().find(|call| own(call) == Some(number)).map(|call| call.name)
}

/// The type of event that a call of this name has in its newest version.
pub(super) fn event_of(name: &str) -> Option<&'static EventType> {
    let own = |kind: &&EventType| kind.name == name && kind.is_exit() && !kind.is(OLD);
    schema::event_types().iter().rev().filter(|kind| kind.system_call).find(own)
}

impl Known {
    fn read(line: &'static str) -> Option<Self> {
        let mut cells = line.split('\t');
        let name = cells.next()?;
        let (x86_64, aarch64) = (cells.next()?.parse().ok(), cells.next()?.parse().ok());
        let parameters = cells.next()?.split(' ').filter_map(|cell| {
            let (parameter, place) = cell.split_once('=')?;
            let (place, fix) = place.split_once(':').unwrap_or((place, ""));
            let fix = match fix {
                "open" => Fix::Open,
                "clone" => Fix::Clone,
                "ptrace" => Fix::Ptrace,
                "mount" => Fix::Mount,
                "descriptor" => Fix::Descriptor,
                _ => Fix::None,
            };
            Some((parameter, place.parse().ok()?, fix))
        });
        Some(Self {
            name,
            x86_64,
            aarch64,
            parameters: parameters.collect(),
            event: event_of(name),
        })
    }

    /// The type of its event.
    pub(super) fn event(&self) -> Option<&'static EventType> {
        self.event
    }

    /// The parameters of its event that its arguments tell.
    pub(super) fn parameters<'a>(
        &'a self,
        arguments: &'a [Option<Datum>],
    ) -> impl Iterator<Item = (&'static str, Datum)> + 'a {
        self.parameters.iter().filter_map(|(name, place, fix)| {
            let datum = match arguments.get(*place)?.clone()? {
                Datum::Number(number) if *fix != Fix::None => {
                    Datum::Converted(fix.apply(number.cast_unsigned()))
                }
                other => other,
            };
            Some((*name, datum))
        })
    }

    /// The places of its arguments that are texts, in their order.
    pub(super) fn texts(&self) -> Vec<usize> {
        let is_text = |name: &str| {
            let kind = self.event?;
            let shape = kind.parameters.get(kind.position(name)?)?.shape;
            matches!(shape, Shape::Text | Shape::Path | Shape::RelativePath).then_some(())
        };
        let texts = self.parameters.iter().filter(|(name, ..)| is_text(name).is_some());
        let mut places: Vec<usize> = texts.map(|(_, place, _)| *place).collect();
        places.sort_unstable();
        places
    }
}

/// The bytes that a parameter has for a datum.
pub(super) fn bytes(parameter: &Parameter, datum: &Datum) -> Vec<u8> {
    let number = |number: u64| {
        let width = if parameter.width == 0 { 8 } else { parameter.width };
        number.to_le_bytes().get(..width).unwrap_or_default().to_vec()
    };
    let is_text = matches!(parameter.shape, Shape::Text | Shape::Path | Shape::RelativePath);
    match datum {
        Datum::Number(value) if !is_text => number(value.cast_unsigned()),
        Datum::Converted(value) if !is_text => number(*value),
        Datum::Text(text) if is_text => [text.as_slice(), b"\0"].concat(),
        Datum::Text(bytes) if parameter.shape == Shape::Bytes => bytes.clone(),
        Datum::Address(address) if parameter.shape == Shape::Address => self::address(address),
        _ => Vec::new(),
    }
}

const UNIX: u8 = 1;
const INET: u8 = 2;
const INET6: u8 = 10;

fn address(address: &Address) -> Vec<u8> {
    match address {
        Address::Ip(end) => {
            let family = if end.is_ipv4() { INET } else { INET6 };
            let mut bytes = vec![family];
            push_end(*end, &mut bytes);
            bytes
        }
        Address::Unix(path) => [&[UNIX], path.as_slice(), b"\0"].concat(),
        Address::Other(family) => vec![*family],
    }
}

/// Both ends of a connection.
pub(super) fn tuple(from: std::net::SocketAddr, to: std::net::SocketAddr) -> Vec<u8> {
    if from.is_ipv4() != to.is_ipv4() {
        return Vec::new();
    }
    let mut bytes = vec![if to.is_ipv4() { INET } else { INET6 }];
    push_end(from, &mut bytes);
    push_end(to, &mut bytes);
    bytes
}

/// Both ends of a socket that has a path.
pub(super) fn unix_tuple(path: &[u8]) -> Vec<u8> {
    [&[UNIX], [0; 16].as_slice(), path, b"\0"].concat()
}

fn push_end(end: std::net::SocketAddr, into: &mut Vec<u8>) {
    match end.ip() {
        std::net::IpAddr::V4(ip) => into.extend_from_slice(&ip.octets()),
        std::net::IpAddr::V6(ip) => into.extend_from_slice(&ip.octets()),
    }
    into.extend_from_slice(&end.port().to_le_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_parameter_of_the_table_is_one_of_the_event() {
        assert!(CALLS.len() > 60);
        for call in CALLS.iter() {
            assert!(crate::events::is_known(call.name), "{}", call.name);
            for (name, ..) in &call.parameters {
                let kind = call.event.unwrap_or_else(|| panic!("{} has no event", call.name));
                assert!(kind.position(name).is_some(), "{} has no {name}", call.name);
            }
        }
    }

    #[test]
    fn numbers_are_those_of_the_processor() {
        for (name, number) in [
            ("openat", libc::SYS_openat),
            ("connect", libc::SYS_connect),
            ("renameat2", libc::SYS_renameat2),
            ("ptrace", libc::SYS_ptrace),
            ("finit_module", libc::SYS_finit_module),
            ("bpf", libc::SYS_bpf),
            ("memfd_create", libc::SYS_memfd_create),
            ("setns", libc::SYS_setns),
            ("unlinkat", libc::SYS_unlinkat),
            ("keyctl", libc::SYS_keyctl),
        ] {
            let arch = if cfg!(target_arch = "x86_64") { X86_64 } else { AARCH64 };
            assert_eq!(numbered(arch, number.cast_unsigned()), Some(name));
        }
    }

    #[test]
    fn texts_stand_in_the_order_of_the_call() {
        assert_eq!(named("renameat").unwrap().texts(), [1, 3]);
        assert_eq!(named("symlink").unwrap().texts(), [0, 1]);
        assert_eq!(named("kill").unwrap().texts(), [0_usize; 0]);
    }
}
