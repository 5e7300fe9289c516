//! `&>`, which POSIX does not know.

use crate::context::Context;
use crate::finding::{Edit, Level};
use crate::rule::{Findings, Mending, Rule};
use crate::shell::RedirectOperator;

use super::tree::Node;

pub(super) static RULE: Rule = Rule {
    id: "SC3020",
    aliases: &[],
    level: Level::Warning,
    title: "Write `> file 2>&1` instead of `&> file`",
    why: "To the `sh` of Debian and Ubuntu, `make &> log` runs `make` in the background and empties `log`.",
    bad: "FROM debian:12\nRUN make &> /var/log/make.log\n",
    good: "FROM debian:12\nRUN make > /var/log/make.log 2>&1\n",
    mending: Mending::Unsafe,
    source: "https://www.shellcheck.net/wiki/SC3020",
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    for tree in context.plain_shells() {
        for (_, node) in tree.nodes() {
            let Node::Redirect(redirect) = node else { continue };
            if !matches!(
                redirect.operator,
                RedirectOperator::WriteBoth | RedirectOperator::AppendBoth
            ) {
                continue;
            }
            let both = if redirect.operator == RedirectOperator::WriteBoth { ">" } else { ">>" };
            let target = tree.place(redirect.target.span);
            findings
                .report(tree.text.line, tree.place(redirect.span), "In POSIX sh, &> is undefined")
                .unsafe_fix(
                    "write > and 2>&1",
                    vec![
                        Edit::replace(tree.place(redirect.operator_span), both),
                        Edit::insert(target.end, " 2>&1"),
                    ],
                );
        }
    }
}
