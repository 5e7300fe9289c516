//! Flags of `echo`.

use crate::context::Context;
use crate::finding::Level;
use crate::rule::{Findings, Mending, Rule};
use crate::shell::Dialect;
use super::unquoted::texts;

pub(super) static RULE: Rule = Rule {
    id: "SC3037",
    aliases: &[],
    level: Level::Warning,
    title: "Do not give echo flags in sh",
    why: "What `echo -e` prints differs from shell to shell: dash prints the flag. printf does the same everywhere.",
    bad: "FROM debian:12\nRUN echo -e \"a\\\\tb\"\n",
    good: "FROM debian:12\nRUN printf \"a\\\\tb\\\\n\"\n",
    mending: Mending::None,
    source: "https://www.shellcheck.net/wiki/SC3037",
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    for text in texts(context).filter(|text| text.script.dialect != Dialect::Bash && text.script.dialect != Dialect::Ksh) {
        for program in &text.programs() {
            let flagged = program.args().first().filter(|one| {
                one.is_flag() && one.text.bytes().skip(1).all(|byte| b"neE".contains(&byte))
            });
            let busybox = text.script.dialect == Dialect::Busybox || text.script.dialect == Dialect::Dash && flagged.is_some_and(|one| one.text == "-n");
            if let (true, Some(flag), false) = (program.name() == "echo", flagged, busybox) {
                let place = text.source_span(flag.span);
                findings.report(text.line, place, "In POSIX sh, echo flags are undefined.");
            }
        }
    }
}
