//! An OSV record of any bytes.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let _ = plimsoll_advisory::feeds::osv_record(data);
});
