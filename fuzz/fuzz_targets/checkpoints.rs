//! A configuration of any bytes, and accounts of any bytes: every checkpoint answers.
#![no_main]

use libfuzzer_sys::fuzz_target;
use plimsoll_image::checkpoints::{ALL, Facts, Settings};

fuzz_target!(|input: (&[u8], &[u8])| {
    let (config, accounts) = input;
    let Ok(mut facts) = Facts::of_config(config) else { return };
    for file in ["etc/passwd", "etc/shadow", "etc/group"] {
        facts.texts.insert(file.to_owned(), accounts.to_vec());
    }
    for checkpoint in ALL {
        let _ = (checkpoint.check)(&facts, &Settings::default());
    }
});
