//! `WORKDIR` in folders of the system.

use crate::context::Context;
use crate::finding::Level;
use crate::rule::{Findings, Mending, Rule};
use crate::rules::hadolint::quotes::bare;
use crate::syntax::Keyword;

pub(super) static RULE: Rule = Rule {
    id: "PL1231",
    aliases: &["DS-0030", "AVD-DS-0030", "DS030"],
    level: Level::Warning,
    title: "Keep WORKDIR out of the folders of kernel and system",
    why: "The runtime mounts the kernel's own file systems over /proc, /sys and /dev: what an image \
          has there is never seen. A program that works in /boot or /etc writes between files that \
          decide how the system starts.",
    bad: "FROM alpine:3.20\nWORKDIR /proc/app\n",
    good: "FROM alpine:3.20\nWORKDIR /srv/app\n",
    mending: Mending::None,
    source: "https://avd.aquasec.com/misconfig/ds-0030",
    check,
};

const SYSTEM: [&str; 6] = ["/proc", "/sys", "/dev", "/boot", "/initrd", "/lost+found"];

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    for step in context.steps_of(Keyword::Workdir) {
        let Some(path) = step.instruction.arguments.text() else { continue };
        let Ok(expanded) = context.expand(bare(&path.text), step) else { continue };
        let folder = SYSTEM.iter().find(|system| {
            let rest = expanded.text.strip_prefix(**system);
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        });
        if let Some(folder) = folder {
            findings.report(step.line, path.span, format!("{folder} is the system's own"));
        }
    }
}
