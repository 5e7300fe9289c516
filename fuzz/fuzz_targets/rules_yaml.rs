//! Rule files of any bytes, loaded twice over each other: no panic, and every place that is named
//! is one of the text. Brought into form a file stays as it is.
#![no_main]

use libfuzzer_sys::fuzz_target;
use plimsoll_runtime::format::format;
use plimsoll_runtime::lints::lint;
use plimsoll_runtime::loader::{Loader, Options};

fuzz_target!(|text: &str| {
    let mut loader = Loader::new(Options::default());
    for name in ["first.yaml", "second.yaml"] {
        let report = loader.load(name, text);
        let _ = loader.result_json(&report);
        let errors = report.errors.iter().map(|it| it.context.place);
        let warnings = report.warnings.iter().map(|it| it.context.place);
        for place in errors.chain(warnings) {
            let length = loader.file(place.file).map_or(0, |(_, source)| source.text().len());
            assert!(place.offset as usize <= length);
        }
    }
    for finding in lint(loader.definitions()) {
        assert!(loader.file(finding.place.file).is_some());
    }
    for rule in &loader.definitions().rules {
        let _ = rule.describe();
    }
    if let Ok(formed) = format(text) {
        assert_eq!(format(&formed).as_ref(), Ok(&formed));
    }
});
