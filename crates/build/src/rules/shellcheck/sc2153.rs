//! A variable that is never set and whose name is close to one that is.

use crate::context::Context;
use crate::finding::Level;
use crate::rule::{Findings, Mending, Rule};

use super::variables::Variables;

pub(super) static RULE: Rule = Rule {
    id: "SC2153",
    aliases: &[],
    level: Level::Info,
    title: "Check the spelling of the variable",
    why: "A variable that nothing sets is empty.",
    bad: "FROM debian:12\nENV APP_VERSION=1\nRUN echo \"$APP_VERSIONS\"\n",
    good: "FROM debian:12\nENV APP_VERSION=1\nRUN echo \"$APP_VERSION\"\n",
    mending: Mending::None,
    source: "https://www.shellcheck.net/wiki/SC2153",
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    for tree in context.shells() {
        let variables = Variables::of(tree);
        for (name, span) in variables.unassigned() {
            if name.bytes().any(|byte| byte.is_ascii_lowercase()) {
                continue;
            }
            if let Some(near) = variables.near(name) {
                findings.report(
                    tree.text.line,
                    tree.place(span),
                    format!(
                        "Possible misspelling: {name} may not be assigned. Did you mean {near}?"
                    ),
                );
            }
        }
    }
}
