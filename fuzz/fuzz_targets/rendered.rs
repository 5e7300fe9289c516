//! A template and what a program may have printed of it, of any bytes: every place is one of the
//! template, and what is judged there does not panic.
#![no_main]

use libfuzzer_sys::fuzz_target;
use plimsoll_kube::rendered::{Part, helm, kustomize};
use plimsoll_kube::{Config, Estate, lint};
use plimsoll_model::text::Source;

fn judge(part: &Part) {
    let manifest = &part.manifest;
    let length = manifest.source.text().len();
    for finding in lint(manifest, &Estate::of([manifest]), &Config::default()) {
        assert!(finding.span.start <= finding.span.end && finding.span.end as usize <= length);
        assert!(manifest.source.text().is_char_boundary(finding.span.start as usize));
    }
}

fuzz_target!(|texts: (&str, &str)| {
    let (template, printed) = texts;
    for part in helm(printed) {
        judge(&part.in_template(Source::new(template)).in_namespace("shop"));
    }
    for part in kustomize(printed, &|_| Some(Source::new(template))) {
        judge(&part);
    }
});
