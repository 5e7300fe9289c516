//! A capture of any bytes: every field of every event is asked for, and all of it is recorded.
#![no_main]

use std::io::Cursor;

use libfuzzer_sys::fuzz_target;
use plimsoll_runtime::event::{Arena, Event, FieldRef, Stream};
use plimsoll_runtime::fields::Source;
use plimsoll_runtime::scap::Limits;
use plimsoll_runtime::syscall::Capture;

fuzz_target!(|bytes: &[u8]| {
    let plain = Source::Syscall.fields().filter(|field| !field.traits.needs_argument);
    let fields: Vec<_> = plain
        .filter_map(|field| FieldRef::resolve(Source::Syscall, field.name, None).ok())
        .collect();
    let Ok(mut capture) = Capture::new(Cursor::new(bytes), Limits::default()) else { return };
    capture.record(Box::new(std::io::sink()));
    let mut arena = Arena::new();
    while let Some(call) = capture.next() {
        for field in &fields {
            let _ = call.field(field, &arena);
        }
        capture.keep();
        arena.reset();
    }
    capture.finish().unwrap();
});
