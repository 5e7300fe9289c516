//! `--format template`: the templates that Trivy ships, by their names.
//!
//! They are not read: each is a layout here. What they show is the report of `--format json`.
//!
//! Source: <https://github.com/aquasecurity/trivy/tree/main/contrib>.

use std::io::{self, Write};

use plimsoll_supply::hash::hex;
use ring::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};
use serde_json::{Value, json};

use super::converted::list;
use crate::clock;
use crate::exit::Usage;

/// A template of Trivy's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Template {
    /// `junit.tpl`: a test for each finding.
    Junit,
    /// `html.tpl`: a page.
    Html,
    /// `gitlab.tpl`, which is our own format.
    Gitlab,
    /// `gitlab-codequality.tpl`: what a merge request shows beside its lines.
    CodeQuality,
}

/// By the names of their files.
const ALL: [(&str, Template); 4] = [
    ("junit.tpl", Template::Junit),
    ("html.tpl", Template::Html),
    ("gitlab.tpl", Template::Gitlab),
    ("gitlab-codequality.tpl", Template::CodeQuality),
];

impl Template {
    /// The one that `--template` names: `@FOLDER/junit.tpl`.
    pub(super) fn named(given: Option<&str>) -> Result<Self, Usage> {
        let Some(given) = given else {
            return Err(Usage("`-f template` asks for `--template @contrib/junit.tpl`".to_owned()));
        };
        let name = given.strip_prefix('@').map(|path| path.rsplit('/').next().unwrap_or(path));
        let found = ALL.iter().find(|(known, _)| Some(*known) == name);
        found.map(|(_, template)| *template).ok_or_else(|| {
            let known: Vec<&str> = ALL.iter().map(|(name, _)| *name).collect();
            Usage(format!(
                "--template: `{}` is not here: those of Trivy's `contrib` are, {}; a layout of your own is \
                 `-f json` with jq",
                given.escape_debug(),
                known.join(", ")
            ))
        })
    }

    /// Writes the results of a report.
    pub(super) fn write(self, results: &[Value], out: &mut dyn Write) -> io::Result<()> {
        match self {
            Self::Junit => junit(results, out),
            Self::Html => html(results, out),
            Self::CodeQuality => quality(results, out),
            // The caller has it as a format of a scan.
            Self::Gitlab => Ok(()),
        }
    }
}

fn text<'v>(of: &'v Value, field: &str) -> &'v str {
    of.get(field).and_then(Value::as_str).unwrap_or_default()
}

fn number(of: &Value, path: &str) -> u64 {
    of.pointer(path).and_then(Value::as_u64).unwrap_or_default()
}

/// As Go escapes text for XML, which is right in attributes too.
///
/// Source: <https://pkg.go.dev/encoding/xml#EscapeText>.
fn escaped(text: &str) -> String {
    let mut all = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '"' => all.push_str("&#34;"),
            '\'' => all.push_str("&#39;"),
            '&' => all.push_str("&amp;"),
            '<' => all.push_str("&lt;"),
            '>' => all.push_str("&gt;"),
            '\t' => all.push_str("&#x9;"),
            '\n' => all.push_str("&#xA;"),
            '\r' => all.push_str("&#xD;"),
            // XML has no way to write them.
            '\0'..='\u{1f}' | '\u{fffe}' | '\u{ffff}' => all.push('\u{fffd}'),
            other => all.push(other),
        }
    }
    all
}

fn junit(results: &[Value], out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "<?xml version=\"1.0\" ?>\n<testsuites name=\"trivy\">")?;
    for result in results {
        let (target, kind) = (escaped(text(result, "Target")), escaped(text(result, "Type")));
        let properties = |out: &mut dyn Write| {
            if kind.is_empty() {
                return Ok(());
            }
            writeln!(out, "        <properties>")?;
            writeln!(out, "            <property name=\"type\" value=\"{kind}\"></property>")?;
            writeln!(out, "        </properties>")
        };
        let found = list(result, "Vulnerabilities");
        let count = found.len();
        writeln!(
            out,
            "    <testsuite tests=\"{count}\" failures=\"{count}\" name=\"{target}\" errors=\"0\" skipped=\"0\" time=\"\">"
        )?;
        properties(out)?;
        for one in found {
            writeln!(
                out,
                "        <testcase classname=\"{}-{}\" name=\"[{}] {}\" time=\"\">",
                escaped(text(one, "PkgName")),
                escaped(text(one, "InstalledVersion")),
                escaped(text(one, "Severity")),
                escaped(text(one, "VulnerabilityID"))
            )?;
            writeln!(
                out,
                "            <failure message=\"{}\" type=\"description\">{}</failure>",
                escaped(text(one, "Title")),
                escaped(text(one, "Description"))
            )?;
            writeln!(out, "        </testcase>")?;
        }
        writeln!(out, "    </testsuite>")?;
        let failures = number(result, "/MisconfSummary/Failures");
        let tests = failures.saturating_add(number(result, "/MisconfSummary/Successes"));
        // Trivy has no `skipped` where there is a summary.
        let skipped = if result.get("MisconfSummary").is_some() { "" } else { " skipped=\"0\"" };
        writeln!(
            out,
            "    <testsuite tests=\"{tests}\" failures=\"{failures}\" name=\"{target}\" errors=\"0\"{skipped} time=\"\">"
        )?;
        properties(out)?;
        for one in list(result, "Misconfigurations") {
            misconfigured(&target, one, out)?;
        }
        writeln!(out, "    </testsuite>")?;
    }
    writeln!(out, "</testsuites>")
}

/// A check that a file did not pass, with its place and the lines that are the cause.
fn misconfigured(target: &str, one: &Value, out: &mut dyn Write) -> io::Result<()> {
    writeln!(
        out,
        "        <testcase classname=\"{}\" name=\"[{}] {}\" time=\"\">",
        escaped(text(one, "Type")),
        escaped(text(one, "Severity")),
        escaped(text(one, "ID"))
    )?;
    if text(one, "Status") == "FAIL" {
        let (from, to) =
            (number(one, "/CauseMetadata/StartLine"), number(one, "/CauseMetadata/EndLine"));
        let range = if from < to { format!("{from}:{to}") } else { from.to_string() };
        let lines = one.pointer("/CauseMetadata/Code/Lines").and_then(Value::as_array);
        let is_cause = |line: &&Value| line.get("IsCause").and_then(Value::as_bool) == Some(true);
        let code: Vec<String> = lines
            .into_iter()
            .flatten()
            .filter(is_cause)
            .map(|line| format!("{}&#xA;", escaped(text(line, "Content"))))
            .collect();
        let code = code.concat();
        writeln!(
            out,
            "            <failure message=\"{}\" type=\"description\">&#xA;{target}:{range}:&#xA;&#xA;Occurrences:&#xA;&#xA;Code:&#xA;{code}&#xA;{}",
            escaped(text(one, "Title")),
            escaped(text(one, "Description"))
        )?;
        writeln!(out, "            </failure>")?;
    }
    writeln!(out, "        </testcase>")
}

/// Code Climate's words.
fn level(severity: &str) -> &'static str {
    match severity {
        "MEDIUM" => "minor",
        "HIGH" => "major",
        "CRITICAL" => "critical",
        _ => "info",
    }
}

fn quality(results: &[Value], out: &mut dyn Write) -> io::Result<()> {
    let mut all = Vec::new();
    for result in results {
        let target = text(result, "Target");
        let mut add = |one: &Value, head: &[&str], named: &[&str], line: u64| {
            // What GitLab knows a finding by: the same as Trivy's, so that none looks new.
            let digest = digest(&SHA1_FOR_LEGACY_USE_ONLY, named.concat().as_bytes());
            all.push(json!({
                "type": "issue",
                "check_name": "container_scanning",
                "categories": ["Security"],
                "description": head.join(" - "),
                "fingerprint": hex(digest.as_ref()),
                "content": text(one, "Description"),
                "severity": level(text(one, "Severity")),
                "location": { "path": target, "lines": { "begin": line } },
            }));
        };
        for one in list(result, "Vulnerabilities") {
            let [id, name, version, title] =
                ["VulnerabilityID", "PkgName", "InstalledVersion", "Title"]
                    .map(|field| text(one, field));
            add(one, &[id, name, version, title], &[id, name, version, target], 0);
        }
        for one in list(result, "Misconfigurations") {
            let (id, title) = (text(one, "ID"), text(one, "Title"));
            let line = number(one, "/CauseMetadata/StartLine");
            add(one, &["Misconfig", id, title], &[id, title, target], line);
        }
    }
    serde_json::to_writer_pretty(&mut *out, &all)?;
    writeln!(out)
}

/// How the page looks, in light and dark.
const STYLE: &str = "\
body { font: 14px/1.4 system-ui, Arial, sans-serif; margin: 2em; background: #fff; color: #1b1f24 }
table { border-collapse: collapse; width: 100% } th, td { border: 1px solid #d0d7de; padding: .3em .6em; text-align: left; vertical-align: top }
.group-header th { font-size: 150% } .severity { font-weight: 600 } .links a { display: block }
.severity-CRITICAL { background: #ffd7d5 } .severity-HIGH { background: #ffe2c7 } .severity-MEDIUM { background: #fff4c4 }
@media (prefers-color-scheme: dark) { body { background: #0d1117; color: #e6edf3 } a { color: #58a6ff } th, td { border-color: #30363d }
.severity-CRITICAL { background: #5c1a1a } .severity-HIGH { background: #57351a } .severity-MEDIUM { background: #4a4115 } }";

/// A link where the address is one of the web.
fn link(address: &str) -> String {
    let shown = escaped(address);
    if address.starts_with("https://") || address.starts_with("http://") {
        format!("<a href=\"{shown}\">{shown}</a>")
    } else {
        shown
    }
}

fn html(results: &[Value], out: &mut dyn Write) -> io::Result<()> {
    let target = results.first().map(|it| escaped(text(it, "Target")));
    let head = match target {
        Some(target) => format!("{target} - Trivy Report - {}", clock::now()),
        None => "Trivy Returned Empty Report".to_owned(),
    };
    writeln!(out, "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">")?;
    writeln!(out, "<title>{head}</title>\n<style>\n{STYLE}\n</style>\n</head>\n<body>")?;
    writeln!(out, "<h1>{head}</h1>\n<table>")?;
    let line = |out: &mut dyn Write, cells: &[&str]| -> io::Result<()> {
        write!(out, "<tr class=\"sub-header\">")?;
        for cell in cells {
            write!(out, "<th>{cell}</th>")?;
        }
        writeln!(out, "</tr>")
    };
    for result in results {
        let kind = escaped(text(result, "Type"));
        writeln!(out, "<tr class=\"group-header\"><th colspan=\"6\">{kind}</th></tr>")?;
        let found = list(result, "Vulnerabilities");
        if found.is_empty() {
            writeln!(out, "<tr><th colspan=\"6\">No Vulnerabilities found</th></tr>")?;
        } else {
            line(
                out,
                &[
                    "Package",
                    "Vulnerability ID",
                    "Severity",
                    "Installed Version",
                    "Fixed Version",
                    "Links",
                ],
            )?;
        }
        for one in found {
            let [package, id, severity, version, fixed] =
                ["PkgName", "VulnerabilityID", "Severity", "InstalledVersion", "FixedVersion"]
                    .map(|field| escaped(text(one, field)));
            let links: String =
                list(one, "References").iter().filter_map(Value::as_str).map(link).collect();
            writeln!(
                out,
                "<tr class=\"severity-{severity}\"><td class=\"pkg-name\">{package}</td><td>{id}</td>\
                 <td class=\"severity\">{severity}</td><td class=\"pkg-version\">{version}</td><td>{fixed}</td>\
                 <td class=\"links\">{links}</td></tr>"
            )?;
        }
        let found = list(result, "Misconfigurations");
        if found.is_empty() {
            writeln!(out, "<tr><th colspan=\"6\">No Misconfigurations found</th></tr>")?;
        } else {
            line(out, &["Type", "Misconf ID", "Check", "Severity", "Message"])?;
        }
        for one in found {
            let [kind, id, title, severity, message] =
                ["Type", "ID", "Title", "Severity", "Message"]
                    .map(|field| escaped(text(one, field)));
            writeln!(
                out,
                "<tr class=\"severity-{severity}\"><td class=\"misconf-type\">{kind}</td><td>{id}</td>\
                 <td class=\"misconf-check\">{title}</td><td class=\"severity\">{severity}</td>\
                 <td class=\"link\" colspan=\"2\">{message} {}</td></tr>",
                link(text(one, "PrimaryURL"))
            )?;
        }
    }
    writeln!(out, "</table>\n</body>\n</html>")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{ALL, Template, escaped};

    #[test]
    fn templates_go_by_the_names_of_their_files() {
        for (name, template) in ALL {
            let found = Template::named(Some(&format!("@/usr/local/share/trivy/{name}"))).ok();
            assert_eq!(found, Some(template));
        }
        for other in [None, Some("{{ range . }}"), Some("junit.tpl"), Some("@own.tpl")] {
            assert!(Template::named(other).is_err(), "{other:?}");
        }
    }

    #[test]
    fn nothing_of_a_report_becomes_markup() {
        let hostile = "<script>\"'&\n\0";
        assert_eq!(escaped(hostile), "&lt;script&gt;&#34;&#39;&amp;&#xA;\u{fffd}");
        let results = [json!({
            "Target": hostile, "Type": hostile,
            "Vulnerabilities": [{"Title": hostile, "Severity": hostile, "References": ["javascript:x", hostile]}],
            "Misconfigurations": [{"Status": "FAIL", "Title": hostile, "PrimaryURL": "javascript:x"}],
        })];
        for template in [Template::Junit, Template::Html] {
            let mut out = Vec::new();
            template.write(&results, &mut out).unwrap();
            let out = String::from_utf8(out).unwrap();
            assert!(!out.contains("<script") && !out.contains("href=\"javascript"), "{out}");
        }
    }

    #[test]
    fn an_empty_or_odd_report_is_written_too() {
        for results in [
            vec![],
            vec![json!(null)],
            vec![json!({"Vulnerabilities": 1, "Misconfigurations": [7]})],
        ] {
            for (_, template) in ALL {
                template.write(&results, &mut Vec::new()).unwrap();
            }
        }
    }
}
