//! A checklist and what is to be done, for the comment of a merge request or a job's summary.

use std::io::{self, Write};

use plimsoll_model::gate::{Decision, Ruling, State, Violation};

use super::{GateFormat, Looks, counts, headline, policy, practices, rulings, subject_of};
use crate::escape::cell;

pub(super) const FORMAT: GateFormat =
    GateFormat { name: "markdown", about: "a checklist, for a merge request", write };

/// How many violations are shown of one rule: forges cut comments off at 65,536 characters.
const SHOWN: usize = 10;

fn write(decision: &Decision, _: &Looks<'_>, out: &mut dyn Write) -> io::Result<()> {
    let sign = if decision.is_pass() { "✅" } else { "❌" };
    writeln!(out, "## {sign} Gate {}\n", headline(decision))?;
    for subject in &decision.subjects {
        let digest = subject.digest.as_ref().map(|it| format!(" `{it}`")).unwrap_or_default();
        writeln!(out, "- {} {}{digest}", subject.kind, cell(&subject.name))?;
    }
    writeln!(out, "- policy {}\n", cell(policy(decision)))?;
    writeln!(out, "| | practice | rules |\n| --- | --- | --- |")?;
    for (practice, worst, own) in practices(decision) {
        let odd: Vec<&&Ruling> = own
            .iter()
            .filter(|one| !matches!(one.state, State::Passed | State::NotAsked))
            .collect();
        let mut told: Vec<String> =
            odd.iter().map(|one| format!("{} `{}`", mark(one.state), one.rule.id)).collect();
        told.dedup();
        let passed = own.iter().filter(|one| one.state == State::Passed).count();
        if passed > 0 {
            told.push(format!("{passed} pass"));
        }
        if told.is_empty() {
            told.push("nothing to judge".into());
        }
        writeln!(out, "| {} | {} | {} |", mark(worst), practice.title(), told.join(", "))?;
    }
    for state in [State::Denied, State::Unknown, State::Warned] {
        let mut all = rulings(decision, state).peekable();
        if all.peek().is_none() {
            continue;
        }
        writeln!(out, "\n### {} {}\n", mark(state), title(state))?;
        for one in all {
            ruling(one, out)?;
        }
    }
    exceptions(decision, out)?;
    writeln!(out, "\n{}", counts(decision))
}

fn mark(state: State) -> &'static str {
    match state {
        State::Denied => "❌",
        State::Unknown => "❓",
        State::Warned => "⚠️",
        State::Excepted => "🕓",
        State::Passed => "✅",
        State::NotAsked => "➖",
    }
}

fn title(state: State) -> &'static str {
    match state {
        State::Denied => "Denied",
        State::Unknown => "Could not be judged",
        _ => "Warned",
    }
}

fn ruling(one: &Ruling, out: &mut dyn Write) -> io::Result<()> {
    let rule = one.rule;
    writeln!(out, "**{}** (`{}`, {})\n", rule.title, rule.id, cell(&one.subject))?;
    if !one.why.is_empty() {
        writeln!(out, "{}\n", cell(&one.why))?;
    }
    for violation in one.standing().take(SHOWN) {
        writeln!(out, "- {}", line(violation))?;
    }
    if let Some(more) = one.standing().count().checked_sub(SHOWN).filter(|more| *more > 0) {
        writeln!(out, "- and {more} more")?;
    }
    writeln!(out, "\n<details><summary>Why, and what to do</summary>\n")?;
    writeln!(out, "{}\n\n{}\n\n</details>\n", rule.why, rule.fix)
}

fn line(violation: &Violation) -> String {
    let place = violation.place.as_ref().map(|it| format!("{}: ", cell(&it.to_string())));
    let id =
        if violation.id.is_empty() { String::new() } else { format!("{} ", cell(&violation.id)) };
    let fix = violation.fix.as_ref().map(|it| format!(" → {}", cell(it))).unwrap_or_default();
    format!("{}{id}{}{fix}", place.unwrap_or_default(), cell(&violation.message))
}

fn exceptions(decision: &Decision, out: &mut dyn Write) -> io::Result<()> {
    if decision.exceptions.is_empty() {
        return Ok(());
    }
    writeln!(out, "\n### Exceptions\n")?;
    writeln!(out, "| of | covers | until | owner | reason |\n| --- | --- | --- | --- | --- |")?;
    for one in &decision.exceptions {
        let until =
            if one.expired { format!("{} (expired)", one.expires) } else { one.expires.clone() };
        writeln!(
            out,
            "| {} | {} | {until} | {} | {} |",
            cell(subject_of(one)),
            one.used,
            cell(&one.owner),
            cell(&one.reason)
        )?;
    }
    Ok(())
}
