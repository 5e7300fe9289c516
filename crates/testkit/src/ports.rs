//! Ports of 127.0.0.1 for programs that are started by a test, and perhaps killed and started again.

use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::sync::atomic::{AtomicU32, Ordering};

/// Where Linux begins to take ports for connections that go out, unless it is told otherwise. While
/// nobody listens at such a port, one that tries to reach it may be given the very same one for its
/// own end, and then nobody can listen there any more.
const OUTGOING: u32 = 32_768;

/// Below here programs of the machine listen.
const FIRST: u32 = 12_000;

/// A port at which nobody listens, which no connection takes meanwhile, and which this program has not
/// given away before.
pub fn free_port() -> u16 {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    // Programs that run at the same time begin at places of their own.
    let begin = std::process::id().wrapping_mul(7919);
    for _ in FIRST..OUTGOING {
        let step = NEXT.fetch_add(1, Ordering::Relaxed);
        let port = FIRST + begin.wrapping_add(step) % (OUTGOING - FIRST);
        let port = u16::try_from(port).unwrap();
        if TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok() {
            return port;
        }
    }
    panic!("no port is free");
}

/// The same as an address.
pub fn free_address() -> SocketAddr {
    (Ipv4Addr::LOCALHOST, free_port()).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_is_given_once_and_is_none_that_connections_take() {
        let all: std::collections::BTreeSet<u16> = (0..50).map(|_| free_port()).collect();
        assert_eq!(all.len(), 50);
        assert!(all.iter().all(|port| u32::from(*port) < OUTGOING));
    }
}
