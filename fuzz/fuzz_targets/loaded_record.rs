//! A record of what was loaded: read with limits or refused; what was read is written the same.
#![no_main]

use libfuzzer_sys::fuzz_target;
use plimsoll_runtime::loaded::Record;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(record) = Record::parse(bytes) {
        assert_eq!(Record::parse(record.to_json().as_bytes()).ok().as_ref(), Some(&record));
        let mut twice = record.clone();
        twice.merge(record);
        assert_eq!(Record::parse(twice.to_json().as_bytes()).ok().as_ref(), Some(&twice));
    }
});
