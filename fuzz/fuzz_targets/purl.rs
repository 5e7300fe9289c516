//! A package URL of any text: what was read and written again reads as the same.
#![no_main]

use libfuzzer_sys::fuzz_target;
use plimsoll_model::Purl;

fuzz_target!(|text: &str| {
    if let Ok(purl) = text.parse::<Purl>() {
        assert_eq!(purl.to_string().parse::<Purl>().ok().as_ref(), Some(&purl));
    }
});
