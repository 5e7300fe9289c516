//! What Clair found, beside what is approved: the table and the JSON of clair-scanner.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write};

use serde::Serialize;

use crate::exit::tell;
use crate::output::printable;

/// Weaknesses that are approved, and why.
pub(super) type Approved = BTreeMap<String, Option<String>>;

/// Worst first.
pub(super) const SEVERITIES: [&str; 6] =
    ["Critical", "High", "Medium", "Low", "Negligible", "Unknown"];

/// Columns of a description.
const WIDTH: usize = 60;

/// The place of a severity; the worst has the least.
pub(super) fn rank(severity: &str) -> Option<usize> {
    SEVERITIES.iter().position(|known| *known == severity)
}

/// A weakness of a package, in the order of clair-scanner's JSON.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Found {
    pub(super) featurename: String,
    pub(super) featureversion: String,
    pub(super) vulnerability: String,
    pub(super) namespace: String,
    pub(super) description: String,
    pub(super) link: String,
    pub(super) severity: String,
    pub(super) fixedby: String,
}

/// What is reported.
#[derive(Debug, Serialize)]
pub(super) struct Report {
    image: String,
    pub(super) unapproved: Vec<String>,
    vulnerabilities: Vec<Found>,
}

impl Report {
    /// Judges: what is less severe than the threshold is approved, too.
    pub(super) fn of(
        image: &str,
        mut found: Vec<Found>,
        approved: &Approved,
        threshold: usize,
    ) -> Self {
        let unknown = SEVERITIES.len();
        // As clair-scanner has it: the worst stands last, above the prompt.
        found.sort_by_key(|it| {
            let place = rank(&it.severity).unwrap_or(unknown);
            (std::cmp::Reverse(place), it.vulnerability.clone(), it.featurename.clone())
        });
        let counts = |it: &&Found| {
            rank(&it.severity).is_none_or(|place| place <= threshold)
                && !approved.contains_key(&it.vulnerability)
        };
        let unapproved = found.iter().filter(counts).map(|it| it.vulnerability.clone()).collect();
        Self { image: image.to_owned(), unapproved, vulnerabilities: found }
    }

    /// Says how it stands.
    pub(super) fn tell(&self) {
        let image = self.image.escape_debug();
        if !self.vulnerabilities.is_empty() {
            let count = self.vulnerabilities.len();
            tell(&format!("[WARN] Image [{image}] contains {count} total vulnerabilities"));
        }
        match self.unapproved.len() {
            0 => tell(&format!("[INFO] Image [{image}] contains NO unapproved vulnerabilities")),
            count => {
                tell(&format!(
                    "[ERRO] Image [{image}] contains {count} unapproved vulnerabilities"
                ));
            }
        }
    }

    /// Whether there is something for a table.
    pub(super) fn has_rows(&self, lists_all: bool) -> bool {
        !self.unapproved.is_empty() || lists_all && !self.vulnerabilities.is_empty()
    }

    /// The table for people.
    pub(super) fn table(
        &self,
        lists_all: bool,
        colour: bool,
        out: &mut dyn Write,
    ) -> io::Result<()> {
        let unapproved: BTreeSet<&String> = self.unapproved.iter().collect();
        let head = ["STATUS", "CVE SEVERITY", "PACKAGE NAME", "PACKAGE VERSION", "CVE DESCRIPTION"];
        let mut rows = vec![head.map(|word| vec![word.to_owned()])];
        for one in &self.vulnerabilities {
            let is_approved = !unapproved.contains(&one.vulnerability);
            if is_approved && !lists_all {
                continue;
            }
            let mut text = wrapped(&one.description);
            if let Some(link) = one.link.split_whitespace().next() {
                text.extend([String::new(), printable(link)]);
            }
            let status = if is_approved { "Approved" } else { "Unapproved" };
            rows.push([
                vec![status.to_owned()],
                vec![printable(&format!("{} {}", one.severity, one.vulnerability))],
                vec![printable(&one.featurename)],
                vec![printable(&one.featureversion)],
                text,
            ]);
        }
        let width = |at: usize| {
            let cells = rows.iter().filter_map(|row| row.get(at)).flatten();
            cells.map(|line| line.chars().count()).max().unwrap_or(0)
        };
        let widths: [usize; 5] = std::array::from_fn(width);
        let rule: String = widths
            .iter()
            .map(|width| format!("+{}", "-".repeat(width.saturating_add(2))))
            .collect();
        writeln!(out, "{rule}+")?;
        for row in &rows {
            let height = row.iter().map(Vec::len).max().unwrap_or(0);
            for at in 0..height {
                for ((cell, width), column) in row.iter().zip(widths).zip(0..) {
                    let text = cell.get(at).map(String::as_str).unwrap_or_default();
                    let padded = format!("{text:width$}");
                    match (colour && column == 0, text) {
                        (true, "Approved") => write!(out, "| \u{1b}[1;36m{padded}\u{1b}[0m ")?,
                        (true, "Unapproved") => write!(out, "| \u{1b}[1;31m{padded}\u{1b}[0m ")?,
                        _ => write!(out, "| {padded} ")?,
                    }
                }
                writeln!(out, "|")?;
            }
            writeln!(out, "{rule}+")?;
        }
        Ok(())
    }
}

fn wrapped(text: &str) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in printable(text).split_whitespace() {
        let is_full = lines.last().is_some_and(|line| {
            !line.is_empty() && line.chars().count().saturating_add(word.chars().count()) >= WIDTH
        });
        if is_full {
            lines.push(String::new());
        }
        if let Some(line) = lines.last_mut() {
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(word);
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(vulnerability: &str, severity: &str) -> Found {
        Found {
            featurename: "curl".to_owned(),
            featureversion: "1".to_owned(),
            vulnerability: vulnerability.to_owned(),
            namespace: "debian".to_owned(),
            description: "a \u{1b}[31mword ".repeat(20),
            link: "https://a.example https://b.example".to_owned(),
            severity: severity.to_owned(),
            fixedby: String::new(),
        }
    }

    #[test]
    fn what_is_below_the_threshold_or_listed_is_approved() {
        let all = vec![found("A", "Critical"), found("B", "Low"), found("C", "High")];
        let approved = Approved::from([("C".to_owned(), None)]);
        let high = rank("High").unwrap();
        let report = Report::of("app", all.clone(), &approved, high);
        assert_eq!(report.unapproved, ["A"]);
        let order: Vec<&str> =
            report.vulnerabilities.iter().map(|it| it.vulnerability.as_str()).collect();
        assert_eq!(order, ["B", "C", "A"]);
        let all = Report::of("app", all, &Approved::new(), rank("Unknown").unwrap());
        assert_eq!(all.unapproved.len(), 3);
    }

    #[test]
    fn a_table_has_straight_borders_and_nothing_that_steers_a_terminal() {
        let report = Report::of("app", vec![found("A", "High")], &Approved::new(), 5);
        let mut out = Vec::new();
        report.table(true, false, &mut out).unwrap();
        let text = String::from_utf8(out).unwrap();
        assert!(!text.contains('\u{1b}'));
        let widths: BTreeSet<usize> = text.lines().map(|line| line.chars().count()).collect();
        assert_eq!(widths.len(), 1, "{text}");
    }
}
