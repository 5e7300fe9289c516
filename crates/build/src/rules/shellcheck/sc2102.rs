//! A pattern in brackets with a character twice.

use crate::context::Context;
use crate::finding::Level;
use crate::rule::{Findings, Mending, Rule};
use crate::shell::Part;

use super::tree::Node;

pub(super) static RULE: Rule = Rule {
    id: "SC2102",
    aliases: &[],
    level: Level::Info,
    title: "Put the word in quotes, or use a pattern that says what is meant",
    why: "`[info]` stands for one of the characters i, n, f, o. It is no word in brackets.",
    bad: "FROM debian:12\nRUN echo [aab]\n",
    good: "FROM debian:12\nRUN echo \"[aab]\"\n",
    mending: Mending::None,
    source: "https://www.shellcheck.net/wiki/SC2102",
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    for tree in context.shells() {
        for (at, part) in tree.parts() {
            let Part::Glob { span, char: '[', .. } = part else { continue };
            let text = tree.of(*span);
            let set =
                text.trim_start_matches('[').trim_end_matches(']').trim_start_matches(['!', '^']);
            let classes = text.contains("[:") || text.contains("[.") || text.contains("[=");
            let mut seen: Vec<char> = Vec::new();
            let twice = set.chars().take(64).any(|one| {
                let known = one != '-' && seen.contains(&one);
                seen.push(one);
                known
            });
            let indexes = matches!(tree.ancestors(at).find(|(_, node)| matches!(node, Node::Simple(_))), Some((_, Node::Simple(command)))
                if command.name(tree.source).is_some_and(|name| matches!(name.as_ref(), "tr" | "read" | "unset")));
            if twice && !classes && !indexes {
                findings.report(
                    tree.text.line,
                    tree.place(*span),
                    "Ranges can only match single chars (mentioned due to duplicates)",
                );
            }
        }
    }
}
