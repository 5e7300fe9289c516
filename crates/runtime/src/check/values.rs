//! Whether a text of a condition is a value of a field's type.
//!
//! After libsinsp's `value_parser.cpp`.

use std::net::{Ipv4Addr, Ipv6Addr};

use super::operand::Typed;
use crate::condition::ast::{Literal, Op};
use crate::events;
use crate::fields::Kind;

/// How long a value may be.
const MAX_LENGTH: usize = 4_096;

/// Ports that a condition may name by their service, as the usual `/etc/services` has them.
const SERVICES: [(&str, u16); 24] = [
    ("ftp-data", 20),
    ("ftp", 21),
    ("ssh", 22),
    ("telnet", 23),
    ("smtp", 25),
    ("domain", 53),
    ("tftp", 69),
    ("http", 80),
    ("pop3", 110),
    ("sunrpc", 111),
    ("ntp", 123),
    ("imap2", 143),
    ("snmp", 161),
    ("ldap", 389),
    ("https", 443),
    ("microsoft-ds", 445),
    ("syslog", 514),
    ("ldaps", 636),
    ("imaps", 993),
    ("pop3s", 995),
    ("mysql", 3306),
    ("postgresql", 5432),
    ("redis", 6379),
    ("rsync", 873),
];

/// The number of a service.
pub(crate) fn service(name: &str) -> Option<u16> {
    SERVICES.iter().find(|(known, _)| *known == name).map(|(_, port)| *port)
}

pub(super) fn fits(typed: &Typed, op: Op, value: &Literal) -> Result<(), String> {
    let text = value.text();
    if matches!(op.name, "bcontains" | "bstartswith") {
        let digits = value.0.len();
        if digits == 0 || digits % 2 == 1 || !value.0.iter().all(u8::is_ascii_hexdigit) {
            let why = "bcontains and bstartswith operator support hex strings only";
            return Err(format!("filter error: {why}"));
        }
        return Ok(());
    }
    if typed.kind != Kind::Bytes && value.0.contains(&0) {
        return Err("filter error: filter value cannot contain a NUL byte (\\x00)".to_owned());
    }
    if value.0.len() >= MAX_LENGTH {
        return Err(format!("filter parameter too long (used={})", value.0.len()));
    }
    if op.name == "regex" {
        return regex::bytes::RegexBuilder::new(&text)
            .size_limit(1 << 20)
            .build()
            .map(|_| ())
            .map_err(|error| format!("invalid regex pattern: {error}"));
    }
    if typed.bare && typed.name == "evt.type" && !events::is_known(&text) {
        return Err(format!("unknown event type {text}"));
    }
    let number = || format!("{text} is not a valid number");
    match typed.kind {
        Kind::Signed(bits) => {
            let limit = 1_i128 << (bits.clamp(1, 64) - 1);
            match whole(&text) {
                Some(number) if (-limit..limit).contains(&number) => Ok(()),
                _ => Err(number()),
            }
        }
        Kind::Unsigned(bits) => {
            // A negative number wraps around, as in C.
            let limit = 1_i128 << bits.min(64);
            match whole(&text) {
                Some(number) if number.abs() < limit => Ok(()),
                _ => Err(number()),
            }
        }
        Kind::Duration | Kind::Time | Kind::Double => whole(&text).map(|_| ()).ok_or_else(number),
        Kind::Port => {
            let is_number = text.bytes().all(|byte| byte.is_ascii_digit());
            if is_number && (text.is_empty() || text.parse::<u16>().is_ok()) {
                return Ok(());
            }
            if service(&text).is_some() {
                Ok(())
            } else {
                Err(format!("unrecognized protocol {text}"))
            }
        }
        Kind::Bool if text == "true" || text == "false" => Ok(()),
        Kind::Bool => Err(format!("filter error: unrecognized boolean value {text}")),
        // Falco refuses this; it can mean one thing only.
        Kind::Address if text.contains('/') => network(&text),
        Kind::Address if text.contains('.') && !text.contains(':') => {
            match text.parse::<Ipv4Addr>() {
                Ok(_) => Ok(()),
                Err(_) => Err(format!("unrecognized IPv4 address {text}")),
            }
        }
        Kind::Address => match text.parse::<Ipv6Addr>() {
            Ok(_) => Ok(()),
            Err(_) => Err(format!("unrecognized IPv6 address {text}")),
        },
        Kind::Network => network(&text),
        Kind::Text | Kind::Bytes | Kind::Opaque => Ok(()),
    }
}

/// A whole number: decimal, or with `0x`.
pub(crate) fn whole(text: &str) -> Option<i128> {
    let (negative, digits) = match text.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let number = match digits.strip_prefix("0x").or_else(|| digits.strip_prefix("0X")) {
        Some(digits) => i128::from(u64::from_str_radix(digits, 16).ok()?),
        None if digits.starts_with(|first: char| first.is_ascii_digit()) => {
            i128::from(digits.parse::<u64>().ok()?)
        }
        None => return None,
    };
    Some(if negative { number.saturating_neg() } else { number })
}

/// Whether it is a network and not an address.
pub(crate) fn is_network(text: &str) -> bool {
    text.contains('/') && network(text).is_ok()
}

fn network(text: &str) -> Result<(), String> {
    let Some((address, length)) = text.split_once('/') else {
        return Err(format!("unrecognized IP network {text}"));
    };
    let limit: u8 = if address.contains(':') {
        address
            .parse::<Ipv6Addr>()
            .map(|_| 128)
            .map_err(|_| format!("unrecognized IPv6 network {text}"))?
    } else {
        address
            .parse::<Ipv4Addr>()
            .map(|_| 32)
            .map_err(|_| format!("unrecognized IP address {text}"))?
    };
    match length.parse::<u8>() {
        Ok(length) if length <= limit => Ok(()),
        _ => Err(format!("invalid netmask {length}")),
    }
}

#[cfg(test)]
mod tests {
    use crate::check::check;
    use crate::condition::{DEFAULT_DEPTH, parse};
    use crate::fields::Source;

    fn said(condition: &str) -> Option<String> {
        let tree = parse(condition, DEFAULT_DEPTH).unwrap();
        check(&tree, Source::Syscall).err().map(|error| error.message)
    }

    #[test]
    fn values_have_to_be_of_the_fields_type() {
        for condition in [
            "fd.sip in (10.0.0.1, fe80::1)",
            "fd.snet in (10.0.0.0/8, fd00::/8)",
            "fd.sport=443 and fd.lport=https",
            "user.uid=0 and user.loginuid=-1 and fd.num>=0",
            "evt.is_open_write=true and evt.rawres < -1",
            "evt.rawarg.res=0",
            "evt.buffer bcontains 00ff",
            "proc.name = val(proc.pname)",
            "len(proc.name) > 3",
            "join(\"-\", (proc.name, proc.pname)) = a",
            "proc.cmdline regex '^a.*b$'",
        ] {
            assert_eq!(said(condition), None, "{condition}");
        }
    }

    #[test]
    fn what_does_not_fit_is_named() {
        for (condition, message) in [
            ("fd.sip=localhost", "unrecognized IPv6 address localhost"),
            ("fd.snet=10.0.0.0", "unrecognized IP network 10.0.0.0"),
            ("fd.snet=10.0.0.0/40", "invalid netmask 40"),
            ("fd.sport=nothing", "unrecognized protocol nothing"),
            ("evt.is_open_write=yes", "filter error: unrecognized boolean value yes"),
            ("user.uid=root", "root is not a valid number"),
            (
                "user.uid contains 1",
                "filter error: 'contains' operator not supported for numeric filters",
            ),
            ("proc.nmae=a", "filter_check called with nonexistent field proc.nmae"),
            ("evt.type=opne", "unknown event type opne"),
            (
                "proc.name = val(proc.pid)",
                "field 'proc.name' has type 'CHARBUF' while the right-hand side field 'proc.pid' has incompatible type 'INT64'",
            ),
            (
                "toupper(proc.pid)=1",
                "can't add field transformer: type 'INT64' is not supported by 'toupper' transformer applied on field 'proc.pid'",
            ),
        ] {
            assert_eq!(said(condition).as_deref(), Some(message), "{condition}");
        }
        assert!(said("proc.name regex '('").unwrap().starts_with("invalid regex pattern"));
    }
}
