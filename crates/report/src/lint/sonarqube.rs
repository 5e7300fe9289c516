//! Generic issues of `SonarQube`: as its versions from 10.3 on read them, with rules, and with the
//! fields of an issue that older versions ask for.
//!
//! <https://docs.sonarsource.com/sonarqube-server/latest/analyzing-source-code/importing-external-issues/generic-issue-import-format/>

use std::collections::BTreeMap;
use std::io::{self, Write};

use plimsoll_model::text::Level;
use serde_json::json;

use super::{Judged, LintFormat, Rule};
use crate::Style;

pub(super) const FORMAT: LintFormat =
    LintFormat { name: "sonarqube", about: "generic issues of SonarQube", write };

fn severity(level: Level) -> &'static str {
    match level {
        Level::Error => "HIGH",
        Level::Warning => "MEDIUM",
        Level::Info | Level::Style | Level::Ignore => "LOW",
    }
}

/// What versions before 10.3 call it.
fn old_severity(level: Level) -> &'static str {
    match level {
        Level::Error => "CRITICAL",
        Level::Warning => "MAJOR",
        Level::Info => "MINOR",
        Level::Style | Level::Ignore => "INFO",
    }
}

fn write(all: &[Judged<'_>], _: &Style, out: &mut dyn Write) -> io::Result<()> {
    let mut rules: BTreeMap<&str, (&Rule<'_>, Level)> = BTreeMap::new();
    let mut issues = Vec::new();
    for judged in all {
        for finding in &judged.findings {
            rules.insert(finding.rule.id, (&finding.rule, finding.level));
            let (start, end) = judged.place(finding);
            let mut range = json!({ "startLine": start.line, "endLine": end.line });
            // The reader refuses a range without a character in it.
            if (start.line, start.column) < (end.line, end.column)
                && let Some(fields) = range.as_object_mut()
            {
                fields.insert("startColumn".into(), start.column.saturating_sub(1).into());
                fields.insert("endColumn".into(), end.column.saturating_sub(1).into());
            }
            issues.push(json!({
                "engineId": "plimsoll",
                "ruleId": finding.rule.id,
                "severity": old_severity(finding.level),
                "type": "CODE_SMELL",
                "primaryLocation": {
                    "message": finding.message,
                    "filePath": judged.path,
                    "textRange": range,
                },
            }));
        }
    }
    let rules: Vec<_> = rules
        .into_values()
        .map(|(rule, level)| {
            json!({
                "id": rule.id,
                "name": rule.title,
                "description": rule.why,
                "engineId": "plimsoll",
                "cleanCodeAttribute": "CONVENTIONAL",
                "impacts": [{ "softwareQuality": "MAINTAINABILITY", "severity": severity(level) }],
            })
        })
        .collect();
    serde_json::to_writer(&mut *out, &json!({ "rules": rules, "issues": issues }))?;
    out.write_all(b"\n")
}
