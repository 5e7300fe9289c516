//! Every RUN text of the real Dockerfiles, with bash as the judge of what is refused.

use std::path::PathBuf;
use std::process::{Command, Stdio};

use crate::shell::{Dialect, parse};

fn texts() -> Option<Vec<String>> {
    let shared = std::env::var("PLIMSOLL_SHARED")
        .unwrap_or_else(|_| concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared").to_owned());
    let mut texts = Vec::new();
    for name in ["real-dockerfiles.jsonl", "cases.jsonl"] {
        let path = PathBuf::from(&shared).join("data/lint").join(name);
        let Ok(lines) = std::fs::read_to_string(&path) else {
            println!("skipped: {} is absent", path.display());
            return None;
        };
        for line in lines.lines() {
            let record: serde_json::Value = serde_json::from_str(line).unwrap_or_default();
            let dockerfile = record.get("dockerfile").and_then(|text| text.as_str());
            runs(dockerfile.unwrap_or_default(), &mut texts);
        }
    }
    texts.sort();
    texts.dedup();
    Some(texts)
}

/// The text of every RUN in its shell form: lines joined, flags taken off, heredocs behind it.
fn runs(dockerfile: &str, texts: &mut Vec<String>) {
    let mut lines = dockerfile.lines();
    while let Some(line) = lines.next() {
        let line = line.trim_start();
        let is_run = line.get(..4).is_some_and(|word| word.eq_ignore_ascii_case("run "));
        let mut text = if is_run { line.get(4..).unwrap_or_default() } else { line }.to_owned();
        while let Some(joined) = text.trim_end().strip_suffix('\\').map(str::to_owned) {
            let kept = |line: &&str| !line.trim().is_empty() && !line.trim_start().starts_with('#');
            let Some(next) = lines.by_ref().find(kept) else { break };
            text = joined + next;
        }
        if !is_run {
            continue;
        }
        let mut rest = text.trim_start();
        while rest.starts_with("--") {
            rest = rest.split_once(' ').map_or("", |(_, rest)| rest.trim_start());
        }
        let mut text = rest.to_owned();
        if serde_json::from_str::<Vec<String>>(&text).is_ok() {
            continue;
        }
        let delimiters: Vec<String> = text
            .split("<<")
            .skip(1)
            .filter(|rest| !rest.starts_with('<'))
            .filter_map(|rest| {
                rest.trim_start_matches('-').split([' ', ';', '|', '>', ')', '&']).next()
            })
            .map(|word| word.trim_matches(['"', '\'']).to_owned())
            .filter(|word| !word.is_empty())
            .collect();
        for delimiter in delimiters {
            for line in lines.by_ref() {
                text.push('\n');
                text.push_str(line);
                if line.trim() == delimiter {
                    break;
                }
            }
        }
        texts.push(text);
    }
}

/// Whether bash refuses the text; `None` where there is no bash.
fn bash_refuses(text: &str) -> Option<bool> {
    let output = Command::new("bash")
        .args(["--norc", "-n", "-c", text])
        .stdin(Stdio::null())
        .output()
        .ok()?;
    let complaints = String::from_utf8_lossy(&output.stderr);
    Some(!output.status.success() || complaints.lines().any(|line| !line.contains("warning")))
}

#[test]
fn real_run_lines_are_refused_only_where_bash_refuses_them() {
    let Some(texts) = texts() else { return };
    let mut refused = 0_usize;
    for text in &texts {
        let script = parse(text, Dialect::Bash);
        let errors: Vec<_> = script.errors.iter().filter(|e| e.kind.is_refused()).collect();
        if errors.is_empty() {
            continue;
        }
        refused += 1;
        assert!(bash_refuses(text).unwrap_or(true), "only we refuse {text:?}: {errors:?}");
    }
    println!("{} texts, {refused} refused by both", texts.len());
    assert!(texts.len() > 700 && refused < 10);
}
