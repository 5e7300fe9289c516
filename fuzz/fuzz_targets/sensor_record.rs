//! A record of a ring of any bytes: what is framed can be read as a capture, what is not leaves nothing.
#![no_main]

use libfuzzer_sys::fuzz_target;
use plimsoll_runtime::scap::{Limits, Reader, Writer};
use plimsoll_sensor::record::Framer;

fuzz_target!(|bytes: &[u8]| {
    let mut blocks = Vec::new();
    if Framer::new(0).frame(bytes, 0, &mut blocks).is_err() {
        assert!(blocks.is_empty());
        return;
    }
    let mut capture = Writer::new(Vec::new()).and_then(Writer::finish).unwrap();
    capture.extend_from_slice(&blocks);
    let mut reader = Reader::new(capture.as_slice(), Limits::default()).unwrap();
    while reader.next().is_some() {}
    assert!(reader.problems().is_empty());
});
