//! Every row of the corpus of conditions is accepted or rejected as Falco's parser does.
#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use plimsoll_runtime::condition::{DEFAULT_DEPTH, parse};
use plimsoll_testkit::shared_records;

fn rows() -> Vec<(String, String, String, Option<String>)> {
    let text = |row: &serde_json::Value, key: &str| row[key].as_str().map(str::to_owned);
    shared_records("runtime/rules/condition-syntax.jsonl")
        .iter()
        .map(|row| {
            let of = |key| text(row, key).unwrap();
            (of("id"), of("condition"), of("expect"), text(row, "message"))
        })
        .collect()
}

#[test]
fn conditions_are_accepted_with_any_blanks_and_rejected_with_falcos_words() {
    let mut wrong = Vec::new();
    let rows = rows();
    let count = rows.len();
    for (id, condition, expect, message) in rows {
        let parsed = parse(&condition, DEFAULT_DEPTH);
        if expect == "reject" {
            match parsed {
                Ok(tree) => wrong.push(format!("{id}: `{condition}` was accepted as {tree}")),
                Err(error) if message.as_ref().is_some_and(|said| *said != error.message) => {
                    wrong.push(format!("{id}: `{condition}`: {error}"));
                }
                Err(_) => {}
            }
            continue;
        }
        let variants = [
            condition.clone(),
            format!(" {condition} "),
            condition.replace(' ', "\t"),
            condition.replace(' ', "\n"),
            condition.replace(' ', "\r\n"),
        ];
        for variant in variants {
            if let Err(error) = parse(&variant, DEFAULT_DEPTH) {
                wrong.push(format!("{id}: `{variant}`: {error}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{} differ:\n{}", wrong.len(), wrong.join("\n"));
    assert_eq!(count, if plimsoll_testkit::shared("runtime").is_some() { 375 } else { 0 });
}
