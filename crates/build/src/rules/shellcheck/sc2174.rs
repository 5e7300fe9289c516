//! `mkdir -p -m`, whose mode holds for the last directory alone.

use crate::context::Context;
use crate::finding::Level;
use crate::rule::{Findings, Mending, Rule};

pub(super) static RULE: Rule = Rule {
    id: "SC2174",
    aliases: &[],
    level: Level::Warning,
    title: "Set the modes of parents on their own",
    why: "The directories between are made with the usual mode.",
    bad: "FROM debian:12\nRUN mkdir -p -m 700 /opt/app/data\n",
    good: "FROM debian:12\nRUN mkdir -p /opt/app/data && chmod 700 /opt/app /opt/app/data\n",
    mending: Mending::None,
    source: "https://www.shellcheck.net/wiki/SC2174",
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    for tree in context.shells() {
        for call in tree.calls_of(&["mkdir"]) {
            let mut parents = false;
            let mut mode = None;
            let mut deep = false;
            let mut is_value = false;
            for (word, text) in tree.arguments(call) {
                if std::mem::take(&mut is_value) {
                    continue;
                }
                if let Some(long) = text.strip_prefix("--") {
                    parents |= long == "parents";
                    if long.starts_with("mode") {
                        mode = Some(word.span);
                        is_value = !long.contains('=');
                    }
                } else if let Some(letters) = text.strip_prefix('-') {
                    parents |= letters.split('m').next().is_some_and(|flags| flags.contains('p'));
                    if letters.contains('m') {
                        mode = Some(word.span);
                        is_value = letters.ends_with('m');
                    }
                } else {
                    deep |= word.has_expansion() || text.trim_end_matches('/').contains('/');
                }
            }
            if let Some(span) = mode.filter(|_| parents && deep) {
                findings.report(
                    tree.text.line,
                    tree.place(span),
                    "When used with -p, -m only applies to the deepest directory",
                );
            }
        }
    }
}
