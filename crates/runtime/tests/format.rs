//! The published rule files say the same once they are in form, and any file stays as it is then.
#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use plimsoll_runtime::format::format;
use plimsoll_runtime::loader::{Loader, Options, Rule};
use plimsoll_testkit::{shared, shared_records};
use proptest::prelude::*;

fn rules(text: &str) -> Vec<serde_json::Value> {
    let mut loader = Loader::new(Options::default());
    loader.load("rules.yaml", text);
    loader.definitions().rules.iter().map(Rule::describe).collect()
}

fn comments(text: &str) -> Vec<&str> {
    let mut all: Vec<&str> =
        text.lines().map(str::trim).filter(|line| line.starts_with('#')).collect();
    all.sort_unstable();
    all
}

#[test]
fn published_files_keep_their_rules_and_comments() {
    let Some(root) = shared("runtime/rules/published") else { return };
    for entry in std::fs::read_dir(root).unwrap() {
        let path = entry.unwrap().path();
        let text = std::fs::read_to_string(&path).unwrap();
        let formed = format(&text).unwrap();
        assert_eq!(format(&formed).unwrap(), formed, "{path:?}");
        assert_eq!(comments(&formed), comments(&text), "{path:?}");
        assert!(rules(&formed) == rules(&text), "{path:?}");
        assert!(!formed.contains("\n\n\n- "), "{path:?}");
    }
}

#[test]
fn files_of_the_loader_suite_load_alike() {
    let mut formatted = 0;
    for case in shared_records("runtime/rules/loader-cases.jsonl") {
        for text in case["files"].as_array().unwrap().iter().filter_map(|it| it["text"].as_str()) {
            let Ok(formed) = format(text) else { continue };
            assert_eq!(format(&formed).unwrap(), formed, "{}", case["id"]);
            assert!(rules(&formed) == rules(text), "{}", case["id"]);
            formatted += 1;
        }
    }
    assert!(formatted > 50 || shared("runtime").is_none(), "{formatted}");
}

proptest! {
    #[test]
    fn no_text_breaks_it(text in "([ \\-#a:>|\\[\\],'\"&*\r]|\n|\n  |- rule: a\n|  desc: b\n|# c\n){0,60}") {
        if let Ok(formed) = format(&text) {
            prop_assert_eq!(format(&formed).unwrap(), formed);
        }
    }
}
