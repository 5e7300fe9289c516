//! Policies and statements of any bytes: they are judged or refused, in time, and nothing panics.
#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use plimsoll_supply::predicate_policy::{Language, Source, judge};
use plimsoll_supply::scan_claim::ScanClaim;
use proptest::prelude::*;

const LANGUAGES: [Language; 3] = [Language::Cel, Language::RegoAllow, Language::RegoIsCompliant];

const STATEMENT: &str = r#"{"_type": "https://in-toto.io/Statement/v1", "subject": [],
    "predicateType": "a", "predicate": {"a": [1, 2.5, "b", null, {"c": true}]}}"#;

fn judged(text: &str, statement: &[u8]) {
    for language in LANGUAGES {
        let policy = Source { name: "policy", text, language };
        let verdict = judge(&policy, statement, "2026-01-01".parse().unwrap());
        if let Ok(verdict) = verdict {
            let said = verdict.reasons.join("\n");
            assert_eq!(verdict.allowed, verdict.reasons.is_empty(), "{text}: {said}");
            assert!(!said.contains("the evaluator failed"), "{text}: {said}");
        }
    }
}

/// Words of both languages in any order.
fn words() -> impl Strategy<Value = String> {
    let words = [
        "predicate",
        ".a",
        "[0]",
        "(",
        ")",
        "[",
        "]",
        "{",
        "}",
        "==",
        "&&",
        "||",
        "!",
        "1",
        "'x'",
        ".",
        "all(x, ",
        "exists(x, ",
        "map(x, ",
        "has(",
        "size(",
        "x",
        ",",
        "?",
        ":",
        "in",
        "-",
        "+",
        "é",
        "\n",
        "package signature\n",
        "allow",
        "deny[msg]",
        "default allow = ",
        "false",
        "true",
        "input.predicate",
        "_",
        "some i",
        "count(",
        ":=",
        "not ",
        "// ",
        "# ",
        "\"",
        "'",
        "\\",
    ];
    proptest::collection::vec(proptest::sample::select(words.to_vec()), 0..40)
        .prop_map(|words| words.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn any_text_is_judged_or_refused(text in "\\PC{0,80}") {
        judged(&text, STATEMENT.as_bytes());
    }

    #[test]
    fn any_words_are_judged_or_refused(text in words()) {
        judged(&text, STATEMENT.as_bytes());
        judged(&format!("package signature\nallow {{\n  {text}\n}}\n"), STATEMENT.as_bytes());
    }

    #[test]
    fn any_statement_is_judged_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        judged("predicate.a == 1", &bytes);
        let digest = format!("sha256:{}", "ab".repeat(32)).parse().unwrap();
        assert!(ScanClaim::in_statement(&bytes, &digest).is_err());
    }
}
