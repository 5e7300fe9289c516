//! What a gate decided, in one of the known formats, one file each.
//!
//! To add one: write its file, name its module here, and add it to [`GateFormat::ALL`].

mod json;
mod junit;
mod markdown;
mod sarif;
mod table;
#[cfg(test)]
mod tests;

use std::io::{self, Write};

use plimsoll_model::gate::{Decision, Effect, Exception, Practice, Ruling, State};

use crate::Style;

/// How a decision is shown.
#[derive(Debug, Clone, Copy)]
pub struct Looks<'s> {
    /// Width and colours, where people read it.
    pub style: &'s Style,
    /// Whether every rule is shown with its reason and its fix, those that hold too.
    pub explain: bool,
}

/// A way to write it.
#[derive(Debug, Clone, Copy)]
pub struct GateFormat {
    /// As `-o` takes it.
    pub name: &'static str,
    /// What it is, in a few words.
    pub about: &'static str,
    /// Writes the whole document.
    pub write: fn(&Decision, &Looks<'_>, &mut dyn Write) -> io::Result<()>,
}

impl GateFormat {
    /// The registry.
    pub const ALL: &'static [Self] =
        &[table::FORMAT, json::FORMAT, sarif::FORMAT, junit::FORMAT, markdown::FORMAT];

    /// The format of that name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|format| format.name == name)
    }
}

/// The verdict in a few words, for people.
fn headline(decision: &Decision) -> &'static str {
    match decision.word() {
        "pass" if decision.count(State::Warned) > 0 => "passed, with warnings",
        "pass" => "passed",
        "partial" => "not decided: something could not be judged",
        "stale" => "not decided: the advisories are too old",
        _ => "denied",
    }
}

/// By which policy, for people.
fn policy(decision: &Decision) -> &str {
    decision.policy.as_deref().unwrap_or("the default policy")
}

/// Rulings that came out so, those first that close the gate.
fn rulings(decision: &Decision, state: State) -> impl Iterator<Item = &Ruling> {
    let all = move || decision.rulings.iter().filter(move |one| one.state == state);
    let closing = all().filter(|one| one.effect == Effect::Deny);
    closing.chain(all().filter(|one| one.effect != Effect::Deny))
}

/// The practices that anything was asked of, each with how it came out: as its worst rule.
fn practices(decision: &Decision) -> Vec<(Practice, State, Vec<&Ruling>)> {
    let mut found = Vec::new();
    for (practice, _) in Practice::ALL {
        let own = decision.rulings.iter().filter(|one| one.rule.practice == practice);
        let own: Vec<&Ruling> = own.collect();
        if let Some(worst) = own.iter().map(|one| one.state).max() {
            found.push((practice, worst, own));
        }
    }
    found
}

/// `3 pass, 1 deny`: the counts that are not zero, worst first.
fn counts(decision: &Decision) -> String {
    const STATES: [State; 6] = [
        State::Denied,
        State::Unknown,
        State::Warned,
        State::Excepted,
        State::Passed,
        State::NotAsked,
    ];
    let counted = STATES.into_iter().map(|state| (decision.count(state), state));
    let told: Vec<String> = counted
        .filter(|(count, _)| *count > 0)
        .map(|(count, state)| format!("{count} {}", state.word()))
        .collect();
    if told.is_empty() { "nothing was asked".into() } else { told.join(", ") }
}

/// What an exception is for: `CVE-2024-3094`, else its rule.
fn subject_of(exception: &Exception) -> &str {
    exception.id.as_deref().unwrap_or(&exception.rule)
}
