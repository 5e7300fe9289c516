//! The reader against the answers of BuildKit's own parser, on its fixtures and on real files.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a test stops at the first surprise and says what it skipped"
)]

use plimsoll_build::Source;
use plimsoll_build::syntax::Dockerfile;
use plimsoll_testkit::shared_records;
use serde_json::Value;

fn corpus(name: &str) -> Vec<Value> {
    shared_records(&format!("dockerfile-parser/{name}"))
}

fn differences(cases: &[Value]) -> Vec<String> {
    let mut different = Vec::new();
    for case in cases {
        let text = case["dockerfile"].as_str().unwrap();
        let file = Dockerfile::parse(Source::new(text));
        let id = case["id"].as_str().unwrap();
        if case["negative"].as_bool() == Some(true) {
            if file.is_readable() {
                different.push(format!("{id}: must be refused"));
            }
            continue;
        }
        if !file.is_readable() {
            different.push(format!("{id}: refused: {:?}", file.problems));
        }
        if let Some(result) = case["result"].as_str()
            && result != file.dump()
        {
            let ours = file.dump();
            let line = ours.lines().zip(result.lines()).find(|(ours, theirs)| ours != theirs);
            different.push(format!("{id}: {line:#?}"));
        }
        if let Some(lines) = case["lines"]["instructions"].as_array() {
            let theirs: Vec<(u64, u64)> = lines
                .iter()
                .map(|pair| (pair[0].as_u64().unwrap(), pair[1].as_u64().unwrap()))
                .collect();
            let ours: Vec<(u64, u64)> = file
                .instructions
                .iter()
                .map(|one| (u64::from(one.lines.0), u64::from(one.lines.1)))
                .collect();
            if ours != theirs {
                different.push(format!("{id}: lines {ours:?}, not {theirs:?}"));
            }
        }
    }
    different
}

#[test]
fn every_fixture_of_buildkit_is_read_as_buildkit_reads_it() {
    let different = differences(&corpus("cases.jsonl"));
    assert!(different.is_empty(), "{}", different.join("\n"));
}

#[test]
fn every_real_file_is_read_as_buildkit_reads_it() {
    let different = differences(&corpus("real.jsonl"));
    assert!(different.is_empty(), "{}", different.join("\n"));
}

#[test]
fn every_beginning_of_every_file_ends_in_a_tree_or_a_problem() {
    for name in ["cases.jsonl", "real.jsonl"] {
        for case in corpus(name) {
            let text = case["dockerfile"].as_str().unwrap();
            let ends = text.char_indices().map(|(at, _)| at);
            // Each byte of a short file, each 37th of a long one.
            let step = if text.len() < 1000 { 1 } else { 37 };
            for end in ends.step_by(step) {
                let file = Dockerfile::parse(Source::new(&text[..end]));
                assert!(!file.instructions.is_empty() || !file.problems.is_empty());
                for instruction in &file.instructions {
                    let length = u32::try_from(end).unwrap();
                    assert!(instruction.span.end <= length, "{instruction:?}");
                }
            }
        }
    }
}
