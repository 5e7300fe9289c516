//! Logs of other sensors of any bytes: all are read to their end.
#![no_main]

use libfuzzer_sys::fuzz_target;
use plimsoll_runtime::event::Stream;
use plimsoll_runtime::telemetry::Translation;

fuzz_target!(|bytes: &[u8]| {
    for translation in [Translation::json(bytes), Translation::audit(bytes)] {
        let mut translation = translation.unwrap();
        translation.record(Box::new(std::io::sink()));
        while translation.next().unwrap().is_some() {
            translation.keep();
        }
        translation.finish().unwrap();
    }
});
