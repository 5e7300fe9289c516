//! A variable in the format of `printf`.

use crate::context::Context;
use crate::finding::Level;
use crate::rule::{Findings, Mending, Rule};
use crate::shell::Part;

pub(super) static RULE: Rule = Rule {
    id: "SC2059",
    aliases: &[],
    level: Level::Info,
    title: "Write `printf '%s' \"$x\"` instead of `printf \"$x\"`",
    why: "`%` and backslashes in the value are read as a format.",
    bad: "FROM debian:12\nARG NAME\nRUN printf \"$NAME\" > /etc/name\n",
    good: "FROM debian:12\nARG NAME\nRUN printf '%s' \"$NAME\" > /etc/name\n",
    mending: Mending::None,
    source: "https://www.shellcheck.net/wiki/SC2059",
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    for tree in context.shells() {
        for call in tree.calls_of(&["printf"]) {
            let mut words = tree.arguments(call).peekable();
            while words.next_if(|(_, text)| text == "--").is_some() {}
            if words.peek().is_some_and(|(_, text)| text == "-v") {
                words.next();
                words.next();
            }
            if let Some((word, text)) = words.next()
                && word.has_expansion()
                && !text.contains('%')
                && !matches!(word.parts.as_slice(), [Part::Parameter(one)] if one.name == "@")
            {
                findings.report(tree.text.line, tree.place(word.span), "Don't use variables in the printf format string. Use printf with %s for \"$foo\"");
            }
        }
    }
}
