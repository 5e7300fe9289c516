//! `find | xargs` with names that may have blanks in them.

use crate::context::Context;
use crate::finding::Level;
use crate::rule::{Findings, Mending, Rule};
use crate::shell::Command;

pub(super) static RULE: Rule = Rule {
    id: "SC2038",
    aliases: &[],
    level: Level::Warning,
    title: "Use `find … -exec … +`, or `-print0` and `xargs -0`",
    why: "`xargs` splits at blanks and quotes: a file called `a b` becomes two.",
    bad: "FROM debian:12\nRUN find /opt -name '*.pyc' | xargs rm\n",
    good: "FROM debian:12\nRUN find /opt -name '*.pyc' -exec rm {} +\n",
    mending: Mending::None,
    source: "https://www.shellcheck.net/wiki/SC2038",
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    for tree in context.shells() {
        for call in tree.calls_of(&["find"]) {
            let Some((pipeline, index)) = tree.pipeline_of(call) else { continue };
            let next = pipeline.commands.get(index.saturating_add(1));
            let Some(Command::Simple(next)) = next else { continue };
            let name = next.name(tree.source).unwrap_or_default();
            if name.rsplit('/').next() != Some("xargs") {
                continue;
            }
            let by_null = next.words.iter().any(|word| {
                let text = tree.of(word.span);
                text == "--null" || is_flags_with(text, '0')
            });
            let prints = tree.arguments(call).any(|(_, text)| {
                matches!(text.as_ref(), "-print0" | "-fprint0" | "-printf" | "-fprintf")
            });
            if !by_null && !prints {
                findings.report(
                    tree.text.line,
                    tree.place(call.command.span),
                    "Use 'find .. -print0 | xargs -0 ..' or 'find .. -exec .. +' to allow non-alphanumeric \
                     filenames",
                );
            }
        }
    }
}

fn is_flags_with(text: &str, letter: char) -> bool {
    text.strip_prefix('-').is_some_and(|rest| !rest.starts_with('-') && rest.contains(letter))
}
