//! The default shell replaced by a link.

use crate::context::Context;
use crate::finding::Level;
use crate::rule::{Findings, Mending, Rule};

pub(super) static RULE: Rule = Rule {
    id: "DL4005",
    aliases: &[],
    level: Level::Warning,
    title: "Use SHELL to change the default shell",
    why: "A link over /bin/sh changes the shell for every script in the image, also for those that count on the old one. SHELL changes it for the build.",
    bad: "FROM debian:12\nRUN ln -sf /bin/bash /bin/sh\n",
    good: "FROM debian:12\nSHELL [\"/bin/bash\", \"-c\"]\n",
    mending: Mending::None,
    source: "https://github.com/hadolint/hadolint/wiki/DL4005",
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    for commands in context.runs() {
        for program in commands.invocations {
            if program.name() == "ln" && program.args().iter().any(|one| one.text == "/bin/sh") {
                let place = commands.text.source_span(program.command().span);
                findings.report(commands.text.line, place, "Use SHELL to change the default shell");
            }
        }
    }
}
