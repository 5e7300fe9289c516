//! A command substitution outside of quotes, where its output is split into words.

use crate::context::Context;
use crate::finding::Level;
use crate::rule::{Findings, Mending, Rule};
use crate::shell::{AndOr, Command, List, Part};

use super::splitting::{Fate, fate, quotes};
use super::tree::Tree;

pub(super) static RULE: Rule = Rule {
    id: "SC2046",
    aliases: &[],
    level: Level::Warning,
    title: "Put double quotes around the command substitution",
    why: "Without quotes the output is split at blanks and line ends, and `*` and `?` in it are replaced by file names.",
    bad: "FROM debian:12\nRUN make -j $(nproc)\n",
    good: "FROM debian:12\nRUN make -j \"$(nproc)\"\n",
    mending: Mending::Unsafe,
    source: "https://www.shellcheck.net/wiki/SC2046",
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    for tree in context.shells() {
        for (at, part) in tree.parts() {
            let Part::CommandSubstitution { span, script, .. } = part else { continue };
            if fate(tree, at) != Fate::Split || script.items.is_empty() || gives_words(tree, script)
            {
                continue;
            }
            let place = tree.place(*span);
            findings
                .report(tree.text.line, place, "Quote this to prevent word splitting")
                .unsafe_fix("put it in double quotes", quotes(place));
        }
    }
}

/// Whether the command is one whose output is nothing but numbers.
fn gives_words(tree: &Tree<'_>, script: &List) -> bool {
    let [AndOr { first, rest, .. }] = script.items.as_slice() else { return false };
    let [Command::Simple(command)] = first.commands.as_slice() else { return false };
    let name = command.name(tree.source).unwrap_or_default();
    rest.is_empty() && matches!(name.as_ref(), "seq" | "pgrep")
}
