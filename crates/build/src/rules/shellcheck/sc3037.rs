//! Flags of `echo`, which POSIX does not know.

use crate::context::Context;
use crate::finding::Level;
use crate::rule::{Findings, Mending, Rule};
use crate::shell::Dialect;

pub(super) static RULE: Rule = Rule {
    id: "SC3037",
    aliases: &[],
    level: Level::Warning,
    title: "Use `printf` instead of `echo -e`",
    why: "The `sh` of Debian and Ubuntu prints `-e` as a word.",
    bad: "FROM debian:12\nRUN echo -e \"a\\tb\"\n",
    good: "FROM debian:12\nRUN printf \"a\\tb\\n\"\n",
    mending: Mending::None,
    source: "https://www.shellcheck.net/wiki/SC3037",
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    for tree in context.plain_shells() {
        let dash = tree.dialect() == Dialect::Dash;
        for call in tree.calls_of(&["echo"]) {
            let Some((word, text)) = tree.arguments(call).next() else { continue };
            let flags = text.strip_prefix('-').filter(|rest| {
                !rest.is_empty()
                    && rest.bytes().all(|byte| matches!(byte, b'e' | b'E' | b'n' | b's'))
            });
            if flags.is_some_and(|flags| !(dash && flags == "n")) {
                findings.report(
                    tree.text.line,
                    tree.place(word.span),
                    "In POSIX sh, echo flags are undefined",
                );
            }
        }
    }
}
