//! `xargs -i`, which GNU no longer wants.

use crate::context::Context;
use crate::finding::{Edit, Level};
use crate::rule::{Findings, Mending, Rule};

pub(super) static RULE: Rule = Rule {
    id: "SC2267",
    aliases: &[],
    level: Level::Info,
    title: "Write `xargs -I{}` instead of `xargs -i`",
    why: "`-i` is deprecated and unknown to other systems.",
    bad: "FROM debian:12\nRUN ls /opt | xargs -i echo {}\n",
    good: "FROM debian:12\nRUN find /opt -print0 | xargs -0 -I{} echo {}\n",
    mending: Mending::Safe,
    source: "https://www.shellcheck.net/wiki/SC2267",
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    for tree in context.shells() {
        for call in tree.calls_of(&["xargs"]) {
            let flags = tree.arguments(call).take_while(|(_, text)| text.starts_with('-'));
            for (word, text) in flags {
                let Some(value) = text.strip_prefix("-i") else { continue };
                let place = tree.place(word.span);
                let value = if value.is_empty() { "{}" } else { value };
                findings
                    .report(tree.text.line, place, "GNU xargs -i is deprecated in favor of -I{}")
                    .safe_fix("write -I", vec![Edit::replace(place, format!("-I{value}"))]);
            }
        }
    }
}
