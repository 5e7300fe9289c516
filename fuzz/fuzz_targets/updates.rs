//! Tags of any text, and the packages that a Dockerfile of any text pins.
#![no_main]

use libfuzzer_sys::fuzz_target;
use plimsoll_build::syntax::Dockerfile;
use plimsoll_build::updates::{Step, newest, pinned_packages};
use plimsoll_model::text::Source;

fuzz_target!(|text: &str| {
    let mut lines = text.lines();
    let own = lines.next().unwrap_or_default();
    if let Some(found) = newest(own, lines, Step::Major) {
        // What is newer than a tag has that tag behind it.
        assert_eq!(newest(found, [own], Step::Major), None);
    }
    let file = Dockerfile::parse(Source::new(text));
    for pin in pinned_packages(&file) {
        assert_eq!(file.source.slice(pin.span), pin.version);
    }
});
