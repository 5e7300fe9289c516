//! A manifest of any bytes: it is read, judged and mended without a panic, every place is one of
//! the text, and what is mended once has nothing left to mend.
#![no_main]

use libfuzzer_sys::fuzz_target;
use plimsoll_kube::manifest::Manifest;
use plimsoll_kube::{Config, Estate, fix, hover, lint};
use plimsoll_model::text::{Safety, Source};

fuzz_target!(|bytes: &[u8]| {
    let manifest = Manifest::parse(Source::from_bytes(bytes.to_vec()));
    let estate = Estate::of([&manifest]);
    let config = Config::default();
    let text = manifest.source.text();
    for finding in lint(&manifest, &estate, &config) {
        assert!(finding.span.start <= finding.span.end);
        assert!(finding.span.end as usize <= text.len());
        let _ = hover(&manifest, finding.span.start);
    }
    let once = fix(text, &estate, &config, Safety::Unsafe).text;
    assert_eq!(fix(&once, &estate, &config, Safety::Unsafe).text, once);
});
