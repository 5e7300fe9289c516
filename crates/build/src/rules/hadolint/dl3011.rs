//! Ports that there are not.

use crate::context::Context;
use crate::finding::Level;
use crate::rule::{Findings, Mending, Rule};
use crate::syntax::Keyword;

pub(super) static RULE: Rule = Rule {
    id: "DL3011",
    aliases: &["DS-0008", "AVD-DS-0008", "DS008"],
    level: Level::Error,
    title: "Expose a port between 0 and 65535",
    why: "No program can listen on such a port: the number is mistyped.",
    bad: "FROM alpine:3.20\nEXPOSE 80000\n",
    good: "FROM alpine:3.20\nEXPOSE 8000\n",
    mending: Mending::None,
    source: "https://github.com/hadolint/hadolint/wiki/DL3011",
    check,
};

const HIGHEST: u32 = 65_535;

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    for step in context.steps_of(Keyword::Expose).filter(|step| !step.onbuild) {
        for word in step.instruction.arguments.words() {
            let ports = word.text.split('/').next().unwrap_or_default();
            if !ports.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-') {
                continue;
            }
            let wrong = ports.split('-').find(|port| {
                !port.is_empty() && !port.parse::<u32>().is_ok_and(|port| port <= HIGHEST)
            });
            if let Some(port) = wrong {
                let message = format!("Valid UNIX ports range from 0 to 65535: {port} is none");
                findings.report(step.line, word.span, message);
            }
        }
    }
}
