//! A table for people: the current base first, the others best first, and the move that pays.
//!
//! What is not known is a hyphen, and never a zero. Where the terminal is too narrow, whole
//! columns go, those that matter least first.

use std::io::{self, Write};

use plimsoll_build::advice::{Basis, Candidate, Move, Scope};
use plimsoll_build::bases::Lifetime;
use plimsoll_model::{Severity, Timestamp};

use super::{BaseFormat, Comparison};
use crate::style::{Role, Style};
use crate::text;

pub(super) const FORMAT: BaseFormat =
    BaseFormat { name: "table", about: "candidates for people, best first", write };

const GAP: &str = "  ";
const NAME_MOST: usize = 48;

/// Columns, and which go first where there is no room: those with the highest number.
const COLUMNS: [(&str, u8); 14] = [
    ("IMAGE", 0),
    ("SIZE", 1),
    ("ON DISK", 6),
    ("PKGS", 2),
    ("CRIT", 0),
    ("HIGH", 0),
    ("MED", 4),
    ("LOW", 5),
    ("OTHER", 5),
    ("AGE", 7),
    ("ENDS", 1),
    ("SHELL", 3),
    ("LIBC", 3),
    ("USER", 3),
];

struct Row {
    cells: [(String, Role); COLUMNS.len()],
    /// `measured`, `facts of 2026-08-19`.
    known: String,
    role: Role,
}

fn write(all: &[Comparison], style: &Style, out: &mut dyn Write) -> io::Result<()> {
    for (at, comparison) in all.iter().enumerate() {
        if at > 0 {
            writeln!(out)?;
        }
        one(comparison, style, out)?;
    }
    Ok(())
}

fn one(comparison: &Comparison, style: &Style, out: &mut dyn Write) -> io::Result<()> {
    let today = comparison.today;
    let mut rows = vec![row(&comparison.current, Role::Strong, today)];
    for way in &comparison.advice.moves {
        let is_best = comparison.advice.recommended.as_ref().is_some_and(|best| best.to == way.to);
        if let Some(candidate) = comparison.candidates.get(way.to) {
            rows.push(row(candidate, if is_best { Role::Good } else { Role::Plain }, today));
        }
    }
    table(&rows, style, out)?;
    writeln!(out)?;
    match &comparison.advice.recommended {
        Some(best) => recommend(comparison, best, style, out)?,
        None if comparison.candidates.is_empty() => {
            let text = "No other base is known to stand in its place.";
            writeln!(out, "{}", text::wrap(text, style.columns()))?;
        }
        None => {
            let text = "None of these removes enough to be worth the change.";
            writeln!(out, "{}", text::wrap(text, style.columns()))?;
        }
    }
    notes(comparison, style, out)
}

fn row(candidate: &Candidate, role: Role, today: Timestamp) -> Row {
    let base = &candidate.base;
    let or = |value: Option<String>| (value.unwrap_or_else(|| "-".into()), Role::Plain);
    let count = |value: Option<u64>| or(value.map(text::grouped));
    let severity = |of: fn(&plimsoll_build::advice::FindingCounts) -> u64, bad: Role| {
        let value = candidate.findings.as_ref().map(of);
        let role = if value.is_some_and(|count| count > 0) { bad } else { Role::Plain };
        (count(value).0, role)
    };
    let ended = base.has_ended(today) == Some(true);
    let ends = base.lifetimes.iter().map(Lifetime::last_day).min();
    let name = text::shorten_middle(&text::one_line(&base.name), NAME_MOST);
    let cells = [
        (name, role),
        or(base.size.compressed.map(text::bytes)),
        or(base.size.unpacked.map(text::bytes)),
        count(base.packages),
        severity(|counts| counts.critical, Role::Level(Severity::Critical)),
        severity(|counts| counts.high, Role::Level(Severity::High)),
        severity(|counts| counts.medium, Role::Level(Severity::Medium)),
        severity(|counts| counts.low, Role::Level(Severity::Low)),
        severity(|counts| counts.other, Role::Level(Severity::Unknown)),
        or(candidate.created.map(|created| age(created, today))),
        (or(ends.map(Timestamp::date)).0, if ended { Role::Bad } else { Role::Plain }),
        or(base.shell.as_ref().map(|shell| shell.kind.name().into())),
        or(base.libc.map(|libc| libc.name().into())),
        or(base.is_root_by_default().map(|root| match (root, &base.user) {
            (false, Some(user)) => text::shorten(&text::one_line(user), 12),
            _ => "root".into(),
        })),
    ];
    Row { cells, known: known(candidate), role }
}

/// Where it is known from.
fn known(candidate: &Candidate) -> String {
    let base = &candidate.base;
    match (base.measured, base.as_of) {
        (true, _) => "measured".into(),
        (false, Some(day)) => format!("facts of {}", day.date()),
        (false, None) => "facts".into(),
    }
}

fn table(rows: &[Row], style: &Style, out: &mut dyn Write) -> io::Result<()> {
    let mut widths: Vec<usize> = COLUMNS.iter().map(|(heading, _)| text::width(heading)).collect();
    for row in rows {
        for (width, (cell, _)) in widths.iter_mut().zip(&row.cells) {
            *width = (*width).max(text::width(cell));
        }
    }
    // A column of hyphens says nothing.
    let is_empty =
        |at: usize| rows.iter().all(|row| row.cells.get(at).is_none_or(|(cell, _)| cell == "-"));
    let mut shown: Vec<usize> = (0..COLUMNS.len()).filter(|&at| !is_empty(at)).collect();
    let known = rows.iter().map(|row| text::width(&row.known)).max().unwrap_or(0);
    if let Some(columns) = style.columns() {
        let total = |shown: &[usize]| {
            shown.iter().filter_map(|&at| widths.get(at)).map(|w| w + GAP.len()).sum::<usize>()
                + known
        };
        while total(&shown) > columns {
            let place = |at: &usize| COLUMNS.get(*at).map_or(0, |(_, place)| *place);
            let Some(last) = shown.iter().copied().max_by_key(place).filter(|at| place(at) > 0)
            else {
                break;
            };
            shown.retain(|&at| at != last);
        }
    }
    let mut line = String::new();
    for &at in &shown {
        let heading = COLUMNS.get(at).map_or("", |(heading, _)| heading);
        line += &cell(heading, at, &widths);
    }
    writeln!(out, "{}", style.paint(Role::Faint, &format!("{line}KNOWN BY")))?;
    for row in rows {
        for &at in &shown {
            let Some((text, role)) = row.cells.get(at) else { continue };
            let role = if *role == Role::Plain { row.role } else { *role };
            let role = if role == Role::Good && at > 0 { Role::Plain } else { role };
            write!(out, "{}", style.paint(role, &cell(text, at, &widths)))?;
        }
        writeln!(out, "{}", style.paint(Role::Faint, &row.known))?;
    }
    Ok(())
}

/// Filled to its column, numbers to the right.
fn cell(text: &str, at: usize, widths: &[usize]) -> String {
    let width = widths.get(at).copied().unwrap_or(0);
    if (1..=8).contains(&at) {
        let missing = width.saturating_sub(text::width(text));
        format!("{}{text}{GAP}", " ".repeat(missing))
    } else {
        format!("{}{GAP}", text::pad(text, width))
    }
}

fn recommend(
    comparison: &Comparison,
    best: &Move,
    style: &Style,
    out: &mut dyn Write,
) -> io::Result<()> {
    let Some(candidate) = comparison.candidates.get(best.to) else { return Ok(()) };
    let (from, to) = (&comparison.current.base, &candidate.base);
    let title = format!("Move to {}", text::one_line(&to.name));
    writeln!(out, "{}", style.paint(Role::Strong, &title))?;
    let mut say = |line: &str, role: Role| {
        let wrapped = text::wrap(line, style.columns().map(|columns| columns.saturating_sub(2)));
        let mut lines = wrapped.lines();
        let first = lines.next().unwrap_or_default();
        writeln!(out, "  {}", style.paint(role, first))?;
        lines.try_for_each(|line| writeln!(out, "  {}", style.paint(role, line)))
    };
    if let (Basis::Findings, Some(before), Some(after)) =
        (best.basis, comparison.current.findings, candidate.findings)
    {
        say(&format!("findings: {} before, {} after", before.total(), after.total()), Role::Good)?;
    } else if let (Basis::Packages, Some(before), Some(after)) =
        (best.basis, from.packages, to.packages)
    {
        say(&format!("packages: {before} before, {after} after"), Role::Good)?;
    } else if let (Basis::Kind, Some(before), Some(after)) =
        (best.basis, comparison.current.kind(), candidate.kind())
        && before != after
    {
        let (before, after) = (before.name(), after.name());
        say(&format!("a {after} image in the place of a {before} one"), Role::Good)?;
    }
    if best.leaves_ended {
        for lifetime in from.lifetimes.iter().filter(|l| l.last_day() < comparison.today) {
            let day = lifetime.last_day().date();
            say(&format!("leaves {}, which ended on {day}", lifetime.of), Role::Good)?;
        }
    }
    for trap in &best.traps {
        say(&format!("- {}", text::one_line(&trap.to_string())), Role::Plain)?;
    }
    Ok(())
}

/// What the reader should know of the figures.
fn notes(comparison: &Comparison, style: &Style, out: &mut dyn Write) -> io::Result<()> {
    let mut notes = Vec::new();
    let last = |candidate: &&Candidate| candidate.scope == Scope::FinalStage;
    let names: Vec<&str> = comparison
        .candidates
        .iter()
        .filter(last)
        .map(|candidate| candidate.base.name.as_str())
        .collect();
    if !names.is_empty() {
        notes.push(format!("For the last stage alone: {}.", names.join(", ")));
    }
    let guessed = comparison.advice.moves.iter().any(|way| way.basis == Basis::Kind);
    if guessed {
        notes.push(
            "What a move removes is told by the kind of image where it is not measured; \
             `--measure` reads the candidates."
                .to_owned(),
        );
    }
    for note in &notes {
        let wrapped = text::wrap(&text::one_line(note), style.columns());
        writeln!(out, "{}", style.paint(Role::Faint, &wrapped))?;
    }
    Ok(())
}

/// `12 d`, `3 y`.
fn age(created: Timestamp, today: Timestamp) -> String {
    match created.days_until(today) {
        days if days < 0 => "0 d".into(),
        days if days < 730 => format!("{days} d"),
        days => format!("{} y", days / 365),
    }
}
