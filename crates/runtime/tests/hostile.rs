//! Files and conditions that are meant to harm: they end with an error, in little time and memory.
#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use std::fmt::Write as _;

use plimsoll_runtime::condition::{DEFAULT_DEPTH, RULE_DEPTH, parse};
use plimsoll_runtime::lints::lint;
use plimsoll_runtime::loader::{Loader, Options, Report};
use proptest::prelude::*;

fn load(text: &str) -> Report {
    let mut loader = Loader::new(Options::default());
    let report = loader.load("a.yaml", text);
    lint(loader.definitions());
    report
}

fn error(report: &Report) -> &str {
    &report.errors.first().unwrap().message
}

#[test]
fn nesting_ends_at_a_limit() {
    for text in ["(".repeat(100_000), "not(".repeat(100_000), "b64(".repeat(100_000)] {
        for depth in [DEFAULT_DEPTH, RULE_DEPTH] {
            let error = parse(&text, depth).unwrap_err();
            assert_eq!(error.message, format!("exceeded max depth limit of {depth}"));
        }
    }
    let deep = format!("{}a{}", "(".repeat(190), ")".repeat(190));
    assert!(parse(&deep, RULE_DEPTH).is_ok());
    let many = format!("{}a", "not ".repeat(100_001));
    assert_eq!(parse(&many, RULE_DEPTH).unwrap().to_string(), "not a");
}

#[test]
fn macros_of_macros_end_at_a_limit() {
    let mut text = "- macro: m0\n  condition: proc.name=a\n".to_owned();
    for level in 1..40 {
        let below = format!("m{}", level - 1);
        let _ = writeln!(text, "- macro: m{level}\n  condition: {below} and {below}");
    }
    let report = load(&text);
    assert!(error(&report).contains("too large with its macros"), "{}", error(&report));

    let mut deep = "- macro: m0\n  condition: proc.name=a\n".to_owned();
    for level in 1..2_000 {
        let below = format!("(m{} or proc.pid=1) and proc.pid=2", level - 1);
        let _ = writeln!(deep, "- macro: m{level}\n  condition: {below}");
    }
    assert!(error(&load(&deep)).contains("too large with its macros"));
    let loop_ = "- macro: a\n  condition: proc.pid=1\n- macro: b\n  condition: a\n- macro: a\n  condition: b\n";
    assert_eq!(error(&load(loop_)), "reference loop in macro 'b'");
}

#[test]
fn lists_of_lists_end_at_a_limit() {
    let items = "x, ".repeat(20_000);
    let uses = "a, ".repeat(20_000);
    let text = format!("- list: a\n  items: [{items}]\n- list: b\n  items: [{uses}]\n");
    assert!(error(&load(&text)).contains("the lists have more than"), "{}", error(&load(&text)));
    let names = "a ".repeat(2_000);
    let text = format!("- list: a\n  items: [{items}]\n- macro: m\n  condition: x in ({names})\n");
    assert!(error(&load(&text)).contains("the condition has more than"));
}

#[test]
fn broken_files_are_refused_and_empty_ones_are_not() {
    for text in ["", "---\n---\n", "# nothing\n", "[]\n", "- \n"] {
        assert!(load(text).is_loaded(), "{text:?}");
    }
    for text in ["a", "{}", "- a", "- [", "- rule: [a]\n", "- rule: a\n", "\u{0}", "- macro: \n"] {
        assert!(!load(text).is_loaded(), "{text:?}");
    }
}

/// Parts of which conditions are made, good and bad.
fn condition() -> impl Strategy<Value = String> {
    let word = prop_oneof![
        Just("proc.name".to_owned()),
        Just("evt.arg[1]".to_owned()),
        Just("tolower(fd.name)".to_owned()),
        Just("in (a, \"b c\", 'd')".to_owned()),
        Just("startswith oneof (a,b)".to_owned()),
        Just("join(\"-\", (a.b, c.d))".to_owned()),
        Just("val(a.b)".to_owned()),
        Just("exists".to_owned()),
        "[=<>!]{1,2}",
        "(and|or|not|not\\(|\\(|\\)|contains|pmatch|regex) ?",
        "[a-z.\\[\\]\"'\\\\x0-9 ]{0,6}",
        "\\PC{0,4}",
    ];
    prop::collection::vec(word, 0..12).prop_map(|words| words.join(" "))
}

proptest! {
    #[test]
    fn no_condition_panics_and_what_is_printed_says_the_same(text in condition()) {
        if let Ok(tree) = parse(&text, DEFAULT_DEPTH) {
            let printed = tree.to_string();
            // Falco's form has no quotes around a comma or a parenthesis, and no parentheses around
            // a second `not`: what it parses to says the same ever after.
            if let Ok(again) = parse(&printed, RULE_DEPTH) {
                let again = again.to_string();
                if let Ok(third) = parse(&again, RULE_DEPTH) {
                    prop_assert_eq!(third.to_string(), again);
                }
            }
        }
        let _ = load(&format!("- rule: a\n  desc: a\n  condition: >\n    {text}\n  output: '{text}'\n  priority: INFO\n"));
    }

    #[test]
    fn words_are_printed_as_they_are_read(
        values in prop::collection::vec("[a-zA-Z0-9/=\\\\\"' \t\n.*-]{1,8}", 1..5)
    ) {
        let quoted: Vec<String> = values
            .iter()
            .map(|value| value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n").replace('\t', "\\t"))
            .map(|value| format!("\"{value}\""))
            .collect();
        // The reader ends a text at a quote after any backslash but the last.
        prop_assume!(!quoted.iter().any(|value| value.contains("\\\\\"")));
        let text = format!("proc.name in ({})", quoted.join(", "));
        let tree = parse(&text, DEFAULT_DEPTH).unwrap();
        prop_assert_eq!(&parse(&tree.to_string(), DEFAULT_DEPTH).unwrap(), &tree);
    }

    #[test]
    fn no_file_panics(text in "(- |  )?(rule|macro|list|items|condition|exceptions|override|append|values|fields|comps|name)?: ?[a-z\\[\\]{},*&!=\"'-]{0,8}\n?(  (items|condition|override|exceptions|append): ?[a-z\\[\\]{}, =-]{0,10}\n){0,4}") {
        let _ = load(&text);
    }
}
