//! Ports of 127.0.0.1 for programs that are started by a test, and perhaps killed and started again.

use std::fs::File;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

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

/// The port on which clair-scanner offers layers, for as long as this is kept. It knows no other one, and ends with
/// 1 and without a report where somebody else has it: ours in another test, or in another run of the tests.
/// None where a program that is no test keeps the port.
pub fn layers_port() -> Option<File> {
    let lock = std::env::temp_dir().join("plimsoll-tests-port-9279");
    let file = File::create(&lock).or_else(|_| File::open(&lock)).unwrap();
    file.lock().unwrap();
    let began = Instant::now();
    while TcpListener::bind((Ipv4Addr::UNSPECIFIED, 9279)).is_err() {
        if began.elapsed() > Duration::from_secs(20) {
            println!("skipped: another program has port 9279");
            return None;
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    Some(file)
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
