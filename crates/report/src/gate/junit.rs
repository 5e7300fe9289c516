//! A suite for each target and a test for each rule, for build servers.
//!
//! <https://github.com/testmoapp/junitxml>

use std::io::{self, Write};

use plimsoll_model::gate::{Decision, Effect, Ruling, State, Subject, Violation};

use super::{GateFormat, Looks};
use crate::escape::xml;

pub(super) const FORMAT: GateFormat =
    GateFormat { name: "junit", about: "a test for each rule, for build servers", write };

/// How many violations are written of one rule.
const SHOWN: usize = 100;

fn write(decision: &Decision, _: &Looks<'_>, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>")?;
    writeln!(out, "<testsuites name=\"plimsoll gate\">")?;
    for subject in &decision.subjects {
        suite(subject, decision, out)?;
    }
    writeln!(out, "</testsuites>")
}

fn suite(subject: &Subject, decision: &Decision, out: &mut dyn Write) -> io::Result<()> {
    let own: Vec<&Ruling> =
        decision.rulings.iter().filter(|one| one.subject == subject.name).collect();
    let count = |is: fn(&Ruling) -> bool| own.iter().filter(|one| is(one)).count();
    let skipped =
        count(|one| matches!(one.state, State::NotAsked | State::Excepted) || is_doubt(one));
    writeln!(
        out,
        "  <testsuite name=\"{}\" tests=\"{}\" failures=\"{}\" errors=\"{}\" \
         skipped=\"{skipped}\" timestamp=\"{}\">",
        xml(&subject.name),
        own.len(),
        count(|one| one.state == State::Denied),
        count(|one| one.state == State::Unknown && !is_doubt(one)),
        decision.decided_at.to_string().trim_end_matches('Z')
    )?;
    for ruling in own {
        case(ruling, out)?;
    }
    writeln!(out, "  </testsuite>")
}

/// What could not be judged, and would only have warned.
fn is_doubt(ruling: &Ruling) -> bool {
    ruling.state == State::Unknown && ruling.effect != Effect::Deny
}

fn case(ruling: &Ruling, out: &mut dyn Write) -> io::Result<()> {
    let rule = ruling.rule;
    write!(
        out,
        "    <testcase classname=\"gate.{}\" name=\"{}: {}\"",
        rule.judge(),
        rule.id,
        xml(rule.title)
    )?;
    let why = xml(&ruling.why);
    match ruling.state {
        State::Passed => writeln!(out, "/>"),
        State::Denied => writeln!(
            out,
            "><failure message=\"{}\">{}</failure></testcase>",
            xml(rule.fix),
            lines(ruling)
        ),
        State::Warned => {
            writeln!(out, "><system-out>{}</system-out></testcase>", lines(ruling))
        }
        State::Unknown if is_doubt(ruling) => {
            writeln!(out, "><skipped message=\"{why}\"/></testcase>")
        }
        State::Unknown => writeln!(out, "><error message=\"{why}\"/></testcase>"),
        State::Excepted => {
            writeln!(out, "><skipped message=\"covered by exceptions\"/></testcase>")
        }
        State::NotAsked => writeln!(out, "><skipped message=\"{why}\"/></testcase>"),
    }
}

fn lines(ruling: &Ruling) -> String {
    let mut all: Vec<String> = ruling.standing().take(SHOWN).map(line).collect();
    if let Some(more) = ruling.standing().count().checked_sub(SHOWN).filter(|more| *more > 0) {
        all.push(format!("and {more} more"));
    }
    xml(&all.join("\n"))
}

fn line(violation: &Violation) -> String {
    let place = violation.place.as_ref().map(|place| format!("{place}: ")).unwrap_or_default();
    let id = if violation.id.is_empty() { String::new() } else { format!("{}: ", violation.id) };
    let fix = violation.fix.as_ref().map(|fix| format!(" [{fix}]")).unwrap_or_default();
    format!("{place}{id}{}{fix}", violation.message)
}
