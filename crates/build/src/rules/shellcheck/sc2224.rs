//! `mv` with one operand.

use crate::context::Context;
use crate::finding::Level;
use crate::rule::{Findings, Mending, Rule};
use crate::shell::Word;

use super::tree::{Call, Tree};

pub(super) static RULE: Rule = Rule {
    id: "SC2224",
    aliases: &[],
    level: Level::Error,
    title: "Say where to",
    why: "`mv` needs to know where to. The command fails.",
    bad: "FROM debian:12\nRUN mv /opt/app\n",
    good: "FROM debian:12\nRUN mv /opt/app /srv/app\n",
    mending: Mending::None,
    source: "https://www.shellcheck.net/wiki/SC2224",
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    for tree in context.shells() {
        for call in tree.calls_of(&["mv"]) {
            if let [word] = operands(tree, call).as_slice()
                && !word.has_expansion()
            {
                findings.report(
                    tree.text.line,
                    tree.place(call.command.span),
                    "This mv has no destination. Check the arguments",
                );
            }
        }
    }
}

/// The arguments that are no flags; none where `-t` names the destination.
fn operands<'a>(tree: &Tree<'a>, call: &Call<'a>) -> Vec<&'a Word> {
    let mut operands = Vec::new();
    for (word, text) in tree.arguments(call) {
        if text.starts_with("-t")
            || text.starts_with("--target")
            || text.starts_with("--help")
            || text.starts_with("--version")
        {
            return Vec::new();
        }
        if !text.starts_with('-') || word.has_expansion() {
            operands.push(word);
        }
    }
    operands
}
