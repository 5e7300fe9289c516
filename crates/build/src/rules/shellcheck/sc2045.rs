//! A loop over the output of `ls`.

use crate::context::Context;
use crate::finding::Level;
use crate::rule::{Findings, Mending, Rule};
use crate::shell::{Command, Part};

use super::splitting::first_program;
use super::tree::{Node, Role};

pub(super) static RULE: Rule = Rule {
    id: "SC2045",
    aliases: &[],
    level: Level::Error,
    title: "Use a pattern instead of `ls`",
    why: "A name with blanks in it becomes several.",
    bad: "FROM debian:12\nRUN for f in $(ls /opt/*.sh); do sh \"$f\"; done\n",
    good: "FROM debian:12\nRUN for f in /opt/*.sh; do sh \"$f\"; done\n",
    mending: Mending::None,
    source: "https://www.shellcheck.net/wiki/SC2045",
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    for tree in context.shells() {
        for (at, node) in tree.nodes() {
            let Node::Word(word, Role::Item) = node else { continue };
            let [Part::CommandSubstitution { span, script, .. }] = word.parts.as_slice() else {
                continue;
            };
            let alone = matches!(tree.parent(at), Some((_, Node::Command(Command::For(each))))
                if each.words.as_ref().is_some_and(|words| words.len() == 1));
            if alone && first_program(tree, script).is_some_and(|name| name == "ls") {
                findings.report(
                    tree.text.line,
                    tree.place(*span),
                    "Iterating over ls output is fragile. Use globs",
                );
            }
        }
    }
}
