//! `find` without a directory.

use crate::context::Context;
use crate::finding::{Edit, Level};
use crate::rule::{Findings, Mending, Rule};

pub(super) static RULE: Rule = Rule {
    id: "SC2185",
    aliases: &[],
    level: Level::Info,
    title: "Tell `find` where to begin",
    why: "Without a directory only GNU find begins in the working directory; others fail.",
    bad: "FROM debian:12\nRUN find -name x\n",
    good: "FROM debian:12\nRUN find . -name x\n",
    mending: Mending::Safe,
    source: "https://www.shellcheck.net/wiki/SC2185",
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    for tree in context.shells() {
        for call in tree.calls_of(&["find"]) {
            let first = tree.arguments(call).find(|(_, text)| {
                !matches!(text.as_ref(), "-H" | "-L" | "-P")
                    && !text.starts_with("-O")
                    && !text.starts_with("-D")
            });
            let names = first.is_none_or(|(word, text)| {
                !text.starts_with('-') && text != "!" && text != "("
                    || word.has_expansion()
                    || text.starts_with("-files0")
                    || text == "--version"
                    || text == "--help"
            });
            let name = call.command.words.first().filter(|_| !names);
            if let Some(name) = name {
                findings
                    .report(
                        tree.text.line,
                        tree.place(name.span),
                        "Some finds don't have a default path. Specify '.' explicitly",
                    )
                    .safe_fix("add .", vec![Edit::insert(tree.place(name.span).end, " .")]);
            }
        }
    }
}
