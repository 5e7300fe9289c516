//! A layer of any bytes, plain or compressed.
#![no_main]

use std::io::BufReader;

use libfuzzer_sys::fuzz_target;
use plimsoll_image::compression::inflate;
use plimsoll_image::tar::{Archive, Stream};

fuzz_target!(|data: &[u8]| {
    let Ok(inflated) = inflate(data) else { return };
    let mut archive = Archive::new(Stream::new(BufReader::new(inflated)), 10_000);
    let mut content = [0; 512];
    while let Ok(true) = archive.advance() {
        let _ = archive.sparse_map();
        let _ = archive.read(&mut content);
    }
});
