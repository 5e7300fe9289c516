//! What some programs do every day is told of, and they are not excepted.

use plimsoll_model::text::Level;

use super::contradiction::flatten;
use super::{Check, Finding, Lint, each_check, field_name, place};
use crate::condition::ast::{Pos, RightKind};
use crate::loader::{Definitions, Rule};

pub(super) static LINT: Lint = Lint {
    id: "missing-exception",
    level: Level::Info,
    title: "what some programs do every day is told of, and they are not excepted",
    why: "Package managers write below /usr and /etc at every update, and whoever checks a password \
          reads /etc/shadow. A rule that excepts neither them nor anybody else fires on them, and what \
          fires every day is read by nobody.",
    bad: "evt.type = openat and evt.is_open_write = true and fd.name startswith /usr/bin",
    good: "evt.type = openat and evt.is_open_write = true and fd.name startswith /usr/bin and not \
           proc.name in (dpkg, rpm, apk)",
    check,
};

/// What is done every day, by whom, and what a rule has to ask for to be about it.
struct Habit {
    does: &'static str,
    programs: &'static str,
    is_write: bool,
    paths: &'static [&'static str],
}

static HABITS: [Habit; 2] = [
    Habit {
        does: "package managers write there at every update",
        programs: "dpkg, apt, apt-get, rpm, dnf, yum, apk",
        is_write: true,
        paths: &["/bin", "/sbin", "/usr", "/lib", "/lib64", "/etc"],
    },
    Habit {
        does: "whoever checks passwords reads it",
        programs: "sshd, login, sudo, su, passwd, cron, systemd",
        is_write: false,
        paths: &["/etc/shadow", "/etc/gshadow", "/etc/master.passwd"],
    },
];

fn check(definitions: &Definitions, found: &mut Vec<Finding>) {
    for rule in definitions.rules.iter().filter(|rule| rule.enabled) {
        let Some((habit, at, field)) = habit(rule) else { continue };
        found.push(Finding {
            lint: &LINT,
            item: rule.name.clone(),
            message: format!(
                "{}, and the rule excepts nobody: add `exceptions`, or `not proc.name in ({})`",
                habit.does, habit.programs
            ),
            place: place(rule, at, &field),
        });
    }
}

/// The habit that a rule fires on, and where it asks for its paths.
fn habit(rule: &Rule) -> Option<(&'static Habit, Pos, String)> {
    let (mut writes, mut reads, mut is_narrow) = (false, false, false);
    let mut paths: Vec<(Pos, String, Vec<String>)> = Vec::new();
    each_check(&rule.condition, false, &mut |check| {
        let Some(name) = field_name(check.left) else { return };
        let is_for = check.negated == (check.op.name == "!=");
        writes |= name == "evt.is_open_write" && is_for;
        reads |= name == "evt.is_open_read" && is_for;
        // Who does it is asked for, or somebody is excepted, be it by a place that is still empty.
        let asks_who =
            ["proc.", "user.", "group.", "thread.", "k8s.", "container.image", "evt.num"];
        let is_container = matches!(name, "container.id" | "container");
        is_narrow |= !is_container && asks_who.iter().any(|begin| name.starts_with(begin));
        // What is excepted may be a path.
        is_narrow |= !is_for
            && (name.starts_with("fd.") || name.starts_with("fs."))
            && !matches!(name, "fd.typechar" | "fd.type" | "fd.num");
    });
    if is_narrow || writes == reads {
        return None;
    }
    // What is asked of every event of the rule: one path of several alternatives tells little.
    let mut parts = Vec::new();
    flatten(&rule.condition, false, &mut parts);
    for part in parts {
        let (mut asked, mut is_of_paths) = (Vec::new(), true);
        each_check(part, false, &mut |check| {
            let name = field_name(check.left).unwrap_or_default();
            let is_for = check.negated == (check.op.name == "!=");
            is_of_paths &= is_for && matches!(name, "fd.name" | "fd.directory" | "fs.path.name");
            asked.push((check.left.at, name.to_owned(), texts(&check)));
        });
        if is_of_paths {
            paths.append(&mut asked);
        }
    }
    paths.into_iter().find_map(|(at, field, values)| {
        let habit = HABITS.iter().find(|habit| {
            habit.is_write == writes && values.iter().any(|value| habit.is_of(value))
        })?;
        Some((habit, at, field))
    })
}

fn texts(check: &Check<'_>) -> Vec<String> {
    if !matches!(check.op.name, "=" | "==" | "in" | "startswith" | "pmatch") {
        return Vec::new();
    }
    match &check.right.kind {
        RightKind::List(values) => values.iter().map(|it| it.text().into_owned()).collect(),
        RightKind::Value(value) => vec![value.text().into_owned()],
        RightKind::Operand(_) => Vec::new(),
    }
}

impl Habit {
    /// Whether a path of a rule is of those: a folder of programs, or a file.
    fn is_of(&self, value: &str) -> bool {
        let value = value.trim_end_matches('/');
        self.paths.iter().any(|path| {
            value == *path
                || self.is_write
                    && matches!(*path, "/usr" | "/lib" | "/lib64")
                    && value.strip_prefix(path).is_some_and(|rest| {
                        matches!(rest, "/bin" | "/sbin" | "/lib" | "/lib64" | "/libexec")
                    })
        })
    }
}
