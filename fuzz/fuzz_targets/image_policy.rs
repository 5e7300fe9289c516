//! A policy file of any text: it is read or refused with a place, and names are matched in time.
#![no_main]

use libfuzzer_sys::fuzz_target;
use plimsoll_supply::image_policy::{PolicyFile, Settings};
use plimsoll_supply::quorum::NoConditions;

fuzz_target!(|text: &str| {
    let load = |_: &str| Err("no file".to_owned());
    let settings = Settings { load: &load, conditions: &NoConditions, has_root: true };
    match PolicyFile::parse(text, &settings) {
        Ok(file) => {
            if let Ok(name) = "registry.example/team/app:1".parse() {
                let _ = file.applicable(&name, None);
            }
        }
        Err(error) => assert!(error.place.line >= 1 && error.place.column >= 1),
    }
});
