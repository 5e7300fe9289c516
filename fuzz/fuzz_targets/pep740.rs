//! Attestations of the Python package index of any bytes, and the names of distributions.
#![no_main]

use libfuzzer_sys::fuzz_target;
use plimsoll_supply::pypi::{Distribution, read};

fuzz_target!(|bytes: &[u8]| {
    let _ = read(bytes);
    let Ok(name) = std::str::from_utf8(bytes) else { return };
    if let Ok(parsed) = Distribution::parse(name) {
        assert_eq!(Distribution::parse(name), Ok(parsed));
    }
});
