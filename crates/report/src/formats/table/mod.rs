//! A table for people: what is wrong where, worst first, and what to do about it.
//!
//! A wide terminal gets one line a finding; a narrow one gets two, because a version that is cut
//! off helps nobody. Without a terminal nothing is shortened, so that `grep` sees all of it.

mod columns;
mod notes;
mod rows;

use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap};
use std::io::{self, Write};

use plimsoll_model::{Finding, Layer, Scan, Severity};

use self::columns::Columns;
use self::rows::Row;
use super::Format;
use crate::application::Application;
use crate::style::{Role, Style};
use crate::tally::{Tally, standing};
use crate::{text, updates};

pub(super) const FORMAT: Format =
    Format { name: "table", about: "findings for people, worst first", needs_loaded: false, write };

/// So many updates are advised; `-o json` has every fix.
const ADVICE: usize = 3;

fn write(scan: &Scan, style: &Style, out: &mut dyn Write) -> io::Result<()> {
    let heading = heading(scan);
    if !heading.is_empty() {
        let heading = text::wrap(&heading, style.columns());
        writeln!(out, "{}\n", style.paint(Role::Strong, &heading))?;
    }
    let groups = groups(scan);
    if !groups.is_empty() {
        let columns = Columns::fit(groups.iter().flat_map(|group| &group.rows), style);
        columns.head(out)?;
        for group in &groups {
            let title = text::wrap(&group.title, style.columns());
            writeln!(out, "\n{}", style.paint(Role::Strong, &title))?;
            group.rows.iter().try_for_each(|row| columns.row(row, out))?;
        }
        writeln!(out)?;
    }
    let tally = Tally::of(scan);
    summary(scan, &tally, style, out)?;
    advice(scan, style, out)?;
    notes::write(scan, &tally, style, out)
}

/// What was scanned, in one line.
fn heading(scan: &Scan) -> String {
    let artifact = &scan.inventory.artifact;
    let name = artifact.names.first().unwrap_or(&artifact.reference);
    let mut parts = vec![text::one_line(name), text::one_line(&artifact.source)];
    parts.extend(
        artifact
            .manifest_digest
            .as_ref()
            .or(artifact.config_digest.as_ref())
            .map(|digest| format!("{}:{}", digest.algorithm().name(), digest.short())),
    );
    parts.extend(artifact.platform.as_ref().map(|p| text::one_line(&p.to_string())));
    parts.extend(distro_name(scan));
    parts.retain(|part| !part.is_empty());
    if !parts.is_empty() {
        parts.push(text::plural(scan.inventory.present().count(), "package"));
    }
    parts.join(" · ")
}

fn distro_name(scan: &Scan) -> Option<String> {
    let distro = scan.inventory.distro.as_ref()?;
    let name = if distro.name.is_empty() { &distro.id } else { &distro.name };
    Some(text::one_line(name)).filter(|name| !name.is_empty())
}

struct Group {
    title: String,
    rows: Vec<Row>,
}

/// The operating system first, then the applications, the one with the worst finding first.
fn groups(scan: &Scan) -> Vec<Group> {
    let mut found: BTreeMap<Application, Vec<&Finding>> = BTreeMap::new();
    for finding in standing(scan) {
        found.entry(Application::of(&finding.package)).or_default().push(finding);
    }
    let mut found: Vec<(Application, Vec<&Finding>)> = found.into_iter().collect();
    let rank = |application: &Application, findings: &[&Finding]| {
        let count = |level| findings.iter().filter(|finding| finding.severity == level).count();
        (*application == Application::System, Severity::ALL.map(count))
    };
    found.sort_by_cached_key(|(application, findings)| Reverse(rank(application, findings)));
    let group = |(application, findings): (Application, Vec<&Finding>)| Group {
        title: title(scan, &application, findings.len()),
        rows: rows(&findings, &scan.inventory.layers),
    };
    found.into_iter().map(group).collect()
}

/// Worst first, loaded before not, and exploited before not; else as the scan has them.
fn rows(findings: &[&Finding], layers: &[Layer]) -> Vec<Row> {
    let mut rows: Vec<Row> = findings.iter().map(|finding| Row::of(finding, layers)).collect();
    rows.sort_by(|a, b| {
        let rank = |row: &Row| (Reverse(row.severity), row.loaded_rank, Reverse(row.exploited));
        rank(a)
            .cmp(&rank(b))
            .then_with(|| a.packages.cmp(&b.packages))
            .then_with(|| a.key().cmp(&b.key()))
    });
    let mut seen: HashMap<_, usize> = HashMap::new();
    let mut folded: Vec<Row> = Vec::new();
    for row in &rows {
        let at = *seen.entry(row.key()).or_insert(folded.len());
        match folded.get_mut(at) {
            Some(first) => first.packages.extend_from_slice(&row.packages),
            None => folded.push(row.clone()),
        }
    }
    folded
}

fn title(scan: &Scan, application: &Application, findings: usize) -> String {
    let count = text::plural(findings, "finding");
    match application {
        Application::System => {
            let name = distro_name(scan).unwrap_or_else(|| "operating system".into());
            format!("{name} · packages of the distribution · {count}")
        }
        Application::Path { path, kind } if path.is_empty() => {
            format!("place unknown · {kind} · {count}")
        }
        Application::Path { path, kind } => {
            format!("{} · {kind} · {count}", text::one_line(path))
        }
    }
}

fn summary(scan: &Scan, tally: &Tally, style: &Style, out: &mut dyn Write) -> io::Result<()> {
    if tally.findings == 0 {
        let (role, line) = nothing(scan);
        return writeln!(out, "{}", style.paint(role, &text::wrap(&line, style.columns())));
    }
    let present = tally.levels.iter().filter(|(_, count)| *count > 0);
    let levels: Vec<String> = present.map(|(level, count)| format!("{count} {level}")).collect();
    let mut parts = vec![
        format!("{}: {}", text::plural(tally.findings, "finding"), levels.join(", ")),
        format!("{} fixable", tally.fixable),
    ];
    if tally.exploited > 0 {
        parts.push(format!("{} exploited", tally.exploited));
    }
    let loaded = tally.loaded.iter().filter(|(_, count)| *count > 0);
    parts.extend(loaded.map(|(what, count)| format!("{count} {what}")));
    if tally.to_update > 0 {
        parts.push(format!("{} to update", text::plural(tally.to_update, "package")));
    }
    let line = text::wrap(&parts.join(" · "), style.columns());
    writeln!(out, "{}", style.paint(Role::Strong, &line))
}

/// No finding is good news only where all packages met advisories.
fn nothing(scan: &Scan) -> (Role, String) {
    let packages = text::plural(scan.inventory.present().count(), "package");
    if scan.inventory.present().next().is_none() {
        let line = "No packages were recognised, so there was nothing to judge.";
        (Role::Warning, line.into())
    } else if scan.data.feeds.is_empty() {
        (Role::Warning, format!("No advisories were loaded, so {packages} were not judged."))
    } else if scan.inventory.is_partial() {
        (Role::Warning, format!("No findings in {packages}, but not all could be read."))
    } else if scan.data.starter || !scan.undecided.is_empty() {
        (Role::Warning, format!("No findings in {packages}, but see below."))
    } else {
        (Role::Good, format!("No findings in {packages}."))
    }
}

fn advice(scan: &Scan, style: &Style, out: &mut dyn Write) -> io::Result<()> {
    let updates = updates::of(scan);
    for update in updates.iter().take(ADVICE) {
        let place = match &update.application {
            Application::System if update.packages.iter().any(|name| *name != update.name) => {
                let names: Vec<String> =
                    update.packages.iter().take(4).map(|name| text::one_line(name)).collect();
                let more = update.packages.len().saturating_sub(names.len());
                let more = if more > 0 { format!(" and {more} more") } else { String::new() };
                format!(" ({}{more})", names.join(", "))
            }
            Application::System => String::new(),
            Application::Path { path, .. } => format!(" in {}", text::one_line(path)),
        };
        let line = format!(
            "Update {} to {}{place}: fixes {}, the worst {}",
            text::one_line(update.name),
            text::one_line(update.to),
            text::plural(update.findings, "finding"),
            update.worst
        );
        writeln!(out, "{}", text::wrap(&line, style.columns()))?;
    }
    Ok(())
}
