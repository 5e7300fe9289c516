//! `$'…'` in a shell that does not know it.

use crate::context::Context;
use crate::finding::Level;
use crate::rule::{Findings, Mending, Rule};
use crate::shell::Part;

pub(super) static RULE: Rule = Rule {
    id: "SC3003",
    aliases: &[],
    level: Level::Warning,
    title: "Use `printf` instead of `$'…'`",
    why: "The `sh` of Debian and Ubuntu prints the dollar sign and the backslash as they are.",
    bad: "FROM debian:12\nRUN echo $'a\\tb'\n",
    good: "FROM debian:12\nRUN printf 'a\\tb\\n'\n",
    mending: Mending::None,
    source: "https://www.shellcheck.net/wiki/SC3003",
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    for tree in context.plain_shells() {
        for (_, part) in tree.parts() {
            let Part::AnsiC { span } = part else { continue };
            findings.report(tree.text.line, tree.place(*span), "In POSIX sh, $'..' is undefined");
        }
    }
}
