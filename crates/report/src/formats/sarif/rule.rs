//! A rule: one weakness, with everything that a reader of an alert wants to know of it.

use std::collections::BTreeSet;

use plimsoll_model::{Finding, LinkKind, Severity};
use serde::Serialize;

use super::result::{fix, level};
use crate::escape::{self, cut, markdown};
use crate::text::{lines, one_line};

/// GitHub cuts descriptions at 1,024 characters.
const DESCRIPTION: usize = 1000;
/// Longer advisories are read at their source.
const HELP: usize = 6000;
const PACKAGES: usize = 30;
const LINKS: usize = 20;

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Rule<'s> {
    id: String,
    name: &'static str,
    short_description: Text,
    full_description: Text,
    help: Help,
    #[serde(skip_serializing_if = "Option::is_none")]
    help_uri: Option<String>,
    default_configuration: Configuration,
    properties: Properties<'s>,
}

#[derive(Debug, Serialize)]
struct Text {
    text: String,
}

#[derive(Debug, Serialize)]
struct Help {
    text: String,
    markdown: String,
}

#[derive(Debug, Serialize)]
struct Configuration {
    level: &'static str,
}

#[derive(Debug, Serialize)]
struct Properties<'s> {
    precision: &'static str,
    #[serde(rename = "security-severity", skip_serializing_if = "Option::is_none")]
    security_severity: Option<String>,
    tags: Vec<&'s str>,
}

impl<'s> Rule<'s> {
    /// The rule of the findings that share an id; `None` where there are none.
    pub(super) fn of(findings: &[&'s Finding]) -> Option<Self> {
        let first = findings.first()?;
        let severity = findings.iter().map(|finding| finding.severity).max().unwrap_or_default();
        let id = one_line(&first.id);
        let title = one_line(&first.title);
        let title = if title.is_empty() { id.clone() } else { title };
        let description = lines(&first.description);
        let description = if description.is_empty() { title.clone() } else { description };
        let mut tags = vec!["security", "vulnerability", severity.name()];
        if findings.iter().any(|finding| finding.kev.is_some()) {
            tags.push("exploited");
        }
        Some(Self {
            name: if first.package.kind.is_os() {
                "OsPackageVulnerability"
            } else {
                "LanguagePackageVulnerability"
            },
            short_description: Text { text: cut(&title, DESCRIPTION) },
            full_description: Text { text: cut(&description, DESCRIPTION) },
            help: Help {
                text: help_text(first, findings, &title, &description),
                markdown: help_markdown(first, findings, &title, &description),
            },
            help_uri: help_uri(first),
            default_configuration: Configuration { level: level(severity) },
            properties: Properties {
                precision: "very-high",
                security_severity: score(findings, severity),
                tags,
            },
            id,
        })
    }
}

/// GitHub reads the level from this number alone, so it always lies in the range of the level
/// that was chosen, whatever another source's score is.
fn score(findings: &[&Finding], severity: Severity) -> Option<String> {
    let worst = findings.iter().filter(|finding| finding.severity == severity);
    let ratings = worst.flat_map(|finding| {
        finding.ratings.iter().map(|rating| (rating.source == finding.severity_source, rating))
    });
    let fitting = ratings
        .filter_map(|(chosen, rating)| Some((chosen, rating.score?)))
        .filter(|(_, score)| (0.0..=10.0).contains(score))
        .filter(|(_, score)| Severity::from_score(f64::from(*score)) == severity);
    let best = fitting.max_by(|a, b| a.0.cmp(&b.0).then(a.1.total_cmp(&b.1)));
    let middle = match severity {
        Severity::Critical => 9.5,
        Severity::High => 8.0,
        Severity::Medium => 5.5,
        Severity::Low => 2.0,
        Severity::Negligible => 0.1,
        Severity::Unknown => return None,
    };
    Some(format!("{:.1}", best.map_or(middle, |(_, score)| score)))
}

fn help_uri(finding: &Finding) -> Option<String> {
    let mut advisory = finding.references.iter().filter(|link| link.kind == LinkKind::Advisory);
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"-.:".contains(&b);
    let id = Some(finding.id.as_str()).filter(|id| !id.is_empty() && id.bytes().all(plain));
    let known = id.map(|id| {
        if id.starts_with("CVE-") {
            format!("https://nvd.nist.gov/vuln/detail/{id}")
        } else if id.starts_with("GHSA-") {
            format!("https://github.com/advisories/{id}")
        } else {
            format!("https://osv.dev/vulnerability/{id}")
        }
    });
    let own = advisory.find_map(|link| escape::link(&link.url)).map(str::to_owned);
    own.or(known)
}

/// Facts beside the description, each a name and a value, fit for one line.
fn facts(first: &Finding, findings: &[&Finding]) -> Vec<(&'static str, String)> {
    let mut facts = Vec::new();
    let source = one_line(&first.severity_source);
    let source = if source.is_empty() { source } else { format!(" ({source})") };
    facts.push(("Severity", format!("{}{source}", first.severity)));
    if !first.aliases.is_empty() {
        facts.push(("Also known as", one_line(&first.aliases.join(", "))));
    }
    if let Some(kev) = findings.iter().find_map(|finding| finding.kev.as_ref()) {
        let ransomware = if kev.ransomware { ", by ransomware too" } else { "" };
        facts.push(("Known to be exploited", format!("since {}{ransomware}", kev.added.date())));
    }
    let mut scores = findings.iter().filter_map(|finding| finding.epss.map(|epss| epss.score));
    if let Some(score) = scores.find(|score| (0.0..=1.0).contains(score)) {
        let percent = f64::from(score) * 100.0;
        facts.push(("Chance of being exploited within 30 days (EPSS)", format!("{percent:.1}%")));
    }
    facts
}

/// Package, installed version and what to do, each once.
fn packages(findings: &[&Finding]) -> BTreeSet<(String, String, String)> {
    let row = |finding: &&Finding| {
        let package = &finding.package;
        (one_line(&package.name), one_line(&package.version), fix(&finding.fix).0)
    };
    findings.iter().map(row).collect()
}

fn help_text(first: &Finding, findings: &[&Finding], title: &str, description: &str) -> String {
    let mut help = vec![format!("{}: {title}", one_line(&first.id))];
    help.extend(facts(first, findings).iter().map(|(name, value)| format!("{name}: {value}")));
    let packages = packages(findings);
    let package =
        |(name, version, fix): &(String, String, String)| format!("{name} {version}: {fix}");
    help.extend(packages.iter().take(PACKAGES).map(package));
    help.extend([String::new(), cut(description, HELP), String::new()]);
    help.extend(links(first).map(str::to_owned));
    help.join("\n").trim_end().to_owned()
}

fn help_markdown(first: &Finding, findings: &[&Finding], title: &str, description: &str) -> String {
    let head = format!("**{}**: {}\n", markdown(&one_line(&first.id)), markdown(title));
    let fact = |(name, value): &(&str, String)| format!("- {name}: {}", markdown(value));
    let package = |(name, version, fix): &(String, String, String)| {
        format!("| {} | {} | {} |", markdown(name), markdown(version), markdown(fix))
    };
    let mut help = vec![head];
    help.extend(facts(first, findings).iter().map(fact));
    help.push("\n| package | installed | fixed |\n| --- | --- | --- |".into());
    help.extend(packages(findings).iter().take(PACKAGES).map(package));
    help.push(format!("\n{}\n", markdown(&cut(description, HELP))));
    help.extend(links(first).map(|url| format!("- <{url}>")));
    help.join("\n").trim_end().to_owned()
}

fn links(finding: &Finding) -> impl Iterator<Item = &str> {
    finding.references.iter().filter_map(|link| escape::link(&link.url)).take(LINKS)
}
