//! What stands below the table: how good the data is, what was left out, and which gates failed.

use std::io::{self, Write};

use plimsoll_model::{AdvisoryData, ProblemKind, Scan};

use super::rows::{EPSS_SHOWN, epss};
use crate::style::{Role, Style};
use crate::tally::{Tally, standing};
use crate::text::{grouped, one_line, plural, wrap};

/// So many examples of each kind are shown; `-o json` has all.
const EXAMPLES: usize = 3;
/// So many feeds are named.
const FEEDS: usize = 6;
/// From so many days before the end of a release on, the end is worth a word.
const ENDS_SOON_DAYS: i64 = 90;

/// Writes all notes, those that put the result in doubt last, next to the prompt.
pub(super) fn write(
    scan: &Scan,
    tally: &Tally,
    style: &Style,
    out: &mut dyn Write,
) -> io::Result<()> {
    let mut notes = Vec::new();
    notes.extend(legend(scan).map(|note| (Role::Faint, note)));
    notes.push(data(scan));
    notes.extend(skipped(scan).map(|note| (Role::Faint, note)));
    if tally.suppressed > 0 {
        let note = format!("suppressed: {}", plural(tally.suppressed, "finding"));
        notes.push((Role::Faint, format!("{note}; `-o json` gives the reason of each")));
    }
    notes.extend(undecided(scan).map(|note| (Role::Warning, note)));
    notes.extend(release(scan).map(|note| (Role::Warning, note)));
    notes.extend(partial(scan).map(|note| (Role::Bad, note)));
    for reason in &scan.verdict.failed {
        let note = format!("failed: {}: {}", one_line(&reason.gate), one_line(&reason.reason));
        notes.push((Role::Bad, note));
    }
    writeln!(out)?;
    notes.iter().try_for_each(|(role, note)| {
        writeln!(out, "{}", style.paint(*role, &wrap(note, style.columns())))
    })
}

fn legend(scan: &Scan) -> Option<String> {
    let mut parts = Vec::new();
    if standing(scan).any(|finding| finding.kev.is_some()) {
        parts.push("KEV: known to be exploited (CISA)".to_owned());
    }
    if standing(scan).any(|finding| epss(finding).is_some()) {
        parts.push(format!(
            "EPSS: chance of being exploited within 30 days (FIRST), shown from {:.0}%",
            EPSS_SHOWN * 100.0
        ));
    }
    Some(parts.join(" · ")).filter(|note| !note.is_empty())
}

fn data(scan: &Scan) -> (Role, String) {
    let AdvisoryData { starter, feeds, .. } = &scan.data;
    let records: u64 = feeds.iter().fold(0, |sum, feed| sum.saturating_add(feed.records));
    let mut note = if *starter {
        format!("advisories: only the starter set that is built in, {} records", grouped(records))
    } else if feeds.is_empty() {
        "advisories: none were loaded".to_owned()
    } else {
        let names = feeds.iter().take(FEEDS).map(|feed| one_line(&feed.name));
        let names = names.collect::<Vec<_>>().join(", ");
        let more = feeds.len().saturating_sub(FEEDS);
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        format!("advisories: {} records of {names}{more}", grouped(records))
    };
    let newest = scan.data.newest();
    note.extend(newest.map(|newest| format!(", the newest of {}", newest.date())));
    let age = newest.zip(scan.scanned_at).map(|(newest, now)| newest.days_until(now));
    let age = age.filter(|days| *days > 0).and_then(|days| usize::try_from(days).ok());
    note.extend(age.map(|days| format!(" ({} old)", plural(days, "day"))));
    let rejected: u64 = feeds.iter().fold(0, |sum, feed| sum.saturating_add(feed.rejected));
    if rejected > 0 {
        note.extend(["; ", &grouped(rejected), " broken records are left out"]);
    }
    if *starter || feeds.is_empty() {
        note += "; `plimsoll db update` gets them all";
        return (Role::Warning, note);
    }
    (Role::Faint, note)
}

fn skipped(scan: &Scan) -> Option<String> {
    let kind = ProblemKind::Skipped;
    let count = scan.inventory.problems.iter().filter(|problem| problem.kind == kind).count();
    (count > 0).then(|| {
        let entries = if count == 1 { "1 odd entry" } else { &format!("{count} odd entries") };
        format!("passed over: {entries}; `-o json` lists them")
    })
}

fn undecided(scan: &Scan) -> Option<String> {
    let examples = scan.undecided.iter().map(|open| {
        let name = format!("{} {}", one_line(&open.package), one_line(&open.version));
        let advisory = if open.advisory.is_empty() {
            String::new()
        } else {
            format!(" and {}", one_line(&open.advisory))
        };
        format!("{}{advisory}: {}", name.trim_end(), one_line(&open.why))
    });
    listed("undecided", scan.undecided.len(), examples)
}

fn partial(scan: &Scan) -> Option<String> {
    let problems = || scan.inventory.problems.iter().filter(|p| p.kind == ProblemKind::Partial);
    let examples = problems().map(|problem| {
        let place = match (problem.path.is_empty(), problem.layer) {
            (false, _) => format!("{}: ", one_line(&problem.path)),
            (true, Some(layer)) => format!("layer #{layer}: "),
            (true, None) => String::new(),
        };
        format!("{place}{}", one_line(&problem.message))
    });
    listed("partial, packages may be missing", problems().count(), examples)
}

fn listed(what: &str, count: usize, examples: impl Iterator<Item = String>) -> Option<String> {
    let shown: Vec<String> = examples.take(EXAMPLES).collect();
    let more = count.saturating_sub(shown.len());
    let more =
        if more > 0 { format!("; {more} more, `-o json` lists them") } else { String::new() };
    (count > 0).then(|| format!("{what}: {}{more}", shown.join("; ")))
}

fn release(scan: &Scan) -> Option<String> {
    let distro = scan.inventory.distro.as_ref()?;
    let (end, now) = (distro.end_of_life?, scan.scanned_at?);
    let name = one_line(if distro.name.is_empty() { &distro.id } else { &distro.name });
    let days = now.days_until(end);
    if days < 0 {
        Some(format!("release: {name} ended on {}; it gets no more fixes", end.date()))
    } else if days <= ENDS_SOON_DAYS {
        Some(format!("release: {name} ends on {}, in {days} days", end.date()))
    } else {
        None
    }
}
