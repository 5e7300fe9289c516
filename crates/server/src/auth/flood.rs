//! How often an address may fail: a bucket each, which refills.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How many failures an address has at once.
const BURST: f64 = 20.0;

/// How long it takes to get one back.
const REFILL: Duration = Duration::from_secs(6);

/// How many addresses are remembered.
const MOST: usize = 20_000;

#[derive(Debug, Clone, Copy)]
struct Bucket {
    left: f64,
    at: Instant,
}

impl Bucket {
    fn now(self, now: Instant) -> f64 {
        let back = now.saturating_duration_since(self.at).as_secs_f64() / REFILL.as_secs_f64();
        (self.left + back).min(BURST)
    }
}

/// Buckets of addresses.
#[derive(Debug, Default)]
pub(super) struct Flood {
    buckets: Mutex<HashMap<IpAddr, Bucket>>,
}

impl Flood {
    /// `Err` with the seconds to wait where an address failed too often.
    pub(super) fn check(&self, address: Option<IpAddr>) -> Result<(), u64> {
        self.check_at(address, Instant::now())
    }

    /// Notes that an address failed.
    pub(super) fn failed(&self, address: Option<IpAddr>) {
        self.failed_at(address, Instant::now());
    }

    fn check_at(&self, address: Option<IpAddr>, now: Instant) -> Result<(), u64> {
        let buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        let bucket = address.and_then(|address| buckets.get(&network(address)));
        match bucket.map(|bucket| bucket.now(now)) {
            Some(left) if left < 1.0 => Err(REFILL.as_secs()),
            _ => Ok(()),
        }
    }

    fn failed_at(&self, address: Option<IpAddr>, now: Instant) {
        let Some(address) = address else { return };
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        if buckets.len() >= MOST {
            buckets.retain(|_, bucket| bucket.now(now) < BURST);
        }
        if buckets.len() >= MOST {
            // Whoever has so many addresses is met by the lock of the account.
            buckets.clear();
        }
        let bucket = buckets.entry(network(address)).or_insert(Bucket { left: BURST, at: now });
        *bucket = Bucket { left: (bucket.now(now) - 1.0).max(0.0), at: now };
    }
}

/// Whoever has one address of IPv6 has the 2^64 beside it.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() >> 64 << 64)),
        v4 @ IpAddr::V4(_) => v4,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_that_fails_waits_and_its_neighbour_does_not() {
        let flood = Flood::default();
        let start = Instant::now();
        let address = |text: &str| Some(text.parse().unwrap());
        for _ in 0..20 {
            assert_eq!(flood.check_at(address("10.0.0.1"), start), Ok(()));
            flood.failed_at(address("10.0.0.1"), start);
            flood.failed_at(address("2001:db8::1"), start);
        }
        assert_eq!(flood.check_at(address("10.0.0.1"), start), Err(6));
        assert_eq!(flood.check_at(address("::ffff:10.0.0.1"), start), Err(6));
        assert_eq!(flood.check_at(address("10.0.0.2"), start), Ok(()));
        assert_eq!(flood.check_at(address("2001:db8::2"), start), Err(6));
        assert_eq!(flood.check_at(address("2001:db8:0:1::2"), start), Ok(()));
        assert_eq!(flood.check_at(address("10.0.0.1"), start + REFILL), Ok(()));
    }

    #[test]
    fn many_addresses_take_bounded_memory() {
        let flood = Flood::default();
        for number in 0..50_000_u32 {
            flood.failed(Some(IpAddr::V4(std::net::Ipv4Addr::from_bits(number))));
        }
        assert!(flood.buckets.lock().unwrap().len() <= MOST);
    }
}
