//! `set -o pipefail` in sh.

use crate::context::Context;
use crate::finding::Level;
use crate::rule::{Findings, Mending, Rule};
use crate::shell::Dialect;
use super::unquoted::texts;

pub(super) static RULE: Rule = Rule {
    id: "SC3040",
    aliases: &[],
    level: Level::Warning,
    title: "Set pipefail where the shell has it",
    why: "Older dash ends with an error at an option that it does not know. SHELL chooses a shell that has it.",
    bad: "FROM debian:12\nRUN set -o pipefail && cat a | sort\n",
    good: "FROM debian:12\nSHELL [\"/bin/bash\", \"-o\", \"pipefail\", \"-c\"]\nRUN cat a | sort\n",
    mending: Mending::None,
    source: "https://www.shellcheck.net/wiki/SC3040",
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    for text in texts(context).filter(|text| text.script.dialect != Dialect::Bash && text.script.dialect != Dialect::Ksh) {
        for program in &text.programs() {
            let option = program.args().iter().find(|one| one.text == "pipefail");
            if let (true, Some(option), true) = (program.name() == "set", option, text.script.dialect == Dialect::Posix) {
                let place = text.source_span(option.span);
                let message = "In POSIX sh, set option pipefail is undefined.";
                findings.report(text.line, place, message);
            }
        }
    }
}
