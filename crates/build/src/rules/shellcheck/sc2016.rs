//! `$x` in single quotes, where it stays as it is written.

use crate::context::Context;
use crate::finding::Level;
use crate::rule::{Findings, Mending, Rule};
use crate::shell::{Part, SimpleCommand};

use super::tree::{At, Node, Tree};

pub(super) static RULE: Rule = Rule {
    id: "SC2016",
    aliases: &[],
    level: Level::Info,
    title: "Use double quotes where a variable should be expanded",
    why: "Nothing is expanded in single quotes: the text has a dollar sign in it and not the value.",
    bad: "FROM debian:12\nRUN echo 'path: $PATH'\n",
    good: "FROM debian:12\nRUN echo \"path: $PATH\"\n",
    mending: Mending::None,
    source: "https://www.shellcheck.net/wiki/SC2016",
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    for tree in context.shells() {
        for (at, part) in tree.parts() {
            let Part::SingleQuoted { span } = part else { continue };
            let text = tree.of(*span);
            if looks_expanded(text) && !is_meant_so(tree, at, text) {
                findings.report(
                    tree.text.line,
                    tree.place(*span),
                    "Expressions don't expand in single quotes, use double quotes for that",
                );
            }
        }
    }
}

/// Whether a shell would expand something in the text if it were in double quotes.
fn looks_expanded(text: &str) -> bool {
    let inside = text.trim_matches('\'');
    let expands = inside.as_bytes().windows(2).any(|pair| {
        matches!(pair, [b'$', next] if next.is_ascii_alphanumeric() || matches!(next, b'{' | b'(' | b'_'))
    });
    expands
        || inside.split_once('`').is_some_and(|(_, rest)| rest.find('`').is_some_and(|at| at > 0))
}

/// Programs that read such texts themselves.
const READERS: [&str; 19] = [
    "trap",
    "sh",
    "bash",
    "ksh",
    "zsh",
    "ssh",
    "eval",
    "xprop",
    "alias",
    "sudo",
    "doas",
    "docker",
    "podman",
    "oc",
    "dpkg-query",
    "jq",
    "rename",
    "rg",
    "unset",
];

/// Prompts, which the shell expands each time.
const PROMPTS: [&str; 5] = ["PS1", "PS2", "PS3", "PS4", "PROMPT_COMMAND"];

fn is_meant_so(tree: &Tree<'_>, at: At, text: &str) -> bool {
    for (_, node) in tree.ancestors(at) {
        match node {
            Node::Assignment(assignment) => return PROMPTS.contains(&assignment.name.as_str()),
            Node::Simple(command) => {
                let name = command.words.first().and_then(|word| word.literal(tree.source));
                let name = name.unwrap_or_default();
                let name = name.rsplit('/').next().unwrap_or_default();
                let second = command.words.get(1).map(|word| tree.of(word.span));
                return match name {
                    "sed" => is_sed_address(text),
                    "git" => second == Some("filter-branch"),
                    "find" | "busybox" | "exec" | "time" | "command" | "builtin" => {
                        runs_reader(tree, command, at)
                    }
                    _ => {
                        READERS.contains(&name) || name.ends_with("awk") || name.starts_with("perl")
                    }
                };
            }
            Node::Command(_) | Node::List(_) => return false,
            _ => {}
        }
    }
    false
}

/// Whether one of the words before the text names a shell or the like.
fn runs_reader(tree: &Tree<'_>, command: &SimpleCommand, at: At) -> bool {
    let start = match tree.node(at) {
        Some(Node::Part(part)) => part.span().start,
        _ => return false,
    };
    command.words.iter().take_while(|word| word.span.start < start).any(|word| {
        let name = tree.of(word.span).rsplit('/').next().unwrap_or_default();
        READERS.contains(&name) || name.ends_with("awk") || name.starts_with("perl")
    })
}

/// Whether the dollar is the last line of an address of sed: `$d`, `$!N`.
fn is_sed_address(text: &str) -> bool {
    let bytes = text.as_bytes();
    bytes.windows(3).any(|three| {
        matches!(three, [b'$', b'{' | b'd' | b'p' | b's' | b'a' | b'i' | b'c', next] if !next.is_ascii_alphabetic())
    })
}
