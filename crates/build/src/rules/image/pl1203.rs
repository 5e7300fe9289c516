//! Servers without `HEALTHCHECK`.

use super::{added, lineage};
use crate::context::Context;
use crate::finding::Level;
use crate::rule::{Findings, Mending, Rule};
use crate::syntax::Keyword;

pub(super) static RULE: Rule = Rule {
    id: "PL1203",
    aliases: &["DS-0026", "AVD-DS-0026", "DS026", "CIS-4.6", "CIS-DI-0006"],
    level: Level::Info,
    title: "Give a server a HEALTHCHECK",
    why: "A server that hangs is up as long as its process is; HEALTHCHECK lets the engine see \
          more. An image that exposes no port is taken for a tool that runs once, which needs \
          none, and what a base that is not known brings is not known. Kubernetes asks with probes \
          of its own and passes HEALTHCHECK over. DL3057 asks for one in every stage.",
    bad: "FROM node:22-alpine\nEXPOSE 3000\nCMD [\"node\", \"server.js\"]\n",
    good: "FROM node:22-alpine\nEXPOSE 3000\nHEALTHCHECK --interval=30s --timeout=3s CMD [\"node\", \"healthcheck.js\"]\nCMD [\"node\", \"server.js\"]\n",
    mending: Mending::Unsafe,
    source: "https://docs.docker.com/reference/dockerfile/#healthcheck",
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    let Some(stage) = context.final_stage() else { return };
    let Some(expose) = lineage::last(context, Keyword::Expose) else { return };
    let known = context.root_stage(stage).is_scratch() || lineage::base(context, stage).is_some();
    if known && lineage::last(context, Keyword::Healthcheck).is_none() {
        let message = "the image serves a port and has no HEALTHCHECK";
        let reported = findings.report(expose.line, expose.instruction.name.span, message);
        let edit = added::base(context).and_then(|base| added::health_check(context, &base));
        if let Some((edit, title)) = edit {
            reported.unsafe_fix(title, vec![edit]);
        }
    }
}
