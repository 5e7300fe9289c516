//! `read` without `-r`.

use crate::context::Context;
use crate::finding::{Edit, Level};
use crate::rule::{Findings, Mending, Rule};

pub(super) static RULE: Rule = Rule {
    id: "SC2162",
    aliases: &[],
    level: Level::Info,
    title: "Write `read -r`",
    why: "Without `-r` a backslash in the line is taken away.",
    bad: "FROM debian:12\nRUN while read line; do echo \"$line\"; done < /etc/list\n",
    good: "FROM debian:12\nRUN while read -r line; do echo \"$line\"; done < /etc/list\n",
    mending: Mending::Unsafe,
    source: "https://www.shellcheck.net/wiki/SC2162",
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    for tree in context.shells() {
        for call in tree.calls_of(&["read"]) {
            let raw = tree.arguments(call).any(|(_, text)| {
                text.strip_prefix('-')
                    .is_some_and(|rest| !rest.starts_with('-') && rest.contains('r'))
            });
            let Some(name) = call.command.words.first().filter(|_| !raw) else { continue };
            let place = tree.place(name.span);
            findings
                .report(tree.text.line, place, "read without -r will mangle backslashes")
                .unsafe_fix("add -r", vec![Edit::insert(place.end, " -r")]);
        }
    }
}
