//! A backslash before a character that needs none.

use crate::Span;
use crate::context::Context;
use crate::finding::Level;
use crate::rule::{Findings, Mending, Rule};
use crate::shell::Part;

use super::splitting::is_outside_quotes;

pub(super) static RULE: Rule = Rule {
    id: "SC1001",
    aliases: &[],
    level: Level::Info,
    title: "Put the word in quotes, or take the backslash away",
    why: "Outside of quotes the shell takes the backslash away: `grep a\\\\wb` searches for `awb`.",
    bad: "FROM debian:12\nRUN grep a\\wb /etc/hosts\n",
    good: "FROM debian:12\nRUN grep \"a\\wb\" /etc/hosts\n",
    mending: Mending::None,
    source: "https://www.shellcheck.net/wiki/SC1001",
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    for tree in context.shells() {
        for (at, part) in tree.parts() {
            let Part::Escaped { span, char } = part else { continue };
            let plain = !matches!(
                char,
                '\n' | ' '
                    | '\t'
                    | '\\'
                    | '"'
                    | '\''
                    | '`'
                    | '$'
                    | '&'
                    | ';'
                    | '('
                    | ')'
                    | '<'
                    | '>'
                    | '|'
                    | '*'
                    | '?'
                    | '['
                    | ']'
                    | '{'
                    | '}'
                    | '#'
                    | '~'
                    | '!'
                    | '.'
                    | ','
                    | '+'
                    | '@'
                    | 'n'
                    | 't'
                    | 'r'
                    | '\r'
            );
            if plain && is_outside_quotes(tree, at) {
                findings.report(
                    tree.text.line,
                    tree.place(Span::at(span.start.saturating_add(1))),
                    format!("This \\{char} will be a regular '{char}' in this context"),
                );
            }
        }
    }
}
