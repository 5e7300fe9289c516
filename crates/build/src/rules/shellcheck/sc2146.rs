//! `find` with `-o` and an action behind the last name.

use crate::context::Context;
use crate::finding::Level;
use crate::rule::{Findings, Mending, Rule};

pub(super) static RULE: Rule = Rule {
    id: "SC2146",
    aliases: &[],
    level: Level::Warning,
    title: "Put what `-o` joins in `\\( … \\)`",
    why: "`-o` binds less than what stands side by side: the action holds for the last name alone.",
    bad: "FROM debian:12\nRUN find /opt -name a -o -name b -delete\n",
    good: "FROM debian:12\nRUN find /opt \\( -name a -o -name b \\) -delete\n",
    mending: Mending::None,
    source: "https://www.shellcheck.net/wiki/SC2146",
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    for tree in context.shells() {
        for call in tree.calls_of(&["find"]) {
            let mut acted = false;
            let mut joined = false;
            for (word, text) in tree.arguments(call) {
                match text.as_ref() {
                    "(" => break,
                    "-o" | "-or" => joined = true,
                    "-exec" | "-execdir" | "-delete" | "-print" | "-print0" | "-fls"
                    | "-fprint" | "-fprint0" | "-fprintf" | "-ls" | "-ok" | "-okdir"
                    | "-printf" => {
                        if joined && !acted {
                            findings.report(
                                tree.text.line,
                                tree.place(word.span),
                                "This action ignores everything before the -o. Use \\( \\) to group",
                            );
                            break;
                        }
                        acted = true;
                    }
                    "-prune" | "-quit" => acted = true,
                    _ => {}
                }
            }
        }
    }
}
