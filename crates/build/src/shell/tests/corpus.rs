//! Every RUN text of the real Dockerfiles, with bash as the judge of what is refused.

use std::process::{Command, Stdio};

use plimsoll_testkit::shared_records;

use crate::Source;
use crate::script::{Form, shell_texts};
use crate::shell::{Dialect, parse};
use crate::stage::stages;
use crate::syntax::{Dockerfile, Keyword};

/// The text of every RUN that a shell reads.
fn texts() -> Vec<String> {
    let mut texts = Vec::new();
    for name in ["lint/real-dockerfiles.jsonl", "lint/cases.jsonl"] {
        for record in shared_records(name) {
            let dockerfile = record.get("dockerfile").and_then(|text| text.as_str());
            let file = Dockerfile::parse(Source::new(dockerfile.unwrap_or_default()));
            let runs = shell_texts(&file, &stages(&file))
                .into_iter()
                .filter(|text| text.keyword == Keyword::Run && text.form != Form::Exec);
            texts.extend(runs.map(|run| run.text.text().to_owned()));
        }
    }
    texts.sort();
    texts.dedup();
    texts
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
    let texts = texts();
    if texts.is_empty() {
        return;
    }
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
