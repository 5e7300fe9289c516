//! `rm -r` of a directory of the system.

use crate::context::Context;
use crate::finding::Level;
use crate::rule::{Findings, Mending, Rule};

use super::deletion::{deletes_trees, is_of_system};

pub(super) static RULE: Rule = Rule {
    id: "SC2114",
    aliases: &[],
    level: Level::Warning,
    title: "Do not delete directories that the system needs",
    why: "Programs and the package manager no longer work.",
    bad: "FROM debian:12\nRUN rm -rf /usr\n",
    good: "FROM debian:12\nRUN rm -rf /usr/local/app\n",
    mending: Mending::None,
    source: "https://www.shellcheck.net/wiki/SC2114",
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    for tree in context.shells() {
        for call in tree.calls_of(&["rm"]) {
            if !deletes_trees(tree, call) {
                continue;
            }
            for (word, text) in tree.arguments(call) {
                if word.literal(tree.source).is_some() && is_of_system(&text) {
                    findings.report(
                        tree.text.line,
                        tree.place(word.span),
                        "Warning: deletes a system directory",
                    );
                }
            }
        }
    }
}
