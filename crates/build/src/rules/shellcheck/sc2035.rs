//! A pattern that begins with `*` or `?`: a file whose name begins with `-` becomes an option.

use crate::context::Context;
use crate::finding::{Edit, Level};
use crate::rule::{Findings, Mending, Rule};
use crate::shell::Part;

pub(super) static RULE: Rule = Rule {
    id: "SC2035",
    aliases: &[],
    level: Level::Info,
    title: "Write `./*` instead of `*`",
    why: "The shell puts the names in the place of the pattern. A file that is called `-rf` is then read as an option.",
    bad: "FROM debian:12\nRUN rm -f *.tmp\n",
    good: "FROM debian:12\nRUN rm -f ./*.tmp\n",
    mending: Mending::Safe,
    source: "https://www.shellcheck.net/wiki/SC2035",
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    for tree in context.shells() {
        for call in tree.calls() {
            if matches!(call.name.as_ref(), "echo" | "printf" | "[" | "")
                && !call.command.words.first().is_some_and(crate::shell::Word::has_expansion)
            {
                continue;
            }
            for (word, text) in tree.arguments(call) {
                if text == "--" {
                    break;
                }
                let Some(Part::Glob { span, char: '*' | '?', .. }) = word.parts.first() else {
                    continue;
                };
                let place = tree.place(*span);
                findings
                    .report(
                        tree.text.line,
                        place,
                        "Use ./*glob* or -- *glob* so names with dashes won't become options",
                    )
                    .safe_fix("write `./`", vec![Edit::insert(place.start, "./")]);
            }
        }
    }
}
