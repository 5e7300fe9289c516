//! SARIF 2.1.0, as GitHub's code scanning takes it: a rule for each weakness, a result for each
//! package that has it.
//!
//! Alerts keep their identity from scan to scan: a fingerprint holds neither version nor layer,
//! and the category holds no tag.
//!
//! Sources: <https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html> and
//! <https://docs.github.com/en/code-security/code-scanning/integrating-with-code-scanning/sarif-support-for-code-scanning>.

mod result;
mod rule;

use std::collections::HashMap;
use std::io::{self, Write};

use plimsoll_model::{Artifact, Finding, ImageName, ProblemKind, Reference, Scan};
use serde::Serialize;

use self::result::{Fingerprints, Message, Place, SarifResult};
use self::rule::Rule;
use super::Format;
use crate::bounded::{MAX_RESULTS, gravest};
use crate::{Style, escape, text};

pub(super) const FORMAT: Format =
    Format { name: "sarif", about: "SARIF 2.1.0, for code scanning", needs_loaded: false, write };

#[derive(Debug, Serialize)]
struct Log<'s> {
    #[serde(rename = "$schema")]
    schema: &'static str,
    version: &'static str,
    runs: [Run<'s>; 1],
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Run<'s> {
    tool: Tool<'s>,
    automation_details: AutomationDetails,
    invocations: [Invocation; 1],
    results: Vec<SarifResult>,
    properties: RunProperties,
}

#[derive(Debug, Serialize)]
struct Tool<'s> {
    driver: Driver<'s>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Driver<'s> {
    name: &'static str,
    semantic_version: &'static str,
    version: &'static str,
    information_uri: &'static str,
    rules: Vec<Rule<'s>>,
}

#[derive(Debug, Serialize)]
struct AutomationDetails {
    id: String,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Invocation {
    execution_successful: bool,
    exit_code: u8,
    #[serde(skip_serializing_if = "Option::is_none")]
    end_time_utc: Option<String>,
    tool_execution_notifications: Vec<Notification>,
}

#[derive(Debug, Serialize)]
struct Notification {
    level: &'static str,
    message: Message,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    locations: Vec<Place>,
}

#[derive(Debug, Serialize)]
struct RunProperties {
    target: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    digest: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    platform: Option<String>,
}

fn write(scan: &Scan, _: &Style, out: &mut dyn Write) -> io::Result<()> {
    let artifact = &scan.inventory.artifact;
    let mut index: HashMap<String, usize> = HashMap::new();
    let mut by_rule: Vec<Vec<&Finding>> = Vec::new();
    let mut fingerprints = Fingerprints::default();
    let mut results = Vec::new();
    let found = scan.findings.iter().collect();
    let (found, left_out) = gravest(found, |finding: &&Finding| finding.severity, MAX_RESULTS);
    for finding in found {
        let at = *index.entry(text::one_line(&finding.id)).or_insert_with(|| {
            by_rule.push(Vec::new());
            by_rule.len() - 1
        });
        if let Some(findings) = by_rule.get_mut(at) {
            findings.push(finding);
        }
        results.push(SarifResult::of(finding, at, scan, &mut fingerprints));
    }
    let log = Log {
        schema: "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json",
        version: "2.1.0",
        runs: [Run {
            tool: Tool {
                driver: Driver {
                    name: "Plimsoll",
                    semantic_version: env!("CARGO_PKG_VERSION"),
                    version: env!("CARGO_PKG_VERSION"),
                    information_uri: env!("CARGO_PKG_REPOSITORY"),
                    rules: by_rule.iter().filter_map(|findings| Rule::of(findings)).collect(),
                },
            },
            automation_details: AutomationDetails { id: category(artifact) },
            invocations: [Invocation {
                execution_successful: !scan.inventory.is_partial(),
                exit_code: scan.verdict.exit_code(),
                end_time_utc: scan.scanned_at.map(|at| at.to_string()),
                tool_execution_notifications: notifications(scan, left_out),
            }],
            results,
            properties: RunProperties {
                target: text::one_line(artifact.names.first().unwrap_or(&artifact.reference)),
                digest: artifact
                    .manifest_digest
                    .as_ref()
                    .or(artifact.config_digest.as_ref())
                    .map(ToString::to_string),
                platform: artifact.platform.as_ref().map(|p| text::one_line(&p.to_string())),
            },
        }],
    };
    serde_json::to_writer_pretty(&mut *out, &log)?;
    out.write_all(b"\n")
}

/// What keeps the alerts of one image apart from another's, and together from tag to tag: the
/// repository and platform. What stands behind the last slash would name the single run.
fn category(artifact: &Artifact) -> String {
    let repository = |name: ImageName| {
        format!("{}/{}", escape::uri(name.registry()), escape::uri(name.repository()))
    };
    let named = artifact.names.first().and_then(|name| name.parse().ok()).map(repository);
    let target = named.unwrap_or_else(|| match artifact.reference.parse() {
        Ok(Reference::Image { name, .. }) => repository(name),
        _ => escape::uri(&artifact.reference),
    });
    let platform = artifact.platform.as_ref();
    let platform = platform.map(|p| format!("/{}", escape::uri(&p.to_string()).replace('/', "-")));
    format!("plimsoll/{target}{}/", platform.unwrap_or_default())
}

/// What was not read, and what could not be decided.
fn notifications(scan: &Scan, left_out: Option<String>) -> Vec<Notification> {
    let left_out = left_out.map(|why| Notification {
        level: "warning",
        message: Message::plain(&why),
        locations: Vec::new(),
    });
    let problems = scan.inventory.problems.iter().map(|problem| Notification {
        level: match problem.kind {
            ProblemKind::Partial => "error",
            ProblemKind::Skipped => "warning",
            ProblemKind::Note => "note",
        },
        message: Message::plain(&problem.message),
        locations: if problem.path.is_empty() {
            Vec::new()
        } else {
            vec![Place::new(&problem.path, problem.line)]
        },
    });
    let undecided = scan.undecided.iter().map(|open| {
        let about = [open.package.as_str(), &open.version, &open.advisory];
        let about: Vec<&str> = about.into_iter().filter(|part| !part.is_empty()).collect();
        Notification {
            level: "warning",
            message: Message::plain(&format!("undecided: {}: {}", about.join(" "), open.why)),
            locations: Vec::new(),
        }
    });
    left_out.into_iter().chain(problems).chain(undecided).collect()
}
