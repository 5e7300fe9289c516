//! A bill of materials of any bytes: it is read, or it is said why not; and what was read can be written.
#![no_main]

use libfuzzer_sys::fuzz_target;
use plimsoll_supply::{Format, document};

fuzz_target!(|bytes: &[u8]| {
    let Ok(inventory) = document::read(bytes) else { return };
    for format in Format::ALL {
        let mut out = Vec::new();
        (format.write)(&inventory, &mut out).expect("memory takes it");
    }
});
