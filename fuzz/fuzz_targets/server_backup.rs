//! A backup of a server of any bytes, packed and as it is unpacked: nothing panics, and memory is bounded
//! by how long the file is.
#![no_main]

use libfuzzer_sys::fuzz_target;
use plimsoll_server::backup::check;

fuzz_target!(|data: &[u8]| {
    let _ = check(data, data.len() as u64);
    if let Ok(packed) = zstd::encode_all(data, 1) {
        let _ = check(packed.as_slice(), packed.len() as u64);
    }
});
