//! A flag of a builtin that only bash has.

use crate::context::Context;
use crate::finding::Level;
use crate::rule::{Findings, Mending, Rule};

pub(super) static RULE: Rule = Rule {
    id: "SC3045",
    aliases: &[],
    level: Level::Warning,
    title: "Do without flags that only bash knows",
    why: "The `sh` of Debian, Ubuntu and Alpine stops with \"illegal option\".",
    bad: "FROM debian:12\nRUN read -p \"name: \" -r NAME && echo \"$NAME\"\n",
    good: "FROM debian:12\nRUN read -r NAME && echo \"$NAME\"\n",
    mending: Mending::None,
    source: "https://www.shellcheck.net/wiki/SC3045",
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    for tree in context.plain_shells() {
        for call in tree.calls() {
            let Some((_, known)) = OF_POSIX.iter().find(|(name, _)| *name == call.name) else {
                continue;
            };
            let flags = tree
                .arguments(call)
                .take_while(|(_, text)| text.starts_with('-') && text.len() > 1);
            for (word, text) in flags {
                let letters = text.trim_start_matches('-');
                if let Some(letter) = letters.chars().find(|letter| !known.contains(*letter)) {
                    findings.report(
                        tree.text.line,
                        tree.place(word.span),
                        format!("In POSIX sh, {} -{letter} is undefined", call.name),
                    );
                }
            }
        }
    }
}

/// Builtins and the flags that POSIX gives them.
const OF_POSIX: [(&str, &str); 6] = [
    ("read", "r"),
    ("ulimit", "f"),
    ("export", "p"),
    ("cd", "LP"),
    ("unset", "fv"),
    ("readonly", "p"),
];
