//! `echo` with escape sequences, which some shells print as they are.

use crate::context::Context;
use crate::finding::Level;
use crate::rule::{Findings, Mending, Rule};
use crate::shell::Part;

use super::tree::Tree;

pub(super) static RULE: Rule = Rule {
    id: "SC2028",
    aliases: &[],
    level: Level::Info,
    title: "Use `printf` for escape sequences",
    why: "Whether `echo \"a\\\\nb\"` prints two lines or a backslash and an n depends on the shell; `printf` always expands them.",
    bad: "FROM debian:12\nRUN echo \"first\\nsecond\" > /etc/motd\n",
    good: "FROM debian:12\nRUN printf \"first\\nsecond\\n\" > /etc/motd\n",
    mending: Mending::None,
    source: "https://www.shellcheck.net/wiki/SC2028",
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    for tree in context.shells() {
        for call in tree.calls_of(&["echo"]) {
            let flags = tree.arguments(call).take_while(|(_, text)| text.starts_with('-'));
            if flags.into_iter().any(|(_, text)| is_echo_flags(&text) && text.contains('e')) {
                continue;
            }
            for (word, _) in tree.arguments(call) {
                if word.parts.iter().any(|part| has_escape(tree, part)) {
                    findings.report(
                        tree.text.line,
                        tree.place(word.span),
                        "echo may not expand escape sequences. Use printf",
                    );
                }
            }
        }
    }
}

/// Whether the word is one of flags of `echo`, such as `-ne`.
fn is_echo_flags(text: &str) -> bool {
    text.strip_prefix('-').is_some_and(|rest| rest.bytes().all(|byte| byte.is_ascii_alphabetic()))
}

fn has_escape(tree: &Tree<'_>, part: &Part) -> bool {
    match part {
        Part::Literal { span } | Part::SingleQuoted { span } | Part::DoubleQuoted { span, .. } => {
            holds_escape(tree.of(*span))
        }
        _ => false,
    }
}

/// Whether there is a backslash before a letter or digit that `printf` would expand.
fn holds_escape(text: &str) -> bool {
    text.as_bytes().windows(2).any(|pair| {
        matches!(
            pair,
            [b'\\', b'r' | b'n' | b't' | b'a' | b'b' | b'f' | b'v' | b'x' | b'e' | b'0'..=b'9']
        )
    })
}
