//! A list in JSON of any bytes: whatever its pieces, its items are found without a panic, each is read
//! with places of its text, and a reader of the whole finds as many.
#![no_main]

use std::io::BufReader;

use libfuzzer_sys::fuzz_target;
use plimsoll_kube::manifest::{Items, Manifest};
use plimsoll_kube::{Config, Estate, lint};
use plimsoll_model::text::Source;

fuzz_target!(|input: (u8, &[u8])| {
    let (size, bytes) = input;
    let mut items = Items::new(BufReader::with_capacity(usize::from(size).max(1), bytes));
    let (mut count, mut read) = (0, true);
    loop {
        let item = match items.next() {
            Ok(Some(item)) => item,
            Ok(None) => break,
            Err(_) => return,
        };
        count += 1;
        let source = Source::from_bytes(item.bytes).beginning_at(item.place);
        let Ok(manifest) = Manifest::of_json(source) else {
            read = false;
            continue;
        };
        let length = manifest.source.text().len();
        for finding in lint(&manifest, &Estate::of([&manifest]), &Config::default()) {
            assert!(finding.span.start <= finding.span.end && finding.span.end as usize <= length);
            assert!(manifest.source.text().is_char_boundary(finding.span.start as usize));
            assert!(manifest.source.position(finding.span.start).line >= item.place.line);
        }
    }
    if items.envelope().is_ok()
        && read
        && let Ok(whole) = Manifest::from_json(bytes)
    {
        assert_eq!(
            whole.documents.iter().map(|root| root.list("items").len()).sum::<usize>(),
            count
        );
    }
});
