//! A condition of any text: it is parsed without a panic, and what is printed once parses to what
//! is printed the same ever after.
#![no_main]

use libfuzzer_sys::fuzz_target;
use plimsoll_runtime::condition::{DEFAULT_DEPTH, RULE_DEPTH, parse};
use plimsoll_runtime::fields::Source;
use plimsoll_runtime::{check, events, explain};

fuzz_target!(|text: &str| {
    let Ok(tree) = parse(text, DEFAULT_DEPTH) else { return };
    let printed = tree.to_string();
    // Falco's form has no parentheses around a second `not`, so that the first printing may differ.
    if let Ok(again) = parse(&printed, RULE_DEPTH) {
        let again = again.to_string();
        if let Ok(third) = parse(&again, RULE_DEPTH) {
            assert_eq!(third.to_string(), again);
        }
    }
    for source in Source::ALL {
        let _ = check::check(&tree, source);
    }
    let _ = events::of_condition(&tree);
    let _ = explain::outline(&tree);
});
