//! A policy of any text about a statement: it is judged or refused, in time.
#![no_main]

use libfuzzer_sys::fuzz_target;
use plimsoll_supply::predicate_policy::{Language, Source, judge};

const STATEMENT: &[u8] = br#"{"_type": "https://in-toto.io/Statement/v1", "subject": [],
    "predicateType": "a", "predicate": {"a": [1, 2.5, "b", null, {"c": true}]}}"#;

fuzz_target!(|text: &str| {
    for language in [Language::Cel, Language::RegoAllow, Language::RegoIsCompliant] {
        let policy = Source { name: "policy", text, language };
        let Ok(now) = "2026-01-01".parse() else { return };
        if let Ok(verdict) = judge(&policy, STATEMENT, now) {
            assert_eq!(verdict.allowed, verdict.reasons.is_empty());
        }
    }
});
