//! A table of nftables that lets nothing in or out, by the kernel's own messages: it needs no program
//! `nft` beside it.
//!
//! A batch of `linux/netfilter/nfnetlink.h` and `nf_tables.h`: a table of the family `inet` with two
//! chains, whose policy is to drop what no rule lets through, and no rules.

use std::io;

use rustix::net::netlink::{self, SocketAddrNetlink};
use rustix::net::{AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType};

/// The table's name.
pub(crate) const TABLE: &str = "plimsoll-isolate";

const REQUEST: u16 = 1;
const ACK: u16 = 4;
const CREATE: u16 = 0x400;
const ERROR: u16 = 2;
const BATCH_BEGIN: u16 = 0x10;
const BATCH_END: u16 = 0x11;
const NEW_TABLE: u16 = 10 << 8;
const DELETE_TABLE: u16 = (10 << 8) | 2;
const NEW_CHAIN: u16 = (10 << 8) | 3;
const NF_TABLES: u16 = 10;
const INET: u8 = 1;
const TABLE_NAME: u16 = 1;
const CHAIN_TABLE: u16 = 1;
const CHAIN_NAME: u16 = 3;
const CHAIN_HOOK: u16 = 4;
const CHAIN_POLICY: u16 = 5;
const CHAIN_TYPE: u16 = 7;
const HOOK_NUMBER: u16 = 1;
const HOOK_PRIORITY: u16 = 2;
const NESTED: u16 = 0x8000;
const DROP: u32 = 0;
/// Before every other chain of filters.
const PRIORITY: i32 = -450;
/// Where packets come in, where they go out, and where they only pass.
const CHAINS: [(&str, u32); 3] = [("in", 1), ("through", 2), ("out", 3)];

/// Isolates the network namespace that this thread is in.
pub(crate) fn isolate() -> io::Result<()> {
    let (batch, asked) = batch();
    send(&batch, asked)
}

fn send(batch: &[u8], asked: usize) -> io::Result<()> {
    let socket = rustix::net::socket_with(
        AddressFamily::NETLINK,
        SocketType::RAW,
        SocketFlags::CLOEXEC,
        Some(netlink::NETFILTER),
    )?;
    rustix::net::sockopt::set_socket_timeout(
        &socket,
        rustix::net::sockopt::Timeout::Recv,
        Some(std::time::Duration::from_secs(2)),
    )?;
    let kernel = SocketAddrNetlink::new(0, 0);
    rustix::net::sendto(&socket, batch, SendFlags::empty(), &kernel)?;
    let mut answer = vec![0_u8; 16 * 1024];
    let mut told = 0;
    while told < asked {
        let (read, _) = rustix::net::recv(&socket, &mut answer, RecvFlags::empty())?;
        let errors = errors(answer.get(..read).unwrap_or_default());
        if errors.is_empty() {
            return Err(io::Error::other("the kernel's answer cannot be read"));
        }
        for error in errors {
            match error {
                0 => told += 1,
                other => return Err(io::Error::from_raw_os_error(other)),
            }
        }
    }
    Ok(())
}

/// The messages, and how many of them are answered.
fn batch() -> (Vec<u8>, usize) {
    let mut out = Vec::new();
    message(&mut out, BATCH_BEGIN, REQUEST, 0, NF_TABLES, &[]);
    let named = text(TABLE_NAME, TABLE);
    // One that is there already may be the container's own, and empty: another takes its place, in the same
    // moment. What is not there cannot be deleted, so that it is made first.
    message(&mut out, NEW_TABLE, REQUEST | ACK | CREATE, INET, 0, &named);
    message(&mut out, DELETE_TABLE, REQUEST | ACK, INET, 0, &named);
    message(&mut out, NEW_TABLE, REQUEST | ACK | CREATE, INET, 0, &named);
    for (name, hook) in CHAINS {
        let mut chain = text(CHAIN_TABLE, TABLE);
        chain.extend(text(CHAIN_NAME, name));
        let mut place = attribute(HOOK_NUMBER, &hook.to_be_bytes());
        place.extend(attribute(HOOK_PRIORITY, &PRIORITY.to_be_bytes()));
        chain.extend(attribute(CHAIN_HOOK | NESTED, &place));
        chain.extend(attribute(CHAIN_POLICY, &DROP.to_be_bytes()));
        chain.extend(text(CHAIN_TYPE, "filter"));
        message(&mut out, NEW_CHAIN, REQUEST | ACK | CREATE, INET, 0, &chain);
    }
    message(&mut out, BATCH_END, REQUEST, 0, NF_TABLES, &[]);
    (out, 3 + CHAINS.len())
}

fn message(out: &mut Vec<u8>, kind: u16, flags: u16, family: u8, resource: u16, body: &[u8]) {
    let length = u32::try_from(20 + body.len()).unwrap_or(20);
    out.extend(length.to_ne_bytes());
    out.extend(kind.to_ne_bytes());
    out.extend(flags.to_ne_bytes());
    out.extend([0; 8]);
    out.extend([family, 0]);
    out.extend(resource.to_be_bytes());
    out.extend(body);
}

fn attribute(kind: u16, value: &[u8]) -> Vec<u8> {
    let length = u16::try_from(4 + value.len()).unwrap_or(4);
    let mut out = Vec::with_capacity(8 + value.len());
    out.extend(length.to_ne_bytes());
    out.extend(kind.to_ne_bytes());
    out.extend(value);
    out.resize(out.len().next_multiple_of(4), 0);
    out
}

fn text(kind: u16, value: &str) -> Vec<u8> {
    let mut bytes = value.as_bytes().to_vec();
    bytes.push(0);
    attribute(kind, &bytes)
}

/// The numbers of the errors that the kernel answers with; 0 is none.
fn errors(mut answer: &[u8]) -> Vec<i32> {
    let mut found = Vec::new();
    while let Some(length) = answer.first_chunk::<4>() {
        let length = usize::try_from(u32::from_ne_bytes(*length)).unwrap_or(0);
        let kind = answer.get(4..6).and_then(|it| it.try_into().ok()).map(u16::from_ne_bytes);
        if kind == Some(ERROR)
            && let Some(number) = answer.get(16..20).and_then(|it| it.try_into().ok())
        {
            found.push(i32::from_ne_bytes(number).saturating_neg());
        }
        match answer.get(length.max(16).next_multiple_of(4)..) {
            Some(rest) => answer = rest,
            None => break,
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_message_has_the_length_that_it_says() {
        let (batch, asked) = batch();
        assert_eq!(asked, 6);
        let (mut at, mut count) = (0, 0);
        while at < batch.len() {
            let length = u32::from_ne_bytes(batch[at..at + 4].try_into().unwrap());
            at += usize::try_from(length).unwrap();
            count += 1;
        }
        assert_eq!((at, count), (batch.len(), asked + 2));
    }

    #[test]
    #[ignore = "it needs a network namespace of its own"]
    fn in_a_namespace_with_an_empty_table() {
        let mut empty = Vec::new();
        message(&mut empty, BATCH_BEGIN, REQUEST, 0, NF_TABLES, &[]);
        let named = text(TABLE_NAME, TABLE);
        message(&mut empty, NEW_TABLE, REQUEST | ACK | CREATE, INET, 0, &named);
        message(&mut empty, BATCH_END, REQUEST, 0, NF_TABLES, &[]);
        send(&empty, 1).unwrap();
        isolate().unwrap();
        isolate().unwrap();
        // A chain can be deleted where it is.
        let mut chain = Vec::new();
        message(&mut chain, BATCH_BEGIN, REQUEST, 0, NF_TABLES, &[]);
        let mut name = text(CHAIN_TABLE, TABLE);
        name.extend(text(CHAIN_NAME, "out"));
        message(&mut chain, (10 << 8) | 5, REQUEST | ACK, INET, 0, &name);
        message(&mut chain, BATCH_END, REQUEST, 0, NF_TABLES, &[]);
        send(&chain, 1).unwrap();
    }

    #[test]
    fn a_table_that_the_container_made_beforehand_does_not_stay() {
        let program = std::env::current_exe().unwrap();
        let can = std::process::Command::new("unshare").args(["-n", "true"]).status();
        if !can.is_ok_and(|status| status.success()) {
            return;
        }
        let own = std::process::Command::new("unshare")
            .arg("-n")
            .arg(program)
            .args(["--ignored", "--exact", "nft::tests::in_a_namespace_with_an_empty_table"])
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&own.stdout);
        assert!(own.status.success() && said.contains("1 passed"), "{said}");
    }

    #[test]
    fn answers_are_read_and_none_panics() {
        let mut answer = Vec::new();
        for error in [0_i32, -17] {
            answer.extend(36_u32.to_ne_bytes());
            answer.extend(ERROR.to_ne_bytes());
            answer.extend([0; 10]);
            answer.extend(error.to_ne_bytes());
            answer.extend([0; 16]);
        }
        assert_eq!(errors(&answer), [0, 17]);
        for cut in 0..answer.len() {
            errors(&answer[..cut]);
        }
        assert!(errors(&[0; 64]).is_empty());
    }
}
