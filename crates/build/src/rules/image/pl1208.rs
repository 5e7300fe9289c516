//! A port for SSH.

use super::ports;
use crate::context::Context;
use crate::finding::Level;
use crate::rule::{Findings, Mending, Rule};

pub(super) static RULE: Rule = Rule {
    id: "PL1208",
    aliases: &["DS-0004", "AVD-DS-0004", "DS004"],
    level: Level::Warning,
    title: "Expose no port for SSH",
    why: "An SSH server in a container is a second way in, with keys, passwords and updates of its \
          own. `docker exec` and `kubectl exec` open a shell without one.",
    bad: "FROM debian:12\nEXPOSE 22\n",
    good: "FROM debian:12\nEXPOSE 8080\n",
    mending: Mending::None,
    source: "https://avd.aquasec.com/misconfig/ds-0004",
    check,
};

const SSH: u32 = 22;

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    for port in ports::exposed(context) {
        if (port.first..=port.last).contains(&SSH) {
            findings.report(port.step.line, port.word.span, "port 22 is that of SSH");
        }
    }
}
