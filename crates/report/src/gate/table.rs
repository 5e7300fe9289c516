//! What speaks against the targets, worst first; for people.

use std::io::{self, Write};

use plimsoll_model::gate::{Decision, Ruling, State, Violation};

use super::{GateFormat, Looks, counts, headline, policy, rulings, subject_of};
use crate::style::Role;
use crate::text;

pub(super) const FORMAT: GateFormat =
    GateFormat { name: "table", about: "what speaks against it, for people", write };

/// How many violations are shown of one rule.
const SHOWN: usize = 5;
/// Columns before what a ruling says.
const INDENT: &str = "          ";

fn write(decision: &Decision, looks: &Looks<'_>, out: &mut dyn Write) -> io::Result<()> {
    let style = looks.style;
    let role = match decision.word() {
        "pass" if decision.count(State::Warned) > 0 => Role::Warning,
        "pass" => Role::Good,
        _ => Role::Bad,
    };
    let by = text::one_line(policy(decision));
    writeln!(out, "{} by {by}", style.paint(role, headline(decision)))?;
    for subject in &decision.subjects {
        let digest = subject.digest.as_ref().map(|it| format!("@{it}")).unwrap_or_default();
        let name = text::one_line(&subject.name);
        // A name with a digest says it already.
        let digest = if name.contains('@') { String::new() } else { digest };
        writeln!(out, "  {} {name}{}", subject.kind, style.paint(Role::Faint, &digest))?;
    }
    for state in [State::Denied, State::Unknown, State::Warned, State::Excepted] {
        for one in rulings(decision, state) {
            ruling(one, decision, looks, out)?;
        }
    }
    if looks.explain {
        for state in [State::Passed, State::NotAsked] {
            for one in rulings(decision, state) {
                ruling(one, decision, looks, out)?;
            }
        }
    }
    writeln!(out, "\n{}", counts(decision))
}

fn ruling(
    one: &Ruling,
    decision: &Decision,
    looks: &Looks<'_>,
    out: &mut dyn Write,
) -> io::Result<()> {
    let style = looks.style;
    let role = match one.state {
        State::Denied => Role::Bad,
        State::Unknown | State::Warned => Role::Warning,
        State::Excepted | State::NotAsked => Role::Faint,
        State::Passed => Role::Good,
    };
    let word = style.paint(role, &format!("{:<9}", one.state.word()));
    let subject = text::one_line(&one.subject);
    writeln!(out, "\n{word} {}  {subject}", style.paint(Role::Strong, one.rule.id))?;
    let why = text::one_line(&one.why);
    if !why.is_empty() {
        writeln!(out, "{INDENT}{why}")?;
    }
    if one.state == State::Excepted {
        for violation in one.violations.iter().take(SHOWN) {
            let said = excepted(violation, decision);
            writeln!(out, "{INDENT}{}{said}", line(violation))?;
        }
        return more(one.violations.len(), out);
    }
    for violation in one.standing().take(SHOWN) {
        writeln!(out, "{INDENT}{}", line(violation))?;
        if let Some(fix) = violation.fix.as_ref().filter(|_| looks.explain) {
            let fix = format!("  mend: {}", text::one_line(fix));
            writeln!(out, "{INDENT}{}", style.paint(Role::Faint, &fix))?;
        }
    }
    more(one.standing().count(), out)?;
    let spared = one.violations.len().saturating_sub(one.standing().count());
    if spared > 0 {
        let said = format!("{spared} more are covered by exceptions");
        writeln!(out, "{INDENT}{}", style.paint(Role::Faint, &said))?;
    }
    if looks.explain {
        writeln!(out, "{INDENT}{}", style.paint(Role::Faint, &format!("why: {}", one.rule.why)))?;
    }
    if looks.explain || matches!(one.state, State::Denied | State::Warned) {
        writeln!(out, "{INDENT}{}", style.paint(Role::Faint, &format!("fix: {}", one.rule.fix)))?;
    }
    Ok(())
}

fn more(count: usize, out: &mut dyn Write) -> io::Result<()> {
    match count.checked_sub(SHOWN).filter(|more| *more > 0) {
        Some(more) => writeln!(out, "{INDENT}and {more} more"),
        None => Ok(()),
    }
}

/// `Dockerfile:1:6: DL3007: what is wrong`.
fn line(violation: &Violation) -> String {
    let place = violation.place.as_ref().map(|place| format!("{place}: ")).unwrap_or_default();
    let id = if violation.id.is_empty() { String::new() } else { format!("{}: ", violation.id) };
    text::one_line(&format!("{place}{id}{}", violation.message))
}

fn excepted(violation: &Violation, decision: &Decision) -> String {
    let exception = violation.excepted.and_then(|number| decision.exceptions.get(number));
    exception.map_or_else(String::new, |it| {
        let (owner, reason) = (text::one_line(&it.owner), text::one_line(&it.reason));
        let what = text::one_line(subject_of(it));
        format!(" (exception of {what} until {} by {owner}: {reason})", it.expires)
    })
}
