//! `source` in sh.

use crate::context::Context;
use crate::finding::{Edit, Level};
use crate::rule::{Findings, Mending, Rule};
use crate::shell::Dialect;
use super::unquoted::texts;

pub(super) static RULE: Rule = Rule {
    id: "SC3046",
    aliases: &[],
    level: Level::Warning,
    title: "Write `.` instead of `source` in sh",
    why: "Only bash and its kin know `source`; dash ends with an error.",
    bad: "FROM debian:12\nRUN source /etc/os-release\n",
    good: "FROM debian:12\nRUN . /etc/os-release\n",
    mending: Mending::Safe,
    source: "https://www.shellcheck.net/wiki/SC3046",
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    for text in texts(context).filter(|text| text.script.dialect != Dialect::Bash && text.script.dialect != Dialect::Ksh) {
        for program in &text.programs() {
            if program.name() == "source" {
                let place = text.source_span(program.name_span());
                let message = "In POSIX sh, 'source' in place of '.' is undefined.";
                findings
                    .report(text.line, place, message)
                    .safe_fix("write .", vec![Edit::replace(place, ".")]);
            }
        }
    }
}
