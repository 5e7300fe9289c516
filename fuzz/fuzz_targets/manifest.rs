//! A manifest of any bytes: it is read, judged and mended without a panic, every place is one of
//! the text, and what is mended once has nothing left to mend.
#![no_main]

use libfuzzer_sys::fuzz_target;
use plimsoll_kube::effective::effective;
use plimsoll_kube::manifest::Manifest;
use plimsoll_kube::redact::redactions;
use plimsoll_kube::{Config, Estate, Workload, fix, hover, lint, objects};
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
    // Secrets are hidden at places of the text, each of them once.
    let mut behind = 0;
    for span in redactions(&manifest) {
        assert!(behind <= span.start && !manifest.source.slice(span).contains('\n'));
        behind = span.end;
    }
    assert!(behind as usize <= text.len());
    for object in objects(&manifest).0 {
        let _ = object.problems();
        if let Some(workload) = Workload::new(object, &manifest.source) {
            for container in &workload.pod.containers {
                let _ = effective(&workload.pod, container, &estate);
            }
        }
    }
    let once = fix(text, &estate, &config, Safety::Unsafe).text;
    assert_eq!(fix(&once, &estate, &config, Safety::Unsafe).text, once);
});
