//! A loop over the output of `find`.

use crate::context::Context;
use crate::finding::Level;
use crate::rule::{Findings, Mending, Rule};
use crate::shell::{Command, Part};

use super::splitting::first_program;
use super::tree::{Node, Role};

pub(super) static RULE: Rule = Rule {
    id: "SC2044",
    aliases: &[],
    level: Level::Warning,
    title: "Use `find … -exec … +` instead of a loop",
    why: "A name with blanks in it becomes several.",
    bad: "FROM debian:12\nRUN for f in $(find /opt -name x); do rm \"$f\"; done\n",
    good: "FROM debian:12\nRUN find /opt -name x -exec rm {} +\n",
    mending: Mending::None,
    source: "https://www.shellcheck.net/wiki/SC2044",
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
            if alone && first_program(tree, script).is_some_and(|name| name == "find") {
                findings.report(
                    tree.text.line,
                    tree.place(*span),
                    "For loops over find output are fragile. Use find -exec or a while read loop",
                );
            }
        }
    }
}
