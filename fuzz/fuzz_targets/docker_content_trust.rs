//! Metadata of Docker Content Trust of any bytes: keys and pinning, and a whole repository that
//! hands the same bytes out under every name, the first time and after it was seen. Nothing
//! panics, and a tag is only signed where every step held.
#![no_main]

use std::collections::BTreeMap;

use libfuzzer_sys::fuzz_target;
use plimsoll_model::Timestamp;
use plimsoll_supply::content_trust::{Anchors, Request, Source, verify};

struct Same<'a>(&'a [u8]);

impl Source for Same<'_> {
    fn fetch(&mut self, name: &str, _: Option<&str>, _: u64) -> Result<Option<Vec<u8>>, String> {
        // A chain of roots ends.
        Ok((!name.ends_with(".root")).then(|| self.0.to_vec()))
    }
}

fuzz_target!(|bytes: &[u8]| {
    let mut given = Anchors::default();
    let _ = given.trust(bytes);
    let _ = given.pin(bytes, &|_| Ok(bytes.to_vec()));
    let mut first = Anchors::default();
    first.allow_first_use();
    let kept = BTreeMap::from([
        ("root.json".to_owned(), bytes.to_vec()),
        ("timestamp.json".to_owned(), bytes.to_vec()),
    ]);
    for (anchors, mut store) in
        [(&given, BTreeMap::new()), (&first, BTreeMap::new()), (&first, kept)]
    {
        let now = Timestamp::from_unix(1_800_000_000);
        let request = Request { gun: "r.example/app", tag: "1", roles: &[], anchors, now };
        if let Ok(verdict) = verify(&request, &mut Same(bytes), &mut store) {
            assert_eq!(verdict.report.verified, verdict.target.is_some());
            assert_eq!(verdict.report.verified, verdict.report.failure().is_none());
        }
    }
});
