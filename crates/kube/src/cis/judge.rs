//! A check: what it asks for, and how that comes out.

use super::facts::{Facts, File};
use super::program::{Program, Role};
use crate::manifest::Node;

/// How a check came out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum State {
    /// As it should be.
    Pass,
    /// What is wrong.
    Fail(Vec<String>),
    /// A person has to look: at what.
    Manual(String),
    /// What it is about is not on the machine.
    Absent(String),
    /// It could not be read.
    Unread(String),
}

impl State {
    /// In a word.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Fail(_) => "fail",
            Self::Manual(_) => "manual",
            Self::Absent(_) => "absent",
            Self::Unread(_) => "unread",
        }
    }

    /// What is to be said of it.
    pub fn said(&self) -> Vec<&str> {
        match self {
            Self::Pass => Vec::new(),
            Self::Fail(all) => all.iter().map(String::as_str).collect(),
            Self::Manual(why) | Self::Absent(why) | Self::Unread(why) => vec![why],
        }
    }
}

/// A check of the benchmark.
#[derive(Debug)]
pub struct Check {
    /// `1.2.1`.
    pub id: &'static str,
    /// What should be, in our words.
    pub title: &'static str,
    /// Whether the benchmark leaves it to a person.
    pub is_manual: bool,
    /// What to do.
    pub remedy: &'static str,
    pub(super) asks: Asks,
}

/// What a check asks for.
#[derive(Debug)]
pub(super) enum Asks {
    /// Files, and what they have to be.
    Files(fn(&Facts<'_>) -> Result<Vec<String>, String>, Wants),
    /// An argument of a program.
    Argument(Role, &'static [&'static str], Rule),
    /// An argument of the kubelet, or the field of its configuration, and what holds where neither
    /// stands.
    Kubelet(&'static str, &'static [&'static str], Rule),
    /// A look of its own.
    Own(fn(&Facts<'_>) -> State),
    /// Nobody but a person can know.
    Person(&'static str),
}

/// What a file has to be.
#[derive(Debug, Clone, Copy)]
pub(super) enum Wants {
    /// No more than these bits.
    Mode(u32),
    /// Of this account and group.
    Owner(&'static str, &'static str),
}

/// What a value has to be; the second part says whether it may be missing.
#[derive(Debug, Clone, Copy)]
pub(super) enum Rule {
    /// It is there.
    Set,
    /// It is not there.
    Unset,
    /// It is this.
    Is(&'static str),
    /// It is this, or it is not there.
    IsOrUnset(&'static str),
    /// It is there and not this.
    IsNot(&'static str),
    /// It is not this, or not there.
    IsNotOrUnset(&'static str),
    /// A list that has it.
    Has(&'static str),
    /// A list that is there and does not have it.
    HasNot(&'static str),
    /// A list without it, or none.
    HasNotOrUnset(&'static str),
    /// A number of at least this.
    AtLeast(i64),
    /// A list of nothing but these.
    Only(&'static [&'static str]),
}

pub(super) const fn check(
    id: &'static str,
    title: &'static str,
    remedy: &'static str,
    asks: Asks,
) -> Check {
    Check { id, title, is_manual: false, remedy, asks }
}

impl Check {
    /// One that the benchmark leaves to a person.
    pub(super) const fn manual(self) -> Self {
        Self { is_manual: true, ..self }
    }

    /// How grave a failure is, as reports have it.
    pub fn severity(&self) -> &'static str {
        // Who gets in without being asked who they are has everything at once.
        const GRAVE: [&str; 16] = [
            "1.1.13", "1.1.21", "1.2.1", "1.2.2", "1.2.6", "1.2.7", "1.2.8", "1.2.25", "2.1",
            "2.2", "2.4", "2.5", "4.1.5", "4.2.1", "4.2.2", "4.2.3",
        ];
        if GRAVE.contains(&self.id) { "HIGH" } else { "MEDIUM" }
    }

    /// The program that it is about, where it is about the arguments of one.
    pub(super) fn role(&self) -> Option<Role> {
        if let Asks::Argument(role, ..) = &self.asks { Some(*role) } else { None }
    }

    /// How it comes out.
    pub(super) fn judge(&self, facts: &Facts<'_>) -> State {
        let state = match &self.asks {
            Asks::Files(which, wants) => files(facts, *which, *wants),
            Asks::Argument(role, ..) => match facts.program(*role) {
                Some(program) => return self.judge_program(program),
                None => return State::Absent(format!("{} is not here", role.name())),
            },
            Asks::Kubelet(flag, path, rule) => kubelet(facts, flag, path, rule),
            Asks::Own(look) => look(facts),
            Asks::Person(what) => State::Manual((*what).to_owned()),
        };
        self.softened(state)
    }

    pub(super) fn judge_program(&self, program: &Program) -> State {
        let Asks::Argument(_, names, rule) = &self.asks else {
            return State::Absent("it is not about arguments".to_owned());
        };
        let wrong = names.iter().filter_map(|name| {
            let value = program.argument(name);
            rule.wrong(value).map(|why| format!("{}: --{name} {why}", program.source))
        });
        let wrong: Vec<String> = wrong.collect();
        self.softened(if wrong.is_empty() { State::Pass } else { State::Fail(wrong) })
    }

    /// What a person has to decide is no failure.
    fn softened(&self, state: State) -> State {
        match state {
            State::Fail(all) if self.is_manual => State::Manual(all.join("; ")),
            other => other,
        }
    }
}

impl Rule {
    /// What is wrong with a value.
    pub(super) fn wrong(&self, value: Option<&str>) -> Option<String> {
        let is = |value: &str, wanted: &str| value.eq_ignore_ascii_case(wanted);
        let has = |value: &str, wanted: &str| value.split(',').any(|one| one.trim() == wanted);
        let shown = |value: &str| format!("is `{value}`");
        match (self, value) {
            (
                Self::Set
                | Self::Is(_)
                | Self::IsNot(_)
                | Self::Has(_)
                | Self::HasNot(_)
                | Self::AtLeast(_)
                | Self::Only(_),
                None,
            ) => Some("is not set".to_owned()),
            (Self::Set, Some("")) => Some("is empty".to_owned()),
            (Self::Unset, Some(value)) => Some(shown(value)),
            (Self::Is(wanted) | Self::IsOrUnset(wanted), Some(value)) => {
                (!is(value, wanted)).then(|| format!("{}, not `{wanted}`", shown(value)))
            }
            (Self::IsNot(bad) | Self::IsNotOrUnset(bad), Some(value)) => {
                is(value, bad).then(|| shown(value))
            }
            (Self::Has(wanted), Some(value)) => {
                (!has(value, wanted)).then(|| format!("{}, without `{wanted}`", shown(value)))
            }
            (Self::HasNot(bad) | Self::HasNotOrUnset(bad), Some(value)) => {
                has(value, bad).then(|| shown(value))
            }
            (Self::AtLeast(least), Some(value)) => {
                let enough = value.parse::<i64>().is_ok_and(|value| value >= *least);
                (!enough).then(|| format!("{}, less than {least}", shown(value)))
            }
            (Self::Only(all), Some(value)) => {
                let odd: Vec<&str> = value
                    .split(',')
                    .map(str::trim)
                    .filter(|one| !one.is_empty() && !all.contains(one))
                    .collect();
                (!odd.is_empty()).then(|| format!("has {}", odd.join(", ")))
            }
            _ => None,
        }
    }
}

fn files(
    facts: &Facts<'_>,
    which: fn(&Facts<'_>) -> Result<Vec<String>, String>,
    wants: Wants,
) -> State {
    let all = match which(facts) {
        Ok(all) => all,
        Err(why) => return State::Unread(why),
    };
    let mut wrong = Vec::new();
    let mut seen = false;
    for path in all {
        match facts.machine.file(&path) {
            Ok(Some(file)) => {
                seen = true;
                wrong.extend(off(facts, file, wants).map(|why| format!("`{path}` {why}")));
            }
            Ok(None) => {}
            Err(why) => return State::Unread(why),
        }
    }
    match (seen, wrong.is_empty()) {
        (false, _) => State::Absent("there is no such file".to_owned()),
        (true, true) => State::Pass,
        (true, false) => State::Fail(wrong),
    }
}

/// What is wrong with a file.
fn off(facts: &Facts<'_>, file: File, wants: Wants) -> Option<String> {
    match wants {
        Wants::Mode(most) => {
            let mode = file.mode & 0o7777;
            (mode & !most != 0).then(|| format!("has mode {mode:o}, more than {most:o}"))
        }
        Wants::Owner(user, group) => {
            let File { uid, gid, .. } = file;
            let wanted = facts.number("/etc/passwd", user).zip(facts.number("/etc/group", group));
            match wanted {
                None => Some(format!("is of {uid}:{gid}, and there is no {user}:{group}")),
                Some(wanted) if wanted != (uid, gid) => {
                    Some(format!("is of {uid}:{gid}, not of {user}:{group}"))
                }
                Some(_) => None,
            }
        }
    }
}

fn kubelet(facts: &Facts<'_>, flag: &str, path: &[&str], rule: &Rule) -> State {
    let Some(program) = facts.program(Role::Kubelet) else {
        return State::Absent("kubelet is not here".to_owned());
    };
    if let Some(value) = program.argument(flag) {
        let wrong = rule.wrong(Some(value));
        return state(wrong.map(|why| format!("{}: --{flag} {why}", program.source)));
    }
    if let Some(why) = &facts.unread {
        return State::Unread(why.clone());
    }
    let config = facts.config.as_ref();
    let found = config.and_then(|(_, config)| config.documents.first()?.at(path));
    let value = found.and_then(shown);
    let place = config.map_or(program.source.as_str(), |(path, _)| path.as_str());
    let wrong = rule.wrong(value.as_deref());
    state(wrong.map(|why| format!("{place}: {} {why}", path.join("."))))
}

pub(super) fn state(wrong: Option<String>) -> State {
    wrong.map_or(State::Pass, |why| State::Fail(vec![why]))
}

/// A value of a configuration as an argument would have it.
pub(super) fn shown(node: &Node) -> Option<String> {
    match &node.value {
        crate::manifest::Value::Scalar(scalar) if !scalar.is_null() => {
            Some(scalar.text.to_string())
        }
        crate::manifest::Value::Sequence(all) => {
            let all: Vec<String> = all.items.iter().filter_map(|item| shown(item)).collect();
            Some(all.join(","))
        }
        _ => None,
    }
}
