//! `grep | wc -l` to count lines.

use crate::context::Context;
use crate::finding::Level;
use crate::rule::{Findings, Mending, Rule};
use crate::shell::Command;

pub(super) static RULE: Rule = Rule {
    id: "SC2126",
    aliases: &[],
    level: Level::Style,
    title: "Use `grep -c` instead of `grep | wc -l`",
    why: "One program does what two do.",
    bad: "FROM debian:12\nRUN grep processor /proc/cpuinfo | wc -l\n",
    good: "FROM debian:12\nRUN grep -c processor /proc/cpuinfo\n",
    mending: Mending::None,
    source: "https://www.shellcheck.net/wiki/SC2126",
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    for tree in context.shells() {
        for call in tree.calls_of(&["grep", "egrep", "fgrep", "zgrep"]) {
            let Some((pipeline, index)) = tree.pipeline_of(call) else { continue };
            let Some(Command::Simple(next)) = pipeline.commands.get(index.saturating_add(1)) else {
                continue;
            };
            let mut words = next.words.iter().map(|word| word.text(tree.source));
            let counts_lines = words.next().as_deref() == Some("wc")
                && words.all(|word| word == "-l" || word == "--lines")
                && next.words.len() > 1;
            let keeps_lines = tree.arguments(call).all(|(_, text)| {
                !matches!(
                    text.as_ref(),
                    "--only-matching"
                        | "--recursive"
                        | "--count"
                        | "--files-with-matches"
                        | "--after-context"
                        | "--before-context"
                ) && !text.strip_prefix('-').is_some_and(|rest| {
                    !rest.starts_with('-')
                        && rest.contains(['o', 'r', 'R', 'c', 'l', 'A', 'B', 'C', 'q'])
                })
            });
            if counts_lines && keeps_lines {
                findings.report(
                    tree.text.line,
                    tree.place(call.command.span),
                    "Consider using 'grep -c' instead of 'grep|wc -l'",
                );
            }
        }
    }
}
