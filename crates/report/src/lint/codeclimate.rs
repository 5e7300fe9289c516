//! Issues of Code Climate, and the same as GitLab's code quality report takes them.
//!
//! <https://github.com/codeclimate/platform/blob/master/spec/analyzers/SPEC.md#issues> and
//! <https://docs.gitlab.com/ci/testing/code_quality/#code-quality-report-format>.

use std::io::{self, Write};

use plimsoll_model::text::Level;
use serde::Serialize;
use uuid::Uuid;

use super::{Finding, Judged, LintFormat};
use crate::Style;

pub(super) const FORMAT: LintFormat = LintFormat {
    name: "codeclimate",
    about: "issues of Code Climate, each ended by a NUL",
    write: stream,
};

pub(super) const GITLAB: LintFormat =
    LintFormat { name: "gitlab", about: "GitLab's code quality report", write: array };

#[derive(Debug, Serialize)]
struct Issue<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    check_name: &'a str,
    description: &'a str,
    categories: [&'static str; 1],
    severity: &'static str,
    fingerprint: String,
    location: Location<'a>,
}

#[derive(Debug, Serialize)]
struct Location<'a> {
    path: &'a str,
    lines: Lines,
}

#[derive(Debug, Serialize)]
struct Lines {
    begin: u32,
    end: u32,
}

fn issue<'a>(judged: &'a Judged<'a>, finding: &'a Finding<'a>, occurrence: usize) -> Issue<'a> {
    let (start, end) = judged.place(finding);
    let text = judged.source.slice(finding.span);
    // What the place says, not where it is: a line above must not make it a new issue.
    let identity = format!("{}\0{}\0{text}\0{occurrence}", judged.path, finding.rule.id);
    Issue {
        kind: "issue",
        check_name: finding.rule.id,
        description: finding.message,
        categories: ["Bug Risk"],
        severity: match finding.level {
            Level::Error => "blocker",
            Level::Warning => "major",
            Level::Info => "info",
            Level::Style | Level::Ignore => "minor",
        },
        fingerprint: Uuid::new_v5(&Uuid::NAMESPACE_OID, identity.as_bytes()).simple().to_string(),
        location: Location {
            path: judged.path,
            lines: Lines { begin: start.line, end: end.line.max(start.line) },
        },
    }
}

fn issues<'a>(all: &'a [Judged<'a>]) -> Vec<Issue<'a>> {
    let mut issues = Vec::new();
    for judged in all {
        let mut seen = std::collections::HashMap::new();
        for finding in &judged.findings {
            let key = (finding.rule.id, judged.source.slice(finding.span));
            let count: &mut usize = seen.entry(key).or_default();
            issues.push(issue(judged, finding, *count));
            *count = count.saturating_add(1);
        }
    }
    issues
}

fn stream(all: &[Judged<'_>], _: &Style, out: &mut dyn Write) -> io::Result<()> {
    for issue in issues(all) {
        serde_json::to_writer(&mut *out, &issue)?;
        out.write_all(b"\0")?;
    }
    Ok(())
}

fn array(all: &[Judged<'_>], _: &Style, out: &mut dyn Write) -> io::Result<()> {
    serde_json::to_writer(&mut *out, &issues(all))?;
    out.write_all(b"\n")
}
