//! Ports below 1024 of a program that is not root.

use super::{lineage, ports};
use crate::context::Context;
use crate::finding::Level;
use crate::rule::{Findings, Mending, Rule};
use crate::syntax::Keyword;

pub(super) static RULE: Rule = Rule {
    id: "PL1202",
    aliases: &[],
    level: Level::Info,
    title: "Let a program that is not root listen on a port above 1023",
    why: "The kernel keeps ports below 1024 for root. Docker and newer runtimes of Kubernetes lift \
          that; where they do not, and with host networking, the program cannot start.",
    bad: "FROM nginx:1.29\nEXPOSE 80\nUSER nginx\n",
    good: "FROM nginx:1.29\nEXPOSE 8080\nUSER nginx\n",
    mending: Mending::None,
    source: "https://docs.kernel.org/networking/ip-sysctl.html",
    check,
};

const FIRST_FREE: u32 = 1024;

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    let Some(user) = lineage::last(context, Keyword::User) else { return };
    let Some(name) = user.instruction.arguments.text() else { return };
    let who = name.text.split(':').next().unwrap_or_default();
    if who.is_empty()
        || who.contains('$')
        || matches!(who, "root" | "0")
        || sets_capability(context)
    {
        return;
    }
    for port in ports::exposed(context) {
        if port.first > 0 && port.first < FIRST_FREE {
            let message = format!(
                "{who} cannot listen on port {} where the runtime keeps ports below 1024 for root",
                port.first
            );
            findings
                .report(port.step.line, port.word.span, message)
                .related(name.span, "the image runs as this user");
        }
    }
}

/// Whether a program is given the right to such ports.
fn sets_capability(context: &Context<'_>) -> bool {
    context.runs().any(|commands| {
        commands.invocations.iter().any(|program| {
            program.through_wrappers().program() == "setcap"
                || program.args().iter().any(|one| one.text.contains("authbind"))
        })
    })
}
